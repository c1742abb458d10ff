"""Nodes that are no layers of their own: branches and loops of a known way are put in, sequences are their tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from onnx import TensorProto, helper

from cnncalc.interop.onnx.call import Call
from cnncalc.interop.onnx.tensors import MOST, Value, constant

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnx

    from cnncalc.interop.onnx.walk import Walk

MAX_ROUNDS = 1000
"""A loop is put in at most this often."""
FOLLOWS = "it follows a layer whose extents are not known"


class Visit(NamedTuple):
    """A node on the way: its attributes, what it reads, and the path before the names of its layers."""

    node: onnx.NodeProto
    attributes: dict[str, Any]
    ins: list[Value | None]
    prefix: str


def branch(walk: Walk, at: Visit) -> bool:
    """Put in the branch of an If whose condition is known."""
    condition = at.ins[0]
    if condition is None or condition.data is None or condition.data.size != 1:
        return False
    graph = at.attributes["then_branch" if condition.data.reshape(-1)[0] else "else_branch"]
    outer = dict(walk.values)
    walk.initialisers(graph)
    walk.nodes(graph.node, f"{at.prefix}{walk.label(at.node).strip('/').replace('/', '.')}.")
    found = [walk.values[o.name] for o in graph.output]
    walk.values = outer
    for name, value in zip(at.node.output, found, strict=True):
        if name:
            walk.values[name] = value
    return True


def loop(walk: Walk, at: Visit) -> bool:
    """Put in the rounds of a Loop whose number is known; each is a copy of its body, with the same weights."""
    trips, going = at.ins[0], at.ins[1] if len(at.ins) > 1 else None
    body = at.attributes["body"]
    if trips is None or trips.data is None or (going is not None and going.data is None):
        return False
    rounds = int(trips.data.reshape(-1)[0]) if going is None or going.data is None or going.data.all() else 0
    carried = list(at.ins[2:])
    if rounds > MAX_ROUNDS or len(body.output) != 1 + len(carried):
        return False
    outer, before = dict(walk.values), len(walk.graph.nodes)
    scope = f"{at.prefix}{walk.label(at.node).strip('/').replace('/', '.')}."
    names = [i.name for i in body.input]
    for number in range(rounds):
        walk.initialisers(body)
        walk.values[names[0]] = constant(np.asarray(number, np.int64))
        walk.values[names[1]] = constant(np.asarray(True))
        for name, value in zip(names[2:], carried, strict=True):
            if value is not None:
                walk.values[name] = value
        walk.nodes(body.node, f"{scope}{number}.")
        made = [walk.values[o.name] for o in body.output]
        carried = list(made[1:])
        if made[0].data is None:  # it goes on as long as the data say
            walk.values = outer
            walk.build.take_back(before)
            walk.weights.forget(before)
            return False
        if not made[0].data.all():
            break
    walk.values = outer
    for name, value in zip(at.node.output, carried, strict=True):
        if name and value is not None:
            walk.values[name] = value
    return True


def cast_like(walk: Walk, at: Visit) -> bool:
    """Cast a stored tensor to the type of one that depends on the inputs: still the same for every input."""
    x, like = at.ins
    if x is None or like is None or not x.static or like.static:
        return False
    data = None if x.data is None else x.data.astype(helper.tensor_dtype_to_np_dtype(like.elem))
    walk.values[at.node.output[0]] = Value(x.shape, like.elem, data, origins=x.origins)
    return True


def to_sequence(walk: Walk, at: Visit) -> bool:
    """Split into a sequence of tensors: a split whose results are known one by one."""
    x, sizes = at.ins[0], at.ins[1] if len(at.ins) > 1 else None
    if x is None or x.static or (sizes is not None and sizes.data is None):
        return False
    axis = at.attributes.get("axis", 0) % len(x.shape)
    extent = x.shape[axis]
    size = 1 if sizes is None or sizes.data is None or sizes.data.ndim else max(int(sizes.data), 1)
    if extent // size > MOST:
        walk.fail(f"splits {extent} into {extent // size} tensors", node=at.node, code="too-large")
    if sizes is None:
        parts = [1] * extent
    elif sizes.data is not None and sizes.data.ndim:
        parts = [int(n) for n in sizes.data]
    else:
        parts = [size] * (extent // size) + ([extent % size] if extent % size else [])
    if sum(parts) != extent or len(parts) > MOST:
        walk.fail(f"does not split {extent} into {parts[:9]}", node=at.node)
    outs = [(*x.shape[:axis], n, *x.shape[axis + 1 :]) for n in parts]
    if sizes is None and not at.attributes.get("keepdims", 1):
        outs = [(*o[:axis], *o[axis + 1 :]) for o in outs]
    call = Call("Split", walk.versions.get("", 1), {**at.attributes, "axis": axis}, [x], outs)
    plan, shares = walk.planning.of(call, FOLLOWS if x.guessed else "")
    refs = walk.add(at.node, plan, shares, at.prefix)
    items = tuple(Value(o, x.elem, ref=r, guessed=x.guessed) for o, r in zip(outs, refs, strict=True))
    walk.values[at.node.output[0]] = Value((len(items),), x.elem, ref=refs[0], items=items)
    return True


def element(walk: Walk, at: Visit) -> bool:
    """Take one tensor of a sequence: no layer, the tensor itself."""
    sequence, index = at.ins
    if sequence is None or sequence.items is None or index is None or index.data is None:
        return False
    walk.values[at.node.output[0]] = sequence.items[int(index.data)]
    return True


def gathered(walk: Walk, at: Visit) -> bool:
    """Make a sequence of tensors."""
    items = tuple(v for v in at.ins if v is not None)
    ref = next((v.ref for v in items if v.ref is not None), None)
    elem = items[0].elem if items else TensorProto.FLOAT
    walk.values[at.node.output[0]] = Value((len(items),), elem, ref=ref, items=items)
    return True


def joined(walk: Walk, at: Visit) -> bool:
    """Join the tensors of a sequence: a concatenation."""
    sequence = at.ins[0]
    if sequence is None or not sequence.items:
        return False
    names = [f"{at.node.input[0]}\0{n}" for n in range(len(sequence.items))]
    walk.values.update(zip(names, sequence.items, strict=True))
    items: list[Value | None] = list(sequence.items)
    if at.attributes.get("new_axis"):
        return False
    written = helper.make_node("Concat", names, list(at.node.output), name=at.node.name, axis=at.attributes["axis"])
    walk.layer(written, {"axis": at.attributes["axis"]}, items, walk.inference.of(written, items), at.prefix)
    return True


INLINED: dict[str, Callable[[Walk, Visit], bool]] = {
    "If": branch,
    "Loop": loop,
    "CastLike": cast_like,
    "SplitToSequence": to_sequence,
    "SequenceAt": element,
    "SequenceConstruct": gathered,
    "ConcatFromSequence": joined,
}
"""Nodes that are no layers of their own, by ONNX's name; each says whether it could."""
