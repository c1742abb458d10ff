"""Modules with attention: over positions of a map, over parts of it, and of a map over text."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from cnncalc.interop.foreign import Cost
from cnncalc.interop.ultralytics.blocks import bottleneck, c3k, fanned, repeated
from cnncalc.values.shape import Shape
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Ref
    from cnncalc.interop.ultralytics.place import ModulePlace

HEAD = 64
"""Channels of one head in position-sensitive attention."""


def sequence(y: ModulePlace, x: Ref, name: str) -> Ref:
    """Return a map as a sequence `[C, H*W]`."""
    shape = y.shape(x)
    return y.add("reshape", x, name, shape=(shape[0], prod(shape[1:])))


def linear(y: ModulePlace, x: Ref, name: str, out: int, shares: str | None = None) -> Ref:
    """Add a linear layer at every position of a sequence `[C, S]`."""
    return y.add("linear", x, name, out=out, axis="channel", shares=shares)


def interleaved(y: ModulePlace, x: Ref, heads: int, sizes: Sequence[int]) -> tuple[Ref, ...]:
    """Return queries, keys and values; the channels hold them head by head, which moves nothing."""
    return y.parts(x, [heads * n for n in sizes])


def attention(y: ModulePlace, x: Ref, heads: int, ratio: Any = 0.5) -> Ref:
    """Attention with keys of fewer channels, and a depthwise convolution of the values as positions."""
    width = y.channels(x)
    value = width // heads
    key = int(value * ratio)
    q, k, v = interleaved(y, y.conv("qkv", x, width + 2 * key * heads, act=False), heads, (key, key, value))
    mixed = y.add("attention", (q, k, v), "attn", heads=heads)
    return y.conv("proj", y.sum([mixed, y.conv("pe", v, width, 3, g=width, act=False)]), width, act=False)


def psa_block(y: ModulePlace, x: Ref, heads: int, ratio: Any = 0.5) -> Ref:
    """PSABlock: attention and two 1x1 convolutions, each with the input added."""
    width = y.channels(x)
    x = y.at("attn_add").add("add", [x, attention(y.at("attn"), x, heads, ratio)])
    z = y.at("ffn")
    return y.at("ffn_add").add("add", [x, z.conv(1, z.conv(0, x, 2 * width), width, act=False)])


def psa(y: ModulePlace, x: Ref, out: int, e: Any = 0.5) -> Ref:
    """PSA: attention on one half of the channels (arXiv:2405.14458)."""
    hidden = int(y.channels(x) * e)
    a, b = y.halves(y.conv("cv1", x, 2 * hidden))
    return y.conv("cv2", y.joined([a, psa_block(y, b, max(hidden // HEAD, 1))]), out)


def c2_psa(y: ModulePlace, x: Ref, out: int, n: int = 1, e: Any = 0.5) -> Ref:
    """C2PSA: n blocks of attention on one half of the channels."""
    hidden = int(y.channels(x) * e)
    a, b = y.halves(y.conv("cv1", x, 2 * hidden))
    b = repeated(y.at("m"), b, n, lambda z, v: psa_block(z, v, max(hidden // HEAD, 1)))
    return y.conv("cv2", y.joined([a, b]), out)


def c2f_psa(y: ModulePlace, x: Ref, out: int, n: int = 1, e: Any = 0.5) -> Ref:
    """C2fPSA: C2f of blocks of attention."""
    return fanned(y, x, out, n, lambda z, v, c: psa_block(z, v, max(c // HEAD, 1)), e)


def c3k2(y: ModulePlace, x: Ref, out: int, n: int = 1, nested: bool = False, e: Any = 0.5, attn: bool = False,
         g: int = 1, shortcut: bool = True) -> Ref: # fmt: skip
    """C3k2: C2f of bottlenecks, of C3k, or of a bottleneck and a block of attention."""

    def inner(z: ModulePlace, v: Ref, c: int) -> Ref:
        if attn:
            v = bottleneck(z.at(0), v, c, shortcut, g, e=0.5)
            return psa_block(z.at(1), v, max(c // HEAD, 1))
        return c3k(z, v, c, 2, shortcut, g) if nested else bottleneck(z, v, c, shortcut, g, e=0.5)

    return fanned(y, x, out, n, inner, e)


# Area attention (arXiv:2502.12524).


def area_block(y: ModulePlace, x: Ref, heads: int, ratio: Any, area: int) -> Ref:
    """ABlock: attention inside each of `area` parts of the map, and two 1x1 convolutions."""
    width, z = y.channels(x), y.at("attn")
    q, k, v = interleaved(z, z.conv("qkv", x, 3 * width, act=False), heads, (width // heads,) * 3)
    positions = prod(y.shape(x)[1:])
    if area > 1 and positions % area:
        y.fail(f"parts the {positions} positions of {y.shape(x)} into {area} areas, which does not go")
    parted = {"tokens_per_group": positions // area} if area > 1 else {}
    mixed = z.add("attention", (q, k, v), "attn", heads=heads, **parted)
    out = z.conv("proj", z.sum([mixed, z.conv("pe", v, width, 7, 1, 3, width, act=False)]), width, act=False)
    x = y.at("attn_add").add("add", [x, out])
    z = y.at("mlp")
    return y.at("mlp_add").add("add", [x, z.conv(1, z.conv(0, x, int(width * ratio)), width, act=False)])


def a2_c2f(y: ModulePlace, x: Ref, out: int, n: int = 1, attn: bool = True, area: int = 1, residual: bool = False,
           ratio: Any = 2, e: Any = 0.5, g: int = 1, shortcut: bool = True) -> Ref: # fmt: skip
    """A2C2f: pairs of blocks of area attention, or C3k, with every result beside the first."""
    hidden = int(out * e)
    if attn and (hidden % 32 or hidden < 32):
        y.fail(f"needs a multiple of 32 hidden channels, got {hidden}")
    ways = [y.conv("cv1", x, hidden)]
    for number in range(n):
        z = y.at("m").at(number)
        if attn:
            ways.append(repeated(z, ways[-1], 2, lambda b, v: area_block(b, v, hidden // 32, ratio, area)))
        else:
            ways.append(c3k(z, ways[-1], hidden, 2, shortcut, g))
    v = y.conv("cv2", y.joined(ways), out)
    if not (attn and residual):
        return v
    return y.sum([x, y.add("layer_scale", v, "gamma")])


# Transformer layers (arXiv:1706.03762).


def self_attention(y: ModulePlace, query: Ref, value: Ref, heads: int) -> Ref:
    """nn.MultiheadAttention whose queries and keys are one tensor: three projections, attention, a fourth."""
    width = y.channels(query)
    q, k = (linear(y, query, f"in_proj_{name}", width) for name in "qk")
    mixed = y.add("attention", (q, k, linear(y, value, "in_proj_v", width)), "attn", heads=heads)
    return linear(y, mixed, "out_proj", width)


def aifi(y: ModulePlace, x: Ref, hidden: int = 2048, heads: int = 8) -> Ref:
    """AIFI: one transformer layer over a map; sines of the positions are made at every run (arXiv:2304.08069)."""
    shape = y.shape(x)
    seq = sequence(y, x, "flatten")
    flat = y.shape(seq)
    quarter = flat[0] // 4
    products = 2 * quarter * flat[1]
    cost = Cost(outs=(flat,), macs=products, work=Work(multiplications=products, special=flat.elements))
    pos = y.maker.declare("positions", [seq], f"{y.path}.pos", cost, product=True)[0]
    attended = self_attention(y.at("ma"), y.add("add", (seq, pos), "pos_add"), seq, heads)
    v = y.add("layer_norm", y.add("add", (seq, attended), "add_1"), "norm1")
    wide = y.add("gelu", linear(y, v, "fc1", hidden), "act")
    v = y.add("layer_norm", y.add("add", (v, linear(y, wide, "fc2", flat[0])), "add_2"), "norm2")
    return y.add("reshape", v, "unflatten", shape=tuple(shape))


# Maps and text (arXiv:2401.17270).


def text_width(y: ModulePlace, text: Ref) -> int:
    """Return the width of the text's embeddings `[prompts, width]`."""
    return y.shape(text)[1]


def max_sigmoid(y: ModulePlace, x: Ref, text: Ref, out: int, heads: int, embed: int) -> Ref:
    """MaxSigmoidAttnBlock: a gate per head and position, the best match of the text there."""
    guide = y.add("linear", text, "gl", out=embed, axis="last")
    queries = x if y.channels(x) == embed else y.conv("ec", x, embed, act=False)
    shape = y.shape(queries)
    per, positions, prompts = embed // heads, prod(shape[1:]), y.shape(text)[0]
    a = y.add("reshape", queries, "queries", shape=(heads, per, positions))
    a = y.add("permute", a, "queries_turn", axes=(0, 2, 1))
    b = y.add("reshape", guide, "guide", shape=(prompts, heads, per))
    b = y.add("permute", b, "guide_turn", axes=(1, 2, 0))
    scores = y.add("matmul", (a, b), "scores", batch=True)
    best = Shape((heads, *shape[1:]))
    cost = Cost(outs=(best,), params=heads, biases=heads, work=Work(
        comparisons=best.elements * (prompts - 1), divisions=best.elements, additions=best.elements))  # fmt: skip
    gate = y.maker.declare("max", [scores], f"{y.path}.max", cost)[0]
    gate = y.add("sigmoid", gate, "sigmoid")
    values = y.conv("proj_conv", x, out, 3, act=False)
    work = Work(multiplications=y.shape(values).elements)
    return y.maker.declare("gate", [values, gate], f"{y.path}.gate", Cost(outs=(y.shape(values),), work=work))[0]


def c2f_attn(y: ModulePlace, x: Ref, text: Ref, out: int, n: int = 1, embed: int = 128, heads: int = 1,
             e: Any = 0.5) -> Ref: # fmt: skip
    """C2fAttn: C2f, and one more way gated by the text."""
    hidden = int(out * e)
    ways = list(y.halves(y.conv("cv1", x, 2 * hidden)))
    for number in range(n):
        ways.append(bottleneck(y.at("m").at(number), ways[-1], hidden, shortcut=False))
    ways.append(max_sigmoid(y.at("attn"), ways[-1], text, hidden, heads, embed))
    return y.conv("cv2", y.joined(ways), out)


def image_pooling(y: ModulePlace, xs: Sequence[Ref], text: Ref, embed: int = 256, heads: int = 8, k: int = 3) -> Ref:
    """ImagePoolingAttn: the text attends to k x k maxima of every level, and is added to what it finds."""
    prompts, width = y.shape(text)
    pooled = []
    for number, x in enumerate(xs):
        v = y.plain(f"projections.{number}", x, embed)
        v = y.add("adaptive_max_pool", v, f"im_pools.{number}", size=k)
        pooled.append(y.add("permute", sequence(y, v, f"flat.{number}"), f"turn.{number}", axes=(1, 0)))
    seq = y.joined(pooled)  # [levels*k*k, embed]
    ways = []
    for name, source in (("query", text), ("key", seq), ("value", seq)):
        v = y.add("layer_norm", source, f"{name}.0", over="last")
        v = y.add("linear", v, f"{name}.1", out=embed, axis="last")
        ways.append(y.add("permute", v, f"{name}.turn", axes=(1, 0)))
    mixed = y.add("attention", ways, "attn", heads=heads)
    out = y.add("linear", y.add("permute", mixed, "turn_back", axes=(1, 0)), "proj", out=width, axis="last")
    assert y.shape(out) == Shape((prompts, width))
    return y.add("add", (out, text), "add")
