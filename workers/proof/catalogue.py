"""Every fault a drill knows, by name, and when it strikes."""

from collections.abc import Callable, Iterator, Sequence

from workers.proof.copies import delivered_ten_times, flushed
from workers.proof.faults import Fault, bots_killed, bots_terminated, killed, restarted
from workers.proof.outage import redis_gone, redis_silent
from workers.proof.zombies import stopped_past_its_lease

EACH_ROUND = ("web", "beat", "bots", "simexchange", "valkey", "postgres")
"""kill -9, in this order: beat before bots, so that a sweep must be scheduled after it."""

ONCE = ("sigterm", "redelivery", "flushall", "sigstop", "downup")
"""After the rounds."""

ASKED_FOR = ("redis-outage", "redis-hang")
"""Minutes long: only when named."""

NAMES = (*EACH_ROUND, *ONCE, *ASKED_FOR)


class Catalogue:
    """`outage_s`: how long Redis stays away; `say` tells what is waited for."""

    def __init__(self, *, outage_s: float, say: Callable[[str], None]) -> None:
        self._faults: dict[str, Fault] = {
            "web": killed("web"),
            "beat": killed("beat"),
            "bots": bots_killed,
            "simexchange": killed("simexchange", cut_off=True),
            "valkey": killed("valkey", cut_off=True),
            "postgres": killed("postgres", cut_off=True),
            "sigterm": bots_terminated,
            "redelivery": delivered_ten_times,
            "flushall": flushed,
            "sigstop": stopped_past_its_lease,
            "downup": restarted,
            "redis-outage": redis_gone(seconds=outage_s, say=say),
            "redis-hang": redis_silent(seconds=outage_s, say=say),
        }

    def in_turn(self, *, rounds: int, only: Sequence[str]) -> Iterator[tuple[str, Fault]]:
        """The faults of a whole drill, in the order in which they strike."""
        wanted = only or (*EACH_ROUND, *ONCE)
        names = [name for _ in range(rounds) for name in EACH_ROUND]
        for name in (*names, *ONCE, *ASKED_FOR):
            if name in wanted:
                yield name, self._faults[name]
