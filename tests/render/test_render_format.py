"""Numbers, shapes and names as text."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc.analysis.group import Amount
from cnncalc.render import format as fmt
from cnncalc.render.format import NumberFormat


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (999, "999"), (1000, "1.00 k"), (1234, "1.23 k"), (9995, "10.0 k"), (9994, "9.99 k"),
        (99_949, "99.9 k"), (99_950, "100 k"), (999_499, "999 k"), (999_500, "1.00 M"), (25_557_032, "25.6 M"),
        (4_089_184_256, "4.09 G"), (150_428_424_448, "150 G"), (-1500, "-1.50 k"), (10**18, "1.00 E"),
        (10**21, "1.00 e21"),
    ],
)  # fmt: skip
def test_human_numbers_have_three_digits(value: int, text: str) -> None:
    assert fmt.human(value) == text


@given(st.integers(1000, 10**21 - 1))
def test_human_numbers_are_the_nearest(value: int) -> None:
    digits, unit = fmt.human(value).split(" ")
    scale = 1000 ** fmt.UNITS.index(unit) if unit in fmt.UNITS else 10**21
    step = Fraction(1, 10 ** len(digits.partition(".")[2]))
    assert len(digits.replace(".", "")) == 3
    assert abs(Fraction(digits) - Fraction(value, scale)) <= step / 2


def test_exact_and_plain_numbers() -> None:
    assert NumberFormat.EXACT.write(25557032) == "25,557,032"
    assert NumberFormat.PLAIN.write(25557032) == "25557032"
    assert fmt.amount(Amount(5000, lower_bound=True), NumberFormat.EXACT) == ">= 5,000"
    assert fmt.amount(Amount(None, lower_bound=False), NumberFormat.EXACT) == "?"


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 7, "0.0 %"), (1, 9999, "<0.1 %"), (1, 8, "12.5 %"), (427, 224, "190.6 %"), (1, 1, "100.0 %")],
)
def test_percentages(part: int, whole: int, text: str) -> None:
    assert fmt.percent(part, whole) == text


def test_axes_and_shapes() -> None:
    assert fmt.axes((427, 427)) == "427"
    assert fmt.axes((3, 5)) == "3x5"
    assert fmt.axes((None, None)) == "?"
    assert fmt.axes(()) == "-"
    assert fmt.axes((Fraction(1, 2), Fraction(1, 2))) == "0.5"
    assert fmt.axes((Fraction(1, 3),)) == "1/3"
    assert fmt.edges((-3, -3)) == "-3"
    assert fmt.edges((-3, 0)) == "(-3, 0)"
    assert fmt.shapes([(64, 112, 112)]) == "64x112x112"
    assert fmt.shapes([(2, 5), (2, 5)]) == "2 of 2x5"
    assert fmt.shapes([(2, 5), (3, 5)]) == "2x5, 3x5"


def test_lists_lose_whole_items() -> None:
    assert fmt.shorten_list("conv 64, kernel 7, stride 2", 20) == "conv 64, kernel 7, …"
    assert fmt.shorten_list("conv 64, kernel 7, stride 2", 19) == "conv 64, …"
    assert fmt.shorten_list("10 conv, 10 batch_norm, 9 relu, 3 add", 20, tallied=True) == "10 conv, 22 more"


CUT = re.compile(r"\d…|…\d")


@given(st.from_regex(r"[a-z_]{1,12}[0-9]{0,6}(\.[a-z]{1,6}[0-9]{0,4}){0,4}", fullmatch=True), st.integers(3, 40))
def test_names_are_shortened_beside_their_numbers(name: str, width: int) -> None:
    short = fmt.shorten_name(name, width)
    assert len(short) <= max(width, 3)
    assert not CUT.search(short)
    assert short == name or "…" in short


ITEM = st.from_regex(r"[a-z]{1,8}( [0-9]{1,4}(x[0-9]{1,3})?)?", fullmatch=True)


@given(st.lists(ITEM, min_size=1), st.integers(14, 60))
def test_lists_are_never_cut_inside_a_number(items: list[str], width: int) -> None:
    text = ", ".join(items)
    short = fmt.shorten_list(text, width)
    assert len(short) <= width
    assert not CUT.search(short)


@given(st.text(alphabet="ab1 ,", max_size=60), st.integers(1, 20))
def test_wrapping_breaks_at_spaces_only(text: str, width: int) -> None:
    lines = fmt.wrap(text, width)
    assert " ".join(lines) == text
    assert all(len(line) <= width or " " not in line.strip() for line in lines)
