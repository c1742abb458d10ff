"""Learned factors and offsets, and normalisations without a mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.ops.arguments import Boolean, Word
from cnncalc.ops.foreign import Foreign, known_as
from cnncalc.ops.norm import Norm, scale_and_shift
from cnncalc.ops.operator import Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.tensor import Tensor
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from cnncalc.values.shape import Shape

EXTENTS = ("none", "one", "channel", "all")


def learned(name: str, extent: str, x: Shape) -> tuple[Tensor, ...]:
    """Return the tensor of learned values: a single one, one per channel, or one per element."""
    shapes: dict[str, tuple[int, ...]] = {"one": (), "channel": (x.channels,), "all": tuple(x)}
    return () if extent == "none" else (Tensor(name, shapes[extent]),)


@register("affine")
class Affine(Norm):
    """Learned `x*scale + offset`, `[C, *S] -> [C, *S]`: one value, one per channel or one per element of either.

    A position table is `affine: {offset: all}` (arXiv:2010.11929), ReZero `affine: one` (arXiv:2003.04887), the affine
    layer of ResMLP `affine: {scale: channel, offset: channel}` (arXiv:2105.03404).
    """

    role = ""
    example = "affine: {scale: channel, offset: all}"

    scale: str = arg(Word(EXTENTS), default="none", main=True, doc="the learned factors")
    offset: str = arg(Word(EXTENTS), default="none", doc="the learned summands")

    def check(self) -> None:
        if self.scale == self.offset == "none":
            raise ArgumentError(
                f"{self.name} needs 'scale' or 'offset'",
                code="missing-argument",
                hint="write affine: one, affine: channel, or affine: {offset: all}",
            )

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        return (*learned("scale", self.scale, ins[0]), *learned("offset", self.offset, ins[0]))

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        n = ins[0].elements
        return Work(
            multiplications=n if self.scale != "none" else 0,
            additions=n if self.offset != "none" else 0,
        )


@register("rms_norm", aliases=("rmsnorm",))
class RmsNorm(Norm):
    """Each position's channels divided by their root mean square, `[C, *S] -> [C, *S]` (arXiv:1910.07467).

    Over C values: squares C, their mean C, epsilon and root 2, products with its inverse C (one division): 3*C + 2.
    """

    example = "rms_norm"
    elsewhere = known_as(
        torch=Foreign("RMSNorm", {"affine": "elementwise_affine"}),
        torch_function="rms_norm",
        onnx=Foreign("RMSNormalization", tensors={"weight": "scale"}),
    )
    affine: bool = arg(Boolean(), default=True, aliases=("elementwise_affine",), doc="learn a scale per channel")

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        return scale_and_shift(ins[0].channels, shift=False) if self.affine else ()

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        x = ins[0]
        n, groups = x.elements, x.positions
        return Work(
            multiplications=3 * n if self.affine else 2 * n,
            additions=n,
            divisions=groups,
            special=groups,
        )


@register("l2_norm", aliases=("l2norm",))
class L2Norm(Norm):
    """Each position's channels divided by their length, `[C, *S] -> [C, *S]`, and a factor each (arXiv:1506.04579).

    Over C values: squares C, their sum C - 1, root and the comparison with epsilon 2, divisions C: 3*C + 1.
    """

    example = "l2_norm"
    elsewhere = known_as(
        torch_function=Foreign("normalize", when={"affine": False}),
        onnx=Foreign("LpNormalization", when={"affine": False}),
        tflite=Foreign("L2_NORMALIZATION", when={"affine": False}),
        caffe=Foreign("Normalize", when={"affine": True}),
    )
    affine: bool = arg(Boolean(), default=True, doc="learn a factor per channel")

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        return scale_and_shift(ins[0].channels, shift=False) if self.affine else ()

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        x = ins[0]
        n, groups = x.elements, x.positions
        return Work(
            multiplications=2 * n if self.affine else n,
            additions=n - groups,
            comparisons=groups,
            divisions=n,
            special=groups,
        )


@register("grn")
class GlobalResponseNorm(Norm):
    """Global response normalisation, `[C, *S] -> [C, *S]`: x + gamma*x*g + beta (arXiv:2301.00808).

    g is the length of a channel's map over the mean of these lengths. Squares and their sums 2*P - 1 per channel of P
    positions and a root; the mean and epsilon C + 1, and C divisions; two products and two additions per element.
    """

    example = "grn"

    def statistics(self, ins: Shapes) -> tuple[bool, ...]:
        return (True,) * (len(ins[0]) - 1)

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        return scale_and_shift(ins[0].channels)

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        n, channels = ins[0].elements, ins[0].channels
        return Work(
            multiplications=3 * n,
            additions=3 * n,
            divisions=1 + channels,
            special=channels,
        )
