"""What a recorded number is made of: a node names an operation and its operands, with the value and the range."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from cnncalc.numbers.functions import floor_product, rounded_channels

if TYPE_CHECKING:
    from collections.abc import Callable

INPUT, ADD, SUB, MUL, FLOOR, REST, EXACT, CALL, LET = "input", "+", "-", "*", "//", "%", "/", "call", "let"
"""Kinds of nodes; EXACT is a quotient that leaves no rest, LET a number with a letter of its own."""
WIDE = 2**63
"""What is known of a function's result where nothing is: it lies within this of 0."""


class Range(NamedTuple):
    """The least and the greatest value that a number can have, both included."""

    low: int
    high: int


class RecordedOp:
    """One operation of a recording.

    Attributes:
        kind: INPUT, ADD, ..
        args: the operands, nodes or plain numbers; of an INPUT its name, of a CALL the numbers, of a LET its letter,
            axis and body.
        value: what it comes to for the numbers that were recorded.
        range: what it can come to for all numbers that the recording stands for.
        function: of a CALL.
        number: its place in the recording; operands come before.
    """

    __slots__ = ("args", "function", "kind", "number", "range", "value")

    def __init__(  # noqa: PLR0917 - the order of the list above
        self, kind: str, args: tuple[Any, ...], value: int, within: Range, number: int,
        function: Callable[..., int] | None = None,
    ) -> None:  # fmt: skip
        self.kind = kind
        self.args = args
        self.value = value
        self.range = within
        self.number = number
        self.function = function

    @property
    def operands(self) -> tuple[RecordedOp, ...]:
        """The nodes that it is computed from."""
        return tuple(arg for arg in self.args if isinstance(arg, RecordedOp))

    def __repr__(self) -> str:
        name = self.function.__name__ if self.function else self.kind
        shown = [f"#{arg.number}" if isinstance(arg, RecordedOp) else repr(arg) for arg in self.args]
        return f"<{name} {' '.join(shown)} = {self.value}>"


Operand: TypeAlias = "RecordedOp | int"


def range_of(operand: Any) -> Range:
    """Return the range of an operand."""
    if isinstance(operand, Range):
        return operand
    return operand.range if isinstance(operand, RecordedOp) else Range(operand, operand)


def combined(kind: str, a: Range, b: Range) -> Range:
    """Return the range of an operation on two numbers of these ranges.

    Raises:
        ZeroDivisionError: of a quotient, where the divisor can be 0.
    """
    if kind == ADD:
        return Range(a.low + b.low, a.high + b.high)
    if kind == SUB:
        return Range(a.low - b.high, a.high - b.low)
    if kind == MUL:
        ends = (a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high)
        return Range(min(ends), max(ends))
    if b.low <= 0 <= b.high:
        raise ZeroDivisionError
    if kind == REST:
        if a.low >= 0 and a.high < b.low:
            return a
        if b.low == b.high and a.low // b.low == a.high // b.low:
            return Range(a.low % b.low, a.high % b.low)
        return Range(0, b.high - 1) if b.low > 0 else Range(b.low + 1, 0)
    ends = (a.low // b.low, a.low // b.high, a.high // b.low, a.high // b.high)
    return Range(min(ends), max(ends))


def _rising(function: Callable[..., int], arguments: tuple[Range, ...]) -> Range:
    """Return the range of a function that rises with each argument."""
    return Range(function(*(a.low for a in arguments)), function(*(a.high for a in arguments)))


def called(function: Callable[..., int], arguments: tuple[Any, ...]) -> Range:
    """Return the range of a function's result; operands are nodes or plain numbers."""
    if function in (min, max):
        return _rising(function, tuple(map(range_of, arguments)))
    if function is gcd:
        ranges = [range_of(a) for a in arguments]
        most = min((r.high for r in ranges if r.low > 0), default=max(max(abs(r.low), abs(r.high)) for r in ranges))
        return Range(1 if any(r.low > 0 for r in ranges) else 0, most)
    if function is rounded_channels:
        top, bottom, divisor = map(range_of, arguments)
        if bottom.low == bottom.high and divisor.low == divisor.high:
            return Range(function(top.low, bottom.low, divisor.low), function(top.high, bottom.low, divisor.low))
    if function is floor_product:
        size, scale = range_of(arguments[0]), arguments[1]
        if not isinstance(scale, RecordedOp | Range) and scale > 0:
            return Range(function(size.low, scale), function(size.high, scale))
    return Range(-WIDE, WIDE)
