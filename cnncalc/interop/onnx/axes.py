"""ONNX's operators that move, cut, join and reduce along an axis, as operators of the spec language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.interop.onnx.call import Call, Entry, Plan, image, make

if TYPE_CHECKING:
    from cnncalc.interop.onnx.tensors import Extents
    from cnncalc.ops.operator import Operator


def place(extents: Extents, axis: int) -> int | None:
    """Return where an axis of a tensor is in its image; None for the batch."""
    axis = axis + len(extents) if axis < 0 else axis
    if len(extents) > 1 and extents[0] == 1:
        return axis - 1 if axis else None
    return axis


def along(axis: int) -> dict[str, int]:
    """Return the argument that says an axis; nothing for channels."""
    return {"axis": axis} if axis else {}


def to_shape(outs: list[Extents], made: tuple[int, ...]) -> tuple[Operator, ...]:
    """Return the view behind an operator that gives the extents that the node has, if it needs one."""
    wanted = tuple(image(outs[0]))
    if wanted == made:
        return ()
    return (make("flatten"),) if len(wanted) == 1 else (make("reshape", shape=wanted),)


def transpose(call: Call) -> Plan | None:
    """Transpose: a permutation of the axes besides the batch; extents of 1 may come and go beside it."""
    x, out = call.x.shape, call.outs[0]
    order = list(call.attributes.get("perm") or reversed(range(len(x))))
    if not call.alone() or len(order) != len(x):
        return None
    before, after = image(x), image(out)
    if [a for a in order if x[a] != 1] == [a for a in range(len(x)) if x[a] != 1]:
        if before == after:
            return Plan(make("identity"), (call.x,))
        return Plan(make("reshape", shape=tuple(after)), (call.x,)) if len(after) > 1 else None
    dropped = 1 if len(x) > 1 and x[0] == 1 else 0
    axes = tuple(a - dropped for a in order if not dropped or a)
    made = tuple(x[a + dropped] for a in axes)
    return Plan(make("permute", axes=axes), (call.x,), after=to_shape(call.outs, made))


def softmax(name: str) -> Entry:
    """Return the entry of a softmax along one axis; until opset 12 it was over all axes from the given one on."""

    def entry(call: Call) -> Plan | None:
        x = call.x.shape
        axis = call.axis(-1 if call.version >= 13 else 1)
        if call.version < 13 and any(n != 1 for n in x[axis + 1 :]):
            return None
        where = place(x, axis)
        return None if where is None or not call.alone() else Plan(make(name, **along(where)), (call.x,))

    return entry


def concat(call: Call) -> Plan | None:
    """Concat along any axis but the batch."""
    moving = call.moving
    where = place(call.x.shape, call.axis(1))
    ranks = {len(image(v.shape)) for v in moving}
    if where is None or len(moving) != len(call.ins) or len(moving) < 2 or len(ranks) != 1:
        return None
    return Plan(make("concat", **along(where)), tuple(moving))


def split(call: Call) -> Plan | None:
    """Split along any axis but the batch."""
    where = place(call.x.shape, call.axis(0))
    if where is None or not call.alone() or not all(len(o) > 1 for o in call.outs):
        return None
    axis = call.axis(0)
    return Plan(split_into([o[axis] for o in call.outs], where), (call.x,))


def split_into(sizes: list[int], axis: int) -> Operator:
    """Return the split of an axis into parts of some sizes."""
    if len(set(sizes)) == 1:
        return make("split", parts=len(sizes), **along(axis))
    return make("split", sizes=tuple(sizes), **along(axis))


def sliced(call: Call) -> Plan | None:
    """Slice with steps of 1: along one axis, or along several, one after the other."""
    x, out = call.x.shape, call.outs[0]
    starts, steps = call.value(1, "starts"), call.value(4)
    axes = call.value(3, "axes")
    if not call.alone() or starts is None or any(step != 1 for step in steps or ()):
        return None
    cuts: list[Operator] = []
    for start, given in zip(starts, axes if axes is not None else range(len(starts)), strict=False):
        axis = given % len(x)
        if x[axis] == out[axis]:
            continue
        where = place(x, axis)
        if where is None or not out[axis]:
            return None
        first = min(max(start + x[axis] if start < 0 else start, 0), x[axis])
        cuts.append(cut(where, first, first + out[axis]))
    return Plan(cuts[0], (call.x,), after=tuple(cuts[1:])) if cuts else Plan(make("identity"), (call.x,))


def cut(axis: int, start: int, stop: int) -> Operator:
    """Return the part of an axis from start to before stop."""
    return make("slice", axis=axis, range=(start, stop)) if axis else make("slice", channels=(start, stop))


def gather(call: Call) -> Plan | None:
    """Gather of one place along an axis, or of places in a row: the part of the axis there."""
    index = call.given(1)
    x = call.x.shape
    if index is None or index.data is None or not call.alone() or index.data.ndim > 1:
        return None
    axis = call.axis(0)
    where = place(x, axis)
    places = [int(n) + x[axis] if n < 0 else int(n) for n in index.data.reshape(-1)]
    if where is None or not places or places != list(range(places[0], places[0] + len(places))):
        return None
    part = image(x)
    made = (*part[:where], len(places), *part[where + 1 :])
    return Plan(cut(where, places[0], places[0] + len(places)), (call.x,), after=to_shape(call.outs, made))


def reduced(over_map: str, over_axis: str) -> Entry:
    """Return the entry of a mean or maximum over the whole map, or along one axis."""

    def entry(call: Call) -> Plan | None:
        x = call.x.shape
        given = call.value(1, "axes")
        if given is None or not call.alone():
            return None
        places = sorted({-1 if (p := place(x, axis)) is None else p for axis in given})
        part = image(x)
        kept: dict[str, Any] = {"call": "mean"} if over_map == "global_avg_pool" else {}
        if len(part) > 1 and places == list(range(1, len(part))):
            made = (part[0], *(1,) * (len(part) - 1))
            return Plan(make(over_map, **kept), (call.x,), after=to_shape(call.outs, made))
        if len(places) != 1 or places[0] < 0 or not over_axis:
            return None
        made = tuple(1 if k == places[0] else n for k, n in enumerate(part))
        return Plan(make(over_axis, **along(places[0])), (call.x,), after=to_shape(call.outs, made))

    return entry


def product(call: Call) -> Plan | None:
    """MatMul of two tensors that depend on the inputs, one matrix by one."""
    moving = call.moving
    left, right = (image(v.shape) for v in call.ins if v is not None)
    if len(moving) != 2 or len(left) != len(right) or len(left) < 2:
        return None
    return Plan(make("matmul", batch=len(left) > 2), tuple(moving))


def recurrent(name: str) -> Entry:
    """Return the entry of an LSTM or GRU, [T, 1, C], that gives every step or the last."""

    def entry(call: Call) -> Plan | None:
        x, a = call.x.shape, call.attributes
        plain = not any(name in a for name in ("activations", "clip", "input_forget")) and not a.get("layout")
        if len(x) != 3 or x[1] != 1 or not call.alone() or not plain or call.given(3) is None:
            return None
        if len(call.outs) != 1 or a.get("direction", "forward") == "reverse":
            return None
        both = a.get("direction") == "bidirectional"
        steps, hidden = x[0], int(a["hidden_size"])
        made = make(name, hidden=hidden, bidirectional=both)
        before = (make("reshape", shape=(steps, x[2])), make("permute", axes=(1, 0)))
        after = (make("permute", axes=(1, 0)), make("reshape", shape=tuple(image(call.outs[0]))))
        return Plan(made, (call.x,), before=before, after=after)

    return entry
