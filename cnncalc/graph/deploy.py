"""The graph as a runtime gets it: norms folded, activations fused into the layer before, what does nothing gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.graph.fold import fold_batch_norm
from cnncalc.graph.rewrite import Rewrite
from cnncalc.ops.registry import find

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph, Node


def deployed(graph: Graph) -> Graph:
    """Return the graph that an inference runtime is given.

    Batch normalisations are folded (`fold_batch_norm`). A rectifier that reads a layer with weights or an elementwise
    merge, and is all that reads it, becomes part of it; the layer's `fused` names it. What is the identity at
    inference goes. Paths of the remaining layers stay, and what read a vanished layer reads the one before it.
    """
    graph = fold_batch_norm(graph)
    gone = _gone(graph)
    if not gone:
        return graph
    taken: dict[int, list[str]] = {}
    for index, host in gone.items():
        if host is not None:
            taken.setdefault(host, []).append(graph.nodes[index].op.name)
    made = Rewrite(graph)
    for index, node in enumerate(graph.nodes):
        if index in gone:
            made.drop(index)
        else:
            made.keep(index, fused=(*node.fused, *taken.get(index, ())))
    return made.done()


def _gone(graph: Graph) -> dict[int, int | None]:
    """Return the layers that vanish, each with the layer that takes it over, or None where nothing has to."""
    users = [0] * len(graph.nodes)
    for index, _ in (*(ref for node in graph.nodes for ref in node.inputs), *graph.outputs.values()):
        if index >= 0:
            users[index] += 1
    found: dict[int, int | None] = {}

    def behind(node: Node) -> int:
        """Return the layer that a layer reads once identities are gone; negative for a network input."""
        index = node.inputs[0][0]
        while index in found and found[index] is None:
            index = graph.nodes[index].inputs[0][0]
        return index

    for index, node in enumerate(graph.nodes):
        if node.op.inert and behind(node) >= 0:
            found[index] = None
        elif node.op.fuses:
            host = behind(node)
            alone = node.inputs[0][0] >= 0 and users[node.inputs[0][0]] == 1 and host >= 0 and users[host] == 1
            if alone and host not in found and graph.nodes[host].op.takes_activation and not _taken(found, host):
                found[index] = host
    return found


def _taken(found: dict[int, int | None], host: int) -> bool:
    """Return whether a layer has an activation of its own already."""
    return host in found.values()


def padded_apart(graph: Graph) -> Graph:
    """Return the graph with every padding that TensorFlow Lite cannot say inside a layer as a layer before it.

    The new layer's path is that of the layer with `.pad` behind it.
    """
    pad = find("pad")
    made = Rewrite(graph)
    for index, node in enumerate(graph.nodes):
        parted = node.op.apart(node.in_shapes, node.out_shapes)
        if parted is None or pad is None:
            made.keep(index)
            continue
        amounts, bare = parted
        op = pad(amount=amounts)
        wide = op.infer(node.in_shapes)
        padded = made.put(index, path=f"{node.path}.pad", op=op, out_shapes=wide, fused=(), values=())
        made.keep(index, op=bare, inputs=(padded,), in_shapes=wide)
    return graph if len(made.nodes) == len(graph.nodes) else made.done()
