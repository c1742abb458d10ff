"""Numbers between two ends, for expressions over totals that are only bounded."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """All numbers from low to high."""

    low: Any
    high: Any

    def __add__(self, other: Any) -> Interval:
        o = interval(other)
        return Interval(self.low + o.low, self.high + o.high)

    __radd__ = __add__

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __sub__(self, other: Any) -> Interval:
        return self + -interval(other)

    def __rsub__(self, other: Any) -> Interval:
        return interval(other) - self

    def __mul__(self, other: Any) -> Interval:
        o = interval(other)
        ends = (self.low * o.low, self.low * o.high, self.high * o.low, self.high * o.high)
        return Interval(min(ends), max(ends))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Interval:
        o = interval(other)
        if o.low <= 0 <= o.high:
            raise ZeroDivisionError
        return self * Interval(*sorted((1 / Fraction(o.low), 1 / Fraction(o.high))))

    def __rtruediv__(self, other: Any) -> Interval:
        return interval(other) / self


def interval(number: Any) -> Interval:
    """Return a number as a span of its own; an exact one stays exact."""
    if isinstance(number, Interval):
        return number
    exact = Fraction(repr(number)) if isinstance(number, float) else number
    return Interval(exact, exact)
