"""What each layer is in Keras: a layer with its arguments, perhaps with a padding or crop beside it, or an expression.

Keras holds a batch first and the channels last, `[N, *S, C]`: a spatial axis keeps its number, channels are axis -1.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from cnncalc.interop.exporting.refusing import NotSaidError, named
from cnncalc.interop.exporting.source import LayerCode
from cnncalc.interop.exporting.torch_layers import plain
from cnncalc.interop.keras.activations import NAMES
from cnncalc.ops.windows import axis_of, pads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.ops.operator import Operator, Shapes
    from cnncalc.values.axis import Window
    from cnncalc.values.shape import Shape

SYSTEM = "keras"
Codes = list[LayerCode]
WORDS = {ours: theirs for theirs, ours in NAMES.items()}
"""Keras' word for each activation."""
NOT_NEGATIVE = frozenset(("relu", "relu6", "sigmoid", "hardsigmoid", "softplus", "softmax"))
MODES = {"nearest": "nearest", "bilinear": "bilinear", "bicubic": "bicubic", "linear": "bilinear"}


def axis(ours: int) -> int:
    """Return where an axis of `[C, *S]` stands in Keras' order."""
    return ours or -1


def along(op: Any, x: Shape) -> int:
    """Return the axis that an operator works along, in Keras' order."""
    return axis(axis_of(getattr(op, "axis", "channel"), x, op.name))


def at(place: int, what: str) -> str:
    """Return the index that takes something of one axis."""
    return f"[..., {what}]" if place < 0 else f"[{':, ' * place}{what}]"


def spread(used: Sequence[Window], name: str) -> Any:
    """Return a number of each axis' window."""
    return plain(tuple(getattr(w, name) for w in used))


def same(used: Sequence[Window], x: Shape, out: Shape) -> bool:
    """Whether the paddings are those of Keras' word `same`: as much as the windows need, the surplus behind."""
    for w, n, o in zip(used, x.spatial, out.spatial, strict=True):
        more = max((o - 1) * w.stride + (w.kernel - 1) * w.dilation + 1 - n, 0)
        if o != -(-n // w.stride) or (w.before, w.after) != (more // 2, more - more // 2):
            return False
    return True


def around(used: Sequence[Window], x: Shape, out: Shape) -> list[tuple[int, int]]:
    """Return the paddings that windows need: what they state, and more where the last begins within and ends beyond."""
    found = []
    for w, n, o in zip(used, x.spatial, out.spatial, strict=True):
        reach = (o - 1) * w.stride + (w.kernel - 1) * w.dilation + 1
        found.append((w.before, max(w.after, reach - n - w.before)))
    return found


def sides(pairs: Sequence[tuple[int, int]]) -> Any:
    """Return paddings or crops as Keras takes them, in the shortest form."""
    if all(a == b for a, b in pairs):
        return plain(tuple(a for a, _ in pairs))
    return tuple(pairs) if len(pairs) > 1 else pairs[0]


def padded(pairs: Sequence[tuple[int, int]], *, part: str = "pad") -> LayerCode:
    """Return a padding with zeros."""
    return LayerCode(f"layers.ZeroPadding{len(pairs)}D", [("", sides(pairs))], part=part)


def filled(pairs: Sequence[tuple[int, int]], more: str) -> LayerCode:
    """Return a padding with something else, as an expression."""
    whole = ((0, 0), *pairs, (0, 0))
    return LayerCode(call=f"ops.pad({{0}}, {whole}, {more})", part="pad")


def by_name(op: Operator, ins: Shapes, *first: Any, skip: tuple[str, ...] = ()) -> Codes:
    """Return the layer that an operator says of itself, or the activation of its word.

    Args:
        op: the operator.
        ins: the shapes that it reads.
        first: arguments without a name before the others.
        skip: arguments that are among these, or say nothing.
    """
    said = named(op, SYSTEM)
    defaults = {name: argument.default for name, argument in op.args.items()}
    if said is None:
        own = {k: v for k, v in op.arguments().items() if v != defaults[k] and k != "call"}
        if op.name not in WORDS or own:
            raise NotSaidError("Keras has no layer for it as it stands here")
        return [LayerCode("layers.Activation", [("", WORDS[op.name])])]
    args: list[tuple[str, Any]] = [("", value) for value in first]
    for ours, theirs in said.arguments.items():
        value = op.arguments()[ours]
        if ours not in skip and value is not None:
            args.append((theirs, plain(value)))
    args += list(said.constants.items())
    return [LayerCode(f"layers.{said.named(max(len(ins[0]) - 1, 1))}", args)]


def convolution(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Convolutions, depthwise ones too; paddings that Keras has no word for stand before them."""
    if getattr(op, "gain", False):
        raise NotSaidError("the weights of a convolution in Keras have no gain of their own")
    x, used = ins[0], op.windows(ins[0])
    depthwise = op.name == "depthwise" and len(used) < 3
    groups = x[0] if op.name == "depthwise" else op.groups
    if any(w.stride > 1 for w in used) and any(w.dilation > 1 for w in used):
        raise NotSaidError("a convolution of Keras has strides or dilations, not both")
    first: Codes = []
    word = "valid"
    mode = getattr(op, "padding_mode", "zeros")
    pairs = [(w.before, w.after) for w in used]
    if mode != "zeros":
        if mode != "reflect":
            raise NotSaidError(f"Keras does not pad by '{mode}'")
        first = [filled(pairs, 'mode="reflect"')]
    elif any(any(pair) for pair in pairs):
        word = "same" if same(used, x, outs[0]) else "valid"
        first = [] if word == "same" else [padded(pairs)]
    args: list[tuple[str, Any]] = [] if depthwise else [("", outs[0][0])]
    args += [("", spread(used, "kernel")), ("strides", spread(used, "stride")), ("padding", word),
             ("dilation_rate", spread(used, "dilation")),
             ("depth_multiplier", outs[0][0] // x[0]) if depthwise else ("groups", groups),
             ("use_bias", op.has_bias)]  # fmt: skip
    defaults = {"strides": 1, "padding": "valid", "dilation_rate": 1, "groups": 1, "use_bias": True,
                "depth_multiplier": 1}  # fmt: skip
    kind = "DepthwiseConv" if depthwise else "Conv"
    return [*first, LayerCode(f"layers.{kind}{len(used)}D", args, defaults=defaults)]


def transposed(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Transposed convolutions: the whole of it, cropped to what is asked for."""
    x, out, used = ins[0], outs[0], op.windows(ins[0])
    if getattr(op, "gain", False) or op.groups != 1:
        raise NotSaidError("a transposed convolution of Keras has neither groups nor a gain")
    if any(w.stride > 1 for w in used) and any(w.dilation > 1 for w in used):
        raise NotSaidError("a transposed convolution of Keras has strides or dilations, not both")
    spans = [(w.kernel - 1) * w.dilation + 1 for w in used]
    surplus = [max(k - w.stride, 0) for k, w in zip(spans, used, strict=True)]
    crops = [(w.before, n * w.stride + s - w.before - o)
             for w, n, s, o in zip(used, x.spatial, surplus, out.spatial, strict=True)]  # fmt: skip
    if any(after < 0 for _, after in crops):
        raise NotSaidError("it is longer than a transposed convolution of Keras")
    word = "valid"
    if any(any(pair) for pair in crops) and crops == [(s // 2, s - s // 2) for s in surplus]:
        word, crops = "same", []
    args = [("", out[0]), ("", spread(used, "kernel")), ("strides", spread(used, "stride")), ("padding", word),
            ("dilation_rate", spread(used, "dilation")), ("use_bias", op.has_bias)]  # fmt: skip
    defaults = {"strides": 1, "padding": "valid", "dilation_rate": 1, "use_bias": True}
    codes = [LayerCode(f"layers.Conv{len(used)}DTranspose", args, defaults=defaults)]
    if any(any(pair) for pair in crops):
        codes.append(LayerCode(f"layers.Cropping{len(used)}D", [("", sides(crops))], part="crop"))
    return codes


def pool(op: Any, ins: Shapes, outs: Shapes, *, zeros: bool = False) -> Codes:
    """Pools: Keras' mean leaves its padding out; a maximum has it at minus infinity, or at zero where nothing is less.

    Args:
        op: the operator.
        ins: the shapes that it reads.
        outs: the shapes that it makes.
        zeros: whether nothing that it reads is negative.
    """
    x, used = ins[0], op.windows(ins[0])
    said = named(op, SYSTEM)
    if said is None:
        raise NotSaidError("Keras has no such pool")
    if any(w.dilation > 1 for w in used):
        raise NotSaidError("a pool of Keras has no dilation")
    first: Codes = []
    word = "valid"
    pairs = around(used, x, outs[0])
    if any(any(pair) for pair in pairs):
        largest = op.name == "max_pool"
        bare = [(w.before, w.after) for w in used]
        if same([w._replace(after=after) for w, (_, after) in zip(used, pairs, strict=True)], x, outs[0]) and (
            largest or not op.count_include_pad
        ):
            word = "same"
        elif largest:
            first = [padded(pairs) if zeros else filled(pairs, 'constant_values=float("-inf")')]
        elif op.count_include_pad and pairs == bare:
            first = [padded(pairs)]
        else:
            raise NotSaidError("what it pads is out of the mean, and not as Keras pads")
    kernel, stride = spread(used, "kernel"), spread(used, "stride")
    args = [("", kernel), ("strides", stride), ("padding", word)]
    return [*first, LayerCode(f"layers.{said.named(len(used))}", args,
                              defaults={"strides": kernel, "padding": "valid"})]  # fmt: skip


def linear(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Dense layers, along channels; along another axis that axis is turned last."""
    x = ins[0]
    place = axis_of(op.axis, x, op.name) if len(x) > 1 else 0
    made = LayerCode("layers.Dense", [("", op.out), ("use_bias", op.has_bias)], defaults={"use_bias": True})
    if place == 0:
        return [made]
    turned = [*(n for n in range(1, len(x) + 1) if n != place), place]
    back = [turned.index(n) + 1 for n in range(1, len(x) + 1)]
    return [permuted(turned), made, permuted(back)]


def permuted(dims: Sequence[int]) -> LayerCode:
    """Return a permutation beside a layer, of axes that count from 1."""
    return LayerCode("layers.Permute", [("", tuple(dims))], part="turn")


def permute(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Axes in another order."""
    rank = len(ins[0])
    order = op.order(ins[0])
    dims = tuple(order[(place + 1) % rank] or rank for place in range(rank))
    return [LayerCode("layers.Permute", [("", dims)])]


def batch_norm(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Batch normalisation."""
    if not op.running_stats:
        raise NotSaidError("Keras keeps statistics of it")
    args = [("center", op.affine), ("scale", op.affine)]
    return [LayerCode("layers.BatchNormalization", args, defaults={"center": True, "scale": True})]


def layer_norm(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Layer normalisation over channels, or over trailing axes."""
    rank = len(ins[0])
    over: Any = -1
    if op.over != "channel":
        trailing = {"all": rank, "last": 1}.get(op.over, op.over)
        places = sorted(axis(a) % (rank + 1) for a in range(rank - trailing, rank))
        over = -1 if places == [rank] else plain_axes(places)
    args = [("axis", over), ("center", op.affine and op.bias), ("scale", op.affine)]
    return [LayerCode("layers.LayerNormalization", args, defaults={"axis": -1, "center": True, "scale": True})]


def plain_axes(places: list[int]) -> Any:
    """Return axes, one as a number."""
    return places[0] if len(places) == 1 else tuple(places)


def group_norm(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Group normalisation, and that of each channel by itself."""
    if getattr(op, "running_stats", False):
        raise NotSaidError("Keras keeps no statistics of it")
    groups = op.groups if op.name == "group_norm" else -1
    args = [("", groups), ("center", op.affine), ("scale", op.affine)]
    return [LayerCode("layers.GroupNormalization", args, defaults={"center": True, "scale": True})]


def affine(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Learned factors and summands."""
    for kind in (op.scale, op.offset):
        if kind not in ("none", "one", "channel", "all"):
            raise NotSaidError(f"its factors lie along '{kind}'")
    args = [("scale", op.scale), ("offset", op.offset)]
    return [LayerCode("Affine", args, helper="Affine", defaults={"scale": "none", "offset": "none"})]


def learned(name: str, *arguments: str) -> Callable[[Any, Shapes, Shapes], Codes]:
    """Return the entry of a small class with arguments of the operator's."""
    return lambda op, _ins, _outs: [LayerCode(name, [("", getattr(op, a)) for a in arguments], helper=name)]


def unit_norm(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Vectors of length one, with learned factors or without."""
    if not op.affine:
        return [LayerCode("layers.UnitNormalization")]
    return [LayerCode("UnitNorm", helper="UnitNorm")]


def prelu(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """PReLU with a slope for each channel."""
    rank = len(ins[0])
    if op.parameters != ins[0][0]:
        raise NotSaidError("Keras has a slope for each channel at least")
    shared = list(range(1, rank))
    return [LayerCode("layers.PReLU", [("shared_axes", shared)] if shared else [])]


def softmax(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Softmax along an axis."""
    return [LayerCode("layers.Softmax", [("axis", along(op, ins[0]))], defaults={"axis": -1})]


def adaptive(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Adaptive pools."""
    kind = "Max" if "max" in op.name else "Average"
    return [LayerCode(f"layers.Adaptive{kind}Pooling{len(outs[0]) - 1}D", [("", plain(tuple(outs[0].spatial)))])]


def upsample(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Resizing by whole factors, or to a size."""
    x, out = ins[0], outs[0]
    if op.align_corners or op.mode not in MODES or (op.mode != "nearest" and len(x) != 3):
        raise NotSaidError("Keras does not resize so")
    mode = MODES[op.mode]
    if all(o % n == 0 for n, o in zip(x.spatial, out.spatial, strict=True)):
        factors = plain(tuple(o // n for n, o in zip(x.spatial, out.spatial, strict=True)))
        args = [("", factors), ("interpolation", mode)]
        return [LayerCode(f"layers.UpSampling{len(x) - 1}D", args, defaults={"interpolation": "nearest"})]
    if len(x) != 3 or op.mode == "nearest":
        raise NotSaidError("Keras does not resize by such a factor")
    return [LayerCode("layers.Resizing", [("", out[1]), ("", out[2]), ("interpolation", mode)],
                      defaults={"interpolation": "bilinear"})]  # fmt: skip


def pad(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Padding."""
    pairs = pads(op.amount, len(ins[0]) - 1, "amount")
    if op.mode == "zeros" and len(pairs) <= 3:
        return [padded(pairs, part="")]
    if op.mode != "reflect":
        raise NotSaidError(f"Keras does not pad by '{op.mode}'")
    return [filled(pairs, 'mode="reflect"')]


def crop(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Part of a map."""
    before = op.offsets(ins[0])
    pairs = [(a, n - a - o) for a, n, o in zip(before, ins[0].spatial, outs[0].spatial, strict=True)]
    return [LayerCode(f"layers.Cropping{len(pairs)}D", [("", sides(pairs))])]


def merged(name: str) -> Callable[[Any, Shapes, Shapes], Codes]:
    """Return the entry of a layer that reads several tensors."""

    def entry(op: Any, ins: Shapes, outs: Shapes) -> Codes:
        if name == "Subtract" and len(ins) != 2:
            raise NotSaidError("Keras subtracts one tensor from one other")
        listed = ", ".join(f"{{{n}}}" for n in range(len(ins)))
        args = [("axis", along(op, ins[0]))] if name == "Concatenate" else []
        return [LayerCode(f"layers.{name}", args, f"{{m}}([{listed}])", defaults={"axis": -1})]

    return entry


def split(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Parts of an axis."""
    place = along(op, ins[0])
    own = axis_of(getattr(op, "axis", "channel"), ins[0], op.name)
    sizes = [out[own] for out in outs]
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes) - 1)]
    what = len(sizes) if len(set(sizes)) == 1 else ends
    return [LayerCode(call=f"ops.split({{0}}, {what}, axis={place})")]


def cut(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """A range of an axis."""
    start, stop = op.bounds
    return [LayerCode(call=f"{{0}}{at(along(op, ins[0]), f'{start}:{stop}')}")]


def reshape(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """The same elements in another shape: in the order of channels first, so axes are turned where that matters."""
    x, out = ins[0], outs[0]
    if len(x) > 1 and x[0] == out[0]:
        return [LayerCode("layers.Reshape", [("", (*out[1:], out[0]))])]
    first = [permuted((len(x), *range(1, len(x))))] if len(x) > 1 and prod(x.spatial) > 1 else []
    last = [permuted((*range(2, len(out) + 1), 1))] if len(out) > 1 and prod(out[1:]) > 1 else []
    extents = tuple(out) if last else (*out[1:], out[0])
    return [*first, LayerCode("layers.Reshape", [("", extents)]), *last]


def flatten(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Axes joined into one; all of them as Keras orders them, channels last."""
    return [LayerCode("layers.Flatten")] if len(outs[0]) == 1 else reshape(op, ins, outs)


def matmul(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """The product of two matrices, which stand here transposed: (A B)' is B' A'."""
    if len(ins[0]) != 2 or len(ins[1]) != 2:
        raise NotSaidError("only a product of two matrices is written")
    left = "ops.swapaxes({0}, 1, 2)" if op.transpose in ("left", "both") else "{0}"
    right = "ops.swapaxes({1}, 1, 2)" if op.transpose in ("right", "both") else "{1}"
    return [LayerCode(call=f"ops.matmul({right}, {left})")]


def score_bias(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """The bias of attention's scores: made for itself, and added where the values are mixed."""
    extents = tuple(ins[0].spatial) if op.window is None else op.windowed(ins[0])
    args: list[tuple[str, Any]] = [("", op.heads), ("", extents)]
    if op.bias is not True:
        if op.bias != prod(extents):
            raise NotSaidError("its bias has another count than one per distance")
        args.append(("signed", False))
    return [LayerCode("ScoreBias", args, "{m}", helper="ScoreBias")]


def mixed(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """Attention: the layers that it stands for are one call, which reads queries, keys, perhaps a bias, and values."""
    parted = op.window is not None or op.tokens_per_group is not None
    if parted or op.shared_heads != op.heads or op.bias:
        if op.causal:
            raise NotSaidError("causal attention in parts is not written")
        size = op.windowed(ins[0]) if op.window is not None else (op.tokens_per_group,) if parted else ()
        more = f", size={tuple(size)}" if size else ""
        reads = "{0}, {1}, {3}" if op.bias else "{0}, {1}, {2}"
        more += ", bias={2}" if op.bias else ""
        call = f"attend_parts({reads}, heads={op.heads}, shared={op.shared_heads}{more})"
        return [LayerCode(call=call, helper="attend_parts")]
    if ins[0][0] != ins[2][0] and not op.causal:
        return [LayerCode(call=f"attend_wide({{0}}, {{1}}, {{2}}, heads={op.heads})", helper="attend_wide")]
    more = ", causal=True" if op.causal else ""
    return [LayerCode(call=f"attend({{0}}, {{1}}, {{2}}, heads={op.heads}{more})", helper="attend")]


def gru(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """A gated recurrent unit over a sequence, with a bias of both products as PyTorch has it."""
    if op.layers != 1 or op.bidirectional:
        raise NotSaidError("one state in one direction is written; say layers one by one")
    more = [] if op.last else [("return_sequences", True)]
    return [LayerCode("layers.GRU", [("", op.hidden), *more])]


def lstm(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """A long short-term memory, which has half the biases in Keras."""
    raise NotSaidError("Keras has one bias where this one has two")


def function(text: str, helper: str = "") -> Callable[[Any, Shapes, Shapes], Codes]:
    """Return the entry of an expression with arguments of the operator's."""

    def entry(op: Any, ins: Shapes, outs: Shapes) -> Codes:
        said = text
        for name, value in op.arguments().items():
            said = said.replace(f"<{name}>", repr(plain(value)))
        return [LayerCode(call=said.replace("<along>", str(along(op, ins[0]))), helper=helper)]

    return entry


def rolled(op: Any, ins: Shapes, outs: Shapes) -> Codes:
    """A map moved along its axes."""
    rank = len(ins[0]) - 1
    if op.axis is not None:
        return [LayerCode(call=f"ops.roll({{0}}, {plain(op.shift)}, axis={along(op, ins[0])})")]
    shifts = op.shift if isinstance(op.shift, tuple) else (op.shift,) * rank
    if rank == 1:
        return [LayerCode(call=f"ops.roll({{0}}, {shifts[0]}, axis=1)")]
    return [LayerCode(call=f"ops.roll({{0}}, {shifts}, axis={tuple(range(1, rank + 1))})")]


ENTRIES: dict[str, Callable[[Any, Shapes, Shapes], Codes]] = {
    "conv": convolution, "depthwise": convolution, "conv_transpose": transposed, "linear": linear, "avg_pool": pool,
    "batch_norm": batch_norm, "layer_norm": layer_norm, "group_norm": group_norm, "instance_norm": group_norm,
    "layer_scale": learned("LayerScale"), "affine": affine, "l2_norm": unit_norm, "grn": learned("GlobalResponseNorm"),
    "tokens": learned("Tokens", "n"), "prelu": prelu, "softmax": softmax, "adaptive_avg_pool": adaptive,
    "adaptive_max_pool": adaptive, "upsample": upsample, "pad": pad, "crop": crop, "add": merged("Add"),
    "sub": merged("Subtract"), "mul": merged("Multiply"), "max": merged("Maximum"), "concat": merged("Concatenate"),
    "split": split, "slice": cut, "reshape": reshape, "flatten": flatten, "permute": permute, "matmul": matmul,
    "attention": mixed, "attention_bias": score_bias, "roll": rolled, "gru": gru, "lstm": lstm,
    "local_response_norm": function("response_norm({0}, <size>)", "response_norm"),
    "channel_mean": function("ops.mean({0}, axis=<along>, keepdims=True)"),
    "channel_max": function("ops.max({0}, axis=<along>, keepdims=True)"),
    "repeat_channels": function("ops.repeat({0}, <times>, axis=-1)"),
    "channel_shuffle": function("channel_shuffle({0}, <groups>)", "channel_shuffle"),
    "pixel_shuffle": function("pixel_shuffle({0}, <factor>)", "pixel_shuffle"),
    "pixel_unshuffle": function("pixel_unshuffle({0}, <factor>)", "pixel_unshuffle"),
    "drop_path": lambda op, ins, outs: [LayerCode("layers.Identity")],
}  # fmt: skip
"""Layers whose arguments follow from shapes, or that are expressions."""


def keras_layer(op: Operator, ins: Shapes, outs: Shapes, before: Operator | None = None) -> Codes:
    """Return what a layer is in Keras, step by step.

    Args:
        op: the operator.
        ins: the shapes that it reads.
        outs: the shapes that it makes.
        before: the operator that makes the first of what it reads.

    Raises:
        NotSaidError: it has no form there.
    """
    if op.name == "max_pool":
        return pool(op, ins, outs, zeros=before is not None and before.name in NOT_NEGATIVE)
    entry = ENTRIES.get(op.name)
    if entry is not None:
        return entry(op, ins, outs)
    if op.tensors(ins):
        raise NotSaidError("it has weights, and Keras no layer of its name")
    return by_name(op, ins)
