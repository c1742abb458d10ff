"""What readers of other formats share: a graph in the making, errors at the place being read, and unknown costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from cnncalc.graph.build import GraphBuilder
from cnncalc.interop.foreign import Declared, DeclaredProduct
from cnncalc.ops.registry import find
from cnncalc.values.diagnostics import ArgumentError, Diagnostic, SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.graph.graph import Graph, Ref
    from cnncalc.interop.foreign import Cost
    from cnncalc.ops.operator import Operator
    from cnncalc.values.diagnostics import Collector, Span
    from cnncalc.values.shape import Shape


IDLE = "idle"
"""The kind of a layer that stands for weights beside the network: nothing is computed, and nothing reads it."""


def warn(collector: Collector, reasons: Mapping[str, Sequence[str]]) -> None:
    """Say once for each reason which layers' costs are unknown."""
    for reason, paths in reasons.items():
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        collector.add("unknown-cost", f"layer '{paths[0]}'{more}: {reason}; totals are lower bounds",
                      severity="warning", path=paths[0], hint="read the sums as at least so much")  # fmt: skip


class Maker:
    """One network in the making.

    Attributes:
        span: the place in the file of what is being read, where the format is a text.
        origin: what the file calls it, where it has no place in a text.
        who: what messages call it.
        results: what may be an output, by path.
    """

    def __init__(self, file: str | None, collector: Collector) -> None:
        self.file = file
        self.collector = collector
        self.builder = GraphBuilder(file)
        self.span: Span | None = None
        self.origin = ""
        self.who = ""
        self.reasons: dict[str, list[str]] = {}
        self.results: dict[str, Ref] = {}

    def fail(self, message: str, *, code: str = "bad-model", hint: str | None = None,
             span: Span | None = None) -> NoReturn:  # fmt: skip
        """Give the file up, at the place being read or a nearer one."""
        text = f"{self.who} {message}" if self.who else message
        raise SpecError([Diagnostic(code=code, message=text, span=span or self.span, file=self.file, hint=hint,
                                    place=self.origin or None)]) from None  # fmt: skip

    def shape(self, ref: Ref) -> Shape:
        """Return the shape of a tensor."""
        return self.builder.shape(ref)

    def make(self, name: str, **arguments: Any) -> Operator:
        """Return an operator of the language."""
        cls = find(name)
        if cls is None:
            self.fail(f"needs the operator '{name}', which is not there")
        try:
            return cls(**arguments)
        except ArgumentError as error:
            self.fail(str(error), code=error.code, hint=error.hint)
        except ValueError as error:
            self.fail(str(error))

    def put(self, op: Operator, inputs: Sequence[Ref], path: str, shares: str | None = None) -> tuple[Ref, ...]:
        """Add a layer and return its results."""
        return self.builder.add(op, inputs, path, span=self.span, origin=self.origin, shares=shares)

    def add(self, name: str, inputs: Sequence[Ref], path: str, shares: str | None = None, **arguments: Any) -> Ref:
        """Add an operator of the language and return its first result."""
        return self.put(self.make(name, **arguments), inputs, path, shares)[0]

    def declare(self, kind: str, inputs: Sequence[Ref], path: str, cost: Cost, reason: str = "", *,
                product: bool = False) -> tuple[Ref, ...]:  # fmt: skip
        """Add a layer that no operator of the language is, and remember why some of its cost is unknown."""
        cls = DeclaredProduct if product else Declared
        if reason:
            self.reasons.setdefault(reason, []).append(path)
        return self.put(cls.of(cost, kind, reason), inputs, path)

    def finished(self, *, named: bool = False) -> Graph:
        """Return the network; its outputs are the results that no layer reads, or all where the file names them."""
        graph = self.builder.graph()
        graph.outputs.clear()
        read = {ref for node in graph.nodes if not isinstance(node.op, Declared) or node.op.kind != IDLE
                for ref in node.inputs}  # fmt: skip
        for path, ref in self.results.items():
            if (named or ref not in read) and ref[0] >= 0:
                graph.outputs.setdefault(path, ref)
        if not graph.outputs:
            self.span, self.origin, self.who = None, "", ""
            self.fail("has no layers", code="no-layers", hint="name a network with layers")
        warn(self.collector, self.reasons)
        return graph
