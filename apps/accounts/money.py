"""Says in words what money an account trades, and at whose prices."""

from apps.accounts.models import ExchangeAccount

# Venues of the simulated exchange whose prices are a real exchange's are called so.
PAPER_VENUE = "paper"


def money_at_stake(*, account: ExchangeAccount) -> str:
    """What a person should know before taking an account's figures seriously."""
    if account.environment == ExchangeAccount.Environment.LIVE:
        return "real money"
    if account.environment == ExchangeAccount.Environment.TESTNET:
        return "test network, play money"
    if is_paper(account=account):
        return "real prices, paper money"
    return "generated prices, results mean nothing"


def is_paper(*, account: ExchangeAccount) -> bool:
    """Whether the account trades paper money at a real exchange's prices."""
    simulated = account.environment == ExchangeAccount.Environment.SIMULATED
    return simulated and account.venue_name.partition("_")[0] == PAPER_VENUE
