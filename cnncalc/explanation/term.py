"""Numbers of one layer that record: letters to compute with, and the trees of what was computed."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from cnncalc.numbers.doors import recording
from cnncalc.numbers.node import ADD, CALL, EXACT, FLOOR, INPUT, LET, MUL, SUB, RecordedOp
from cnncalc.numbers.tree import Applied, Let, Num, Sym, Tree, add, exact, negative, rounded_down, times

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.numbers.recorder import Recorder

BUILDERS: dict[str, Callable[[Tree, Tree], Tree]] = {ADD: add, MUL: times, FLOOR: rounded_down, EXACT: exact}


def letter(recorder: Recorder, name: str, number: int) -> int:
    """Return a number that formulas call by a letter."""
    return recorder.input(name, int(number), -abs(int(number)), abs(int(number)) + 1)


def plain_of(number: Any) -> Any:
    """Return what a number comes to, without a question being kept."""
    return cast("RecordedOp", number.node).value if recording(number) else number


def tree_of(number: Any, known: dict[RecordedOp, Tree] | None = None) -> Tree:
    """Return the tree of a number; a plain one is a constant.

    Args:
        number: of any kind.
        known: trees of the same recording, to which those that are made are added.
    """
    if recording(number):
        return _tree(cast("RecordedOp", number.node), {} if known is None else known)
    return Num(number if isinstance(number, Fraction) else int(number))


def _tree(part: Any, known: dict[RecordedOp, Tree]) -> Tree:
    if not isinstance(part, RecordedOp):
        return Num(part)
    found = known.get(part)
    if found is None:
        found = known[part] = _made(part, known)
    return found


def _made(node: RecordedOp, known: dict[RecordedOp, Tree]) -> Tree:
    """Return the tree of a node, built from those of its operands as it was computed."""
    kind, args = node.kind, node.args
    if kind == INPUT:
        return Sym(args[0], node.value)
    if kind == LET:
        body = _tree(args[2], known)
        return body if isinstance(body, Num) else Let(args[0], args[1], body, node.value)
    parts = tuple(_tree(arg, known) for arg in args)
    if kind == SUB:
        return negative(parts[1]) if args[0] == 0 else add(parts[0], parts[1], -1)
    if kind in BUILDERS:
        return BUILDERS[kind](*parts)
    if kind == CALL and node.function is not None and not all(isinstance(part, Num) for part in parts):
        return Applied(node.function.__name__, parts, node.value, node.function)
    return Num(node.value)
