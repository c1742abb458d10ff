"""The way to make a graph by hand: layers are added one by one, and everything about them is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.graph.graph import Graph, Node, Ref, Trace, Values
from cnncalc.ops.operator import Part, expanded
from cnncalc.values.diagnostics import ArgumentError, Diagnostic, SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.ops.operator import Operator
    from cnncalc.values.diagnostics import Span
    from cnncalc.values.shape import Shape


def add_node(  # noqa: PLR0917 - the parts of a node, in its order
    nodes: list[Node], path: str, op: Operator, inputs: tuple[Ref, ...], ins: tuple[Shape, ...],
    outs: tuple[Shape, ...], span: Span | None = None, trace: Trace = (), shares: int | None = None,
    values: Values = (), origin: str = "",
) -> list[Ref]:  # fmt: skip
    """Append a layer whose shapes are known, and return its results; no layer is made in another way."""
    index = len(nodes)
    nodes.append(Node(path, op, inputs, ins, outs, span, trace, shares, values, origin))
    return [(index, 0)] if len(outs) == 1 else [(index, port) for port in range(len(outs))]


class GraphBuilder:
    """Makes a graph: inputs first, then layers in execution order, then outputs.

    An operator that stands for several layers (a `conv` with `norm:`, a `separable`) becomes these, with the paths that
    a spec gives them. Shapes are inferred, never given.
    """

    def __init__(self, file: str | None = None) -> None:
        self.file = file
        self._graph = Graph({}, [])
        self._paths: dict[str, list[int]] = {}

    def input(self, name: str, shape: Shape) -> Ref:
        """Add an input `[C, *S]` of the network."""
        if self._graph.nodes:
            raise ValueError("inputs come before the layers")
        self._graph.inputs[name] = shape
        return -len(self._graph.inputs), 0

    def shape(self, ref: Ref) -> Shape:
        """Return the shape of a tensor."""
        return self._graph.shape(ref)

    def free(self, name: str) -> str:
        """Return a path that no layer has yet: the name, with a number behind it where it is taken."""
        path, number = name, 1
        while path in self._paths or path in self._graph.inputs:
            number += 1
            path = f"{name}_{number}"
        return path

    def add(
        self, op: Operator, inputs: Sequence[Ref], path: str, *, span: Span | None = None, origin: str = "",
        shares: str | None = None,
    ) -> tuple[Ref, ...]:  # fmt: skip
        """Add a layer and return its results.

        Args:
            op: the operator with its arguments.
            inputs: the tensors that it reads, made before.
            path: its name, which no other layer has.
            span: its place in the file.
            origin: what the file calls it, where it has no place in a text.
            shares: the path of the layer whose weights it uses.

        Raises:
            SpecError: it cannot act on these shapes, or its weights are not those of the layer that it shares.
            ValueError: the path is taken, or a tensor is not there.
        """
        graph = self._graph
        if path in self._paths:
            raise ValueError(f"there are two layers '{path}'")
        for index, port in inputs:
            known = -len(graph.inputs) <= index < len(graph.nodes)
            if not known or (port and (index < 0 or port >= len(graph.nodes[index].out_shapes))):
                raise ValueError(f"layer '{path}' reads a tensor that is not there")
        given = tuple(graph.shape(ref) for ref in inputs)
        try:
            parts = expanded(op, given)
        except ArgumentError as error:
            raise self.refused(f"layer '{path}' ({op.name}): {error}", error.code, error.hint, span, origin) from None
        lenders = self._lenders(path, shares, len(parts), span, origin)
        first = len(graph.nodes)
        declared = op.parts() or (Part("", op),)
        for number, placed in enumerate(parts):
            reads = declared[number].reads
            if reads is not None:
                refs = tuple((first + n - 1, 0) if n > 0 else inputs[-n] for n in reads)
            else:
                refs = ((first + number - 1, 0),) if number else tuple(inputs)
            name = f"{path}.{placed.suffix}" if placed.suffix else path
            owner: int | None = None
            if lenders:
                lender = graph.nodes[lenders[number]]
                if lender.op.tensors(lender.in_shapes) != placed.op.tensors(placed.ins):
                    raise self.refused(f"layer '{name}' and '{lender.path}' cannot share weights: their shapes differ",
                                       "bad-share", None, span, origin)  # fmt: skip
                if placed.op.tensors(placed.ins):
                    owner = lenders[number] if lender.shares is None else lender.shares
            add_node(graph.nodes, name, placed.op, refs, placed.ins, placed.outs, span, shares=owner, origin=origin)
            self._paths.setdefault(name, []).append(len(graph.nodes) - 1)
        self._paths[path] = list(range(first, len(graph.nodes)))
        last = len(graph.nodes) - 1
        return tuple((last, port) for port in range(len(graph.nodes[last].out_shapes)))

    def _lenders(self, path: str, shares: str | None, parts: int, span: Span | None, origin: str) -> list[int]:
        if shares is None:
            return []
        found = self._paths.get(shares)
        if found is None or len(found) != parts:
            raise self.refused(
                f"layer '{path}' cannot share the weights of '{shares}'", "bad-share", None, span, origin
            )
        return found

    def refused(self, message: str, code: str, hint: str | None, span: Span | None, origin: str) -> SpecError:
        """Return the error of a layer at its place."""
        return SpecError([Diagnostic(code=code, message=message, hint=hint, span=span, file=self.file,
                                     place=origin or None)])  # fmt: skip

    def output(self, label: str, ref: Ref) -> None:
        """Name an output of the network."""
        self._graph.outputs[label] = ref

    def graph(self) -> Graph:
        """Return the network; without outputs the last layer is its output."""
        graph = self._graph
        if not graph.outputs and graph.nodes:
            last = len(graph.nodes) - 1
            for port in range(len(graph.nodes[last].out_shapes)):
                graph.outputs[graph.name((last, port))] = (last, port)
        return graph
