"""The expanded network: one node per layer in execution order, every shape known, every reference resolved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from cnncalc.ops.operator import Operator
    from cnncalc.values.bits import Bits
    from cnncalc.values.diagnostics import Span
    from cnncalc.values.shape import Shape

Ref: TypeAlias = tuple[int, int]
"""A tensor: the index of the node that makes it (-1 for the first network input, -2 for the second), and its output."""
Trace: TypeAlias = "tuple[tuple[str, Span | None], ...]"
"""The block calls around a layer, outermost first, as (path of the call, its span)."""
Values: TypeAlias = tuple[tuple[str, str, object], ...]
"""What expressions evaluated to, as (argument, text, value)."""


@dataclass(slots=True, eq=False)
class Node:
    """One layer.

    Attributes:
        path: unique dotted path, as printed.
        op: the operator with its arguments.
        inputs: the tensors it reads.
        in_shapes: their shapes.
        out_shapes: the shapes it makes, usually one.
        span: the item of the spec it comes from; None for a spec without text.
        trace: the block calls around it, outermost first, as (path of the call, its span).
        shares: index of the node whose weights it uses, or None.
        values: what the item's expressions evaluated to, as (argument, text, value).
        fused: the activations that a runtime computes inside the layer, by name.
        bits: the widths of its numbers and the density of its weights, where the spec says them.
    """

    path: str
    op: Operator
    inputs: tuple[Ref, ...]
    in_shapes: tuple[Shape, ...]
    out_shapes: tuple[Shape, ...]
    span: Span | None = None
    trace: Trace = ()
    shares: int | None = None
    values: Values = ()
    origin: str = ""
    fused: tuple[str, ...] = ()
    bits: Bits | None = None

    @property
    def place(self) -> Span | None:
        """Where it is in the spec's own file: its item, or the call of the block of another file that it is in."""
        if self.span is not None and not self.span.file:
            return self.span
        return next((span for _, span in reversed(self.trace) if span is not None and not span.file), None)


class Accept(NamedTuple):
    """Codes of warnings that are meant, for the nodes from `start` to before `stop`; None stands for the whole file."""

    codes: tuple[str, ...]
    span: Span | None
    start: int
    stop: int | None


@dataclass(slots=True, eq=False)
class Graph:
    """A network: named inputs, nodes in execution order (every reference points backwards), named outputs.

    Attributes:
        inputs: name and shape of each network input, in order.
        nodes: the layers in execution order.
        outputs: the tensor behind each output label.
        calls: paths of the outermost block calls, one per repetition, in order.
        variables: the values of `vars` after variant and overrides.
        accepts: warnings that the spec says are meant: the nodes concerned, the codes, and where it says so.
        whole: how many of the nodes stand before the first layer that failed; None where none did.
        batch: how many images at once the file or the given input asks for, where nobody says otherwise.
    """

    inputs: dict[str, Shape]
    nodes: list[Node]
    outputs: dict[str, Ref] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    variables: dict[str, object] = field(default_factory=dict)
    accepts: list[Accept] = field(default_factory=list)
    whole: int | None = None
    batch: int = 1

    def shape(self, ref: Ref) -> Shape:
        """Return the shape of a tensor."""
        index, port = ref
        return list(self.inputs.values())[-index - 1] if index < 0 else self.nodes[index].out_shapes[port]

    def name(self, ref: Ref) -> str:
        """Return the printed name of a tensor: a path, `path:1` for a second output, or an input's name."""
        index, port = ref
        if index < 0:
            return list(self.inputs)[-index - 1]
        path = self.nodes[index].path
        return f"{path}:{port}" if len(self.nodes[index].out_shapes) > 1 else path
