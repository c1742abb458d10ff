"""Numbers that record how they came about, and the conditions under which another number would have come the same way.

`Recorded` answers `isinstance(number, int)` and is none to the interpreter's own code: what that asks for (an index, a
hash, a float) pins the number, as a condition that it be this value. So nothing is ever taken from one candidate and
believed of another in silence: it is recorded, it is a condition, or it raises TypeError.
"""

from __future__ import annotations

import operator
from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING, Any, NoReturn, Self

from cnncalc.numbers.functions import rounded_even
from cnncalc.numbers.node import ADD, CALL, EXACT, FLOOR, LET, MUL, REST, SUB, Range, RecordedOp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.numbers.node import Operand
    from cnncalc.numbers.recorder import Recorder

LESS, EQUAL = "<", "=="
PLAIN: dict[str, Callable[[int, int], int]] = {
    ADD: operator.add, SUB: operator.sub, MUL: operator.mul, FLOOR: operator.floordiv, REST: operator.mod,
    EXACT: operator.floordiv,
}  # fmt: skip


def _operand(number: Any) -> Operand:
    return number.node if type(number) is Recorded else int(number)


def _binary(kind: str) -> Any:
    def run(self: Recorded, other: Any) -> Any:
        return _calculated(kind, self, other)

    def reflected(self: Recorded, other: Any) -> Any:
        return _calculated(kind, other, self)

    return run, reflected


def _calculated(kind: str, a: Any, b: Any) -> Any:
    """Return a sum, product, .. of two numbers, at least one of them recorded."""
    for number in (a, b):
        if type(number) is Recorded:
            continue
        if isinstance(number, Fraction):
            return _mixed(kind, a, b)
        if not isinstance(number, int):
            return NotImplemented
    recorder: Recorder = a.recorder if type(a) is Recorded else b.recorder
    left, right = _operand(a), _operand(b)
    plain = right if not isinstance(right, RecordedOp) else left if not isinstance(left, RecordedOp) else None
    if plain is not None and recorder.asking:
        same = _unchanged(kind, a, b, plain, first=plain is left)
        if same is not None:
            return same
    if kind in (FLOOR, REST, EXACT):
        refuse_zero(recorder, b)
    divides = recorder.asking and kind in (FLOOR, REST, EXACT)
    if divides and isinstance(left, RecordedOp) and isinstance(right, RecordedOp):
        polynomials = recorder.polynomials
        quotient = polynomials.quotient(polynomials.of(left), polynomials.of(right))
        if quotient is not None:
            return 0 if kind == REST else recorder.build(quotient)
    if recorder.asking and isinstance(left, RecordedOp) and isinstance(right, int) and right > 0:
        if kind == FLOOR:
            return recorder.floored(left, right)
        if kind == REST:
            return recorder.rest(left, right)
    values = [x.value if isinstance(x, RecordedOp) else x for x in (left, right)]
    return recorder.make(kind, (left, right), PLAIN[kind](*values))


def refuse_zero(recorder: Recorder, divisor: Any) -> None:
    """Keep that a divisor is not 0, and which side of it; a range that reaches over 0 is no divisor's."""
    if type(divisor) is not Recorded:
        if divisor == 0:
            raise ZeroDivisionError
        return
    low, high = divisor.node.range
    if low <= 0 <= high:
        if divisor == 0:
            raise ZeroDivisionError
        if not recorder.asking:
            return
        positive = divisor > 0
        within = Range(1, max(high, 1)) if positive else Range(min(low, -1), -1)
        divisor.node.range = within


def _unchanged(kind: str, a: Any, b: Any, plain: int, *, first: bool) -> Any:
    """Return what an operation with a plain 0 or 1 gives without being recorded, or None."""
    if plain == 0:
        if kind == ADD:
            return b if first else a
        if kind == SUB and not first:
            return a
        if kind == MUL:
            return 0
    if plain == 1 and kind == MUL:
        return b if first else a
    if plain == 1 and not first and kind in (FLOOR, EXACT):
        return a
    return None


def _mixed(kind: str, a: Any, b: Any) -> Any:
    """Return a sum, product, .. in which a fraction takes part."""
    recorder = next(x.recorder for x in (a, b) if type(x) in (Recorded, RecordedFraction))
    (p, q), (r, s) = _parts(a), _parts(b)
    if kind == MUL:
        return _fraction(recorder, p * r, q * s)
    if kind in (ADD, SUB):
        one, other, under = (p, r, q) if _same(q, s) else (p * s, r * q, q * s)
        return _fraction(recorder, one + other if kind == ADD else one - other, under)
    if r == 0:
        raise ZeroDivisionError
    over, under = (p * s, q * r) if r > 0 else (-(p * s), -(q * r))
    if kind == EXACT:
        return _fraction(recorder, over, under)
    floor = over // under
    return floor if kind == FLOOR else a - floor * b


def _same(q: Any, s: Any) -> bool:
    return q is s or (type(q) is int and type(s) is int and q == s)


def _parts(number: Any) -> tuple[Any, Any]:
    if type(number) is RecordedFraction:
        return number.over, number.under
    if type(number) is Recorded:
        return number, 1
    return number.numerator, number.denominator


def _fraction(recorder: Recorder, over: Any, under: Any) -> Any:
    """Return a quotient: plain where both are, the number itself over 1."""
    if type(over) is int and type(under) is int:
        quotient = Fraction(over, under)
        return quotient.numerator if quotient.denominator == 1 else quotient
    return over if type(under) is int and under == 1 else RecordedFraction(recorder, over, under)


def _compared(relation: str, a: Any, b: Any) -> Any:
    """Return whether a relation holds between two numbers, one of them recorded; the question is kept."""
    if not isinstance(a, int | Fraction) or not isinstance(b, int | Fraction):
        return NotImplemented
    recorder: Recorder = next(x for x in (a, b) if type(x) in (Recorded, RecordedFraction)).recorder  # type: ignore[union-attr]
    (p, q), (r, s) = _parts(a), _parts(b)
    if not _same(q, s):
        p, r = p * s, r * q
    return recorder.decide(relation, _operand(p), _operand(r))


def _inverse(answer: Any) -> Any:
    return answer if answer is NotImplemented else not answer


class _Number:  # noqa: PLW1641 - each of the two kinds has its hash
    """What whole numbers and fractions that record have in common: arithmetic, comparisons, and refusals."""

    __slots__ = ()
    recorder: Recorder

    __add__, __radd__ = _binary(ADD)
    __sub__, __rsub__ = _binary(SUB)
    __mul__, __rmul__ = _binary(MUL)
    __floordiv__, __rfloordiv__ = _binary(FLOOR)
    __mod__, __rmod__ = _binary(REST)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __pow__(self, exponent: Any, modulus: None = None) -> Any:
        result: Any = 1
        for _ in range(exponent):
            result = result * self
        return result

    def __pos__(self) -> Any:
        return self

    def __neg__(self) -> Any:
        return 0 - self

    def __abs__(self) -> Any:
        return -self if self < 0 else self

    def __ceil__(self) -> Any:
        return -(-self // 1)

    def __floor__(self) -> Any:
        return self // 1

    def __trunc__(self) -> Any:
        return -(-self // 1) if self < 0 else self // 1

    def __lt__(self, other: Any) -> Any:
        return _compared(LESS, self, other)

    def __gt__(self, other: Any) -> Any:
        return _compared(LESS, other, self)

    def __le__(self, other: Any) -> Any:
        return _inverse(_compared(LESS, other, self))

    def __ge__(self, other: Any) -> Any:
        return _inverse(_compared(LESS, self, other))

    def __eq__(self, other: object) -> Any:
        return True if self is other else _compared(EQUAL, self, other)

    def __ne__(self, other: object) -> Any:
        return False if self is other else _inverse(_compared(EQUAL, self, other))

    def __bool__(self) -> bool:
        return bool(self != 0)

    def recorded(self, function: Callable[..., int], arguments: tuple[Any, ...]) -> Any:
        """Return function(*arguments) as one call."""
        args = tuple(_argument(arg) for arg in arguments)
        values = [arg.value if isinstance(arg, RecordedOp) else arg for arg in args]
        return self.recorder.make(CALL, args, int(function(*values)), function)

    def quotient(self, a: Any, b: Any) -> Any:
        """Return a / b as a fraction; of the two, this one records."""
        return _mixed(EXACT, a, b)

    def lifted(self, number: Fraction) -> Any:
        """Return a plain fraction as one that records."""
        return RecordedFraction(self.recorder, number.numerator, number.denominator)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, _memory: Any) -> Any:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a number that records stays in its process")


class Recorded(_Number):
    """A whole number that records."""

    __slots__ = ("node", "recorder")

    def __init__(self, recorder: Recorder, node: RecordedOp) -> None:
        self.recorder = recorder
        self.node = node

    @property  # type: ignore[misc]
    def __class__(self) -> type[int]:  # type: ignore[override]
        return int

    @property
    def numerator(self) -> Any:
        """Itself; where only formulas are printed, a plain number: a factor of a quotient is no letter."""
        return self if self.recorder.asking else self.__index__()

    @property
    def denominator(self) -> int:
        """1, as of every whole number."""
        return 1

    def __truediv__(self, other: Any) -> Any:
        return self.__index__() / other if isinstance(other, int | float) else NotImplemented

    def __rtruediv__(self, other: Any) -> Any:
        return other / self.__index__() if isinstance(other, int | float) else NotImplemented

    def __round__(self, _digits: None = None) -> Any:
        return self

    __floor__ = __ceil__ = __trunc__ = __round__

    def __index__(self) -> int:
        self.recorder.decide(EQUAL, self.node, self.node.value)
        return self.node.value

    __int__ = __index__

    def __float__(self) -> float:
        return float(self.__index__())

    def __hash__(self) -> int:
        return hash(self.__index__())

    def __rshift__(self, bits: int) -> Any:
        return self // 2**bits

    def __lshift__(self, bits: int) -> Any:
        return self * 2**bits

    def bit_length(self) -> int:
        """Return the bits of the number as it was recorded, which pins it."""
        return self.__index__().bit_length()

    def __str__(self) -> str:
        return f"\x00{self.node.number}\x01" if self.recorder.holes else str(self._written())

    def __format__(self, form: str) -> str:
        if self.recorder.holes:
            return f"\x00{self.node.number}{':' + form if form else ''}\x01"
        return format(self._written(), form)

    def _written(self) -> int:
        """Return what a text says: one that is part of a formula holds for this value alone."""
        return self.node.value if self.recorder.asking else self.__index__()

    def __repr__(self) -> str:
        return f"Recorded({self.node.value})"

    # Answers to the doors.

    def named(self, letter: str, axis: str) -> Any:
        """Return the same number under a letter whose formula is this one."""
        return self.recorder.make(LET, (letter, axis, self.node), self.node.value)

    def exactly(self, a: Any, b: Any) -> Any:
        """Return a / b, which leaves no rest."""
        if a % b != 0:
            return a // b
        return _calculated(EXACT, a, b)

    def greatest(self, numbers: Sequence[Any]) -> Any:
        """Return the greatest of some numbers, as one call of those that may be it."""
        if not self.recorder.asking:
            for number in numbers:
                operator.index(number)
        kept: list[Any] = []
        for number in sorted(numbers, key=_value, reverse=True):
            node = _argument(number)
            if not any(self.recorder.polynomials.difference(_argument(other), node).low >= 0 for other in kept):
                kept.append(number)
        return kept[0] if len(kept) == 1 else self.recorded(max, tuple(kept))

    def settled(self) -> Any:
        """Return itself: it is whole."""
        return self

    def parts(self) -> tuple[Any, Any]:
        """Return itself over 1."""
        return self, 1


def _value(number: Any) -> int:
    value: int = number.node.value if type(number) is Recorded else number
    return value


def _argument(arg: Any) -> Any:
    if type(arg) is Recorded:
        return arg.node
    if type(arg) is RecordedFraction:
        raise TypeError("a fraction that records is no argument of a recorded function: give its parts")
    return arg


class RecordedFraction(_Number, Fraction):
    """A fraction that records: a recorded number over a plain or recorded one above 0, not in lowest terms."""

    __slots__ = ("over", "recorder", "under")
    recorder: Recorder
    over: Any
    under: Any

    def __new__(cls, recorder: Recorder, over: Any, under: Any) -> Self:
        """Return over/under."""
        made = object.__new__(cls)
        made.recorder = recorder
        made.over = over
        made.under = under
        return made

    def _common(self) -> Any:
        number = self.over if type(self.over) is Recorded else self.under
        return number.recorded(gcd, (self.over, self.under))

    @property
    def numerator(self) -> Any:
        """Of the fraction in lowest terms."""
        return self.over // self._common()

    @property
    def denominator(self) -> Any:
        """Of the fraction in lowest terms."""
        return self.under // self._common()

    def __truediv__(self, other: Any) -> Any:
        return _mixed(EXACT, self, other) if isinstance(other, int | Fraction) else NotImplemented

    def __rtruediv__(self, other: Any) -> Any:
        return _mixed(EXACT, other, self) if isinstance(other, int | Fraction) else NotImplemented

    def __round__(self, digits: None = None) -> Any:  # type: ignore[override]
        if digits is not None:
            raise TypeError("a fraction that records is rounded to a whole number only")
        number = self.over if type(self.over) is Recorded else self.under
        return number.recorded(rounded_even, (self.over, self.under))

    def _pinned(self) -> Fraction:
        return Fraction(operator.index(self.over), operator.index(self.under))

    def __float__(self) -> float:
        return float(self._pinned())

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self._pinned())

    def __str__(self) -> str:
        return f"{self.over}/{self.under}"

    def __repr__(self) -> str:
        return f"RecordedFraction({self.over!r}, {self.under!r})"

    def settled(self) -> Any:
        """Return the whole number that it is, or itself; which of the two is a condition."""
        if self.over % self.under != 0:
            return self
        return _calculated(EXACT, self.over, self.under)

    def parts(self) -> tuple[Any, Any]:
        """Return over and under."""
        return self.over, self.under
