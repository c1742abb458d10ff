"""The graph as a runtime gets it: norms folded, activations fused into the layer before, what does nothing gone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnncalc.graph.fold import fold_batch_norm
from cnncalc.ops.registry import find

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph, Node, Ref


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
    position: list[int] = []
    kept = 0
    for index in range(len(graph.nodes)):
        position.append(kept)
        kept += index not in gone

    def moved(ref: Ref) -> Ref:
        while ref[0] in gone:
            ref = graph.nodes[ref[0]].inputs[0]
        return ref if ref[0] < 0 else (position[ref[0]], ref[1])

    taken: dict[int, list[str]] = {}
    for index, host in gone.items():
        if host is not None:
            taken.setdefault(host, []).append(graph.nodes[index].op.name)
    nodes = [
        replace(
            node,
            inputs=tuple(map(moved, node.inputs)),
            shares=None if node.shares is None else position[node.shares],
            fused=(*node.fused, *taken.get(index, ())),
        )
        for index, node in enumerate(graph.nodes)
        if index not in gone
    ]
    return replace(graph, nodes=nodes, outputs={label: moved(ref) for label, ref in graph.outputs.items()})


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
    nodes: list[Node] = []
    position: list[int] = []

    def moved(ref: Ref) -> Ref:
        return ref if ref[0] < 0 else (position[ref[0]], ref[1])

    for node in graph.nodes:
        shares = None if node.shares is None else position[node.shares]
        now = replace(node, inputs=tuple(map(moved, node.inputs)), shares=shares)
        parted = node.op.apart(node.in_shapes, node.out_shapes)
        if parted is not None and pad is not None:
            amounts, bare = parted
            op = pad(amount=amounts)
            wide = op.infer(node.in_shapes)
            path = f"{node.path}.pad"
            nodes.append(replace(now, path=path, op=op, out_shapes=wide, shares=None, fused=(), values=()))
            now = replace(now, op=bare, inputs=((len(nodes) - 1, 0),), in_shapes=wide)
        position.append(len(nodes))
        nodes.append(now)
    if len(nodes) == len(graph.nodes):
        return graph
    return replace(graph, nodes=nodes, outputs={label: moved(ref) for label, ref in graph.outputs.items()})
