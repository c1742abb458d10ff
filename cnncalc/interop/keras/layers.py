"""Which operators of the spec language stand for which Keras layer: by the operators' own names, or by an entry."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

from cnncalc.interop.keras import declared, sequences
from cnncalc.interop.keras.activations import ACTIVATIONS, NAMES, activated, activation, softmax
from cnncalc.interop.keras.attention import attention, dot_product, multi_head
from cnncalc.interop.keras.call import KerasMisfitError, LayerCall, fraction, integer, integers, make
from cnncalc.interop.keras.functions import REDUCED
from cnncalc.interop.keras.norms import batch_norm, group_norm, layer_norm, normalization, rms_norm, unit_norm
from cnncalc.interop.keras.structure import layer_of
from cnncalc.ops.registry import by_foreign_name
from cnncalc.values.shape import Shape
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.graph.graph import Ref
    from cnncalc.interop.keras.structure import KerasLayer
    from cnncalc.ops.operator import Operator


SYSTEM = "keras"


def value(given: Any) -> Any:
    """Return a setting as an argument: a list of equal numbers as one."""
    if isinstance(given, list):
        return given[0] if len(set(given)) == 1 else tuple(given)
    return fraction(given) if isinstance(given, float) else given


def named(call: LayerCall) -> Operator | None:
    """Return the operator that says of itself that it is this layer; None where no settings of it do."""
    for cls, said in by_foreign_name(SYSTEM, call.kind):
        if any(call.config.get(key) != wanted for key, wanted in said.constants.items()):
            continue
        arguments = {ours: value(call.config[theirs]) for ours, theirs in said.arguments.items()
                     if call.config.get(theirs) is not None}  # fmt: skip
        return cls(**{k: v for k, v in arguments.items() if k in cls.args})
    return None


def plain(call: LayerCall) -> Ref:
    """A layer that the operators' own names say, with its activation."""
    op = named(call)
    if op is None:
        raise KerasMisfitError("has settings that no operator stands for")
    return activated(call, call.add(op))


def single(name: str, **arguments: Any) -> Callable[[LayerCall], Ref]:
    """Return the entry of an operator whose arguments do not count."""
    return lambda call: call.add(make(name, **arguments), call.x)


def dense(call: LayerCall) -> Ref:
    """Dense on the last axis of Keras."""
    rank = len(call.shape(call.x))
    where = {} if rank == 1 else {"axis": "last" if call.walk.first else "channel"}
    op = make("linear", out=call.config["units"], bias=call.flag("use_bias", default=True), **where)
    return activated(call, call.add(op))


def separable(call: LayerCall) -> Ref:
    """SeparableConv: depthwise without a bias, then pointwise, which has it."""
    given = {ours: value(call.config[theirs]) for ours, theirs in (
        ("kernel", "kernel_size"), ("stride", "strides"), ("padding", "padding"), ("dilation", "dilation_rate"),
        ("multiplier", "depth_multiplier")) if theirs in call.config}  # fmt: skip
    ref = call.add(make("depthwise", bias=False, **given), suffix=".depthwise")
    op = make("conv", out=call.config["filters"], kernel=1, bias=call.flag("use_bias", default=True))
    return activated(call, call.add(op, ref, suffix=".pointwise"))


def conv_transpose(call: LayerCall) -> Ref:
    """Conv transpose; the paddings give Keras' sizes, in*s or in*s + max(k - s, 0)."""
    config, rank = call.config, call.rank

    def per_axis(name: str, default: Any = 1) -> tuple[int, ...]:
        found = config.get(name, default)
        return integers(found, name, 0) if isinstance(found, list) else (integer(found, name, 0),) * rank

    strides, kernels, dilations = per_axis("strides"), per_axis("kernel_size"), per_axis("dilation_rate")
    spans = [d * (k - 1) + 1 for k, d in zip(kernels, dilations, strict=True)]
    padding: Any = "same" if config.get("padding") == "same" else 0
    extra: Any = 0
    if config.get("output_padding") is not None:
        extra = per_axis("output_padding")
        padding = tuple(k // 2 for k in spans) if padding == "same" else 0
    elif padding == 0:
        extra = tuple(max(s - k, 0) for s, k in zip(strides, spans, strict=True))
    op = make("conv_transpose", out=config["filters"], kernel=kernels, stride=strides, dilation=dilations,
              padding=padding, output_padding=extra, groups=config.get("groups", 1),
              bias=call.flag("use_bias", default=True))  # fmt: skip
    return activated(call, call.add(op))


def pool(name: str, **arguments: Any) -> Callable[[LayerCall], Ref]:
    """Return the entry of a pool; what Keras pads is in no mean."""

    def entry(call: LayerCall) -> Ref:
        size = value(call.config["pool_size"])
        return call.add(make(name, kernel=size, stride=value(call.config.get("strides") or call.config["pool_size"]),
                             padding=call.config.get("padding", "valid"), **arguments))  # fmt: skip

    return entry


def global_pool(name: str) -> Callable[[LayerCall], Ref]:
    """Return the entry of a global pool, which drops the axes unless it is told to keep them."""

    def entry(call: LayerCall) -> Ref:
        ref = call.add(make(name))
        return ref if call.flag("keepdims", default=False) else call.add(make("flatten"), ref, suffix=".flatten")

    return entry


def adaptive(name: str) -> Callable[[LayerCall], Ref]:
    """Return the entry of an adaptive pool."""
    return lambda call: call.add(make(name, size=value(call.config["output_size"])))


def sides(given: Any, rank: int, name: str) -> list[tuple[int, int]]:
    """Return what is added or taken before and after each axis: one number, one per axis, or pairs."""
    if isinstance(given, int):
        return [(integer(given, name, 0),) * 2] * rank
    pairs: list[Any] = [given] if rank == 1 and isinstance(given[0], int) and len(given) == 2 else list(given)
    found = [integers(p, name, 0) if isinstance(p, list) else (integer(p, name, 0),) * 2 for p in pairs]
    if len(found) != rank or any(len(p) != 2 for p in found):
        raise KerasMisfitError(f"has '{name}' {str(given)[:40]} on {rank} spatial axes")
    return [(p[0], p[1]) for p in found]


def zero_padding(call: LayerCall) -> Ref:
    """ZeroPadding by axis."""
    amounts = tuple(n for pair in sides(call.config["padding"], call.rank, "padding") for n in pair)
    return call.add(make("pad", amount=amounts) if any(amounts) else make("identity"))


def cropping(call: LayerCall) -> Ref:
    """Cropping by axis."""
    taken = sides(call.config["cropping"], call.rank, "cropping")
    sizes = tuple(n - a - b for n, (a, b) in zip(call.shape(call.x).spatial, taken, strict=True))
    if min(sizes) < 1:
        raise KerasMisfitError(f"takes all of {call.shape(call.x)} away")
    return call.add(make("crop", size=sizes, offset=tuple(a for a, _ in taken)))


MODES = {"nearest": ("nearest",) * 4, "bilinear": ("", "linear", "bilinear", "trilinear"),
         "bicubic": ("", "", "bicubic", "")}  # fmt: skip


def mode_of(call: LayerCall) -> str:
    """Return the mode of a resize; raise KerasMisfitError for one that there is not."""
    word = call.config.get("interpolation", "bilinear" if call.kind in ("Resizing", "Resize") else "nearest")
    found = MODES.get(word, ("",) * 4)[call.rank] if isinstance(word, str) and call.rank < 4 else ""
    if not found:
        raise KerasMisfitError(f"resizes by '{str(word)[:40]}', which no operator does")
    return found


def upsampling(call: LayerCall) -> Ref:
    """UpSampling by whole factors."""
    return call.add(make("upsample", scale=value(call.config["size"]), mode=mode_of(call)))


def resizing(call: LayerCall) -> Ref:
    """Resizing to a size."""
    return call.add(make("upsample", size=(call.config["height"], call.config["width"]), mode=mode_of(call)))


def center_crop(call: LayerCall) -> Ref:
    """CenterCrop to a size."""
    return call.add(make("crop", size=(call.config["height"], call.config["width"])))


def random_crop(call: LayerCall) -> Ref:
    """RandomCrop, at inference: the middle, of the largest part with the wanted proportions, resized where larger."""
    shape = call.shape(call.x)
    wanted = integer(call.config["height"], "height"), integer(call.config["width"], "width")
    if len(shape) != 3:
        raise KerasMisfitError(f"wants an image, got {shape}")
    if tuple(shape[1:]) == wanted:
        return call.add(make("identity"))
    part = min(shape[1], shape[2] * wanted[0] // wanted[1]), min(shape[2], shape[1] * wanted[1] // wanted[0])
    ref = call.add(make("crop", size=part), call.x, suffix=".crop") if part != tuple(shape[1:]) else call.x
    return call.add(make("upsample", size=wanted, mode="bilinear"), ref)


def category_encoding(call: LayerCall) -> Ref | Sequence[Ref]:
    """CategoryEncoding: one place for each token; several indices of a row become one row, or one each."""
    tokens, mode = integer(call.config["num_tokens"], "num_tokens"), call.config.get("output_mode", "multi_hot")
    x = call.extents
    each = mode == "one_hot" and x[-1] != 1
    return call.declare(call.ours((*x, tokens) if each else (*x[:-1], tokens)), work=Work(additions=prod(x)))


def spectral(call: LayerCall) -> Ref | Sequence[Ref]:
    """SpectralNormalization: the layer inside, and the vector that training keeps for its weights."""
    inner = layer_of(call.config["layer"], {})
    entry = entry_of(inner)
    width = inner.config.get("filters") or inner.config.get("units") or inner.config.get("output_dim")
    if entry is None or not isinstance(width, int):
        return declared.opaque(call, f"what a {call.kind} of {inner.kind[:60]} computes is not known")
    found = entry(replace(call, layer=replace(inner, name=call.layer.name)))
    ref = found if isinstance(found[0], int) else found[0]
    return call.declare(call.shape(ref), ins=[ref], buffers=width, work=Work(), same=True, suffix=".spectral")


def pool_function(call: LayerCall) -> Ref:
    """`keras.ops.average_pool`, `max_pool`."""
    entry = pool("max_pool") if call.kind == "MaxPool" else pool("avg_pool", count_include_pad=False)
    return entry(call)


def resize_function(call: LayerCall) -> Ref:
    """`keras.ops.image.resize` to a size."""
    return call.add(make("upsample", size=tuple(integers(call.config["size"], "size")), mode=mode_of(call)), call.x)


def flatten(call: LayerCall) -> Ref:
    """Flatten."""
    return call.add(make("flatten"))


def reshape(call: LayerCall) -> Ref:
    """Reshape to extents in Keras' order, of which one may be open."""
    wanted = list(integers(call.config["target_shape"], "target_shape", -1))
    if -1 in wanted:
        at, rest = wanted.index(-1), -prod(wanted)
        wanted[at] = call.shape(call.x).elements // rest if rest > 0 else 0
    out = call.ours(wanted)
    if out == call.shape(call.x):
        return call.add(make("identity"))
    return call.add(make("reshape", shape=tuple(out)))


def permute(call: LayerCall) -> Ref:
    """Permute by axes that count from 1."""
    dims = integers(call.config["dims"], "dims")
    rank = len(dims)
    order = [0] * rank
    for at, axis in enumerate(dims):
        order[call.place(at, rank, batch=False)] = call.place(axis, rank)
    return call.add(make("permute", axes=tuple(order)))


def levelled(call: LayerCall) -> list[Ref]:
    """Return the tensors of a merge, those of fewer axes with extents of 1 before them in Keras' order."""
    most = max((len(call.shape(ref)) for ref in call.ins), default=0)
    found = []
    for number, ref in enumerate(call.ins):
        extents = call.keras(call.shape(ref))
        if len(extents) < most:
            shape = call.ours((*(1,) * (most - len(extents)), *extents))
            found.append(call.add(make("reshape", shape=tuple(shape)), ref, suffix=f".reshape{number}"))
        else:
            found.append(ref)
    return found


def merge(name: str, **operations: int) -> Callable[[LayerCall], Ref | Sequence[Ref]]:
    """Return the entry of an elementwise merge; where no operator spreads its extents, with declared numbers."""

    def entry(call: LayerCall) -> Ref | Sequence[Ref]:
        refs = levelled(call)
        shapes = [call.shape(ref) for ref in refs]
        out = Shape(max(extents) for extents in zip(*shapes, strict=True))
        if any(n not in (1, m) for x in shapes for n, m in zip(x, out, strict=True)):
            raise KerasMisfitError(f"cannot join {' and '.join(map(str, shapes))}: extents must be equal or 1")
        same = len(set(shapes)) == 1
        gates = (out, Shape((out[0], *(1,) * (len(out) - 1))), Shape((1, *out[1:])))
        if len(refs) > 1 and name and (name != "mul" or same or (out in shapes and all(x in gates for x in shapes))):
            return call.add(make(name, **({} if same or name == "mul" else {"broadcast": True})), *refs)
        times = {kind: 1 if kind == "divisions" else max(len(refs) - 1, 1) for kind in operations}
        work = Work(**{kind: n * out.elements * times[kind] for kind, n in operations.items()})
        return call.declare(out, ins=refs, work=work, same=same)

    return entry


def concatenate(call: LayerCall) -> Ref | Sequence[Ref]:
    """Concatenate along channels, or along another axis, where it moves elements only."""
    shapes = [call.shape(ref) for ref in call.ins]
    rank = len(call.shape(call.x))
    at = call.place(call.config.get("axis", -1), rank)
    if any(len(x) != rank or (*x[:at], *x[at + 1 :]) != (*shapes[0][:at], *shapes[0][at + 1 :]) for x in shapes):
        raise KerasMisfitError(f"cannot join {' and '.join(map(str, shapes))}: the other extents differ")
    if len(call.ins) == 1:
        return call.add(make("identity"), call.x)
    if at == 0:
        return call.add(make("concat"), *call.ins)
    out = Shape((*shapes[0][:at], sum(x[at] for x in shapes), *shapes[0][at + 1 :]))
    return call.declare(out, work=Work())


def dropout(call: LayerCall) -> Ref:
    """Dropout of any kind, the identity at inference."""
    return call.add(make("dropout", p=fraction(call.config.get("rate", 0.5))), call.x)


def time_distributed(call: LayerCall) -> Ref | Sequence[Ref]:
    """TimeDistributed: a layer at every step; a window gets an axis of extent 1 for the steps."""
    inner = layer_of(call.config["layer"], {})
    windows = ("kernel_size", "pool_size", "strides", "dilation_rate")
    if not call.walk.first and any(name in inner.config for name in windows[:2]) and inner.kind.endswith("D"):
        config = dict(inner.config)
        for name in windows:
            if isinstance(config.get(name), list):
                config[name] = [1, *config[name]]
        if inner.kind[-2] not in "12":
            return declared.repeated(call)
        inner = replace(inner, config=config, kind=f"{inner.kind[:-2]}{int(inner.kind[-2]) + 1}D")
    elif inner.kind not in STEPWISE:
        return declared.repeated(call)
    entry = entry_of(inner)
    if entry is None:
        return declared.repeated(call)
    found: Ref | Sequence[Ref] = entry(replace(call, layer=replace(inner, name=call.layer.name)))
    return found


STEPWISE = frozenset(("Dense", "Activation", "ReLU", "LeakyReLU", "ELU", "Dropout", "BatchNormalization",
                      "LayerNormalization", "Rescaling", "LayerScale", "Identity"))  # fmt: skip
"""Layers that do the same with a further axis before the others as at every step along it."""

INERT = ("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "AlphaDropout", "Dropout")
SAME = ("ActivityRegularization", "GaussianNoise", "Identity", "Masking", "AutoContrast", "Equalization",
        "Solarization", "MixUp", "CutMix", "RandAugment", "AugMix")  # fmt: skip
"""Layers that do nothing at inference."""

TABLE: dict[str, Callable[[LayerCall], Any]] = {
    **dict.fromkeys(INERT, dropout),
    **dict.fromkeys(SAME, single("identity")),
    **{f"{name}{n}D": entry for n in (1, 2, 3) for name, entry in (
        ("SeparableConv", separable), ("ZeroPadding", zero_padding), ("Cropping", cropping), ("UpSampling", upsampling),
        ("GlobalAveragePooling", global_pool("global_avg_pool")), ("GlobalMaxPooling", global_pool("global_max_pool")),
        ("AdaptiveAveragePooling", adaptive("adaptive_avg_pool")),
        ("AdaptiveMaxPooling", adaptive("adaptive_max_pool")),
        ("MaxPooling", pool("max_pool")), ("AveragePooling", pool("avg_pool", count_include_pad=False)),
    )},
    **{f"Conv{n}DTranspose": conv_transpose for n in (1, 2, 3)},
    **ACTIVATIONS,
    "Activation": activation,
    "Dense": dense,
    "EinsumDense": declared.einsum_dense,
    "Embedding": declared.embedding,
    **dict.fromkeys(sequences.GATES, sequences.recurrent),
    "Bidirectional": sequences.bidirectional,
    "RNN": sequences.cells,
    **{f"ConvLSTM{n}D": sequences.convolved for n in (1, 2, 3)},
    "SpectralNormalization": spectral,
    "RandomCrop": random_crop,
    "CategoryEncoding": category_encoding,
    "Discretization": declared.each(comparisons=1),
    "TimeDistributed": time_distributed,
    "Attention": attention,
    "AdditiveAttention": declared.additive_attention,
    "MultiHeadAttention": multi_head,
    "GroupQueryAttention": multi_head,
    "GroupedQueryAttention": multi_head,
    "BatchNormalization": batch_norm,
    "LayerNormalization": layer_norm,
    "GroupNormalization": group_norm,
    "RMSNormalization": rms_norm,
    "Normalization": normalization,
    "UnitNormalization": unit_norm,
    "LayerScale": single("layer_scale"),
    "Rescaling": declared.each(multiplications=1, additions=1),
    "Flatten": flatten,
    "Reshape": reshape,
    "Permute": permute,
    "RepeatVector": declared.repeat_vector,
    "Resizing": resizing,
    "CenterCrop": center_crop,
    "Concatenate": concatenate,
    "Dot": declared.dot,
    "Add": merge("add", additions=1),
    "Subtract": merge("sub", additions=1),
    "Maximum": merge("max", comparisons=1),
    "Minimum": merge("", comparisons=1),
    "Average": merge("", additions=1, divisions=1),
    "Multiply": merge("mul", multiplications=1),
    "Divide": merge("", divisions=1),
    "TrueDivide": merge("", divisions=1),
    "CustomScaleLayer": merge("", multiplications=1, additions=1),
}  # fmt: skip
"""Layers that need more than their operator's own names, by Keras' name."""

MERGES = ("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Maximum", "Minimum")
OPERATIONS: dict[str, Callable[[LayerCall], Any]] = {
    **{kind: TABLE[kind] for kind in MERGES},
    **{"".join(part.capitalize() for part in word.split("_")): single(name) for word, name in NAMES.items()
       if "softmax" not in word},
    **dict.fromkeys(("GetItem", "Split", "Transpose", "Squeeze", "ExpandDims", "Reshape", "Stack", "Concatenate", "Pad",
                     "Flip", "Roll", "Repeat", "Tile", "BroadcastTo", "Cast", "Swapaxes", "Moveaxis"), declared.moved),
    **dict.fromkeys(REDUCED, declared.reduced),
    "Einsum": declared.einsum,
    "Clip": declared.each(comparisons=2),
    "Softmax": softmax,
    **dict.fromkeys(("AveragePool", "MaxPool"), pool_function),
    "Resize": resize_function,
    "DotProductAttention": dot_product,
    "Matmul": declared.product,
    "Negative": declared.each(multiplications=1),
    "Absolute": declared.each(comparisons=1),
    **dict.fromkeys(("Exp", "Log", "Sqrt", "Rsqrt", "Square", "Power", "Sin", "Cos"), declared.each(special=1)),
}  # fmt: skip
"""Functions of `keras.ops` that a model calls on its tensors, by the class that stands for each."""
FUNCTIONS = ("keras.src.ops", "keras.ops")

EXPORTED: dict[str, Callable[[LayerCall], Any]] = {
    "spec>LayerScale": single("layer_scale"),
    "spec>GlobalResponseNorm": single("grn"),
    "spec>UnitNorm": single("l2_norm", affine=True),
    "spec>ScoreBias": declared.score_bias,
    "spec>Tokens": lambda call: call.add(make("tokens", n=integer(call.config["count"], "count"))),
    "spec>Affine": lambda call: call.add(make("affine", **{k: call.config[k] for k in ("scale", "offset")})),
}
"""Small classes that `cnncalc export keras` writes where Keras has no layer, by their registered names."""

KERAS = ("keras.", "tensorflow.keras.", "tf_keras.")
"""How the modules begin that are Keras' own."""


def entry_of(layer: KerasLayer) -> Callable[[LayerCall], Any] | None:
    """Return what takes in a layer; None for a class that is not known, or that is not Keras' own."""
    if layer.registered in EXPORTED:
        return EXPORTED[layer.registered]
    if layer.module and layer.module != "keras" and not layer.module.startswith(KERAS):
        return None
    if layer.module.startswith(FUNCTIONS):
        return OPERATIONS.get(layer.kind)
    found = TABLE.get(layer.kind)
    if found is None and layer.kind.startswith("Random") and layer.kind != "RandomFourierFeatures":
        return single("identity")  # an augmentation: the identity at inference
    if found is None and by_foreign_name(SYSTEM, layer.kind):
        found = plain
    return found
