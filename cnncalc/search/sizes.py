"""Which input sizes a network takes, which of them lose no border, the step between them, and the smallest.

A network's step is the least shift of its input that moves every map by whole units: the product of the strides along
its deepest path, also where a decoder enlarges the map again (`analysis.shift`). Whether a size works depends on its
remainder by the step and on being large enough: every remainder is tried once near the size asked about, and the
smallest size of each is found by halving, by expansions of the spec itself; a network that takes a size is so taken to
take every larger one of the same remainder, which every operator's formula holds to. Where the step is large, sizes are
asked of recordings (`recorded_sizes`), and the smallest is the smallest of all.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cnncalc.analysis.shift import motion
from cnncalc.language.settings import Overrides
from cnncalc.language.trials import TooManyError, Trials, base_of
from cnncalc.numbers.doors import greatest
from cnncalc.ops.windows import axis_word
from cnncalc.source import input_shapes
from cnncalc.study import Study
from cnncalc.values.axis import IDENTITY, Slide

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from cnncalc.graph.graph import Graph
    from cnncalc.source import Input, Source

LAYERS, TRIES = 400_000, 4_000
TRIED, MOST_TRIED, MOST = 64, 512, 16_384
"""Remainders of a larger step are computed from recordings, or are tried all the same where there can be none; those of
one that is larger still are not told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisSizes:
    """The sizes of one axis; the other axes have sizes that work.

    Attributes:
        axis: what the axis is called.
        around: the size asked about.
        works: whether it works.
        step: the least shift that moves every map by whole units.
        exponent: n of r = k*2^n where the step is 2^n, else None.
        smallest: the smallest size that works.
        remainders: which remainders by the step work, of sizes that are large enough; None where too many were to try.
        whole: those of them with which no strided window leaves a border position of its map unread.
        below: the nearest size below that works, None where there is none; where some remainders work and others do
            not, a multiple of the step, if these work.
        above: the nearest above.
        below_whole: the nearest at or below that loses no border, None where there is none.
        above_whole: the nearest at or above, None where no remainder does.
    """

    axis: str
    around: int
    works: bool
    step: int
    exponent: int | None
    smallest: int
    remainders: tuple[int, ...] | None
    whole: tuple[int, ...] | None
    below: int | None
    above: int | None
    below_whole: int | None
    above_whole: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSizes:
    """The input sizes of a network.

    Attributes:
        name: the network's.
        input: the name of the input that varies; inputs of the same extents vary with it.
        channels: its channels.
        axes: one entry per spatial axis.
    """

    name: str
    input: str
    channels: int
    axes: tuple[AxisSizes, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data; `step` and `smallest` per axis also as lists."""
        return {
            "schema": 1,
            "name": self.name,
            "input": self.input,
            "channels": self.channels,
            "step": [axis.step for axis in self.axes],
            "smallest": [axis.smallest for axis in self.axes],
            "axes": [
                {key: list(value) if isinstance(value, tuple) else value
                 for key in AxisSizes.__slots__ for value in [getattr(axis, key)]}
                for axis in self.axes
            ],
        }  # fmt: skip


def input_sizes(
    spec: Source | Study,
    *,
    around: Sequence[int] | int | None = None,
    input: Input | None = None,  # noqa: A002 - the spec's own word
    variant: str | None = None,
    variables: Mapping[str, object] | None = None,
    max_layers: int | None = None,
) -> InputSizes:
    """Return which input sizes a network takes.

    Args:
        spec: as for `analyze`.
        around: the size of interest, one number or one per axis; by default the spec's own.
        input: as for `analyze`.
        variant: as for `analyze`.
        variables: as for `analyze`.
        max_layers: as for `analyze`.

    Raises:
        SpecError: the spec is wrong at every size tried.
        ValueError: its input has no spatial axis, or so many sizes differ that they cannot be tried.
    """
    study = Study.of(spec, input=input, variant=variant, variables=variables, max_layers=max_layers)
    graph, collector, question = study.expanded.graph, study.expanded.collector, study.question
    shapes = {name: tuple(shape) for name, shape in graph.inputs.items()}
    name, first = next(iter(shapes.items()), ("input", ()))
    if not first:
        collector.raise_if_errors()
    rank = len(first) - 1
    if rank < 1:
        raise ValueError(f"the input of {study.name} has no spatial axis, so no sizes to choose from")
    asked = _per_axis(around, first[1:])
    overrides = Overrides(study.variant, question.variables, input_shapes(question.input), question.max_layers)
    trials = Trials(study.spec, overrides, shapes, layers=LAYERS, tries=TRIES)
    try:
        if trials.works(asked):
            base: tuple[int, ...] | None = asked
        elif trials.works(first[1:]):
            base = first[1:]
        else:
            base = base_of(trials, asked, max(2, *motion(graph).steps))
        if base is None or (found := trials.graph(base)) is None:
            collector.raise_if_errors()
            raise ValueError(f"no size near {'x'.join(map(str, asked))} works")
        steps = motion(found).steps
        axes: list[AxisSizes] = []
        for axis in range(rank):
            twin = next((k for k in range(axis) if _alike(found, k, axis) and asked[k] == asked[axis]
                         and base[k] == base[axis]), None)  # fmt: skip
            one = _axis(trials, base, axis, asked[axis], steps[axis]) if twin is None else axes[twin]
            axes.append(one)
    except TooManyError:
        raise ValueError("more sizes differ than can be tried: name one with --input and ask around it") from None
    named = tuple(_renamed(one, axis_word(axis, rank)) for axis, one in enumerate(axes))
    return InputSizes(name=study.name, input=name, channels=first[0], axes=named)


def lost(graph: Graph, axis: int) -> int:
    """Return how many positions of a map no window of a strided layer reads at its end, the most over all layers.

    The gaps between windows that are narrower than their stride are meant; a crop has no stride.
    """
    most = 0
    for node in graph.nodes:
        reaches = node.op.reach(node.in_shapes, node.out_shapes)
        for x, reach in zip(node.in_shapes, reaches, strict=True):
            if axis >= min(len(reach), len(x.spatial), len(node.out_shapes[0].spatial)):
                continue
            window = reach[axis]
            if isinstance(window, Slide) and window.stride > 1:
                span = window.dilation * (window.kernel - 1)
                last = (node.out_shapes[0].spatial[axis] - 1) * window.stride - window.before + span
                most = greatest(most, x.spatial[axis] - 1 - last - max(window.stride - span - 1, 0))
    return most


def _per_axis(given: Sequence[int] | int | None, own: tuple[int, ...]) -> tuple[int, ...]:
    if given is None:
        return own
    sizes = (given,) * len(own) if isinstance(given, int) else tuple(given)
    if len(sizes) == 1:
        sizes *= len(own)
    if len(sizes) != len(own) or min(sizes) < 1:
        raise ValueError(f"a size here has {len(own)} number{'s' * (len(own) > 1)} of at least 1, "
                         f"got {'x'.join(map(str, sizes))}")  # fmt: skip
    return sizes


def _alike(graph: Graph, one: int, other: int) -> bool:
    """Return whether every layer reads two axes in the same way."""
    for node in graph.nodes:
        for reach in node.op.reach(node.in_shapes, node.out_shapes):
            if max(one, other) >= len(reach):
                if len(reach) and not all(r == IDENTITY for r in reach):
                    return False
                continue
            if reach[one] != reach[other]:
                return False
        if any(".h" in text or ".w" in text or ".d" in text for _, text, _ in node.values):
            return False
    return True


def _axis(trials: Trials, base: tuple[int, ...], axis: int, asked: int, step: int) -> AxisSizes:
    """Return the sizes of one axis, the others being those of `base`."""

    def graph(n: int) -> Graph | None:
        return trials.graph((*base[:axis], n, *base[axis + 1 :])) if n > 0 else None

    def works(n: int) -> bool:
        return graph(n) is not None

    def expanded(n: int) -> Graph | None:
        return trials.expanded((*base[:axis], n, *base[axis + 1 :]))

    remainders = whole = least = None
    smallest = base[axis]
    found: dict[int, int | None] = {}
    near_base = range(smallest, smallest + step)
    if step > TRIED:
        from cnncalc.search.recorded_sizes import RecordedSizes, TooIrregularError

        sizes = RecordedSizes(expanded, lambda made: lost(made, axis), smallest + step)
        with suppress(TooIrregularError):
            least = sizes.first(1, _least(works, smallest % step, step, smallest))
            found = {n % step: sizes.lost(n) for n in near_base} if step <= MOST else {}
    if not found and step <= MOST_TRIED:
        made = {n % step: graph(n) for n in near_base}
        found = {r: None if one is None else lost(one, axis) for r, one in made.items()}
    if found:
        remainders = tuple(sorted(r for r, many in found.items() if many is not None))
        whole = tuple(r for r in remainders if found[r] == 0)
    classes = remainders if remainders is not None else (smallest % step,)
    if least is None:
        for remainder in sorted(classes, key=lambda r: (base[axis] - r) % step):
            smallest = min(smallest, _least(works, remainder, step, smallest))
    else:
        smallest = least
    near = (0,) if 0 in classes and len(classes) < step else classes
    exponent = step.bit_length() - 1
    return AxisSizes(
        axis="",
        around=asked,
        works=works(asked),
        step=step,
        exponent=exponent if 2**exponent == step else None,
        smallest=smallest,
        remainders=remainders,
        whole=whole,
        below=next_size(asked - 1, -1, step, near, works),
        above=next_size(max(asked + 1, smallest), 1, step, near, works),
        below_whole=next_size(asked, -1, step, whole or (), works),
        above_whole=next_size(max(asked, smallest), 1, step, whole or (), works),
    )


def _least(works: Callable[[int], bool], remainder: int, step: int, bound: int) -> int:
    """Return the smallest size of a remainder that works if it is below the bound, else the bound."""
    high = (bound - 1 - remainder) // step
    if high < 0 or not works(remainder + high * step):
        return bound
    low = -1
    while high - low > 1:
        middle = (low + high) // 2
        if works(remainder + middle * step):
            high = middle
        else:
            low = middle
    return remainder + high * step


def next_size(start: int, by: int, step: int, classes: Collection[int], works: Callable[[int], bool]) -> int | None:
    """Return the first size from `start` on, upwards or downwards, that works and has one of the remainders."""
    offsets = (by * (remainder - start) % step + turn * step for remainder in classes for turn in range(4))
    near = (start + by * offset for offset in sorted(offsets) if offset < 2 * (step + 1))
    return next((n for n in near if n > 0 and works(n)), None)


def _renamed(axis: AxisSizes, name: str) -> AxisSizes:
    return replace(axis, axis=name)
