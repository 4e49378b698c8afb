"""Makes a stopped bot on paper money of what research found."""

from apps.accounts.models import ExchangeAccount, User
from apps.bots.models import Bot
from apps.bots.services import BotRefused, create_bot
from apps.markets.models import Market
from apps.research.models import Backtest, Search
from apps.research.refusals import ResearchRefused
from apps.research.wishes import Wish


def paper_bot_of(
    *,
    research: Backtest | Search,
    wish: Wish,
    origin: str,
    actor: User,
    account: ExchangeAccount | None,
    name: str,
) -> Bot:
    """A bot that does what the wish says; `origin` tells where it is from: "backtest 7".

    Without `account` it is the owner's first simulated one whose venue has the market.
    """
    account = account or _paper_account(research)
    if account.environment != ExchangeAccount.Environment.SIMULATED:
        raise ResearchRefused(f"account: {account} is not paper money; choose a simulated account")
    try:
        return create_bot(
            user=research.user,
            account=account,
            name=name.strip() or f"{research.strategy} of {origin}",
            symbol=research.symbol,
            strategy=research.strategy,
            capital=wish.capital,
            timeframe=research.timeframe,
            parameters=wish.parameters,
            preset=wish.preset,
            limits=wish.limits,
            plan_changes=wish.plan,
            description=f"Made of {origin}.",
            actor=actor,
        )
    except BotRefused as refused:
        raise ResearchRefused(str(refused)) from refused


def check_done(research: Backtest | Search) -> None:
    """ResearchRefused unless it came to its end."""
    if research.status != research.Status.DONE:
        raise ResearchRefused(f"{research} is {research.status}: only a finished one becomes a bot")


def _paper_account(research: Backtest | Search) -> ExchangeAccount:
    simulated = ExchangeAccount.objects.filter(
        user=research.user, environment=ExchangeAccount.Environment.SIMULATED
    ).order_by("number")
    for account in simulated:
        if Market.objects.filter(
            exchange=account.exchange,
            environment=account.environment,
            venue_name=account.venue_name,
            symbol=research.symbol,
            active=True,
        ).exists():
            return account
    raise ResearchRefused(
        f"account: no simulated account of {research.user} has the market {research.symbol}; "
        "open one, or name it"
    )
