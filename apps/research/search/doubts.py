"""What speaks against a search's result, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.research.search.aims import Aims

LUCK = 0.95
"""The deflated Sharpe ratio below which luck has not been ruled out, as usual in statistics."""
LIKELY = 0.5
HALF = 0.5
FEW_TRADES = 30


def doubts(result: Mapping[str, Any], aims: Aims) -> list[str]:
    """Sentences, the gravest kind first; none when nothing was found."""
    return [
        *_of_luck(result["luck"]),
        *_of_overfitting(result["overfitting"]),
        *_out_of_sample(result["best"][0], aims),
        *_of_neighbours(result["neighbours"], aims),
        *_of_windows(result.get("walk_forward")),
        *_of_trades(result["best"][0]),
    ]


def _of_luck(luck: Mapping[str, Any] | None) -> Iterator[str]:
    if luck is None or luck["deflated_sharpe"] >= LUCK:
        return
    yield (
        f"{luck['trials']:,} sets were tried and the best has a Sharpe ratio of "
        f"{luck['sharpe']:.2f}; {luck['expected_by_luck']:.2f} is expected of luck alone. The "
        f"probability that it is more than luck is {luck['deflated_sharpe']:.0%} "
        f"(deflated Sharpe ratio; {LUCK:.0%} is asked for)"
    )


def _of_overfitting(found: Mapping[str, Any] | None) -> Iterator[str]:
    if found is None or found["probability"] < LIKELY:
        return
    yield (
        f"over {found['splits']:,} ways to halve the days, the best set of one half was among the "
        f"worse half of the sets in the other {found['probability']:.0%} of the time "
        "(probability of backtest overfitting)"
    )


def _out_of_sample(best: Mapping[str, Any], aims: Aims) -> Iterator[str]:
    other = best["out_of_sample"]
    if other is None:
        yield "no bars were held out: these figures are of the bars the sets were chosen on"
        return
    if not other["trades"]:
        yield "the best set made no trade on the bars that were held out"
        return
    name, sign = aims.objectives[0], aims.directions[0]
    inside, outside = best["in_sample"][name], other[name]
    if inside is None or outside is None or inside * sign <= 0:
        return
    if (sign > 0 and outside < HALF * inside) or (sign < 0 and outside > inside / HALF):
        yield (
            f"the best set's {name} is {inside:.4g} on the bars it was chosen on and "
            f"{outside:.4g} on those held out: expect the second, if that"
        )


def _of_neighbours(found: Mapping[str, Any] | None, aims: Aims) -> Iterator[str]:
    if found is None:
        return
    sign = aims.directions[0]
    best, middle = found["best"] * sign, found["median"] * sign
    if (best > 0 and middle < HALF * best) or (best <= 0 and middle < best / HALF):
        yield (
            f"the {found['count']} sets nearest to the best one have a median {found['objective']} "
            f"of {found['median']:.4g} against its {found['best']:.4g}: it stands alone, and "
            "values that matter so much seldom keep mattering the same way"
        )


def _of_windows(walk: Mapping[str, Any] | None) -> Iterator[str]:
    if walk is None:
        return
    tested = [each["out_of_sample"] for each in walk["windows"]]
    lost = sum(1 for each in tested if each is None or (each["total_return"] or 0.0) <= 0.0)
    if 2 * lost >= len(tested):
        yield f"{lost} of {len(tested)} walk-forward windows earned nothing after their choice"


def _of_trades(best: Mapping[str, Any]) -> Iterator[str]:
    trades = best["in_sample"]["trades"]
    if trades < FEW_TRADES:
        yield f"the best set rests on {trades:g} trades; below {FEW_TRADES} every figure is a guess"
