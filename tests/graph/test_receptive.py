"""Receptive fields against brute force: sets of positions traced back tap by tap, on the plane and on the actual map.

The known sizes are published or measured: VGG-16, ResNet-18 and ResNet-50 by Araujo, Norris and Sim 2019
(doi:10.23915/distill.00021), the original U-Net's 204 and 188 from gradients in PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recursion import recursion
from share import part

import cnncalc
from cnncalc.analysis.field import PERIOD_LIMIT, AxisField, Periodic, map_field, source_field, through, union
from cnncalc.analysis.receptive import Misalignment, NodeField, receptive_fields, unit_box
from cnncalc.graph.graph import Graph, Node, Ref
from cnncalc.values.axis import (
    BROADCAST,
    IDENTITY,
    WHOLE,
    Broadcast,
    Interpolate,
    Nearest,
    Reach,
    Slide,
    Table,
    Transpose,
    Whole,
    Window,
    adaptive_window,
)
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.analysis.field import Local
    from cnncalc.ops.operator import Operator


@dataclass
class FakeOperator:
    """What the analysis asks of an operator, and nothing else."""

    reaches: tuple[tuple[Reach, ...], ...]
    gated: tuple[int, ...] = ()

    def reach(self, _ins: object, _outs: object) -> tuple[tuple[Reach, ...], ...]:
        return self.reaches

    def gates(self, _ins: object, _outs: object) -> tuple[int, ...]:
        return self.gated

    def unsaid(self, _ins: object, _outs: object) -> frozenset[int]:
        return frozenset()

    def kept_axes(self, _ins: object, _outs: object) -> None:
        return None

    def statistics(self, ins: tuple[Shape, ...]) -> tuple[bool, ...]:
        return (False,) * (len(ins[0]) - 1)


@dataclass
class Net:
    """A graph under construction; the extents of the maps are stated, not computed."""

    inputs: dict[str, tuple[int, ...]] = field(default_factory=lambda: {"input": (40,)})
    nodes: list[Node] = field(default_factory=list)

    def graph(self) -> Graph:
        return Graph({name: Shape((1, *extents)) for name, extents in self.inputs.items()}, self.nodes)

    def extents(self, index: int) -> tuple[int, ...]:
        return self.graph().shape((index, 0)).spatial

    def add(
        self,
        reaches: Sequence[Sequence[Reach]],
        inputs: Sequence[int],
        extents: tuple[int, ...] | None = None,
        gates: tuple[int, ...] = (),
    ) -> int:
        refs: tuple[Ref, ...] = tuple((index, 0) for index in inputs)
        shapes = tuple(Shape((1, *self.extents(index))) for index in inputs)
        out = Shape((1, *(self.extents(inputs[0]) if extents is None else extents)))
        operator = cast("Operator", FakeOperator(tuple(tuple(r) for r in reaches), gates))
        self.nodes.append(Node(f"n{len(self.nodes)}", operator, refs, shapes, (out,)))
        return len(self.nodes) - 1

    def then(self, reach: Reach, before: int | None = None, extent: int | None = None) -> int:
        """Add a layer with the same reach on every axis, by default behind the last one."""
        index = len(self.nodes) - 1 if before is None else before
        rank = len(self.extents(index))
        return self.add([[reach] * rank], [index], None if extent is None else (extent,) * rank)

    def merge(self, *inputs: int, gates: tuple[int, ...] = ()) -> int:
        rank = len(self.extents(inputs[0]))
        return self.add([[IDENTITY] * rank] * len(inputs), inputs, gates=gates)

    def fields(self) -> list[NodeField]:
        return receptive_fields(self.graph())[0]

    def findings(self) -> list[Misalignment]:
        return receptive_fields(self.graph())[1]

    def last(self, axis: int = 0) -> AxisField:
        return self.fields()[-1].spatial[axis]


def conv(kernel: int, stride: int = 1, before: int | None = None) -> Slide:
    return Slide(kernel, stride, 1, kernel // 2 if before is None else before)


def chain(*reaches: Reach, inputs: tuple[int, ...] = (40,)) -> Net:
    net = Net({"input": inputs})
    for reach in reaches:
        net.then(reach)
    return net


def taps_by_definition(reach: Reach, x: int) -> set[int]:
    """Read each operator's definition literally."""
    match reach:
        case Slide(kernel, stride, dilation, before):
            return {x * stride - before + dilation * t for t in range(kernel)}
        case Transpose(kernel, stride, dilation, before):
            written = {t: x + before - dilation * t for t in range(kernel)}
            return {place // stride for place in written.values() if place % stride == 0}
        case Nearest(factor):
            return {floor(Fraction(x, factor))}
        case Interpolate(factor, margin):
            u = (x + Fraction(1, 2)) / factor - Fraction(1, 2)
            more = margin if u.denominator > 1 else 0
            return set(range(floor(u) - more, ceil(u) + more + 1))
        case Table(windows):
            return set(range(windows[x][0], windows[x][1] + 1))
        case Broadcast():
            return {0}
        case Whole():
            raise AssertionError
    raise AssertionError


slides = st.builds(Slide, st.integers(1, 5), st.integers(1, 3), st.integers(1, 3), st.integers(-2, 4))
transposes = st.builds(Transpose, st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(-2, 4))
local = st.one_of(
    slides,
    transposes,
    st.builds(Nearest, st.integers(1, 3)),
    st.builds(Interpolate, st.integers(1, 3), st.integers(0, 1)),
)


@given(local, st.integers(-50, 50))
def test_taps_are_those_of_the_definition(reach: Slide | Transpose | Nearest | Interpolate, x: int) -> None:
    taps = reach.taps(x)
    assert set(taps) == taps_by_definition(reach, x)
    assert list(taps) == sorted(set(taps))
    every, advance = reach.cycle
    assert [i + advance for i in taps] == list(reach.taps(x + every))


@dataclass
class Traced:
    """A random network on one axis, with the answer: the set of pixels that a unit of a node depends on."""

    net: Net
    steps: dict[int, Fraction | None] = field(default_factory=lambda: {-1: Fraction(1)})  # None: the actual map counts
    seen: dict[tuple[int, int], frozenset[int]] = field(default_factory=dict)

    def pixels(self, node: int, x: int) -> frozenset[int]:
        if node == -1:
            on_map = 0 <= x < self.net.extents(-1)[0]
            return frozenset((x,)) if self.steps[-1] is not None or on_map else frozenset()
        if self.steps[node] is None and not 0 <= x < self.net.extents(node)[0]:
            return frozenset()
        if (node, x) not in self.seen:
            layer = self.net.nodes[node]
            found: set[int] = set()
            for (before, _), (reach,) in zip(layer.inputs, layer.op.reach((), ()), strict=True):
                for tap in taps_by_definition(reach, x):
                    found |= self.pixels(before, tap)
            self.seen[node, x] = frozenset(found)
        return self.seen[node, x]

    def hull(self, node: int, x: int) -> tuple[int, int] | None:
        pixels = self.pixels(node, x)
        return (min(pixels), max(pixels)) if pixels else None


@st.composite
def traced(draw: st.DrawFn, *, tables: bool) -> Traced:
    case = Traced(Net())
    net, steps = case.net, case.steps
    for _ in range(draw(st.integers(1, 6))):
        one = draw(st.integers(max(len(net.nodes) - 2, 0) - 1, len(net.nodes) - 1))
        kind = draw(st.sampled_from(["local", "local", "merge", *(["table"] if tables else [])]))
        if kind == "merge":
            other = draw(st.integers(-1, len(net.nodes) - 1))
            extent = min(net.extents(one)[0], net.extents(other)[0])
            index = net.add([[IDENTITY], [IDENTITY]], [one, other], (extent,))
            steps[index] = steps[one] if steps[one] == steps[other] else None
        elif kind == "table":
            size = net.extents(one)[0]
            out = draw(st.integers(1, min(size + 3, 12)))
            table = Table(tuple(adaptive_window(j, size, out) for j in range(out)))
            steps[net.add([[table]], [one], (out,))] = None
        else:
            reach = draw(local)
            every, advance = reach.cycle
            extent = min(max(net.extents(one)[0] * every // advance + draw(st.integers(-2, 2)), 1), 90)
            before = steps[one]
            steps[net.add([[reach]], [one], (extent,))] = None if before is None else before * advance / every
    return case


@settings(max_examples=part(300), deadline=None)
@given(traced(tables=False))
def test_the_plane_agrees_with_brute_force(case: Traced) -> None:
    for index, result in enumerate(case.net.fields()):
        (axis,) = result.spatial
        assert result.true is result.spatial
        step = case.steps[index]
        extent = case.net.extents(index)[0]
        if step is None:
            positions = list(range(extent))
        else:
            assert axis.jump == step
            period = len(axis.entries) if isinstance(axis, Periodic) else 1
            positions = list(range(-period, 2 * period)) if period < 200 else list(range(-200, 200))
        hulls = [case.hull(index, x) for x in positions]
        assert [axis.at(x) for x in positions] == hulls
        if positions[0] > -200:
            sizes = [0 if hull is None else hull[1] - hull[0] + 1 for hull in hulls]
            assert (axis.size, axis.smallest) == (max(sizes), min(sizes))
        first = case.hull(index, 0)
        assert axis.start == (None if first is None else first[0])


@settings(max_examples=part(300), deadline=None)
@given(traced(tables=True))
def test_the_actual_map_agrees_with_brute_force(case: Traced) -> None:
    for index, result in enumerate(case.net.fields()):
        (axis,) = result.spatial
        hulls = [case.hull(index, x) for x in range(case.net.extents(index)[0])]
        assert [axis.at(x) for x in range(len(hulls))] == hulls
        if case.steps[index] is None:
            sizes = [0 if hull is None else hull[1] - hull[0] + 1 for hull in hulls]
            assert (axis.size, axis.smallest) == (max(sizes), min(sizes))


def test_a_crop_at_the_end_shortens_the_actual_map() -> None:
    net = Net({"input": (9,)})
    net.add([[Table(((0, 2), (2, 5), (5, 8)))]], [-1], (3,))
    net.then(IDENTITY, extent=2)
    net.then(conv(3))
    assert [net.last().at(x) for x in range(3)] == [(0, 5), (0, 5), None]
    net.then(IDENTITY, extent=3)
    assert net.last().smallest == 0


@settings(max_examples=part(200), deadline=None)
@given(traced(tables=True))
def test_the_box_on_the_map_holds_no_more_than_what_reaches_the_unit(case: Traced) -> None:
    graph, last = case.net.graph(), len(case.net.nodes) - 1
    plane = case.hull(last, 0)
    assert unit_box(graph, last, (0,)) == {"input": (plane,)}
    case.steps.update(dict.fromkeys(case.steps, None))
    case.seen.clear()
    for x in (0, case.net.extents(last)[0] - 1):
        assert unit_box(graph, last, (x,), on_map=True) == {"input": (case.hull(last, x),)}


windows_of_a_chain = st.builds(Window, st.integers(1, 7), st.integers(1, 3), st.integers(1, 3), st.integers(0, 3))


@given(st.lists(windows_of_a_chain, min_size=1))
def test_forward_and_reverse_recursion_agree(windows: list[Window]) -> None:
    net = chain(*(Slide(w.kernel, w.stride, w.dilation, w.before) for w in windows))
    sizes = recursion(windows)
    assert net.last().size == net.last().smallest == sizes[0]
    assert len(sizes) == len(windows) + 1
    assert sizes[-1] == 1


@given(traced(tables=False), st.integers(-20, 20))
def test_a_merge_is_the_union_of_its_paths(case: Traced, x: int) -> None:
    net = case.net
    index = net.merge(*range(len(net.nodes)))
    fields = net.fields()
    parts = [result.spatial[0] for result in fields[:index]]
    extent = net.extents(index)[0]
    merged = fields[index].spatial[0]
    if len({part.jump for part in parts}) > 1 or any(case.steps[k] is None for k in range(index)):
        x %= extent
    present = [hull for part in parts if (hull := part.at(x)) is not None]
    assert merged.at(x) == ((min(lo for lo, _ in present), max(hi for _, hi in present)) if present else None)


# Known networks


VGG16 = [r for n in (2, 2, 3, 3, 3) for r in (*[conv(3)] * n, Slide(2, 2))]


def resnet(blocks: Sequence[int], body: Callable[[int], list[Slide]], inputs: tuple[int, ...] = (224, 224)) -> Net:
    net = chain(conv(7, 2), conv(3, 2), inputs=inputs)
    for stage, count in enumerate(blocks):
        for i in range(count):
            stride = 2 if stage and not i else 1
            skip = start = len(net.nodes) - 1
            for reach in body(stride):
                start = net.then(reach, start)
            if not i:
                skip = net.then(conv(1, stride), skip)
            net.merge(start, skip)
    return net


def test_vgg16() -> None:
    field = chain(*VGG16).last()
    assert (field.size, field.jump, field.start) == (212, 32, -90)


@pytest.mark.parametrize(
    ("blocks", "body", "size", "padding"),
    [
        ((2, 2, 2, 2), lambda s: [conv(3, s), conv(3)], 435, 217),
        ((3, 4, 6, 3), lambda s: [conv(3, s), conv(3)], 899, 449),
        ((3, 4, 6, 3), lambda s: [conv(1), conv(3, s), conv(1)], 427, 213),
        ((3, 4, 6, 3), lambda s: [conv(1, s), conv(3), conv(1)], 483, 241),
        ((3, 4, 23, 3), lambda s: [conv(1), conv(3, s), conv(1)], 971, 485),
    ],
    ids=["resnet18", "resnet34", "resnet50", "resnet50-v1", "resnet101"],
)
def test_resnets(blocks: Sequence[int], body: Callable[[int], list[Slide]], size: int, padding: int) -> None:
    net = resnet(blocks, body)
    for axis in (0, 1):
        field = net.last(axis)
        assert (field.size, field.smallest, field.jump, field.start) == (size, size, 32, -padding)
    assert net.findings() == []


def test_after_a_pool_kernel_4_sees_4_everywhere_and_kernel_3_alternates() -> None:
    even = chain(Slide(2, 2), Transpose(4, 2, 1, 1)).last()
    assert (even.size, even.smallest, even.jump) == (4, 4, 1)
    odd = chain(Slide(2, 2), Transpose(3, 2, 1, 1)).last()
    assert (odd.size, odd.smallest, odd.jump) == (4, 2, 1)
    assert [hi - lo + 1 for lo, hi in filter(None, map(odd.at, range(6)))] == [2, 4, 2, 4, 2, 4]


def unet() -> Net:
    """The network of arXiv:1505.04597: valid convolutions, and skips cropped at the centre."""
    net = Net({"input": (572,)})
    extent, last, skips = 572, -1, []
    for level in range(5):
        for _ in range(2):
            extent -= 2
            last = net.then(Slide(3), last, extent)
        if level < 4:
            skips.append((last, extent))
            extent //= 2
            last = net.then(Slide(2, 2), last, extent)
    for skip, size in reversed(skips):
        extent *= 2
        last = net.then(Transpose(2, 2), last, extent)
        cropped = net.then(Slide(before=-((size - extent) // 2)), skip, extent)
        last = net.merge(cropped, last)
        for _ in range(2):
            extent -= 2
            last = net.then(Slide(3), last, extent)
    assert extent == 388
    return net


def test_unet_sees_188_at_4_of_16_positions_and_204_at_12() -> None:
    net = unet()
    field = net.last()
    assert (field.size, field.smallest, field.jump) == (204, 188, 1)
    sizes = [hi - lo + 1 for lo, hi in filter(None, map(field.at, range(32)))]
    assert sizes == [*[188] * 4, *[204] * 12] * 2
    case = Traced(net, dict.fromkeys(range(-1, len(net.nodes)), Fraction(1)))
    assert [field.at(x) for x in range(16)] == [case.hull(len(net.nodes) - 1, x) for x in range(16)]
    assert net.findings() == []


# Graphs


def test_a_gate_is_ignored_on_the_spatial_path_and_seen_by_the_true_field() -> None:
    net = Net({"input": (32, 48)})
    features = net.then(conv(3), -1)
    pooled = net.add([[WHOLE, WHOLE]], [features], (1, 1))
    gate = net.then(conv(1), pooled)
    gated = net.add([[IDENTITY] * 2, [BROADCAST] * 2], [features, gate], (32, 48), gates=(1,))
    after = net.then(conv(3))
    fields = net.fields()
    assert fields[features].true is fields[features].spatial
    assert [f.size for f in fields[gated].spatial] == [3, 3]
    assert [(f.size, f.is_global, f.jump, f.start) for f in fields[gated].true] == [
        (32, True, None, None),
        (48, True, None, None),
    ]
    assert [f.size for f in fields[after].spatial] == [5, 5]
    assert [f.size for f in fields[after].true] == [32, 48]
    assert net.findings() == []
    assert unit_box(net.graph(), after, (0, 7)) == {"input": ((0, 31), (0, 47))}
    assert unit_box(net.graph(), after, (0, 7), gates=False) == {"input": ((-2, 2), (5, 9))}


def test_a_gate_that_does_not_see_everything_uses_the_actual_map() -> None:
    net = Net({"input": (6,)})
    gate = net.then(Slide(4, 4), -1, 1)
    gated = net.add([[IDENTITY], [BROADCAST]], [-1, gate], (6,), gates=(1,))
    result = net.fields()[gated]
    assert result.spatial[0].size == 1
    assert [result.true[0].at(x) for x in range(6)] == [(0, 3)] * 4 + [(0, 4), (0, 5)]


def test_a_vector_has_the_axes_of_the_network_input() -> None:
    net = Net({"input": (32, 48)})
    net.then(conv(3), -1)
    net.add([[]], [0], ())
    net.add([[]], [1], ())
    net.add([[WHOLE]], [2], (10,))
    net.add([[WHOLE, WHOLE]], [3], (5, 2))
    for result in net.fields()[1:]:
        assert [(axis.size, axis.is_global) for axis in result.spatial] == [(32, True), (48, True)]
    assert unit_box(net.graph(), 2, ()) == {"input": ((0, 31), (0, 47))}


def test_a_vector_input_has_no_axes() -> None:
    net = Net({"z": ()})
    net.add([[]], [-1], ())
    net.add([[WHOLE, WHOLE]], [0], (4, 4))
    net.then(Transpose(4, 2, 1, 1))
    assert [result.spatial for result in net.fields()] == [(), (), ()]
    assert unit_box(net.graph(), 2, (0, 0)) == {"z": ()}


def test_axes_are_independent() -> None:
    net = Net({"input": (40, 50)})
    net.add([[Slide(3, 2, 1, 1), Slide(1, 1, 1, 0)]], [-1], (20, 50))
    net.add([[IDENTITY, Nearest(2)]], [0], (20, 100))
    net.add([[IDENTITY, WHOLE]], [1], (20, 1))
    one, two, three = net.fields()
    assert [(f.size, f.jump, f.start) for f in one.spatial] == [(3, 2, -1), (1, 1, 0)]
    assert [(f.size, f.jump) for f in two.spatial] == [(3, 2), (1, Fraction(1, 2))]
    assert [(f.size, f.is_global) for f in three.spatial] == [(3, False), (50, True)]


def test_fields_of_further_inputs() -> None:
    net = Net({"left": (30,), "right": (30,)})
    left, right = net.then(conv(3), -1), net.then(conv(5), -2)
    both = net.merge(right, left)
    fields = net.fields()
    assert [fields[k].source for k in (left, right, both)] == ["left", "right", "left"]
    assert fields[right].spatial[0].size == 5
    assert not fields[right].others
    assert fields[both].spatial[0].size == 3
    assert {name: axes[0].size for name, axes in fields[both].others.items()} == {"right": 5}
    assert unit_box(net.graph(), both, (9,)) == {"left": ((8, 10),), "right": ((7, 11),)}
    assert net.findings() == []


def test_a_gate_from_another_input_is_among_the_others() -> None:
    net = Net({"code": (4,), "image": (30,)})
    gate = net.add([[WHOLE]], [-1], (1,))
    gated = net.add([[BROADCAST], [IDENTITY]], [gate, -2], (30,), gates=(0,))
    result = net.fields()[gated]
    assert (result.source, result.spatial[0].size, result.others["code"][0].is_global) == ("image", 1, True)


def test_layers_that_change_nothing_share_their_field() -> None:
    net = chain(conv(3), IDENTITY, IDENTITY, inputs=(20, 20))
    fields = net.fields()
    assert fields[0] is fields[1] is fields[2]


# Misaligned merges


def test_a_padded_branch_is_found_with_its_offset() -> None:
    net = Net({"input": (20, 20)})
    straight = net.then(conv(3), -1)
    shifted = net.add([[Slide(3, 1, 1, 1), Slide(2, 1, 1, 0)]], [-1], (20, 20))
    node = net.merge(straight, shifted)
    (finding,) = net.findings()
    assert (finding.node, finding.axis, finding.kind, finding.inputs) == (node, 1, "centre", (0, 1))
    assert finding.offset == Fraction(1, 2)
    assert finding.source == "input"
    assert [(f.size, f.start) for f in net.fields()[node].spatial] == [(3, -1), (3, -1)]


def test_paths_that_advance_at_different_rates_use_the_actual_map() -> None:
    net = Net({"input": (8,)})
    slow, fast = net.then(conv(1), -1, 4), net.then(conv(1, 2), -1, 4)
    node = net.merge(slow, fast)
    (finding,) = net.findings()
    assert (finding.kind, finding.jumps) == ("jump", (1, 2))
    field = net.fields()[node].spatial[0]
    assert [field.at(x) for x in range(4)] == [(0, 0), (1, 2), (2, 4), (3, 6)]
    assert (field.size, field.smallest, field.start, field.jump) == (4, 1, 0, Fraction(3, 2))


@pytest.mark.parametrize(
    ("up", "offset"),
    [
        (Nearest(2), None),
        (Interpolate(2), None),
        (Transpose(2, 2), None),
        (Transpose(4, 2, 1, 1), None),
        (Transpose(3, 2, 1, 1), Fraction(1, 2)),
    ],
)
def test_a_decoder_step_meets_its_skip(up: Reach, offset: Fraction | None) -> None:
    net = Net({"input": (16,)})
    net.then(Slide(2, 2), -1, 8)
    fine = net.then(up, 0, 16)
    net.merge(-1, fine)
    assert [finding.offset for finding in net.findings()] == ([] if offset is None else [offset])


def test_each_path_is_compared_with_the_first_that_has_a_place() -> None:
    net = Net({"input": (20,)})
    everything = net.add([[WHOLE]], [-1], (20,))
    one, two, three = net.then(conv(3), -1), net.then(conv(5), -1), net.then(Slide(3), -1)
    net.merge(everything, one, two, three)
    assert [(f.inputs, f.offset) for f in net.findings()] == [((1, 3), Fraction(1))]
    assert net.last().is_global


# Corners


def through_all(*reaches: Local, extent: int = 8) -> AxisField:
    result = source_field()
    for reach in reaches:
        result = through(result, reach, extent)
    return result


def test_units_that_no_tap_reaches_are_empty() -> None:
    holes = through_all(Transpose(1, 2))
    assert (holes.size, holes.smallest, holes.jump, holes.start) == (1, 0, Fraction(1, 2), 0)
    assert (holes.at(2), holes.at(3)) == ((1, 1), None)
    only_holes = through_all(Transpose(1, 2), Slide(1, 2, 1, 1))
    assert (only_holes.size, only_holes.smallest, only_holes.start, only_holes.at(5)) == (0, 0, None, None)
    assert only_holes.centre is None
    filled = union([holes, through_all(Transpose(1, 2, 1, 1))], 8)
    assert (filled.size, filled.smallest) == (1, 1)


def test_the_period_is_the_least() -> None:
    field = through_all(Nearest(4), Slide(4, 4))
    assert not isinstance(field, Periodic)
    assert (field.size, field.jump, field.start) == (1, 1, 0)
    half = through_all(Nearest(4), Slide(1, 2))
    assert isinstance(half, Periodic)
    assert len(half.entries) == 2


def test_an_absurd_period_is_unknown_and_stays_so() -> None:
    field = through_all(Nearest(PERIOD_LIMIT), Transpose(3, 2, 1, 1))
    assert field.unknown
    assert (field.size, field.smallest, field.jump, field.start, field.centre) == (None,) * 5
    assert through(field, conv(3), 8).unknown
    assert union([field, source_field()], 8).unknown
    assert through(through_all(Nearest(60_000)), Slide(10**18), 8).unknown
    assert through_all(Nearest(1000), Slide(10**18)).size == 10**15 + 1
    with pytest.raises(ValueError, match="unknown"):
        field.at(0)
    net = chain(Nearest(PERIOD_LIMIT), Nearest(2), WHOLE)
    assert net.last().is_global


def test_numbers_of_any_size_are_exact() -> None:
    field = chain(*[Slide(3, 2, 1, 1)] * 100).last()
    assert (field.size, field.jump, field.start) == (2**101 - 1, 2**100, 1 - 2**100)


def test_a_table_reads_units_of_the_plane_and_later_taps_stay_on_the_map() -> None:
    field = through_all(conv(3))
    field = through(field, Table(((0, 3), (3, 6), (6, 9))), 3)
    assert [field.at(x) for x in (-1, 0, 1, 2, 3)] == [None, (-1, 4), (2, 7), (5, 10), None]
    assert (field.jump, field.start, field.centre) == (3, -1, Fraction(3, 2))
    assert [through(field, conv(3), 3).at(x) for x in range(3)] == [(-1, 7), (-1, 10), (2, 10)]


def test_the_actual_map_of_one_position_has_no_step() -> None:
    field = through(map_field(5), Slide(5), 1)
    assert (field.size, field.jump, field.centre, field.start) == (5, None, None, 0)


def test_a_position_of_another_rank_is_refused() -> None:
    with pytest.raises(ValueError, match="2 coordinates, received 1"):
        unit_box(chain(conv(3), inputs=(9, 9)).graph(), 0, (1,))


def test_views_that_only_drop_or_add_extents_of_one_keep_the_other_axes() -> None:
    """Of a CRNN along time: a window of 3 sees [-1, 1], one of stride 2 behind it [-2, 2], one more [-4, 4]."""
    spec = """cnncalc: 1
input: [1, 32, 100]
layers:
  - {conv: {out: 8, kernel: [32, 3], padding: [0, 1]}, as: first}
  - {reshape: [8, 100], as: squeezed}
  - {flatten: {start: 0, end: 1}, from: first, as: flat}
  - {conv: {out: 8, kernel: 3, padding: 1, stride: 2}, from: squeezed, as: second}
  - {reshape: [8, 1, 50], as: back}
  - {conv: {out: 8, kernel: [1, 3], padding: [0, 1]}, as: third}
  - {reshape: [50, 8], as: mixed}
outputs: [flat, mixed]
"""
    rows = {row.path: row for row in cnncalc.analyze(cnncalc.parse(spec)).layers}
    for path in ("squeezed", "flat"):
        assert (rows[path].receptive_field, rows[path].jump, rows[path].start) == ((3,), (1,), (-1,))
    assert (rows["second"].receptive_field, rows["second"].jump, rows["second"].start) == ((5,), (2,), (-2,))
    assert (rows["third"].receptive_field[1], rows["third"].jump[1], rows["third"].start[1]) == (9, 2, -4)
    assert rows["mixed"].is_global
