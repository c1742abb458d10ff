"""Operators along an axis of their own, windows and parts: what units read, and what is said about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app

SWIN = Path(__file__).parents[1] / "data" / "hybrids" / "swin_t.yaml"


def last(layers: list[Any], size: tuple[int, ...] = (6, 12), **more: Any) -> Any:
    return cnncalc.analyze({"input": list(size), "layers": layers, **more}).layers[-1]


def test_concat_joins_along_an_axis() -> None:
    layers = [
        {"conv": {"out": 32, "kernel": 2}, "as": "a"},
        {"conv": {"out": 32, "kernel": 4}, "from": "input", "as": "b"},
        {"concat": ["a", "b"], "axis": 1},
    ]
    report = cnncalc.analyze({"input": [6, 400], "layers": layers})
    joined = report.layers[-1]
    assert joined.out_shape == (32, 399 + 397)
    assert (joined.receptive_field, joined.receptive_field_min) == ((4,), (2,))
    assert joined.jump == (None,)
    assert not report.warnings


@pytest.mark.parametrize(("port", "start"), [(0, 0), (1, 2), (2, 5)])
def test_each_part_of_a_cut_axis_starts_at_its_own_place(port: int, start: int) -> None:
    # x[:, :, 5:] of PyTorch: unit 0 is pixel 5
    cut = {"split": {"sizes": [2, 3, 7], "axis": 1}, "as": ["a", "b", "c"]}
    layers = [cut, {"conv": {"out": 4, "kernel": 2}, "from": "abc"[port]}, {"relu": {}}]
    found = last(layers, accept=["unused-result"])
    assert (found.receptive_field, found.start, found.jump) == ((2,), (start,), (1,))


def test_a_slice_of_an_axis_is_a_crop() -> None:
    sliced = last([{"conv": {"out": 4, "kernel": 3}}, {"slice": {"range": [2, 5], "axis": "last"}}])
    cropped = last([{"conv": {"out": 4, "kernel": 3}}, {"crop": {"size": 3, "offset": 2}}])
    assert sliced.out_shape == cropped.out_shape == (4, 3)
    assert (sliced.receptive_field, sliced.start) == (cropped.receptive_field, cropped.start) == ((3,), (2,))


def test_reductions_and_softmax_read_their_axis_whole() -> None:
    mean = last([{"channel_mean": {"axis": 1}}], (6, 5, 4))
    assert (mean.out_shape, mean.receptive_field) == ((6, 1, 4), (5, 1))
    weights = last([{"softmax": {"axis": "last"}}], (6, 5, 4))
    assert (weights.out_shape, weights.receptive_field) == ((6, 5, 4), (1, 4))


def test_permute_takes_the_fields_along() -> None:
    conv = {"conv": {"out": 4, "kernel": [3, 5], "stride": [1, 2]}}
    turned = last([conv, {"permute": [0, 2, 1]}], (6, 9, 15))
    assert (turned.receptive_field, turned.jump) == ((5, 3), (2, 1))
    back = last([conv, {"permute": [0, 2, 1]}, {"permute": [0, 2, 1]}], (6, 9, 15))
    assert (back.receptive_field, back.jump) == ((3, 5), (1, 2))


def test_windows_step_as_their_map_does_and_are_no_misalignment() -> None:
    report = cnncalc.analyze(SWIN)
    assert not report.warnings
    assert {layer.jump for layer in report.layers if not layer.is_global} == {(4, 4), (8, 8), (16, 16), (32, 32)}


def test_causal_attention_beside_its_input_is_aligned() -> None:
    attention = {"attention": {"heads": 2, "causal": True}, "from": ["x", "x", "x"]}
    layers = [{"conv": {"out": 4, "kernel": 1}, "as": "x"}, attention, {"add": ["prev", "x"]}]
    assert not cnncalc.analyze({"input": [4, 9], "layers": layers}).warnings


def test_expanding_keeps_attention_over_parts_of_a_split(tmp_path: Path) -> None:
    spec = tmp_path / "parts.yaml"
    spec.write_text(
        "cnncalc: 1\ninput: [8, 4, 4]\nlayers:\n  - conv: {out: 24, kernel: 1}\n  - {split: 3, as: [q, k, v]}\n"
        "  - {attention: 2, from: [q, k, v]}\n  - {conv: {out: 8, kernel: 1}}\n  - {add: [prev, v]}\n",
        encoding="utf-8",
    )
    written = CliRunner().invoke(app, ["expand", str(spec)])
    assert written.exit_code == 0, written.output
    again = cnncalc.analyze(cnncalc.parse(written.stdout))
    before = cnncalc.analyze(spec)
    assert [(n.path, n.macs, n.inputs) for n in again.layers] == [(n.path, n.macs, n.inputs) for n in before.layers]
