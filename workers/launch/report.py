"""What runs, kept in a file for other commands and printed as a table for people."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workers.launch.installation import Installation
from workers.launch.paper import venues
from workers.launch.program import Running
from workers.launch.state import StateFolder, write_private


@dataclass(frozen=True, slots=True)
class Seen:
    """One program as last seen."""

    name: str
    condition: str
    pid: int | None
    restarts: int
    url: str
    log: str


def note(state: StateFolder, running: Sequence[Running]) -> None:
    """Write down what runs."""
    seen = [
        Seen(
            name=one.name,
            condition=one.condition,
            pid=one.pid,
            restarts=one.restarts,
            url=one.program.url,
            log=str(one.program.log),
        )
        for one in running
    ]
    content = {"noted_at": time.time(), "programs": [asdict(one) for one in seen]}
    write_private(_file(state), json.dumps(content, indent=1))


def noted(state: StateFolder) -> list[Seen]:
    """Read what was last written down; empty when nothing was."""
    try:
        content: dict[str, Any] = json.loads(_file(state).read_text())
        return [Seen(**one) for one in content["programs"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def programs_table(seen: Sequence[Seen]) -> str:
    """Lay out what runs, one line per program."""
    rows = [("PROGRAM", "STATE", "PID", "RESTARTS", "WHERE")]
    rows += [
        (one.name, one.condition, str(one.pid or "-"), str(one.restarts), one.url) for one in seen
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(f"  {line}" for line in lines)


def welcome(installation: Installation, seen: Sequence[Seen]) -> str:
    """Lay out what a person wants to know once everything runs."""
    state = installation.state
    token = state.secret("api-token")
    worker = next((one for one in seen if one.name.startswith("bots-")), None)
    lines = ["", programs_table(seen), ""]
    if any(one.name == "web" for one in seen):
        lines.append(f"  Pages        {installation.web_url}/")
        if token:
            lines.append(f"  First login  admin / {state.secret('first-login')}")
            lines.append(
                f"  API          curl -H 'Authorization: Bearer {token}' "
                f"{installation.web_url}/api/bots/"
            )
    if any(one.name == "simexchange" for one in seen):
        lines.append("  Prices       generated prices, results mean nothing")
        lines += [
            f"  Paper        {', '.join(venue['prices']['markets'])}: real prices of "
            f"{venue['prices']['exchange']}, paper money"
            for venue in venues(state).values()
        ]
    lines.append(f"  Logs         {state.logs}")
    if worker is not None:
        lines.append(f"  Try it       kill -9 {worker.pid} and watch it return")
    return "\n".join(lines)


def _file(state: StateFolder) -> Path:
    return state.run / "status.json"
