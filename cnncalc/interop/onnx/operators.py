"""Which operator of the spec language stands for which of ONNX: one table, by ONNX's name.

An entry returns the operator and what it reads, or None where the language cannot say the node; then the node is a
layer with declared numbers (`declared`). What an entry returns is checked against ONNX's own shapes.
"""

from __future__ import annotations

from math import prod
from typing import Any

from cnncalc.interop.onnx.axes import concat, gather, product, recurrent, reduced, sliced, softmax, split, transpose
from cnncalc.interop.onnx.call import Call, Entry, Plan, agree, image, make


def pads_of(call: Call, rank: int) -> list[int] | str:
    """Return a window's padding: before and after, axis by axis, or the word for what pads itself."""
    auto = call.attributes.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        return "same" if auto == "SAME_UPPER" else "same_lower"
    pads = call.attributes.get("pads") if auto == "NOTSET" else None
    pads = pads or [0] * 2 * rank
    return [pads[k + side * rank] for k in range(rank) for side in (0, 1)]


def axes(values: list[int] | None, rank: int) -> tuple[int, ...] | int:
    """Return one value per axis, 1 where none are given; one number where all axes have the same."""
    values = values or [1] * rank
    return values[0] if len(set(values)) == 1 else tuple(values)


def window(call: Call, kernel: list[int], *, dilated: bool = True) -> dict[str, Any]:
    """Return the arguments of a sliding window."""
    rank = len(kernel)
    pads = pads_of(call, rank)
    found: dict[str, Any] = {"kernel": axes(kernel, rank), "stride": axes(call.attributes.get("strides"), rank)}
    if isinstance(pads, str):
        found["padding"] = pads
    elif all(pads[::2][k] == pads[1::2][k] for k in range(rank)):
        found["padding"] = axes(pads[::2], rank)
    else:
        found["padding"] = tuple(pads)
    if dilated:
        found["dilation"] = axes(call.attributes.get("dilations"), rank)
    return found


def batched(call: Call) -> bool:
    """Whether the first input is one image with channels and axes after a batch of 1."""
    shape = call.x.shape
    return len(shape) > 1 and shape[0] == 1


def conv(call: Call) -> Plan | None:
    """Conv, and the convolution inside its quantised forms."""
    w, b = call.given(1), call.given(2)
    if w is None or not batched(call) or not call.alone() or not 3 <= len(w.shape) <= 5:
        return None
    out, groups = w.shape[0], call.attributes.get("group", 1)
    agree(call.x.shape[1], w.shape[1] * groups, "weights")
    if b is not None and b.elements != out:
        return None
    if b is not None and not b.origins and b.data is not None and not b.data.any():
        b = None  # what an exporter writes for a convolution without a bias
    return Plan(make("conv", out=out, groups=groups, bias=b is not None, **window(call, list(w.shape[2:]))), (call.x,))


def conv_transpose(call: Call) -> Plan | None:
    """ConvTranspose; where `output_shape` says more than padding does, the padding that gives it."""
    w, b = call.given(1), call.given(2)
    if w is None or not batched(call) or not call.alone() or not 3 <= len(w.shape) <= 5:
        return None
    groups = call.attributes.get("group", 1)
    agree(call.x.shape[1], w.shape[0], "weights")
    extra = axes(call.attributes.get("output_padding") or [0] * (len(w.shape) - 2), len(w.shape) - 2)
    sizes = window(call, list(w.shape[2:]))
    if call.attributes.get("output_shape"):
        return None
    return Plan(make("conv_transpose", out=w.shape[1] * groups, groups=groups, bias=b is not None,
                     output_padding=0 if isinstance(sizes["padding"], str) else extra, **sizes), (call.x,))  # fmt: skip


def pool(name: str, *, dilated: bool = False, counts: bool = False, power: bool = False) -> Entry:
    """Return the entry of a pool."""

    def entry(call: Call) -> Plan | None:
        a = call.attributes
        if not batched(call) or len(call.outs) > 1:
            return None
        if not dilated and any(d != 1 for d in a.get("dilations") or ()):
            return None
        given: dict[str, Any] = window(call, list(a.get("kernel_shape") or ()), dilated=dilated)
        if a.get("ceil_mode"):
            given["ceil"] = True
        if counts:
            given["count_include_pad"] = bool(a.get("count_include_pad", 0))
        if power:
            given["p"] = int(a.get("p", 2))
        return Plan(make(name, **given), (call.x,))

    return entry


def simple(name: str, **arguments: Any) -> Entry:
    """Return the entry of an operator of one input whose arguments do not count."""

    def entry(call: Call) -> Plan | None:
        return Plan(make(name, **arguments), (call.x,)) if call.alone() and len(call.outs) == 1 else None

    return entry


def on_maps(name: str, **arguments: Any) -> Entry:
    """Return the entry of an operator that needs the batch to be one image."""
    plain = simple(name, **arguments)
    return lambda call: plain(call) if batched(call) else None


def leaky(call: Call) -> Plan | None:
    """LeakyRelu with its slope."""
    return Plan(make("leaky_relu", slope=fraction(call.attributes.get("alpha", 0.01))), (call.x,))


def with_alpha(name: str) -> Entry:
    """Return the entry of an activation with a scale."""
    return lambda call: Plan(make(name, alpha=fraction(call.attributes.get("alpha", 1.0))), (call.x,))


def fraction(number: float) -> Any:
    """Return a single-precision number as the decimal that was meant."""
    from fractions import Fraction

    return Fraction(f"{number:.6g}")


def gelu(call: Call) -> Plan | None:
    """Gelu, exact or by tanh."""
    word = call.attributes.get("approximate", "none")
    return Plan(make("gelu", approximate=word), (call.x,))


def clip(call: Call) -> Plan | None:
    """Clip to 0..6 is relu6."""
    low, high = call.value(1, "min"), call.value(2, "max")
    if low == [0] and high == [6] and call.alone():
        return Plan(make("relu6"), (call.x,))
    return None


def prelu(call: Call) -> Plan | None:
    """PRelu with one slope, or one per channel."""
    slope = call.given(1)
    if slope is None or not call.alone() or not batched(call):
        return None
    channels = call.x.shape[1]
    per_channel = prod(slope.shape) == channels and (len(slope.shape) < 2 or channels in slope.shape[:2])
    if slope.elements != 1 and not per_channel:
        return None
    return Plan(make("prelu", parameters=slope.elements), (call.x,))


def batch_norm(call: Call) -> Plan | None:
    """BatchNormalization with its statistics as inputs."""
    if not call.alone() or len(call.x.shape) < 2 or any(v.elements != call.x.shape[1] for v in call.fixed):
        return None
    return Plan(make("batch_norm"), (call.x,)) if batched(call) and len(call.outs) == 1 else None


def layer_norm(call: Call) -> Plan | None:
    """LayerNormalization over the last axes."""
    scale, bias = call.given(1), call.given(2)
    trailing = len(call.x.shape) - call.axis(-1)
    shape = image(call.x.shape)
    if not call.alone() or scale is None or len(call.outs) > 1 or trailing > len(shape):
        return None
    over = prod(shape[len(shape) - trailing :])
    if scale.elements != over or (bias is not None and bias.elements != over):
        return None
    return Plan(make("layer_norm", over=trailing, bias=bias is not None), (call.x,))


def group_norm(call: Call) -> Plan | None:
    """GroupNormalization; until opset 20 it scaled groups, not channels."""
    scale = call.given(1)
    if not batched(call) or not call.alone() or scale is None or scale.elements != call.x.shape[1]:
        return None
    return Plan(make("group_norm", groups=int(call.attributes["num_groups"])), (call.x,))


def local_response_norm(call: Call) -> Plan | None:
    """LRN over channels."""
    return Plan(make("local_response_norm", size=int(call.attributes["size"])), (call.x,)) if batched(call) else None


def gemm(call: Call) -> Plan | None:
    """Gemm with its weights stored: a linear layer."""
    w, b = call.given(1), call.given(2)
    if w is None or not call.alone() or call.attributes.get("transA") or len(w.shape) != 2:
        return None
    entering, out = w.shape[::-1] if call.attributes.get("transB") else w.shape
    agree(call.x.shape[-1], entering, "weights")
    if b is not None and b.elements != out:
        return None
    return linear(call, out, bias=b is not None)


def linear(call: Call, out: int, *, bias: bool) -> Plan:
    """Return the linear layer on the last axis."""
    where = {} if len(image(call.x.shape)) == 1 else {"axis": "last"}
    return Plan(make("linear", out=out, bias=bias, **where), (call.x,))


def matmul(call: Call) -> Plan | None:
    """MatMul with a stored matrix on the right: a linear layer."""
    w = call.given(1)
    if len(call.moving) == 2:
        return product(call)
    if w is None or not call.alone() or len(w.shape) != 2:
        return None
    agree(call.x.shape[-1], w.shape[0], "weights")
    return linear(call, w.shape[1], bias=False)


def scaled(name: str) -> Entry:
    """Return the entry of Add, Sub or Mul: a merge, or learned summands or factors."""
    plain = merge({"Add": "add", "Sub": "sub", "Mul": "mul"}[name])

    def entry(call: Call) -> Plan | None:
        if len(call.moving) == len(call.ins) == 2:
            left, right = (image(v.shape) for v in call.moving)
            if name == "Add" and left != right and len(left) == len(right):
                return Plan(make("add", broadcast=True), tuple(call.moving))
            return plain(call)
        if len(call.ins) != 2 or len(call.moving) != 1 or call.outs[0] != call.moving[0].shape:
            return None
        x, learned = call.moving[0], call.fixed[0]
        if not learned.origins or (name == "Sub" and x is not call.x):
            return None
        part = image(x.shape)
        shape = (*(1,) * (len(x.shape) - len(learned.shape)), *learned.shape)
        shape = shape[1:] if len(x.shape) > 1 and x.shape[0] == 1 else shape
        if learned.elements == part.elements:
            extent = "all"
        elif learned.elements == 1:
            extent = "one"
        elif shape[:1] == part[:1] and all(n == 1 for n in shape[1:]):
            extent = "channel"
        else:
            return None
        if name == "Mul":
            return Plan(make("layer_scale") if extent == "channel" else make("affine", scale=extent), (x,))
        return Plan(make("affine", offset=extent), (x,))

    return entry


def merge(name: str) -> Entry:
    """Return the entry of a merge whose every source depends on the inputs."""

    def entry(call: Call) -> Plan | None:
        moving = call.moving
        return Plan(make(name), tuple(moving)) if len(moving) == len(call.ins) > 1 else None

    return entry


def view(call: Call) -> Plan | None:
    """Reshape, Flatten, Squeeze, Unsqueeze: the same elements under another shape."""
    if not call.alone():
        return None
    before, after = image(call.x.shape), image(call.outs[0])
    if before == after:
        return Plan(make("identity"), (call.x,))
    if len(after) == 1:
        return Plan(make("flatten"), (call.x,))
    return Plan(make("reshape", shape=tuple(after)), (call.x,)) if 0 not in after else None


MODES = {"nearest": ("nearest",) * 4, "linear": ("", "linear", "bilinear", "trilinear"),
         "cubic": ("", "", "bicubic", "")}  # fmt: skip


def resize(call: Call) -> Plan | None:
    """Resize and Upsample of the spatial axes, by whole factors or to a size."""
    x, out = call.x.shape, call.outs[0]
    rank = len(x) - 2
    if not batched(call) or not 1 <= rank <= 3 or x[:2] != out[:2]:
        return None
    mode = MODES.get(call.attributes.get("mode", "nearest"), ("",) * 4)[rank]
    if not mode or call.attributes.get("antialias"):
        return None
    corners = call.attributes.get("coordinate_transformation_mode") == "align_corners" and mode != "nearest"
    whole = all(m % n == 0 for n, m in zip(x[2:], out[2:], strict=True))
    size: dict[str, Any] = (
        {"scale": axes([m // n for n, m in zip(x[2:], out[2:], strict=True)], rank)} if whole
        else {"size": axes(list(out[2:]), rank)}
    )  # fmt: skip
    return Plan(make("upsample", mode=mode, align_corners=corners, **size), (call.x,))


PAD_MODES = {"constant": "zeros", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


def pad(call: Call) -> Plan | None:
    """Pad of the spatial axes."""
    pads, along = call.value(1, "pads"), call.value(3)
    rank = len(call.x.shape)
    if pads is None or not call.alone() or not batched(call):
        return None
    if along is not None:
        full = [0] * 2 * rank
        for k, axis in enumerate(along):
            full[axis % rank], full[axis % rank + rank] = pads[k], pads[k + len(along)]
        pads = full
    if not any(pads):
        return Plan(make("identity"), (call.x,))
    if any(pads[k] or pads[k + rank] for k in (0, 1)) or min(pads) < 0:
        return None
    amount = tuple(pads[k + side * rank] for k in range(2, rank) for side in (0, 1))
    mode = PAD_MODES.get(call.attributes.get("mode", "constant"), "zeros")
    return Plan(make("pad", amount=amount, mode=mode), (call.x,))


def blocks(name: str) -> Entry:
    """Return the entry of DepthToSpace and its inverse."""
    return lambda call: Plan(make(name, factor=int(call.attributes["blocksize"])), (call.x,)) if batched(call) else None


def dropout(call: Call) -> Plan | None:
    """Dropout, the identity at inference; its mask, where it is asked for, is another result."""
    if len(call.outs) > 1:
        return None
    ratio = call.value(1, "ratio")
    return Plan(make("dropout", p=fraction((ratio or [0.5])[0])), (call.x,))


TABLE: dict[str, Entry] = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "MaxPool": pool("max_pool", dilated=True),
    "AveragePool": pool("avg_pool", counts=True),
    "LpPool": pool("lp_pool", power=True),
    "GlobalAveragePool": on_maps("global_avg_pool"),
    "GlobalMaxPool": on_maps("global_max_pool"),
    "BatchNormalization": batch_norm,
    "InstanceNormalization": on_maps("instance_norm", affine=True),
    "LayerNormalization": layer_norm,
    "GroupNormalization": group_norm,
    "LRN": local_response_norm,
    "Gemm": gemm,
    "MatMul": matmul,
    "Relu": simple("relu"),
    "Selu": simple("selu"),
    "Sigmoid": simple("sigmoid"),
    "Tanh": simple("tanh"),
    "HardSigmoid": simple("hardsigmoid"),
    "HardSwish": simple("hardswish"),
    "Mish": simple("mish"),
    "Softplus": simple("softplus"),
    "Softsign": simple("softsign"),
    "Swish": simple("silu"),
    "Gelu": gelu,
    "LeakyRelu": leaky,
    "Elu": with_alpha("elu"),
    "Celu": with_alpha("celu"),
    "Clip": clip,
    "PRelu": prelu,
    "Softmax": softmax("softmax"),
    "LogSoftmax": softmax("log_softmax"),
    "Add": scaled("Add"),
    "Sum": merge("add"),
    "Sub": scaled("Sub"),
    "Max": merge("max"),
    "Mul": scaled("Mul"),
    "Concat": concat,
    "Split": split,
    "Slice": sliced,
    "Reshape": view,
    "Flatten": view,
    "Squeeze": view,
    "Unsqueeze": view,
    "Identity": simple("identity"),
    "Dropout": dropout,
    "Resize": resize,
    "Upsample": resize,
    "Pad": pad,
    "ReduceMean": reduced("global_avg_pool", "channel_mean"),
    "ReduceMax": reduced("global_max_pool", "channel_max"),
    "Transpose": transpose,
    "Gather": gather,
    "LSTM": recurrent("lstm"),
    "GRU": recurrent("gru"),
    "DepthToSpace": blocks("pixel_shuffle"),
    "SpaceToDepth": blocks("pixel_unshuffle"),
}
"""By ONNX's name: what says the node in the spec language."""
