"""ONNX nodes of what works along positions: attention, whole, in windows or in groups, and recurrent layers."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from cnncalc.interop.exporting.refusing import NotSaidError, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.interop.exporting.onnx_model import Nodes
    from cnncalc.ops.operator import Shapes
    from cnncalc.values.shape import Shape


def shape_of_heads(op: Any, *, queries: bool) -> list[int]:
    """Return the axes of heads: one, or those that share keys and the queries of each."""
    if op.shared_heads == op.heads:
        return [op.heads]
    return [op.shared_heads, op.heads // op.shared_heads if queries else 1]


def cuts_of(op: Any, x: Shape) -> list[int]:
    """Return the spatial axes of a map cut into parts: how many on each axis and how large, in turns; [] for none."""
    if op.window is not None:
        return [n for size, extent in zip(op.windowed(x), x.spatial, strict=True) for n in (extent // size, size)]
    if op.tokens_per_group is not None:
        return [x.positions // op.tokens_per_group, op.tokens_per_group]
    return []


def parted(to: Nodes, op: Any, name: str, x: Shape, *, queries: bool) -> str:
    """Return `[N, parts.., heads.., channels, positions]` of a map `[N, C, *S]`."""
    heads = shape_of_heads(op, queries=queries)
    per = x.channels // prod(heads)
    cuts = cuts_of(op, x)
    if not cuts:
        return to.node("Reshape", [name, to.whole([to.batch, *heads, per, x.positions])])
    made = to.node("Reshape", [name, to.whole([to.batch, *heads, per, *cuts])])
    first = 2 + len(heads)
    outer, inner = range(first, first + len(cuts), 2), range(first + 1, first + len(cuts), 2)
    made = to.node("Transpose", [made], perm=[0, *outer, *range(1, first), *inner])
    return to.node("Reshape", [made, to.whole([to.batch, prod(cuts[::2]), *heads, per, prod(cuts[1::2])])])


def together(to: Nodes, op: Any, name: str, per: int, x: Shape) -> str:
    """Return a map `[N, C, *S]` of `[N, parts.., heads.., channels, positions]`, for the shape it has then."""
    cuts, heads = cuts_of(op, x), shape_of_heads(op, queries=True)
    if cuts:
        made = to.node("Reshape", [name, to.whole([to.batch, *cuts[::2], *heads, per, *cuts[1::2]])])
        count = len(cuts) // 2
        middle = range(1 + count, 2 + count + len(heads))
        places = [place for n in range(count) for place in (1 + n, 2 + count + len(heads) + n)]
        name = to.node("Transpose", [made], perm=[0, *middle, *places])
    return to.node("Reshape", [name, to.whole([to.batch, *x])])


def turned(to: Nodes, op: Any, name: str, x: Shape) -> str:
    """Return matrices with their two last axes exchanged."""
    rank = 3 + len(shape_of_heads(op, queries=True)) + bool(cuts_of(op, x))
    return to.node("Transpose", [name], perm=[*range(rank - 2), rank - 1, rank - 2])


def scores(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Queries times keys, head by head; of causal ones those that come later are out of sight."""
    q, k = ins
    left, right = parted(to, op, xs[0], q, queries=True), parted(to, op, xs[1], k, queries=False)
    made = to.node("MatMul", [turned(to, op, left, q), right])
    made = to.node("Mul", [made, to.number((q.channels // op.heads) ** -0.5)])
    if op.causal:
        count = op.seen(k)
        later = to.node("Trilu", [to.filled(float("-inf"), (count, count)), to.constant(to.proto.INT64, [1], [])])
        made = to.node("Add", [made, later])
    return [made]


def distances(extents: Sequence[int], *, signed: bool) -> list[int]:
    """Return the number of the distance between every two positions, row by row; the last axis counts fastest."""
    places: list[tuple[int, ...]] = [()]
    for extent in extents:
        places = [(*place, n) for place in places for n in range(extent)]
    found = []
    for query in places:
        for key in places:
            number = 0
            for a, b, extent in zip(query, key, extents, strict=True):
                apart, values = (a - b + extent - 1, 2 * extent - 1) if signed else (abs(a - b), extent)
                number = number * values + apart
            found.append(number)
    return found


def score_bias(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """A learned bias of the scores, for each head and distance."""
    x = ins[0]
    extents = tuple(x.spatial) if op.window is None else op.windowed(x)
    (table,) = op.tensors(ins)
    signed = op.bias is True
    count = prod(extents)
    if x.channels != op.heads * count or (not signed and op.bias != count) or op.tokens_per_group is not None:
        raise NotSaidError("its bias has another count than one per distance")
    index = to.constant(to.proto.INT64, distances(extents, signed=signed), [count, count])
    made = to.node("Gather", [to.tensor(table.name, table.shape), index], axis=0)
    made = to.node("Transpose", [made], perm=[2, 0, 1])
    heads = shape_of_heads(op, queries=True)
    if len(heads) > 1:
        made = to.node("Reshape", [made, to.whole([*heads, count, count])])
    return [to.node("Add", [xs[0], made])]


def softmax(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """The softmax of the scores over the keys, which stand last."""
    return [to.node("Softmax", xs, axis=-1)]


def mix(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Weights times values."""
    weights, v = ins
    values = parted(to, op, xs[1], v, queries=False)
    made = to.node("MatMul", [values, turned(to, op, xs[0], weights)])
    return [together(to, op, made, v.channels // op.shared_heads, outs[0])]


def recurrent(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """LSTM and GRU of PyTorch's kind, one node for each layer; ONNX holds steps first, `[T, N, C]`."""
    said = named(op, "onnx")
    if said is None:
        raise NotSaidError("ONNX has no such recurrent layer")
    steps, directions = ins[0][1], op.directions
    rows = op.gates_ * op.hidden
    way = "bidirectional" if op.bidirectional else "forward"
    like_torch = {"linear_before_reset": 1} if said.name == "GRU" else {}
    made = to.node("Transpose", [xs[0]], perm=[2, 0, 1])
    for layer, width in enumerate(op.entering(ins[0].channels)):
        weights = [to.tensor(f"weight_ih_l{layer}", (directions, rows, width)),
                   to.tensor(f"weight_hh_l{layer}", (directions, rows, op.hidden)),
                   to.tensor(f"bias_l{layer}", (directions, 2 * rows))]  # fmt: skip
        final = layer == op.layers - 1
        results = to.nodes(said.name, [made, *weights], 2 if final and op.last else 1, hidden_size=op.hidden,
                           direction=way, **like_torch)  # fmt: skip
        if final and op.last:
            made = to.node("Transpose", [results[1]], perm=[1, 0, 2])
        elif final:
            made = to.node("Transpose", [results[0]], perm=[2, 1, 3, 0])
        else:
            made = to.node("Transpose", [results[0]], perm=[0, 2, 1, 3])
            made = to.node("Reshape", [made, to.whole([steps, to.batch, directions * op.hidden])])
    return [to.node("Reshape", [made, to.whole([to.batch, *outs[0]])])]
