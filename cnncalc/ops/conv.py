"""Convolutions: grouped, depthwise. Weights are `[C_out, C_in/g, K_h, K_w]` (arXiv:1603.07285)."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Self

from cnncalc.numbers.doors import exactly
from cnncalc.ops.arguments import PADDING_WORDS, Boolean, Integer, Nested, Padding, PerAxis, Word
from cnncalc.ops.foreign import (
    CAFFE_FILTERS,
    KERAS_FILTERS,
    KERAS_KERNEL,
    KERAS_WEIGHTS,
    ONNX_FILTERS,
    ONNX_WEIGHTS,
    TORCH_FILTERS,
    Foreign,
    known_as,
)
from cnncalc.ops.operator import INPUTS, Operator, Part, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.ops.windows import (
    AxisValue,
    axis_name,
    fitting,
    padding_apart,
    per_axis,
    starts_earlier,
    windows,
)
from cnncalc.values.axis import (
    Reach,
    Slide,
    Window,
    effective_kernel,
    extent,
)
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.tensor import BIAS, Tensor
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from cnncalc.deployment.emitter import Emitter

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class Weighted(Operator):
    """A layer with a weight matrix or filter bank, an optional bias, and `norm:` and `act:` as layers after it."""

    weighted = True
    takes_activation = True
    keeps = (INPUTS,)
    bias: bool | None = arg(Boolean(), default=None, doc="add a bias; default: true without norm, false with one")
    norm: Operator | None = arg(Nested("norm"), default=None, doc="a normalisation after the layer")
    act: Operator | None = arg(Nested("act"), default=None, doc="an activation after that")

    @property
    def has_bias(self) -> bool:
        """Whether a bias is added."""
        return self.norm is None if self.bias is None else self.bias

    def parts(self) -> tuple[Part, ...]:
        if self.norm is None and self.act is None:
            return ()
        bare = self.replace(norm=None, act=None, bias=self.has_bias)
        return (Part("", bare), *self.after())

    def absorbing(self, outs: Shapes) -> Self | None:
        return self.replace(bias=True)

    def after(self) -> tuple[Part, ...]:
        """Return the layers that `norm:` and `act:` stand for."""
        following = (("norm", self.norm), ("act", self.act))
        return tuple(Part(suffix, op) for suffix, op in following if op is not None)


def divides_groups(groups: int, channels: int, out: int, op: str) -> None:
    """Raise ArgumentError unless both channel counts are multiples of the groups."""
    for what, count in (("input", channels), ("output", out)):
        if count % groups:
            raise ArgumentError(
                f"{op} has groups={groups}, which does not divide its {count} {what} channels",
                argument="groups",
                code="groups-do-not-divide",
                hint=f"choose a divisor of {count}",
            )


class Convolution(Weighted):
    """What convolutions share: a window per axis and groups of channels."""

    group = "convolution"
    advice = dict.fromkeys(
        ("ceil", "ceil_mode"), "convolutions round down, only pools round up; pad after the map for one more output"
    )
    kernel: AxisValue = arg(PerAxis(1), aliases=("kernel_size",), symbol="k", doc="kernel size")
    stride: AxisValue = arg(PerAxis(1), default=1, symbol="s", doc="stride")
    padding: AxisValue | str = arg(Padding((*PADDING_WORDS, "causal")), default=0, symbol="p", doc="padding")
    dilation: AxisValue = arg(PerAxis(1), default=1, symbol="d", doc="dilation")
    gain: bool = arg(
        Boolean(), default=False, doc="learn a factor per output channel (weight standardisation, weight normalisation)"
    )

    def out_channels(self, x: Shape) -> int:
        """Return C_out."""
        raise NotImplementedError  # pragma: no cover

    def grouping(self, x: Shape) -> int:
        """Return the number of groups."""
        raise NotImplementedError  # pragma: no cover

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """Return the window of each axis, padding resolved."""
        return windows(x, self.name, self.kernel, self.stride, self.dilation, self.padding)

    def out_shape(self, x: Shape) -> Shape:
        used = self.windows(x)
        divides_groups(self.grouping(x), x.channels, self.out_channels(x), self.name)
        sizes = tuple(extent(n, w) for n, w in zip(x.spatial, used, strict=True))
        return Shape((self.out_channels(x), *fitting(sizes, x, used, self.name)))

    def suspicion(self, ins: Shapes) -> tuple[str, str, str] | None:
        for window in () if isinstance(self.padding, str) else self.windows(ins[0]):
            k_eff = effective_kernel(window.kernel, window.dilation)
            if max(window.before, window.after) >= k_eff:
                pad = max(window.before, window.after)
                message = f"has a padding of {pad} around a window of {k_eff}: positions at the edge read nothing else"
                return "wide-padding", message, "write padding: half, or padding: 0 for a 1x1"
        return None

    def taps(self, ins: Shapes) -> int:
        return prod(self.kernels(ins))

    def depth(self, ins: Shapes) -> int:
        """Return the products that meet in one output element: taps times input channels of a group."""
        return self.taps(ins) * exactly(ins[0].channels, self.grouping(ins[0]))

    def kernels(self, ins: Shapes) -> tuple[int, ...]:
        """Return the kernel size of each axis."""
        return per_axis(self.kernel, len(ins[0]) - 1, "kernel")

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        out, entering = self.out_channels(ins[0]), exactly(ins[0].channels, self.grouping(ins[0]))
        return self.held(Tensor("weight", (out, entering, *self.kernels(ins)), entering=1), out)

    def held(self, weight: Tensor, out: int) -> tuple[Tensor, ...]:
        """Return the filters with the gain and the bias of each output channel."""
        gain = (Tensor("gain", (out,)),) if self.gain else ()
        return (weight, *gain, Tensor("bias", (out,), BIAS)) if self.has_bias else (weight, *gain)

    def macs(self, ins: Shapes, outs: Shapes) -> int:
        return self.depth(ins) * outs[0].elements

    def bias_outputs(self, outs: Shapes) -> int:
        return outs[0].elements if self.has_bias else 0

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        macs = self.macs(ins, outs)
        return Work(multiplications=macs, additions=macs - outs[0].elements + self.bias_outputs(outs))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return (tuple(Slide(w.kernel, w.stride, w.dilation, w.before) for w in self.windows(ins[0])),)

    def shifted(self, ins: Shapes, outs: Shapes) -> bool:
        return starts_earlier(self.windows(ins[0]), ins[0], outs[0])

    def apart(self, ins: Shapes, outs: Shapes) -> tuple[tuple[int, ...], Operator] | None:
        amounts = padding_apart(self.windows(ins[0]), ins[0], outs[0])
        return None if amounts is None else (amounts, self.replace(padding=0))


def fillable(mode: str, x: Shape, used: tuple[Window, ...], op: str, argument: str = "padding") -> None:
    """Raise ArgumentError where a map is too small to be padded with its own values."""
    slack = {"reflect": 1, "circular": 0}.get(mode)
    if slack is None:
        return
    for axis, (size, window) in enumerate(zip(x.spatial, used, strict=True)):
        if max(window.before, window.after) > size - slack:
            raise ArgumentError(
                f"{op} cannot pad {axis_name(axis, len(used))}={size} by "
                f"{max(window.before, window.after)} in mode {mode}",
                argument=argument,
                hint=f"{mode} padding reaches at most {size - slack} here",
            )


@register("conv", aliases=("convolution", "conv1d", "conv2d", "conv3d"))
class Conv(Convolution):
    """Grouped cross-correlation, `[C_in, *S] -> [C_out, *S']` in 1-D, 2-D or 3-D (arXiv:1603.07285).

    One multiply-accumulate per tap and input channel of the group for each output element, padding taps too.
    """

    family = "conv"
    example = "conv: {out: 16, kernel: 3, stride: 2, padding: 1}"
    elsewhere = known_as(
        torch=Foreign("Conv{n}d", {**TORCH_FILTERS, "padding_mode": "padding_mode"}),
        torch_function=Foreign("conv{n}d"),
        onnx=Foreign("Conv", ONNX_FILTERS, tensors=ONNX_WEIGHTS),
        tflite="CONV_2D",
        keras=Foreign("Conv{n}D", {**KERAS_FILTERS, "groups": "groups"}, tensors=KERAS_WEIGHTS),
        darknet=Foreign("convolutional", {"out": "filters", "kernel": "size", "stride": "stride", "groups": "groups"}),
        caffe=Foreign("Convolution", CAFFE_FILTERS),
    )

    out: int = arg(Integer(1), main=True, aliases=("out_channels",), symbol="C_out", doc="output channels")
    groups: int = arg(Integer(1), default=1, symbol="g", doc="groups")
    padding_mode: str = arg(Word(PADDING_MODES), default="zeros", doc="what the padding is filled with")

    def out_channels(self, x: Shape) -> int:
        return self.out

    def grouping(self, x: Shape) -> int:
        return self.groups

    def out_shape(self, x: Shape) -> Shape:
        fillable(self.padding_mode, x, self.windows(x), self.name)
        return super().out_shape(x)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        if self.padding_mode != "zeros":
            return super().tflite(to, xs, ins, outs)
        used = self.windows(ins[0])
        return (to.conv(xs[0], self.out, used, outs[0].spatial, groups=self.groups, bias=self.has_bias),)

    def plainest(self, ins: Shapes) -> Operator:
        """Return one with a group for each of several channels as `depthwise`."""
        if self.groups == 1 or self.groups != ins[0].channels or self.padding_mode != "zeros":
            return self
        given = self.arguments()
        kept = {name: given[name] for name in given if name not in {"out", "groups", "padding_mode"}}
        return Depthwise(**kept, multiplier=self.out // self.groups)


@register("depthwise", aliases=("dwconv", "depthwise_conv"))
class Depthwise(Convolution):
    """Depthwise convolution, one filter (or `multiplier` filters) per channel, `[C, *S] -> [m*C, *S']`.

    A convolution with as many groups as channels (arXiv:1704.04861).
    """

    family = "conv"
    defaults_from = ("conv",)
    example = "depthwise: {kernel: 3, padding: 1}"
    elsewhere = known_as(
        tflite=Foreign("DEPTHWISE_CONV_2D", {"multiplier": "depth_multiplier"}),
        keras=Foreign(
            "DepthwiseConv{n}D", {**KERAS_KERNEL, "multiplier": "depth_multiplier"}, tensors=KERAS_WEIGHTS
        ),
        caffe=Foreign("ConvolutionDepthwise", {"kernel": "kernel_size", "stride": "stride", "padding": "pad"}),
    )  # fmt: skip

    kernel: AxisValue = arg(PerAxis(1), main=True, aliases=("kernel_size",), symbol="k", doc="kernel size")
    multiplier: int = arg(Integer(1), default=1, aliases=("depth_multiplier",), symbol="m", doc="filters per channel")

    def out_channels(self, x: Shape) -> int:
        return x.channels * self.multiplier

    def grouping(self, x: Shape) -> int:
        return x.channels

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        x = ins[0]
        used = self.windows(x)
        return (
            to.conv(xs[0], outs[0].channels, used, outs[0].spatial, groups=x.channels, bias=self.has_bias),
        )
