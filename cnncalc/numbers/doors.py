"""Doors through which formulas ask about numbers, so that numbers that record can answer; plain ones pass straight.

A number that records (`cnncalc.numbers.recorder`) answers arithmetic with numbers that record, and every question about
its value (a comparison, its truth, its use as an index) with an answer that is kept as a condition. So a formula in
`+ - * // %` and `if` needs no door. These are for what would keep more conditions than the formula has, or lose one.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def recording(number: object) -> bool:
    """Return whether a number records how it came about."""
    return getattr(number, "recorder", None) is not None


def recorded(function: Callable[..., int], *arguments: Any) -> int:
    """Return function(*arguments), recorded as one call where an argument records.

    For what decides on the way to a number: `max`, `gcd`, a rounding. The arguments are numbers.
    """
    for argument in arguments:
        record = getattr(argument, "recorded", None)
        if record is not None:
            result: int = record(function, arguments)
            return result
    return function(*arguments)


def greatest(*numbers: int) -> int:
    """Return the greatest number; where some record, of those that are not below another one everywhere."""
    for number in numbers:
        choose = getattr(number, "greatest", None)
        if choose is not None:
            result: int = choose(numbers)
            return result
    return max(numbers)


def named(letter: str, number: int, axis: str = "") -> int:
    """Return a number that formulas call by a letter from here on; `axis` tells the same letter of two axes apart."""
    name = getattr(number, "named", None)
    return number if name is None else name(letter, axis)


def exactly(a: int, b: int) -> int:
    """Return a / b for a division known to leave no rest."""
    for number in (a, b):
        divide = getattr(number, "exactly", None)
        if divide is not None:
            result: int = divide(a, b)
            return result
    return a // b


def whole_part(value: int | Fraction) -> int | Fraction:
    """Return a number as an int where it is whole, else as it is."""
    if type(value) is int:
        return value
    settle = getattr(value, "settled", None)
    if settle is not None:
        settled: int | Fraction = settle()
        return settled
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value


def over_under(value: int | Fraction) -> tuple[int, int]:
    """Return a number as a quotient of two whole ones, the second above 0; not in lowest terms where it records."""
    parts = getattr(value, "parts", None)
    if parts is not None:
        quotient: tuple[int, int] = parts()
        return quotient
    return value.numerator, value.denominator


def quotient_of(a: int | Fraction, b: int | Fraction) -> int | Fraction:
    """Return a / b, of which at least one records."""
    divide: Any = getattr(a if recording(a) else b, "quotient")  # noqa: B009 - only numbers that record have it
    quotient: int | Fraction = divide(a, b)
    return quotient


def alongside(number: Fraction, other: int | Fraction) -> Fraction:
    """Return a plain fraction as one that records, beside a number that does."""
    lift: Any = getattr(other, "lifted")  # noqa: B009 - only numbers that record have it
    lifted: Fraction = lift(number)
    return lifted


def occurs(count: int) -> bool:
    """Return whether a count is there at all: a plain 0 is not; one that records is, whatever it comes to.

    For what may be left out where it is 0, and would come to 0 all the same.
    """
    return recording(count) or count != 0


def known(count: int | None) -> int:
    """Return a count, 0 for one that is unknown."""
    return 0 if count is None else count


def identity(value: Any) -> Any:
    """Return what tells a value apart as a key: numbers that record by how they came about, all else by itself.

    Two of them can be equal now and differ elsewhere.
    """
    if isinstance(value, tuple):
        return tuple(map(identity, value))
    return ("recorded", id(value)) if recording(value) else value


def alike(one: Any, other: Any) -> bool:
    """Return whether two values are known to be the same, without asking: of numbers that record only one and itself.

    For what may be done once for both, and comes out the same where it is done twice.
    """
    return one is other or (not (recording(one) or recording(other)) and bool(one == other))
