"""Learned factors and offsets, and normalisations without a mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.ops.arguments import Word
from cnncalc.ops.norm import Norm
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
