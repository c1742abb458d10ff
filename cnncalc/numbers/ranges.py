"""Recordings on ranges: from what inputs can be, what every step and result can be."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from cnncalc.numbers.node import CALL, INPUT, Range, called, combined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.numbers.polynomial import Polynomial
    from cnncalc.numbers.recording import Condition, Recording

Known = dict[int, Range]


def step_ranges(recording: Recording, given: Mapping[str, Range]) -> Known:
    """Return what every step can be.

    Raises:
        ZeroDivisionError: a divisor can be 0.
    """
    known: Known = {}
    for step in recording.steps:
        if step.kind == INPUT:
            known[step.number] = given[step.name]
            continue
        args: list[Any] = [polynomial_range(arg, known) if isinstance(arg, dict) else arg for arg in step.args]
        if step.kind == CALL:
            assert step.function is not None  # noqa: S101 - a call has one
            known[step.number] = called(step.function, tuple(args))
        else:
            known[step.number] = combined(step.kind, args[0], args[1])
    return known


def polynomial_range(polynomial: Polynomial, known: Known) -> Range:
    """Return what a polynomial can be."""
    low = high = 0
    for monomial, factor in polynomial.items():
        least = most = factor
        for number in monomial:
            a, b = known[number]
            if least >= 0 <= a:
                least, most = least * a, most * b
            else:
                ends = (least * a, least * b, most * a, most * b)
                least, most = min(ends), max(ends)
        low += least
        high += most
    return Range(low, high)


def largest(recording: Recording, given: Mapping[str, Range]) -> int:
    """Return a bound of every number on the way to the results and conditions, whatever the order of sums.

    Raises:
        ZeroDivisionError: a divisor can be 0.
    """
    known = step_ranges(recording, given)
    sizes = {number: max(abs(r.low), abs(r.high)) for number, r in known.items()}
    polynomials = [*recording.outputs.values(), *(c.difference for c in recording.conditions)]
    polynomials += [arg for step in recording.steps for arg in step.args if isinstance(arg, dict)]
    whole = [sum(abs(f) * prod(sizes[n] for n in m) for m, f in p.items()) for p in polynomials]
    return max([*sizes.values(), *whole, 1])


def decided(condition: Condition, known: Known) -> bool | None:
    """Return whether a condition holds for all inputs, or for none; None where it differs or is not known."""
    low, high = polynomial_range(condition.difference, known)
    if condition.less:
        answer = True if high < 0 else False if low >= 0 else None
    else:
        answer = True if low == high == 0 else False if low > 0 or high < 0 else None
    return None if answer is None else answer is condition.truth
