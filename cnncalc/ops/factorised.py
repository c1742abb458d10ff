"""Convolutions that stand for several layers: sampled between pixels, separable in depth or in space."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncalc.ops.arguments import Boolean, Integer, Word
from cnncalc.ops.conv import Conv, Convolution, Depthwise
from cnncalc.ops.foreign import (
    KERAS_FILTERS,
    Foreign,
    known_as,
)
from cnncalc.ops.operator import Composite, Operator, Part, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.ops.windows import (
    only_rank,
    pads,
    per_axis,
)
from cnncalc.values.axis import (
    IDENTITY,
    Reach,
    Slide,
)
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from cnncalc.deployment.emitter import Emitter
    from cnncalc.values.shape import Shape


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
