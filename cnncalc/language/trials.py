"""Which inputs a spec takes: each asked by an expansion, so that expressions and `when:` decide as they do.

A network that fails at its input is held against nearby ones, and its errors say the two nearest that work: the truth
by trial, or nothing.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.analysis.shift import motion
from cnncalc.language.inputs import size
from cnncalc.language.settings import Overrides
from cnncalc.ops.windows import axis_word
from cnncalc.values.diagnostics import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cnncalc.graph.graph import Graph
    from cnncalc.language.document import Spec
    from cnncalc.values.diagnostics import Diagnostic

OF_SIZE = frozenset({"shape-mismatch", "window-does-not-fit", "does-not-divide"})
"""Codes of errors that another size of the input may make vanish."""
BUDGET, TRIES = 20_000, 400
"""A search for a hint expands about this many layers, in at most this many trials."""
VARIABLES = 4
"""So many variables of a spec take as long as one layer."""


class _Failed(Exception):  # noqa: N818 - it only ends a trial
    """The first error of a trial, which is not looked at."""


class _Trial(Collector):
    """Ends an expansion at its first error."""

    def add(self, *_: Any, severity: str = "error", **__: Any) -> None:
        """Let warnings pass, and stop at an error."""
        if severity == "error":
            raise _Failed


class Trials:
    """Expansions of one spec at other extents of its inputs.

    The inputs that have the extents of the first one change with it; all others stay.

    Attributes:
        layers: layers that may still be expanded.
        tries: expansions that may still be made.
        beside: what every expansion costs besides its layers, in layers.
        known: the graphs of the extents tried so far, None where the network does not take them.
    """

    def __init__(self, spec: Spec, overrides: Overrides, inputs: Mapping[str, tuple[int, ...]], *,
                 layers: int = BUDGET, tries: int = TRIES, failing: int = 10) -> None:  # fmt: skip
        """Start without a trial; one that fails counts as `failing` layers."""
        self._spec = spec
        self._overrides = overrides
        self._inputs = inputs
        self._spatial = next(iter(inputs.values()))[1:]
        self.layers = layers
        self.tries = tries
        self.failing = failing
        self.beside = len(spec.variables) // VARIABLES
        self.known: dict[tuple[int, ...], Graph | None] = {}

    def graph(self, extents: Sequence[int]) -> Graph | None:
        """Return the network on an input of these spatial extents, or None where there is an error.

        Raises:
            TooManyError: the budget is used up.
        """
        at = tuple(extents)
        if at not in self.known:
            if self.layers <= 0 or self.tries <= 0:
                raise TooManyError
            self.tries -= 1
            graph = self.known[at] = self.expanded(at)
            self.layers -= self.beside + (self.failing if graph is None else len(graph.nodes))
        return self.known[at]

    def works(self, extents: Sequence[int]) -> bool:
        """Return whether the network takes an input of these spatial extents."""
        return self.graph(extents) is not None

    def expanded(self, extents: tuple[int, ...]) -> Graph | None:
        """Return the same by an expansion of its own, also for extents that record; no budget is asked."""
        shapes = {
            name: (shape[0], *extents) if shape[1:] == self._spatial else shape for name, shape in self._inputs.items()
        }
        old = self._overrides
        trial = _Trial(file=self._spec.file)
        try:
            return self._spec.expand(Overrides(old.variant, old.variables, shapes, old.max_layers), trial)
        except (_Failed, ValueError):
            return None


class TooManyError(Exception):
    """A search for sizes would take too long."""


class Near(NamedTuple):
    """The nearest extents of one axis that work: at or below the one asked for, and above it; None where none does."""

    axis: int
    below: int | None
    above: int | None


def nearest(works: Callable[[int], bool], asked: int, base: int, step: int) -> tuple[int | None, int | None]:
    """Return the nearest extents below and above the one asked for that work.

    Where the network takes some extents and not others, multiples of its step come first if they work: an odd extent
    may work too by the rounding of its paddings, and is hardly what a person wants.

    Args:
        works: whether the network takes an extent.
        asked: an extent that it does not take.
        base: one that it takes.
        step: the network's step on this axis.
    """
    reach = abs(base - asked) + 2 * step
    down, up = range(asked - 1, max(asked - reach, 1) - 1, -1), range(asked + 1, asked + reach + 1)
    if base % step == 0 and not all(works(base + n) for n in range(1, step)):
        low = (asked - 1) // step * step
        down, up = range(low, max(asked - reach, 1) - 1, -step), range(low + step, asked + reach + step, step)
    below = next((n for n in down if works(n)), None)
    above = next((n for n in up if works(n)), None)
    return below, above


def base_of(trials: Trials, extents: tuple[int, ...], step: int) -> tuple[int, ...] | None:
    """Return extents near the given ones that work together, multiples of the step first; None where none is found."""
    for rounds in _multiples(step):
        for up in (0, 1, -1, 2):
            near = tuple(max(n // rounds + up, 1) * rounds for n in extents)
            if trials.works(near):
                return near
    for away in range(1, 9):
        for near in (tuple(n + away for n in extents), tuple(n - away for n in extents)):
            if min(near) > 0 and trials.works(near):
                return near
    return None


def _multiples(step: int) -> Iterator[int]:
    yield step
    yield from (step * 2**n for n in range(1, 6) if step * 2**n <= 256)


def near_sizes(trials: Trials, extents: tuple[int, ...], partial: Graph) -> list[Near]:
    """Return, for each axis on which the extents fail, the nearest that work, the other axes being such that do.

    Empty where nothing near works, or where the search would take too long.
    """
    try:
        base = base_of(trials, extents, max(2, *motion(partial).steps))
        whole = trials.graph(base) if base is not None else None
        if base is None or whole is None:
            return []
        steps = motion(whole).steps
        found = []
        for axis, asked in enumerate(extents):
            def works(n: int, axis: int = axis) -> bool:
                return trials.works((*base[:axis], n, *base[axis + 1 :]))

            if not works(asked):
                found.append(Near(axis, *nearest(works, asked, base[axis], steps[axis])))
    except TooManyError:
        return []
    return [near for near in found if near.below is not None or near.above is not None]


def said(found: Sequence[Near], extents: Sequence[int]) -> str:
    """Return the nearest sizes that work as a sentence."""
    rank = len(extents)
    alike = {(near.below, near.above) for near in found}
    if len(found) == rank > 1 and len(alike) == 1:
        return _sentence("an input of ", "input", found[0], lambda n: size([n] * rank))
    return ", ".join(
        _sentence(f"{axis_word(near.axis, rank)} ", axis_word(near.axis, rank), near, str) for near in found
    )


def _sentence(start: str, what: str, near: Near, write: Callable[[int], str]) -> str:
    if near.below is None and near.above is not None:
        return f"the smallest {what} that works is {write(near.above)}"
    return start + " or ".join(write(n) for n in (near.below, near.above) if n is not None) + " works"


def with_sizes(spec: Spec, overrides: Overrides, graph: Graph, collector: Collector) -> None:
    """Let every error about a size say the nearest inputs that work, where another one makes all errors vanish."""
    shapes = {name: tuple(shape) for name, shape in graph.inputs.items()}
    first = next(iter(shapes.values()), ())
    if len(first) < 2 or len(graph.nodes) > BUDGET // 4 or any(error.code not in OF_SIZE for error in collector.errors):
        return
    found = near_sizes(Trials(spec, overrides, shapes, failing=len(graph.nodes)), first[1:], graph)
    if not found:
        return
    text = said(found, first[1:])
    collector.found[:] = [_hinted(finding, text) if finding.severity == "error" else finding
                          for finding in collector.found]  # fmt: skip


def _hinted(finding: Diagnostic, text: str) -> Diagnostic:
    return dataclasses.replace(finding, hint=f"{finding.hint}; {text}" if finding.hint else text)
