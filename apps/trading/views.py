"""A bot's open positions as pages and the API show them."""

from decimal import Decimal

from apps.trading.bot_state import BotState
from apps.trading.instrument import Instrument
from apps.trading.kernel import layout
from apps.trading.position import Holding, PositionView
from apps.trading.risk import Totals
from apps.trading.workspace import Workspace

STATUSES = {layout.ENTERING: "entering", layout.OPEN: "open", layout.CLOSING: "closing"}


def position_views(state: BotState, workspace: Workspace) -> tuple[PositionView, ...]:
    """Positions that are being entered, open or being left, by index."""
    workspace.load(state.kernel, now=state.now, mark=state.mark, totals=Totals())
    return tuple(
        _view(state, workspace, index)
        for index in range(int(workspace.row.bot.positions))
        if int(workspace.row.positions[index].status) in STATUSES
    )


def _view(state: BotState, workspace: Workspace, index: int) -> PositionView:
    pos = workspace.row.positions[index]
    instrument = state.configuration.instrument
    holding = state.books.holdings.get(index, Holding())
    mark = instrument.round_price(state.mark)
    worth = holding.quantity * mark + holding.proceeds
    return PositionView(
        index=index,
        status=STATUSES[int(pos.status)],
        deal=int(pos.deal),
        opened_at=int(pos.opened_at),
        quantity=holding.quantity,
        average=instrument.round_price(float(pos.average)),
        cost=holding.cost,
        proceeds=holding.proceeds,
        fees=holding.fees,
        unrealised=worth - holding.cost,
        take_profit=_target(workspace, index, layout.PROFIT, layout.PROFIT + 4, instrument),
        stop_loss=_target(workspace, index, layout.STOP, layout.STOP + 1, instrument),
    )


def _target(
    workspace: Workspace, index: int, first: int, end: int, instrument: Instrument
) -> Decimal | None:
    """Price of the first order standing in these slots."""
    for slot in range(first, end):
        order = workspace.row.orders[index * int(workspace.row.bot.stride) + slot]
        if order.status in (layout.SENT, layout.WORKING):
            return instrument.round_price(float(order.price))
    return None
