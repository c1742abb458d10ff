"""A whole number that remembers how it was computed: operators run on it as on any other and leave their formula."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self, cast

from cnncalc.explanation.formula import Applied, Let, Num, Sym, Tree, add, exact, negative, rounded_down, times

if TYPE_CHECKING:
    from collections.abc import Callable


class Term(int):
    """An `int` with a tree; equal to, hashed and compared as the plain number.

    `+ - * // divmod` extend the tree: `//` is a quotient rounded down, `divmod` one that leaves no rest, if it does
    not. Whatever else happens to the number (a float, a fraction, an index) gives a plain one without a tree.
    """

    tree: Tree

    def __new__(cls, number: int, tree: Tree) -> Self:
        """Return the number with the tree that it came from."""
        made = super().__new__(cls, number)
        made.tree = tree
        return made

    @classmethod
    def letter(cls, name: str, number: int) -> Term:
        """Return a number that formulas call by a letter."""
        return cls(number, Sym(name, int(number)))

    def named(self, letter: str, axis: str) -> Term:
        """Return the same number under a letter whose formula is this one; constants keep their value as name."""
        return self if isinstance(self.tree, Num) else Term(self, Let(letter, axis, self.tree, int(self)))

    def recorded(self, function: Callable[..., int], arguments: tuple[Any, ...]) -> Term:
        """Return function(*arguments) as a call in the tree; arguments that are tuples are listed."""
        flat = [part for whole in arguments for part in (whole if isinstance(whole, tuple) else (whole,))]
        result = int(function(*arguments))
        if all(isinstance(tree_of(part), Num) for part in flat):
            return Term(result, Num(result))
        return Term(result, Applied(function.__name__, tuple(map(tree_of, flat)), result))

    def __add__(self, other: int) -> int:
        return _both(int.__add__, add, self, other)

    def __radd__(self, other: int) -> int:
        return _both(int.__add__, add, other, self)

    def __sub__(self, other: int) -> int:
        return _both(int.__sub__, _minus, self, other)

    def __rsub__(self, other: int) -> int:
        return _both(int.__sub__, _minus, other, self)

    def __mul__(self, other: int) -> int:
        return _both(int.__mul__, times, self, other)

    def __rmul__(self, other: int) -> int:
        return _both(int.__mul__, times, other, self)

    def __floordiv__(self, other: int) -> int:
        return _both(int.__floordiv__, rounded_down, self, other)

    def __rfloordiv__(self, other: int) -> int:
        return _both(int.__floordiv__, rounded_down, other, self)

    def __neg__(self) -> int:
        return Term(int.__neg__(self), negative(self.tree))

    def __pos__(self) -> int:
        return self

    def __divmod__(self, other: int) -> tuple[int, int]:
        return _divided(self, other)

    def __rdivmod__(self, other: int) -> tuple[int, int]:
        return _divided(other, self)


def tree_of(number: Any) -> Tree:
    """Return the tree of a number; a plain one is a constant."""
    if isinstance(number, Term):
        return number.tree
    return Num(number if isinstance(number, Fraction) else int(number))


def _minus(one: Tree, other: Tree) -> Tree:
    return add(one, other, -1)


def _both(plain: Callable[[int, int], int], tree: Callable[[Tree, Tree], Tree], one: Any, other: Any) -> int:
    if not (isinstance(one, int) and isinstance(other, int)):
        return cast("int", NotImplemented)
    return Term(plain(int(one), int(other)), tree(tree_of(one), tree_of(other)))


def _divided(one: Any, other: Any) -> tuple[int, int]:
    if not (isinstance(one, int) and isinstance(other, int)):
        return cast("tuple[int, int]", NotImplemented)
    quotient, rest = divmod(int(one), int(other))
    build = rounded_down if rest else exact
    return Term(quotient, build(tree_of(one), tree_of(other))), rest
