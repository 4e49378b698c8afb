"""What a search is asked for: ranges, method, aims, and how its result is to be doubted."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from apps.research.refusals import ResearchRefused
from apps.research.search.aims import Aims
from apps.research.search.honest.windows import LEARNING_PARTS, Window, halves, windows
from apps.research.search.methods import Method, method_of
from apps.research.search.space import USUAL_POINTS, Space
from apps.research.wishes import Wish

HELD_OUT = 0.25
MOST_DRAWS = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """`held_out`: the share of bars at the end that the search does not see.

    `walk`: anchored or rolling, with so many `windows`; "" is none. `draws`: of Monte Carlo.
    """

    wish: Wish
    space: Space
    method: str = "random"
    sets: int | None = None
    seed: int = 1
    points: int = USUAL_POINTS
    aims: Aims = field(default_factory=Aims)
    held_out: float = HELD_OUT
    walk: str = ""
    windows: int = 5
    draws: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.held_out <= 0.9:
            raise ResearchRefused(
                f"held_out {self.held_out} must be a fraction from 0 to 0.9 (0.25 is a quarter)"
            )
        if not 0 <= self.draws <= MOST_DRAWS:
            raise ResearchRefused(f"monte_carlo {self.draws} must lie between 0 and {MOST_DRAWS}")
        self.new_method()

    def new_method(self) -> Method:
        """A method that was told nothing yet."""
        return method_of(
            self.method,
            self.space,
            sets=self.sets,
            seed=self.seed,
            points=self.points,
            aims=len(self.aims.objectives),
        )

    def passes(self, bars: int) -> list[Window]:
        """The stretches that are searched and tested: the search itself, then the windows."""
        found = [halves(bars=bars, held_out=self.held_out)]
        if self.walk:
            found += windows(bars=bars, kind=self.walk, count=self.windows, parts=LEARNING_PARTS)
        return found

    def to_json(self) -> dict[str, Any]:
        told = {item.name: getattr(self, item.name) for item in fields(self)}
        return {
            **told,
            "wish": self.wish.to_json(),
            "space": self.space.to_json(),
            "aims": self.aims.to_json(),
        }

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> "Asked":
        return cls(
            **{
                **told,
                "wish": Wish.from_json(told["wish"]),
                "space": Space.of_json(told["space"]),
                "aims": Aims.of_json(told["aims"]),
            }
        )
