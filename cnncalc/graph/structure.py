"""The shape of the network itself: depth, width, the last map."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph


def longest_path(graph: Graph) -> int:
    """Return the most weighted layers (convolutions, transposed convolutions, linear) on any path of the network."""
    depths: list[int] = []
    for node in graph.nodes:
        below = max((depths[index] for index, _ in node.inputs if index >= 0), default=0)
        depths.append(below + node.op.weighted)
    return max(depths, default=0)


def widest(graph: Graph) -> int | None:
    """Return the most output channels of any weighted layer that is not an output of the network."""
    outputs = {index for index, _ in graph.outputs.values()}
    return max(
        (node.out_shapes[0].channels for k, node in enumerate(graph.nodes) if node.op.weighted and k not in outputs),
        default=None,
    )


def odd_channels(graph: Graph) -> tuple[tuple[str, int], ...]:
    """Return the weighted layers, outputs left out, whose channels are no multiple of 8, as (path, channels)."""
    outputs = {index for index, _ in graph.outputs.values()}
    return tuple(
        (node.path, node.out_shapes[0].channels)
        for k, node in enumerate(graph.nodes)
        if node.op.weighted and k not in outputs and node.out_shapes[0].channels % 8
    )


def reaching_outputs(graph: Graph) -> list[bool]:
    """Return, per node, whether an output of the network depends on it."""
    reaching = [False] * len(graph.nodes)
    for index, _ in graph.outputs.values():
        if index >= 0:
            reaching[index] = True
    for index in range(len(graph.nodes) - 1, -1, -1):
        if reaching[index]:
            for source, _ in graph.nodes[index].inputs:
                if source >= 0:
                    reaching[source] = True
    return reaching


def power_of_two(stride: object) -> int | None:
    """Return n of a stride 2^n, or None."""
    if not isinstance(stride, int) or stride < 1 or stride & (stride - 1):
        return None
    return stride.bit_length() - 1
