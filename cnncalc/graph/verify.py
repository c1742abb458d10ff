"""What must hold of every graph, however it was made: by a spec, by hand, by an importer, by a transformation."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.tensor import BIAS, BUFFER, WEIGHT, elements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.graph.graph import Graph, Node, Ref


class GraphError(ValueError):
    """A graph does not hold together: a mistake of what made it, never of a spec's author.

    Attributes:
        problems: what is wrong, one sentence each.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def verify(graph: Graph) -> Graph:
    """Return the graph if it holds together.

    References point backwards to tensors that are there, shapes are those that the operators infer, paths are unique,
    shared weights have the lender's shapes, and counts are whole numbers of at least 0 or unknown: never 0 in place of
    unknown, never known where what they are made of is not.

    Raises:
        GraphError: it does not; carries every reason.
    """
    found = tuple(problems(graph))
    if found:
        raise GraphError(found)
    return graph


def problems(graph: Graph) -> Iterator[str]:
    """Yield what is wrong with a graph, in the order of its layers."""
    inputs = list(graph.inputs.values())
    for name, shape in graph.inputs.items():
        if not shape or min(shape) < 1:
            yield f"input '{name}' has the shape {tuple(shape)}"
    for path, times in Counter(node.path for node in graph.nodes).items():
        if not path:
            yield "a layer has no path"
        elif times > 1:
            yield f"{times} layers are called '{path}'"

    def there(ref: Ref, before: int) -> bool:
        index, port = ref
        if index < 0:
            return -index <= len(inputs) and port == 0
        return index < before and 0 <= port < len(graph.nodes[index].out_shapes)

    for number, node in enumerate(graph.nodes):
        lost = [ref for ref in node.inputs if not there(ref, number)]
        if lost:
            yield f"layer '{node.path}' reads {lost[0]}, which is not made before it"
            continue
        given = tuple(graph.shape(ref) for ref in node.inputs)
        if tuple(node.in_shapes) != given:
            yield f"layer '{node.path}' says that it reads {told(node.in_shapes)}, and reads {told(given)}"
            continue
        yield from _of_layer(node)
        yield from _of_sharing(graph, number)
    for label, ref in graph.outputs.items():
        if not there(ref, len(graph.nodes)):
            yield f"output '{label}' is {ref}, which no layer makes"
    for accept in graph.accepts:
        if not 0 <= accept.start <= len(graph.nodes):
            yield f"warnings are accepted from layer {accept.start} on, of {len(graph.nodes)}"


def told(shapes: tuple[tuple[int, ...], ...]) -> str:
    """Return shapes as a message has them."""
    return ", ".join("x".join(map(str, shape)) for shape in shapes) or "nothing"


def _of_layer(node: Node) -> Iterator[str]:
    if node.op.parts():
        yield f"layer '{node.path}' ({node.op.name}) stands for several layers, which are missing"
        return
    try:
        made = node.op.infer(node.in_shapes)
    except ArgumentError as error:
        yield f"layer '{node.path}' ({node.op.name}): {error}"
        return
    if tuple(node.out_shapes) != tuple(made):
        yield f"layer '{node.path}' ({node.op.name}) has {told(node.out_shapes)}, and makes {told(made)}"
        return
    for problem in _of_counts(node):
        yield f"layer '{node.path}' ({node.op.name}): {problem}"


def _of_counts(node: Node) -> Iterator[str]:
    op, ins = node.op, node.in_shapes
    count = op.count(ins, node.out_shapes)
    memory, work = count.memory, count.work
    numbers = {"params": count.params, "biases": count.biases, "buffers": count.buffers, "macs": count.macs,
               "bias_outputs": count.bias_outputs, "taps": count.taps}  # fmt: skip
    for part, found in (("memory access", memory), ("work", work)):
        if found is not None:
            numbers.update((f"{part} {key}", value) for key, value in found.to_dict().items())
    for name, value in numbers.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
            yield f"{name} is {value!r}"
    if count.params is None and memory is not None and op.moves:
        yield "its parameters are unknown and its memory access is not"
    if count.params is not None and count.biases > count.params:
        yield f"{count.biases} of {count.params} parameters are biases"
    if op.weighted and count.macs == 0:
        yield "it is a layer with weights and multiplies nothing"
    held = op.tensors(ins)
    if held is not None:
        said = elements(held, WEIGHT, BIAS), elements(held, BUFFER)
        if (count.params, count.buffers) != said:
            yield f"it holds {said[0]} parameters and {said[1]} buffers, and counts {count.params} and {count.buffers}"


def _of_sharing(graph: Graph, number: int) -> Iterator[str]:
    node = graph.nodes[number]
    if node.shares is None:
        return
    if not 0 <= node.shares < number:
        yield f"layer '{node.path}' shares the weights of layer {node.shares}, which is not before it"
        return
    lender = graph.nodes[node.shares]
    if lender.shares is not None:
        yield f"layer '{node.path}' shares the weights of '{lender.path}', which has none of its own"
    elif node.op.params(node.in_shapes) != lender.op.params(lender.in_shapes):
        yield f"layer '{node.path}' shares the weights of '{lender.path}', which are not as many"
