"""Functions of numbers that decide on the way: each is one name in a formula, whatever it does inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction


def not_below(a: int, b: int) -> int:
    """Return 1 if a >= b, else 0."""
    return int(a >= b)


def floor_product(size: int, scale: int | Fraction) -> int:
    """Return floor(in*scale), the product rounded to a double."""
    return int(size * float(scale))


def rounded_channels(over: int, under: int, divisor: int) -> int:
    """Round over/under channels to a multiple of the divisor: the nearest, halves up, not below it nor 90 % of them.

    The channel rounding of the MobileNet family (arXiv:1801.04381), in exact arithmetic.
    """
    nearest = (2 * over + divisor * under) // (2 * divisor * under) * divisor
    rounded = max(divisor, nearest)
    return rounded + divisor if 10 * rounded * under < 9 * over else rounded


def rounded_even(over: int, under: int) -> int:
    """Return over/under rounded to the nearest whole number, halves to the even one."""
    twice, rest = divmod(2 * over + under, 2 * under)
    return twice - (rest == 0 and twice % 2)
