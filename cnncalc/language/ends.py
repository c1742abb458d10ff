"""What is left to say of a network when all of its layers are there: its outputs, and that its paths are unique."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.language.expressions import ExpressionError
from cnncalc.language.scope import Silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Node
    from cnncalc.language.scope import Scope, Tensor
    from cnncalc.language.template import Template
    from cnncalc.values.diagnostics import Collector


def note_outputs(spec: Template, scope: Scope, collector: Collector, last: Tensor) -> None:
    """Note which tensors are the outputs."""
    if not spec.outputs:
        for ref in last if isinstance(last, list) else [last]:
            if ref is not None:
                scope.graph.outputs[scope.graph.name(ref)] = ref
        return
    scope.frame = scope.file_frame
    for name, label in spec.outputs:
        try:
            tensor = scope.tensor(label.text)
        except Silent:
            continue
        except ExpressionError as error:
            collector.add(error.code, f"outputs: {error}", label.span, hint=error.hint)
            continue
        if isinstance(tensor, list):
            collector.add("several-outputs", f"outputs: '{label.text}' is several outputs", label.span,
                               hint=f"label each of them, or name one as {label.text}:0")  # fmt: skip
        elif tensor is not None:
            scope.graph.outputs[name] = tensor


def refuse_equal_paths(nodes: Sequence[Node], collector: Collector) -> None:
    """Report dotted labels that are also the path of another layer."""
    seen: dict[str, Node] = {}
    for node in nodes:
        other = seen.setdefault(node.path, node)
        if other is not node:
            related = (("the other layer", other.span),) if other.span else ()
            message = f"two layers have the path '{node.path}'"
            collector.add("duplicate-label", message, node.span, path=node.path, hint="choose another label",
                               related=related)  # fmt: skip
