"""A search's result as people read it in a terminal of 80 columns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apps.research.search.space import Set
from apps.research.search.work import Work
from apps.research.tables import WIDTH, duration, lines, number, percent, utc, warning_lines

SHARES = frozenset(
    {"total_return", "cagr", "volatility", "max_drawdown", "win_rate", "ulcer_index", "kelly"}
)
COUNTS = frozenset({"trades", "wins", "losses"})
SPANS = frozenset({"longest_underwater_s"})
SHOWN = ("total_return", "max_drawdown", "trades")
COLUMN = 13


def search_table(result: Mapping[str, Any]) -> str:
    """The whole answer of the command."""
    blocks = [
        lines(_asked(result)),
        _best(result),
        lines(_evidence(result)),
        _windows(result.get("walk_forward")),
        lines(_draws(result.get("monte_carlo"))),
        warning_lines(result["warnings"]),
    ]
    return "\n\n".join(block for block in blocks if block)


def progress_line(work: Work, done: int, left_s: float, best: tuple[Set, Any] | None) -> str:
    """How far, what was found, how long still; as long as the line it is written over."""
    told = f"{done:,} of {work.sets:,} sets, {duration(left_s)} left"
    if best is not None:
        name = work.asked.aims.objectives[0]
        told += f", best {name} {figure(name, float(best[1][0]))}: "
        told += values(work.asked.space.named(best[0]))
    return f"{told[: WIDTH - 1]:<{WIDTH - 1}}"


def figure(name: str, value: float | None) -> str:
    """A figure by its kind."""
    if name in SHARES:
        return percent(value, sign=name in ("total_return", "cagr"))
    if name in COUNTS:
        return "-" if value is None else f"{value:,.0f}"
    return duration(value) if name in SPANS else number(value)


def values(named: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={_plain(value)}" for name, value in named.items())


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _asked(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    asked, sets = result["asked"], result["sets"]
    yield "strategy", result["strategy"]
    yield "searched", ", ".join(map(_range, asked["space"]))
    yield (
        "bars",
        f"{result['bars']:,} of {result['market']}, the last "
        + (f"{asked['held_out']:.0%} held out" if asked["held_out"] else "ones included"),
    )
    yield (
        "sets",
        f"{sets['tried']:,} by {asked['method']}, {sets['impossible']:,} impossible, "
        f"{sets['allowed']:,} kept the constraints",
    )
    yield "objective", ", ".join(asked["aims"]["objectives"])


def _range(item: Mapping[str, Any]) -> str:
    if "choices" in item:
        return f"{item['name']} of {', '.join(map(_plain, item['choices']))}"
    step = "" if item["step"] is None else f" by {item['step']:g}"
    return f"{item['name']} {item['low']:g} to {item['high']:g}{step}"


def _best(result: Mapping[str, Any]) -> str:
    """The best sets: in sample, and below that where they were not chosen."""
    names = tuple(dict.fromkeys((*result["asked"]["aims"]["objectives"], *SHOWN)))[:5]
    head = f"{'':<14}" + "".join(f"{name.replace('_', ' '):>{COLUMN}}" for name in names)
    told = [head]
    for place, each in enumerate(result["best"], start=1):
        told.append(f"{place}. {values(each['values'])}"[:WIDTH])
        told.append(_row("in sample", each["in_sample"], names))
        if each["out_of_sample"] is not None:
            told.append(_row("held out", each["out_of_sample"], names))
    return "\n".join(told)


def _row(label: str, figures: Mapping[str, Any], names: Sequence[str]) -> str:
    return f"   {label:<11}" + "".join(f"{figure(name, figures[name]):>{COLUMN}}" for name in names)


def _evidence(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    luck, overfit, near = result["luck"], result["overfitting"], result["neighbours"]
    if luck is not None:
        yield (
            "luck",
            f"{luck['deflated_sharpe']:.1%} that the best is more than luck (deflated Sharpe "
            f"ratio, {luck['trials']:,} trials; luck alone: {luck['expected_by_luck']:.2f})",
        )
    if overfit is not None:
        yield (
            "overfitting",
            f"{overfit['probability']:.0%} probability, {overfit['splits']:,} halvings",
        )
    if near is not None:
        name = near["objective"]
        yield (
            "neighbours",
            f"the {near['count']} nearest sets: median {figure(name, near['median'])}, worst "
            f"{figure(name, near['worst'])}, against {figure(name, near['best'])}",
        )


def _windows(walk: Mapping[str, Any] | None) -> str:
    if walk is None:
        return ""
    told = [f"walk-forward, {walk['kind']}: tested from, return, in sample before, values"]
    for each in walk["windows"]:
        inside, outside = each["in_sample"], each["out_of_sample"]
        if outside is None:
            told.append(f"{utc(each['tested_from'])}   nothing kept the constraints")
            continue
        told.append(
            f"{utc(each['tested_from'])}{percent(outside['total_return']):>11}"
            f"{percent(inside['total_return']):>11}  {values(each['values'])}"[:WIDTH]
        )
    joined = walk["joined"]
    told.append(
        f"joined: {percent(joined['total_return'])}, max drawdown "
        f"{percent(joined['max_drawdown'], sign=False)}, Sharpe {number(joined['sharpe'])}"
    )
    return "\n".join(told)


def _draws(drawn: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    names = {
        "trades_reordered": "trades mixed",
        "trades_redrawn": "trades redrawn",
        "bars_resampled": "bars redrawn",
    }
    for name, label in names.items():
        each = (drawn or {}).get(name)
        if each is None:
            continue
        gain, fall = each["total_return"], each["max_drawdown"]
        yield (
            label,
            f"return {percent(gain['low'])} / {percent(gain['middle'])} / {percent(gain['high'])}, "
            f"drawdown to {percent(fall['high'], sign=False)}, {each['loss']:.0%} lose "
            f"({each['count']:,} draws)",
        )
