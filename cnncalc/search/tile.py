"""A large image in tiles: how much they must overlap so that stitched outputs equal those of the whole, bit for bit.

Three numbers per axis decide. The halo is what a tile needs beyond the part that is kept of it (`search.margins`). A
tile may start only at multiples of `align`, the network's step: elsewhere its strided layers read other windows
(`analysis.shift`). The step between tiles is the largest multiple of it that leaves no gap between what is kept.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import ceil, floor, prod
from typing import TYPE_CHECKING

from cnncalc.analysis.liveness import peak_activation
from cnncalc.analysis.shift import Fixed, motion
from cnncalc.language.settings import Overrides
from cnncalc.language.trials import TooManyError, Trials
from cnncalc.ops.windows import axis_word
from cnncalc.search.margins import Edges, differing, right_units
from cnncalc.search.tiling import AxisSpan, Strip, TileAxis, Tiling
from cnncalc.source import input_shapes
from cnncalc.study import Study
from cnncalc.values.dtypes import Dtypes, tensor_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.analysis.shift import Motion
    from cnncalc.graph.graph import Graph, Node, Ref
    from cnncalc.source import Input, Source

LAYERS, TRIES = 2_000_000, 2_000
WHY = {
    "whole": "sees the whole map, so that what it makes of a tile is not what it makes of the whole",
    "table": "reads windows that follow from the size of the map",
    "rates": "joins maps that advance at different steps",
    "axes": "has other axes than the image",
    "statistics": "normalises by a mean over the whole map",
    "wraps": "reads around the edge of the map",
}


def tile(
    spec: Source | Study,
    *,
    tile: Sequence[int] | int | None = None,
    image: Sequence[int] | int | None = None,
    memory: int | None = None,
    input: Input | None = None,  # noqa: A002 - the spec's own word
    variant: str | None = None,
    variables: Mapping[str, object] | None = None,
    dtype: str = "fp32",
    max_layers: int | None = None,
) -> Tiling:
    """Return how an image is cut into tiles whose stitched outputs equal the network's output on the whole image.

    Args:
        spec: as for `analyze`.
        tile: pixels of a tile, one number or one per axis; by default as many as the memory allows, else the spec's
            own input.
        image: pixels of the image; without it there is no plan, and work is that of a tile far from the edges.
        memory: bytes that the live activations of a tile and the weights may take.
        input: as for `analyze`; its channels matter.
        variant: as for `analyze`.
        variables: as for `analyze`.
        dtype: as for `analyze`.
        max_layers: as for `analyze`.

    Raises:
        SpecError: the spec is wrong, or no tiles equal the whole: a layer sees all of its map.
        ValueError: the size of the tile or the image does not work; the message names the nearest that do.
    """
    study = Study.of(spec, input=input, variant=variant, variables=variables, dtype=dtype, max_layers=max_layers)
    cutter = Cutter(study)
    own = cutter.spatial
    try:
        sizes = per_axis("tile", tile, own)
        if tile is None:
            sizes = own if memory is None else cutter.largest(memory)
        return cutter.cut(sizes, None if image is None else per_axis("image", image, own), memory)
    except TooManyError:
        raise ValueError("the network is too large to try sizes of tiles; name one") from None


def per_axis(what: str, given: Sequence[int] | int | None, own: tuple[int, ...]) -> tuple[int, ...]:
    """Return one size per axis.

    Raises:
        ValueError: there are too few or too many, or one is below 1.
    """
    if given is None:
        return own
    sizes = (given,) if isinstance(given, int) else tuple(given)
    sizes = sizes * len(own) if len(sizes) == 1 else sizes
    if len(sizes) != len(own) or min(sizes) < 1:
        raise ValueError(f"the {what} has {len(own)} extent{'s' * (len(own) > 1)} of at least 1, "
                         f"got {'x'.join(map(str, sizes))}")  # fmt: skip
    return sizes


class Cutter:
    """Tiles of one network.

    Raises:
        SpecError: the spec is wrong.
        ValueError: its inputs have no common spatial axes.
    """

    def __init__(self, study: Study) -> None:
        graph, question = study.expanded.graph, study.question
        shapes = {name: tuple(shape) for name, shape in graph.inputs.items()}
        if not shapes:
            study.expanded.collector.raise_if_errors()
        self.study = study
        self.name, first = next(iter(shapes.items()))
        self.spatial = first[1:]
        if not self.spatial or any(shape[1:] != self.spatial for shape in shapes.values()):
            raise ValueError(f"{study.name} has no inputs of one size with a spatial axis, so none to cut")
        overrides = Overrides(study.variant, question.variables, input_shapes(question.input), question.max_layers)
        self.trials = Trials(study.spec, overrides, shapes, layers=LAYERS, tries=TRIES)

    def graph(self, extents: Sequence[int], what: str) -> Graph:
        """Return the network on an input of these extents.

        Raises:
            SpecError: the network takes no size near these.
            ValueError: it does not take these; the message names the nearest that it does.
        """
        made = self.trials.graph(extents)
        if made is None:
            raise ValueError(f"{what} of {_size(extents)} does not work{self._nearest(tuple(extents))}")
        return made

    def _nearest(self, extents: tuple[int, ...]) -> str:
        from cnncalc.search.sizes import input_sizes

        around = input_sizes(self.study, around=extents)
        axes = [axis for axis in around.axes if not axis.works]
        near = [" or ".join(str(n) for n in (axis.below, axis.above) if n) for axis in axes]
        if not axes:
            return ""
        if len(set(near)) == 1:
            return f": {near[0]} does"
        return ": " + ", ".join(f"{axis.axis} {text} does" for axis, text in zip(axes, near, strict=True))

    def cut(self, sizes: tuple[int, ...], image: tuple[int, ...] | None, memory: int | None) -> Tiling:
        """Return the tiling by tiles of these extents."""
        graph = self.graph(sizes, "a tile")
        moved = motion(graph)
        self._refuse_fixed(graph, moved)
        outputs = dict(graph.outputs)
        whole = self.graph(image, "an image") if image is not None else None
        axes = tuple(
            self._axis(axis, graph, moved, outputs, None if whole is None else (whole, image[axis]))  # type: ignore[index]
            for axis in range(len(sizes))
        )
        work = self._work(graph, sizes, axes, whole)
        peak, weights = self._bytes(graph)
        if memory is not None and peak + weights > memory:
            raise ValueError(f"a tile of {_size(sizes)} keeps {peak + weights:,} bytes alive, weights included, of "
                             f"{memory:,}; {_size(self.largest(memory))} is the largest that stays within")  # fmt: skip
        return Tiling(
            name=self.study.name,
            input=self.name,
            outputs=tuple(outputs),
            dtype=str(self.study.dtypes),
            axes=axes,
            tiles=None if whole is None else prod(len(axis.strips) for axis in axes),
            macs_tile=_macs(graph),
            macs_tiles=work[0],
            macs_whole=work[1],
            live_peak=peak,
            weights=weights,
        )

    def largest(self, memory: int) -> tuple[int, ...]:
        """Return the largest tile of equal extents that stays within so many bytes, of those that lose no border.

        Raises:
            ValueError: not even the smallest does.
        """
        from cnncalc.search.sizes import input_sizes

        found = input_sizes(self.study)
        rank, step = len(self.spatial), max(axis.step for axis in found.axes)
        first = found.axes[0]
        remainder = next(iter(first.whole or first.remainders or (0,)))
        least = max(axis.smallest for axis in found.axes)
        start = least + (remainder - least) % step

        def within(rounds: int) -> bool:
            graph = self.trials.graph((start + rounds * step,) * rank)
            return graph is not None and sum(self._bytes(graph)) <= memory

        if not within(0):
            raise ValueError(f"the smallest tile, {_size((start,) * rank)}, does not stay within {memory:,} bytes")
        high = 1
        while within(high):
            high *= 2
        low = high // 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if within(middle) else (low, middle)
        return (start + low * step,) * rank

    def _refuse_fixed(self, graph: Graph, moved: Motion) -> None:
        """Raise SpecError at the first layer because of which no tile equals the whole."""
        for index, node in enumerate(graph.nodes):
            fixed = next((f for f in moved.fixed if f.node == index), None)
            if fixed is None and any(rate is not None for rate in moved.rates[index]):
                why = "statistics" if any(node.op.statistics(node.in_shapes)) else "wraps" if _wraps(node) else ""
                fixed = Fixed(index, 0, why) if why else None
            if fixed is not None:
                self._refuse(node, WHY[fixed.why])

    def _refuse(self, node: Node, why: str) -> None:
        collector = self.study.spec.collector()
        collector.add("not-in-tiles", f"layer '{node.path}' ({node.op.name}) {why}", node.span, path=node.path,
                      hint="tile the part of the network before it, and run the rest on the stitched map")  # fmt: skip
        collector.raise_if_errors()

    def _axis(
        self, axis: int, graph: Graph, moved: Motion, outputs: Mapping[str, Ref], whole: tuple[Graph, int] | None
    ) -> TileAxis:
        """Return the tiles of one axis.

        Raises:
            ValueError: a tile is all halo, or the tile's and the image's borders fall differently.
        """
        size, align = next(iter(graph.inputs.values())).spatial[axis], moved.steps[axis]
        name = axis_word(axis, len(self.spatial))
        extents = list(next(iter(graph.inputs.values())).spatial)
        extents[axis] += align
        later = self.trials.graph(extents)
        if later is None or (index := differing(graph, later, axis)) is not None:
            at = 0 if later is None else index or 0
            self._refuse(graph.nodes[at], "reads its map in another way when the input grows by the network's step")
        right = right_units(graph, moved, axis, Edges(before=True, after=True))
        rates = [self._rate(graph, moved, ref, axis) for ref in outputs.values()]
        spans = [right[ref] for ref in outputs.values()]
        room = min((last - first + 1) / rate for (first, last), rate in zip(spans, rates, strict=True))
        step = floor(room / align) * align
        if step < align:
            least = size + ceil((align - room) / align) * align
            raise ValueError(f"a tile of {name} {size} is all halo: the least that keeps something is {least}")
        before, after = 0, 0
        for ref, (first, last), rate in zip(outputs.values(), spans, rates, strict=True):
            lost = max(size - graph.shape(ref).spatial[axis] / rate, Fraction(0))
            before = max(before, ceil(floor(lost / 2) + first / rate))
            after = max(after, size - floor(floor(lost / 2) + (last + 1) / rate))
        strips: tuple[Strip, ...] = ()
        if whole is not None:
            strips = self._strips(axis, graph, whole, (step, align), tuple(outputs.values()))
        image = None if whole is None else whole[1]
        return TileAxis(axis=name, tile=size, halo=(before, after), align=align, step=step, image=image, strips=strips)

    def _rate(self, graph: Graph, moved: Motion, ref: Ref, axis: int) -> Fraction:
        """Return an output's units per pixel, or refuse the tiling."""
        rate = moved.rates[ref[0]][axis] if ref[0] >= 0 else Fraction(1)
        if rate is None:
            self._refuse(graph.nodes[ref[0]], "does not move with the image")
        assert rate is not None  # noqa: S101 - refused above
        return rate

    def _strips(
        self, axis: int, graph: Graph, whole: tuple[Graph, int], steps: tuple[int, int], outputs: tuple[Ref, ...]
    ) -> tuple[Strip, ...]:
        """Return the tiles of one axis of an image, the last one as far back as it must be to be full."""
        big, image = whole
        size, (step, align) = next(iter(graph.inputs.values())).spatial[axis], steps
        name = axis_word(axis, len(self.spatial))
        if image <= size:
            return (self._strip(axis, big, (0, image), Edges(before=False, after=False), (outputs, None, big)),)
        if (index := differing(graph, big, axis)) is not None:
            raise ValueError(
                f"layer '{graph.nodes[index].path}' reads the image of {name} {image} in another way than a tile of "
                f"{size}: {self._matching(size, image, align)}"
            )
        starts = [0]
        while starts[-1] + size < image:
            starts.append(min(starts[-1] + step, -(-(image - size) // align) * align))
        strips: list[Strip] = []
        for start in starts:
            stop = min(start + size, image)
            part = graph
            if stop - start < size:
                extents = list(next(iter(graph.inputs.values())).spatial)
                extents[axis] = stop - start
                part = self.graph(extents, "a last tile")
                if differing(part, big, axis) is not None:
                    raise ValueError(f"the last tile on the {name} would have {stop - start} places and read them in "
                                     f"another way: {self._matching(size, image, align)}")  # fmt: skip
            edges = Edges(before=start > 0, after=stop < image)
            previous = strips[-1] if strips else None
            strips.append(self._strip(axis, part, (start, stop), edges, (outputs, previous, big)))
        return tuple(strips)

    def _strip(
        self, axis: int, part: Graph, taken: tuple[int, int], edges: Edges,
        stitched: tuple[tuple[Ref, ...], Strip | None, Graph],
    ) -> Strip:  # fmt: skip
        """Return one tile on one axis: what is kept begins where the previous one's ends."""
        outputs, previous, big = stitched
        moved = motion(part)
        right = right_units(part, moved, axis, edges)
        kept, placed = [], []
        for k, ref in enumerate(outputs):
            shift = taken[0] * self._rate(part, moved, ref, axis)
            first, last = right.get(ref, (0, part.shape(ref).spatial[axis] - 1))
            begin = 0 if previous is None else previous.placed[k].stop
            start, stop = begin - int(shift), last + 1
            ends = int(shift) + part.shape(ref).spatial[axis]
            if start < first or shift.denominator != 1 or (not edges.after and ends != big.shape(ref).spatial[axis]):
                raise ValueError(f"tiles of {_size(next(iter(part.inputs.values())).spatial)} leave a gap on the "
                                 f"{axis_word(axis, len(self.spatial))}")  # fmt: skip
            kept.append(AxisSpan(start, stop))
            placed.append(AxisSpan(begin, stop + int(shift)))
        return Strip(taken=AxisSpan(*taken), kept=tuple(kept), placed=tuple(placed))

    @staticmethod
    def _matching(size: int, image: int, align: int) -> str:
        rest = (image - size) % align
        near = [n for n in (size + rest - align, size + rest) if n > 0 and rest]
        sizes = " or ".join(str(n) for n in near)
        other = image - rest
        if not rest:
            return "no tile equals it"
        return f"take tiles of {sizes}, or pad or crop the image to {other} or {other + align}"

    def _work(
        self, graph: Graph, sizes: tuple[int, ...], axes: tuple[TileAxis, ...], whole: Graph | None
    ) -> tuple[int | None, Fraction | None]:
        """Return the multiply-accumulates of all tiles and those of the image.

        Without an image, of one tile and of the part of a large image that it adds: work is a sum of products with one
        extent of each axis, so its difference over a step on every axis is exact.
        """
        if whole is not None:
            total = 0
            counts: dict[tuple[int, ...], int] = {}
            for strips in product(*(axis.strips for axis in axes)):
                extents = tuple(strip.taken.stop - strip.taken.start for strip in strips)
                counts[extents] = counts.get(extents, 0) + 1
            for extents, many in counts.items():
                macs = _macs(self.graph(extents, "a tile"))
                if macs is None:
                    return None, None
                total += many * macs
            macs = _macs(whole)
            return total, None if macs is None else Fraction(macs)
        difference = 0
        for moved in product((0, 1), repeat=len(sizes)):
            larger = tuple(n + axis.align * up for n, axis, up in zip(sizes, axes, moved, strict=True))
            grown = self.trials.graph(larger)
            macs = None if grown is None else _macs(grown)
            if macs is None:
                return _macs(graph), None
            difference += macs * (-1) ** (len(sizes) - sum(moved))
        steps = prod(Fraction(axis.step, axis.align) for axis in axes)
        return _macs(graph), Fraction(difference * steps) or None

    def _bytes(self, graph: Graph) -> tuple[int, int]:
        """Return the bytes of the live peak and of the parameters."""
        dtypes: Dtypes = self.study.dtypes
        live = sum(tensor_bytes(n, dtypes.activation_bits) for _, n in peak_activation(graph).live)
        own = [node.op.params(node.in_shapes) or 0 for node in graph.nodes if node.shares is None]
        return live, tensor_bytes(sum(own), dtypes.weight_bits)


def _macs(graph: Graph) -> int | None:
    counts = [node.op.macs(node.in_shapes, node.out_shapes) for node in graph.nodes]
    return None if None in counts else sum(count or 0 for count in counts)


def _wraps(node: Node) -> bool:
    return node.op.wraps or "circular" in node.op.arguments().values()


def _size(extents: Sequence[int]) -> str:
    return "x".join(map(str, extents))
