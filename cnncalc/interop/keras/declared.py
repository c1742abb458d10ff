"""What layers cost that the spec language has no operator for: recurrent layers, products, elementwise work, moves."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from cnncalc.interop.foreign import einsum_macs
from cnncalc.interop.keras.call import KerasMisfitError, integer, integers
from cnncalc.interop.keras.functions import outs_of
from cnncalc.values.shape import Shape
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.graph.graph import Ref
    from cnncalc.interop.keras.call import LayerCall


def opaque(call: LayerCall, reason: str) -> Sequence[Ref]:
    """Add a layer of which nothing is known but, where the file writes them, the extents of its results."""
    outs: list[Shape] = []
    certain = bool(call.stated)
    x = call.extents if call.ins else (1,)
    for port in range(max(call.stated, default=0) + 1):
        said = call.stated.get(port)
        extents: list[Any] = list(x) if said is None else list(said[1:])
        for axis, n in enumerate(extents):
            if n is None and call.walk.stated_hold and axis < len(x) == len(extents):
                extents[axis] = x[axis]
            elif not isinstance(n, int) or n < 1:
                extents[axis] = 1
            certain &= n is not None
        outs.append(call.ours(extents))
    found = call.declare(*outs, params=None, macs=None, reason=reason)
    if not certain or not call.walk.stated_hold:
        call.walk.guessed.update(found)
    return found


def each(**operations: int) -> Callable[[LayerCall], Sequence[Ref]]:
    """Return the entry of a layer that does the same to every element."""

    def entry(call: LayerCall) -> Sequence[Ref]:
        x = call.shape(call.x)
        work = Work(**{kind: n * x.elements for kind, n in operations.items()})
        return call.declare(x, ins=[call.x], work=work, same=True)

    return entry


def score_bias(call: LayerCall) -> Sequence[Ref]:
    """A learned bias of attention's scores, for each head and distance of positions, signed or not."""
    extents, heads = integers(call.config["extents"], "extents", 1), integer(call.config["heads"], "heads")
    counts = [2 * n - 1 for n in extents] if call.flag("signed", default=True) else extents
    x = call.shape(call.x)
    params = prod(counts) * heads
    return call.declare(x, ins=[call.x], params=params, work=Work(additions=x.elements), same=True)


def embedding(call: LayerCall) -> Sequence[Ref]:
    """A vector for each whole number, looked up."""
    rows, width = integer(call.config["input_dim"], "input_dim"), integer(call.config["output_dim"], "output_dim")
    return call.declare(call.ours((*call.extents, width)), ins=[call.x], params=rows * width, work=Work())


def dot(call: LayerCall) -> Sequence[Ref]:
    """Dot of two tensors along one axis of each: one product for every pair of what is left."""
    axes = call.config["axes"]
    pair = integers(axes, "axes", -8) if isinstance(axes, list) else (axes, axes)
    if len(call.ins) != 2 or len(pair) != 2:
        raise KerasMisfitError(f"wants two tensors, got {len(call.ins)}")
    left, right = (list(call.keras(call.shape(ref))) for ref in call.ins)
    at = [integer(a + len(x) if a < 0 else a - 1, "axes", 0) for a, x in zip(pair, (left, right), strict=True)]
    shared = left.pop(at[0])
    if right.pop(at[1]) != shared:
        raise KerasMisfitError(
            f"multiplies along extents that differ: {' and '.join(str(call.shape(r)) for r in call.ins)}"
        )
    out = call.ours((*left, *right))
    macs = out.elements * shared
    work = Work(multiplications=macs, additions=macs - out.elements)
    if call.flag("normalize", default=False):
        for ref in call.ins:  # squares, their sum, its root, and one factor for each element
            n = call.shape(ref).elements
            work += Work(multiplications=2 * n, additions=n - n // shared, special=n // shared)
    return call.declare(out, product=True, macs=macs, work=work)


def product(call: LayerCall) -> Sequence[Ref]:
    """`keras.ops.matmul` of matrices, in batches of equal extents or alone."""
    if len(call.ins) != 2:
        raise KerasMisfitError(f"wants two tensors, got {len(call.ins)}")
    left, right = (call.keras(call.shape(ref)) for ref in call.ins)
    if len(left) != len(right) or len(left) < 2 or left[-1] != right[-2] or left[:-2] != right[:-2]:
        raise KerasMisfitError(f"multiplies {' and '.join(str(call.shape(r)) for r in call.ins)}")
    out = call.ours((*left[:-1], right[-1]))
    macs = out.elements * left[-1]
    return call.declare(out, product=True, macs=macs,
                        work=Work(multiplications=macs, additions=macs - out.elements))  # fmt: skip


def einsum(call: LayerCall) -> Sequence[Ref]:
    """`keras.ops.einsum` of two tensors whose first letter is the batch."""
    left, arrow, result = str(call.config.get("subscripts", "")).replace(" ", "").partition("->")
    terms = left.split(",")
    shapes = [(1, *call.keras(call.shape(ref))) for ref in call.ins]
    macs = einsum_macs(left, shapes) if arrow else None
    known = {letter: n for term, x in zip(terms, shapes, strict=False) for letter, n in zip(term, x, strict=False)}
    alike = len(terms) == len(shapes) and all(len(t) == len(x) for t, x in zip(terms, shapes, strict=True))
    if macs is None or not alike or not result or any(t[:1] != result[0] for t in terms) or set(result) - set(known):
        return opaque(call, f"what a {call.kind} of this equation computes is not known")
    out = call.ours([known[letter] for letter in result[1:]])
    return call.declare(out, product=True, macs=macs,
                        work=Work(multiplications=macs, additions=macs - out.elements))  # fmt: skip


def einsum_dense(call: LayerCall) -> Sequence[Ref]:
    """EinsumDense: weights whose axes an equation names."""
    left, _, result = str(call.config["equation"]).replace(" ", "").partition("->")
    data, _, kernel = left.partition(",")
    shape = call.config["output_shape"]
    wanted = shape if isinstance(shape, list) else [shape]
    x = call.extents
    if "..." in data:
        spread = len(x) - len(data.replace("...", "")) + (0 if data.startswith("...") else 1)
        letters = "".join(chr(0x3B1 + n) for n in range(max(spread, 0)))
        data = data.replace("...", ("@" + letters) if data.startswith("...") else letters)
        result = result.replace("...", ("@" + letters) if result.startswith("...") else letters)
    if len(data) != len(x) + 1 or data[0] != result[0]:
        raise KerasMisfitError(f"has the equation '{str(call.config['equation'])[:40]}' on {call.shape(call.x)}")
    known = dict(zip(data[1:], x, strict=True))
    for letter, n in zip(reversed(result[1:]), reversed(wanted), strict=False):
        if letter not in known:
            known[letter] = integer(n, "output_shape")
    out = call.ours([known[letter] for letter in result[1:]])
    axes = call.config.get("bias_axes") or ""
    bias = prod(known[a] for a in axes) if axes else 0
    macs = prod(known[a] for a in {*data[1:], *kernel, *result[1:]})
    work = Work(multiplications=macs, additions=macs - out.elements + (out.elements if bias else 0))
    return call.declare(out, ins=[call.x], product=True, params=prod(known[a] for a in kernel) + bias, biases=bias,
                        macs=macs, work=work)  # fmt: skip


def additive_attention(call: LayerCall) -> Sequence[Ref]:
    """AdditiveAttention: scores without products, and their mix of the values."""
    query, value = call.shape(call.ins[0]), call.shape(call.ins[1])
    scale = query.channels if call.flag("use_scale", default=True) else 0
    out = Shape((value.channels, *query.spatial))
    return call.declare(out, product=True, params=scale, macs=query.positions * value.elements)


def repeat_vector(call: LayerCall) -> Sequence[Ref]:
    """RepeatVector: copies one after the other."""
    return call.declare(call.ours((integer(call.config["n"], "n"), *call.extents)), work=Work())


def moved(call: LayerCall) -> Sequence[Ref]:
    """A function that only puts elements elsewhere; the file says the extents of its results."""
    outs = extents(call)
    if outs is None:
        return opaque(call, f"the extents of what {call.kind} gives are not known")
    return call.declare(*outs, work=Work())


def extents(call: LayerCall) -> list[Shape] | None:
    """Return the extents of a function's results: its own rule's, else those that the file writes."""
    found = outs_of(call)
    if found is None and call.stated and call.walk.stated_hold:
        return told(call)
    return found


def told(call: LayerCall) -> list[Shape]:
    """Return the extents that the file writes of a call's results, where one that nothing reads is as the one before.

    Raises:
        KerasMisfitError: they are open.
    """
    outs: list[Shape] = []
    for port in range(max(call.stated) + 1):
        extents = call.stated.get(port)
        if extents is None:
            outs.append(outs[-1] if outs else call.ours(call.extents))
        else:
            outs.append(call.ours(integers(extents[1:], "shape")))
    return outs


def reduced(call: LayerCall) -> Sequence[Ref]:
    """A function that makes one element of many."""
    outs = extents(call)
    if outs is None:
        return opaque(call, f"the extents of what {call.kind} gives are not known")
    out = outs[0]
    many = call.shape(call.x).elements - out.elements
    work = Work(comparisons=many) if call.kind not in ("Mean", "Sum") else Work(
        additions=many, divisions=out.elements if call.kind == "Mean" else 0)  # fmt: skip
    return call.declare(out, work=work)


def repeated(call: LayerCall) -> Sequence[Ref]:
    """A layer or model that acts on every step of a sequence: its work as often, its weights once."""
    steps, *rest = call.extents
    graph = call.walk.step(call.config["layer"], rest)
    outs = [call.ours((steps, *call.keras(graph.shape(ref)))) for ref in graph.outputs.values()]
    own = [n for n in graph.nodes if n.shares is None]
    params = [n.op.params(n.in_shapes) for n in own]
    products = [n.op.macs(n.in_shapes, n.out_shapes) for n in graph.nodes]
    works = [n.op.work(n.in_shapes, n.out_shapes) for n in graph.nodes]
    total = Work()
    for work in works:
        total += work or Work()
    all_work = Work(**{kind: steps * n for kind, n in total.to_dict().items()})
    known = None not in params and None not in products
    macs = steps * sum(n or 0 for n in products)
    return call.declare(
        *outs, product=bool(macs), params=sum(n or 0 for n in params) if known else None,
        biases=sum(n.op.biases(n.in_shapes) for n in own) if known else 0,
        buffers=sum(n.op.buffers(n.in_shapes) or 0 for n in own), macs=macs if known else None,
        work=all_work if None not in works else None,
        reason="" if known else f"what a layer inside the {call.kind} computes is not known",
    )  # fmt: skip
