"""A graph made anew from another one: layers kept, changed, put in and left out; every number of a layer follows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cnncalc.graph.graph import Graph, Node, Ref


class Rewrite:
    """One way through a graph that says of each layer what becomes of it, and the graph that comes out.

    References, shared weights, outputs and accepted warnings are renumbered here and nowhere else. Layers may be taken
    in another order than theirs, as long as what a layer reads comes before it.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[Node] = []
        self._place: dict[int, int] = {}
        self._begin: dict[int, int] = {}
        self._stands: dict[Ref, Ref] = {}

    def ref(self, ref: Ref) -> Ref:
        """Return the tensor of the new graph that stands for one of the old graph."""
        found = self._stands.get(ref)
        if found is not None:
            return found
        return ref if ref[0] < 0 else (self._place[ref[0]], ref[1])

    def keep(self, index: int, *, reads: Iterable[Ref] | None = None, **changes: Any) -> int:
        """Take a layer over and return its new number.

        Args:
            index: its number in the old graph.
            reads: the tensors of the old graph that it reads now; without it, those that it has read.
            changes: fields of the layer with new values, in numbers of the new graph.
        """
        node = self.graph.nodes[index]
        shares = None if node.shares is None or (node.shares, 0) in self._stands else self._place[node.shares]
        inputs = tuple(map(self.ref, node.inputs if reads is None else reads))
        self._begin.setdefault(index, len(self.nodes))
        self._place[index] = len(self.nodes)
        self.nodes.append(replace(node, **{"inputs": inputs, "shares": shares, **changes}))
        return len(self.nodes) - 1

    def put(self, index: int, **changes: Any) -> Ref:
        """Put in a layer before layer `index` that is made from it, and return its first result."""
        self._begin.setdefault(index, len(self.nodes))
        node = self.graph.nodes[index]
        inputs = tuple(map(self.ref, node.inputs))
        self.nodes.append(replace(node, **{"inputs": inputs, "shares": None, **changes}))
        return len(self.nodes) - 1, 0

    def drop(self, index: int) -> None:
        """Leave a layer out; what reads it reads what it has read."""
        node = self.graph.nodes[index]
        for port in range(len(node.out_shapes)):
            self.stand((index, port), self.ref(node.inputs[0]))

    def stand(self, ref: Ref, other: Ref) -> None:
        """Let a tensor of the new graph stand for one of the old graph."""
        self._begin.setdefault(ref[0], len(self.nodes))
        self._stands[ref] = other

    def done(self, inputs: Mapping[str, Any] | None = None, outputs: Mapping[str, Ref] | None = None) -> Graph:
        """Return the new graph; names of inputs and outputs (tensors of the old graph) may be others."""
        old = self.graph
        leaving = old.outputs if outputs is None else outputs
        return replace(
            old, nodes=self.nodes, inputs=old.inputs if inputs is None else dict(inputs),
            outputs={name: self.ref(ref) for name, ref in leaving.items()},
            accepts=[a._replace(start=self._from(a.start), stop=None if a.stop is None else self._from(a.stop))
                     for a in old.accepts],
            whole=None if old.whole is None else self._from(old.whole),
        )  # fmt: skip

    def _from(self, start: int) -> int:
        """Return where the layers from an old number on begin."""
        return next((self._begin[k] for k in range(start, len(self.graph.nodes)) if k in self._begin), len(self.nodes))


def part(graph: Graph, layers: Iterable[int], inputs: Mapping[str, Ref], outputs: Mapping[str, Ref],
         **changes: Any) -> Graph:  # fmt: skip
    """Return some layers of a graph as a network of its own.

    Args:
        graph: the network.
        layers: numbers of layers, in their order.
        inputs: the tensors that enter it, by name.
        outputs: the tensors that leave it, by name.
        changes: fields of every layer with new values.

    Raises:
        KeyError: a layer reads a tensor that is neither among the inputs nor made inside.
    """
    made = Rewrite(graph)
    for number, ref in enumerate(inputs.values(), 1):
        made.stand(ref, (-number, 0))
    for index in layers:
        made.keep(index, **changes)
    return made.done({name: graph.shape(ref) for name, ref in inputs.items()}, outputs)
