"""Quantities and budgets as written: read exactly, refused where anyone could read them differently."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc.gate.budget import Limit, layered
from cnncalc.gate.config import glob_pattern, read_call
from cnncalc.gate.metrics import METRICS
from cnncalc.gate.quantity import (
    QuantityError,
    Unit,
    parse_percentage,
    parse_quantity,
    percentage,
    rounded,
    shown,
)
from cnncalc.values.diagnostics import SpecError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("300M", 300_000_000),
        ("4.1G", 4_100_000_000),
        ("1.5k", 1500),
        ("12000", 12000),
        ("0", 0),
        ("2T", 2 * 10**12),
        ("0.3M", 300_000),
        ("1e6", 1_000_000),
        (" 7 M ", 7_000_000),
        (12, 12),
        (3e8, 300_000_000),
        (Fraction(9, 3), 3),
        ("9007199254740993", 9007199254740993),
        ("4.100000001G", 4_100_000_001),
    ],
)
def test_counts_are_read_exactly(text: object, value: int) -> None:
    found = parse_quantity(text, Unit.COUNT)
    assert found == value
    assert isinstance(found, int)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12 MiB", 12 * 2**20),
        ("12MiB", 12 * 2**20),
        ("1.5 KiB", 1536),
        ("12 MB", 12_000_000),
        ("512 B", 512),
        ("1GiB", 2**30),
        ("4096", 4096),
        ("1 kB", 1000),
    ],
)
def test_bytes(text: str, value: int) -> None:
    assert parse_quantity(text, Unit.BYTES) == value


@pytest.mark.parametrize(
    "text",
    [
        "1_000",
        "1,000",
        "1_000k",
        "1,000M",
        "nan",
        "inf",
        "-inf",
        ".nan",
        ".inf",
        "-1",
        "-1M",
        "",
        " ",
        "M",
        "ten",
        "1.5",
        "1 2",
        "300m",
        "300K",
        "1B",
        "12 MiB",
        "10%",
        "1e400",
        "0x10G",
        "010",
        "1..2",
        "1.2.3M",
        True,
        None,
        [],
        {},
        float("nan"),
        float("inf"),
        -3,
        0.5,
        "١٢",
    ],
)
def test_what_is_no_count_is_refused_with_a_hint(text: object) -> None:
    with pytest.raises(QuantityError) as refused:
        parse_quantity(text, Unit.COUNT)
    assert refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize("text", ["1_000 MiB", "12 mib", "-1 MiB", "nan MiB", "0.3 B"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(QuantityError):
        parse_quantity(text, Unit.BYTES)


def test_shares() -> None:
    assert parse_quantity("12.5%", Unit.SHARE) == Fraction(1, 8)
    assert parse_quantity("0.5", Unit.SHARE) == Fraction(1, 2)
    assert parse_quantity("100%", Unit.SHARE) == 1
    for text in ("101%", "50", "-1%", "5M", "nan%", "%"):
        with pytest.raises(QuantityError):
            parse_quantity(text, Unit.SHARE)
    assert parse_percentage("2%") == Fraction(1, 50)
    assert parse_percentage("250%") == Fraction(5, 2)
    assert parse_percentage("2M") is None


@given(st.integers(min_value=0, max_value=10**30))
def test_a_plain_integer_comes_back(number: int) -> None:
    if number < 2**63:
        assert parse_quantity(str(number), Unit.COUNT) == number
    assert f"{number:,}" in shown(number)


@given(st.integers(min_value=0, max_value=10**18), st.sampled_from([Unit.COUNT, Unit.BYTES]))
def test_the_rounded_number_is_near_and_readable_again(number: int, unit: Unit) -> None:
    text = rounded(number, unit)
    if text is not None:
        digits = text.rstrip(" kKMGTPiB")
        suffix = text[len(digits) :].strip()
        factor = {
            "k": 10**3,
            "M": 10**6,
            "G": 10**9,
            "T": 10**12,
            "P": 10**15,
            "KiB": 2**10,
            "MiB": 2**20,
            "GiB": 2**30,
            "TiB": 2**40,
        }[suffix]
        assert abs(Fraction(digits) * factor - number) <= Fraction(number, 200)


def test_rounding_never_reaches_a_limit_that_is_not_reached() -> None:
    assert rounded(999_999) == "1M"
    assert rounded(10**15) == "1P"
    assert rounded(10**15 - 10**11) == "1P"
    assert rounded(999 * 10**12) == "999T"
    assert [percentage(Fraction(value, 100), signed=True) for value in (-1, 0, 1)] == ["-1 %", "0 %", "+1 %"]
    assert rounded(999_499) == "999k"
    assert shown(1000) == "1,000 (1k)"
    assert shown(999) == "999"
    assert percentage(Fraction(99_999_999, 100_000_000)) == "99.99 %"
    assert percentage(Fraction(100_000_001, 100_000_000), up=True) == "100.01 %"


def test_every_metric_has_a_name_a_unit_and_a_place_in_the_docs() -> None:
    assert list(METRICS) == [
        "macs",
        "flops",
        "params",
        "model_size",
        "memory_access",
        "memory_access_bytes",
        "activations",
        "peak_activation",
        "peak_activation_bytes",
        "arena",
        "sram",
        "flash",
        "largest_tensor",
        "bops",
        "ops",
        "effective_macs",
        "receptive_field",
        "depth",
        "width",
        "layers",
        "connections",
        "fc_share",
    ]


def limits(**budget: object) -> list[Limit]:
    return layered([read_call(budget, "test")])


def test_bare_is_a_maximum_and_rf_is_the_receptive_field() -> None:
    found = limits(macs="4.1G", rf={"min": 224}, params={"max": "2M", "min": "1M"})
    assert [(limit.metric, limit.bound, limit.value) for limit in found] == [
        ("macs", "max", 4_100_000_000),
        ("receptive_field", "min", 224),
        ("params", "max", 2_000_000),
        ("params", "min", 1_000_000),
    ]


def test_layers_is_a_number_or_a_list() -> None:
    (number,) = limits(layers=60)
    assert (number.metric, number.value, number.match) == ("layers", 60, None)
    listed = limits(layers=[{"match": "a.*", "macs": {"max": "60M"}, "params": "10%"}], layer_count=60)
    assert [(limit.metric, limit.match, limit.relative, limit.value) for limit in listed] == [
        ("macs", "a.*", False, 60_000_000),
        ("params", "a.*", True, Fraction(1, 10)),
        ("layers", None, False, 60),
    ]


@pytest.mark.parametrize(
    ("budget", "code"),
    [
        ({"mcas": 3}, "unknown-metric"),
        ({"macs": {"most": 3}}, "bad-budget"),
        ({"macs": {}}, "bad-budget"),
        ({"macs": [3]}, "bad-quantity"),
        ({"macs": None}, "bad-quantity"),
        ({"macs": "1_000"}, "bad-quantity"),
        ({"macs": "50%"}, "bad-quantity"),
        ({"macs": 3, "000": None}, "unknown-metric"),
        ({"rf": 3, "receptive_field": 4}, "duplicate-key"),
        ({"layers": [{"macs": 3}]}, "bad-budget"),
        ({"layers": [{"match": "a"}]}, "bad-budget"),
        ({"layers": [{"match": "a", "depth": 3}]}, "unknown-metric"),
        ({"layers": ["a"]}, "bad-budget"),
        ({"max_increase": 3}, "bad-budget"),
        ({"max_increase": {"macs": "-2%"}}, "bad-quantity"),
        ({"max_increase": {"nothing": 0}}, "unknown-metric"),
        ({"convention": "guess", "flops": 1}, "bad-budget"),
        ({"dtype": "fp31", "model_size": 1}, "bad-budget"),
        ({"warn_at": "200%", "macs": 1}, "bad-quantity"),
        ({"variants": {"s": 3}}, "bad-budget"),
    ],
)
def test_what_no_budget_means_is_refused(budget: dict[str, object], code: str) -> None:
    with pytest.raises(SpecError) as refused:
        read_call(budget, "test")
    assert code in {finding.code for finding in refused.value.diagnostics}
    assert all(finding.hint for finding in refused.value.diagnostics)


def test_a_higher_source_replaces_metric_and_side_only_and_keeps_what_it_replaced() -> None:
    low = read_call({"macs": {"max": 10, "min": 1}, "params": 5}, "low")
    high = read_call({"macs": 20}, "high")
    found = {(limit.metric, limit.bound): limit for limit in layered([low, high])}
    assert found["macs", "max"].value == 20
    assert [lower.value for lower in found["macs", "max"].replaced] == [10]
    assert found["macs", "max"].loosens(found["macs", "max"].replaced[0])
    assert found["macs", "min"].value == 1
    assert found["params", "max"].origin.name == "low"


def test_the_rule_of_a_source_holds_for_higher_ones_that_fix_none_and_outranks_flags() -> None:
    low = read_call({"flops": 10, "convention": "fvcore", "model_size": 3}, "low")
    high = read_call({"flops": {"min": 1}, "dtype": "int8"}, "high")
    found = {(limit.metric, limit.bound): limit for limit in layered([low, high], convention="mac", dtype="fp16")}
    assert found["flops", "max"].convention == found["flops", "min"].convention == "fvcore"
    assert found["model_size", "max"].dtype == "fp16"
    assert layered([read_call({"flops": 1}, "x")], convention="mac")[0].convention == "mac"
    assert layered([read_call({"flops": 1}, "x")])[0].convention == "exact"


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("specs/*.yaml", "specs/a.yaml", True),
        ("specs/*.yaml", "specs/deep/a.yaml", False),
        ("specs/**/*.yaml", "specs/deep/er/a.yaml", True),
        ("specs/**/*.yaml", "specs/a.yaml", True),
        ("specs/**", "specs/deep/a.yaml", True),
        ("*.yaml", "specs/deep/a.yaml", True),
        ("a?.yaml", "specs/ab.yaml", True),
        ("./specs/a.yaml", "specs/a.yaml", True),
        ("specs/a+b.yaml", "specs/aab.yaml", False),
        ("b.yaml", "specs/ab.yaml", False),
    ],
)
def test_globs_of_specs(glob: str, path: str, matches: bool) -> None:
    assert (glob_pattern(glob).fullmatch(path) is not None) == matches


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (None, "nothing is not a quantity"),
        (True, "true is not a quantity"),
        ([3], "[3] is not a quantity"),
        ("0x10", "'0x10' is not a quantity"),
        ("0o7", "'0o7' is not a quantity"),
        (float("inf"), "inf is not a finite number"),
        ("-1", "'-1' is negative"),
    ],
)
def test_what_is_no_quantity_is_named(written: object, message: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse_quantity(written, Unit.COUNT)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2**40, Unit.BYTES, "1 TiB"), (3 * 2**40 // 2, Unit.BYTES, "1.5 TiB"), (2**30, Unit.BYTES, "1 GiB"),
        (2**20, Unit.BYTES, "1 MiB"), (2**10, Unit.BYTES, "1 KiB"), (2**10 - 1, Unit.BYTES, None),
        (10**15, Unit.COUNT, "1P"), (10**12, Unit.COUNT, "1T"), (10**9, Unit.COUNT, "1G"), (10**6, Unit.COUNT, "1M"),
        (999_999_999, Unit.COUNT, "1G"), (1000, Unit.COUNT, "1k"), (999, Unit.COUNT, None), (5000, Unit.SHARE, None),
    ],
)  # fmt: skip
def test_suffixes_begin_at_their_size(value: int, unit: Unit, text: str | None) -> None:
    assert rounded(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0 %"),
        (Fraction(1, 3), "+33.33 %"),
        (Fraction(2, 3), "+66.67 %"),
        (Fraction(-1, 8), "-12.5 %"),
        (Fraction(12), "+1,200 %"),
        (Fraction(1, 30_000), "+0.003 %"),
        (1 + Fraction(1, 30_000), "+100.003 %"),
        (Fraction(-1, 30_000_000), "-0.000003 %"),
        (Fraction(1, 3 * 10**8), "+0 %"),
        (Fraction(1, 3) * Fraction(1, 10**7), "+0.000003 %"),
        (Fraction(15, 10**10), "+0 %"),
    ],
)
def test_a_change_has_as_many_decimals_as_say_something(value: Fraction, text: str) -> None:
    """Worked out by hand: two decimals, rounded half up; more, up to six, while those say nothing of what is there."""
    assert percentage(value, signed=True) == text


@pytest.mark.parametrize(("written", "unit", "hint"), [
    ("12K", Unit.COUNT, "did you mean 'k'? known are k, M, G, T, P"),
    ("12b", Unit.COUNT, "did you mean 'G'? known are k, M, G, T, P"),
    ("12KB", Unit.COUNT, "known suffixes are k, M, G, T, P"),
    ("3mb", Unit.BYTES, "did you mean 'MB'?"),
    ("3KB", Unit.BYTES, "did you mean 'kB'?"),
])  # fmt: skip
def test_a_suffix_in_other_letters_is_proposed_where_the_unit_has_it(written: str, unit: Unit, hint: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse_quantity(written, unit)
    assert caught.value.hint.startswith(hint)
