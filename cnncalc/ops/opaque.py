"""What a spec cannot say: a layer of which only the output's shape is known."""

from __future__ import annotations

from cnncalc.ops.arguments import Extents
from cnncalc.ops.operator import Operator, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.values.axis import WHOLE, Reach
from cnncalc.values.shape import Shape


@register("opaque")
class Opaque(Operator):
    """A layer known by its output's shape alone, `[C, *S] -> out`; parameters, work and memory access are unknown.

    Its receptive field is taken as the whole input, the one bound that is always true. Source: none, it stands for what
    a spec cannot say.
    """

    example = "opaque: [16, 7, 5]"
    out: tuple[int, ...] = arg(Extents(scalar=False), main=True, aliases=("shape",), doc="the output's shape")

    def out_shape(self, x: Shape) -> Shape:
        return Shape(self.out)

    def tensors(self, ins: Shapes) -> None:
        return None

    def macs(self, ins: Shapes, outs: Shapes) -> None:
        return None

    def work(self, ins: Shapes, outs: Shapes) -> None:
        return None

    def memory(self, ins: Shapes, outs: Shapes) -> None:
        return None

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return ((WHOLE,) * (len(outs[0]) - 1),)
