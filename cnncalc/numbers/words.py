"""Recordings as formulas for people: polynomials with named steps, and what must hold, solved where one letter decides.

A letter may stand for a fraction: its whole number is that of so many hundredths, and formulas have the fraction.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import ceil, floor, gcd
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.numbers.functions import floor_product, not_below, rounded_channels, rounded_even
from cnncalc.numbers.node import CALL, EXACT, FLOOR, INPUT, REST
from cnncalc.numbers.polynomial import plus
from cnncalc.numbers.source import Atom, Expression, SourceProduct, SourceSum, collected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.numbers.polynomial import Polynomial
    from cnncalc.numbers.recording import Assigned, Condition, Recording


class Style(NamedTuple):
    """How a formula is written; each a form with places for its parts."""

    product: str
    power: str
    floor: str
    quotient: str
    rest: str
    call: str
    not_below: str
    at_least: str
    at_most: str
    divides: str
    unequal: str


TEXT = Style("*", "{0}^{1}", "floor({0})", "{0}/{1}", "({0} mod {1})", "{0}({1})", "[{0} >= {1}]", ">=", "<=",
             "{1} divides {0}", "!=")  # fmt: skip
LATEX = Style(r" \, ", "{0}^{{{1}}}", r"\left\lfloor {0} \right\rfloor", r"\frac{{{0}}}{{{1}}}", r"({0} \bmod {1})",
              r"\operatorname{{{0}}}\left({1}\right)", r"[{0} \ge {1}]", r"\ge", r"\le", r"{1} \mid {0}",
              r"\ne")  # fmt: skip


class Words:
    """Writes a recording's polynomials, steps and conditions.

    Args:
        recording: what is written.
        unders: what the whole number of an input is divided by, where its letter stands for a fraction.
        style: TEXT or LATEX.

    Attributes:
        names: of the steps, by number.
    """

    def __init__(self, recording: Recording, unders: Mapping[str, int], style: Style = TEXT) -> None:
        self.recording = recording
        self.style = style
        self.steps = {step.number: step for step in recording.steps}
        self.unders = {step.number: unders.get(step.name, 1) for step in recording.steps if step.kind == INPUT}
        self.names = named_steps(recording)
        if style is LATEX:
            self.names = {number: _in_latex(name) for number, name in self.names.items()}

    def polynomial(self, polynomial: Polynomial, over: int = 1) -> str:
        """Return a polynomial, divided by a number."""
        if not polynomial:
            return "0"
        scaled: dict[tuple[int, ...], Any] = {}
        for monomial, factor in polynomial.items():
            number = Fraction(factor, over)
            for atom in monomial:
                number *= self.unders.get(atom, 1)
            scaled[monomial] = number.numerator if number.denominator == 1 else number
        common = 1
        for number in scaled.values():
            common = common * number.denominator // gcd(common, number.denominator)
        whole = self._text(collected({m: int(n * common) for m, n in scaled.items()}))
        return whole if common == 1 else self.style.quotient.format(self._grouped(whole), common)

    def _grouped(self, text: str) -> str:
        return f"({text})" if self.style is TEXT and (" " in text) else text

    def _text(self, expression: Expression) -> str:
        if isinstance(expression, int):
            return str(expression)
        if isinstance(expression, Atom):
            return self.names[expression.number]
        if isinstance(expression, SourceProduct):
            parts = []
            for factor, times in Counter(expression.factors).items():
                text = self._text(factor)
                text = f"({text})" if isinstance(factor, SourceSum) else text
                parts.append(text if times == 1 else self.style.power.format(text, times))
            return f"-{self.style.product.join(parts[1:])}" if parts[0] == "-1" else self.style.product.join(parts)
        # positive terms first reads best
        texts = sorted(map(self._text, expression.terms), key=lambda text: text.startswith("-"))
        return texts[0] + "".join(f" - {text[1:]}" if text.startswith("-") else f" + {text}" for text in texts[1:])

    def step(self, step: Assigned) -> str:
        """Return what a step is."""
        form, args = self.style, step.args
        if step.kind == FLOOR:
            return form.floor.format(self._quotient(args[0], args[1]))
        if step.kind == EXACT:
            return self._quotient(args[0], args[1])
        if step.kind == REST:
            return form.rest.format(self._argument(args[0]), self._argument(args[1]))
        if step.kind != CALL or step.function is None:
            return form.product.join(f"({self._argument(arg)})" for arg in args)
        if step.function is rounded_channels:
            divisor = self._argument(args[2])
            last = f", {divisor}" if divisor != "8" else ""
            return form.call.format("round8", self._quotient(args[0], args[1]) + last)
        if step.function is rounded_even:
            return form.call.format("round", self._quotient(args[0], args[1]))
        if step.function is not_below:
            return form.not_below.format(*map(self._argument, args))
        if step.function is floor_product:
            return form.floor.format(form.product.join(f"{self._grouped(self._argument(arg))}" for arg in args))
        return form.call.format(step.function.__name__, ", ".join(map(self._argument, args)))

    def _argument(self, arg: Any) -> str:
        if isinstance(arg, dict):
            return self.polynomial(arg)
        return decimal(arg) if isinstance(arg, int | Fraction) else str(arg)

    def _quotient(self, over: Any, under: Any) -> str:
        number = under.get((), 0) if isinstance(under, dict) and set(under) <= {()} else under
        if isinstance(number, int) and isinstance(over, dict):
            return self.polynomial(over, number)
        return self.style.quotient.format(self._grouped(self._argument(over)), self._grouped(self._argument(under)))

    # Conditions.

    def requirements(self) -> list[str]:
        """Return what must hold, each once: bounds of letters and steps, what divides what, and the rest."""
        low: dict[int, int] = {}
        high: dict[int, int] = {}
        others: dict[str, None] = {}
        for condition in self.recording.conditions:
            found = solved(condition, self.steps)
            if isinstance(found, WordBound):
                if found.least:
                    low[found.atom] = max(low.get(found.atom, found.number), found.number)
                else:
                    high[found.atom] = min(high.get(found.atom, found.number), found.number)
            else:
                others[self._condition(condition)] = None
        bounds = []
        for atom in sorted({*low, *high}):
            under, name = self.unders.get(atom, 1), self.names[atom]
            ends = [decimal(Fraction(end[atom], under)) if atom in end else None for end in (low, high)]
            if ends[0] is not None and ends[0] == ends[1]:
                bounds.append(f"{name} = {ends[0]}")
                continue
            signs = self.style.at_least, self.style.at_most
            bounds += [f"{name} {sign} {end}" for sign, end in zip(signs, ends, strict=True) if end is not None]
        return [*bounds, *others]

    def _condition(self, condition: Condition) -> str:
        """Return a condition as it is, positive terms on either side."""
        difference, style = condition.difference, self.style
        if not condition.less:
            rest = [atoms for atoms in difference if atoms]
            step = self.steps.get(rest[0][0]) if len(difference) == len(rest) == 1 == len(rest[0]) else None
            if step is not None and step.kind == REST and abs(difference[rest[0]]) == 1:
                if any(self.unders.get(n, 1) > 1 for m in step.args[0] for n in m):
                    return self._quotient(*step.args) + (" is whole" if condition.truth else " is not whole")
                over, under = step.args
                if isinstance(over, dict) and set(under) <= {()}:
                    common = gcd(under.get((), 0), *over.values())
                    over, under = ({m: f // common for m, f in part.items()} for part in (over, under))
                text = style.divides.format(self._grouped(self._argument(over)), self._argument(under))
                return text if condition.truth else f"not: {text}"
            sign = "=" if condition.truth else style.unequal
            return " ".join((*self._sides(difference, sign),))
        if condition.truth:
            return " ".join(self._sides(plus(difference, {(): 1}), style.at_most))
        return " ".join(self._sides(difference, style.at_least))

    def _sides(self, difference: Polynomial, sign: str) -> tuple[str, str, str]:
        left = {m: f for m, f in difference.items() if f > 0}
        right = {m: -f for m, f in difference.items() if f < 0}
        return self.polynomial(left), sign, self.polynomial(right)


class WordBound(NamedTuple):
    """A letter or a step is at least, or at most, so much."""

    atom: int
    least: bool
    number: int


def solved(condition: Condition, steps: Mapping[int, Assigned]) -> WordBound | None:
    """Return a condition as a bound of one letter or step, None where it is none."""
    if not condition.less:
        return None
    difference = condition.difference
    if condition.truth:
        difference = plus({(): -1}, difference, -1)
    while True:
        names = [monomial for monomial in difference if monomial]
        if len(names) != 1 or len(names[0]) != 1:
            return None
        atom, factor, rest = names[0][0], difference[names[0]], difference.get((), 0)
        least = factor > 0
        number = ceil(Fraction(-rest, factor)) if least else floor(Fraction(rest, -factor))
        step = steps[atom]
        if step.kind != FLOOR or not isinstance(step.args[0], dict):
            return WordBound(atom, least, number)
        under = step.args[1]
        if isinstance(under, dict) and set(under) <= {()}:
            under = under.get((), 0)
        inner = [monomial for monomial in step.args[0] if monomial]
        if not isinstance(under, int) or under < 1 or len(inner) != 1 or len(inner[0]) != 1:
            return WordBound(atom, least, number)
        # floor(p/c) >= k is p >= c*k, and floor(p/c) <= k is p <= c*k + c - 1
        if least:
            difference = plus(step.args[0], {(): under * number} if number else {}, -1)
        else:
            top = under * number + under - 1
            difference = plus({(): top} if top else {}, step.args[0], -1)


def named_steps(recording: Recording) -> dict[int, str]:
    """Return a name for every step: that of an input, or its letter with a number, or t with one."""
    names: dict[int, str] = {}
    letters: dict[int, frozenset[str]] = {}
    counts: dict[str, int] = {}
    for step in recording.steps:
        if step.kind == INPUT:
            names[step.number], letters[step.number] = step.name, frozenset({step.name})
            continue
        parts = [letters[n] for arg in step.args if isinstance(arg, dict) for m in arg for n in m]
        of = letters[step.number] = frozenset().union(*parts)
        letter = next(iter(of)) if len(of) == 1 else "t"
        name = ""
        while not name or name in recording.inputs:
            counts[letter] = counts.get(letter, 0) + 1
            name = f"{letter}_{counts[letter]}"
        names[step.number] = name
    return names


def decimal(number: int | Fraction) -> str:
    """Return a number, as a decimal where it is one."""
    if isinstance(number, int) or number.denominator == 1:
        return str(int(number))
    text = repr(float(number))
    return text if Fraction(text) == number else f"{number.numerator}/{number.denominator}"


def _in_latex(name: str) -> str:
    letter, line, mark = name.partition("_")
    letter = letter if len(letter) == 1 else rf"\mathit{{{letter}}}"
    return f"{letter}_{{{mark.replace('_', ',')}}}" if line else letter
