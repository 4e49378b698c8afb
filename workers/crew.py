"""The bots this process runs, and where to put what concerns them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from apps.operations.wakeups import EVERY_BOT
from apps.trading.events import SignalGiven
from apps.trading.journal import BotStanding, Taken
from apps.trading.ports import PriceTick
from apps.venues import VenueKey
from workers.checkpoints import Keepable
from workers.mailbox import Mailbox
from workers.ports import Beat
from workers.prices import BotPrices, PriceBoard


@dataclass(slots=True)
class Member:
    """One running bot, as the rest of the process knows it."""

    taken: Taken
    mailbox: Mailbox
    seen: BotStanding | None = None
    venue: VenueKey | None = None
    prices: BotPrices | None = None
    bot: Keepable | None = None
    beaten: bool = False


class Crew:
    """Who runs here. All on the process's one event loop."""

    def __init__(self) -> None:
        self._members: dict[UUID, Member] = {}
        self.joined = 0
        self.left = 0
        self._boards: dict[VenueKey, PriceBoard] = {}

    # ---- who -----------------------------------------------------------------------------------

    def join(self, *, taken: Taken, mailbox: Mailbox) -> None:
        self._members[taken.bot_id] = Member(taken, mailbox)
        self.joined += 1

    def leave(self, *, taken: Taken) -> tuple[VenueKey, str] | None:
        """Forget the bot; returns the market nobody here watches any more, if that is so."""
        self.left += 1
        member = self._members.get(taken.bot_id)
        if member is None or member.taken.fence != taken.fence:
            return None
        del self._members[taken.bot_id]
        if member.venue is None:
            return None
        if member.prices is not None:
            member.prices.follow_bars(False)
        unwatched = self._boards[member.venue].leave(bot_id=taken.bot_id)
        return (member.venue, unwatched) if unwatched is not None else None

    def members(self) -> Sequence[Member]:
        return list(self._members.values())

    def running(self, *, taken: Taken, bot: Keepable) -> None:
        """The bot is rebuilt and works."""
        member = self._members.get(taken.bot_id)
        if member is not None and member.taken.fence == taken.fence:
            member.bot = bot

    def at_work(self) -> Mapping[UUID, Keepable]:
        """The bots that are rebuilt and work, by id."""
        members = self._members.items()
        return {key: member.bot for key, member in members if member.bot is not None}

    # ---- what reaches them ---------------------------------------------------------------------

    def board_prices(self, *, taken: Taken, venue: VenueKey) -> BotPrices:
        """The bot's place among the bands of its market."""
        member = self._members[taken.bot_id]
        member.venue = venue
        board = self._boards.setdefault(venue, PriceBoard())
        place = board.join(bot_id=taken.bot_id, symbol=taken.symbol, mailbox=member.mailbox)
        member.prices = place
        return place

    def tick(self, *, venue: VenueKey, tick: PriceTick) -> None:
        board = self._boards.get(venue)
        if board is not None:
            board.tick(tick)

    def fall_silent(self, *, venue: VenueKey, symbol: str) -> None:
        """Nothing is known of this market's price until the next tick."""
        board = self._boards.get(venue)
        if board is not None:
            board.fall_silent(symbol)

    def on_market(self, *, venue: VenueKey, symbol: str) -> Sequence[Member]:
        """Who watches this market here."""
        members = self._members.values()
        return [one for one in members if one.venue == venue and one.taken.symbol == symbol]

    def last_ticks(self) -> list[tuple[VenueKey, PriceTick]]:
        """The last price of every market that somebody here watches."""
        return [(venue, tick) for venue, board in self._boards.items() for tick in board.ticks()]

    def price_seen_at(self, member: Member) -> int | None:
        """Time of the last price that this process holds of the bot's market, ms."""
        return None if member.prices is None else member.prices.seen_at()

    def beat(self, member: Member) -> Beat:
        """The bot's heartbeat now."""
        quiet = member.bot is not None and member.mailbox.is_read()
        settled = member.bot.settled() if quiet and member.bot is not None else None
        return Beat(member.taken.fence, self.price_seen_at(member), settled)

    def nudge(self, bot_id: UUID, kind: str) -> bool:
        """Facts or standing to look at; False when the bot does not run here."""
        if bot_id == EVERY_BOT:
            for each in list(self._members):
                self.nudge(each, kind)
            return bool(self._members)
        member = self._members.get(bot_id)
        if member is None:
            return False
        if kind == "facts":
            member.mailbox.facts_waiting()
        else:
            member.mailbox.standing_changed()
        return True

    def signal(self, *, bot_id: UUID, signal: SignalGiven) -> bool:
        member = self._members.get(bot_id)
        if member is None:
            return False
        member.mailbox.post(signal)
        return True

    def knock(self) -> None:
        """Make every runner look around: a drain has begun, or the lease is lost."""
        for member in self._members.values():
            member.mailbox.knock()
