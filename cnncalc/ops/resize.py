"""What changes a map's size without weights: crop, pad, upsample and the pixel shuffles."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

from cnncalc.numbers.doors import exactly
from cnncalc.ops.arguments import Boolean, Extents, Integer, Number, Padding, PerAxis, Word, shown
from cnncalc.ops.conv import PADDING_MODES, fillable
from cnncalc.ops.foreign import Foreign, known_as
from cnncalc.ops.operator import Called, Operator, Shapes, arg
from cnncalc.ops.pool import adaptive_reach, window_elements
from cnncalc.ops.registry import register
from cnncalc.ops.windows import AxisValue, axis_name, only_rank, pads, per_axis, spatial_rank
from cnncalc.values.axis import Nearest, Reach, Slide, Window, resampled, scaled
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.work import NO_WORK, Work

if TYPE_CHECKING:
    from cnncalc.deployment.emitter import Emitter


@register("crop", aliases=("center_crop",))
class Crop(Operator):
    """The middle of a map, or the part from `offset` on, `[C, *S] -> [C, *size]`; a view that moves nothing.

    The U-Net's copy and crop (arXiv:1505.04597). A centred crop of an odd difference leaves the smaller part before:
    offset floor((in - out)/2).
    """

    group = "shape"
    family = "view"
    moves = False
    example = "crop: 8"
    elsewhere = known_as(keras="Cropping{n}D", caffe="Crop")
    keeps = ()
    size: AxisValue = arg(Extents(), main=True, like=True, symbol="o", doc="output size")
    offset: AxisValue | None = arg(PerAxis(0), default=None, doc="first position kept; default: centred")

    def offsets(self, x: Shape) -> tuple[int, ...]:
        """Return the first position kept on each axis."""
        rank = spatial_rank(x, self.name)
        sizes = per_axis(self.size, rank, "size")
        if self.offset is None:
            return tuple((n - o) // 2 for n, o in zip(x.spatial, sizes, strict=True))
        return per_axis(self.offset, rank, "offset")

    def out_shape(self, x: Shape) -> Shape:
        sizes = per_axis(self.size, spatial_rank(x, self.name), "size")
        for axis, (n, o, first) in enumerate(zip(x.spatial, sizes, self.offsets(x), strict=True)):
            if first < 0 or first + o > n:
                raise ArgumentError(
                    f"{self.name} to {axis_name(axis, len(sizes))}={o} at offset {max(first, 0)} leaves the input {x}",
                    argument="size",
                    hint="crop to at most the input's size, or pad it first",
                )
        return Shape((x.channels, *sizes))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return (tuple(Slide(before=-first) for first in self.offsets(ins[0])),)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        first = self.offsets(ins[0])
        around = first if len(first) == 2 else (0, *first)
        return (to.slice(xs[0], (0, *around, 0), to.layout(outs[0])),)


class _Amount(Padding):
    """Padding in numbers; cutting is another operator's."""

    def check(self, value: object, name: str) -> str | int | tuple[int, ...]:
        numbers = value if isinstance(value, tuple) else (value,)
        if any(isinstance(v, int) and v < 0 for v in numbers):
            raise ArgumentError(
                f"'{name}' must not be negative, got {shown(value)}",
                argument=name,
                hint="use crop to cut a map: crop: {size: .., offset: ..}",
            )
        return super().check(value, name)


@register("pad", aliases=("zero_pad",))
class Pad(Operator):
    """Add positions around a map, `[C, *S] -> [C, *(S + before + after)]`, filled as PyTorch's padding layers do.

    A list names one amount per axis, or before and after, axis by axis: `[top, bottom, left, right]`.
    """

    group = "shape"
    example = "pad: [1, 2, 0, 3]"
    elsewhere = known_as(
        torch=(
            Foreign("ZeroPad{n}d", {"amount": "padding"}, when={"mode": "zeros"}),
            Foreign("ReflectionPad{n}d", {"amount": "padding"}, when={"mode": "reflect"}),
            Foreign("ReplicationPad{n}d", {"amount": "padding"}, when={"mode": "replicate"}),
            Foreign("CircularPad{n}d", {"amount": "padding"}, when={"mode": "circular"}),
        ),
        torch_function="pad",
        onnx=(
            Foreign("Pad", constants={"mode": "constant"}, when={"mode": "zeros"}),
            Foreign("Pad", constants={"mode": "reflect"}, when={"mode": "reflect"}),
            Foreign("Pad", constants={"mode": "edge"}, when={"mode": "replicate"}),
            Foreign("Pad", constants={"mode": "wrap"}, when={"mode": "circular"}),
        ),
        tflite=(
            Foreign("PAD", when={"mode": "zeros"}),
            Foreign("MIRROR_PAD", constants={"mode": "REFLECT"}, when={"mode": "reflect"}),
        ),
        keras=Foreign("ZeroPadding{n}D", {"amount": "padding"}, when={"mode": "zeros"}),
    )
    keeps = ()
    amount: AxisValue = arg(_Amount(words=()), main=True, symbol="p", doc="positions added")
    mode: str = arg(Word(PADDING_MODES), default="zeros", doc="what they are filled with")

    def amounts(self, x: Shape) -> tuple[tuple[int, int], ...]:
        """Return (before, after) of each axis."""
        return pads(self.amount, spatial_rank(x, self.name), "amount")

    def out_shape(self, x: Shape) -> Shape:
        added = self.amounts(x)
        fillable(self.mode, x, tuple(Window(1, before=b, after=a) for b, a in added), self.name, "amount")
        return Shape((x.channels, *(n + b + a for n, (b, a) in zip(x.spatial, added, strict=True))))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return (tuple(Slide(before=before) for before, _ in self.amounts(ins[0])),)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        around = self.amounts(ins[0])
        if self.mode not in ("zeros", "reflect"):
            return super().tflite(to, xs, ins, outs)
        both = around if len(around) == 2 else ((0, 0), *around)
        return (to.pad(xs[0], both, mirror=self.mode == "reflect"),)


MODES = {"nearest": None, "nearest_exact": None, "linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2, "area": None}
"""Upsampling modes and the rank they are for; None for any."""


@register("upsample", aliases=("interpolate", "resize"))
class Upsample(Called):
    """Resize a map, `[C, *S] -> [C, *floor(S*scale)]` or `[C, *size]`, as PyTorch's Upsample does.

    Interpolation weighs 2 neighbours per axis, bicubic 4: a multiplication each and their sum. Nearest computes
    nothing, area is adaptive average pooling.
    """

    group = "shape"
    example = "upsample: {scale: 2, mode: bilinear}"
    elsewhere = known_as(
        torch=Foreign("Upsample", {
            "scale": "scale_factor", "size": "size", "mode": "mode", "align_corners": "align_corners",
            "recompute_scale_factor": "recompute_scale_factor",
        }),
        torch_function=Foreign("interpolate", {
            "scale": "scale_factor", "size": "size", "mode": "mode", "align_corners": "align_corners",
            "recompute_scale_factor": "recompute_scale_factor",
        }),
        onnx=Foreign("Resize", {"scale": "scales", "size": "sizes"}),
        tflite=(
            Foreign("RESIZE_NEAREST_NEIGHBOR", {"align_corners": "align_corners"}, when={"mode": "nearest"}),
            Foreign("RESIZE_BILINEAR", {"align_corners": "align_corners"}, when={"mode": "bilinear"}),
        ),
        keras=Foreign("UpSampling{n}D", {"scale": "size"}),
        darknet=Foreign("upsample", {"scale": "stride"}, when={"mode": "nearest"}),
    )  # fmt: skip
    keeps = ()
    scale: int | Fraction | tuple[int | Fraction, ...] | None = arg(
        Number(above=0, axes=True), default=None, main=True, aliases=("scale_factor",), symbol="f", doc="factor"
    )
    size: AxisValue | None = arg(Extents(), default=None, like=True, symbol="o", doc="output size, not a factor")
    mode: str = arg(Word(tuple(MODES)), default="nearest", doc="how values between are found")
    align_corners: bool = arg(Boolean(), default=False, doc="corner pixels stay where they are")
    recompute_scale_factor: bool = arg(Boolean(), default=False, doc="positions follow out/in, not the scale")

    def check(self) -> None:
        if self.scale is None and self.size is None:
            raise ArgumentError(
                f"{self.name} needs 'scale' or 'size'",
                code="missing-argument",
                hint="write upsample: 2 to double the map",
            )
        if self.scale is not None and self.size is not None:
            raise ArgumentError(
                f"{self.name} takes 'scale' or 'size', got both",
                argument="size",
                hint="leave one of them out",
                code="conflicting-arguments",
            )
        if self.recompute_scale_factor and self.size is not None:
            raise ArgumentError(
                f"{self.name} has recompute_scale_factor with a size",
                argument="recompute_scale_factor",
                hint="it is for a scale: a size has no other factor than out/in",
                code="conflicting-arguments",
            )
        if self.align_corners and (self.mode.startswith("nearest") or self.mode == "area"):
            raise ArgumentError(
                f"{self.name} has align_corners with mode {self.mode}",
                argument="align_corners",
                hint="only linear, bilinear, trilinear and bicubic know aligned corners",
            )

    def out_shape(self, x: Shape) -> Shape:
        rank = spatial_rank(x, self.name)
        wanted = MODES[self.mode]
        if wanted not in (None, rank):
            right = {1: "linear", 2: "bilinear", 3: "trilinear"}.get(rank, "nearest")
            raise ArgumentError(
                f"{self.name} mode {self.mode} is for {wanted} spatial axes, the input {x} has {rank}",
                argument="mode",
                hint=f"use mode: {right}",
            )
        if self.size is not None:
            return Shape((x.channels, *per_axis(self.size, rank, "size")))
        factors = per_axis(self.scale, rank, "scale")  # type: ignore[arg-type]
        sizes = tuple(scaled(n, f) for n, f in zip(x.spatial, factors, strict=True))
        for axis, (size, factor) in enumerate(zip(sizes, factors, strict=True)):
            if size < 1:
                raise ArgumentError(
                    f"{self.name} by {shown(factor)} leaves nothing of {axis_name(axis, rank)}={x.spatial[axis]}",
                    argument="scale",
                    hint="use a larger scale, or say the size",
                )
        return Shape((x.channels, *sizes))

    def taps(self, ins: Shapes) -> int:
        per = {"linear": 2, "bilinear": 2, "trilinear": 2, "bicubic": 4}.get(self.mode, 1)
        return prod((per,) * (len(ins[0]) - 1))

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        out = outs[0].elements
        if self.mode == "area":
            return Work(additions=window_elements(ins, outs) - out, divisions=out)
        taps = self.taps(ins)
        return Work(multiplications=out * taps, additions=out * (taps - 1)) if taps > 1 else NO_WORK

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        x, y = ins[0].spatial, outs[0].spatial
        if self.mode == "area":
            return (tuple(adaptive_reach(n, o) for n, o in zip(x, y, strict=True)),)
        if self.scale is None or self.recompute_scale_factor:
            steps = tuple(Fraction(n, o) for n, o in zip(x, y, strict=True))
        else:
            factors = per_axis(self.scale, len(x), "scale")  # type: ignore[arg-type]
            steps = tuple(1 / Fraction(f) for f in factors)
        return (
            tuple(
                resampled(n, o, step, self.mode, align_corners=self.align_corners)
                for n, o, step in zip(x, y, steps, strict=True)
            ),
        )

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        if self.mode not in ("nearest", "linear", "bilinear"):
            return super().tflite(to, xs, ins, outs)
        bilinear = self.mode != "nearest"
        return (to.resize(xs[0], outs[0].spatial, bilinear=bilinear, align_corners=self.align_corners),)


@register("pixel_shuffle", aliases=("depth_to_space",))
class PixelShuffle(Operator):
    """Move channels to space, `[C*f*f, H, W] -> [C, H*f, W*f]` (arXiv:1609.05158)."""

    group = "shape"
    family = "shuffle"
    example = "pixel_shuffle: 2"
    elsewhere = known_as(
        torch=Foreign("PixelShuffle", {"factor": "upscale_factor"}),
        torch_function=Foreign("pixel_shuffle", {"factor": "upscale_factor"}),
        onnx=Foreign("DepthToSpace", {"factor": "blocksize"}, constants={"mode": "CRD"}),
        tflite=Foreign("DEPTH_TO_SPACE", {"factor": "block_size"}),
    )
    keeps = ()
    factor: int = arg(Integer(1), main=True, aliases=("upscale_factor",), symbol="f", doc="enlargement of each axis")

    def out_shape(self, x: Shape) -> Shape:
        only_rank(2, x, self.name)
        square = self.factor * self.factor
        if x.channels % square:
            raise ArgumentError(
                f"{self.name} by {self.factor} needs channels in multiples of {square}, got {x}",
                argument="factor",
                code="does-not-divide",
                hint=f"give the layer before it a multiple of {square} output channels",
            )
        return Shape((exactly(x.channels, square), *(n * self.factor for n in x.spatial)))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return ((Nearest(self.factor), Nearest(self.factor)),)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.blocks(xs[0], "DEPTH_TO_SPACE", self.factor),)


@register("pixel_unshuffle", aliases=("space_to_depth", "reorg"))
class PixelUnshuffle(Operator):
    """Move space to channels, `[C, H*f, W*f] -> [C*f*f, H, W]`; YOLO's passthrough (arXiv:1612.08242)."""

    group = "shape"
    family = "shuffle"
    example = "pixel_unshuffle: 2"
    elsewhere = known_as(
        torch=Foreign("PixelUnshuffle", {"factor": "downscale_factor"}),
        torch_function=Foreign("pixel_unshuffle", {"factor": "downscale_factor"}),
        onnx=Foreign("SpaceToDepth", {"factor": "blocksize"}),
        tflite=Foreign("SPACE_TO_DEPTH", {"factor": "block_size"}),
        darknet=Foreign("reorg", {"factor": "stride"}),
    )
    keeps = ()
    factor: int = arg(Integer(1), main=True, aliases=("downscale_factor",), symbol="f", doc="reduction of each axis")

    def out_shape(self, x: Shape) -> Shape:
        only_rank(2, x, self.name)
        for axis, size in enumerate(x.spatial):
            if size % self.factor:
                raise ArgumentError(
                    f"{self.name} by {self.factor} does not divide {axis_name(axis, 2)}={size}, input {x}",
                    argument="factor",
                    code="does-not-divide",
                    hint=f"choose a divisor of {size}, or pad or crop the map first",
                )
        return Shape((x.channels * self.factor * self.factor, *(exactly(n, self.factor) for n in x.spatial)))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return ((Slide(kernel=self.factor, stride=self.factor),) * 2,)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.blocks(xs[0], "SPACE_TO_DEPTH", self.factor),)
