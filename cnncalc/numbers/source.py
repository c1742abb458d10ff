"""Recordings as code: straight lines of Python, or of the same on NumPy arrays, collected before they are written."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from inspect import getsource
from math import gcd
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from cnncalc.numbers.functions import floor_product, not_below, rounded_channels, rounded_even
from cnncalc.numbers.node import CALL, EXACT, FLOOR, INPUT, REST
from cnncalc.numbers.polynomial import without

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cnncalc.numbers.polynomial import Monomial, Polynomial
    from cnncalc.numbers.recording import Assigned, Recording

Axes = frozenset[str]
Expression: TypeAlias = "int | Atom | SourceSum | SourceProduct"


class Atom(NamedTuple):
    """One step of a recording, by its number."""

    number: int


class SourceSum(NamedTuple):
    """Terms that are added."""

    terms: tuple[Expression, ...]


class SourceProduct(NamedTuple):
    """Factors that are multiplied, a plain number first."""

    factors: tuple[Expression, ...]


def collected(polynomial: Polynomial, depends: Mapping[int, Axes] | None = None) -> Expression:
    """Return a polynomial with few multiplications.

    `depends` are the axes of a grid that atoms differ along; where a grid is computed by broadcasting, what depends on
    one axis alone is collected, so that it is computed for that axis alone.
    """
    depends = depends or {}
    axes = sorted({axis for m in polynomial for number in m for axis in depends.get(number, ())})
    return _apart(polynomial, axes, depends)


def _apart(polynomial: Polynomial, axes: Sequence[str], depends: Mapping[int, Axes]) -> Expression:
    """Collect by what depends on one axis alone, where that leaves factors of the others."""
    if len(axes) < 2:
        return _nested(polynomial)
    choices = []
    for axis in axes:
        groups: dict[Monomial, Polynomial] = {}
        for monomial, factor in polynomial.items():
            own = tuple(n for n in monomial if depends[n] == {axis})
            rest = tuple(n for n in monomial if depends[n] != {axis})
            groups.setdefault(own, {})[rest] = factor
        choices.append((len(groups), axis, groups))
    _, axis, chosen = min(choices, key=lambda choice: choice[:2])
    others = [other for other in axes if other != axis]
    return _sum([_product([_product(map(Atom, own)), _apart(left, others, depends)]) for own, left in chosen.items()])


def _nested(polynomial: Polynomial) -> Expression:
    """Return a polynomial with its most frequent factors taken out."""
    terms: list[Expression] = []
    while polynomial:
        counts = Counter(number for monomial in polynomial for number in set(monomial))
        number, times = counts.most_common(1)[0] if counts else (0, 0)
        if times < 2:
            terms += [_product([factor, *map(Atom, monomial)]) for monomial, factor in polynomial.items()]
            break
        inside: Polynomial = {}
        outside: Polynomial = {}
        for monomial, factor in polynomial.items():
            left = without(monomial, (number,))
            if left is None:
                outside[monomial] = factor
            else:
                inside[left] = factor
        terms.append(_product([Atom(number), _nested(inside)]))
        polynomial = outside
    return _sum(terms)


def _sum(terms: list[Expression]) -> Expression:
    if len(terms) == 1:
        return terms[0]
    return SourceSum(tuple(terms)) if terms else 0


def _product(factors: Iterable[Expression]) -> Expression:
    left = [factor for factor in factors if factor != 1]
    if len(left) == 1:
        return left[0]
    return SourceProduct(tuple(left)) if left else 1


class CodeWriter:
    """Writes polynomials over named atoms as text; `names` are those of the atoms, by number."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self.names = names

    def expression(self, polynomial: Polynomial) -> str:
        """Return the text of a polynomial."""
        return self.text(collected(polynomial))

    def text(self, expression: Expression) -> str:
        """Return the text of an expression."""
        if isinstance(expression, int):
            return str(expression)
        if isinstance(expression, Atom):
            return self.names[expression.number]
        if isinstance(expression, SourceProduct):
            return "*".join(map(self._factor, expression.factors))
        text = self.text(expression.terms[0])
        for term in expression.terms[1:]:
            part = self.text(term)
            text += f" - {part[1:]}" if part.startswith("-") else f" + {part}"
        return text

    def _factor(self, expression: Expression) -> str:
        text = self.text(expression)
        return f"({text})" if isinstance(expression, SourceSum) else text


PYTHON: dict[Callable[..., Any], str] = {
    max: "max({})", min: "min({})", gcd: "gcd({})", not_below: "int({0} >= {1})", floor_product: "int({0}*{1})",
}  # fmt: skip
DEFINED: dict[Callable[..., Any], str] = {
    rounded_channels: '''def rounded_channels(over, under, divisor):
    """Channels over/under as a multiple of the divisor: the nearest, not below it nor 90 % (arXiv:1801.04381)."""
    rounded = max(divisor, (2*over + divisor*under)//(2*divisor*under)*divisor)
    return rounded + divisor if 10*rounded*under < 9*over else rounded
''',
    rounded_even: '''def rounded_even(over, under):
    """Return over/under rounded to a whole number, halves to the even one."""
    twice, rest = divmod(2*over + under, 2*under)
    return twice - (rest == 0 and twice % 2)
''',
}
"""Functions that code without dependencies defines itself."""
ON_ARRAYS: dict[Callable[..., Any], str] = {
    max: "np.maximum.reduce(np.broadcast_arrays({}))", min: "np.minimum.reduce(np.broadcast_arrays({}))",
    gcd: "np.gcd({})", not_below: "(np.asarray({0}) >= {1}).astype(np.int64)",
    floor_product: "np.floor({0}*{1}).astype(np.int64)",
}  # fmt: skip
DEFINED_ON_ARRAYS: dict[Callable[..., Any], str] = {
    rounded_channels: '''def rounded_channels(over, under, divisor):
    """Channels over/under as multiples of the divisor: the nearest, not below it nor 90 % (arXiv:1801.04381)."""
    rounded = np.maximum(divisor, (2*over + divisor*under)//(2*divisor*under)*divisor)
    return np.where(10*rounded*under < 9*over, rounded + divisor, rounded)
''',
    rounded_even: '''def rounded_even(over, under):
    """Return over/under rounded to whole numbers, halves to the even ones."""
    twice, rest = np.divmod(2*over + under, 2*under)
    return np.where((rest == 0) & (twice % 2 == 1), twice - 1, twice)
''',
}
"""The same on NumPy arrays."""


class NotWritableError(ValueError):
    """A recorded function has no form in this code; the message names it."""


def argument(writer: CodeWriter, arg: Any) -> str:
    """Return one operand of a step."""
    if isinstance(arg, dict):
        return writer.expression(arg)
    return repr(float(arg)) if isinstance(arg, Fraction) else repr(arg)


def python_step(writer: CodeWriter, step: Assigned, forms: Mapping[Any, str] | None = None) -> str:
    """Return what a step computes, in Python, or with other forms of functions.

    Raises:
        NotWritableError: there is no such function without this package.
    """
    args = [argument(writer, arg) for arg in step.args]
    if step.kind == CALL:
        assert step.function is not None  # noqa: S101 - a call has one
        if step.function in DEFINED:
            return f"{step.function.__name__}({', '.join(args)})"
        form = (PYTHON if forms is None else forms).get(step.function)
        if form is None and any(not isinstance(arg, dict | int) for arg in step.args):
            raise NotWritableError(f"the formula needs {step.function.__name__}(..), which has no short form")
        if form is None:
            return f"{step.function.__name__}({', '.join(args)})"
        if form.endswith("({})"):
            return form.format(", ".join(args))
        return form.format(*(f"({arg})" for arg in args))
    return binary(step.kind, args)


def own_source(function: Callable[..., Any]) -> list[str]:
    """Return the text of a function as it stands in this package, after those of its module that it calls."""
    found: dict[str, str] = {}

    def add(called: Any) -> None:
        for name in called.__code__.co_names:
            other = called.__globals__.get(name)
            if name not in found and hasattr(other, "__code__") and other.__module__ == called.__module__:
                add(other)
        found[called.__name__] = re.sub(r"  # (noqa|fmt).*", "", getsource(called))

    add(function)
    return list(found.values())


def binary(kind: str, args: Sequence[str]) -> str:
    """Return an operation on two operands."""
    sign = {FLOOR: "//", EXACT: "//", REST: "%"}.get(kind, "*")
    left, right = (arg if arg.isalnum() else f"({arg})" for arg in args)
    return f"{left}{sign}{right}"


def dependencies(recording: Recording, given: Mapping[str, Axes]) -> dict[int, Axes]:
    """Return the axes along which each step differs, from those of the inputs."""
    found: dict[int, Axes] = {}
    for step in recording.steps:
        if step.kind == INPUT:
            found[step.number] = given.get(step.name, frozenset())
        else:
            parts = [found[n] for arg in step.args if isinstance(arg, dict) for m in arg for n in m]
            found[step.number] = frozenset().union(*parts)
    return found
