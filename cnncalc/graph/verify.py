"""What must hold of every graph, however it was made: by a spec, by hand, by an importer, by a transformation.

`verify` looks at a whole graph; `inferred` asks one operator, before anything is added up, and believes what a plug-in
says only where it can be true.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, NoReturn

from cnncalc.values.axis import Broadcast, Interpolate, Nearest, Parts, Slide, Table, Transpose, Whole
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.tensor import BIAS, BUFFER, WEIGHT, elements
from cnncalc.values.work import MemoryAccess, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnncalc.graph.graph import Graph, Node, Ref
    from cnncalc.ops.operator import Operator

OWN = "cnncalc."
"""Operators of this package are believed."""
REACHES = (Slide, Transpose, Nearest, Parts, Interpolate, Table, Broadcast, Whole)
FROM_ZERO = ("before", "margin")
"""What may be 0 or less in what one output unit reads; all else is at least 1."""
MOST_BITS = 8192
"""A larger count is nobody's, and would not print."""


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
        if value is not None and not _is_count(value):
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


def inferred(op: Operator, ins: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """Return the shapes that an operator makes; what a plug-in says is believed only where it can be true.

    Its counts for these shapes are looked at too, so that a wrong one is an error at the layer and not a wrong sum.

    Raises:
        ArgumentError: it cannot act on these shapes; or it breaks, or gives what is no shape or no count.
    """
    module = type(op).__module__
    if module.startswith(OWN):
        return op.infer(ins)
    outs = _asked(op, module, "infer", lambda: op.infer(ins))
    if not isinstance(outs, tuple) or not outs or not all(_is_shape(out) for out in outs):
        _blame(op, module, "infer", f"gives {_shown(outs)}, which is no tuple of shapes with extents of at least 1")
    for name, optional, ask in (
        ("params", True, lambda: op.params(ins)),
        ("biases", False, lambda: op.biases(ins)),
        ("buffers", False, lambda: op.buffers(ins)),
        ("macs", True, lambda: op.macs(ins, outs)),
        ("bias_outputs", False, lambda: op.bias_outputs(outs)),
        ("taps", False, lambda: op.taps(ins)),
    ):
        value = _asked(op, module, name, ask)
        if not _is_count(value) and not (optional and value is None):
            _blame(op, module, name, f"gives {_shown(value)}, which is no count")
    for name, kind, ask_sum in (
        ("work", Work, lambda: op.work(ins, outs)),
        ("memory", MemoryAccess, lambda: op.memory(ins, outs)),
    ):
        found: Any = _asked(op, module, name, ask_sum)
        if found is not None and not (isinstance(found, kind) and all(map(_is_count, astuple(found)))):
            _blame(op, module, name, f"gives {_shown(found)}, which holds no counts")
    _hold_reach(op, module, ins, outs)
    return outs


def _hold_reach(op: Operator, module: str, ins: tuple[Shape, ...], outs: tuple[Shape, ...]) -> None:
    """Refuse what a plug-in says that an output unit reads, unless it says it of each input and of each axis."""
    found: Any = _asked(op, module, "reach", lambda: op.reach(ins, outs))
    axes = len(outs[0]) - 1
    if not isinstance(found, tuple) or len(found) != len(ins):
        _blame(op, module, "reach", f"gives {_shown(found)}, which is not one tuple for each of {len(ins)} inputs")
    for one in found:
        if not isinstance(one, tuple) or len(one) != axes or not all(map(_is_reach, one)):
            what = f"which is not what is read on each of {axes} axes"
            _blame(op, module, "reach", f"gives {_shown(found)}, {what}")


def _is_reach(reach: object) -> bool:
    if not isinstance(reach, REACHES):
        return False
    numbers = {} if isinstance(reach, Table) else reach._asdict()
    return all(
        isinstance(value, int) and not isinstance(value, bool) and (value > 0 or name in FROM_ZERO)
        for name, value in numbers.items()
    )


def _asked(op: Operator, module: str, name: str, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except ArgumentError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it does, the error names whose it is
        _blame(op, module, name, f"fails with {type(error).__name__}: {_shown(error)}")


def _is_count(value: object) -> bool:
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return value >= 0 and value.bit_length() <= MOST_BITS


def _is_shape(value: object) -> bool:
    return isinstance(value, Shape) and len(value) > 0 and all(_is_count(extent) and extent > 0 for extent in value)


def _shown(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        return f"a number of {value.bit_length():,} bits"
    text = str(value) if isinstance(value, Exception) else repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _blame(op: Operator, module: str, name: str, problem: str) -> NoReturn:
    raise ArgumentError(f"{name}() of operator '{op.name}', from '{module}', {problem}", code="bad-operator",
                        argument=None, hint=f"correct {module}.{type(op).__qualname__}")  # fmt: skip
