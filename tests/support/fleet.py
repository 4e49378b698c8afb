"""Real worker processes over the session's servers and a simulated exchange, for scenarios."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from apps.accounts.keys import make_key_pair
from apps.accounts.models import ExchangeAccount, User
from apps.accounts.services import create_account
from apps.bots.models import Bot
from apps.bots.services import create_bot
from apps.ledger.models import BotEvent
from apps.markets.services import refresh_markets
from apps.venues import VenueAccount, open_venue
from apps.venues.budget import MemoryBudget
from apps.venues.clock import WallClock
from tests.support.exchange import SimExchangeProcess
from workers.launch.bootstrap import ROOT

# Scaled: a lease of 6 s, a window of 5 s and a read lag of 1 s in real life.
TIMES = {
    "LEASE_TTL_S": "1.8",
    "LEASE_RENEW_S": "0.4",
    "SEND_SAFETY_S": "0.3",
    "RECV_WINDOW_MS": "1000",
    "READ_LAG_MS": "200",
}
API_KEY, SECRET = "fleet-key", "fleet-secret"


class Fleet:
    """One exchange account, its bots, and the processes that run them."""

    def __init__(self, *, folder: Path, redis_url: str, exchange: SimExchangeProcess) -> None:
        self._folder = folder
        self._redis_url = redis_url
        self.exchange = exchange
        self._processes: list[subprocess.Popen[bytes]] = []
        self._keys = folder / "keys"
        self._keys.mkdir()
        private, public = make_key_pair()
        (self._keys / "private.key").write_bytes(private)
        (self._keys / "public.key").write_bytes(public)
        settings.KEY_PUBLIC_FILE = str(self._keys / "public.key")

    # ---- rows ----------------------------------------------------------------------------------

    def open_account(
        self, balances: Mapping[str, str], *, name: str = "demo", api_key: str = API_KEY
    ) -> ExchangeAccount:
        """One of a person's accounts on the exchange's demo venue, with coins and stored keys."""
        self.exchange.sim("demo").open_account(api_key=api_key, secret=SECRET, balances=balances)
        user = User.objects.filter(username="trader").first() or User.objects.create_user(
            username="trader", password="only-for-tests"
        )
        base_url = self.exchange.base_url("demo")
        return create_account(
            user=user,
            name=name,
            exchange="binance",
            environment="simulated",
            venue_name="demo",
            base_url=base_url,
            secrets={"api_key": api_key, "secret": SECRET},
            actor=user,
        )

    async def list_markets(self) -> None:
        """Take the venue's markets over, as a worker does."""
        key = VenueAccount(
            "binance", "simulated", "demo", self.exchange.base_url("demo"), API_KEY, SECRET
        )
        clock = WallClock()
        venue = open_venue(key, budget=MemoryBudget(limit=6000, clock=clock), clock=clock)
        try:
            self.instruments = await venue.instruments()
        finally:
            await venue.close()

    def store_markets(self) -> None:
        refresh_markets(
            exchange="binance",
            environment="simulated",
            venue_name="demo",
            instruments=self.instruments,
        )

    def bot(self, account: ExchangeAccount, **values: Any) -> Bot:
        return create_bot(user=account.user, account=account, actor=account.user, **values)

    def signatures_on_the_wire(self) -> list[tuple[str, int, int]]:
        """(client order id, timestamp, recvWindow) of every order-creating request that arrived."""
        return [
            (sent["newClientOrderId"], int(sent["timestamp"]), int(sent["recvWindow"]))
            for sent in self.exchange.sim("demo").arrivals()
        ]

    # ---- processes -----------------------------------------------------------------------------

    def environment(self, **more: str) -> dict[str, str]:
        database = connections["default"].settings_dict
        url = (
            f"postgresql://{database['USER']}:{database['PASSWORD']}@/{database['NAME']}"
            f"?host={database['HOST']}&port={database['PORT']}"
        )
        return {
            **os.environ,
            **TIMES,
            "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
            "DATABASE_URL": url,
            "REDIS_URL": self._redis_url,
            "DJANGO_SECRET_KEY": "only-for-tests",
            "FLOTILLA_STATE_DIR": str(self._folder / "state"),
            "INSTALLATION_ID": "test",
            "KEY_PUBLIC_FILE": str(self._keys / "public.key"),
            "KEY_PRIVATE_FILE": str(self._keys / "private.key"),
            "FLOTILLA_LOG_FORMAT": "console",
            **more,
        }

    def start(self, *arguments: str, log: str, **more: str) -> subprocess.Popen[bytes]:
        """A Celery process of the product; what it prints goes to a file of the folder."""
        with (self._folder / f"{log}.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "config", *arguments],
                cwd=ROOT,
                env=self.environment(**more),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def start_bots(
        self, *, crashpoint: str = "", name: str = "bots", places: int = 8, **more: str
    ) -> subprocess.Popen[bytes]:
        """A worker process for bots, desks and feeds, armed to die at a named place."""
        armed = {"FLOTILLA_CRASHPOINT": crashpoint, **more} if crashpoint else more
        return self.start(
            "worker", "-Q", "bots", "-P", "threads", "-c", str(places), "-n", f"{name}@test",
            "--without-gossip", "--without-mingle", log="bots", **armed,
        )  # fmt: skip

    def start_control(self, **more: str) -> None:
        """The supervisor, the signals and beat."""
        self.start(
            "worker", "-Q", "control,signals", "-P", "threads", "-c", "2", "-n", "control@test",
            "--without-gossip", "--without-mingle", log="control", **more,
        )  # fmt: skip
        self.start("beat", "-s", str(self._folder / "beat"), log="beat")

    def start_signals(self, **more: str) -> None:
        """Only the signals: nobody sweeps, nobody keeps time."""
        self.start(
            "worker", "-Q", "signals", "-P", "threads", "-c", "1", "-n", "signals@test",
            "--without-gossip", "--without-mingle", log="signals", **more,
        )  # fmt: skip

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text()

    def show_logs(self) -> None:
        """Print the end of every process's log: pytest shows it for a failed test."""
        for path in sorted(self._folder.glob("*.log")):
            print(f"---- {path.name}", *path.read_text().splitlines()[-60:], sep="\n")

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait(10)


def journaled_signatures() -> list[tuple[str, int, int]]:
    """(client order id, timestamp, recvWindow) of every signature the journals hold."""
    rows = BotEvent.objects.filter(kind="OrderSending").values_list("payload", flat=True)
    return [(row["client_order_id"], row["signed_at"], row["recv_window_ms"]) for row in rows]


@contextmanager
def running_fleet(*, folder: Path, redis_url: str, exchange: SimExchangeProcess) -> Iterator[Fleet]:
    """A fleet whose processes do not outlive the test."""
    fleet = Fleet(folder=folder, redis_url=redis_url, exchange=exchange)
    try:
        yield fleet
    finally:
        fleet.close()
        fleet.show_logs()
