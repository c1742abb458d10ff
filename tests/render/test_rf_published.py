"""Receptive fields that others published: Google's table at every end point, and the original U-Net's."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import cnncalc
from cnncalc.analysis.receptive import unit_box
from cnncalc.api import build_graph

FOLDER = Path(__file__).parents[1] / "data" / "google_rf"
TABLE: dict[str, Any] = json.loads((FOLDER / "table.json").read_text(encoding="utf-8"))["networks"]


def end(report: cnncalc.Report, label: str) -> cnncalc.Layer:
    """The layer of a label, or the last inside the block of that label."""
    return [layer for layer in report.layers if layer.path == label or layer.path.startswith(f"{label}.")][-1]


@pytest.mark.parametrize("resolution", [224, 321])
@pytest.mark.parametrize("name", TABLE)
def test_google_table(name: str, resolution: int) -> None:
    network = TABLE[name]
    report = cnncalc.analyze(FOLDER / network["spec"], variant=network["variant"], input=[3, resolution, resolution])
    for row in network["end_points"]:
        layer = end(report, row["end_point"])
        padding = -row["padding"][str(resolution)]
        assert layer.receptive_field == (row["size"],) * 2, row["end_point"]
        assert layer.receptive_field_min == (row["size"],) * 2, row["end_point"]
        assert layer.jump == (row["stride"],) * 2, row["end_point"]
        assert layer.start == (padding, padding), row["end_point"]
    assert not [w for w in report.warnings if w.code == "misaligned-merge"]


@pytest.mark.parametrize("name", TABLE)
def test_what_does_not_depend_on_the_resolution(name: str) -> None:
    """The rows of the table for an unknown resolution, at one that it does not list."""
    network = TABLE[name]
    report = cnncalc.analyze(FOLDER / network["spec"], variant=network["variant"], input=[3, 267, 299])
    for row in network["end_points"]:
        layer = end(report, row["end_point"])
        assert (layer.receptive_field, layer.jump) == ((row["size"],) * 2, (row["stride"],) * 2), row["end_point"]
        if row["padding"]["unknown"] is not None:
            assert layer.start == (-row["padding"]["unknown"],) * 2, row["end_point"]


def test_the_table_is_whole() -> None:
    assert {name: len(network["end_points"]) for name, network in TABLE.items()} == {
        "alexnet_v2": 7, "vgg_a": 13, "vgg_16": 13, "inception_v2": 15, "inception_v3": 18, "mobilenet_v1": 14,
        "resnet_v1_50": 4, "resnet_v1_101": 4, "resnet_v1_152": 4,
    }  # fmt: skip


def test_unet_sees_204_at_12_of_16_positions_and_188_at_4() -> None:
    """Measured with gradients in PyTorch on the network of arXiv:1505.04597."""
    report = cnncalc.analyze("unet")
    last = report.layers[-1]
    assert last.receptive_field == (204, 204)
    assert last.receptive_field_min == (188, 188)
    graph, _, _ = build_graph("unet")
    for first in (0, 16, 176):
        for axis in (0, 1):
            sizes: Counter[int] = Counter()
            for x in range(first, first + 16):
                box = unit_box(graph, len(graph.nodes) - 1, [x, 5] if axis == 0 else [5, x])["input"][axis]
                assert box is not None
                sizes[box[1] - box[0] + 1] += 1
            assert sizes == {204: 12, 188: 4}


@pytest.mark.parametrize(
    ("kernel", "padding", "sizes"),
    [(4, 1, [4, 4, 4, 4]), (3, 1, [2, 4, 2, 4]), (2, 0, [2, 2, 2, 2])],
)
def test_transposed_convolutions_after_a_pool(kernel: int, padding: int, sizes: list[int]) -> None:
    """By hand: a unit that k taps reach sees ceil or floor of k/2 pooled units, 2 pixels each."""
    graph, _, collector = build_graph(
        {"input": [1, 16, 16], "layers": [{"max_pool": 2}, {"conv_transpose": {
            "out": 1, "kernel": kernel, "stride": 2, "padding": padding}}]}
    )  # fmt: skip
    assert not collector.errors
    found = []
    for x in range(4, 8):
        box = unit_box(graph, 1, [x, 4])["input"][0]
        assert box is not None
        found.append(box[1] - box[0] + 1)
    assert sorted(found) == sorted(sizes)
    report = cnncalc.analyze({"input": [1, 16, 16], "layers": [{"max_pool": 2}, {"conv_transpose": {
        "out": 1, "kernel": kernel, "stride": 2, "padding": padding}}]})  # fmt: skip
    assert (report.layers[1].receptive_field, report.layers[1].receptive_field_min) == (
        (max(sizes),) * 2, (min(sizes),) * 2)  # fmt: skip
