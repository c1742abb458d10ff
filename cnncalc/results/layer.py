"""One layer of a report: its numbers, and how values stand in JSON.

Numbers are for one image, forward, unless the report's `batch` says otherwise; an unknown number is None.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.results.listing import as_html, as_text
from cnncalc.results.views import view
from cnncalc.values.keyed import Keyed
from cnncalc.values.work import MemoryAccess, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.results.arguments import Argument
    from cnncalc.values.bits import Bits
    from cnncalc.values.shape import Shape

Axis = int | Fraction | None
"""A receptive field's number on one axis."""


def plain(value: Any) -> Any:
    """Return a value as JSON has it: tuples as lists, whole fractions as integers, others as floats."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    if isinstance(value, Keyed):
        return {k: plain(v) for k, v in value}
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return operator_form(value)


def operator_form(value: Any) -> Any:
    """Return an operator inside an argument as a spec would write it."""
    arguments = {k: plain(v) for k, v in value.arguments().items() if v != value.args[k].default}
    return {value.name: arguments} if arguments else value.name


class Layer(NamedTuple):
    """One layer of the expanded network. Shapes are `[C, *S]` without the batch; fields are in input pixels per axis.

    Its numbers, `params` to `share_macs` and `live`, are entries of `results.measures`, which say what they are; a
    number of that table without a place of its own here stands in `more`, and is an attribute all the same.

    Attributes:
        path: unique dotted path.
        op: the operator's canonical name.
        inputs: paths of the layers (or names of the network inputs) that it reads.
        in_shapes: their shapes.
        out_shapes: the shapes it makes, usually one.
        work: operations by kind.
        receptive_field: largest over positions, along the spatial path.
        receptive_field_min: smallest over positions.
        receptive_field_true: largest, squeeze-and-excite gates included.
        receptive_fields: the same with respect to the further network inputs, as (name, field).
        jump: mean step between neighbouring units, in input pixels.
        start: left edge of unit 0.
        is_global: it sees the whole input.
        arguments: the operator's arguments, as (name, value).
        given: those of its arguments that are worth saying, the main one first.
        unknown: names of the numbers that cannot be known.
        line: line of the spec, 1-based.
        column: column of the spec, 1-based.
        calls: paths of the block calls around it, outermost first.
        shares: path of the layer whose weights it uses.
        weighted: it is a convolution, transposed convolution or linear layer.
        fused: the activations that a runtime computes inside it, by name; of a deployed network only.
        declared: names of the numbers that the spec states instead of the operator.
        bits: the widths of its numbers, and with them the density of its weights, where the spec says them.
        more: further numbers of the table of measures, as (name, value).
    """

    path: str
    op: str
    inputs: tuple[str, ...]
    in_shapes: tuple[Shape, ...]
    out_shapes: tuple[Shape, ...]
    params: int | None
    buffers: int
    macs: int | None
    flops: int | None
    work: Work | None
    memory_access: MemoryAccess | None
    bytes: int | None
    intensity: float | None
    activations: int | None
    connections: int | None
    share_params: float | None
    share_macs: float | None
    receptive_field: tuple[int | None, ...]
    receptive_field_min: tuple[int | None, ...]
    receptive_field_true: tuple[int | None, ...]
    receptive_fields: tuple[tuple[str, tuple[int | None, ...]], ...]
    jump: tuple[Axis, ...]
    start: tuple[int | None, ...]
    is_global: bool
    arguments: tuple[tuple[str, Any], ...]
    given: tuple[Argument, ...]
    unknown: tuple[str, ...]
    line: int | None
    column: int | None
    calls: tuple[str, ...]
    shares: str | None
    weighted: bool
    live: int
    fused: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    bits: Bits | None = None
    more: tuple[tuple[str, int | None], ...] = ()

    def number(self, name: str) -> int | None:
        """Return one of its measures that add up; memory access as its total, in elements."""
        value: Any = getattr(self, name)
        return value.total if isinstance(value, MemoryAccess) else value

    @property
    def out_shape(self) -> Shape:
        """The shape it makes, `[C, *S]`; of several, the first."""
        return self.out_shapes[0]

    @property
    def text(self) -> str:
        """Its arguments in a few words."""
        said: str = view("layer.arguments")(self)
        return said

    @property
    def attributes(self) -> dict[str, Any]:
        """The operator's arguments as JSON has them."""
        return {name: plain(value) for name, value in self.arguments}

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 - as IPython calls it
        printer.text(as_text(f"{self.path}  {self.op} {self.text}".rstrip(), self.to_dict()))

    def _repr_html_(self) -> str:
        return as_html(f"{self.path}  {self.op} {self.text}".rstrip(), self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return the layer as JSON has it."""
        return {name: value for _, entries in GROUPS for name, value in entries(self).items()}


# What JSON has of a layer, in order, in groups of what layers often have in common.


def _wiring(layer: Layer) -> dict[str, Any]:
    return {"path": layer.path, "op": layer.op, "inputs": list(layer.inputs)}


def _shapes(layer: Layer) -> dict[str, Any]:
    return {
        "in_shapes": [list(shape) for shape in layer.in_shapes],
        "out_shape": list(layer.out_shapes[0]),
        "out_shapes": [list(shape) for shape in layer.out_shapes],
    }


def _of_more(layer: Layer, name: str) -> int | None:
    for key, value in layer.more:
        if key == name:
            return value
    raise AttributeError(f"a layer has no '{name}'", name=name, obj=layer)


Layer.__getattr__ = _of_more  # type: ignore[attr-defined]  # for numbers of `more`, which no checker knows


COUNTS = Layer._fields[Layer._fields.index("params") : Layer._fields.index("share_params")]
"""The numbers that the count of an operator says of a layer, in order; those in `more` follow."""


def _counts(layer: Layer) -> dict[str, Any]:
    return {**{name: as_json(getattr(layer, name)) for name in COUNTS}, **dict(layer.more)}


def as_json(value: Any) -> Any:
    """Return a number, or a group of numbers, as JSON has it."""
    return value.to_dict() if isinstance(value, Work | MemoryAccess) else value


def _further(layer: Layer) -> dict[str, Any]:
    return {
        "live": layer.live,
        **({"fused": list(layer.fused)} if layer.fused else {}),
        **({"declared": list(layer.declared)} if layer.declared else {}),
        **({"bits": layer.bits.to_dict(), "density": plain(layer.bits.density)} if layer.bits else {}),
        "share_params": layer.share_params,
        "share_macs": layer.share_macs,
    }


def _fields(layer: Layer) -> dict[str, Any]:
    return {
        "receptive_field": list(layer.receptive_field),
        "receptive_field_min": list(layer.receptive_field_min),
        "receptive_field_true": list(layer.receptive_field_true),
        "receptive_fields": {name: list(field) for name, field in layer.receptive_fields},
        "jump": plain(layer.jump),
        "start": list(layer.start),
        "global": layer.is_global,
    }


def _arguments(layer: Layer) -> dict[str, Any]:
    return {"attributes": layer.attributes}


def _origin(layer: Layer) -> dict[str, Any]:
    return {
        "unknown": list(layer.unknown),
        "line": layer.line,
        "column": layer.column,
        "calls": list(layer.calls),
        "shares": layer.shares,
    }


GROUPS: tuple[tuple[Callable[[Layer], Any] | None, Callable[[Layer], dict[str, Any]]], ...] = (
    (None, _wiring),
    (lambda x: (x.in_shapes, x.out_shapes), _shapes),
    (lambda x: (x.params, x.buffers, x.macs, x.flops, id(x.work), id(x.memory_access), x.bytes, x.activations,
                x.connections, x.more), _counts),
    (lambda x: (x.live, x.share_params, x.share_macs, x.fused, x.declared, x.bits), _further),
    (lambda x: (x.receptive_field, x.receptive_field_min, x.receptive_field_true, x.receptive_fields, x.jump, x.start,
                x.is_global), _fields),
    (lambda x: id(x.arguments), _arguments),
    (lambda x: (x.unknown, x.line, x.column, x.calls, x.shares), _origin),
)  # fmt: skip
"""Each group with what tells its text apart within a report, whose objects live on; None where every layer differs."""
