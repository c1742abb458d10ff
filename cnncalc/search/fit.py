"""The best design of a grid within limits, with a proof: every box of designs is inside, beaten, or over a limit.

Boxes are taken in the order of the best that they can hold. Ranges through the recorded formulas say what a box can
hold; a box that they leave open is halved, and a small one is computed design by design.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count, product
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.search.boxes import Bounded, Bounds, DesignBox, as_data
from cnncalc.search.columns import RECORDED, column, spelled
from cnncalc.search.condition import Criterion
from cnncalc.search.designs import Designs, numpy
from cnncalc.search.intervals import Interval
from cnncalc.search.space import Choices, Space, axes_of, opened_specs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.search.designs import Places, Varied
    from cnncalc.search.network import Structure
    from cnncalc.source import Source

SMALL = 4_096
SMALL_OF_MANY = 131_072, 10_000_000
SMALL_PLAIN = 16
"""Designs of a box that is computed one by one, with NumPy, in a grid of more than so many, and without."""
Value = int | float | Fraction


class FitBound(NamedTuple):
    """A total may be at most (sign 1) or at least (sign -1) so much."""

    name: str
    sign: int
    number: int

    def __str__(self) -> str:
        return f"{self.name} {'<=' if self.sign > 0 else '>='} {self.number:,}"

    def excess(self, value: Any) -> Any:
        """Return by what part a value is beyond, 0 or less where it is within."""
        return self.sign * (value - self.number) / max(abs(self.number), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One design and its totals."""

    places: Places
    variables: Mapping[str, Any]
    totals: Mapping[str, int]
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """A box without the best design, and why.

    Attributes:
        box: its choices.
        node: its place in the tree of cuts.
        why: over, under, beaten, refused, or computed: design by design.
        total: the total or objective that says so.
        bound: the least, or the greatest, that it can be inside.
        network: which of the recorded structures all its designs have; None where they were computed.
    """

    box: DesignBox
    node: int
    why: str
    total: str
    bound: Value | None
    network: int | None


@dataclass(slots=True, kw_only=True)
class Fitted:
    """What came of a search.

    Attributes:
        axes: what varies.
        limits: what must hold.
        objective: what is made as large as can be.
        goals: the same, or each goal of a front, as lists of a function and its parts.
        best: the design, None where nothing fits.
        front: the designs that none beats, where these were asked for.
        of_front: whether they were.
        nearest: the design with the smallest excess over its limits, where nothing fits.
        discarded: all other boxes.
        cuts: the tree of cuts: of each node that is no leaf, the axis, where, and the two nodes that it makes.
        nodes: how many nodes the tree has.
        networks: the structures that bounds are computed by.
        computed: how many designs were computed.
    """

    axes: tuple[Choices, ...]
    limits: tuple[FitBound, ...]
    objective: str
    goals: list[Any]
    best: Design | None = None
    nearest: Design | None = None
    front: list[Design] = field(default_factory=list)
    of_front: bool = False
    discarded: list[Discarded] = field(default_factory=list)
    cuts: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)
    nodes: int = 1
    networks: list[Structure] = field(default_factory=list)
    given: list[Varied] = field(default_factory=list)
    computed: int = 0
    size: int = 0

    def certificate(self) -> dict[str, Any]:
        """Return the proof as plain data, which `cnncalc.search.checker` accepts."""
        best = self.front or ([] if self.best is None else [self.best])
        nodes: list[dict[str, Any]] = [{"cut": list(self.cuts.get(node, ()))} for node in range(self.nodes)]
        for leaf in self.discarded:
            bound = None if leaf.bound is None else str(leaf.bound)
            nodes[leaf.node] = {"why": leaf.why, "of": leaf.total, "bound": bound, "structure": leaf.network}
        return {
            "axes": [[axis.name, axis.kind, list(axis.texts)] for axis in self.axes],
            "limits": [[limit.name, limit.sign, limit.number] for limit in self.limits],
            "goals": self.goals,
            "best": [{"places": list(design.places), "value": str(design.value)} for design in best],
            "given": [[f"={given.name}", given.axis, list(given.values)] for given in self.given],
            "structures": [as_data(network) for network in self.networks],
            "nodes": nodes,
        }


class FitSearch:
    """One search; see `fit`."""

    def __init__(
        self, spec: Source | Sequence[Source], vary: Mapping[str, Any], *, most: Mapping[str, int],
        least: Mapping[str, int], maximise: str | None, arrays: bool = True, **options: Any,
    ) -> None:  # fmt: skip
        self.specs = opened_specs(spec)
        axes = tuple(map(_sorted, axes_of(self.specs, vary)))
        limits = [FitBound(column(name, RECORDED), 1, number) for name, number in most.items()]
        limits += [FitBound(column(name, RECORDED), -1, number) for name, number in least.items()]
        if maximise is None:
            maximise = next(iter(most), None) or f"-{next(iter(least), 'macs')}"
        self.goal = Criterion(spelled(maximise), RECORDED)
        certain = dict.fromkeys([*(limit.name for limit in limits), *self.goal.names])
        options = {name: value for name, value in options.items() if value is not None}
        self.designs = Designs(self.specs, Space(axes), (*dict.fromkeys([*certain, "macs", "params"]),), options,
                               tuple(certain))  # fmt: skip
        self.found = Fitted(axes=axes, limits=tuple(limits), objective=maximise, goals=[self.goal.as_data()],
                            given=self.designs.given, size=self.designs.space.size)  # fmt: skip
        self.bounds = Bounds(self.designs)
        self.arrays = arrays and numpy() is not None
        many = self.designs.space.size > SMALL_OF_MANY[1]
        self.small = (SMALL_OF_MANY[0] if many else SMALL) if self.arrays else SMALL_PLAIN
        self.blocks: Any = None
        if self.arrays:
            from cnncalc.search.blocks import GridBlocks

            self.blocks = GridBlocks(self.designs)

    def run(self) -> Fitted:
        """Search, and return what was found."""
        self._descend()
        found = self.found
        if found.best is None:
            nearest = self._nearest() if found.limits else None  # one within the limits has no value
            found.nearest = nearest if nearest is not None and nearest.value > 0 else None
        return found

    def _descend(self) -> None:
        order = count()
        roots = self._roots()
        self._starts = [box for _, box in roots]
        heap = [(0.0, next(order), node, box) for node, box in roots]
        while heap:
            _, _, node, box = heapq.heappop(heap)
            known = self.bounds.of(box)
            verdict, reach = self._judge(box, node, known)
            if verdict is not None:
                self.found.discarded.append(verdict)
            elif box.size <= self.small:
                self._compute(box, node)
            else:
                axis = box.widest(known.axes)
                low, high = box.ranges[axis]
                for part in self._cut(node, box, axis, (low + high) // 2):
                    heapq.heappush(heap, (reach, next(order), *part))

    def _cut(self, node: int, box: DesignBox, axis: int, at: int) -> list[tuple[int, DesignBox]]:
        """Cut a box in two, and return the parts with their nodes."""
        first = self.found.nodes
        self.found.nodes += 2
        self.found.cuts[node] = axis, at, first, first + 1
        return list(enumerate(box.parts(axis, at), first))

    def _roots(self) -> list[tuple[int, DesignBox]]:
        """Return the boxes to begin with: one for all choices of the word axes."""
        found = [(0, DesignBox(tuple((0, n) for n in self.designs.space.shape)))]
        for axis in self.designs.words:
            last = self.designs.space.shape[axis]
            parts = []
            for node, box in found:
                for at in range(1, last):
                    (before, one), (node, box) = self._cut(node, box, axis, at)  # noqa: PLW2901 - the rest
                    parts.append((before, one))
                parts.append((node, box))
            found = parts
        return found

    def _judge(self, box: DesignBox, node: int, known: Bounded) -> tuple[Discarded | None, float]:
        """Return why a box does not hold the best design, or how good its best can be: less is better."""
        if known.network is None:
            return None, -float("inf")
        number = self._number(known.network)

        def verdict(why: str, total: str = "", bound: Value | None = None) -> tuple[Discarded, float]:
            return Discarded(box=box, node=node, why=why, total=total, bound=bound, network=number), 0.0

        if known.network.refusal is not None:
            return verdict("refused")
        for limit in self.found.limits:
            low, high = known.totals[limit.name]
            if limit.sign > 0 and low > limit.number:
                return verdict("over", limit.name, low)
            if limit.sign < 0 and high < limit.number:
                return verdict("under", limit.name, high)
        reach = self._reach(known.totals)
        best = self.found.best
        if best is not None and reach is not None and reach <= best.value:
            return verdict("beaten", self.found.objective, reach)
        return None, -float("inf") if reach is None else -float(reach)

    def _number(self, network: Structure) -> int:
        for number, other in enumerate(self.found.networks):
            if other is network:
                return number
        self.found.networks.append(network)
        return len(self.found.networks) - 1

    def _reach(self, totals: Mapping[str, Any]) -> Value | None:
        """Return the greatest that the objective can be; None where that is not known."""
        try:
            value = self.goal.of({name: Interval(*totals[name]) for name in self.goal.names})
        except ZeroDivisionError:
            return None
        reach: Value = value.high if isinstance(value, Interval) else value
        return reach

    def _compute(self, box: DesignBox, node: int) -> None:
        """Compute the designs of a box one by one."""
        self.found.computed += box.size
        best = self.found.best
        for places, totals in self._designs(box):
            if any(limit.excess(totals[limit.name]) > 0 for limit in self.found.limits):
                continue
            value = self.value(totals)
            if value is not None and (best is None or value > best.value):
                best = self._design(places, totals, value)
        self.found.best = best
        self.found.discarded.append(Discarded(box=box, node=node, why="computed", total="", bound=None, network=None))

    def value(self, totals: Mapping[str, int]) -> Value | None:
        """Return the objective of a design; None where it has none."""
        try:
            value = self.goal.exact(totals)
        except ZeroDivisionError:
            return None
        return value.numerator if value.denominator == 1 else value

    def _design(self, places: Places, totals: Mapping[str, int], value: Value) -> Design:
        return Design(places=places, variables=self.designs.space.choices(places), totals=dict(totals), value=value)

    def _designs(self, box: DesignBox) -> Iterator[tuple[Places, dict[str, int]]]:
        """Yield the designs of a box that are networks and may be the best."""
        of = self.designs.of
        if not self.arrays:
            for places in product(*(range(low, high) for low, high in box.ranges)):
                row = self.designs.row(places)
                if row.numbers is not None:
                    yield places, dict(zip(of, row.numbers, strict=True))
            return
        import numpy as np

        free = [k for k in self.designs.numbers if box.ranges[k][1] - box.ranges[k][0] > 1]
        extents = tuple(box.ranges[k][1] - box.ranges[k][0] for k in free)
        grid: list[Any] = [low for low, _ in box.ranges]
        for n, k in enumerate(free):
            form = [1] * len(free)
            form[n] = extents[n]
            grid[k] = np.arange(*box.ranges[k]).reshape(form)
        if free:
            block = self.blocks.computed(grid, extents, free)
        else:
            block = self.blocks.computed([np.array([place]) for place in grid], (1,), [])
        keep = block.valid
        for limit in self.found.limits:  # on arrays as small as they are, broadcast as late as can be
            total = block.totals[limit.name]
            keep = keep & (total <= limit.number if limit.sign > 0 else total >= limit.number)
        if not np.any(keep):
            return
        for number in self._wanted(block.totals, keep, block.shape).tolist():
            yield block.design(number)

    def _wanted(self, totals: Mapping[str, Any], keep: Any, shape: tuple[int, ...]) -> Any:
        """Return the rows of a block, of those that are kept, that may be the best."""
        import numpy as np

        with np.errstate(all="ignore"):
            value = np.asarray(self.goal.of({n: totals[n] for n in self.goal.names}))
        rounded = value.dtype.kind == "f"
        if rounded:
            keep = keep & np.isfinite(value)
        chosen = np.broadcast_to(value, shape)[np.broadcast_to(keep, shape)]
        if not len(chosen):
            return np.zeros(0, np.int64)
        top = chosen.max()
        near = value >= top - abs(top) * 1e-12 if rounded else value == top
        rows = np.flatnonzero(np.broadcast_to(near & keep, shape))
        return rows if rounded else rows[:1]

    def _nearest(self) -> Design | None:
        """Return the design whose largest excess over a limit is smallest."""
        limits = self.found.limits
        order = count()
        heap: list[tuple[float, int, DesignBox]] = [(0.0, next(order), box) for box in self._starts]
        best: tuple[Value, Places, dict[str, int]] | None = None
        while heap:
            least, _, box = heapq.heappop(heap)
            if best is not None and least >= best[0]:
                break
            known = self.bounds.of(box)
            if known.network is not None:
                if known.network.refusal is not None:
                    continue
                spans = [limit.excess(Interval(*known.totals[limit.name])) for limit in limits]
                least = float(max(span.low for span in spans))
            if box.size == 1:
                row = self.designs.row(box.first)
                if row.numbers is not None:
                    totals = dict(zip(self.designs.of, row.numbers, strict=True))
                    excess = max(limit.excess(Fraction(totals[limit.name])) for limit in limits)
                    if best is None or excess < best[0]:
                        best = excess, box.first, totals
                continue
            axis = box.widest(known.axes)
            for half in box.parts(axis, sum(box.ranges[axis]) // 2):
                heapq.heappush(heap, (least if known.network is not None else 0.0, next(order), half))
        if best is None:
            return None
        return self._design(best[1], best[2], best[0])


def _sorted(axis: Choices) -> Choices:
    """Return an axis with its choices in rising order, where they are numbers or shapes."""
    if not axis.numeric:
        return axis
    order = sorted(range(len(axis.choices)), key=lambda k: axis.choices[k])
    return axis._replace(choices=tuple(axis.choices[k] for k in order), texts=tuple(axis.texts[k] for k in order))


def fit(
    spec: Source | Sequence[Source], vary: Mapping[str, Any], *, most: Mapping[str, int] | None = None,
    least: Mapping[str, int] | None = None, maximise: str | None = None, **options: Any,
) -> Fitted:  # fmt: skip
    """Return the best design of a grid within limits, with its certificate.

    Args:
        spec: as for `analyze`.
        vary: as for `sweep`.
        most: totals that may be at most so much.
        least: totals that must be at least so much.
        maximise: what is made as large as can be: a total, `-params`, an expression; the first of `most` otherwise.
        options: as for `analyze`: variables, variant, input, convention, dtype, batch, fold_bn.

    Raises:
        SpecError: the spec cannot be read.
        ValueError: a name or a value is not one of the right ones.
    """
    return FitSearch(spec, vary, most=most or {}, least=least or {}, maximise=maximise, **options).run()
