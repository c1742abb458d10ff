"""From a graph to a TensorFlow Lite program: every layer says what stands for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.deployment.emitter import Emitter, NotExpressibleError
from cnncalc.ops.registry import find
from cnncalc.values.diagnostics import Diagnostic, SpecError

if TYPE_CHECKING:
    from cnncalc.deployment.program import Program
    from cnncalc.graph.graph import Graph, Node, Ref


def lowered(graph: Graph, dtype: str = "int8", *, batch: int = 1, file: str | None = None) -> Program:
    """Return the program that stands for a network, norms folded and activations fused where they can be.

    Args:
        graph: the network as `deployed` makes it, or with its batch norms folded at least.
        dtype: of the activations: int8, int16 or float32.
        batch: images at once.
        file: where the spec stands, for errors.

    Raises:
        SpecError: a layer has no form in the runtime; one finding for each such layer.
    """
    emitter = Emitter(dtype, batch)
    cells: dict[Ref, int] = {}
    found: list[Diagnostic] = []
    readers = _readers(graph)
    for number, (name, shape) in enumerate(graph.inputs.items()):
        ref = (-number - 1, 0)
        try:
            cells[ref] = emitter.feed(name, shape)
        except NotExpressibleError as error:
            span = next((node.span for node in readers.get(ref, ())), None)
            message = f"input '{name}': {error}"
            found.append(Diagnostic(code="not-expressible", message=message, hint=error.hint, span=span, file=file))
    kept = set(graph.outputs.values())
    for index, node in enumerate(graph.nodes):
        if any(ref not in cells for ref in node.inputs):
            continue
        first = node.inputs[0]
        emitter.path = node.path
        emitter.alone = len(readers.get(first, ())) == 1 and first not in kept
        after = [reader for port in range(len(node.out_shapes)) for reader in readers.get((index, port), ())]
        emitter.only_linear = bool(after) and (index, 0) not in kept and all(r.op.dense for r in after)
        try:
            made = node.op.tflite(emitter, tuple(cells[ref] for ref in node.inputs), node.in_shapes, node.out_shapes)
            emitter.alone = True
            for name in node.fused:
                activation = find(name)
                made = (emitter.activation(made[0], activation.fuses if activation else ""),)
        except NotExpressibleError as error:
            message = f"layer '{node.path}' ({node.op.name}): {error}"
            found.append(Diagnostic(code="not-expressible", message=message, hint=error.hint, span=node.span,
                                    file=file))  # fmt: skip
            continue
        cells.update({(index, port): cell for port, cell in enumerate(made)})
    if found:
        raise SpecError(found)
    program = emitter.program
    for label, ref in graph.outputs.items():
        if cells[ref] in program.inputs:
            message = f"output '{label}' is an input of the network, unchanged"
            raise SpecError([Diagnostic(code="not-expressible", message=message, file=file)])
        program.outputs.append(cells[ref])
    return program


def _readers(graph: Graph) -> dict[Ref, list[Node]]:
    """Return the layers that read each tensor."""
    found: dict[Ref, list[Node]] = {}
    for node in graph.nodes:
        for ref in dict.fromkeys(node.inputs):
            found.setdefault(ref, []).append(node)
    return found
