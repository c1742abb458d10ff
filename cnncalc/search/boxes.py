"""Boxes of a grid of designs, and what every total can be inside one: ranges through the recorded formulas."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.numbers.node import EXACT, INPUT, Range
from cnncalc.numbers.ranges import Known, decided, polynomial_range, step_ranges
from cnncalc.numbers.source import dependencies

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.search.designs import Designs, Places, Varied
    from cnncalc.search.network import Structure


class DesignBox(NamedTuple):
    """Neighbouring choices of every axis: from a place to before a place."""

    ranges: tuple[tuple[int, int], ...]

    @property
    def size(self) -> int:
        """How many designs are inside."""
        return prod(high - low for low, high in self.ranges)

    @property
    def first(self) -> Places:
        """The design with the first choice of every axis."""
        return tuple(low for low, _ in self.ranges)

    def widest(self, axes: Iterable[int] = ()) -> int:
        """Return the axis with the most choices, one of the given axes where they have several."""
        wide = [k for k in axes if self.ranges[k][1] - self.ranges[k][0] > 1]
        return max(wide or range(len(self.ranges)), key=lambda k: self.ranges[k][1] - self.ranges[k][0])

    def parts(self, axis: int, at: int) -> tuple[DesignBox, DesignBox]:
        """Return what is before and from a place of an axis on."""
        low, high = self.ranges[axis]
        before, after = list(self.ranges), list(self.ranges)
        before[axis], after[axis] = (low, at), (at, high)
        return DesignBox(tuple(before)), DesignBox(tuple(after))


class Bounded(NamedTuple):
    """What is known of a box.

    Attributes:
        network: the structure that all its designs have, None where they differ or may.
        totals: the ranges of its totals.
        axes: along which it differs what structure they have.
    """

    network: Structure | None
    totals: dict[str, Range]
    axes: frozenset[int] = frozenset()


class Bounds:
    """Ranges of totals over boxes; structures are recorded as they turn up."""

    def __init__(self, designs: Designs) -> None:
        self.designs = designs
        self._ends: dict[tuple[str, int, int], Range] = {}
        self._depends: dict[int, list[frozenset[int]]] = {}

    def given(self, box: DesignBox) -> dict[str, Range]:
        """Return what every number that a recording is given can be inside a box."""
        return {given.name: self._range(given, *box.ranges[given.axis]) for given in self.designs.given}

    def _range(self, given: Varied, low: int, high: int) -> Range:
        key = given.name, low, high
        found = self._ends.get(key)
        if found is None:
            values = given.values[low:high]
            found = self._ends[key] = Range(min(values), max(values))
        return found

    def of(self, box: DesignBox) -> Bounded:
        """Return what is known of a box."""
        given = self.given(box)
        nearest: frozenset[int] | None = None
        fewest = 0
        for network in self.networks(box.first):
            answers, known = self._answers(network, given)
            if known is not None and all(answers):
                return self._decided(network, known)
            if known is None or False not in answers:
                open_ = [k for k, answer in enumerate(answers) if answer is None]
                if nearest is None or len(open_) < fewest:
                    fewest, nearest = len(open_), self._axes(network, open_)
        if nearest is not None:
            return Bounded(None, {}, nearest)
        network = self.designs.structure(box.first)
        answers, known = self._answers(network, given)
        if known is not None and all(answers):
            return self._decided(network, known)
        return Bounded(None, {}, self._axes(network, [k for k, answer in enumerate(answers) if answer is None]))

    @staticmethod
    def _decided(network: Structure, known: Known) -> Bounded:
        return Bounded(network, {name: polynomial_range(p, known) for name, p in network.outputs.items()})

    def _axes(self, network: Structure, conditions: Sequence[int]) -> frozenset[int]:
        """Return the axes that some conditions of a structure depend on."""
        found = self._depends.get(id(network))
        if found is None:
            steps = dependencies(network, {one.name: frozenset({str(one.axis)}) for one in self.designs.given})
            found = self._depends[id(network)] = [
                frozenset(int(axis) for m in c.difference for n in m for axis in steps[n]) for c in network.conditions
            ]
        return frozenset().union(*(found[k] for k in conditions if k < len(found)))

    def networks(self, places: Sequence[int]) -> list[Structure]:
        """Return the structures recorded so far of designs with these choices of words."""
        return self.designs.networks.get(self.designs.key(places), [])

    @staticmethod
    def _answers(network: Structure, given: dict[str, Range]) -> tuple[list[bool | None], Known | None]:
        if not network.runs:
            return [None], None
        try:
            known = step_ranges(network, given)
        except ZeroDivisionError:
            return [None], None
        return [decided(condition, known) for condition in network.conditions], known


def as_data(network: Structure) -> dict[str, Any]:
    """Return a recording as plain data, for a certificate.

    Expressions are names, numbers, and lists of a function and its parts; `=width` is what is given, `#7` a step.
    """
    names = {step.number: f"={step.name}" if step.kind == INPUT else f"#{step.number}" for step in network.steps}

    def expression(part: Any) -> Any:
        if isinstance(part, dict):
            return ["+", 0, *(["*", factor, *(names[n] for n in monomial)] for monomial, factor in part.items())]
        return part if isinstance(part, int) else ["quotient", part.numerator, part.denominator]

    steps = []
    for step in network.steps:
        if step.kind != INPUT:
            kind = step.function.__name__ if step.function is not None else "//" if step.kind == EXACT else step.kind
            steps.append([names[step.number], [kind, *map(expression, step.args)]])
    return {
        "steps": steps,
        "conditions": [[c.less, expression(c.difference), c.truth] for c in network.conditions],
        "totals": {name: expression(p) for name, p in network.outputs.items() if not name.startswith("#")},
        "refused": network.refusal is not None,
    }
