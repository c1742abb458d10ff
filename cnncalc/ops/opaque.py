"""What a spec cannot say: a layer of which the output's shape is known, and what the spec declares of its cost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from cnncalc.ops.arguments import EXPRESSION, REFERENCE, Integer, Kind, PerAxis, shown, whole
from cnncalc.ops.operator import Operator, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.ops.windows import per_axis
from cnncalc.values.axis import IDENTITY, WHOLE, Reach, Slide
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.keyed import Keyed
from cnncalc.values.shape import Shape
from cnncalc.values.words import value_hint
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


FIELDS = ("whole", "same")
FIELD_KEYS: dict[str, Kind] = {
    "kernel": PerAxis(1), "stride": PerAxis(1), "padding": PerAxis(0), "dilation": PerAxis(1),
}  # fmt: skip


class _Field(Kind):
    """What an output reads of a source, or a list of it for each source."""

    words = FIELDS
    keys: ClassVar[dict[str, Kind]] = FIELD_KEYS

    def check(self, value: Any, name: str) -> Any:
        if isinstance(value, dict):
            value = Keyed((key, tuple(v) if isinstance(v, list) else v) for key, v in value.items())
        if isinstance(value, Keyed):
            given = dict(value)
            for key in given.keys() - FIELD_KEYS.keys():
                raise ArgumentError(f"'{name}' has no key '{key}'", argument=name, code="unknown-argument")
            if "kernel" not in given:
                raise ArgumentError(f"'{name}' needs a kernel, got {shown(value)}", argument=name,
                                    hint="write {kernel: 3, stride: 1, padding: 1}")  # fmt: skip
            return Keyed((key, FIELD_KEYS[key].check(v, key)) for key, v in value)
        if isinstance(value, tuple) and value:
            return tuple(self.check(v, name) for v in value)
        if not isinstance(value, str) or value not in FIELDS:
            raise ArgumentError(
                f"'{name}' must be {self.describe()}, got {shown(value)}",
                argument=name,
                hint=value_hint(str(value), FIELDS),
            )
        return value

    def schema(self) -> Json:
        keys = {key: kind.schema() for key, kind in FIELD_KEYS.items()}
        window: Json = {"type": "object", "properties": keys, "required": ["kernel"], "additionalProperties": False}
        one: list[Json] = [{"enum": list(FIELDS)}, REFERENCE, window]
        return {"anyOf": [*one, {"type": "array", "items": {"anyOf": one}, "minItems": 1}]}

    def describe(self) -> str:
        return "whole, same, a window {kernel, stride, padding, dilation}, or a list with one for each source"


@register("opaque")
class Opaque(Operator):
    """A layer known by its outputs' shapes, `[C, *S], .. -> out`; declared costs are used, the rest is unknown.

    `params`, `buffers`, `macs`, `flops` (every operation, for the rule `exact`) and `memory_access` (elements in all)
    are taken at their word; no rule of a tool knows the layer. Its receptive field is unknown unless `field:` says what
    an output reads: `same`, its own position; `whole`, all of them; or a window. Source: none, it stands for what a
    spec cannot say.
    """

    example = "opaque: [16, 7, 5]"
    sources = 0
    out: tuple[Any, ...] = arg(_Shapes(), main=True, aliases=("shape",), doc="the output's shape, or several")
    params_: int | None = arg(Integer(0), default=None, alias="params", doc="declared learnable values")
    buffers_: int = arg(Integer(0), default=0, alias="buffers", doc="declared values kept but not learned")
    macs_: int | None = arg(Integer(0), default=None, alias="macs", doc="declared multiply-accumulates")
    flops: int | None = arg(Integer(0), default=None, doc="declared operations, as `exact` counts them")
    memory_access: int | None = arg(Integer(0), default=None, doc="declared elements moved, weights included")
    field: Any = arg(_Field(), default=None, doc="declared reading: all positions, its own, or a window")

    @property
    def declared(self) -> tuple[str, ...]:
        costs = {"params": self.params_, "macs": self.macs_, "flops": self.flops, "memory_access": self.memory_access}
        given = [name for name, value in costs.items() if value is not None]
        return (*given, "receptive_field") if self.field is not None else tuple(given)

    def infer(self, ins: Shapes) -> Shapes:
        several = isinstance(self.out[0], tuple)
        outs = tuple(Shape(shape) for shape in self.out) if several else (Shape(self.out),)
        if isinstance(self.field, tuple) and not isinstance(self.field, Keyed) and len(self.field) > len(ins):
            raise ArgumentError(
                f"{self.name} declares {len(self.field)} fields for {len(ins)} sources, {' and '.join(map(str, ins))}",
                argument="field",
                hint="give one field for each source",
            )
        self.reach(ins, outs)
        return outs

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
        return replace(super().count(ins, outs), hides=self.macs_ != 0)

    def declared_reach(self, x: Shape, y: Shape, field: str | Keyed | None) -> tuple[Reach, ...]:
        """Return what an output reads of one source; an axis that the output does not have is read whole."""
        rank = len(y) - 1
        if field is None or field == "whole" or len(x) != len(y):
            return (WHOLE,) * rank
        if isinstance(field, str):
            return (IDENTITY,) * rank
        given = {"stride": 1, "padding": 0, "dilation": 1, **dict(field)}
        values = (per_axis(given[key], rank, key) for key in ("kernel", "stride", "dilation", "padding"))
        return tuple(Slide(*each) for each in zip(*values, strict=True))

    def fields(self, ins: Shapes) -> tuple[Any, ...]:
        """Return the declared field of each source, None where none is."""
        several = isinstance(self.field, tuple) and not isinstance(self.field, Keyed)
        fields = self.field if several else (self.field,)
        return (*fields, *(None,) * (len(ins) - len(fields)))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return tuple(self.declared_reach(x, outs[0], field) for x, field in zip(ins, self.fields(ins), strict=True))

    def unsaid(self, ins: Shapes, outs: Shapes) -> frozenset[int]:
        return frozenset(k for k, field in enumerate(self.fields(ins)) if field is None)
