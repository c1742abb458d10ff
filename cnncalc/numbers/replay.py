"""Whether a recording holds for other values of its letters: what it decided on the way is decided again."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from cnncalc.numbers.node import CALL, INPUT, LET, RecordedOp
from cnncalc.numbers.recorded import LESS, PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cnncalc.numbers.recorder import Guard

Evaluator: TypeAlias = "Callable[[Mapping[str, int]], Any]"


class Decision(NamedTuple):
    """A question of a recording and its answer; both sides are worked out from the values of letters."""

    less: bool
    a: Evaluator
    b: Evaluator
    truth: bool


class Replay:
    """The decisions of one recording, made ready once."""

    def __init__(self) -> None:
        self._known: dict[RecordedOp, Evaluator] = {}

    def decisions(self, guards: Iterable[tuple[Guard, bool]]) -> list[Decision]:
        """Return questions with their answers, ready to be asked anew."""
        return [
            Decision(guard.relation == LESS, self._works(guard.a), self._works(guard.b), truth)
            for guard, truth in guards
        ]

    def _works(self, operand: Any) -> Evaluator:
        """Return what works out a node or a plain number."""
        if not isinstance(operand, RecordedOp):
            return lambda _: operand
        found = self._known.get(operand)
        if found is None:
            found = self._known[operand] = self._made(operand)
        return found

    def _made(self, node: RecordedOp) -> Evaluator:
        kind, args = node.kind, node.args
        if kind == INPUT:
            return itemgetter(args[0])
        if kind == LET:
            return self._works(args[2])
        parts = [self._works(arg) for arg in args]
        if kind == CALL:
            function = node.function
            assert function is not None  # noqa: S101 - narrows: it was called
            return lambda values: function(*[part(values) for part in parts])
        calculate = PLAIN[kind]
        one, other = args
        a, b = parts
        if not isinstance(other, RecordedOp):
            return lambda values: calculate(a(values), other)
        if not isinstance(one, RecordedOp):
            return lambda values: calculate(one, b(values))
        return lambda values: calculate(a(values), b(values))


def hold(decisions: Iterable[Decision], values: Mapping[str, int]) -> bool:
    """Whether every decision is the same for these values of the letters."""
    try:
        for less, a, b, truth in decisions:
            one, other = a(values), b(values)
            if (one < other if less else one == other) != truth:
                return False
    except (ArithmeticError, ValueError):
        return False
    return True
