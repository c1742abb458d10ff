"""Rows of a table: the tree of scopes, collapsed blocks, groups and order."""

from __future__ import annotations

from typing import Any

import pytest

import cnncalc
from cnncalc.analysis.group import SUMMED, Row, RowKind, TreeRows, add_up, by_operator, first, ranked, total, tree

NETWORKS = ["resnet50", "unet", "googlenet", "densenet121", "se_resnet50", "yolov3", "shufflenet_v2_x1_0", "lenet5"]


def outline(rows: tuple[Row, ...]) -> list[str]:
    return [f"{'  ' * row.level}{row.name}{f' x {row.times}' if row.times > 1 else ''}" for row in rows]


def network(*layers: Any, **keys: Any) -> cnncalc.Report:
    return cnncalc.analyze({"input": [4, 16, 16], "layers": list(layers), **keys})


def test_every_layer_has_one_row_in_order() -> None:
    for name in NETWORKS:
        report = cnncalc.analyze(name)
        rows = [row for row in tree(report.layers) if row.kind is not RowKind.HEADING]
        assert [row.path for row in rows] == [layer.path for layer in report.layers]


@pytest.mark.parametrize("depth", [None, 1, 2])
def test_rows_are_made_as_they_are_read(depth: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """CSV of a large network held every row until the last was there."""
    report = cnncalc.analyze("resnet50")
    rows = TreeRows(report.layers, depth)
    assert tuple(rows) == tree(report.layers, depth) == tuple(rows)
    made: list[str] = []

    def noted(**given: Any) -> Row:
        made.append(given["path"])
        return Row(**given)

    monkeypatch.setattr("cnncalc.analysis.group.Row", noted)
    for number, row in enumerate(rows, 1):
        assert made[-1] == row.path
        assert len(made) == number


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("depth", [None, 1, 2, 3, 4, 5])
def test_rows_add_up_to_the_totals(name: str, depth: int | None) -> None:
    report = cnncalc.analyze(name)
    whole = tree(report.layers, depth)
    for rows in (whole, ranked(whole, "params"), first(ranked(whole, "macs"), 3), by_operator(report.layers)):
        assert sum(len(row.layers) for row in rows) == report.totals.layers
        for key in SUMMED:
            sums = [row.amount(key).value for row in rows if row.kind is not RowKind.HEADING]
            assert sum(value or 0 for value in sums) == total(report.totals, key).value


def test_scopes_indent_and_merges_stand_beside_their_paths() -> None:
    report = network(
        {"conv": {"out": 4, "kernel": 3, "padding": "half", "norm": "batch_norm"}},
        {"add": {"body": [{"conv": {"out": 4, "kernel": 1}}], "skip": []}, "repeat": 2},
        {"pair": None, "as": "end"},
        blocks={"pair": {"layers": ["relu", "sigmoid"]}},
    )
    assert outline(tree(report.layers)) == [
        "conv1",
        "  norm",
        "add1.0.body",
        "  conv1",
        "add1.0",
        "add1.1.body",
        "  conv1",
        "add1.1",
        "end",
        "  relu1",
        "  sigmoid1",
    ]


def test_a_block_is_one_row_with_its_repetitions() -> None:
    """The rows of the paper's Table 1: 3, 4, 6 and 3 blocks (arXiv:1512.03385)."""
    rows = tree(cnncalc.analyze("resnet50").layers, 1)
    assert outline(rows) == [
        "conv1", "max_pool1", "layer1 x 3", "layer2 x 4", "layer3 x 6", "layer4 x 3", "global_avg_pool1", "flatten1",
        "linear1",
    ]  # fmt: skip


def test_repetitions_that_do_not_differ_fold_at_every_depth() -> None:
    layers = cnncalc.analyze("resnet50").layers
    assert [row for row in outline(tree(layers, 2)) if "layer3" in row] == ["layer3.0", "layer3.1-5 x 5"]
    deep = tree(layers, 3)
    start = next(index for index, row in enumerate(deep) if row.path == "layer3.1-5")
    assert outline(deep[start : start + 3]) == ["layer3.1-5 x 5", "  add1 x 5", "  relu1 x 5"]
    assert len(deep[start + 2].layers) == 5


def test_a_scope_named_like_a_number_of_another_is_not_mixed_up() -> None:
    report = network({"conv": {"out": 4, "kernel": 1}, "repeat": 11, "as": "c"})
    assert outline(tree(report.layers)) == [f"c.{index}" for index in range(11)]
    assert outline(tree(report.layers, 2)) == ["c.0-10 x 11"]


def test_unknown_parts_make_lower_bounds() -> None:
    assert add_up([]) == (0, False)
    assert add_up([1, 2]) == (3, False)
    assert add_up([1, None]) == (1, True)
    assert add_up([None, None]) == (None, False)
    report = network({"conv": {"out": 4, "kernel": 1, "bias": False}}, {"opaque": {"out": [4, 8, 8]}})
    groups = {row.path: row.amount("params") for row in by_operator(report.layers)}
    assert groups == {"conv": (16, False), "opaque": (None, False)}
    assert total(report.totals, "params") == (16, True)


def test_order_is_by_size_with_ties_in_place_and_the_unknown_last() -> None:
    report = network(
        {"conv": {"out": 2, "kernel": 1}}, {"conv": {"out": 8, "kernel": 1}}, "relu", "sigmoid", {"opaque": [3, 2, 2]}
    )
    paths = [row.path for row in ranked(tree(report.layers), "params")]
    assert paths == ["conv2", "conv1", "relu1", "sigmoid1", "opaque1"]
    rest = first(ranked(tree(report.layers), "params"), 2)[-1]
    assert (rest.kind, rest.name, len(rest.layers)) == (RowKind.REST, "3 more", 3)
    assert len(first(tree(report.layers), 5)) == 5
