"""Convolutions: grouped, depthwise, transposed. Weights are `[C_out, C_in/g, K_h, K_w]` (arXiv:1603.07285)."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Self

from cnncalc.numbers.doors import exactly, named, recorded
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
from cnncalc.ops.operator import INPUTS, Composite, Operator, Part, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.ops.windows import (
    AxisValue,
    axis_name,
    fitting,
    only_rank,
    padding_apart,
    pads,
    per_axis,
    starts_earlier,
    windows,
)
from cnncalc.values.axis import (
    IDENTITY,
    Reach,
    Slide,
    Transpose,
    Window,
    effective_kernel,
    extent,
    extent_transposed,
    reached,
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


@register("conv_transpose", aliases=("deconv", "convT", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"))
class ConvTranspose(Convolution):
    """Transposed convolution, `[C_in, *S] -> [C_out, *S']`, S' = (S-1)*s - p - p' + k_eff + op (arXiv:1603.07285).

    Every input element is multiplied with every tap of its group's filters, so work counts from the input.
    """

    family = "conv_transpose"
    example = "conv_transpose: {out: 4, kernel: 4, stride: 2, padding: 1}"
    elsewhere = known_as(
        torch=Foreign("ConvTranspose{n}d", {**TORCH_FILTERS, "output_padding": "output_padding"}),
        torch_function=Foreign("conv_transpose{n}d"),
        onnx=Foreign("ConvTranspose", {**ONNX_FILTERS, "output_padding": "output_padding"}, tensors=ONNX_WEIGHTS),
        tflite="TRANSPOSE_CONV",
        keras=Foreign("Conv{n}DTranspose", {**KERAS_FILTERS, "output_padding": "output_padding"},
                      tensors=KERAS_WEIGHTS),
        caffe=Foreign("Deconvolution", CAFFE_FILTERS),
    )  # fmt: skip

    out: int = arg(Integer(1), main=True, aliases=("out_channels",), symbol="C_out", doc="output channels")
    groups: int = arg(Integer(1), default=1, symbol="g", doc="groups")
    output_padding: AxisValue = arg(PerAxis(0), default=0, symbol="op", doc="further output at the end of each axis")
    padding_mode: str = arg(Word(("zeros",)), default="zeros", doc="zeros is the only one there is")

    def out_channels(self, x: Shape) -> int:
        return self.out

    def grouping(self, x: Shape) -> int:
        return self.groups

    def suspicion(self, ins: Shapes) -> tuple[str, str, str] | None:
        return None

    def windows(self, x: Shape) -> tuple[Window, ...]:
        if self.padding == "causal":
            raise ArgumentError(f"{self.name} has no padding=causal", argument="padding",
                                hint="write padding: [before, after]")  # fmt: skip
        if self.padding not in ("same", "same_lower"):
            return super().windows(x)
        plain = windows(x, self.name, self.kernel, self.stride, self.dilation, 0)
        resolved = []
        for axis, window in enumerate(plain):
            surplus = recorded(max, effective_kernel(window.kernel, window.dilation) - window.stride, 0)
            total = named("P", surplus, axis_name(axis, len(plain)))
            small, large = total // 2, total - total // 2
            before, after = (small, large) if self.padding == "same" else (large, small)
            resolved.append(window._replace(before=before, after=after))
        return tuple(resolved)

    def output_paddings(self, used: tuple[Window, ...]) -> tuple[int, ...]:
        """Return the output padding of each axis; raise ArgumentError where it is not below stride or dilation."""
        given = per_axis(self.output_padding, len(used), "output_padding")
        if self.padding in ("same", "same_lower"):
            if any(given):
                raise ArgumentError(
                    f"{self.name} with padding={self.padding} fixes the output size, output_padding must be 0",
                    argument="output_padding",
                )
            return tuple(recorded(max, w.stride - effective_kernel(w.kernel, w.dilation), 0) for w in used)
        for window, extra in zip(used, given, strict=True):
            if extra >= max(window.stride, window.dilation):
                raise ArgumentError(
                    f"{self.name} has output_padding={extra}, which must be below the stride {window.stride} "
                    f"or the dilation {window.dilation}",
                    argument="output_padding",
                )
        return given

    def out_shape(self, x: Shape) -> Shape:
        used = self.windows(x)
        divides_groups(self.groups, x.channels, self.out, self.name)
        sizes = tuple(
            extent_transposed(n, w, extra)
            for n, w, extra in zip(x.spatial, used, self.output_paddings(used), strict=True)
        )
        for axis, size in enumerate(sizes):
            if size < 1:
                raise ArgumentError(
                    f"{self.name} leaves nothing: {axis_name(axis, len(sizes))} would be {size}, input {x}",
                    argument="padding",
                    code="window-does-not-fit",
                    hint="use less padding",
                )
        return Shape((self.out, *sizes))

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        shape = (ins[0].channels, exactly(self.out, self.groups), *self.kernels(ins))
        return self.held(Tensor("weight", shape, entering=0), self.out)

    def macs(self, ins: Shapes, outs: Shapes) -> int:
        return self.taps(ins) * exactly(self.out, self.groups) * ins[0].elements

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        x, y = ins[0], outs[0]
        macs = self.macs(ins, outs)
        firsts = self.out * prod(
            recorded(reached, n, *w, m) for n, w, m in zip(x.spatial, self.windows(x), y.spatial, strict=True)
        )
        return Work(multiplications=macs, additions=macs - firsts + self.bias_outputs(outs))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return (tuple(Transpose(w.kernel, w.stride, w.dilation, w.before) for w in self.windows(ins[0])),)

    def shifted(self, ins: Shapes, outs: Shapes) -> bool:
        return False

    def apart(self, ins: Shapes, outs: Shapes) -> None:
        return None

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        used = self.windows(ins[0])
        return (
            to.conv_transpose(xs[0], self.out, used, outs[0].spatial, groups=self.groups, bias=self.has_bias),
        )


class Sampled(Conv):
    """The convolution inside a deformable one: reads x `[C_in, *S]` and the offset layer's output `[n*taps, H', W']`.

    Every tap reads each input channel once per output position at a place between pixels: 4 products and their sum, 7
    operations, and with a mask one more; the mask values are sigmoids, 3 operations each. Then the convolution.
    """

    name = "deform_conv"
    elsewhere = {}  # noqa: RUF012 - declared in Operator
    family = "deform_conv"
    sources = 2

    padding_mode: str = arg(Word(("zeros",)), default="zeros", doc="samples beyond the map are zero")
    offset_groups: int = arg(Integer(1), default=1, doc="groups of input channels that share offsets")
    mask: bool = arg(Boolean(), default=True, doc="weigh every sampled value (v2)")

    def infer(self, ins: Shapes) -> Shapes:
        x, _ = ins
        only_rank(2, x, self.name)
        if x.channels % self.offset_groups:
            raise ArgumentError(
                f"{self.name} has offset_groups={self.offset_groups}, which does not divide its {x.channels} channels",
                argument="offset_groups",
                code="groups-do-not-divide",
                hint=f"choose a divisor of {x.channels}",
            )
        return (self.out_shape(x),)

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        positions = outs[0].positions
        sampled = ins[0].channels * self.taps(ins) * positions
        work = super().work(ins, outs) + Work(multiplications=4 * sampled, additions=3 * sampled)
        if not self.mask:
            return work
        masks = self.offset_groups * self.taps(ins) * positions
        return work + Work(multiplications=sampled, special=masks, additions=masks, divisions=masks)

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        used = self.windows(ins[0])
        return tuple(Slide(w.kernel, w.stride, w.dilation, w.before) for w in used), (IDENTITY,) * len(used)

    def shifted(self, ins: Shapes, outs: Shapes) -> bool:
        return False

    def apart(self, ins: Shapes, outs: Shapes) -> None:
        return None

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return Operator.tflite(self, to, xs, ins, outs)


@register("deform_conv", aliases=("dcn", "deform_conv2d"))
class DeformConv(Composite, Sampled):
    """Deformable convolution, `[C_in, H, W] -> [C_out, H', W']`: v1 arXiv:1703.06211, v2 with a mask arXiv:1811.11168.

    Stands for the layer `offset`, a convolution with the same window and a bias that makes two offsets (and a mask
    value) per tap and offset group, and the convolution at the places these say. 2-D only. The receptive field is that
    of the undeformed window: learned offsets can look anywhere.
    """

    family = "deform_conv"
    sources = 1
    defaults_from = ("conv",)
    example = "deform_conv: {out: 16, kernel: 3, padding: 1}"

    def check(self) -> None:
        for name in ("kernel", "stride", "dilation"):
            per_axis(getattr(self, name), 2, name)

    def parts(self) -> tuple[Part, ...]:
        numbers = (3 if self.mask else 2) * self.offset_groups * prod(per_axis(self.kernel, 2, "kernel"))
        offset = Conv(
            out=numbers, kernel=self.kernel, stride=self.stride, padding=self.padding, dilation=self.dilation, bias=True
        )
        sampled = Sampled(**{**self.arguments(), "bias": self.has_bias, "norm": None, "act": None})
        return (Part("offset", offset), Part("", sampled, (0, 1)), *self.after())


class Factorised(Composite, Convolution):
    """What convolutions made of two share: `norm:` and `act:` follow each of them."""

    def named(self, suffix: str, op: Operator) -> tuple[Part, ...]:
        """Return one of the two with its normalisation and activation."""
        return (Part(suffix, op), *(Part(f"{suffix}.{after.suffix}", after.op) for after in self.after()))


@register("separable", aliases=("separable_conv", "sepconv"))
class Separable(Factorised):
    """Depthwise convolution, then a 1x1 convolution, `[C_in, *S] -> [C_out, *S']` (arXiv:1610.02357, arXiv:1704.04861).

    Stands for the layers `depthwise` and `pointwise`, each followed by its own `norm` and `act`.
    """

    defaults_from = ("conv",)
    example = "separable: {out: 16, kernel: 3, padding: 1}"
    elsewhere = known_as(
        keras=Foreign("SeparableConv{n}D", {**KERAS_FILTERS, "multiplier": "depth_multiplier"})
    )

    out: int = arg(Integer(1), main=True, aliases=("out_channels",), symbol="C_out", doc="output channels")
    multiplier: int = arg(Integer(1), default=1, aliases=("depth_multiplier",), symbol="m", doc="filters per channel")

    def parts(self) -> tuple[Part, ...]:
        depthwise = Depthwise(
            kernel=self.kernel,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            multiplier=self.multiplier,
            bias=self.has_bias,
            gain=self.gain,
        )
        pointwise = Conv(out=self.out, kernel=1, bias=self.has_bias, gain=self.gain)
        return (*self.named("depthwise", depthwise), *self.named("pointwise", pointwise))


class Factor(Conv):
    """One of the two convolutions that a spatially separable one stands for; 2-D only."""

    name = "conv"

    def out_shape(self, x: Shape) -> Shape:
        only_rank(2, x, SpatiallySeparable.name)
        return super().out_shape(x)


@register("spatially_separable", aliases=("factorized_conv",))
class SpatiallySeparable(Factorised):
    """A K x 1 convolution, then a 1 x K convolution, `[C_in, H, W] -> [C_out, H', W']` (arXiv:1512.00567).

    Stands for the layers `vertical` and `horizontal`, each followed by its own `norm` and `act`; 2-D only.
    """

    defaults_from = ("conv",)
    example = "spatially_separable: {out: 16, kernel: 3, padding: 1}"

    out: int = arg(Integer(1), main=True, aliases=("out_channels",), symbol="C_out", doc="output channels of both")

    def check(self) -> None:
        for name in ("kernel", "stride", "dilation"):
            per_axis(getattr(self, name), 2, name)
        if not isinstance(self.padding, str):
            pads(self.padding, 2)

    def parts(self) -> tuple[Part, ...]:
        kernels, strides = per_axis(self.kernel, 2, "kernel"), per_axis(self.stride, 2, "stride")
        dilations = per_axis(self.dilation, 2, "dilation")
        if isinstance(self.padding, str):
            paddings: tuple[str | tuple[int, ...], ...] = (self.padding, self.padding)
        else:
            (top, bottom), (left, right) = pads(self.padding, 2)
            paddings = ((top, bottom, 0, 0), (0, 0, left, right))
        both: list[Part] = []
        for axis, suffix in enumerate(("vertical", "horizontal")):
            one = Factor(
                out=self.out,
                kernel=_on(axis, kernels),
                stride=_on(axis, strides),
                dilation=_on(axis, dilations),
                padding=paddings[axis],
                bias=self.has_bias,
                gain=self.gain,
            )
            both += self.named(suffix, one)
        return tuple(both)


def _on(axis: int, values: tuple[int, ...]) -> tuple[int, ...]:
    """Return a pair with the value of one axis and 1 on the other."""
    return (values[0], 1) if axis == 0 else (1, values[1])
