"""The table of programs `up` runs."""

from collections.abc import Sequence

from config import env
from workers.launch.bootstrap import ROOT
from workers.launch.child import ChildSpec
from workers.launch.errors import LaunchError
from workers.launch.installation import Installation, python
from workers.launch.paper import exchange_config
from workers.launch.postgres import EmbeddedPostgres
from workers.launch.probes import answers, worker_answers
from workers.launch.program import Program
from workers.launch.valkey import EmbeddedValkey
from workers.queues import BOTS, CONTROL, RESEARCH, SIGNALS

SERVERS, EXCHANGE, WORKERS, CLOCK = range(4)
# One Celery task per bot, each parking one thread; more for desks, feeds and what comes and goes.
# A thread is made when a task first needs it, so what is not used costs nothing.
_MORE_THREADS = 64
_DRAIN_S = 40.0


def servers(installation: Installation) -> list[Program]:
    """The embedded servers, without those given by address."""
    state = installation.state
    programs = []
    if not installation.database_url:
        postgres = EmbeddedPostgres(
            state.path / "postgres",
            password=state.secret("postgres-password"),
            log=state.log("postgres"),
        )
        programs.append(
            Program("postgres", SERVERS, state.log("postgres"), postgres.prepare, postgres.ready)
        )
        state.note_endpoint("postgres_socket", str(postgres.socket_folder))
    if not installation.redis_url:
        valkey = EmbeddedValkey(
            state.path / "valkey",
            password=state.secret("redis-password"),
            durable=True,
            log=state.log("valkey"),
        )
        programs.append(
            Program("valkey", SERVERS, state.log("valkey"), valkey.prepare, valkey.ready)
        )
        valkey.choose_port()
        state.note_endpoint("valkey_port", valkey.port)
    return programs


def applications(
    installation: Installation, *, bots_processes: int, research_processes: int
) -> list[Program]:
    """Everything that needs the servers and a migrated database."""
    programs = [_web(installation), _flower(installation)]
    if not installation.simexchange_url:
        programs.append(_simexchange(installation))
    threads = ("-P", "threads", "-c", str(env.read("FLOTILLA_BOTS_PER_PROCESS") + _MORE_THREADS))
    programs += [
        _worker(installation, BOTS, number, threads) for number in range(1, bots_processes + 1)
    ]
    programs.append(_worker(installation, CONTROL, 1, ("-P", "threads", "-c", "4")))
    programs.append(_worker(installation, SIGNALS, 1, ("-P", "prefork", "-c", "1")))
    research = ("-P", "prefork", "-c", str(research_processes))
    programs.append(_worker(installation, RESEARCH, 1, research))
    beat = _spec(installation, "beat", python("celery", "-A", "config", "beat", "--pidfile="))
    programs.append(Program("beat", CLOCK, beat.log, lambda: beat, lambda: True))
    return programs


def selected(programs: Sequence[Program], only: Sequence[str] | None) -> list[Program]:
    """Keep the programs named by `only` ("bots" names every bots process)."""
    if only is None:
        return list(programs)
    kept = [one for one in programs if one.name in only or one.name.rpartition("-")[0] in only]
    known = {one.name for one in programs} | {one.name.rpartition("-")[0] for one in programs}
    unknown = sorted(set(only) - known)
    if unknown:
        raise LaunchError(
            f"--only names {', '.join(unknown)}; the programs are "
            f"{', '.join(one.name for one in programs)}.",
            exit_code=2,
        )
    return kept


def _spec(installation: Installation, name: str, argv: Sequence[str]) -> ChildSpec:
    return ChildSpec(
        name=name,
        argv=argv,
        log=installation.state.log(name),
        environment=installation.environment(),
        folder=ROOT,
    )


def _web(installation: Installation) -> Program:
    argv = python("uvicorn", "config.asgi:application", "--host", installation.bind)
    argv += ["--port", str(installation.port), "--lifespan", "off", "--no-server-header"]
    argv += ["--timeout-graceful-shutdown", "5"]
    spec = _spec(installation, "web", argv)
    url = installation.web_url
    return Program(
        "web",
        WORKERS,
        spec.log,
        lambda: spec,
        answers(f"{url}/api/health/"),
        url,
        installation.port,
    )


def _simexchange(installation: Installation) -> Program:
    port = installation.simexchange_port
    argv = python("apps.venues.simexchange", "--port", str(port))
    argv += ["--state-dir", str(installation.simexchange_state)]
    config = exchange_config(installation.state)
    if config is not None:
        argv += ["--config", str(config)]
    spec = _spec(installation, "simexchange", argv)
    url = installation.simexchange
    probe = answers(f"{url}/demo/api/v3/ping")
    return Program("simexchange", EXCHANGE, spec.log, lambda: spec, probe, url, port)


def _flower(installation: Installation) -> Program:
    port = installation.flower_port
    url = f"http://127.0.0.1:{port}"
    argv = python("celery", "-A", "config", "flower", "--address=127.0.0.1", f"--port={port}")
    argv += [f"--conf={ROOT / 'config' / 'flowerconfig.py'}"]
    first_login = installation.state.secret("first-login")
    environment = {
        **installation.environment(),
        "FLOWER_BASIC_AUTH": f"admin:{first_login}",
        # A bot is stopped by its desired status, never by revoking its task.
        "FLOWER_READ_ONLY": "true",
    }
    spec = ChildSpec("flower", argv, installation.state.log("flower"), environment, ROOT)
    return Program(
        "flower", WORKERS, spec.log, lambda: spec, answers(f"{url}/healthcheck"), url, port
    )


def _worker(installation: Installation, queue: str, number: int, pool: Sequence[str]) -> Program:
    name = f"{queue}-{number}"
    node = f"{name}@flotilla"
    argv = python("celery", "-A", "config", "worker", "-Q", queue, "-n", node, *pool)
    argv += ["--without-mingle", "--without-gossip", "--loglevel", "INFO"]
    spec = ChildSpec(
        name=name,
        argv=argv,
        log=installation.state.log(name),
        environment=installation.worker_environment(queue),
        folder=ROOT,
        stop_timeout_s=_DRAIN_S,
    )
    ready = worker_answers(node)
    return Program(name, WORKERS, spec.log, lambda: spec, ready, from_spare=queue == BOTS)


def spare_worker(installation: Installation) -> ChildSpec:
    """A process that has loaded what a bots process needs and waits to become one."""
    return ChildSpec(
        name="spare",
        argv=python("workers.spare"),
        log=installation.state.log("spare"),
        environment=installation.worker_environment(BOTS),
        folder=ROOT,
        waits=True,
    )
