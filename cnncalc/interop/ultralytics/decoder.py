"""RT-DETR's decoder (arXiv:2304.08069): the best positions of all levels become queries, refined layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.interop.foreign import Cost
from cnncalc.interop.ultralytics.attention import linear, self_attention
from cnncalc.values.shape import Shape
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Ref
    from cnncalc.interop.ultralytics.place import ModulePlace


def perceptron(y: ModulePlace, x: Ref, name: str, widths: Sequence[int], shares: str | None = None) -> Ref:
    """Add linear layers with activations between them."""
    for number, width in enumerate(widths):
        lender = f"{shares}.{number}" if shares else None
        x = y.maker.add("linear", [x], f"{y.path}.{name}.{number}", lender, out=width, axis="channel")
        if number < len(widths) - 1:
            x = y.add("relu", x, f"{name}.act_{number}")
    return x


def sampled(y: ModulePlace, query: Ref, memory: Ref, heads: int, levels: int, points: int) -> Ref:
    """Deformable attention: each head mixes a few places of each level (arXiv:2010.04159)."""
    width, queries = y.shape(query)
    value = linear(y, memory, "value_proj", width)
    count = heads * levels * points
    offsets = linear(y, query, "sampling_offsets", 2 * count)
    weights = linear(y, query, "attention_weights", count)
    picked = queries * levels * points * width
    work = Work(
        multiplications=5 * picked + 2 * count * queries, divisions=2 * count * queries, special=count * queries,
        additions=4 * picked - queries * width + 2 * count * queries,
    )  # fmt: skip
    mixed = y.maker.declare("deformable_attention", [value, offsets, weights], f"{y.path}.sample",
                            Cost(outs=(Shape((width, queries)),), work=work))[0]  # fmt: skip
    return linear(y, mixed, "output_proj", width)


def rt_detr(y: ModulePlace, xs: Sequence[Ref], classes: int, width: int = 256, queries: int = 300, points: int = 4,
            heads: int = 8, depth: int = 6, hidden: int = 1024) -> Ref: # fmt: skip
    """RTDETRDecoder: `[queries, 4 + class and score]`; what training alone needs has parameters and no work."""
    maps = [y.add("batch_norm", y.at("input_proj").at(level).plain(0, x, width, bias=False), f"input_proj.{level}.1")
            for level, x in enumerate(xs)]  # fmt: skip
    memory = y.positions_joined(maps, "memory")
    places = y.shape(memory)[1]
    if places < queries:
        y.fail(f"needs {queries} positions for its queries, and has {places}")
    y.idle("denoising_class_embed", memory, lambda z, x: z.add("linear", x, "e", out=classes, axis="channel",
                                                              bias=False))  # fmt: skip
    v = y.add("layer_norm", linear(y, memory, "enc_output.0", width), "enc_output.1")
    scores = linear(y, v, "enc_score_head", classes)
    best = Work(comparisons=places * classes)
    embed = y.maker.declare("top_k", [v, scores], f"{y.path}.top_k",
                            Cost(outs=(Shape((width, queries)),), work=best))[0]  # fmt: skip
    n = 4 * queries
    boxes = perceptron(y, embed, "enc_bbox_head.layers", (width, width, 4))
    refer = y.each(boxes, "anchors", "boxes", Shape((4, queries)), additions=2 * n, special=n, divisions=n)
    shared = None
    for number in range(depth):
        layer = y.at("decoder.layers").at(number)
        path = "query_pos_head.layers" if not number else f"query_pos_head_{number}.layers"
        pos = perceptron(y, refer, path, (2 * width, width), shared)
        shared = shared or f"{y.path}.query_pos_head.layers"
        query = layer.add("add", (embed, pos), "query")
        attended = self_attention(layer.at("self_attn"), query, embed, heads)
        embed = layer.add("layer_norm", layer.add("add", (embed, attended), "add_1"), "norm1")
        query = layer.add("add", (embed, pos), "cross_query")
        attended = sampled(layer.at("cross_attn"), query, memory, heads, len(xs), points)
        embed = layer.add("layer_norm", layer.add("add", (embed, attended), "add_2"), "norm2")
        wide = layer.add("relu", linear(layer, embed, "linear1", hidden), "act")
        embed = layer.add("layer_norm", layer.add("add", (embed, linear(layer, wide, "linear2", width)), "add_3"),
                          "norm3")  # fmt: skip
        moved = perceptron(y, embed, f"dec_bbox_head.{number}.layers", (width, width, 4))
        refer = y.each((moved, refer), f"refine.{number}", "boxes", Shape((4, queries)), additions=2 * n,
                       special=2 * n, divisions=2 * n)  # fmt: skip
        if number < depth - 1:
            y.idle(f"dec_score_head.{number}", embed, lambda z, x: z.add("linear", x, "s", out=classes,
                                                                         axis="channel"))  # fmt: skip
    scores = y.add("sigmoid", linear(y, embed, f"dec_score_head.{depth - 1}", classes), "sigmoid")
    n = y.shape(scores).elements
    return y.each((refer, scores), "best", "top_k", Shape((queries, 6)), comparisons=n - queries)
