"""Which layers of a network are one block: by the calls of blocks that the spec has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph, Ref
    from cnncalc.values.diagnostics import Span


@dataclass(slots=True, eq=False)
class CallScope:
    """The network, or one call of a block: its layers and the calls in it, in order.

    Attributes:
        path: of the call, "" for the network.
        span: where the spec calls it.
        children: indices of layers, and calls.
        reads: the tensors from outside, in the order of their first use.
        makes: the tensors that are read outside, the last one where none is.
    """

    path: str
    span: Span | None = None
    children: list[Child] = field(default_factory=list)
    reads: list[Ref] = field(default_factory=list)
    makes: list[Ref] = field(default_factory=list)

    def nodes(self) -> list[int]:
        """Return the indices of all layers in it."""
        found: list[int] = []
        for child in self.children:
            found += child.nodes() if isinstance(child, CallScope) else [child]
        return found


Child: TypeAlias = "int | CallScope"


def scopes(graph: Graph) -> CallScope:
    """Return the network as its calls of blocks nest."""
    root = CallScope("")
    open_: list[CallScope] = [root]
    for index, node in enumerate(graph.nodes):
        names = [path for path, _ in node.trace]
        depth = 0
        while depth < len(names) and depth + 1 < len(open_) and open_[depth + 1].path == names[depth]:
            depth += 1
        del open_[depth + 1 :]
        for path, span in node.trace[depth:]:
            inner = CallScope(path, span)
            open_[-1].children.append(inner)
            open_.append(inner)
        open_[-1].children.append(index)
    borders(graph, root)
    return root


def borders(graph: Graph, root: CallScope) -> None:
    """Find what every call reads from outside, and what of it is read outside."""
    readers: dict[Ref, list[int]] = {}
    for index, node in enumerate(graph.nodes):
        for ref in node.inputs:
            readers.setdefault(ref, []).append(index)
    kept = set(graph.outputs.values())
    todo = [root]
    while todo:
        scope = todo.pop()
        inside = set(scope.nodes())
        reads: dict[Ref, None] = {}
        for index in sorted(inside):
            reads.update(dict.fromkeys(ref for ref in graph.nodes[index].inputs if ref[0] not in inside))
        scope.reads = list(reads)
        scope.makes = [
            (index, port) for index in sorted(inside) for port in range(len(graph.nodes[index].out_shapes))
            if (index, port) in kept or any(r not in inside for r in readers.get((index, port), ()))
        ]  # fmt: skip
        if scope is root:
            scope.makes = list(graph.outputs.values())
        elif not scope.makes:
            scope.makes = [(max(inside), 0)]
        todo += [child for child in scope.children if isinstance(child, CallScope)]
