"""The front of a grid within limits: designs that no other beats in every one of some totals, found as `fit` finds one.

A box of designs is discarded when it is over a limit, or when the best that it could hold in each total by itself is
no better than one design of the front.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.search.columns import RECORDED, spelled
from cnncalc.search.fit import Design, Discarded, FitSearch
from cnncalc.search.front import goal_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.search.boxes import Bounded, DesignBox
    from cnncalc.search.designs import Places
    from cnncalc.search.fit import Fitted
    from cnncalc.search.space import OpenedSpecs
    from cnncalc.source import Source

Point = tuple[int, ...]


class FrontierSearch(FitSearch):
    """The search for a front; see `frontier`. Of designs that are equal in every goal one is kept."""

    def __init__(
        self, spec: Source | Sequence[Source] | OpenedSpecs, vary: Mapping[str, Any], goals: Sequence[str], *,
        most: Mapping[str, int], least: Mapping[str, int], arrays: bool = True, **options: Any,
    ) -> None:  # fmt: skip
        self.goals = tuple(goal_of(spelled(text), RECORDED) for text in goals)
        if len(self.goals) < 2 or len({goal.name for goal in self.goals}) < len(self.goals):
            raise ValueError("a front is of two totals or more, each once: macs,+params")
        whole = " + ".join(goal.name for goal in self.goals)
        super().__init__(spec, vary, most=most, least=least, maximise=whole, arrays=arrays, **options)
        self.found.objective = ", ".join(f"{'+' if goal.sign < 0 else ''}{goal.name}" for goal in self.goals)
        self.found.goals = [goal.name if goal.sign < 0 else ["-", 0, goal.name] for goal in self.goals]
        self.found.of_front = True
        self.points: dict[Point, tuple[Places, dict[str, int]]] = {}

    def run(self) -> Fitted:
        """Search, and return what was found: the front by its first goal."""
        self._descend()
        found = self.found
        for point in sorted(self.points):
            places, totals = self.points[point]
            found.front.append(self._design(places, totals, totals[self.goals[0].name]))
        if not found.front:
            found.nearest = self._nearest()
        return found

    def _judge(self, box: DesignBox, node: int, known: Bounded) -> tuple[Discarded | None, float]:
        """Return why a box holds nothing new, or how good it can be in the first goal."""
        verdict, reach = super()._judge(box, node, known)
        if verdict is not None or known.network is None:
            return verdict, reach
        ideal = tuple(known.totals[goal.name][0 if goal.sign > 0 else 1] * goal.sign for goal in self.goals)
        if self._reached(ideal):
            return Discarded(box=box, node=node, why="beaten", total=self.found.objective, bound=None,
                             network=self._number(known.network)), 0.0  # fmt: skip
        return None, float(ideal[0])

    def _reached(self, point: Point) -> bool:
        """Return whether a design of the front is as good in every goal."""
        return any(all(a <= b for a, b in zip(other, point, strict=True)) for other in self.points)

    def _compute(self, box: DesignBox, node: int) -> None:
        """Compute the designs of a box one by one."""
        self.found.computed += box.size
        for places, totals in self._designs(box):
            if not any(limit.excess(totals[limit.name]) > 0 for limit in self.found.limits):
                self._add(places, totals)
        self.found.discarded.append(Discarded(box=box, node=node, why="computed", total="", bound=None, network=None))

    def _add(self, places: Places, totals: dict[str, int]) -> None:
        point = tuple(goal.sign * totals[goal.name] for goal in self.goals)
        if not self._reached(point):
            beaten = [p for p in self.points if all(a <= b for a, b in zip(point, p, strict=True))]
            for other in beaten:
                del self.points[other]
            self.points[point] = places, totals

    def _wanted(self, totals: Mapping[str, Any], keep: Any, shape: tuple[int, ...]) -> Any:
        """Return the rows of a block that no other of the block beats, and others, where goals are more than two."""
        import numpy as np

        rows = np.flatnonzero(np.broadcast_to(keep, shape))
        columns = [np.broadcast_to(totals[goal.name], shape).ravel()[rows] * goal.sign for goal in self.goals]
        order = np.lexsort(columns[::-1])
        if len(columns) == 2:
            second = columns[1][order]
            least = np.minimum.accumulate(second)
            order = order[np.concatenate([[True], second[1:] < least[:-1]])]
        return rows[order]


def frontier(
    spec: Source | Sequence[Source], vary: Mapping[str, Any], goals: Sequence[str], *,
    most: Mapping[str, int] | None = None, least: Mapping[str, int] | None = None, **options: Any,
) -> tuple[Design, ...]:  # fmt: skip
    """Return the designs of a grid within limits that no other beats, by the first goal, without computing all of them.

    Args:
        spec: as for `sweep`.
        vary: as for `sweep`.
        goals: totals, less is better; more with a + before: ("macs", "+params").
        most: totals that may be at most so much.
        least: totals that must be at least so much.
        options: as for `fit`.

    Raises:
        SpecError: the spec cannot be read.
        ValueError: a name or a value is not one of the right ones.
    """
    return tuple(FrontierSearch(spec, vary, goals, most=most or {}, least=least or {}, **options).run().front)
