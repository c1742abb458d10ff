"""Recordings on NumPy arrays: one pass computes the results of many inputs, and tells for which of them they hold.

Integers of 64 bits where no number on the way can be larger, else Python's own, which are exact and slow.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from math import gcd
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cnncalc.numbers.functions import floor_product, not_below, rounded_channels
from cnncalc.numbers.node import EXACT, FLOOR, INPUT, REST
from cnncalc.numbers.ranges import largest
from cnncalc.numbers.source import Atom, SourceProduct, SourceSum, collected, dependencies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnncalc.numbers.node import Range
    from cnncalc.numbers.recording import Assigned, Recording
    from cnncalc.numbers.source import Axes, Expression

Array = Any
SAFE = 2**62
"""Below this, no sum or product of 64-bit integers overflows."""


class Pass(NamedTuple):
    """What came of one pass: for which inputs it holds (a plain True for all), and the results for all of them."""

    holds: Array
    outputs: dict[str, Array]


class Compiled:
    """A recording for arrays: each number on the way is an array operation.

    Args:
        recording: what to compute.
        ranges: what every input can be; larger numbers must not be given.
        axes: along which axis of a grid each input differs, where arrays broadcast.

    Attributes:
        exact: Python's own integers are used, because 64 bits might not do.
    """

    def __init__(
        self, recording: Recording, ranges: Mapping[str, Range], axes: Mapping[str, Axes] | None = None
    ) -> None:
        try:
            self.exact = largest(recording, ranges) >= SAFE
        except ZeroDivisionError:
            self.exact = True
        self.recording = recording
        depends = dependencies(recording, axes or {})

        def planned(polynomial: Any) -> Expression:
            return collected(polynomial, depends)

        self._steps = [
            (step, [planned(arg) if isinstance(arg, dict) else arg for arg in step.args]) for step in recording.steps
        ]
        self._conditions = [(condition, planned(condition.difference)) for condition in recording.conditions]
        self._outputs = [(name, planned(polynomial)) for name, polynomial in recording.outputs.items()]

    def run(self, given: Mapping[str, Array]) -> Pass:
        """Return the results for integer arrays that broadcast together."""
        if self.exact:
            return self._one_by_one(given)
        with np.errstate(all="ignore"):
            values: dict[int, Array] = {}
            for step, args in self._steps:
                values[step.number] = given[step.name] if step.kind == INPUT else _computed(step, args, values)
            holds: Array = True
            for condition, difference in self._conditions:
                value = worked_out(difference, values)
                holds = holds & ((value < 0 if condition.less else value == 0) == condition.truth)
            if not np.any(holds):
                return Pass(False, {})
            return Pass(holds, {name: worked_out(expression, values) for name, expression in self._outputs})

    def _one_by_one(self, given: Mapping[str, Array]) -> Pass:
        """Return the same in Python's integers."""
        names = list(given)
        arrays = np.broadcast_arrays(*(np.asarray(given[name]) for name in names)) if names else [np.zeros(1)]
        holds = np.zeros(arrays[0].shape, bool)
        outputs = {name: np.zeros(arrays[0].shape, object) for name in self.recording.outputs}
        for place in np.ndindex(arrays[0].shape):
            numbers = {name: int(array[place]) for name, array in zip(names, arrays, strict=True)}
            found = self.recording.run(numbers)
            if found is not None:
                holds[place] = True
                for name, value in found.items():
                    outputs[name][place] = value
        return Pass(holds, outputs)


def worked_out(expression: Any, values: Mapping[int, Array]) -> Array:
    """Return what an expression comes to; what is no expression is a plain number."""
    if isinstance(expression, Atom):
        return values[expression.number]
    if not isinstance(expression, SourceSum | SourceProduct):
        return expression
    parts = [worked_out(part, values) for part in expression[0]]
    # the sizes of parts on a grid differ: those along one axis first, so that few are as large as the grid
    if len(parts) > 2:
        parts.sort(key=_size)
    into, kind = parts[0], np.add if isinstance(expression, SourceSum) else np.multiply
    fresh = False
    for part in parts[1:]:
        if fresh and into.shape == np.shape(part):
            kind(into, part, out=into)
        else:
            into, fresh = kind(into, part), True
            fresh = isinstance(into, np.ndarray)
    return into


def _size(part: Array) -> int:
    return getattr(part, "size", 1)


def _computed(step: Assigned, planned: list[Any], values: Mapping[int, Array]) -> Array:
    """Return what a step comes to."""
    args = [worked_out(arg, values) for arg in planned]
    if step.function is not None:
        form = ON_ARRAYS.get(step.function)
        return form(*args) if form is not None else _each(step.function, args)
    if step.kind == REST:
        return args[0] % args[1]
    return args[0] // args[1] if step.kind in (FLOOR, EXACT) else args[0] * args[1]


def _each(function: Callable[..., int], args: list[Array]) -> Array:
    """Return a function of arrays that asks the plain one about every element."""
    if any(isinstance(arg, Fraction) for arg in args):
        raise TypeError(f"{function.__name__} has no form on arrays with fractions")
    each = np.frompyfunc(lambda *x: function(*map(int, x)), len(args), 1)
    return np.asarray(each(*args)).astype(np.int64)


def _rounded_channels(over: Array, under: Array, divisor: Array) -> Array:
    nearest = (2 * over + divisor * under) // (2 * divisor * under) * divisor
    rounded = np.maximum(divisor, nearest)
    return rounded + divisor * (10 * rounded * under < 9 * over)


def _floor_product(size: Array, scale: Fraction) -> Array:
    return np.floor(size * float(scale)).astype(np.int64)


ON_ARRAYS: dict[Callable[..., int], Callable[..., Array]] = {
    max: lambda *args: reduce(np.maximum, args), min: lambda *args: reduce(np.minimum, args), gcd: np.gcd,
    not_below: lambda a, b: np.asarray(np.greater_equal(a, b)).astype(np.int64), rounded_channels: _rounded_channels,
    floor_product: _floor_product,
}  # fmt: skip
"""Functions of numbers on arrays of them."""
