"""What the exchange owes to whom: accounts, balances, orders and trades."""

from dataclasses import dataclass, field
from typing import Final

OPEN_STATUSES: Final = frozenset({"NEW", "PARTIALLY_FILLED"})
NO_LIST: Final = -1


@dataclass(slots=True)
class Balance:
    """One asset of one account, scaled 1e8."""

    free: int = 0
    locked: int = 0


@dataclass(slots=True)
class Order:
    """One order; amounts scaled 1e8, times in ms of the exchange's clock."""

    number: int
    account: int
    symbol: str
    client_order_id: str
    side: str
    type: str
    time_in_force: str
    price: int
    quantity: int
    quote_quantity: int
    stop_price: int
    created_at: int
    updated_at: int
    status: str = "NEW"
    filled: int = 0
    quote_filled: int = 0
    locked: int = 0
    iceberg_quantity: int = 0
    list_number: int = NO_LIST
    working: bool = False
    working_at: int = -1
    prevention: str = "EXPIRE_MAKER"

    @property
    def remaining(self) -> int:
        """Quantity still to be filled."""
        return self.quantity - self.filled

    @property
    def is_open(self) -> bool:
        """Whether the order can still fill."""
        return self.status in OPEN_STATUSES

    @property
    def is_buy(self) -> bool:
        """Whether the order buys the base asset."""
        return self.side == "BUY"

    @property
    def is_conditional(self) -> bool:
        """Whether the order waits for its stop price first."""
        return self.stop_price > 0


@dataclass(frozen=True, slots=True)
class Trade:
    """One fill of one order; amounts scaled 1e8."""

    number: int
    account: int
    order: int
    list_number: int
    symbol: str
    price: int
    quantity: int
    quote: int
    fee: int
    fee_asset: str
    at: int
    market_at: int
    buys: bool
    maker: bool


@dataclass(slots=True)
class OrderList:
    """Orders of which one cancels the other."""

    number: int
    account: int
    symbol: str
    client_id: str
    orders: list[int]
    created_at: int
    status_type: str = "EXEC_STARTED"
    order_status: str = "EXECUTING"


@dataclass(frozen=True, slots=True)
class Deposit:
    """Coins that came from outside."""

    number: int
    account: int
    asset: str
    amount: int
    at: int


@dataclass(slots=True)
class Account:
    """One customer of the exchange with everything of theirs."""

    number: int
    api_key: str
    secret: str = field(repr=False)
    can_withdraw: bool
    created_at: int
    balances: dict[str, Balance] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    open_orders: dict[int, Order] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    by_client_id: dict[tuple[str, str], Order] = field(default_factory=dict)

    def balance(self, asset: str) -> Balance:
        """Return the balance of an asset, zero when there was none."""
        found = self.balances.get(asset)
        if found is None:
            found = self.balances[asset] = Balance()
        return found


@dataclass(slots=True)
class Changes:
    """What one state change touched and the database has not seen."""

    accounts: list[Account] = field(default_factory=list)
    orders: dict[int, Order] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    lists: dict[int, OrderList] = field(default_factory=dict)
    deposits: list[Deposit] = field(default_factory=list)
    balances: dict[tuple[int, str], Balance] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(
            self.orders
            or self.trades
            or self.balances
            or self.values
            or self.accounts
            or self.lists
            or self.deposits
        )


class Books:
    """All accounts of one venue, and what changed since the last write."""

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.by_key: dict[str, Account] = {}
        self.lists: dict[int, OrderList] = {}
        self.deposits: list[Deposit] = []
        self.values: dict[str, str] = {}
        self.last_order = 0
        self.last_list = 0
        self.changes = Changes()

    def open_account(self, *, api_key: str, secret: str, can_withdraw: bool, now: int) -> Account:
        """Add an account without coins."""
        account = Account(
            number=len(self.accounts) + 1,
            api_key=api_key,
            secret=secret,
            can_withdraw=can_withdraw,
            created_at=now,
        )
        self.restore_account(account)
        self.changes.accounts.append(account)
        return account

    def restore_account(self, account: Account) -> None:
        """Take an account into the indexes."""
        self.accounts[account.number] = account
        self.by_key[account.api_key] = account

    def restore_order(self, order: Order) -> None:
        """Take an order into the indexes of its account."""
        account = self.accounts[order.account]
        account.orders[order.number] = order
        account.by_client_id[order.symbol, order.client_order_id] = order
        if order.is_open:
            account.open_orders[order.number] = order
        self.last_order = max(self.last_order, order.number)

    def next_order_number(self) -> int:
        """Return a number for a new order; numbers are never reused."""
        self.last_order += 1
        return self.last_order

    def add_order(self, order: Order) -> None:
        """Take a new order in."""
        self.restore_order(order)
        self.touch(order)

    def touch(self, order: Order) -> None:
        """Note that an order changed, and drop it from the open ones when it is done."""
        self.changes.orders[order.number] = order
        if not order.is_open:
            self.accounts[order.account].open_orders.pop(order.number, None)

    def add_trade(self, trade: Trade) -> None:
        """Record one fill."""
        self.accounts[trade.account].trades.append(trade)
        self.changes.trades.append(trade)

    def add_list(self, order_list: OrderList) -> None:
        """Take a new order list in."""
        self.lists[order_list.number] = order_list
        self.changes.lists[order_list.number] = order_list

    def move(self, *, account: Account, asset: str, free: int = 0, locked: int = 0) -> None:
        """Change a balance; a balance below zero is a defect and stops the change."""
        balance = account.balance(asset)
        if balance.free + free < 0 or balance.locked + locked < 0:
            raise ArithmeticError(
                f"account {account.number} would hold {balance.free + free} free and "
                f"{balance.locked + locked} locked {asset}"
            )
        balance.free += free
        balance.locked += locked
        self.changes.balances[account.number, asset] = balance

    def deposit(self, *, account: Account, asset: str, amount: int, now: int) -> Deposit:
        """Credit coins that come from outside."""
        entry = Deposit(
            number=len(self.deposits) + 1,
            account=account.number,
            asset=asset,
            amount=amount,
            at=now,
        )
        self.move(account=account, asset=asset, free=amount)
        self.deposits.append(entry)
        self.changes.deposits.append(entry)
        return entry

    def keep(self, name: str, value: str) -> None:
        """Remember a named value across restarts."""
        self.values[name] = value
        self.changes.values[name] = value
