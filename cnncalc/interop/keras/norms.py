"""Normalisations: with a scale, a shift, both or neither."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar

from cnncalc.interop.keras.call import KerasMisfitError, LayerCall, integer, make
from cnncalc.ops.norm import BatchNorm
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Ref
    from cnncalc.ops.foreign import Elsewhere
    from cnncalc.ops.operator import Shapes
    from cnncalc.values.tensor import Tensor


class ScaledBatchNorm(BatchNorm):
    """Batch normalisation that learns a scale and no shift, C parameters; at inference it costs the same."""

    of_file: ClassVar[bool] = True
    elsewhere: ClassVar[Elsewhere] = {}
    lacks: ClassVar[str] = "bias"

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        return tuple(t for t in super().tensors(ins) if t.name != self.lacks)


class ShiftedBatchNorm(ScaledBatchNorm):
    """Batch normalisation that learns a shift and no scale, C parameters; at inference it costs the same."""

    lacks: ClassVar[str] = "weight"


def learns(call: LayerCall) -> tuple[bool, bool]:
    """Return whether a normalisation learns a scale, and a shift."""
    return call.flag("scale", default=True), call.flag("center", default=True)


def batch_norm(call: LayerCall) -> Ref | Sequence[Ref]:
    """BatchNormalization along channels, or along another axis with declared numbers."""
    axis = call.config.get("axis", -1)
    if isinstance(axis, list):
        axis = axis[0]
    scale, shift = learns(call)
    at, x = call.place(axis, len(call.shape(call.x))), call.shape(call.x)
    if at != 0:  # each of another axis' places by itself
        n, many = x[at], scale + shift
        work = Work(multiplications=x.elements, additions=x.elements)
        return call.declare(x, ins=[call.x], params=n * many, biases=n * shift, buffers=2 * n, work=work, same=True)
    if scale == shift:
        return call.add(make("batch_norm", affine=scale), call.x)
    return call.add(ScaledBatchNorm() if scale else ShiftedBatchNorm(), call.x)


def layer_norm(call: LayerCall) -> Ref | Sequence[Ref]:
    """LayerNormalization over the channels, over everything, or over other axes with declared numbers."""
    if call.flag("rms_scaling", default=False):
        return rms_norm(call)
    axes = call.config.get("axis", -1)
    x = call.shape(call.x)
    places = {call.place(axis, len(x)) for axis in (axes if isinstance(axes, list) else [axes])}
    scale, shift = learns(call)
    over = "channel" if places == {0} else "all" if len(places) == len(x) else ""
    if over and scale:
        return call.add(make("layer_norm", over=over, bias=shift), call.x)
    n = prod(x[at] for at in places)
    groups = x.elements // n
    work = Work(additions=(3 + shift) * x.elements - groups, multiplications=(2 + scale) * x.elements,
                divisions=2 * groups, special=groups)  # fmt: skip
    return call.declare(x, ins=[call.x], params=n * (scale + shift), work=work)


def rms_norm(call: LayerCall) -> Ref | Sequence[Ref]:
    """RMSNormalization: squares, their mean, its root, and a learned factor for each channel."""
    x = call.shape(call.x)
    axis = call.config.get("axis", -1)
    n = x[call.place(axis[0] if isinstance(axis, list) else axis, len(x))]
    groups = x.elements // n
    work = Work(multiplications=3 * x.elements, additions=x.elements, divisions=groups, special=groups)
    return call.declare(x, ins=[call.x], params=n, work=work)


def group_norm(call: LayerCall) -> Ref | Sequence[Ref]:
    """GroupNormalization; -1 is one group for each channel."""
    x = call.shape(call.x)
    groups = integer(call.config.get("groups", 32), "groups", -1)
    groups = x.channels if groups == -1 else groups
    scale, shift = learns(call)
    if call.place(call.config.get("axis", -1), len(x)) != 0:
        raise KerasMisfitError("normalises along an axis that is not that of the channels")
    ref = call.add(make("group_norm", groups=groups, affine=scale and shift), call.x)
    if scale == shift:
        return ref
    extent = {"scale" if scale else "offset": "channel"}
    return call.add(make("affine", **extent), ref, suffix=".affine")


def normalization(call: LayerCall) -> Sequence[Ref]:
    """Normalization by a mean and variance that the settings hold, or else the layer's buffers, with a counter."""
    x = call.shape(call.x)
    axes = call.config.get("axis", -1)
    listed = [] if axes is None else axes if isinstance(axes, list) else [axes]
    kept = prod(x[call.place(axis, len(x))] for axis in listed)
    buffers = 2 * kept + 1 if call.config.get("mean") is None else 0
    work = Work(additions=x.elements, divisions=x.elements)
    return call.declare(x, ins=[call.x], buffers=buffers, work=work, same=True)


def unit_norm(call: LayerCall) -> Ref | Sequence[Ref]:
    """UnitNormalization: each position's channels, or what stands along other axes, divided by their length."""
    axes = call.config.get("axis", -1)
    x = call.shape(call.x)
    places = {call.place(axis, len(x)) for axis in (axes if isinstance(axes, list) else [axes])}
    if places == {0}:
        return call.add(make("l2_norm", affine=False), call.x)
    n, groups = x.elements, x.elements // prod(x[at] for at in places)
    work = Work(multiplications=n, additions=n - groups, comparisons=groups, divisions=n, special=groups)
    return call.declare(x, ins=[call.x], work=work)
