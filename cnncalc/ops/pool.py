"""Pooling: sliding, global and adaptive windows without weights."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING, ClassVar

from cnncalc.ops.arguments import Boolean, Extents, Number, Padding, PerAxis, Word
from cnncalc.ops.foreign import CAFFE_WINDOW, KERAS_WINDOW, ONNX_WINDOW, TORCH_WINDOW, Foreign, known_as
from cnncalc.ops.operator import INPUTS, OUTPUT, POSITIONS, Called, Operator, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.ops.windows import AxisValue, axis_name, fitting, per_axis, spatial_rank, starts_earlier, windows
from cnncalc.values.axis import (
    WHOLE,
    AdaptiveWindows,
    Reach,
    Slide,
    Table,
    Transpose,
    Window,
    adaptive_total,
    extent,
    extent_ceil,
    extent_transposed,
)
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncalc.deployment.emitter import Emitter


class Pool(Called):
    """What sliding pools share: a window per axis, the stride defaulting to the kernel, floor or ceil."""

    group = "pooling"
    kernel: AxisValue = arg(PerAxis(1), main=True, aliases=("kernel_size",), symbol="k", doc="window size")
    stride: AxisValue | None = arg(PerAxis(1), default=None, symbol="s", doc="stride; default: the kernel")
    padding: AxisValue | str = arg(Padding(), default=0, symbol="p", doc="padding, at most half the window")
    ceil: bool = arg(Boolean(), default=False, aliases=("ceil_mode",), doc="round the output size up")

    def check(self) -> None:
        """Refuse padding above half the window, where this shows whatever the number of axes is."""
        kernels = self.kernel if isinstance(self.kernel, tuple) else (self.kernel,)
        paddings = self.padding if isinstance(self.padding, tuple) else (self.padding,)
        if len(kernels) == 1 or len(paddings) == 1:
            for kernel, padding in product(kernels, paddings):
                if not isinstance(padding, str):
                    self.half(kernel, padding)

    def half(self, kernel: int, padding: int) -> None:
        """Raise ArgumentError where the padding of an axis is more than half its window, as in PyTorch."""
        if padding > kernel // 2:
            dilated = getattr(self, "dilation", 1) != 1
            raise ArgumentError(f"{self.name} has padding {padding}, which must be at most half the window of {kernel}"
                                + ", dilation aside" * dilated, argument="padding",
                                hint="put a pad before it for more")  # fmt: skip

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """Return the window of each axis, padding resolved."""
        stride = self.kernel if self.stride is None else self.stride
        used = windows(x, self.name, self.kernel, stride, getattr(self, "dilation", 1), self.padding)
        if not isinstance(self.padding, str):
            for window in used:
                self.half(window.kernel, max(window.before, window.after))
        return used

    def out_shape(self, x: Shape) -> Shape:
        used = self.windows(x)
        count = extent_ceil if self.ceil else extent
        sizes = tuple(count(n, w) for n, w in zip(x.spatial, used, strict=True))
        return Shape((x.channels, *fitting(sizes, x, used, self.name)))

    def shifted(self, ins: Shapes, outs: Shapes) -> bool:
        return starts_earlier(self.windows(ins[0]), ins[0], outs[0])

    def taps(self, ins: Shapes) -> int:
        return prod(per_axis(self.kernel, len(ins[0]) - 1, "kernel"))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return (tuple(Slide(w.kernel, w.stride, w.dilation, w.before) for w in self.windows(ins[0])),)


@register("max_pool", aliases=("maxpool", "max_pool1d", "max_pool2d", "max_pool3d"))
class MaxPool(Pool):
    """Maximum over a sliding window, `[C, *S] -> [C, *S']`; taps - 1 comparisons per output (PyTorch's MaxPool)."""

    example = "max_pool: {kernel: 3, stride: 2, padding: 1}"
    elsewhere = known_as(
        torch=Foreign("MaxPool{n}d", {**TORCH_WINDOW, "dilation": "dilation"}),
        torch_function=Foreign("max_pool{n}d", {**TORCH_WINDOW, "dilation": "dilation"}),
        onnx=Foreign("MaxPool", {**ONNX_WINDOW, "dilation": "dilations"}),
        tflite="MAX_POOL_2D",
        keras=Foreign("MaxPooling{n}D", KERAS_WINDOW),
        darknet=Foreign("maxpool", {"kernel": "size", "stride": "stride", "padding": "padding"}),
        caffe=Foreign("Pooling", CAFFE_WINDOW, constants={"pool": "MAX"}),
    )
    keeps = (POSITIONS,)
    dilation: AxisValue = arg(PerAxis(1), default=1, symbol="d", doc="dilation")

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(comparisons=outs[0].elements * (self.taps(ins) - 1))

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.pool(xs[0], "MAX_POOL_2D", self.windows(ins[0]), outs[0].spatial),)


@register("min_pool", aliases=("minpool", "min_pool1d", "min_pool2d", "min_pool3d"))
class MinPool(Pool):
    """Minimum over a sliding window, `[C, *S] -> [C, *S']`; sized and counted as PyTorch's max pooling."""

    example = "min_pool: {kernel: 3, stride: 2, padding: 1}"
    keeps = (POSITIONS,)
    dilation: AxisValue = arg(PerAxis(1), default=1, symbol="d", doc="dilation")

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(comparisons=outs[0].elements * (self.taps(ins) - 1))


class Summing(Pool):
    """What pools that add up share: PyTorch's have no volume smaller than the window, however padded or rounded."""

    def windows(self, x: Shape) -> tuple[Window, ...]:
        used = super().windows(x)
        if len(used) == 3 and not isinstance(self.padding, str):
            for axis, (size, window) in enumerate(zip(x.spatial, used, strict=True)):
                if window.kernel > size:
                    raise ArgumentError(
                        f"{self.name} does not fit: on {axis_name(axis, 3)} the window of {window.kernel} is larger "
                        f"than the input {x}, and in 3-D neither padding nor ceil counts",
                        argument="kernel",
                        code="window-does-not-fit",
                        hint="use a smaller kernel, or put a pad before it",
                    )
        return used


@register("avg_pool", aliases=("avgpool", "avg_pool1d", "avg_pool2d", "avg_pool3d"))
class AvgPool(Summing):
    """Mean over a sliding window, `[C, *S] -> [C, *S']` (PyTorch's AvgPool).

    Per output taps - 1 additions and a division, whether or not padding counts in the mean.
    """

    example = "avg_pool: 2"
    elsewhere = known_as(
        torch=Foreign("AvgPool{n}d", {**TORCH_WINDOW, "count_include_pad": "count_include_pad"}),
        torch_function=Foreign("avg_pool{n}d", {**TORCH_WINDOW, "count_include_pad": "count_include_pad"}),
        onnx=Foreign("AveragePool", {**ONNX_WINDOW, "count_include_pad": "count_include_pad"}),
        tflite="AVERAGE_POOL_2D",
        keras=Foreign("AveragePooling{n}D", KERAS_WINDOW),
        caffe=Foreign("Pooling", CAFFE_WINDOW, constants={"pool": "AVE"}),
    )
    keeps = ()
    count_include_pad: bool = arg(Boolean(), default=True, doc="padding zeros count in the mean")

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        out = outs[0].elements
        return Work(additions=out * (self.taps(ins) - 1), divisions=out)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        used = self.windows(ins[0])
        padded = any(w.before or w.after for w in used)
        if padded and not self.count_include_pad and self.padding != "same":
            return super().tflite(to, xs, ins, outs)
        exact = padded and self.count_include_pad
        return (to.pool(xs[0], "AVERAGE_POOL_2D", used, outs[0].spatial, exact=exact),)


@register("lp_pool", aliases=("lppool", "lp_pool1d", "lp_pool2d", "lp_pool3d"))
class LpPool(Summing):
    """p-norm over a sliding window, `[C, *S] -> [C, *S']`, `(sum x^p)^(1/p)` (PyTorch's LPPool).

    Per output: taps powers, taps - 1 additions and one root.
    """

    example = "lp_pool: {kernel: 2, p: 2}"
    elsewhere = known_as(
        torch=Foreign(
            "LPPool{n}d", {"p": "norm_type", "kernel": "kernel_size", "stride": "stride", "ceil": "ceil_mode"}
        ),
        onnx=Foreign("LpPool", {**ONNX_WINDOW, "p": "p"}),
    )
    keeps = (INPUTS, OUTPUT)
    p: Fraction | int = arg(Number(above=0), default=2, aliases=("norm_type",), doc="the exponent")
    count_include_pad: bool = arg(Boolean(), default=True, doc="as avg_pool; zeros add nothing to a sum of powers")

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        out, taps = outs[0].elements, self.taps(ins)
        return Work(special=out * (taps + 1), additions=out * (taps - 1))


@register("max_unpool", aliases=("unpool", "max_unpool1d", "max_unpool2d", "max_unpool3d"))
class MaxUnpool(Operator):
    """Put each value back where a max pool found it, zeros elsewhere, `[C, *S] -> [C, *S']` (arXiv:1311.2901).

    S' = (S-1)*s - p - p' + k, or `size`, which must lie less than one stride from that (PyTorch's MaxUnpool). It moves
    values without arithmetic; the positions that it needs come with the pool's output and are not counted.
    """

    group = "pooling"
    example = "max_unpool: 2"
    elsewhere = known_as(
        torch=Foreign("MaxUnpool{n}d", {"kernel": "kernel_size", "stride": "stride", "padding": "padding"}),
        onnx=Foreign("MaxUnpool", {"kernel": "kernel_shape", "stride": "strides", "padding": "pads"}),
    )
    keeps = ()
    kernel: AxisValue = arg(PerAxis(1), main=True, aliases=("kernel_size",), symbol="k", doc="the pool's window")
    stride: AxisValue | None = arg(PerAxis(1), default=None, symbol="s", doc="the pool's stride; default: the kernel")
    padding: AxisValue | str = arg(Padding(("valid", "half")), default=0, symbol="p", doc="the pool's padding")
    size: AxisValue | None = arg(
        Extents(), default=None, like=True, aliases=("output_size",), symbol="o", doc="output size, not the formula's"
    )

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """Return the pool's window on each axis."""
        stride = self.kernel if self.stride is None else self.stride
        return windows(x, self.name, self.kernel, stride, 1, self.padding)

    def out_shape(self, x: Shape) -> Shape:
        used = self.windows(x)
        sizes = tuple(extent_transposed(n, w, 0) for n, w in zip(x.spatial, used, strict=True))
        if self.size is not None:
            wanted = per_axis(self.size, len(used), "size")
            for axis, (o, natural, window) in enumerate(zip(wanted, sizes, used, strict=True)):
                if not natural - window.stride < o < natural + window.stride:
                    raise ArgumentError(
                        f"{self.name} to {axis_name(axis, len(used))}={o} is not between {natural - window.stride} and "
                        f"{natural + window.stride}, both excluded, input {x}",
                        argument="size",
                        hint="say the size of the map that was pooled",
                    )
            sizes = wanted
        for axis, out in enumerate(sizes):
            if out < 1:
                raise ArgumentError(
                    f"{self.name} leaves nothing: {axis_name(axis, len(sizes))} would be {out}, input {x}",
                    argument="padding",
                    code="window-does-not-fit",
                    hint="use the padding of the pool that it undoes",
                )
        return Shape((x.channels, *sizes))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return (tuple(Transpose(w.kernel, w.stride, 1, w.before) for w in self.windows(ins[0])),)


class Adaptive(Called):
    """What adaptive pools share: a wanted output size; window j of an axis is floor(j*in/out)..ceil((j+1)*in/out)-1."""

    group = "pooling"
    size: int | tuple[int | None, ...] = arg(
        Extents(keep=True), main=True, aliases=("output_size",), symbol="o", doc="output size; null keeps an axis"
    )

    def out_shape(self, x: Shape) -> Shape:
        rank = spatial_rank(x, self.name)
        wanted = per_axis(self.size, rank, "size")  # type: ignore[arg-type]
        return Shape((x.channels, *(n if o is None else o for o, n in zip(wanted, x.spatial, strict=True))))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return (tuple(adaptive_reach(n, o) for n, o in zip(ins[0].spatial, outs[0].spatial, strict=True)),)

    def even(
        self, to: Emitter, code: str, xs: tuple[int, ...], ins: Shapes, outs: Shapes
    ) -> tuple[int, ...]:
        """Return the pool with equal windows that this is, where the sizes divide."""
        pairs = list(zip(ins[0].spatial, outs[0].spatial, strict=True))
        if any(n % o for n, o in pairs):
            return super().tflite(to, xs, ins, outs)
        return (to.pool(xs[0], code, tuple(Window(n // o, n // o) for n, o in pairs), outs[0].spatial),)


def window_elements(ins: Shapes, outs: Shapes) -> int:
    """Return the elements that all windows of an adaptive pool read together, overlaps counted every time."""
    x, y = ins[0], outs[0]
    return x.channels * prod(adaptive_total(n, o) for n, o in zip(x.spatial, y.spatial, strict=True))


def adaptive_reach(size: int, out: int) -> Reach:
    """Return what each output of an adaptive pool reads of one axis."""
    if out == 1 and size > 1:
        return WHOLE
    if size % out == 0:
        return Slide(kernel=size // out, stride=size // out)
    return Table(AdaptiveWindows(size, out))


@register("adaptive_avg_pool", aliases=("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"))
class AdaptiveAvgPool(Adaptive):
    """Mean over windows that part the map into `size`, `[C, *S] -> [C, *size]` (PyTorch's AdaptiveAvgPool)."""

    example = "adaptive_avg_pool: 7"
    elsewhere = known_as(
        torch=Foreign("AdaptiveAvgPool{n}d", {"size": "output_size"}),
        torch_function=Foreign("adaptive_avg_pool{n}d", {"size": "output_size"}),
    )
    keeps = ()

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        out = outs[0].elements
        return Work(additions=window_elements(ins, outs) - out, divisions=out)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return self.even(to, "AVERAGE_POOL_2D", xs, ins, outs)


@register("adaptive_max_pool", aliases=("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"))
class AdaptiveMaxPool(Adaptive):
    """Maximum over windows that part the map into `size`, `[C, *S] -> [C, *size]` (PyTorch's AdaptiveMaxPool)."""

    example = "adaptive_max_pool: 7"
    elsewhere = known_as(
        torch=Foreign("AdaptiveMaxPool{n}d", {"size": "output_size"}),
        torch_function=Foreign("adaptive_max_pool{n}d", {"size": "output_size"}),
    )
    keeps = (POSITIONS,)

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(comparisons=window_elements(ins, outs) - outs[0].elements)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return self.even(to, "MAX_POOL_2D", xs, ins, outs)


class GlobalPool(Called):
    """What global pools share: the whole map becomes one position, `[C, *S] -> [C, 1, ..]`."""

    group = "pooling"
    family: ClassVar[str] = "global_pool"

    def out_shape(self, x: Shape) -> Shape:
        return Shape((x.channels, *(1,) * spatial_rank(x, self.name)))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return ((WHOLE,) * (len(outs[0]) - 1),)


@register("global_avg_pool", aliases=("gap",))
class GlobalAvgPool(GlobalPool):
    """Mean over the whole map, `[C, H, W] -> [C, 1, 1]` (arXiv:1312.4400)."""

    family = "global_avg_pool"
    example = "global_avg_pool"
    elsewhere = known_as(
        torch=Foreign("AdaptiveAvgPool{n}d", constants={"output_size": 1}),
        torch_function=Foreign("adaptive_avg_pool{n}d", constants={"output_size": 1}),
        onnx="GlobalAveragePool",
        tflite=Foreign("MEAN", constants={"keep_dims": True}),
        keras=Foreign("GlobalAveragePooling{n}D", constants={"keepdims": True}),
        darknet="avgpool",
        caffe=Foreign("Pooling", constants={"pool": "AVE", "global_pooling": True}),
    )
    keeps = ()
    call: str = arg(
        Word(("module", "function", "mean")), default="module", doc="what the code has; mean is `x.mean((2, 3))`"
    )

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(additions=ins[0].elements - outs[0].elements, divisions=outs[0].elements)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.mean(xs[0]),)


@register("global_max_pool", aliases=("gmp",))
class GlobalMaxPool(GlobalPool):
    """Maximum over the whole map, `[C, H, W] -> [C, 1, 1]` (arXiv:1807.06521)."""

    family = "global_max_pool"
    example = "global_max_pool"
    elsewhere = known_as(
        torch=Foreign("AdaptiveMaxPool{n}d", constants={"output_size": 1}),
        torch_function=Foreign("adaptive_max_pool{n}d", constants={"output_size": 1}),
        onnx="GlobalMaxPool",
        keras=Foreign("GlobalMaxPooling{n}D", constants={"keepdims": True}),
        caffe=Foreign("Pooling", constants={"pool": "MAX", "global_pooling": True}),
    )
    keeps = (POSITIONS,)

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(comparisons=ins[0].elements - outs[0].elements)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        used = tuple(Window(n, n) for n in ins[0].spatial)
        return (to.pool(xs[0], "MAX_POOL_2D", used, outs[0].spatial),)
