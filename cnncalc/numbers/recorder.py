"""One recording: every operation once, and the questions that were asked about its numbers, with their answers.

Numbers are brought into one form on the way: what is the same everywhere is one number, and a question whose answer is
the same for all inputs is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from cnncalc.numbers.functions import not_below
from cnncalc.numbers.node import (
    ADD,
    EXACT,
    FLOOR,
    INPUT,
    LET,
    MUL,
    REST,
    SUB,
    WIDE,
    Range,
    RecordedOp,
    called,
    combined,
)
from cnncalc.numbers.polynomial import Polynomials, plus
from cnncalc.numbers.recorded import EQUAL, LESS, Recorded

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.numbers.node import Operand
    from cnncalc.numbers.polynomial import Polynomial


class Guard(NamedTuple):
    """A question that was asked: `a < b` or `a == b`."""

    relation: str
    a: Operand
    b: Operand


class Recorder:
    """One recording.

    Attributes:
        nodes: every operation once, operands first.
        inputs: the nodes of its inputs, by name.
        guards: the questions asked so far, with their answers.
        polynomials: of the nodes.
        asking: whether numbers are brought into one form, and questions with one answer for all inputs are left out;
            not for formulas that are only printed, which stay as they were computed.
        holes: whether text made of a number holds a mark that `filled` finds, in place of its value.
    """

    def __init__(self, *, asking: bool = True, holes: bool = False) -> None:
        self.nodes: list[RecordedOp] = []
        self.inputs: dict[str, RecordedOp] = {}
        self.guards: dict[Guard, bool] = {}
        self.polynomials = Polynomials()
        self.asking = asking
        self.holes = holes
        self._made: dict[Any, Recorded | int] = {}
        self._equal: dict[Any, Recorded] = {}

    def input(self, name: str, value: int, low: int = 1, high: int = 2**20) -> int:
        """Return a number with a name, that can be anything from low to high.

        Raises:
            ValueError: its value is none of these.
        """
        if not low <= value <= high:
            raise ValueError(f"{name} is recorded at {value}, outside {low}..{high}")
        node = RecordedOp(INPUT, (name,), value, Range(low, high), len(self.nodes))
        self.nodes.append(node)
        self.inputs[name] = node
        number = Recorded(self, node)
        if self.asking:
            self._equal[_key(self.polynomials.of(node))] = number
        return cast("int", number)

    def make(self, kind: str, args: tuple[Any, ...], value: int, function: Callable[..., int] | None = None,
             within: Range | None = None) -> Any:  # fmt: skip
        """Return the number that an operation gives: one made before, a plain one where only one can come of it."""
        key = (kind, function, args)
        found = self._made.get(key)
        if found is None:
            if within is None:
                within = self.range(kind, args, function)
            if within.low == within.high and kind != LET:
                found = within.low
            else:
                node = RecordedOp(kind, args, value, within, len(self.nodes), function)
                found = self._known(node) if self.asking and kind in (ADD, SUB, MUL, EXACT) else None
                if found is None:
                    self.nodes.append(node)
                    found = Recorded(self, node)
            self._made[key] = found
        return found

    def _known(self, node: RecordedOp) -> Recorded | int | None:
        """Return the number made before that is the same everywhere, such as x for x + 2 - 2; None where there is none.

        What is not known yet is remembered.
        """
        polynomial = self.polynomials.of(node)
        if len(polynomial) > MOST_COMPARED:
            return None
        if not any(polynomial):
            self.polynomials.forget(node)
            return polynomial.get((), 0)
        key = _key(polynomial)
        found = self._equal.get(key)
        if found is not None:
            self.polynomials.forget(node)
            known = found.node.range
            found.node.range = Range(max(known.low, node.range.low), min(known.high, node.range.high))
            return found
        self._equal[key] = Recorded(self, node)
        return None

    def range(self, kind: str, args: tuple[Any, ...], function: Callable[..., int] | None) -> Range:
        """Return the range of an operation; where no questions are kept, nothing is known of it."""
        if not self.asking:
            return Range(-WIDE, WIDE)
        if function is not_below:
            apart = self.polynomials.difference(*args)
            return Range(int(apart.low >= 0), int(apart.high >= 0))
        if function is not None:
            return called(function, args)
        if kind == LET:
            return cast("RecordedOp", args[2]).range
        a, b = (arg.range if isinstance(arg, RecordedOp) else Range(arg, arg) for arg in args)
        return combined(kind, a, b)

    def floored(self, over: RecordedOp, under: int) -> Any:
        """Return floor(over/under): what divides is taken out, a floor of a floor is one, and so is a negative one.

        floor((c*q + r)/c) = q + floor(r/c), floor((floor(p/a) + k)/c) = floor((p + k*a)/(a*c)),
        floor(-p/c) = -floor((p + c - 1)/c).
        """
        within = combined(FLOOR, over.range, Range(under, under))
        if within.low == within.high:
            return within.low
        if over.kind == MUL and isinstance(over.args[1], int) and over.args[1] % under == 0:
            return Recorded(self, over.args[0]) * (over.args[1] // under)
        polynomial = self.polynomials.of(over)
        if len(polynomial) > MOST_COMPARED:
            return self.make(FLOOR, (over, under), over.value // under)
        out: Polynomial = {}
        rest: Polynomial = {}
        for monomial, factor in polynomial.items():
            quotient, left = divmod(factor, under) if not monomial or factor % under == 0 else (0, factor)
            out[monomial], rest[monomial] = quotient, left
        out, rest = ({m: f for m, f in p.items() if f} for p in (out, rest))
        names = [monomial for monomial in rest if monomial]
        if not names:
            return self.build(out)
        if all(rest[monomial] < 0 for monomial in names):
            over_one = {**{m: -f for m, f in rest.items()}, (): under - 1 - rest.get((), 0)}
            return self.build(out) - self.build({m: f for m, f in over_one.items() if f}) // under
        alone = len(names) == len(names[0]) == 1 and rest[names[0]] == 1
        inner = self.polynomials.atoms[names[0][0]] if alone else None
        if inner is not None and inner.kind == FLOOR and isinstance(inner.args[1], int):
            by = inner.args[1]
            top = Recorded(self, inner.args[0]) + rest.get((), 0) * by
            return self.floored(top.node, under * by) + self.build(out)
        top = self.build(rest)
        within = combined(FLOOR, top.node.range, Range(under, under))
        floor = self.make(FLOOR, (top.node, under), top.node.value // under, within=within)
        return floor + self.build(out)

    def rest(self, over: RecordedOp, under: int) -> Any:
        """Return over % under, with what divides left out."""
        polynomial = self.polynomials.of(over)
        if len(polynomial) > MOST_COMPARED:
            return self.make(REST, (over, under), over.value % under)
        left = self.build({m: f % under for m, f in polynomial.items() if f % under})
        if type(left) is not Recorded:
            return left % under
        return self.make(REST, (left.node, under), left.node.value % under)

    def build(self, polynomial: Polynomial) -> Any:
        """Return the number that a polynomial is."""
        found = self._equal.get(_key(polynomial))
        if found is not None:
            return found
        total: Any = 0
        for monomial, factor in sorted(polynomial.items(), reverse=True):
            product: Any = 1
            for number in monomial:
                product = product * Recorded(self, self.polynomials.atoms[number])
            total = total + product * factor
        return total

    def decide(self, relation: str, a: Operand, b: Operand) -> bool:
        """Return the answer to a question, and keep it unless every number would give it."""
        plain = tuple(x.value if isinstance(x, RecordedOp) else x for x in (a, b))
        truth = plain[0] < plain[1] if relation == LESS else plain[0] == plain[1]
        if a is b:
            return truth
        if not self.asking:
            self.guards[Guard(relation, a, b)] = truth
            return truth
        apart = self.polynomials.difference(a, b)
        if apart.low == apart.high or apart.low > 0 or apart.high < 0 or (relation == LESS and apart.low == 0):
            return truth
        guard = Guard(relation, a, b)
        if guard not in self.guards:
            self.guards[guard] = truth
            self._narrow(guard, truth)
        return truth

    def _narrow(self, guard: Guard, truth: bool) -> None:
        """Narrow what an input or a rounding can be, where an answer says so of it alone."""
        for node, other in ((guard.a, guard.b), (guard.b, guard.a)):
            if isinstance(node, RecordedOp) and isinstance(other, int):
                low, high = node.range
                if guard.relation == EQUAL:
                    low, high = (other, other) if truth else (low + (low == other), high - (high == other))
                elif node is guard.a:
                    low, high = (low, min(high, other - 1)) if truth else (max(low, other), high)
                else:
                    low, high = (max(low, other + 1), high) if truth else (low, min(high, other))
                node.range = Range(low, high)
        polynomial = plus(self.polynomials.of(guard.a), self.polynomials.of(guard.b), -1)
        names = [monomial for monomial in polynomial if monomial]
        if len(names) != 1 or len(names[0]) != 1:
            return
        atom, factor, rest = self.polynomials.atoms[names[0][0]], polynomial[names[0]], polynomial.get((), 0)
        low, high = atom.range
        if guard.relation == EQUAL:
            if truth:
                low = high = atom.value
        elif truth == (factor > 0):  # factor*x + rest < 0 with factor > 0, or >= 0 with factor < 0
            high = min(high, (-rest - 1) // factor if truth else rest // -factor)
        else:
            low = max(low, -(rest // factor) if not truth else (rest + 1 - factor - 1) // -factor)
        atom.range = Range(low, high)


MOST_COMPARED = 12
"""Terms of the longest polynomials that are looked up."""


def _key(polynomial: Polynomial) -> Any:
    return frozenset(polynomial.items())
