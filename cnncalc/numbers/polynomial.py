"""Recorded numbers as polynomials: sums of products of inputs and of what cannot be multiplied out.

A monomial is a sorted tuple of atoms' numbers, each as often as it is a factor; a polynomial maps monomials to whole
coefficients. Atoms are inputs, roundings, rests and calls. Two numbers with equal polynomials are equal everywhere.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, TypeAlias

from cnncalc.numbers.node import ADD, EXACT, FLOOR, LET, MUL, SUB, Range, RecordedOp, range_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.numbers.node import Operand

Monomial: TypeAlias = tuple[int, ...]
Polynomial: TypeAlias = dict[Monomial, int]
MOST_UNFLOORED = 8
"""Floors that are taken apart to see what a difference can be."""
MOST_TERMS = 4_000
"""A product that would have more terms than this stays one."""


class Polynomials:
    """The polynomials of one recording's nodes, each made once.

    Attributes:
        atoms: the nodes that monomials are products of, by number.
    """

    def __init__(self) -> None:
        self.atoms: dict[int, RecordedOp] = {}
        self._known: dict[int, Polynomial] = {}

    def of(self, operand: Operand) -> Polynomial:
        """Return the polynomial of a node or of a plain number; not to be changed."""
        if not isinstance(operand, RecordedOp):
            return {(): operand} if operand else {}
        known = self._known
        if operand.number in known:
            return known[operand.number]
        waiting = [operand]
        while waiting:
            node = waiting[-1]
            missing = [] if node.number in known else [n for n in node.operands if n.number not in known]
            if missing and node.kind in (ADD, SUB, MUL, LET, EXACT):
                waiting += missing
                continue
            waiting.pop()
            if node.number not in known:
                known[node.number] = self._made(node)
        return known[operand.number]

    def forget(self, node: RecordedOp) -> None:
        """Drop a node that is not kept; another takes its number."""
        del self._known[node.number]
        self.atoms.pop(node.number, None)

    def atom(self, node: RecordedOp) -> Polynomial:
        """Return a node as a polynomial of itself."""
        self.atoms[node.number] = node
        return {(node.number,): 1}

    def _made(self, node: RecordedOp) -> Polynomial:
        kind = node.kind
        if kind == ADD:
            return plus(self.of(node.args[0]), self.of(node.args[1]))
        if kind == SUB:
            return plus(self.of(node.args[0]), self.of(node.args[1]), -1)
        if kind == LET:
            return self.of(node.args[2])
        if kind == MUL:
            one, other = self.of(node.args[0]), self.of(node.args[1])
            return times(one, other) if len(one) * len(other) <= MOST_TERMS else self.atom(node)
        if kind == EXACT:
            return self._quotient(node)
        return self.atom(node)

    def _quotient(self, node: RecordedOp) -> Polynomial:
        """Return an exact quotient, by a number or by one product, where each term can be divided."""
        found = self.quotient(self.of(node.args[0]), self.of(node.args[1]))
        return self.atom(node) if found is None else found

    @staticmethod
    def quotient(over: Polynomial, under: Polynomial) -> Polynomial | None:
        """Return over/under where under is one product that every term of over has; None elsewhere."""
        if len(under) != 1:
            return None
        ((divisor, number),) = under.items()
        found: Polynomial = {}
        for monomial, coefficient in over.items():
            left = without(monomial, divisor)
            if left is None or coefficient % number:
                return None
            found[left] = coefficient // number
        return found

    def range(self, polynomial: Polynomial) -> Range:
        """Return the range of a polynomial over the ranges of its atoms."""
        low = high = 0
        for monomial, coefficient in polynomial.items():
            ends = Range(coefficient, coefficient)
            for number in monomial:
                r = self.atoms[number].range
                corners = (ends.low * r.low, ends.low * r.high, ends.high * r.low, ends.high * r.high)
                ends = Range(min(corners), max(corners))
            low += ends.low
            high += ends.high
        return Range(low, high)

    def difference(self, a: Operand, b: Operand) -> Range:
        """Return the range of a - b, as narrow as this knows it."""
        one, other = range_of(a), range_of(b)
        rough = Range(one.low - other.high, one.high - other.low)
        if rough.low > 0 or rough.high < 0:
            return rough
        polynomial = plus(self.of(a), self.of(b), -1)
        fine = self.range(polynomial)
        low, high = max(rough.low, fine.low), min(rough.high, fine.high)
        if low > 0 or high < 0:
            return Range(low, high)
        fine = self._unfloored(polynomial)
        return Range(max(low, fine.low), min(high, fine.high))

    def _unfloored(self, polynomial: Polynomial) -> Range:
        """Return the range of a polynomial with floor(p/c) taken as (p - rest)/c, the rest from 0 to c - 1.

        All is multiplied by c on the way, so that it stays whole.
        """
        ends = self.range(polynomial)
        scale, low, high = 1, 0, 0
        for _ in range(MOST_UNFLOORED):
            found = max((m for m in polynomial if len(m) == 1 and self._floors(m[0])), default=None)
            if found is None:
                break
            over, under = self.atoms[found[0]].args
            factor = polynomial[found]
            scale, low, high = scale * under, low * under, high * under
            rests = -factor * (under - 1)
            low, high = low + min(rests, 0), high + max(rests, 0)
            left = {m: f * under for m, f in polynomial.items() if m != found}
            polynomial = plus(left, self.of(over), factor)
            rough = self.range(polynomial)
            fine = Range(-(-(low + rough.low) // scale), (high + rough.high) // scale)
            ends = Range(max(ends.low, fine.low), min(ends.high, fine.high))
        return ends

    def _floors(self, number: int) -> bool:
        atom = self.atoms[number]
        return atom.kind == FLOOR and isinstance(atom.args[1], int)

    def value(self, polynomial: Polynomial) -> int:
        """Return what a polynomial comes to for the numbers that were recorded."""
        return sum(c * prod(self.atoms[number].value for number in m) for m, c in polynomial.items())


def plus(one: Polynomial, other: Polynomial, sign: int = 1) -> Polynomial:
    """Return one + sign*other."""
    total = dict(one)
    for monomial, coefficient in other.items():
        number = total.get(monomial, 0) + sign * coefficient
        if number:
            total[monomial] = number
        else:
            del total[monomial]
    return total


def times(one: Polynomial, other: Polynomial) -> Polynomial:
    """Return one * other."""
    total: Polynomial = {}
    for left, a in one.items():
        for right, b in other.items():
            monomial = tuple(sorted(left + right)) if left and right else left or right
            number = total.get(monomial, 0) + a * b
            if number:
                total[monomial] = number
            else:
                del total[monomial]
    return total


def without(monomial: Monomial, divisor: Monomial) -> Monomial | None:
    """Return a monomial with the factors of another taken out, None where it does not have them all."""
    left = list(monomial)
    for factor in divisor:
        if factor not in left:
            return None
        left.remove(factor)
    return tuple(left)


def sum_of(polynomials: Iterable[Polynomial]) -> Polynomial:
    """Return the sum of several."""
    total: Polynomial = {}
    for polynomial in polynomials:
        for monomial, coefficient in polynomial.items():
            total[monomial] = total.get(monomial, 0) + coefficient
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}
