"""What a spec cannot say: a layer of which the output's shape is known, and what the spec declares of its cost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cnncalc.ops.arguments import EXPRESSION, Integer, Kind, Word, shown, whole
from cnncalc.ops.operator import Operator, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.values.axis import IDENTITY, WHOLE, Reach
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.work import MemoryAccess, Work

if TYPE_CHECKING:
    from cnncalc.ops.arguments import Json
    from cnncalc.values.work import Count


class _Shapes(Kind):
    """A shape, or a list of several."""

    def check(self, value: Any, name: str) -> tuple[Any, ...]:
        if not isinstance(value, tuple):
            raise ArgumentError(
                f"'{name}' must be a list, got {shown(value)}", argument=name, hint=f"write [{shown(value)}]"
            )
        if not value:
            raise ArgumentError(f"'{name}' must not be empty", argument=name)
        if all(isinstance(v, tuple) and v for v in value):
            return tuple(tuple(whole(n, name, 1) for n in shape) for shape in value)
        return tuple(whole(n, name, 1) for n in value)

    def schema(self) -> Json:
        one: list[Json] = [{"type": "integer", "minimum": 1}, EXPRESSION]
        shape: Json = {"type": "array", "items": {"anyOf": one}, "minItems": 1}
        return {"anyOf": [shape, {"type": "array", "items": shape, "minItems": 1}]}

    def describe(self) -> str:
        return "a shape, or a list of shapes"


@register("opaque")
class Opaque(Operator):
    """A layer known by its outputs' shapes, `[C, *S], .. -> out`; declared costs are used, the rest is unknown.

    `params`, `buffers`, `macs`, `flops` (every operation, for the rule `exact`) and `memory_access` (elements in all)
    are taken at their word; no rule of a tool knows the layer. Its receptive field is the whole input, the one bound
    that is always true, unless `field: same` says that an output reads its own position. Source: none, it stands for
    what a spec cannot say.
    """

    example = "opaque: [16, 7, 5]"
    sources = 0
    out: tuple[Any, ...] = arg(_Shapes(), main=True, aliases=("shape",), doc="the output's shape, or several")
    params_: int | None = arg(Integer(0), default=None, alias="params", doc="declared learnable values")
    buffers_: int = arg(Integer(0), default=0, alias="buffers", doc="declared values kept but not learned")
    macs_: int | None = arg(Integer(0), default=None, alias="macs", doc="declared multiply-accumulates")
    flops: int | None = arg(Integer(0), default=None, doc="declared operations, as `exact` counts them")
    memory_access: int | None = arg(Integer(0), default=None, doc="declared elements moved, weights included")
    field: str = arg(Word(("whole", "same")), default="whole", doc="declared reading: all positions, or its own")

    @property
    def declared(self) -> tuple[str, ...]:
        costs = {"params": self.params_, "macs": self.macs_, "flops": self.flops, "memory_access": self.memory_access}
        given = [name for name, value in costs.items() if value is not None]
        return (*given, "receptive_field") if self.field != "whole" else tuple(given)

    def infer(self, ins: Shapes) -> Shapes:
        several = isinstance(self.out[0], tuple)
        return tuple(Shape(shape) for shape in self.out) if several else (Shape(self.out),)

    def tensors(self, ins: Shapes) -> None:
        return None

    def params(self, ins: Shapes) -> int | None:
        return self.params_

    def buffers(self, ins: Shapes) -> int:
        return self.buffers_

    def macs(self, ins: Shapes, outs: Shapes) -> int | None:
        return self.macs_

    def work(self, ins: Shapes, outs: Shapes) -> Work | None:
        return None if self.flops is None else Work(declared=self.flops)

    def memory(self, ins: Shapes, outs: Shapes) -> MemoryAccess | None:
        """Return the declared elements, first as inputs read, then as outputs written, what is left as weights."""
        if self.memory_access is None:
            return None
        read = min(self.memory_access, sum(x.elements for x in ins))
        written = min(self.memory_access - read, sum(y.elements for y in outs))
        return MemoryAccess(read=read, written=written, weights=self.memory_access - read - written)

    def count(self, ins: Shapes, outs: Shapes) -> Count:
        return replace(super().count(ins, outs), hides=True)

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        y = outs[0]
        same = self.field == "same"
        return tuple((IDENTITY if same and len(x) == len(y) else WHOLE,) * (len(y) - 1) for x in ins)
