"""Formulas written for other numbers than those of their recording: the same text as a recording of these gives.

Texts are worked out by the evaluator of `explained`, which shares no code with the package.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, Any

import pytest
from explained import evaluate
from hypothesis import assume, given
from hypothesis import strategies as st

from cnncalc.explanation.term import letter, tree_of
from cnncalc.numbers.doors import exactly, named, recorded
from cnncalc.numbers.functions import not_below
from cnncalc.numbers.recorder import Recorder
from cnncalc.numbers.replay import Replay, hold
from cnncalc.numbers.tree import in_numbers, value, worked_out
from cnncalc.numbers.wording import Wording, with_values

if TYPE_CHECKING:
    from collections.abc import Callable

FORMULAS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "a sum": lambda a, b, c: 2 * a - b + c - 4,
    "a sum of products": lambda a, b, c: a * b - b * c + 3,
    "the edge of a field": lambda a, b, c: c - b * a,
    "a product": lambda a, b, c: 3 * a * b * c,
    "a product of sums": lambda a, b, c: (a + c) * (b - 1) * c,
    "rounded down": lambda a, b, c: (a + 2 * b - c) // b + 1,
    "rounded up": lambda a, b, c: -(-(a * b + c) // b),
    "a quotient that leaves no rest": lambda a, b, c: exactly(a * b * 6, b * 2) + c,
    "an odd quotient": lambda a, b, c: exactly(c * 2 * b, 2) * a,
    "the greatest": lambda a, b, c: recorded(max, a - b, c, 0) * 2 - b,
    "what divides both": lambda a, b, c: a * recorded(gcd, a, b) + c,
    "one or none": lambda a, b, c: a - recorded(not_below, a * b, c + 9),
    "a letter of its own": lambda a, b, c: named("k_eff", b * (a - 1) + 1, "H") * c - a // named("q", b * b, "H"),
    "a choice": lambda a, b, c: a * b if a > b else a + c,
    "nothing": lambda a, _b, _c: a - a + 5,
}


def taken(formula: Callable[[Any, Any, Any], Any], numbers: tuple[int, int, int]) -> tuple[Any, Recorder]:
    """What a formula gives on letters that stand for numbers."""
    recorder = Recorder(asking=False)
    return formula(*(letter(recorder, name, n) for name, n in zip("abc", numbers, strict=True))), recorder


numbers = st.tuples(st.integers(1, 30), st.integers(1, 9), st.integers(-20, 20))


@pytest.mark.parametrize("name", FORMULAS)
@given(first=numbers, then=numbers)
def test_a_formula_is_written_as_if_it_had_been_recorded_anew(
    name: str, first: tuple[int, int, int], then: tuple[int, int, int]
) -> None:
    formula = FORMULAS[name]
    (old, recorder), (new, _) = taken(formula, first), taken(formula, then)
    values = dict(zip("abc", then, strict=True))
    decisions = Replay().decisions(recorder.guards.items())
    assume(hold(decisions, values))
    wording, tree, plain = Wording(tree_of(old)), tree_of(new), formula(*then)
    assert wording.of(values) == value(with_values(wording.tree, values)) == plain
    assert wording.in_numbers(values) == in_numbers(tree)
    assert wording.worked_out(values) == worked_out(tree)
    assert evaluate(wording.in_numbers(values)) == evaluate(wording.worked_out(values)) == plain


def test_what_was_decided_is_asked_again() -> None:
    _, recorder = taken(FORMULAS["a choice"], (7, 3, 1))
    decisions = Replay().decisions(recorder.guards.items())
    assert hold(decisions, {"a": 9, "b": 8, "c": 0})
    assert not hold(decisions, {"a": 3, "b": 3, "c": 1})


def test_a_number_that_became_text_or_a_key_is_decided() -> None:
    recorder = Recorder(asking=False)
    for use in (str, hash, "{:d}".format, range, lambda n: n.numerator):
        recorder.guards.clear()
        use(letter(recorder, "a", 7))
        decisions = Replay().decisions(recorder.guards.items())
        assert hold(decisions, {"a": 7})
        assert not hold(decisions, {"a": 8})


def test_a_division_by_nothing_is_no_answer() -> None:
    recorder = Recorder(asking=False)
    a, b = letter(recorder, "a", 7), letter(recorder, "b", 2)
    assert a // b > 1
    assert not hold(Replay().decisions(recorder.guards.items()), {"a": 7, "b": 0})
