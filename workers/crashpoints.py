"""Named places where a test may kill the process; nothing happens unless one is armed.

`FLOTILLA_CRASHPOINT=name` or `name:3` (the third time it is reached). The order path names every
place whose loss would matter, so the proof can stop the program exactly there.
"""

import os
import signal

NAMES = (
    "planned",  # the wish is committed, nothing is signed
    "sending",  # the signature is committed, nothing is on the wire
    "answered",  # the venue has answered, nothing of it is stored
    "observed",  # the answer's facts are booked, the bot's journal does not know
    "accepted",  # the bot's journal holds the acceptance
    "resolve_found",  # the resolver has found the order, nothing stored
    "resolve_absent",  # absence is proven, nothing stored
    "resend",  # absence is stored, the order is to be signed again
    "fill_before",  # fills are booked, the bot's append of OrderFilled has not begun
    "fill_after",  # OrderFilled is committed, what follows from it is not done
    "done_before",  # the order is final at the venue, OrderDone is not stored
    "cancel_before",  # CancelRequested is committed, nothing is on the wire
    "cancel_after",  # the venue has answered the cancel
)

_name, _, _count = os.environ.get("FLOTILLA_CRASHPOINT", "").partition(":")
if _name and _name not in NAMES:
    raise ValueError(f"FLOTILLA_CRASHPOINT {_name!r} is unknown; use one of {', '.join(NAMES)}")
_left = int(_count or 1)


def crashpoint(name: str) -> None:
    """Die as by `kill -9` when this place is armed."""
    global _left
    if name == _name:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
