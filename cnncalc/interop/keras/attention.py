"""Attention: with projections of its own, and without."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncalc.interop.keras.call import KerasMisfitError, LayerCall, integer, make
from cnncalc.interop.keras.declared import opaque
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Ref


def sources(call: LayerCall) -> tuple[Ref, Ref, Ref]:
    """Return queries, values and keys; keys are the values where nobody says others."""
    given = list(call.ins)
    given += [call.named[name] for name in ("query", "value", "key") if name in call.named]
    if not 2 <= len(given) <= 3:
        raise KerasMisfitError(f"wants queries, values and perhaps keys, got {len(given)} tensors")
    return given[0], given[1], given[-1]


def attention(call: LayerCall) -> Ref | Sequence[Ref]:
    """Attention: products, softmax, products; a learned scale of the scores where it has one."""
    query, value, key = sources(call)
    q, v, k = map(call.shape, (query, value, key))
    if call.walk.first or call.config.get("score_mode", "dot") != "dot":
        return opaque(call, f"what an {call.kind} with these settings computes is not known")
    if call.flag("use_scale", default=False):
        if q.channels != k.channels or k.spatial != v.spatial:
            raise KerasMisfitError(f"cannot attend with {q}, {v} and {k}")
        macs = q.positions * k.elements + q.positions * v.elements
        out = Shape((v.channels, *q.spatial))
        return call.declare(out, ins=[query, value, key], product=True, params=1, macs=macs)
    return call.add(make("attention"), query, key, value)


def multi_head(call: LayerCall) -> Ref | Sequence[Ref]:
    """MultiHeadAttention and GroupedQueryAttention: projections, attention for each head, and a projection back."""
    config = call.config
    query, value, key = sources(call)
    q = call.shape(query)
    axes, wanted = config.get("attention_axes"), config.get("output_shape")
    several = isinstance(wanted, list) and len(wanted) != 1
    everywhere = axes is None or len(axes) == len(q) - 1
    odd = call.walk.first or several or bool(config.get("sliding_window") or config.get("use_gate"))
    if axes is not None and not everywhere and not odd and call.kind == "MultiHeadAttention":
        return along(call, [query, value, key], axes)
    if odd or not everywhere:
        return opaque(call, f"what a {call.kind} with these settings computes is not known")
    grouped = call.kind != "MultiHeadAttention"
    heads = integer(config["num_query_heads" if grouped else "num_heads"], "heads")
    shared = integer(config["num_key_value_heads"], "num_key_value_heads") if grouped else heads
    depth = integer(config["head_dim" if grouped else "key_dim"], "head_dim")
    wide = depth if grouped else integer(config.get("value_dim") or depth, "value_dim")
    bias = call.flag("use_bias", default=True)

    def project(ref: Ref, out: int, suffix: str) -> Ref:
        where = {} if len(call.shape(ref)) == 1 else {"axis": "channel"}
        return call.add(make("linear", out=out, bias=bias, **where), ref, suffix=suffix)

    projected = (project(query, heads * depth, ".query"), project(key, shared * depth, ".key"),
                 project(value, shared * wide, ".value"))  # fmt: skip
    mixed = call.add(make("attention", heads=heads, kv_heads=shared if grouped else None), *projected,
                     suffix=".attention")  # fmt: skip
    out = q.channels if wanted is None else wanted[0] if isinstance(wanted, list) else wanted
    return project(mixed, integer(out, "output_shape"), ".output")


def along(call: LayerCall, refs: list[Ref], axes: list[int]) -> Sequence[Ref]:
    """MultiHeadAttention along some axes: as often as the others have places, with declared numbers."""
    config = call.config
    q, v, k = (call.shape(ref) for ref in refs)
    heads, depth = integer(config["num_heads"], "num_heads"), integer(config["key_dim"], "key_dim")
    wide = integer(config.get("value_dim") or depth, "value_dim")
    at = [call.place(axis, len(q)) for axis in axes]
    if len(v) != len(q) or 0 in at:
        raise KerasMisfitError(f"attends along the axes {axes} of {q}")
    wanted = config.get("output_shape")
    out = integer(q.channels if wanted is None else wanted[0] if isinstance(wanted, list) else wanted, "output_shape")
    bias = (2 * heads * depth + heads * wide + out) if call.flag("use_bias", default=True) else 0
    weights = q.channels, k.channels, v.channels, out
    matrices = [n * heads * m for n, m in zip(weights, (depth, depth, wide, wide), strict=True)]
    places = q.positions, k.positions, v.positions, q.positions
    seen = prod(k[n] for n in at)
    macs = sum(n * m for n, m in zip(matrices, places, strict=True)) + q.positions * seen * heads * (depth + wide)
    return call.declare(Shape((out, *q.spatial)), ins=refs, product=True, params=sum(matrices) + bias, biases=bias,
                        macs=macs)  # fmt: skip


def dot_product(call: LayerCall) -> Ref | Sequence[Ref]:
    """`keras.ops.dot_product_attention` of `[T, heads, channels]`: as attention over the heads' channels together."""
    shapes = [call.shape(ref) for ref in call.ins[:3]]
    heads = shapes[0][-1] if shapes else 0
    if call.walk.first or len(call.ins) != 3 or any(len(x) != 3 or x[2] != heads for x in shapes):
        return opaque(call, f"what a {call.kind} with these settings computes is not known")
    flat = [call.add(make("reshape", shape=(x[0] * heads, x[1])), ref, suffix=f".{name}")
            for name, ref, x in zip(("query", "key", "value"), call.ins, shapes, strict=True)]  # fmt: skip
    mixed = call.add(make("attention", heads=heads, causal=call.flag("is_causal", default=False)), *flat)
    return call.add(make("reshape", shape=(shapes[2][0], shapes[0][1], heads)), mixed, suffix=".result")
