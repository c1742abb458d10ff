"""Networks with attention against the totals of the reference code under PyTorch's FlopCounterMode, math kernel."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app

FOLDER = Path(__file__).parents[1] / "data" / "hybrids"
TOTALS = [
    ("nonlocal", 131_712, 260_112_384),
    ("region_heads", 17_008_162, 54_642_585_600),
    ("swin_t", 28_288_354, 4_490_566_656),
    ("vit_tiny", 5_717_416, 1_253_683_200),
]
"""File, parameters and multiply-accumulates: a non-local block and the heads of torchvision's Mask R-CNN on 100 regions
(TwoMLPHead, FastRCNNPredictor, MaskRCNNHeads, MaskRCNNPredictor) in PyTorch 2.13, the others of timm 1.0.31."""


@pytest.mark.parametrize(("name", "params", "macs"), TOTALS)
def test_totals_are_those_of_the_reference(name: str, params: int, macs: int) -> None:
    totals = cnncalc.analyze(FOLDER / f"{name}.yaml").totals
    assert (totals.params, totals.macs) == (params, macs)


def test_products_of_activations_are_counted_apart_from_weights() -> None:
    report = cnncalc.analyze(FOLDER / "vit_tiny.yaml")
    products = sum(layer.macs or 0 for layer in report.layers if ".attention" in layer.path)
    assert products == 178_831_872


def test_expanding_keeps_the_sources_of_attention() -> None:
    for name, params, macs in TOTALS:
        written = CliRunner().invoke(app, ["expand", str(FOLDER / f"{name}.yaml")])
        assert written.exit_code == 0, written.output
        again = cnncalc.analyze(cnncalc.parse(written.stdout)).totals
        assert (again.params, again.macs) == (params, macs)


def test_a_position_sees_its_window_and_a_causal_one_its_past() -> None:
    attention = {"attention": {"heads": 1, "window": [2, 3]}, "from": ["input", "input", "input"]}
    windowed = cnncalc.analyze({"input": [4, 6, 6], "layers": [attention]}).layers[-1]
    assert windowed.receptive_field == (2, 3)
    causal = {"attention": {"heads": 1, "causal": True}, "from": ["input", "input", "input"]}
    past = cnncalc.analyze({"input": [4, 6], "layers": [causal]}).layers[-1]
    assert (past.receptive_field, past.receptive_field_min) == ((6,), (1,))


def test_windows_that_do_not_fit_are_located() -> None:
    text = "input: [4, 7, 7]\nlayers:\n  - {attention: {heads: 1, window: 2}, from: [input, input, input]}\n"
    with pytest.raises(cnncalc.SpecError) as refused:
        cnncalc.analyze(cnncalc.parse(text))
    (found,) = refused.value.diagnostics
    assert "windows of 2x2, which do not divide the map 4x7x7" in found.message
    assert found.span is not None
    assert found.span.line == 3
    assert "pad" in (found.hint or "")


def test_attention_without_its_three_sources_is_located() -> None:
    with pytest.raises(cnncalc.SpecError) as refused:
        cnncalc.analyze(cnncalc.parse("input: [4, 7, 7]\nlayers:\n  - attention\n"))
    (found,) = refused.value.diagnostics
    assert (found.code, found.hint) == ("source-count", "write from: with 3 labels")
    assert "wants 3 sources, got 1" in found.message
