"""One run of one bot: take it, rebuild it from its journal, let the runner work, end it.

Start and recovery are the same path: every start assumes that a predecessor died at the worst
moment. Nothing is read before the fence is ours, and nothing is traded before the account's desk
has compared the exchange with our books since then.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from apps.trading.engine import Engine
from apps.trading.events import ConfigurationApplied, ShiftEnded
from apps.trading.instrument import Instrument
from apps.trading.journal import Append, Taken
from apps.trading.ports import Clock, Venue, VenueUnavailable
from apps.trading.workspace import Workspace
from workers.checkpoints import Keepable
from workers.deciding import Deciding, Narrator, Prices, Rhythm, ShiftLost
from workers.execution import Execution, Windows
from workers.mailbox import Mailbox
from workers.market_time import MarketTime, ToldTime, WallTime
from workers.ports import BotStore, Lease, Report, StoreUnavailable
from workers.recovery import Recovery, SnapshotStore
from workers.runner import Runner

logger = logging.getLogger(__name__)


class Account(Protocol):
    """An exchange account opened in this process."""

    @property
    def venue(self) -> Venue: ...

    def exchange_now(self) -> int: ...


class Surroundings(Protocol):
    """What the process lends to a shift."""

    async def account(self, account_id: UUID) -> Account: ...

    async def prices(self, *, taken: Taken, mailbox: Mailbox) -> Prices: ...

    async def narrator(self, *, taken: Taken) -> Narrator: ...

    def report(self, report: Report) -> None: ...

    def joined(self, *, taken: Taken, mailbox: Mailbox) -> None: ...

    def running(self, *, taken: Taken, bot: Keepable) -> None:
        """The bot is rebuilt: from now on its state can be kept."""

    def ended(self, *, taken: Taken, bot: Keepable) -> None:
        """The runner has returned: what it leaves is its successor's start."""

    async def left(self, *, taken: Taken) -> None: ...


@dataclass(frozen=True, slots=True)
class ShiftPorts:
    """The process-wide ports every shift uses."""

    store: BotStore
    snapshots: SnapshotStore
    lease: Lease
    clock: Clock
    process_id: UUID
    installation: str
    windows: Windows
    rhythm: Rhythm
    draining: Mapping[str, bool]
    workspace: Workspace = field(default_factory=Workspace)
    prices_tell_time: bool = False


class Shift:
    """One bot's run in this process."""

    def __init__(self, *, ports: ShiftPorts, surroundings: Surroundings) -> None:
        self._ports = ports
        self._around = surroundings

    async def run(self, *, bot_id: UUID, dispatch: int) -> str:
        """Until the bot stops, moves or is lost; returns why. An old dispatch ends at once."""
        ports = self._ports
        taken = await ports.store.take_bot(
            bot_id=bot_id, process_id=ports.process_id, dispatch=dispatch
        )
        if taken is None:
            return "superseded"
        mailbox = Mailbox()
        self._around.joined(taken=taken, mailbox=mailbox)
        try:
            return await self._work(taken, mailbox)
        except ShiftLost as lost:
            logger.info("shift of bot %s lost: %s", taken.bot_number, lost)
            return "lost"
        except StoreUnavailable as trouble:
            logger.warning("shift of bot %s begins again: %s", taken.bot_number, trouble)
            await self._release(taken, "STARTING", "waits for the database")
            return "error"
        except VenueUnavailable as trouble:
            logger.warning("shift of bot %s waits: %s", taken.bot_number, trouble)
            await self._release(taken, "ERROR", f"the exchange does not answer: {trouble}")
            return "error"
        except Exception as error:
            logger.exception("shift of bot %s failed", taken.bot_number)
            await self._release(taken, "ERROR", f"{type(error).__name__}: {error}")
            return "error"
        finally:
            await self._around.left(taken=taken)

    async def _work(self, taken: Taken, mailbox: Mailbox) -> str:
        ports = self._ports
        account = await self._around.account(taken.account_id)
        instruments = await account.venue.instruments()
        recovered = await self._recovery().recover(
            taken=taken, instrument=listed(instruments, taken.symbol)
        )
        engine = recovered.engine
        if not recovered.ended_clean:
            await self._desk_has_reconciled(taken)
        execution = self._execution(taken, account, mailbox)
        prices = await self._around.prices(taken=taken, mailbox=mailbox)
        market = self._market_time(engine)
        deciding = await self._deciding(taken, engine, execution, prices, account, market)
        self._around.running(taken=taken, bot=deciding)
        if recovered.is_new:
            # Before any letter: a signal may have come to the mailbox while the account was opened.
            await deciding.take(first_configuration(taken))
        await self._offer_latest_signal(taken, mailbox)
        mailbox.facts_waiting()
        mailbox.standing_changed()
        runner = Runner(
            taken=taken,
            engine=engine,
            deciding=deciding,
            store=ports.store,
            execution=execution,
            mailbox=mailbox,
            prices=prices,
            venue=account.venue,
            clock=ports.clock,
            market=market,
            rhythm=ports.rhythm,
            draining=ports.draining,
        )
        reason = await runner.run()
        self._around.ended(taken=taken, bot=deciding)
        await self._end(taken, deciding, reason, runner)
        return reason

    def _recovery(self) -> Recovery:
        ports = self._ports
        return Recovery(
            store=ports.store,
            snapshots=ports.snapshots,
            installation=ports.installation,
            breathe=lambda: ports.clock.sleep(0),
            workspace=ports.workspace,
        )

    def _execution(self, taken: Taken, account: Account, mailbox: Mailbox) -> Execution:
        ports = self._ports
        return Execution(
            account_id=taken.account_id,
            symbol=taken.symbol,
            venue=account.venue,
            store=ports.store,
            lease=ports.lease,
            clock=ports.clock,
            windows=ports.windows,
            post=mailbox.post,
            facts=mailbox.facts_waiting,
            exchange_now=account.exchange_now,
        )

    async def _deciding(
        self,
        taken: Taken,
        engine: Engine,
        execution: Execution,
        prices: Prices,
        account: Account,
        market: MarketTime,
    ) -> Deciding:
        ports = self._ports
        return Deciding(
            taken=taken,
            engine=engine,
            store=ports.store,
            execution=execution,
            prices=prices,
            venue=account.venue,
            lease=ports.lease,
            clock=ports.clock,
            market=market,
            narrator=await self._around.narrator(taken=taken),
            rhythm=ports.rhythm,
            process_id=ports.process_id,
        )

    def _market_time(self, engine: Engine) -> MarketTime:
        ports = self._ports
        return ToldTime(engine.state.now) if ports.prices_tell_time else WallTime(ports.clock)

    async def _desk_has_reconciled(self, taken: Taken) -> None:
        """Fail-closed: a bot whose predecessor may have left something in flight waits."""
        ports = self._ports
        self._around.report(
            Report(
                taken.bot_id,
                taken.fence,
                ports.clock.now(),
                observed_status="STARTING",
                status_reason="waits until its account has been compared with the exchange",
            )
        )
        while not await ports.store.desk_reconciled_since(
            account_id=taken.account_id, since=taken.taken_at
        ):
            if ports.lease.lost() or ports.draining["now"]:
                raise ShiftLost("this worker ended before the account was reconciled")
            await ports.clock.sleep(ports.rhythm.ask_desk_s)

    async def _offer_latest_signal(self, taken: Taken, mailbox: Mailbox) -> None:
        """A signal given while nobody ran the bot still counts while it is young enough."""
        signal = await self._ports.store.latest_signal(bot_id=taken.bot_id)
        if signal is not None:
            mailbox.post(signal)

    async def _end(self, taken: Taken, deciding: Deciding, reason: str, runner: Runner) -> None:
        """Say that the bot is free again, so the supervisor need not wait for a lease to lapse."""
        ended = ShiftEnded(reason, clean=runner.nothing_in_flight())
        append = Append(
            taken.bot_id, taken.account_id, taken.fence, deciding.seq, (ended,), deciding.epochs
        )
        try:
            await self._ports.store.append(append)
        except StoreUnavailable:
            logger.warning("the end of bot %s's shift could not be stored", taken.bot_number)
        if reason != "stopped":
            await self._release(taken, "STARTING", reason)
            return
        left = runner.left_behind()
        told = f"stopped; {left} left unprotected" if left else reason
        await self._release(taken, "STOPPED", told, stop_epoch=deciding.epochs.bot)

    async def _release(
        self, taken: Taken, status: str, reason: str, *, stop_epoch: int | None = None
    ) -> None:
        try:
            await self._ports.store.release_bot(
                bot_id=taken.bot_id,
                fence=taken.fence,
                observed_status=status,
                reason=reason,
                stop_epoch=stop_epoch,
            )
        except StoreUnavailable:
            # Given back once the database answers (holdings), or when the process lease lapses.
            logger.warning("bot %s could not be released", taken.bot_number)


def listed(instruments: Mapping[str, Instrument], symbol: str) -> Instrument:
    """The market's rules; LookupError in words when the exchange no longer trades it."""
    try:
        return instruments[symbol]
    except KeyError:
        raise LookupError(f"the exchange does not trade {symbol} (any more)") from None


def first_configuration(taken: Taken) -> ConfigurationApplied:
    """The journal begins with what the bot is to do, so that replay needs nothing else."""
    return ConfigurationApplied(
        version=taken.config_version,
        strategy=taken.strategy,
        plan=taken.plan,
        capital=taken.capital,
        limits=taken.limits,
    )
