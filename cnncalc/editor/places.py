"""Which layers come from which place of a file: of every item, by the block calls that it was reached through."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Graph, Ref
    from cnncalc.results.layer import Layer
    from cnncalc.values.shape import Shape


class Use(NamedTuple):
    """What one item comes to, each time that it is reached.

    Attributes:
        layers: its layers, in order; of a block call all in it, of a repetition all repetitions.
        outputs: the shapes of what others read of it.
        last: the layer that makes the first of these.
    """

    layers: tuple[Layer, ...]
    outputs: tuple[Shape, ...]
    last: Layer


def uses(graph: Graph, layers: Sequence[Layer], file: str = "") -> dict[tuple[int, int], list[Use]]:
    """Return what every item of a file comes to, by the line and column of its key.

    Args:
        graph: the network.
        layers: the numbers of its layers, or of the first of them; items of which some are missing are left out.
        file: a file that the spec uses, as places call it; empty for the spec itself.
    """
    found: dict[tuple[int, int], dict[str, list[int]]] = {}
    for number, node in enumerate(graph.nodes):
        call = ""
        for path, span in (*node.trace, ("", node.span)):
            if span is not None and span.file == file:
                found.setdefault((span.line, span.column), {}).setdefault(call, []).append(number)
            call = path
    readers: dict[Ref, int] = {}
    for number, node in enumerate(graph.nodes):
        readers.update(dict.fromkeys(node.inputs, number))
    outputs = set(graph.outputs.values())
    known = len(layers)
    result: dict[tuple[int, int], list[Use]] = {}
    for place, calls in found.items():
        result[place] = [
            _use(graph, layers, numbers, readers, outputs) for numbers in calls.values() if numbers[-1] < known
        ]
    return {place: kept for place, kept in result.items() if kept}


def _use(graph: Graph, layers: Sequence[Layer], numbers: list[int], readers: dict[Ref, int],
         outputs: set[Ref]) -> Use:  # fmt: skip
    first, end = numbers[0], numbers[-1]
    refs: list[Ref] = []
    if end - first == len(numbers) - 1:
        refs = [
            (number, port)
            for number in numbers
            for port in range(len(graph.nodes[number].out_shapes))
            if (number, port) in outputs or readers.get((number, port), -1) > end
        ]
    if not refs:
        refs = [(end, port) for port in range(len(graph.nodes[end].out_shapes))]
    shapes = tuple(graph.shape(ref) for ref in refs)
    return Use(tuple(layers[number] for number in numbers), shapes, layers[refs[0][0]])
