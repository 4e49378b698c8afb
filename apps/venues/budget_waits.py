"""How long requests waited for their budget, counted in a few classes per lane."""

from collections.abc import Mapping

from apps.trading.ports import Lane

# Upper ends of the classes, ms; what waited longer is in the last one.
CLASSES_MS = (1, 2, 5, 10, 20, 50, 100, 200, 300, 500, 700, 900, 1_000, 2_000, 5_000, 15_000)


class Waits:
    """Counts since they were last taken, by "lane class"."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def note(self, lane: Lane, seconds: float) -> None:
        name = f"{lane.name} {_class(seconds * 1000)}"
        self._counts[name] = self._counts.get(name, 0) + 1

    def take(self) -> dict[str, int]:
        taken, self._counts = self._counts, {}
        return taken

    def give_back(self, counts: Mapping[str, int]) -> None:
        for name, count in counts.items():
            self._counts[name] = self._counts.get(name, 0) + count


def quantile_ms(counts: Mapping[str, int], *, lane: Lane, share: float) -> int | None:
    """The upper end of the class in which this share of a lane's waits ends; None without any."""
    classes = {
        int(name.split()[1]): count
        for name, count in counts.items()
        if name.split()[0] == lane.name
    }
    total = sum(classes.values())
    if not total:
        return None
    below = 0
    for end in sorted(classes):
        below += classes[end]
        if below >= share * total:
            return end
    return max(classes)


def _class(milliseconds: float) -> int:
    return next((end for end in CLASSES_MS if milliseconds <= end), CLASSES_MS[-1] * 2)
