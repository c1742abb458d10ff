"""Batch normalisation folded into the layer before it, as deployment does (arXiv:1712.05877, section 3.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph, Ref


def fold_batch_norm(graph: Graph) -> Graph:
    """Return the graph without the batch normalisations that the layer before them can take over.

    A batch_norm with running statistics goes into the convolution, transposed convolution or linear layer whose output
    it reads, when nothing else reads that output, it is no output of the network, and neither of them shares weights.
    The layer then has a bias. Paths of the remaining layers stay; what read the batch_norm reads the layer.
    """
    folded = _foldable(graph)
    if not folded:
        return graph
    into = {source: graph.nodes[source].op.absorbing(graph.nodes[source].out_shapes) for source in folded.values()}
    position: list[int] = []
    kept = 0
    for index in range(len(graph.nodes)):
        position.append(position[folded[index]] if index in folded else kept)
        kept += index not in folded

    def moved(ref: Ref) -> Ref:
        return ref if ref[0] < 0 else (position[ref[0]], ref[1])

    nodes = [
        replace(
            node,
            op=into.get(index) or node.op,
            inputs=tuple(map(moved, node.inputs)),
            shares=None if node.shares is None else position[node.shares],
        )
        for index, node in enumerate(graph.nodes)
        if index not in folded
    ]
    return replace(graph, nodes=nodes, outputs={label: moved(ref) for label, ref in graph.outputs.items()})


def _foldable(graph: Graph) -> dict[int, int]:
    """Return, for each batch normalisation that can go, the layer that takes it over."""
    users = [0] * len(graph.nodes)
    for node in graph.nodes:
        for index, _ in node.inputs:
            if index >= 0:
                users[index] += 1
    for index, _ in graph.outputs.values():
        if index >= 0:
            users[index] += 1
    sharing = {k for k, node in enumerate(graph.nodes) if node.shares is not None}
    sharing |= {node.shares for node in graph.nodes if node.shares is not None}
    found = {}
    for index, node in enumerate(graph.nodes):
        if not node.op.foldable:
            continue
        source = node.inputs[0][0]
        if source < 0 or users[source] != 1 or index in sharing or source in sharing:
            continue
        layer = graph.nodes[source]
        if layer.op.absorbing(layer.out_shapes) is not None:
            found[index] = source
    return found
