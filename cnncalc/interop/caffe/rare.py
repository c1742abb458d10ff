"""Caffe layers that few networks use, and those of its forks for detection and segmentation."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, TypeAlias

from cnncalc.interop.caffe.call import CaffeCall, CaffeMisfitError
from cnncalc.values.shape import Shape
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.graph.graph import Ref

Made: TypeAlias = "Ref | Sequence[Ref]"
REGIONS = "how many regions there are depends on the data; one is counted"


def arg_max(call: CaffeCall) -> Made:
    """ArgMax along an axis, or over everything: the indices of the largest, and their values where asked for."""
    group = "argmax_param"
    shape, top = call.shape(call.x), call.number(group, "top_k", 1, 1)
    if call.layer.settings.message(group).words("axis"):
        axis = call.axis(group)
        out = [*shape[: axis - 1], top, *shape[axis:]]
    else:
        out = [2 if call.flag(group, "out_max_val", default=False) else 1, top, *(1,) * (len(shape) - 2)]
    return call.declare(Shape(out), work=Work(comparisons=shape.elements))


def reduction(call: CaffeCall) -> Made:
    """Reduction of everything from an axis on to one number."""
    group, shape = "reduction_param", call.shape(call.x)
    if call.number(group, "axis", 0) == 0:
        raise CaffeMisfitError("reduces the images of a batch to one number")
    axis = call.axis(group, 0)
    n = shape.elements
    squares = n if call.word(group, "operation", "SUM") in ("SUMSQ", "3") else 0
    return call.declare(Shape(shape[: axis - 1] or (1,)), work=Work(additions=n, multiplications=squares))


def tile(call: CaffeCall) -> Made:
    """Tile: an axis several times."""
    axis, shape, times = call.axis("tile_param"), call.shape(call.x), call.number("tile_param", "tiles", 1, 1)
    return call.declare(Shape((*shape[: axis - 1], shape[axis - 1] * times, *shape[axis:])), work=Work())


def embed(call: CaffeCall) -> Made:
    """Embed: a row of a table for each index."""
    group, shape = "embed_param", call.shape(call.x)
    rows, width = call.number(group, "input_dim", 0, 1), call.number(group, "num_output", 0, 1)
    bias = call.flag(group, "bias_term", default=True)
    places = 1 if tuple(shape) == (1,) else shape.elements
    out = Shape((width,) if tuple(shape) == (1,) else (*shape, width))
    return call.declare(out, params=rows * width + width * bias, biases=width * bias,
                        work=Work(additions=places * width * bias))  # fmt: skip


def spatial_pyramid(call: CaffeCall) -> Made:
    """SPP: pools into 1, 4, 16, .. windows, joined."""
    shape, levels = call.shape(call.x), call.number("spp_param", "pyramid_height", 1, 1)
    if levels > 10:
        raise CaffeMisfitError(f"has a pyramid of {levels} levels")
    places = sum(4**level for level in range(levels))
    return call.declare(Shape((shape[0] * places,)), work=Work(comparisons=levels * shape.elements))


def columns(call: CaffeCall) -> Made:
    """Im2col: the window of each position in its channels."""
    specs = (("kernel_size", 0, 1, "kernel"), ("stride", 1, 1), ("pad", 0, 0), ("dilation", 1, 1))
    kernel, stride, padding, dilation = (call.sides("convolution_param", *spec) for spec in specs)
    found = call.add("unfold", kernel=kernel, stride=stride, padding=padding, dilation=dilation)
    sides = [(v,) * 2 if isinstance(v, int) else v for v in (kernel, stride, padding, dilation)]
    extents = [(n + 2 * p - d * (k - 1) - 1) // s + 1
               for n, k, s, p, d in zip(call.shape(call.x)[1:], *sides, strict=True)]  # fmt: skip
    return call.add("reshape", found, suffix="map", shape=(call.shape(found)[0], *extents))


def normalize(call: CaffeCall) -> Made:
    """Normalize of SSD: by the length of each position or of the whole, with a factor per channel or one."""
    group, shape = "norm_param", call.shape(call.x)
    shared, whole = (call.flag(group, name, default=True) for name in ("channel_shared", "across_spatial"))
    if not (shared or whole):
        return call.add("l2_norm", affine=True)
    n, groups = shape.elements, 1 if whole else shape.positions
    work = Work(multiplications=2 * n, additions=n - groups, comparisons=groups, divisions=n, special=groups)
    return call.declare(shape, params=1 if shared else shape[0], work=work, same=not whole)


def fork_norm(call: CaffeCall) -> Made:
    """BN of forks: statistics, a learned scale and shift in one layer."""
    return call.add("batch_norm")


def regions(call: CaffeCall) -> Made:
    """ROIPooling, ROIAlign: one window of so many bins for each region."""
    group = "roi_align_param" if call.layer.kind == "ROIAlign" else "roi_pooling_param"
    sides = [call.number(group, f"pooled_{side}", 0, 1) for side in "hw"]
    return call.declare(Shape((call.shape(call.x)[0], *sides)), macs=None, work=None, reason=REGIONS)


def position_sensitive(call: CaffeCall) -> Made:
    """PSROIPooling: each bin of a region from a map of its own."""
    group = "psroi_pooling_param"
    size = call.number(group, "group_size", 0, 1)
    out = Shape((call.number(group, "output_dim", 0, 1), size, size))
    return call.declare(out, macs=None, work=None, reason=REGIONS)


def proposal(call: CaffeCall) -> Made:
    """Proposal, and what a layer in Python makes for regions: the batch and four corners of each, and a score."""
    reason = "how long choosing regions takes depends on the data"
    return [call.declare(Shape((5,) if n == 0 else (1,)), suffix=str(n) if n else "", macs=None, work=None,
                         reason=reason) for n in range(max(len(call.layer.tops), 1))]  # fmt: skip


def recurrent(call: CaffeCall) -> Made:
    """LSTM and RNN over the first axis: what one step costs, for each sequence of it."""
    hidden, shape = call.number("recurrent_param", "num_output", 0, 1), call.shape(call.x)
    joined = len(call.walk.lead(call.layer.bottoms[0])) > 1  # time and sequences are both the batch
    sequences, inner = (1, shape.elements) if joined or len(shape) == 1 else (shape[0], prod(shape[1:]))
    gates = 4 if call.layer.kind == "LSTM" else 1
    weights, biases = gates * hidden * (inner + hidden), gates * hidden
    if gates == 1:
        weights, biases = weights + hidden * hidden, biases + hidden
    macs, n = weights * sequences, hidden * sequences
    each = (5, 8, 5) if gates > 1 else (1, 3, 2)  # factors of gates and markers, summands, curves
    work = Work(multiplications=macs + each[0] * n, additions=macs + each[1] * n, special=each[2] * n)
    static = len(call.ins) > 2 and not call.flag("recurrent_param", "expose_hidden", default=False)
    out = Shape((hidden,) if joined or len(shape) == 1 else (sequences, hidden))
    if static:
        fixed = call.shape(call.ins[2])[-1]
        made = call.declare(out, product=True, params=weights + biases + gates * hidden * fixed, biases=biases,
                            macs=None, work=None, reason="a static input of a recurrent layer counts once a sequence",
                            )  # fmt: skip
    else:
        made = call.declare(out, product=True, params=weights + biases, biases=biases, macs=macs, work=work)
    return [made] * max(len(call.layer.tops), 1)


def zoomed(n: int, factor: int) -> int:
    """Return an extent with `factor - 1` points between each two."""
    return n + (n - 1) * (factor - 1)


def interpolated(call: CaffeCall) -> Made:
    """Interp: corners on corners, to a size, or shrunk and then zoomed by whole factors."""
    group, shape = "interp_param", call.shape(call.x)
    shrink, zoom = (call.number(group, f"{name}_factor", 1, 1) for name in ("shrink", "zoom"))
    padding = sum(call.number(group, f"pad_{end}", 0) for end in ("beg", "end"))
    size = tuple(zoomed((n + padding - 1) // shrink + 1, zoom) for n in shape[1:])
    asked = call.number(group, "height", 0), call.number(group, "width", 0)
    size = asked if min(asked) > 0 else size
    if len(call.ins) > 1:
        size = tuple(call.shape(call.ins[1])[1:])
    if min(size) < 1:
        raise CaffeMisfitError(f"makes a map of {size}")
    x = call.x
    if padding:
        ends = call.number(group, "pad_beg", 0), call.number(group, "pad_end", 0)
        if min(ends) >= 0:
            x = call.add("pad", x, suffix="pad", amount=ends * 2)
        else:  # negative: what is cut off
            x = call.add("crop", x, suffix="crop", size=tuple(n + padding for n in shape[1:]),
                         offset=(-min(ends[0], 0),) * 2)  # fmt: skip
    return call.add("upsample", x, size=size, mode="bilinear", align_corners=True)


def upsampled(call: CaffeCall) -> Made:
    """Upsample of forks, by a factor or to a size; with a mask each value returns to where it was the largest."""
    group = "upsample_param"
    size = call.number(group, "upsample_h", 0), call.number(group, "upsample_w", 0)
    scale = call.number(group, "scale", 2, 1)
    shape = call.shape(call.x)
    out = Shape((shape[0], *(size if min(size) > 0 else (n * scale for n in shape[1:]))))
    if len(call.ins) > 1:
        return call.declare(out, work=Work())
    return call.add("upsample", size=tuple(out[1:]), mode="nearest")


def reorganised(call: CaffeCall) -> Made:
    """Reorg of YOLO: windows to channels."""
    return call.add("pixel_unshuffle", factor=call.number("reorg_param", "stride", 2, 1))


def clip(call: CaffeCall) -> Made:
    """Clip between two bounds."""
    out = call.shape(call.x)
    return call.declare(out, work=Work(comparisons=2 * out.elements), same=True)


def passed(call: CaffeCall) -> Made:
    """What chooses or reorders images of a batch: each is as before."""
    return [call.add("identity", ref, suffix=str(n) if n else "") for n, ref in
            enumerate(call.ins[: max(len(call.layer.tops), 1)])]  # fmt: skip


RARE: dict[str, Callable[[CaffeCall], Made]] = {
    "ArgMax": arg_max, "Reduction": reduction, "Tile": tile, "Embed": embed, "SPP": spatial_pyramid, "Im2col": columns,
    "Normalize": normalize, "BN": fork_norm, "ROIPooling": regions, "ROIAlign": regions,
    "PSROIPooling": position_sensitive, "Proposal": proposal, "LSTM": recurrent, "RNN": recurrent,
    "Interp": interpolated, "Upsample": upsampled, "Reorg": reorganised, "Clip": clip, "BatchReindex": passed,
    "Filter": passed,
}  # fmt: skip
"""Those of these layers that are known."""
