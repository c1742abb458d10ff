"""Comparisons that teach: what a design costs against the one it replaced, both counted by the same operators."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.ops.conv import Conv, Convolution, Depthwise
from cnncalc.ops.factorised import Sampled
from cnncalc.ops.linear import Flatten, Linear
from cnncalc.ops.pool import GlobalAvgPool
from cnncalc.ops.windows import per_axis

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph, Node
    from cnncalc.ops.operator import Operator
    from cnncalc.values.shape import Shape


class LayerCost(NamedTuple):
    """Parameters and multiply-accumulates of some layers."""

    params: int
    macs: int

    def plus(self, other: LayerCost) -> LayerCost:
        """Return the cost of both."""
        return LayerCost(self.params + other.params, self.macs + other.macs)

    def __str__(self) -> str:
        return f"{self.params:,} params, {self.macs:,} macs"


class _UnknownCostError(Exception):
    """Somebody else's convolution or linear layer does not know what it costs."""


def _ratio(one: LayerCost, other: LayerCost) -> str:
    return f"ratio of params: {one.params}/{other.params} = {one.params / other.params:.4f}"


def cost(op: Operator, x: Shape) -> tuple[LayerCost, Shape]:
    """Return what a layer costs on an input, and the shape it makes.

    Raises:
        _UnknownCostError: it cannot say.
    """
    outs = op.infer((x,))
    params, macs = op.params((x,)), op.macs((x,), outs)
    if params is None or macs is None:
        raise _UnknownCostError
    return LayerCost(params, macs), outs[0]


def comparisons(graph: Graph, index: int) -> list[str]:
    """Return the sentences that apply to a layer: separable, two 3x3 for one 5x5, pooled before linear."""
    try:
        return _comparisons(graph, index)
    except _UnknownCostError:
        return []


def _comparisons(graph: Graph, index: int) -> list[str]:
    node = graph.nodes[index]
    found: list[str] = []
    if isinstance(node.op, Linear):
        found += _linear(graph, node)
    if isinstance(node.op, Conv | Depthwise) and not isinstance(node.op, Sampled) and len(node.in_shapes[0]) == 3:
        found += _separable(graph, index) + _five(node) + _twice(graph, index)
    return found


def _separable(graph: Graph, index: int) -> list[str]:
    """Compare a 1x1 convolution and the depthwise one before it with the full convolution of that window."""
    node = graph.nodes[index]
    before = _behind(graph, index)
    if not (_is_plain(node, kernel=1) and before is not None and _is_depthwise(before)):
        return []
    depthwise, pointwise = before.op, node.op
    assert isinstance(depthwise, Convolution) and isinstance(pointwise, Conv)  # noqa: S101, PT018 - narrows types
    x = before.in_shapes[0]
    own = cost(depthwise, x)[0].plus(cost(pointwise, node.in_shapes[0])[0])
    full = Conv(out=pointwise.out, kernel=depthwise.kernel, stride=depthwise.stride, padding=depthwise.padding,
                dilation=depthwise.dilation, bias=pointwise.has_bias)  # fmt: skip
    other, _ = cost(full, x)
    taps = prod(per_axis(depthwise.kernel, 2, "kernel"))
    size = "x".join(map(str, per_axis(depthwise.kernel, 2, "kernel")))
    ratio = Fraction(own.macs, other.macs)
    plain = Fraction(1, pointwise.out) + Fraction(1, taps)
    law = f" = 1/N + 1/K^2 = 1/{pointwise.out} + 1/{taps}" if ratio == plain else ""
    return [
        f"depthwise {size} ({before.path}) and this 1x1: {own}",
        f"one full {size} convolution to {pointwise.out} channels: {other}",
        f"ratio of macs: {own.macs}/{other.macs}{law} = {float(ratio):.4f} (arXiv:1704.04861)",
    ]


def _five(node: Node) -> list[str]:
    """Compare a 5x5 convolution with two 3x3."""
    op = node.op
    if not (_is_plain(node, kernel=5) and isinstance(op, Conv)):
        return []
    x = node.in_shapes[0]
    window = op.windows(x)
    halves = tuple(side for w in window for side in (w.before // 2, w.after // 2))
    rest = tuple(side for w in window for side in (w.before - w.before // 2, w.after - w.after // 2))
    first, between = cost(Conv(out=op.out, kernel=3, padding=halves, bias=op.has_bias), x)
    second, _ = cost(Conv(out=op.out, kernel=3, padding=rest, bias=op.has_bias), between)
    own, _ = cost(op, x)
    two = first.plus(second)
    return [
        f"this 5x5: {own}",
        f"two 3x3 to as many channels see the same 5x5: {two}",
        f"{_ratio(two, own)}, 18/25 = 0.72 for equal channels without bias (arXiv:1512.00567)",
    ]


def _twice(graph: Graph, index: int) -> list[str]:
    """Compare two 3x3 convolutions in a row with one 5x5, where all have as many channels."""
    node, before = graph.nodes[index], _behind(graph, index)
    if before is None or not (_is_plain(node, kernel=3) and _is_plain(before, kernel=3)):
        return []
    op, x = node.op, before.in_shapes[0]
    if not x.channels == node.in_shapes[0].channels == node.out_shapes[0].channels:
        return []
    assert isinstance(op, Conv)  # noqa: S101 - narrows the type
    own = cost(before.op, x)[0].plus(cost(op, node.in_shapes[0])[0])
    assert isinstance(before.op, Conv)  # noqa: S101 - narrows the type
    both = zip(before.op.windows(x), op.windows(node.in_shapes[0]), strict=True)
    padding = tuple(side for a, b in both for side in (a.before + b.before, a.after + b.after))
    one, _ = cost(Conv(out=op.out, kernel=5, padding=padding, bias=op.has_bias), x)
    return [
        f"two 3x3 ({before.path} and this one) see 5x5: {own}",
        f"one 5x5 to as many channels: {one}",
        f"{_ratio(own, one)}, 18/25 = 0.72 for equal channels without bias (arXiv:1409.1556)",
    ]


def _linear(graph: Graph, node: Node) -> list[str]:
    """Compare a linear layer on a flattened map with global average pooling before it."""
    op = node.op
    assert isinstance(op, Linear)  # noqa: S101 - narrows the type
    index = node.inputs[0][0]
    while index >= 0 and not (graph.nodes[index].op.moves or isinstance(graph.nodes[index].op, Flatten)):
        index = graph.nodes[index].inputs[0][0]
    if index < 0 or not isinstance(graph.nodes[index].op, Flatten) or len(node.in_shapes[0]) != 1:
        return []
    x = graph.nodes[index].in_shapes[0]
    if len(x) == 1 or x.positions == 1:
        return []
    own, _ = cost(op, node.in_shapes[0])
    pooled, _ = cost(op, Flatten().infer(GlobalAvgPool().infer((x,)))[0])
    return [
        f"flatten {x} and this linear layer: {own}",
        f"global_avg_pool, then linear: {pooled}",
        f"{_ratio(pooled, own)} (arXiv:1312.4400)",
    ]


def _is_plain(node: Node, kernel: int) -> bool:
    """Whether a layer is a full convolution of this square kernel with stride and dilation 1."""
    op = node.op
    return (
        type(op) is Conv
        and len(node.in_shapes[0]) == 3
        and op.groups == 1
        and set(per_axis(op.kernel, 2, "kernel")) == {kernel}
        and set(per_axis(op.stride, 2, "stride")) == {1}
        and set(per_axis(op.dilation, 2, "dilation")) == {1}
    )


def _is_depthwise(node: Node) -> bool:
    op = node.op
    return (
        isinstance(op, Conv | Depthwise)
        and not isinstance(op, Sampled)
        and op.grouping(node.in_shapes[0]) == node.in_shapes[0].channels == node.out_shapes[0].channels > 1
    )


def _behind(graph: Graph, index: int) -> Node | None:
    """Return the layer before this one, normalisations and activations passed over; None behind a fork or an input."""
    before = graph.nodes[index].inputs[0][0]
    while before >= 0 and graph.nodes[before].op.role in {"norm", "act"}:
        before = graph.nodes[before].inputs[0][0]
    return graph.nodes[before] if before >= 0 else None
