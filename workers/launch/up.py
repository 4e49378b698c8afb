"""`manage.py up`: prepare, start, check, supervise, stop."""

import argparse
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from config import env
from workers.launch import paper, report
from workers.launch.bootstrap import ROOT
from workers.launch.deaths import Deaths
from workers.launch.detach import in_background
from workers.launch.errors import LaunchError
from workers.launch.given import check_database, check_redis
from workers.launch.installation import Installation, locate, python
from workers.launch.kernel import compile_kernel
from workers.launch.probes import port_is_free
from workers.launch.program import Program
from workers.launch.programs import EXCHANGE, applications, selected, servers, spare_worker
from workers.launch.reset import reset
from workers.launch.state import SupervisorLock
from workers.launch.supervisor import StopAskedError, Supervisor

_CHECK_LIMIT_S = 180.0


def run(options: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    installation = locate(state_dir=options.state_dir, port=options.port)
    lock = SupervisorLock(installation.state)
    if lock.holder() is not None:
        return _already_running(installation, lock)
    if options.reset:
        reset(installation.state, ask=not options.yes)
    installation.state.prepare()
    check_given(installation)
    if not options.detach:
        return _supervise(installation, options, _say)
    return in_background(
        lambda ready: _supervise(installation, options, ready),
        log=installation.state.log("supervisor"),
    )


def _supervise(
    installation: Installation, options: argparse.Namespace, ready: Callable[[str], None]
) -> int:
    lock = SupervisorLock(installation.state)
    if not lock.take():
        return _already_running(installation, lock)
    try:
        return Launch(installation, options).run(ready=ready)
    finally:
        lock.release()


def _already_running(installation: Installation, lock: SupervisorLock) -> int:
    _say(
        f"Flotilla is running already (pid {lock.holder()}) on {installation.state.path}; "
        "stop it with: python3 manage.py down"
    )
    _say(report.programs_table(report.noted(installation.state)))
    return 0


def check_given(installation: Installation) -> None:
    """Raise LaunchError unless every server given by address is usable."""
    if installation.database_url:
        check_database(installation.database_url)
    if installation.redis_url:
        check_redis(installation.redis_url)


class Launch:
    """One run of `up`, after the lock is taken."""

    def __init__(self, installation: Installation, options: argparse.Namespace) -> None:
        self._installation = installation
        self._options = options
        self._began = time.monotonic()
        self._began_at = datetime.now(UTC)
        self._supervisor = Supervisor(
            say=_say,
            spare=partial(spare_worker, installation) if env.read("FLOTILLA_SPARE") else None,
            on_child_death=Deaths(say=_say),
            on_change=lambda running: report.note(installation.state, running),
        )

    def run(self, *, ready: Callable[[str], None]) -> int:
        """Start everything, report, supervise, stop in order; return the exit code."""
        self._supervisor.listen()
        try:
            self._start()
            _say(f"Ready after {time.monotonic() - self._began:.1f} s.")
            ready(report.welcome(self._installation, report.noted(self._installation.state)))
            return self._check() if self._options.check else self._watch()
        except StopAskedError:
            return 130
        finally:
            _say("Stopping.")
            self._supervisor.stop()
            _say("Stopped; everything is kept for the next up.")

    def _start(self) -> None:
        installation, options = self._installation, self._options
        installation.apply()
        # First of all: what cannot be had is said before anything is started or changed.
        wish = self._paper_wish()
        if wish is not None:
            paper.ask_for(installation, wish=wish)
        embedded = servers(installation)
        others = applications(
            installation,
            bots_processes=options.bots_processes,
            research_processes=options.research_processes,
        )
        chosen = selected([*embedded, *others], options.only)
        _check_ports(chosen)
        self._begin([one for one in chosen if one in embedded])
        if any(one in others for one in chosen):
            self._prepare_database()
        if any(one.stage > EXCHANGE for one in chosen):
            environment = installation.environment()
            compile_kernel(cache=Path(environment["NUMBA_CACHE_DIR"]), environment=environment)
        self._begin([one for one in chosen if one.stage == EXCHANGE])
        if options.only is None:
            self._seed()
        self._begin([one for one in chosen if one.stage > EXCHANGE])

    def _begin(self, programs: Sequence[Program]) -> None:
        if programs:
            _say(f"Starting {', '.join(one.name for one in programs)}")
            self._supervisor.start(programs)

    def _prepare_database(self) -> None:
        # Django reads its settings here, when the secrets and the servers exist.
        import django

        django.setup()
        from workers.launch.database import make_database, migrate

        if not self._installation.database_url:
            make_database(self._installation.state.database_url())
        _say("Bringing the database up to date")
        migrate()

    def _paper_wish(self) -> paper.PaperWish | None:
        if not self._options.paper:
            return None
        return paper.PaperWish(self._options.paper_exchange, tuple(self._options.paper))

    def _seed(self) -> None:
        self._make("The demo fleet", "workers.launch.demo")
        wish = self._paper_wish()
        if wish is not None:
            program = "workers.launch.paper_bots"
            self._make("The paper bots", program, wish.exchange, *wish.symbols)

    def _make(self, what: str, program: str, *arguments: str) -> None:
        # In a process of its own: what it needs to speak to the exchange would stay in ours.
        environment = {**os.environ, **self._installation.environment()}
        argv = python(program, *arguments)
        code = subprocess.run(argv, env=environment, cwd=ROOT, check=False).returncode
        if self._supervisor.stop_asked:
            raise StopAskedError
        if code != 0:
            raise LaunchError(f"{what} could not be made; the reason stands above.")

    def _watch(self) -> int:
        self._supervisor.watch()
        return 0

    def _check(self) -> int:
        from workers.launch.demo import order_filled

        _say("Waiting for an order of a demo bot to be filled at the exchange")
        installation = self._installation
        deadline = time.monotonic() + _CHECK_LIMIT_S
        passed = False

        def done() -> bool:
            nonlocal passed
            passed = order_filled(installation=installation, since=self._began_at)
            return passed or time.monotonic() > deadline

        self._supervisor.watch(until=done)
        if self._supervisor.stop_asked:
            return 130
        if not passed:
            raise LaunchError(
                f"No order of a demo bot was filled within {_CHECK_LIMIT_S:.0f} s: "
                f"see {installation.state.log('bots-1')}"
            )
        _say(f"Every probe passed after {time.monotonic() - self._began:.1f} s.")
        return 0


def _check_ports(programs: Sequence[Program]) -> None:
    for program in programs:
        port = program.port
        if port and not port_is_free(port):
            raise LaunchError(
                f"Port {port}, which {program.name} needs, is taken: end the program that has it, "
                "or choose other ports with --port."
            )


def _say(line: str) -> None:
    print(line, flush=True)
