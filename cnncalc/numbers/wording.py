"""A tree made ready to be worked out and written for other values of its letters, as `tree` does for its own.

What a formula looks like depends on its letters' values in their signs alone, where they are whole: it is one text for
each choice of signs, with places for numbers.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from math import prod
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from cnncalc.numbers.tree import (
    Applied,
    Let,
    Num,
    Product,
    Rounded,
    Sum,
    Sym,
    Tree,
    decides,
    in_letters,
    in_numbers,
    printed,
    walk,
    worked_out,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnncalc.numbers.tree import Number

Values: TypeAlias = "Mapping[str, int]"
Evaluator: TypeAlias = "Callable[[Values], Number]"
PLAIN, BELOW, TERM = "%s", "-%s", "\x00%s"
"""A place for a number: one that is not below 0, one that is, and a term of a sum with its sign."""


class Wording:
    """A tree, and what it says for any values of its letters.

    Attributes:
        tree: for the values with which it was recorded.
        of: works it out for others.
        lets: the quantities inside with formulas of their own, each once, in the order in which they can be computed.
        letters: the letters inside, each once.
        called: the functions inside.
        alone: whether it is a letter.
        ends: whether nothing is left to do where everything is worked out but roundings and the last sum.
    """

    __slots__ = ("__dict__", "alone", "called", "ends", "lets", "letters", "tree")

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        parts = list(walk(tree))
        self.lets = list(dict.fromkeys(part for part in parts if type(part) is Let))
        self.letters = list(dict.fromkeys(part for part in parts if type(part) is Sym))
        self.called = frozenset(part.name for part in parts if type(part) is Applied)
        self.alone = isinstance(tree, Sym | Let)
        self.ends = not decides(tree) and not _adds(tree)

    @cached_property
    def of(self) -> Evaluator:
        """Works the tree out for values of its letters."""
        return evaluator(self.tree)

    def in_letters(self, names: Mapping[Let, str]) -> str:
        """Return the tree in letters; `names` are those of its quantities with formulas of their own."""
        return in_letters(self.tree, names)

    def in_numbers(self, values: Values) -> str:
        """Return the tree with the numbers put in."""
        text = self._numbers.filled(values)
        return in_numbers(with_values(self.tree, values)) if text is None else text

    def worked_out(self, values: Values) -> str:
        """Return the tree with everything worked out but roundings and the last sum."""
        text = self._step.filled(values)
        return worked_out(with_values(self.tree, values)) if text is None else text

    @cached_property
    def _numbers(self) -> _Template:
        leaves: list[Sym | Let] = []

        def written(below: frozenset[int]) -> str:
            leaves.clear()

            def leaf(tree: Sym | Let) -> str:
                leaves.append(tree)
                return BELOW if len(leaves) - 1 in below else PLAIN

            return printed(self.tree, leaf)[0]

        return _Template(written, lambda: list(map(evaluator, leaves)))

    @cached_property
    def _step(self) -> _Template:
        return _last_steps(self.tree)


class _Template:
    """A text with places for numbers, in order.

    Args:
        written: returns the text where the numbers of these places are below 0; a place is `%s`.
        places: returns what stands there, once a text was written.
    """

    __slots__ = ("_signed", "_simple", "_texts", "_written", "places")

    def __init__(self, written: Callable[[frozenset[int]], str], places: Callable[[], list[Evaluator]]) -> None:
        self._written = written
        text = written(NONE)
        self.places = places()
        before = text.split(PLAIN)[:-1]
        self._signed = [part.endswith("\x00") and (2 if part.endswith("+ \x00") else 1) for part in before]
        self._simple = 2 not in self._signed
        self._texts = {NONE: _unmarked(text)}

    def filled(self, values: Values) -> str | None:
        """Return the text for values of the letters, None where a number is not whole."""
        numbers: list[Any] = [place(values) for place in self.places]
        if self._simple and all(type(number) is int and number >= 0 for number in numbers):
            return self._texts[NONE] % tuple(numbers)
        below = NONE
        for place, (number, signed) in enumerate(zip(numbers, self._signed, strict=True)):
            whole = number
            if type(number) is not int:
                if number.denominator != 1:
                    return None
                whole = numbers[place] = number.numerator
            if signed == 2:
                numbers[place] = f"+ {whole}" if whole >= 0 else f"- {-whole}"
            elif whole < 0 and not signed:
                below |= {place}
                numbers[place] = -whole
        text = self._texts.get(below)
        if text is None:
            text = self._texts[below] = _unmarked(self._written(below))
        return text % tuple(numbers)


NONE: frozenset[int] = frozenset()


def _unmarked(text: str) -> str:
    return text.replace("+ \x00", "").replace("\x00", "")


def _adds(tree: Tree) -> bool:
    """Whether a tree is a sum of products."""
    return isinstance(tree, Sum) and any(isinstance(part, Product) for _, part in tree.terms)


def _last_steps(tree: Tree) -> _Template:
    """Return the text of a tree with everything worked out but roundings and the last sum."""
    works: dict[str, Evaluator] = {}
    order: list[Evaluator] = []

    def hole(evaluate: Evaluator, kind: str = PLAIN) -> Sym:
        name = f"{kind}{len(works)}"
        works[name] = evaluate
        return Sym(name, 0)

    def term(coefficient: int, part: Tree) -> tuple[int, Tree]:
        return (coefficient, last(part)) if decides(part) else (1, hole(_scaled(coefficient, evaluator(part)), TERM))

    def settled(part: Tree) -> Tree:
        return last(part) if decides(part) else hole(evaluator(part))

    def last(part: Tree) -> Tree:
        if isinstance(part, Sum):
            return Sum(tuple(term(*pair) for pair in part.terms))
        if isinstance(part, Product):
            return Product(part.coefficient, tuple((settled(factor), under) for factor, under in part.factors))
        if isinstance(part, Rounded):
            return Rounded(part.how, settled(part.over), settled(part.under))
        assert isinstance(part, Applied)  # noqa: S101 - narrows: nothing else decides
        return Applied(part.name, tuple(map(settled, part.arguments)), part.value)

    steps = last(tree) if decides(tree) or _adds(tree) else hole(evaluator(tree))

    def written(below: frozenset[int]) -> str:
        order.clear()

        def leaf(part: Sym | Let) -> str:
            order.append(works[part.name])
            return TERM if part.name.startswith(TERM) else BELOW if len(order) - 1 in below else PLAIN

        return printed(steps, leaf)[0]

    return _Template(written, lambda: list(order))


def evaluator(tree: Tree) -> Evaluator:
    """Return what works a tree out for values of its letters, as `tree.value` does for its own."""
    if isinstance(tree, Sym):
        return itemgetter(tree.name)
    if isinstance(tree, Num):
        number = tree.value
        return lambda _: number
    if isinstance(tree, Let):
        return evaluator(tree.body)
    if isinstance(tree, Sum):
        return _sum_of([_scaled(c, evaluator(term)) for c, term in tree.terms])
    if isinstance(tree, Product):
        over = [evaluator(factor) for factor, under in tree.factors if not under]
        unders = [evaluator(factor) for factor, under in tree.factors if under]
        return _quotient_of(_scaled(tree.coefficient, _product_of(over)), unders)
    if isinstance(tree, Rounded):
        return _rounded(tree.how == "floor", evaluator(tree.over), evaluator(tree.under))
    return _applied(tree, [evaluator(argument) for argument in tree.arguments])


def _scaled(coefficient: int, works: Evaluator) -> Evaluator:
    return works if coefficient == 1 else lambda values: coefficient * works(values)


def _sum_of(terms: list[Evaluator]) -> Evaluator:
    if len(terms) == 2:
        one, other = terms
        return lambda values: one(values) + other(values)
    return lambda values: sum([term(values) for term in terms])


def _product_of(factors: list[Evaluator]) -> Evaluator:
    if len(factors) == 1:
        return factors[0]
    if len(factors) == 2:
        one, other = factors
        return lambda values: one(values) * other(values)
    return lambda values: prod([factor(values) for factor in factors])


def _quotient_of(over: Evaluator, unders: list[Evaluator]) -> Evaluator:
    if not unders:
        return over
    under = _product_of(unders)
    return lambda values: Fraction(over(values)) / under(values)


def _rounded(down: bool, over: Evaluator, under: Evaluator) -> Evaluator:
    if down:
        return lambda values: over(values) // under(values)
    return lambda values: -(-over(values) // under(values))


def _applied(tree: Applied, arguments: list[Evaluator]) -> Evaluator:
    function = tree.function
    assert function is not None  # noqa: S101 - narrows: it was called
    return lambda values: function(*[argument(values) for argument in arguments])


def with_values(tree: Tree, values: Values) -> Tree:
    """Return a tree for other values of its letters."""
    if isinstance(tree, Sym):
        return Sym(tree.name, values[tree.name])
    if isinstance(tree, Num):
        return tree
    if isinstance(tree, Let):
        return Let(tree.name, tree.axis, with_values(tree.body, values), evaluator(tree)(values))
    if isinstance(tree, Sum):
        return Sum(tuple((c, with_values(term, values)) for c, term in tree.terms))
    if isinstance(tree, Product):
        return Product(tree.coefficient, tuple((with_values(factor, values), under) for factor, under in tree.factors))
    if isinstance(tree, Rounded):
        return Rounded(tree.how, with_values(tree.over, values), with_values(tree.under, values))
    arguments = tuple(with_values(argument, values) for argument in tree.arguments)
    return Applied(tree.name, arguments, int(evaluator(tree)(values)), tree.function)
