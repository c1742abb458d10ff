"""Formulas as trees: leaves are letters with a value, and a tree prints as letters, as numbers, or partly worked out.

Trees are built by arithmetic that keeps them short: equal terms of a sum are gathered (`a + a` is `2*a`), zeros and
ones vanish, constants are folded. Nothing is factored out or multiplied out, except where terms then cancel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Number: TypeAlias = int | Fraction


@dataclass(frozen=True, slots=True)
class Num:
    """A constant."""

    value: Number


@dataclass(frozen=True, slots=True)
class Sym:
    """A letter of the layer: an extent, an argument, a quantity computed before."""

    name: str
    value: Number


@dataclass(frozen=True, slots=True)
class Let:
    """A quantity with a letter and a formula of its own, which is printed once; `axis` tells axes apart if need be."""

    name: str
    axis: str
    body: Tree
    value: Number


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms with whole coefficients, in the order they came; `Num(1)` is the term of the constant."""

    terms: tuple[tuple[int, Tree], ...]


@dataclass(frozen=True, slots=True)
class Product:
    """Factors in the order they came, each with whether it divides; divisions leave no rest."""

    coefficient: int
    factors: tuple[tuple[Tree, bool], ...]


@dataclass(frozen=True, slots=True)
class Rounded:
    """A quotient rounded `floor` or `ceil`."""

    how: str
    over: Tree
    under: Tree


@dataclass(frozen=True, slots=True)
class Applied:
    """A named function of numbers; `value` is what it returned, `function` works it out for others."""

    name: str
    arguments: tuple[Tree, ...]
    value: int
    function: Callable[..., int] | None = field(default=None, compare=False, repr=False)


Tree: TypeAlias = Num | Sym | Let | Sum | Product | Rounded | Applied
ONE, ZERO = Num(1), Num(0)


# Building.


def add(one: Tree, other: Tree, sign: int = 1) -> Tree:
    """Return one + sign*other."""
    plain = _gathered([*_terms(one), *((sign * c, t) for c, t in _terms(other))])
    spread = _gathered([part for c, t in plain for part in _distributed(c, t)])
    return _sum(spread if len(spread) < len(plain) else plain)


def negative(tree: Tree) -> Tree:
    """Return -tree; the rounded-down quotient of a negated number becomes the rounded-up one."""
    if isinstance(tree, Rounded) and tree.how == "floor" and _leads_negative(tree.over):
        return Rounded("ceil", negative(tree.over), tree.under)
    return _sum([(-c, t) for c, t in _terms(tree)])


def times(one: Tree, other: Tree) -> Tree:
    """Return one * other."""
    left, right = _factors(one), _factors(other)
    coefficient = left[0] * right[0]
    return _product(coefficient, (*left[1], *right[1]))


def exact(one: Tree, other: Tree) -> Tree:
    """Return one / other for a division that leaves no rest."""
    if other == ONE:
        return one
    if isinstance(one, Num) and isinstance(other, Num):
        return _num(Fraction(one.value) / other.value)
    coefficient, factors = _factors(one)
    if (other, False) in factors:
        place = factors.index((other, False))
        return _product(coefficient, factors[:place] + factors[place + 1 :])
    return _product(coefficient, (*factors, (other, True)))


def rounded_down(one: Tree, other: Tree) -> Tree:
    """Return floor(one / other)."""
    if other == ONE:
        return one
    if isinstance(one, Num) and isinstance(other, Num):
        return Num(floor(Fraction(one.value) / other.value))
    if isinstance(one, Product) and (other, False) in one.factors:
        return exact(one, other)
    if isinstance(one, Product) and isinstance(other, Num) and one.coefficient % other.value == 0:
        return _product(int(one.coefficient // other.value), one.factors)
    return Rounded("floor", one, other)


def _num(value: Number) -> Num:
    return Num(value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value)


def _terms(tree: Tree) -> list[tuple[int, Tree]]:
    if isinstance(tree, Sum):
        return list(tree.terms)
    if isinstance(tree, Num) and isinstance(tree.value, int):
        return [(tree.value, ONE)]
    if isinstance(tree, Product) and tree.coefficient != 1:
        return [(tree.coefficient, _product(1, tree.factors))]
    return [(1, tree)]


def _gathered(terms: Iterable[tuple[int, Tree]]) -> list[tuple[int, Tree]]:
    gathered: dict[Tree, int] = {}
    for coefficient, tree in terms:
        gathered[tree] = gathered.get(tree, 0) + coefficient
    return [(c, t) for t, c in gathered.items() if c]


def _distributed(coefficient: int, tree: Tree) -> list[tuple[int, Tree]]:
    """Return a product with one sum among its factors as the sum of products."""
    if isinstance(tree, Product):
        sums = [place for place, (factor, under) in enumerate(tree.factors) if isinstance(factor, Sum) and not under]
        if len(sums) == 1:
            place = sums[0]
            rest = tree.factors[:place], tree.factors[place + 1 :]
            whole = tree.factors[place][0]
            assert isinstance(whole, Sum)  # noqa: S101 - narrows for the type checker
            parts = []
            for c, t in whole.terms:
                inner = _factors(t)
                parts += _terms(_product(coefficient * c * inner[0], (*rest[0], *inner[1], *rest[1])))
            return parts
    return [(coefficient, tree)]


def _sum(terms: list[tuple[int, Tree]]) -> Tree:
    if not terms:
        return ZERO
    if len(terms) == 1:
        coefficient, tree = terms[0]
        return Num(coefficient) if tree == ONE else times(Num(coefficient), tree)
    return Sum(tuple(terms))


def _factors(tree: Tree) -> tuple[int, tuple[tuple[Tree, bool], ...]]:
    if isinstance(tree, Product):
        return tree.coefficient, tree.factors
    if isinstance(tree, Num) and isinstance(tree.value, int):
        return tree.value, ()
    return 1, ((tree, False),)


def _product(coefficient: int, factors: tuple[tuple[Tree, bool], ...]) -> Tree:
    if coefficient == 0 or not factors:
        return Num(coefficient)
    if coefficient == 1 and len(factors) == 1 and not factors[0][1]:
        return factors[0][0]
    return Product(coefficient, factors)


def _leads_negative(tree: Tree) -> bool:
    if isinstance(tree, Sum):
        return tree.terms[0][0] < 0
    return isinstance(tree, Product) and tree.coefficient < 0


# Reading.


def value(tree: Tree) -> Number:
    """Return what a tree comes to, worked out from its leaves; a call counts as what it returned."""
    if isinstance(tree, Sym):
        return tree.value
    if isinstance(tree, Let):
        return value(tree.body)
    if isinstance(tree, Sum):
        return sum(c * value(t) for c, t in tree.terms)
    if isinstance(tree, Product):
        result: Number = tree.coefficient
        for factor, under in tree.factors:
            number = value(factor)
            result = Fraction(result) / number if under else result * number
        return result
    if not isinstance(tree, Rounded):
        return tree.value
    quotient = Fraction(value(tree.over)) / value(tree.under)
    return floor(quotient) if tree.how == "floor" else ceil(quotient)


def children(tree: Tree) -> tuple[Tree, ...]:
    """Return the trees directly inside one."""
    if isinstance(tree, Let):
        return (tree.body,)
    if isinstance(tree, Sum):
        return tuple(t for _, t in tree.terms)
    if isinstance(tree, Product):
        return tuple(t for t, _ in tree.factors)
    if isinstance(tree, Rounded):
        return tree.over, tree.under
    return tree.arguments if isinstance(tree, Applied) else ()


def walk(tree: Tree) -> list[Tree]:
    """Return a tree's parts, inner ones first."""
    found: list[Tree] = []
    _walk(tree, found)
    return found


def _walk(tree: Tree, found: list[Tree]) -> None:
    if type(tree) is not Sym and type(tree) is not Num:
        for child in children(tree):
            _walk(child, found)
    found.append(tree)


def lets(tree: Tree) -> list[Let]:
    """Return the quantities with formulas of their own, each once, in the order in which they can be computed."""
    return list(dict.fromkeys(part for part in walk(tree) if isinstance(part, Let)))


def letters(tree: Tree) -> list[Sym]:
    """Return the letters of a tree, each once."""
    return list(dict.fromkeys(part for part in walk(tree) if isinstance(part, Sym)))


# Printing.

SUM, PRODUCT, ATOM = range(3)
COUNTED = ("reached", "gcd")
"""Functions whose result stands in the last step, not their call."""


def in_letters(tree: Tree, names: Mapping[Let, str]) -> str:
    """Return a tree in letters; `names` are those of its quantities with formulas of their own."""
    return printed(tree, lambda leaf: names[leaf] if isinstance(leaf, Let) else leaf.name)[0]


def in_numbers(tree: Tree) -> str:
    """Return a tree with the numbers put in."""
    return printed(tree, lambda leaf: _written(leaf.value))[0]


def worked_out(tree: Tree) -> str:
    """Return a tree with everything worked out but roundings and the last sum."""
    return in_numbers(_last_steps(tree))


def _last_steps(tree: Tree) -> Tree:
    if not decides(tree):
        if isinstance(tree, Sum) and any(isinstance(t, Product) for _, t in tree.terms):
            return Sum(tuple(_constant(c * value(t)) for c, t in tree.terms))
        return _num(value(tree))
    if isinstance(tree, Sum):
        parts = []
        for coefficient, term in tree.terms:
            last = _settled(term)
            parts.append(_constant(coefficient * value(last)) if isinstance(last, Num) else (coefficient, last))
        return Sum(tuple(parts))
    if isinstance(tree, Product):
        return Product(tree.coefficient, tuple((_settled(t), under) for t, under in tree.factors))
    if isinstance(tree, Rounded):
        return Rounded(tree.how, _settled(tree.over), _settled(tree.under))
    if isinstance(tree, Applied):
        return Applied(tree.name, tuple(_settled(t) for t in tree.arguments), tree.value)
    return tree


def _settled(tree: Tree) -> Tree:
    """Return a tree worked out, or its last steps where it has roundings."""
    return _last_steps(tree) if decides(tree) else _num(value(tree))


def decides(tree: Tree) -> bool:
    """Whether a tree rounds or chooses somewhere, which the last step still shows.

    What has a formula of its own, or is counted, is one number there.
    """
    kind = type(tree)
    if kind is Sum:
        return any([decides(t) for _, t in tree.terms])  # type: ignore[union-attr]  # noqa: C419 - no generator: often asked
    if kind is Product:
        return any([decides(t) for t, _ in tree.factors])  # type: ignore[union-attr]  # noqa: C419
    return kind is Rounded or (isinstance(tree, Applied) and tree.name not in COUNTED)


def _constant(number: Number) -> tuple[int, Tree]:
    return (-1, _num(-number)) if number < 0 else (1, _num(number))


def _written(number: Number) -> str:
    if isinstance(number, Fraction) and number.denominator != 1:
        decimal = float(number)
        return repr(decimal) if Fraction(repr(decimal)) == number else f"{number.numerator}/{number.denominator}"
    return str(int(number))


def printed(tree: Tree, leaf: Callable[[Sym | Let], str]) -> tuple[str, int]:
    """Return the text of a tree and how tightly it binds."""
    if isinstance(tree, (Num, Sym, Let)):
        text = _written(tree.value) if isinstance(tree, Num) else leaf(tree)
        return text, SUM if text.startswith("-") else PRODUCT if "/" in text else ATOM
    if isinstance(tree, Sum):
        return _sum_text(tree, leaf), SUM
    if isinstance(tree, Product):
        return _product_text(tree, leaf)
    if isinstance(tree, Rounded):
        return f"{tree.how}({_within(tree.over, leaf, PRODUCT)}/{_within(tree.under, leaf, ATOM)})", ATOM
    inner = [printed(t, leaf)[0] for t in tree.arguments]
    if tree.name == "floor_product":
        return f"floor({'*'.join(inner)})", ATOM
    if tree.name == "not_below":
        return f"[{' >= '.join(inner)}]", ATOM
    return f"{tree.name}({', '.join(inner)})", ATOM


def _within(tree: Tree, leaf: Callable[[Sym | Let], str], binding: int) -> str:
    text, own = printed(tree, leaf)
    return text if own >= binding else f"({text})"


def _sum_text(tree: Sum, leaf: Callable[[Sym | Let], str]) -> str:
    text = ""
    for coefficient, term in tree.terms:
        size = abs(coefficient)
        if isinstance(term, Num) and isinstance(term.value, int):
            part = str(size * term.value)
        elif text or coefficient < 0:
            part = _within(times(Num(size), term), leaf, PRODUCT)
        else:
            part = printed(times(Num(size), term), leaf)[0]
        if text:
            text += f" {'-' if coefficient < 0 else '+'} {part}"
        else:
            text = f"-{part}" if coefficient < 0 else part
    return text


def _product_text(tree: Product, leaf: Callable[[Sym | Let], str]) -> tuple[str, int]:
    text = "" if tree.coefficient == 1 else str(tree.coefficient)
    for factor, under in tree.factors:
        part = _within(factor, leaf, ATOM if under else PRODUCT)
        if isinstance(factor, Product) and under:
            part = f"({part})"
        text = f"{text or '1'}/{part}" if under else f"{text}*{part}" if text else part
    return text, SUM if text.startswith("-") else PRODUCT
