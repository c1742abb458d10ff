"""Which operators of the language stand for which Caffe layer; sizes follow Caffe's own rules of rounding."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from cnncalc.interop.caffe.call import CaffeCall, CaffeMisfitError
from cnncalc.interop.caffe.rare import RARE
from cnncalc.values.shape import Shape
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.graph.graph import Ref

SAVED = frozenset(("Silence", "HDF5Output"))
"""Layers that make nothing."""
Made: TypeAlias = "Ref | Sequence[Ref]"


def unknown(call: CaffeCall) -> Made:
    """Add a layer of which nothing is known but that it gives what enters."""
    out = call.shape(call.x)
    reason = f"what a {call.layer.kind or 'layer without a type'} computes is not known"
    found = call.declare(out, params=None, macs=None, work=None, reason=reason)
    return [found] * max(len(call.layer.tops), 1)


def mapped(call: CaffeCall) -> Ref:
    """Return what is read as a map; a vector becomes one of a single position."""
    shape = call.shape(call.x)
    return call.x if len(shape) > 1 else call.add("reshape", call.x, suffix="map", shape=(shape[0], 1, 1))


def convolution(call: CaffeCall) -> Made:
    """Convolution, and the depthwise one of forks."""
    group, x = "convolution_param", mapped(call)
    if call.number(group, "axis", 1) != 1:
        return unknown(call)
    out = call.number(group, "num_output", 0, 1) or 0
    given: dict[str, Any] = {"out": out, "kernel": call.sides(group, "kernel_size", 0, 1, "kernel"),
             "stride": call.sides(group, "stride", 1, 1), "padding": call.sides(group, "pad", 0, 0),
             "dilation": call.sides(group, "dilation", 1, 1),
             "groups": call.number(group, "group", 1, 1),
             "bias": call.flag(group, "bias_term", default=True)}  # fmt: skip
    if call.layer.kind not in {"Convolution", "Deconvolution"}:
        given["groups"] = out
    name = "conv_transpose" if call.layer.kind == "Deconvolution" else "conv"
    return call.add(name, x, shared=True, **given)


def inner_product(call: CaffeCall) -> Made:
    """InnerProduct on everything from an axis on."""
    group = "inner_product_param"
    given: dict[str, Any] = {
        "out": call.number(group, "num_output", 0, 1), "bias": call.flag(group, "bias_term", default=True),
    }  # fmt: skip
    axis, rank = call.axis(group), len(call.shape(call.x))
    if axis == rank:
        return call.add("linear", shared=True, **given, **({"axis": "last"} if rank > 1 else {}))
    x = call.add("flatten", suffix="flatten", start=axis - 1)
    return call.add("linear", x, shared=True, **given, **({"axis": "last"} if axis > 1 else {}))


def pooling(call: CaffeCall) -> Made:
    """Pooling, which rounds up unless it is told to round down."""
    group = "pooling_param"
    method = call.word(group, "pool", "MAX")
    name = {"MAX": "max_pool", "0": "max_pool", "AVE": "avg_pool", "1": "avg_pool"}.get(method, "avg_pool")
    x = mapped(call)
    if call.flag(group, "global_pooling", default=False):
        return call.add("global_max_pool" if name == "max_pool" else "global_avg_pool", x)
    down = call.word(group, "round_mode", "CEIL") in ("FLOOR", "1") or not call.flag(group, "ceil_mode", default=True)
    window: dict[str, Any] = {"kernel": call.sides(group, "kernel_size", 0, 1, "kernel"),
                              "stride": call.sides(group, "stride", 1, 1)}  # fmt: skip
    padding = call.sides(group, "pad", 0, 0)
    beyond = outside(call.shape(x)[1:], window, padding) if not down else None
    if beyond:  # no padding, windows smaller than their stride: the last one may lie beside the map
        x, down = call.add("pad", x, suffix="pad", amount=beyond), True
    found = call.add(name, x, **window, ceil=not down, padding=padding)
    if len(call.layer.tops) > 1:
        return [found, call.declare(call.shape(found), [found], "mask", work=Work())]
    return found


def outside(extents: Sequence[int], window: dict[str, Any], padding: int | tuple[int, ...]) -> tuple[int, ...] | None:
    """Return what must be padded, before and after each axis, where Caffe keeps a window that starts beside the map."""
    if padding:
        return None
    every = [(v,) * len(extents) if isinstance(v, int) else v for v in (window["kernel"], window["stride"])]
    lasts = [-(-(n - k) // s) * s for n, k, s in zip(extents, *every, strict=True)]
    if all(last < n for last, n in zip(lasts, extents, strict=True)):
        return None
    return tuple(n for last, extent, k in zip(lasts, extents, every[0], strict=True)
                 for n in (0, max(last + k - extent, 0)))  # fmt: skip


def lrn(call: CaffeCall) -> Made:
    """LRN across channels, or within each."""
    if call.word("lrn_param", "norm_region", "ACROSS_CHANNELS") not in ("ACROSS_CHANNELS", "0"):
        n = call.shape(call.x).elements
        size = call.number("lrn_param", "local_size", 5, 1)
        return call.declare(call.shape(call.x), work=Work(multiplications=3 * n, special=n, divisions=n,
                                                          additions=n * size * size))  # fmt: skip
    return call.add("local_response_norm", size=call.number("lrn_param", "local_size", 5, 1))


def batch_norm(call: CaffeCall) -> Made:
    """BatchNorm: statistics without a scale; the one factor of each is counted with the others, at the end."""
    call.walk.norms += 1
    learned = call.flag("batch_norm_param", "scale_bias", default=False)  # a fork's
    return call.add("batch_norm", affine=learned)


def scale(call: CaffeCall) -> Made:
    """Scale by learned factors, or by a second blob."""
    bias = call.flag("scale_param", "bias_term", default=False)
    if len(call.ins) > 1:
        return gated(call, call.ins[0], call.ins[1])
    if call.number("scale_param", "axis", 1) != 1 or call.number("scale_param", "num_axes", 1) != 1:
        return scaled(call, bias=bias)
    return call.add("affine", scale="channel", offset="channel" if bias else "none")


def scaled(call: CaffeCall, *, bias: bool) -> Made:
    """Factors over other axes than the channels: so many from an axis on, all where it says -1, one where 0."""
    shape, count = call.shape(call.x), call.number("scale_param", "num_axes", 1, -1)
    start = call.axis("scale_param") - 1
    covered = shape[start:] if count < 0 else shape[start : start + count]
    n, values = shape.elements, prod(covered)
    return call.declare(shape, params=values * (1 + bias), biases=values * bias, same=True,
                        work=Work(multiplications=n, additions=n * bias))  # fmt: skip


def bias(call: CaffeCall) -> Made:
    """Bias: learned summands, or a second blob."""
    return call.add("affine", offset="channel") if len(call.ins) == 1 else eltwise_of(call, "add")


def gated(call: CaffeCall, x: Ref, gate: Ref) -> Ref:
    """Multiply a map by a factor for each channel."""
    shape, other = call.shape(x), call.shape(gate)
    if len(other) == 1 and len(shape) > 1 and other[0] == shape[0]:
        gate = call.add("reshape", gate, suffix="gate", shape=(other[0], *(1,) * (len(shape) - 1)))
    return call.add("mul", x, gate, suffix="mul" if call.layer.kind == "Axpy" else "")


def axpy(call: CaffeCall) -> Made:
    """Axpy of forks: a gate times a map, and another map."""
    gate, x, other = call.ins
    return call.add("add", gated(call, x, gate), other)


def eltwise_of(call: CaffeCall, name: str) -> Ref:
    """Join blobs element by element; of one blob it is that."""
    return call.add(name, *call.ins) if len(call.ins) > 1 else call.add("identity")


def eltwise(call: CaffeCall) -> Made:
    """Eltwise: sum, product or maximum; factors of a sum multiply."""
    word = call.word("eltwise_param", "operation", "SUM")
    name = {"PROD": "mul", "0": "mul", "SUM": "add", "1": "add", "MAX": "max", "2": "max"}.get(word, "add")
    factors = [w.text for w in call.layer.settings.message("eltwise_param").words("coeff")]
    ones = all(Fraction(f).limit_denominator() == 1 for f in factors if f.replace(".", "").isdecimal())
    if name == "add" and factors and not (ones and all(f.replace(".", "").isdecimal() for f in factors)):
        if [f.rstrip("0").rstrip(".") for f in factors] == ["1", "-1"]:
            return eltwise_of(call, "sub")
        n = call.shape(call.x).elements
        work = Work(multiplications=n * len(call.ins), additions=n * (len(call.ins) - 1))
        return call.declare(call.shape(call.x), work=work, same=True)
    return eltwise_of(call, name)


def activation(name: str) -> Callable[[CaffeCall], Made]:
    """Return the entry of an activation without settings."""
    return lambda call: call.add(name)


def relu(call: CaffeCall) -> Made:
    """ReLU, leaky where it says a slope."""
    slope = call.decimal("relu_param", "negative_slope", "0")
    return call.add("leaky_relu", slope=slope) if slope else call.add("relu")


def prelu(call: CaffeCall) -> Made:
    """PReLU with a slope per channel, or one."""
    shared = call.flag("prelu_param", "channel_shared", default=False)
    return call.add("prelu", parameters=1 if shared else call.shape(call.x)[0])


def each(**operations: int) -> Callable[[CaffeCall], Made]:
    """Return the entry of a layer that does the same to every element."""

    def entry(call: CaffeCall) -> Made:
        out = call.shape(call.x)
        return call.declare(out, work=Work(**{k: n * out.elements for k, n in operations.items()}), same=True)

    return entry


def softmax(call: CaffeCall) -> Made:
    """Softmax over an axis, usually the channels."""
    axis = call.axis("softmax_param")
    if axis == 1:
        return call.add("softmax")
    shape = call.shape(call.x)
    n, rows = shape.elements, shape.elements // shape[axis - 1]
    return call.declare(shape, work=Work(comparisons=n - rows, additions=2 * n - rows, special=n, divisions=n))


def concat(call: CaffeCall) -> Made:
    """Concat along an axis."""
    axis = call.number("concat_param", "axis", call.number("concat_param", "concat_dim", 1))
    shapes = [call.shape(ref) for ref in call.ins]
    rank = len(shapes[0]) + 1
    axis = axis + rank if axis < 0 else axis
    if len(shapes) == 1:
        return call.add("identity")
    if axis == 1:
        return call.add("concat", *call.ins)
    if not 0 < axis < rank or any(len(s) != rank - 1 for s in shapes):
        raise CaffeMisfitError(f"joins along axis {axis} what has {rank} axes")
    out = list(shapes[0])
    out[axis - 1] = sum(s[axis - 1] for s in shapes)
    return call.declare(Shape(out), work=Work())


def parted(call: CaffeCall) -> Made:
    """Slice: parts of an axis, equal ones unless it says where."""
    axis = call.number("slice_param", "axis", call.number("slice_param", "slice_dim", 1))
    shape, tops = call.shape(call.x), len(call.layer.tops)
    points = call.numbers("slice_param", "slice_point")
    if axis == 0 or not 0 < axis <= len(shape):  # parts of the batch: each is all of an image
        return [call.add("identity", suffix=str(n)) for n in range(tops)]
    n = shape[axis - 1]
    if not points:
        if tops < 1 or n % tops:
            raise CaffeMisfitError(f"cuts {n} into {tops} parts, which does not go")
        points = [n // tops * k for k in range(1, tops)]
    sizes = [b - a for a, b in zip([0, *points], [*points, n], strict=True)]
    if len(sizes) != tops or min(sizes) < 1:
        raise CaffeMisfitError(f"cuts {n} at {points[:8]} into {tops} blobs")
    if axis == 1 and tops > 1:
        op = call.walk.maker.make("split", sizes=tuple(sizes))
        return call.walk.maker.put(op, [call.x], call.place())
    return [call.declare(Shape((*shape[: axis - 1], size, *shape[axis:])), suffix=str(k), work=Work())
            for k, size in enumerate(sizes)]  # fmt: skip


def flatten(call: CaffeCall) -> Made:
    """Flatten from an axis on."""
    start, shape = call.axis("flatten_param"), call.shape(call.x)
    end = call.number("flatten_param", "end_axis", -1)
    if len(shape) == 1:
        return call.add("identity")
    return call.add("flatten", start=start - 1, end=end if end < 0 else end - 1)


def reshape(call: CaffeCall) -> Made:
    """Reshape of some axes: 0 keeps an extent, -1 takes what is left."""
    group = "reshape_param"
    shape, lead = call.shape(call.x), call.walk.lead(call.layer.bottoms[0])
    dims = [call.whole(word, "dim", -1) for word in call.layer.settings.message(group).message("shape").words("dim")]
    before = [*lead, *shape]
    start, count = call.number(group, "axis", 0), call.number(group, "num_axes", -1, -1)
    start = start + len(before) + 1 if start < 0 else start
    end = len(before) if count < 0 else start + count
    if not 0 <= start <= end <= len(before) or dims.count(-1) > 1:
        raise CaffeMisfitError(f"has axes or extents that {before} does not have")
    made = [before[start + k] if n == 0 and start + k < len(before) else n for k, n in enumerate(dims)]
    total, known = prod(before), prod(before[:start]) * prod(before[end:])
    if -1 in made:
        rest = -prod(made) * known
        made[made.index(-1)] = total // rest if rest > 0 else 0
    full = [*before[:start], *made, *before[end:]]
    if prod(full) != total and full and full[0] == 1 and prod(full) * prod(lead) == total:
        full[0] = prod(lead)  # written for one image
    if prod(full) != total or min(full, default=1) < 1:
        raise CaffeMisfitError(f"makes {full} of {before}, which has other elements")
    images = prod(lead)
    part = next((k for k in (1, *range(2, len(full)), 0) if prod(full[:k]) == images), None)
    if part is None:
        raise CaffeMisfitError(f"makes {full} of {before}, which parts images")
    out = tuple(full[part:]) or (1,)
    call.lead = tuple(full[:part])
    return call.add("reshape", shape=out) if out != tuple(shape) else call.add("identity")


def crop(call: CaffeCall) -> Made:
    """Crop to the size of a second blob, from an axis on."""
    shape, like = call.shape(call.x), call.shape(call.ins[1])
    axis = call.axis("crop_param", 2)
    offsets = call.numbers("crop_param", "offset") or [0]
    count = len(shape) + 1 - axis
    offsets = offsets * count if len(offsets) == 1 else offsets
    if len(like) != len(shape) or len(offsets) != count:
        raise CaffeMisfitError(f"crops {shape} to {like}")
    if axis == 2:
        return call.add("crop", size=tuple(like[1:]), offset=tuple(offsets))
    return call.declare(Shape((*shape[: axis - 1], *like[axis - 1 :])), work=Work())


def permute(call: CaffeCall) -> Made:
    """Permute of forks: axes in another order, the batch first."""
    order, rank = call.numbers("permute_param", "order"), len(call.shape(call.x)) + 1
    order += [a for a in range(rank) if a not in order]
    if sorted(order) != list(range(rank)) or order[0]:
        raise CaffeMisfitError(f"puts {rank} axes in the order {order[:8]}")
    return call.add("permute", axes=tuple(a - 1 for a in order[1:]))


def prior_box(call: CaffeCall) -> Made:
    """PriorBox of SSD: boxes and variances that depend on sizes alone."""
    group = "prior_box_param"
    settings = call.layer.settings.message(group)
    flip = call.flag(group, "flip", default=True)
    ratios = {Fraction(1)}
    for word in settings.words("aspect_ratio"):
        ratio = Fraction(word.text)
        ratios |= {ratio, 1 / ratio} if flip and ratio else {ratio}
    smalls, bigs = len(settings.words("min_size")), len(settings.words("max_size"))
    count = len(ratios) * smalls + bigs
    places = prod(call.shape(call.x)[1:])
    return call.declare(Shape((2, places * count * 4)), work=Work())


def detection_output(call: CaffeCall) -> Made:
    """DetectionOutput of SSD: at most so many boxes; how long the suppression takes depends on the data."""
    keep = max(call.number("detection_output_param", "keep_top_k", 100), 1)
    return call.declare(Shape((1, keep, 7)), work=None, reason="how many boxes are compared depends on the data")


def loss(operations: str) -> Callable[[CaffeCall], Made]:
    """Return the entry of what training or testing looks at: one number, so many operations per element."""
    per = {k: int(v) for k, v in (pair.split("=") for pair in operations.split())}

    def entry(call: CaffeCall) -> Made:
        n = call.shape(call.x).elements
        work = Work(**{k: v * n for k, v in per.items()})
        found = call.declare(Shape((1,)), work=work)
        if call.layer.kind == "SoftmaxWithLoss" and len(call.layer.tops) > 1:  # the second is the softmax itself
            return [found, call.declare(call.shape(call.x), [call.x], "softmax", work=Work())]
        return [found] * max(len(call.layer.tops), 1)

    return entry


def padding(call: CaffeCall) -> Made:
    """The padding layer of the first form."""
    words = call.layer.settings.message("convolution_param").words("pad")
    amount = call.whole(words[-1], "pad", 0) if words else 0
    return call.add("pad", mapped(call), amount=amount) if amount else call.add("identity")


def copied(call: CaffeCall) -> Made:
    """Split: the same blob under several names."""
    return [call.x] * len(call.layer.tops)


ENTRIES: dict[str, Callable[[CaffeCall], Made]] = {
    **dict.fromkeys(("Convolution", "Deconvolution", "ConvolutionDepthwise", "DepthwiseConvolution",
                     "ConvolutionDepthWise"), convolution),
    "InnerProduct": inner_product, "Pooling": pooling, "LRN": lrn, "BatchNorm": batch_norm, "Scale": scale,
    "Bias": bias, "Axpy": axpy, "Eltwise": eltwise, "ReLU": relu, "PReLU": prelu,
    "ReLU6": activation("relu6"), "Sigmoid": activation("sigmoid"), "TanH": activation("tanh"), "Dropout":
    activation("dropout"), "Swish": activation("silu"), "Softmax": softmax, "Concat": concat, "Slice": parted,
    "Flatten": flatten, "Reshape": reshape, "Crop": crop, "Permute": permute, "PriorBox": prior_box,
    "DetectionOutput": detection_output, "Split": copied, "Padding": padding,
    "ELU": lambda call: call.add("elu", alpha=call.decimal("elu_param", "alpha", "1")),
    "ShuffleChannel": lambda call: call.add("channel_shuffle", groups=call.number("shuffle_channel_param", "group", 1)),
    "AbsVal": each(comparisons=1), "Threshold": each(comparisons=1), "Exp": each(special=1), "Log": each(special=1),
    "Power": each(multiplications=1, additions=1, special=1), "BNLL": each(special=2, additions=1),
    "MVN": each(multiplications=2, additions=3, divisions=1),
    "SoftmaxWithLoss": loss("comparisons=1 additions=2 special=1 divisions=1"), "Accuracy": loss("comparisons=1"),
    "EuclideanLoss": loss("additions=2 multiplications=1"), "HingeLoss": loss("additions=2 comparisons=1"),
    "SigmoidCrossEntropyLoss": loss("special=2 additions=3 multiplications=1"), "InfogainLoss": loss("special=1"),
    "ContrastiveLoss": loss("additions=2 multiplications=1"), "MultinomialLogisticLoss": loss("special=1"),
    "MultiBoxLoss": loss("additions=2 comparisons=1"),
    "SmoothL1Loss": loss("additions=1 multiplications=1 comparisons=1"),
    "WeightedSigmoidCrossEntropyLoss": loss("special=2 additions=3 multiplications=1"),
}  # fmt: skip
"""The layers that are known."""


def entry_of(kind: str) -> Callable[[CaffeCall], Made] | None:
    """Return what makes the operators of a layer's type."""
    return ENTRIES.get(kind) or RARE.get(kind)
