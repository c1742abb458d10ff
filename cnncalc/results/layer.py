"""One layer of a report: its numbers, and how values stand in JSON.

Numbers are for one image, forward, unless the report's `batch` says otherwise; an unknown number is None.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.results.listing import as_html, as_text
from cnncalc.values.keyed import Keyed

if TYPE_CHECKING:
    from cnncalc.values.bits import Bits
    from cnncalc.values.shape import Shape
    from cnncalc.values.work import MemoryAccess, Work

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

    Attributes:
        path: unique dotted path.
        op: the operator's canonical name.
        inputs: paths of the layers (or names of the network inputs) that it reads.
        in_shapes: their shapes.
        out_shapes: the shapes it makes, usually one.
        params: learnable values; 0 where the weights are another layer's.
        buffers: values kept but not learned.
        macs: multiply-accumulates.
        flops: floating-point operations under the report's convention.
        work: operations by kind.
        memory_access: elements read, written, and of weights and bias.
        bytes: the same in bytes of the report's dtype.
        intensity: flops per byte moved.
        activations: output elements of a convolution, transposed convolution or linear layer; 0 elsewhere.
        connections: output positions times parameters per position.
        share_params: part of the network's parameters; None where the whole is unknown.
        share_macs: part of the network's multiply-accumulates; None where the whole is unknown.
        receptive_field: largest over positions, along the spatial path.
        receptive_field_min: smallest over positions.
        receptive_field_true: largest, squeeze-and-excite gates included.
        receptive_fields: the same with respect to the further network inputs, as (name, field).
        jump: mean step between neighbouring units, in input pixels.
        start: left edge of unit 0.
        is_global: it sees the whole input.
        arguments: the operator's arguments, as (name, value).
        text: operator and arguments in a few words.
        unknown: names of the numbers that cannot be known.
        line: line of the spec, 1-based.
        column: column of the spec, 1-based.
        calls: paths of the block calls around it, outermost first.
        shares: path of the layer whose weights it uses.
        weighted: it is a convolution, transposed convolution or linear layer.
        live: activation elements alive while it runs, nothing in place; the batch multiplied.
        fused: the activations that a runtime computes inside it, by name; of a deployed network only.
        declared: names of the numbers that the spec states instead of the operator.
        bits: the widths of its numbers, and with them the density of its weights, where the spec says them.
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
    text: str
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

    @property
    def out_shape(self) -> Shape:
        """The shape it makes, `[C, *S]`; of several, the first."""
        return self.out_shapes[0]

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
        return {
            "path": self.path,
            "op": self.op,
            "inputs": list(self.inputs),
            "in_shapes": [list(shape) for shape in self.in_shapes],
            "out_shape": list(self.out_shapes[0]),
            "out_shapes": [list(shape) for shape in self.out_shapes],
            "params": self.params,
            "buffers": self.buffers,
            "macs": self.macs,
            "flops": self.flops,
            "work": self.work.to_dict() if self.work else None,
            "memory_access": self.memory_access.to_dict() if self.memory_access else None,
            "bytes": self.bytes,
            "intensity": self.intensity,
            "activations": self.activations,
            "connections": self.connections,
            "live": self.live,
            **({"fused": list(self.fused)} if self.fused else {}),
            **({"declared": list(self.declared)} if self.declared else {}),
            **({"bits": self.bits.to_dict(), "density": plain(self.bits.density)} if self.bits else {}),
            "share_params": self.share_params,
            "share_macs": self.share_macs,
            "receptive_field": list(self.receptive_field),
            "receptive_field_min": list(self.receptive_field_min),
            "receptive_field_true": list(self.receptive_field_true),
            "receptive_fields": {name: list(field) for name, field in self.receptive_fields},
            "jump": plain(self.jump),
            "start": list(self.start),
            "global": self.is_global,
            "attributes": self.attributes,
            "unknown": list(self.unknown),
            "line": self.line,
            "column": self.column,
            "calls": list(self.calls),
            "shares": self.shares,
        }
