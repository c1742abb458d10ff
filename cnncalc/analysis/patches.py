"""Running the first stage of a network patch by patch: memory and work, exact through what every layer reads.

From each patch of the stage's last map, the part that it needs of every map before is an interval per axis: the hull
of the taps of all readers, held inside the map. Parts of neighbouring patches overlap, and are computed anew in each.
Source of the scheme: Lin, Chen, Cai, Gan and Han 2021, MCUNetV2, arXiv:2110.15352.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from cnncalc.analysis.liveness import Lifetimes
from cnncalc.results.patches import Patches
from cnncalc.values.axis import Whole
from cnncalc.values.dtypes import Dtypes, tensor_bytes
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.graph.graph import Graph, Node

Interval: TypeAlias = "tuple[int, int]"
"""First and last position of a map on one axis."""
MOST_SPLIT = 8
"""The search for the best split tries up to so many patches on an axis."""
TRIES = 3_000
OVERHEAD = 0.25
"""The search for the best split allows so much more work, unless told otherwise."""


class CannotSplitError(ValueError):
    """A network cannot run patch by patch as asked."""


class PatchNeeds(NamedTuple):
    """What one patch needs on one axis: an interval of every map of the stage, and of the inputs (negative indices)."""

    of: dict[int, Interval]


def cuts(graph: Graph) -> list[int]:
    """Return the layers behind which nothing is needed but their own map, in order."""
    last: dict[int, int] = {}
    for index, node in enumerate(graph.nodes):
        for before, _ in node.inputs:
            last[before] = index
    for before, _ in graph.outputs.values():
        last[before] = len(graph.nodes)
    reach, found = -1, []
    for index, node in enumerate(graph.nodes[:-1]):
        reach = max([reach, *(last.get(before, -1) for before, _ in node.inputs)])
        earlier = max((last.get(k, -1) for k in range(-len(graph.inputs), index)), default=-1)
        if earlier <= index and len(node.out_shapes) == 1 and node.out_shapes[0].spatial:
            found.append(index)
    return found


def splittable(graph: Graph) -> list[int]:
    """Return the cuts before which every layer reads windows only, so that a patch needs no whole map."""
    rank = len(next(iter(graph.inputs.values())).spatial)
    windowed = -1
    for index, node in enumerate(graph.nodes):
        reaches = node.op.reach(node.in_shapes, node.out_shapes)
        whole = any(isinstance(reach, Whole) or len(each) != rank for each in reaches for reach in each)
        if whole or any(node.op.statistics(node.in_shapes)) or len(node.out_shapes[0].spatial) != rank:
            break
        windowed = index
    return [index for index in cuts(graph) if index <= windowed]


def parts(graph: Graph, cut: int, axis: int, count: int) -> list[PatchNeeds]:
    """Return what each of `count` patches on one axis needs of every map up to the cut."""
    extent = graph.nodes[cut].out_shapes[0].spatial[axis]
    found = []
    for number in range(count):
        needed: dict[int, Interval] = {cut: (number * extent // count, (number + 1) * extent // count - 1)}
        for index in range(cut, -1, -1):
            if index not in needed:
                continue
            node = graph.nodes[index]
            first, last = needed[index]
            reaches = node.op.reach(node.in_shapes, node.out_shapes)
            for (before, _), shape, reach in zip(node.inputs, node.in_shapes, reaches, strict=True):
                low, high = _hull(reach[axis], first, last)
                low, high = max(low, 0), min(high, shape.spatial[axis] - 1)
                if high < low:
                    low = high = min(max(low, 0), shape.spatial[axis] - 1)
                old = needed.get(before, (low, high))
                needed[before] = min(low, old[0]), max(high, old[1])
        found.append(PatchNeeds(needed))
    return found


def _hull(reach: object, first: int, last: int) -> Interval:
    """Return the first and last position that units from `first` to `last` read; (0, -1) where they read none."""
    every = reach.cycle[0] if hasattr(reach, "cycle") else last - first + 1
    ends = {*range(first, min(first + every, last + 1)), *range(max(last - every + 1, first), last + 1)}
    found = [taps for x in ends if (taps := reach.taps(x))]  # type: ignore[attr-defined]
    return (min(taps[0] for taps in found), max(taps[-1] for taps in found)) if found else (0, -1)


def _alike(axes: list[list[PatchNeeds]], needed: list[int]) -> Iterator[tuple[tuple[tuple[int, ...], ...], int]]:
    """Yield the extents of every map for each kind of patch, axis by axis, and how many patches are of that kind."""
    kinds: list[dict[tuple[int, ...], int]] = []
    for parted in axes:
        found: dict[tuple[int, ...], int] = {}
        for part in parted:
            lengths = tuple(part.of[k][1] - part.of[k][0] + 1 for k in needed)
            found[lengths] = found.get(lengths, 0) + 1
        kinds.append(found)
    for chosen in product(*(kind.items() for kind in kinds)):
        yield tuple(lengths for lengths, _ in chosen), prod(many for _, many in chosen)


def channelwise(node: Node) -> bool:
    """Return whether a layer has one filter for each channel, and can so write over its input channel by channel."""
    held = node.op.tensors(node.in_shapes) or ()
    channels = node.in_shapes[0].channels
    return any(t.entering is not None and t.shape[:2] == (channels, 1) for t in held) and (
        node.out_shapes[0].channels == channels and node.out_shapes[0].elements <= node.in_shapes[0].elements
    )


class Stage(NamedTuple):
    """One way to split: a cut and patches on each axis."""

    cut: int
    split: tuple[int, ...]


class Splitter:
    """The ways to run one deployed network patch by patch.

    Raises:
        CannotSplitError: no stage of it can.
    """

    def __init__(self, graph: Graph, dtypes: Dtypes, batch: int = 1) -> None:
        self.graph = graph
        self.bits = dtypes.activation_bits
        self.batch = batch
        self.lives = Lifetimes(graph)
        self.cuts = splittable(graph)
        self.known: dict[tuple[int, int, int], list[PatchNeeds]] = {}
        if not self.cuts:
            raise CannotSplitError("no layer of this network gives a map that could be put together from patches")
        self.sizes = [
            tensor_bytes(size * batch, self.lives.bits(ref) or self.bits)
            for ref, size in zip(self.lives.refs, self.lives.sizes, strict=True)
        ]
        self.over = [self._overwritten(index) for index in range(len(graph.nodes))]
        self.whole = self._profile(self.sizes, range(len(graph.nodes)), [])
        macs = [node.op.macs(node.in_shapes, node.out_shapes) or 0 for node in graph.nodes]
        self.macs = [batch * n for n in macs]

    def _overwritten(self, index: int) -> tuple[int, int] | None:
        """Return the storages of the input that a layer may write over, and of its result; None where it may not."""
        node, lives = self.graph.nodes[index], self.lives
        if not node.op.moves or len(node.out_shapes) != 1 or not (node.op.in_place or channelwise(node)):
            return None
        source = next((s for ref in node.inputs if lives.last[s := lives.storage(ref)] == index), None)
        return None if source is None else (source, lives.home[index])

    def _saving(self, profile: list[int], sizes: list[int], start: int = 0) -> int:
        """Return the peak of a profile where layers write over their inputs, of which a result takes no new room."""
        spared = [0 if over is None else min(sizes[over[0]], sizes[over[1]]) for over in self.over[start:]]
        return max((alive - spare for alive, spare in zip(profile, spared, strict=False)), default=0)

    def _profile(self, sizes: list[int], layers: range, left_out: list[int]) -> list[int]:
        """Return the bytes alive during each of some layers, storages left out that do not count."""
        skipped = set(left_out)
        count = len(self.graph.nodes)
        change = [0] * (count + 2)
        for number, ((index, _), size, last) in enumerate(zip(self.lives.refs, sizes, self.lives.last, strict=True)):
            if number not in skipped and last >= 0:
                change[max(index, 0)] += size
                change[min(last, count - 1) + 1] -= size
        alive, found = 0, []
        for index in range(layers.stop):
            alive += change[index]
            if index >= layers.start:
                found.append(alive)
        return found

    def find(self, layer: str) -> int:
        """Return the cut at a layer, or at the last layer of a block.

        Raises:
            CannotSplitError: it is none.
        """
        paths = [node.path for node in self.graph.nodes]
        inside = [k for k, path in enumerate(paths) if path == layer or path.startswith(f"{layer}.")]
        if not inside:
            raise CannotSplitError(f"there is no layer or block '{layer}'")
        if inside[-1] not in self.cuts:
            near = min(self.cuts, key=lambda k: abs(k - inside[-1]))
            raise CannotSplitError(f"'{layer}' is no place to put patches together: other maps are needed behind it, "
                                   f"or a layer before it sees its whole map; '{paths[near]}' is one")  # fmt: skip
        return inside[-1]

    def parts(self, cut: int, axis: int, count: int) -> list[PatchNeeds]:
        """Return what patches need on one axis; known ones once."""
        key = cut, axis, count
        if key not in self.known:
            self.known[key] = parts(self.graph, cut, axis, count)
        return self.known[key]

    def run(self, stage: Stage) -> Patches:
        """Return what a way to split does to memory and work.

        Raises:
            CannotSplitError: the map has fewer positions than there are patches.
        """
        graph, cut = self.graph, stage.cut
        shape = graph.nodes[cut].out_shapes[0]
        if any(n > extent for n, extent in zip(stage.split, shape.spatial, strict=True)):
            raise CannotSplitError(f"{'x'.join(map(str, stage.split))} patches of a map of {shape} are too many")
        axes = [self.parts(cut, axis, n) for axis, n in enumerate(stage.split)]
        needed = sorted(axes[0][0].of)
        store = self.lives.home[cut]
        inputs = list(range(self.lives.inputs))
        peaks = [0] * (cut + 1)
        saving = 0
        macs, largest, source = 0, (0,) * len(axes), (0,) * len(axes)
        for combination, many in _alike(axes, needed):
            extents = dict(zip(needed, zip(*combination, strict=True), strict=True))
            sizes = list(self.sizes)
            for number, ref in enumerate(self.lives.refs):
                if ref[0] in extents and ref[0] != cut:
                    channels = graph.shape(ref).channels
                    count = channels * prod(extents[ref[0]]) * self.batch
                    sizes[number] = tensor_bytes(count, self.lives.bits(ref) or self.bits)
            profile = self._profile(sizes, range(cut + 1), [store])
            saving = max(saving, self._saving(profile[:-1], sizes), profile[-1])
            peaks = [max(old, new) for old, new in zip(peaks, profile, strict=True)]
            macs += many * sum(self._work(index, extents) for index in needed if index >= 0)
            largest = max(largest, extents[cut], key=prod)
            source = max(source, extents.get(-1, source), key=prod)
        peaks = [peak + self.sizes[store] for peak in peaks]
        rest = self._profile(self.sizes, range(cut + 1, len(graph.nodes)), inputs)
        saving = max(saving + self.sizes[store], self._saving(rest, self.sizes, cut + 1))
        profile = [*peaks, *rest]
        top = max(range(len(profile)), key=profile.__getitem__)
        before = max(range(len(self.whole)), key=self.whole.__getitem__)
        return Patches(
            split=stage.split, layer=graph.nodes[cut].path, map=shape.spatial, patch=largest, input_patch=source,
            peak=profile[top], peak_layer=graph.nodes[top].path, peak_stage=max(peaks),
            peak_rest=max(rest, default=0), peak_whole=self.whole[before],
            peak_whole_layer=graph.nodes[before].path, peak_in_place=saving,
            peak_whole_in_place=self._saving(self.whole, self.sizes), macs=macs + sum(self.macs[cut + 1 :]),
            macs_whole=sum(self.macs), profile=tuple(profile), profile_whole=tuple(self.whole),
        )  # fmt: skip

    def _work(self, index: int, extents: dict[int, tuple[int, ...]]) -> int:
        """Return the multiply-accumulates of one layer for one patch."""
        node = self.graph.nodes[index]
        ins = tuple(
            Shape((shape.channels, *extents[before]))
            for (before, _), shape in zip(node.inputs, node.in_shapes, strict=True)
        )
        outs = tuple(Shape((shape.channels, *extents[index])) for shape in node.out_shapes)
        return self.batch * (node.op.macs(ins, outs) or 0)

    def best(self, split: tuple[int, ...] | None, overhead: float = OVERHEAD) -> Patches:
        """Return the way with the least peak, of those the one with the least work; of one split or of any.

        Raises:
            CannotSplitError: none stays within the overhead.
        """
        chosen: Patches | None = None
        for number, stage in enumerate(self._stages(split)):
            if number >= TRIES:
                break
            found = self.run(stage)
            if split is None and found.extra > overhead:
                continue
            if chosen is None or (found.peak, found.macs) < (chosen.peak, chosen.macs):
                chosen = found
        if chosen is None and split is not None:
            raise CannotSplitError(f"no map that could be put together has {'x'.join(map(str, split))} positions")
        if chosen is None:
            raise CannotSplitError(f"no split stays within {overhead:.0%} more work")
        return chosen

    def _stages(self, split: tuple[int, ...] | None) -> Iterator[Stage]:
        rank = len(next(iter(self.graph.inputs.values())).spatial)
        splits = [split] if split is not None else [(n,) * rank for n in range(2, MOST_SPLIT + 1)]
        for cut in self.cuts:
            extents = self.graph.nodes[cut].out_shapes[0].spatial
            for each in splits:
                if len(each) == rank and all(n <= extent for n, extent in zip(each, extents, strict=True)):
                    yield Stage(cut, each)


def patched(graph: Graph, dtypes: Dtypes, asked: str, batch: int = 1) -> Patches:
    """Return a network patch by patch as `--patches` asks: `2x2`, `4x4@block3`, `best`, `best@10%`.

    Raises:
        CannotSplitError: it cannot run so; the message says why, or how to write it.
    """
    splitter = Splitter(graph, dtypes, batch)
    what, at, where = asked.partition("@")
    if what == "best":
        share = where.removesuffix("%")
        if at and not (where.endswith("%") and share.isdecimal() and share.isascii()):
            raise CannotSplitError(f"best@10% allows 10 % more work, got '{asked}'")
        return splitter.best(None, int(share) / 100 if at else OVERHEAD)
    numbers = what.split("x")
    if not all(n.isdecimal() and n.isascii() and 0 < int(n) < 10_000 for n in numbers):
        raise CannotSplitError(f"patches are written like 2x2, 4x4@layer or best, got '{asked}'")
    rank = len(next(iter(graph.inputs.values())).spatial)
    split = tuple(map(int, numbers))
    split = split * rank if len(split) == 1 else split
    if len(split) != rank:
        raise CannotSplitError(f"a split here has {rank} numbers, as {'x'.join('2' * rank)}, got '{what}'")
    return splitter.run(Stage(splitter.find(where), split)) if at else splitter.best(split)
