"""What a table row says about a layer: its arguments as given, as a spec would write them, nothing that is usual."""

from __future__ import annotations

from typing import Any

import pytest

import cnncalc
from cnncalc.analysis.group import tree
from cnncalc.render.arguments import headline
from cnncalc.render.columns import chosen
from cnncalc.render.diff import apart
from cnncalc.render.table import TableView, render


def described(item: dict[str, Any]) -> str:
    """The words for the only layer of a spec."""
    return cnncalc.analyze({"cnncalc": 1, "input": [8, 16, 12], "layers": [item]}).layers[0].text


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"conv": {"out": 4, "kernel": [3, 5], "stride": 2}}, "4, kernel 3x5, stride 2"),
        ({"conv": {"out": 4, "kernel": 3, "bias": False}}, "4, no bias, kernel 3"),
        ({"conv": {"out": 4, "kernel": 3, "padding": [1, 0, 2, 2]}}, "4, kernel 3, padding [1, 0, 2, 2]"),
        ({"split": 2, "as": ["a", "b"]}, "2"),
        ({"split": {"sizes": [3, 5]}, "as": ["a", "b"]}, "sizes [3, 5]"),
        ({"slice": [0, 2]}, "[0, 2]"),
        ({"reshape": [4, -1]}, "[4, -1]"),
        ({"opaque": [4, 3, 3]}, "[4, 3, 3]"),
        ({"pad": [1, 2, 0, 3]}, "[1, 2, 0, 3]"),
        ({"crop": [3, 4]}, "3x4"),
        ({"adaptive_avg_pool": [5, None]}, "5xnull"),
        ({"upsample": {"scale": [1.5, 2], "mode": "bilinear"}}, "1.5x2, mode bilinear"),
    ],
)
def test_arguments_read_as_given(item: dict[str, Any], words: str) -> None:
    assert described(item) == words


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"relu": {"call": "function"}}, ""),
        ({"global_avg_pool": {"call": "mean"}}, ""),
        ({"max_pool": {"kernel": 3, "stride": 2, "call": "function"}}, "3, stride 2"),
    ],
)
def test_what_only_counting_rules_ask_is_not_in_the_table(item: dict[str, Any], words: str) -> None:
    assert described(item) == words


CALLS = ["relu", "softmax", "global_avg_pool", "max_pool: 2", "adaptive_avg_pool: 2", "upsample: 2"]


@pytest.mark.parametrize("item", CALLS)
def test_a_call_changes_no_number_but_those_of_rules_that_hook_modules(item: str) -> None:
    name, _, value = item.partition(": ")
    key = {"max_pool": "kernel", "adaptive_avg_pool": "size", "upsample": "scale"}.get(name)
    given = {key: int(value)} if key else {}
    for rule in ("exact", "2mac", "mac", "flopcounter", "fvcore", "torchinfo"):
        plain, called = (
            cnncalc.analyze({"cnncalc": 1, "input": [8, 16, 12], "layers": [{name: given | more}]}, convention=rule)
            for more in ({}, {"call": "function"})
        )
        rows = [report.to_dict() for report in (plain, called)]
        for row in rows:
            row["layers"][0].pop("attributes")
        assert rows[0] == rows[1]


UNEVEN: dict[str, Any] = {"conv": {"out": 64, "kernel": 3, "padding": [1, 0, 2, 2], "bias": False}}


def test_an_argument_of_several_numbers_is_left_out_whole() -> None:
    report = cnncalc.analyze({"input": [8, 16, 12], "layers": [UNEVEN]})
    assert headline(report.layers[0], ("padding",)) == "conv 64, no bias, kernel 3"
    assert headline(report.layers[0], ("no bias",), letters=True) == "conv 64, k3, p[1, 0, 2, 2]"
    view = TableView(rows=tree(report.layers), columns=chosen(["layer", "operator"]), summary=False)
    for width in range(14, 60):
        line = next(line for line in render(report, view, width=width).splitlines() if line.startswith("conv1"))
        said = line.removeprefix("conv1").strip()
        assert said in {"conv 64, no bias, kernel 3, padding [1, 0, 2, 2]", "conv 64, kernel 3, padding [1, 0, 2, 2]",
                        "conv 64, kernel 3", "conv 64, k3", "conv 64, …", "conv …", ""}  # fmt: skip


def test_what_differs_is_an_argument_not_a_part_of_its_text() -> None:
    before, after = (
        cnncalc.analyze({"input": [8, 16, 12], "layers": [{"conv": {"out": 64, "kernel": 3, "padding": padding}}]})
        for padding in ([1, 0, 2, 2], [1, 0, 2, 1])
    )
    found = apart(before.layers[0].given, after.layers[0].given)
    assert found == ("padding [1, 0, 2, 2]", "padding [1, 0, 2, 1]")
