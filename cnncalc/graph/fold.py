"""Batch normalisation folded into the layer before it, as deployment does (arXiv:1712.05877, section 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.graph.rewrite import Rewrite

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph


def fold_batch_norm(graph: Graph) -> Graph:
    """Return the graph without the batch normalisations that the layer before them can take over.

    A batch_norm with running statistics goes into the convolution, transposed convolution or linear layer whose output
    it reads, when nothing else reads that output, it is no output of the network, and neither of them shares weights.
    The layer then has a bias. Paths of the remaining layers stay; what read the batch_norm reads the layer.
    """
    folded = _foldable(graph)
    if not folded:
        return graph
    made = Rewrite(graph)
    into = {source: graph.nodes[source].op.absorbing(graph.nodes[source].out_shapes) for source in folded.values()}
    for index, node in enumerate(graph.nodes):
        if index in folded:
            made.drop(index)
        else:
            made.keep(index, op=into.get(index) or node.op)
    return made.done()


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
