"""What a recording comes to: the roundings and calls in order, and results and conditions as polynomials over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.numbers.node import CALL, FLOOR, INPUT, REST, RecordedOp
from cnncalc.numbers.polynomial import plus
from cnncalc.numbers.recorded import LESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cnncalc.numbers.polynomial import Polynomial, Polynomials
    from cnncalc.numbers.recorder import Recorder


class Assigned(NamedTuple):
    """One atom: how it is computed from those before.

    Attributes:
        number: its name in polynomials.
        kind: FLOOR, REST, CALL, MUL, EXACT; INPUT for what is given.
        function: of a CALL.
        args: polynomials over inputs and earlier steps, or plain values of a CALL that are no whole numbers.
        name: of an input.
    """

    number: int
    kind: str
    function: Callable[..., int] | None
    args: tuple[Any, ...]
    name: str = ""


class Condition(NamedTuple):
    """What must hold: `difference < 0` or `difference == 0` is `truth`."""

    less: bool
    difference: Polynomial
    truth: bool

    def holds(self, value: int) -> bool:
        """Return whether it holds where the difference has this value."""
        return (value < 0 if self.less else value == 0) is self.truth


class Recording:
    """The results of a recording, ready to be computed for other inputs.

    Attributes:
        inputs: names in the order of the recording.
        steps: what is computed, in order, inputs left out.
        outputs: each result as a polynomial.
        conditions: all of them must hold for the results to be right.
        fixed: whether nothing but a plain number came of it, by name.
    """

    def __init__(self, recorder: Recorder, outputs: Mapping[str, Any]) -> None:
        self.polynomials: Polynomials = recorder.polynomials
        of = self.polynomials.of
        self.inputs = tuple(recorder.inputs)
        self.outputs: dict[str, Polynomial] = {name: dict(of(operand(x))) for name, x in outputs.items()}
        self.conditions = conditions(recorder)
        wanted = [*self.outputs.values(), *(c.difference for c in self.conditions)]
        self.steps = self._steps(wanted)

    def restricted(self, names: Iterable[str]) -> Recording:
        """Return the same with some of its results only."""
        copy = object.__new__(Recording)
        copy.__dict__.update(self.__dict__)
        copy.outputs = {name: self.outputs[name] for name in names}
        copy.steps = copy._steps([*copy.outputs.values(), *(c.difference for c in copy.conditions)])
        return copy

    def _steps(self, wanted: Iterable[Polynomial]) -> tuple[Assigned, ...]:
        atoms, needed = self.polynomials.atoms, {}
        waiting = [number for polynomial in wanted for monomial in polynomial for number in monomial]
        while waiting:
            number = waiting.pop()
            if number in needed:
                continue
            step = needed[number] = self._step(atoms[number])
            waiting += [n for arg in step.args if isinstance(arg, dict) for monomial in arg for n in monomial]
        return tuple(needed[number] for number in sorted(needed))

    def _step(self, node: RecordedOp) -> Assigned:
        if node.kind == INPUT:
            return Assigned(node.number, INPUT, None, (), node.args[0])
        args = tuple(self.polynomials.of(arg) if isinstance(arg, RecordedOp | int) else arg for arg in node.args)
        return Assigned(node.number, node.kind, node.function, args)

    def run(self, given: Mapping[str, int]) -> dict[str, int] | None:
        """Return the results for plain numbers, None where a condition does not hold."""
        values: dict[int, int] = {}
        try:
            for step in self.steps:
                values[step.number] = given[step.name] if step.kind == INPUT else computed(step, values)
        except ZeroDivisionError:
            return None
        if not all(condition.holds(total(condition.difference, values)) for condition in self.conditions):
            return None
        return {name: total(polynomial, values) for name, polynomial in self.outputs.items()}


def operand(number: Any) -> Any:
    """Return the node of a number that records; a plain one is itself."""
    return getattr(number, "node", number)


def conditions(recorder: Recorder) -> tuple[Condition, ...]:
    """Return the guards of a recording, each once."""
    of = recorder.polynomials.of
    found = {}
    for guard, truth in recorder.guards.items():
        difference = plus(of(guard.a), of(guard.b), -1)
        less = guard.relation == LESS
        found[less, frozenset(difference.items()), truth] = Condition(less, difference, truth)
    return tuple(found.values())


def total(polynomial: Polynomial, values: Mapping[int, int]) -> int:
    """Return a polynomial's value."""
    result = 0
    for monomial, factor in polynomial.items():
        product = factor
        for number in monomial:
            product *= values[number]
        result += product
    return result


def computed(step: Assigned, values: Mapping[int, int]) -> int:
    """Return what a step comes to."""
    args = [total(arg, values) if isinstance(arg, dict) else arg for arg in step.args]
    if step.kind == CALL:
        assert step.function is not None  # noqa: S101 - a call has one
        return int(step.function(*args))
    if step.kind == REST:
        return int(args[0] % args[1])
    return int(args[0] * args[1] if step.kind not in (FLOOR, "/") else args[0] // args[1])
