"""What cannot be said elsewhere is an error at its layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.values.diagnostics import Diagnostic, SpecError

if TYPE_CHECKING:
    from cnncalc.graph.graph import Node
    from cnncalc.ops.foreign import Foreign
    from cnncalc.ops.operator import Operator


class NotSaidError(Exception):
    """A layer has no form in the other system; the message says what of it."""


def refused(node: Node, why: str, file: str | None) -> SpecError:
    """Return the error of a layer that has no form elsewhere."""
    message = f"layer '{node.path}' ({node.op.name}): {why}"
    return SpecError([Diagnostic(code="not-expressible", message=message, span=node.span, file=file,
                                 place=node.origin or None, hint="write that part by hand")])  # fmt: skip


def named(op: Operator, system: str) -> Foreign | None:
    """Return the first name that an operator with these arguments has in a system, None if it has none."""
    arguments = op.arguments()
    return next((said for said in op.elsewhere.get(system, ()) if said.name and said.holds(arguments)), None)
