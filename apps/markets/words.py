"""What the candles command tells people: one sentence or table for each of its results."""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.trading.bars_check import utc

SHOWN = 10
Told = Mapping[str, Any]


def fetched(told: Told) -> str:
    """What came from the exchange, and what it has none of."""
    lines = []
    for market in told["markets"]:
        line = f"{market['market']} {told['timeframe']}: {market['stored']:,} bars fetched"
        if not market["wanted"]:
            line = f"{market['market']} {told['timeframe']}: every bar was stored already"
        lines += [f"{line}{_absent(market['absent'])}.", *_gap_lines(market["absent"])]
    for symbol in told["unlisted"]:
        lines.append(f"{symbol} is not a spot market there; --market names others.")
    return "\n".join(lines)


def imported(told: Told) -> str:
    """What a file's bars have become."""
    lines = [
        f"{told['market']} {told['timeframe']}: {told['bars']:,} bars from {utc(told['from'])} to "
        f"{utc(told['to'])}, {told['new']:,} of them new."
    ]
    if told["differing"]:
        became = "were replaced" if told["replaced"] else "stay; --replace takes the file's"
        lines.append(f"{told['differing']:,} bars that were stored otherwise {became}.")
    if told["gaps"]:
        missing = sum(gap["missing"] for gap in told["gaps"])
        lines.append(f"Warning: {missing:,} bars are missing in {_in_gaps(told['gaps'])}:")
    return "\n".join([*lines, *_gap_lines(told["gaps"])])


def checked(told: Told) -> str:
    """Where bars are missing."""
    lines = []
    for one in told["series"]:
        name = f"{one['market']} {one['timeframe']} at {one['venue']}"
        span = f"{one['bars']:,} bars from {utc(one['from'])} to {utc(one['to'])}"
        repaired = f", {one['repaired']:,} fetched now" if one["repaired"] else ""
        verdict = "no gaps"
        if one["gaps"]:
            missing = sum(gap["missing"] for gap in one["gaps"])
            verdict = f"{missing:,} missing in {_in_gaps(one['gaps'])}"
            if told["repair"]:
                verdict += ", which the exchange has none of either"
        lines += [f"{name}: {span}{repaired}, {verdict}.", *_gap_lines(one["gaps"])]
    if not lines:
        return _NOTHING
    if not told["repair"] and any(one["gaps"] for one in told["series"]):
        lines.append("Fetch what is missing with --repair.")
    return "\n".join(lines)


def listed(told: Told) -> str:
    """A table of everything that is stored."""
    if not told["series"]:
        return _NOTHING
    heads = ["market", "venue", "timeframe", "from", "to", "bars", "gaps", "missing"]
    rows = [heads]
    for one in told["series"]:
        times = [utc(one["from"]), utc(one["to"])]
        counts = [f"{one[name]:,}" for name in ("bars", "gap_count", "missing")]
        rows.append([one["market"], one["venue"], one["timeframe"], *times, *counts])
    widths = [max(len(row[place]) for row in rows) for place in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place > 4 else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def exported(told: Told) -> str:
    """What was written where."""
    return (
        f"{told['bars']:,} bars of {told['market']} {told['timeframe']} from {utc(told['from'])} "
        f"to {utc(told['to'])} are in {told['file']}."
    )


_NOTHING = "No bars are stored: `manage.py candles fetch` or `candles import` brings some."


def _absent(gaps: Sequence[Told]) -> str:
    if not gaps:
        return ""
    missing = sum(gap["missing"] for gap in gaps)
    return f"; the exchange has none for {missing:,} more, in {_in_gaps(gaps)}"


def _gap_lines(gaps: Sequence[Told]) -> list[str]:
    lines = [f"  {_span(gap)}" for gap in gaps[:SHOWN]]
    if len(gaps) > SHOWN:
        lines.append(f"  and {len(gaps) - SHOWN:,} more; --json tells them all")
    return lines


def _span(gap: Told) -> str:
    if gap["missing"] == 1:
        return f"{utc(gap['from'])}: 1 bar"
    return f"{utc(gap['from'])} to {utc(gap['to'])}: {gap['missing']:,} bars"


def _in_gaps(gaps: Sequence[Told]) -> str:
    return "1 gap" if len(gaps) == 1 else f"{len(gaps):,} gaps"
