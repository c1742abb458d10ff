"""`bits:` and `density:`: widths of numbers and zeros among weights, against published figures and by hand."""

from __future__ import annotations

from typing import Any

import pytest

import cnncalc
from cnncalc.cli import run

BI_REAL = """\
cnncalc: 1
name: bi-real-18
source: Liu et al. 2018, arXiv:1808.00278; figures as in ReActNet, arXiv:2003.03488
input: [3, 224, 224]
defaults: {conv: {kernel: 3, padding: half, bias: false}}
blocks:
  unit:
    params: {out: , stride: 1}
    layers:
      - add:
          body:
            - {conv: {out: out, stride: stride, norm: batch_norm}, as: bin, bits: {weights: 1, activations: 1}}
          skip:
            - {avg_pool: {kernel: 2, stride: 2}, when: stride == 2}
            - {conv: {out: out, kernel: 1, norm: batch_norm}, when: stride == 2, as: real}
layers:
  - {conv: {out: 64, kernel: 7, stride: 2, norm: batch_norm}, as: stem}
  - max_pool: {kernel: 3, stride: 2, padding: 1}
  - {unit: 64, repeat: 4}
  - {unit: 128, repeat: 4, first: {stride: 2}}
  - {unit: 256, repeat: 4, first: {stride: 2}}
  - {unit: 512, repeat: 4, first: {stride: 2}}
  - global_avg_pool
  - flatten
  - linear: 1000
"""


def test_a_binary_network_has_its_papers_figures() -> None:
    """Papers print 1.68e9 BOPs, 1.39e8 FLOPs, 1.63e8 OPs and 33.6 Mbit."""
    totals = cnncalc.analyze(cnncalc.parse(BI_REAL)).totals
    assert totals.bops == 1_676_279_808
    assert totals.macs - totals.bops == 137_793_536
    assert totals.ops == 163_985_408 == 137_793_536 + 1_676_279_808 // 64
    assert totals.model_bits == 33_514_752 == 10_985_472 + 704_040 * 32
    assert totals.model_size == 33_514_752 // 8


def layer(**modifiers: Any) -> dict[str, Any]:
    return {"conv": {"out": 4, "kernel": 3, "padding": 1}, **modifiers}


def totals(*layers: Any, **keys: Any) -> Any:
    dtype = keys.pop("dtype", "fp32")
    return cnncalc.analyze({"input": [2, 8, 8], "layers": list(layers), **keys}, dtype=dtype)


def test_mixed_widths_have_binary_operations_and_no_ops() -> None:
    """72 weights, 4 biases of 32 bits, 4,608 products."""
    found = totals(layer(bits={"weights": 4, "activations": 8})).totals
    assert found.bops == 4_608 * 32
    assert found.ops is None
    assert found.model_bits == 72 * 4 + 4 * 32


def test_what_is_not_said_is_the_type_of_the_network() -> None:
    found = totals(layer(bits={"weights": 4}), dtype="w:int4,a:int8").totals
    assert found.bops == 4_608 * 4 * 8
    assert found.model_bits == 76 * 4


def test_bits_of_a_file_hold_where_a_layer_says_nothing() -> None:
    report = totals(layer(), layer(bits={"weights": 2}), bits={"weights": 8, "activations": 8})
    assert [(row.bits.weights, row.bits.activations) for row in report.layers if row.bits] == [(8, 8), (2, 8)]


def test_bits_beside_a_block_call_hold_for_its_layers() -> None:
    blocks = {"b": {"layers": [layer(), layer(bits={"weights": 2})]}}
    report = totals({"b": None, "bits": {"weights": "w"}}, "relu", blocks=blocks, vars={"w": 3})
    assert [row.bits and row.bits.weights for row in report.layers] == [3, 2, None]


def test_zeros_among_the_weights() -> None:
    """A half of 72 weights at 64 positions; an index takes a bit for each of them."""
    found = totals(layer(density=0.5)).totals.precision
    assert (found.weights, found.nonzero, found.effective_macs) == (72, 36, 36 * 64)
    assert found.sparse_bits == (36 + 4) * 32
    assert found.sparse_bits_indexed == found.sparse_bits + 72
    assert totals(layer(density=0.501)).totals.precision.nonzero == 37


def test_an_output_is_stored_in_its_own_width() -> None:
    """Input 128 and output 256 elements: 4 bytes each, and then one bit each for the output."""
    assert totals(layer()).summary.peak_activation.bytes == 4 * (128 + 256)
    narrow = totals(layer(bits={"output": 1}))
    assert narrow.summary.peak_activation.bytes == 4 * 128 + 32
    assert narrow.layers[0].bytes == 4 * 128 + 32 + 4 * 76
    spec = {"input": [2, 8, 8], "layers": [layer(bits={"output": 1})]}
    memory = cnncalc.analyze(spec, runtime="plain").memory
    assert memory is not None
    assert memory.arena == 4 * 128 + 32


def test_deployed_and_folded_networks_keep_them() -> None:
    spec = cnncalc.parse(BI_REAL)
    assert cnncalc.analyze(spec, deploy=True).totals.bops == 1_676_279_808
    assert cnncalc.analyze(spec, fold_bn=True).totals.bops == 1_676_279_808


def test_a_flat_spec_keeps_them(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    (tmp_path / "net.yaml").write_text(BI_REAL)
    assert run(["expand", str(tmp_path / "net.yaml")]) == 0
    flat = cnncalc.parse(capsys.readouterr().out)
    assert cnncalc.analyze(flat).totals == cnncalc.analyze(cnncalc.parse(BI_REAL)).totals


def test_a_budget_may_limit_them(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.yaml").write_text(BI_REAL)
    file = str(tmp_path / "net.yaml")
    assert run(["check", file, "--max", "ops=164M", "--max", "bops=1.7G"]) == 0
    assert run(["check", file, "--max", "ops=160M"]) == 1
    capsys.readouterr()
    assert run(["check", "resnet18", "--max", "ops=160M"]) == 2
    assert "no layer says bits" in "".join(capsys.readouterr())


@pytest.mark.parametrize(("modifiers", "said"), [
    ({"bits": 8}, "bits must say which numbers are meant"),
    ({"bits": {"weight": 8}}, "weight"),
    ({"bits": {"weights": 0}}, "at least 1"),
    ({"bits": {"weights": "n*40"}}, "integer from 1 to 64"),
    ({"density": 0}, "density"),
    ({"density": 1.5}, "density"),
])  # fmt: skip
def test_what_is_no_width_is_an_error(modifiers: dict[str, Any], said: str) -> None:
    with pytest.raises(cnncalc.SpecError, match=said):
        totals(layer(**modifiers), vars={"n": 2})


def test_a_runtime_of_one_type_refuses_them() -> None:
    with pytest.raises(cnncalc.SpecError, match="bits of its own") as caught:
        cnncalc.analyze(cnncalc.parse(BI_REAL), runtime="tflm", dtype="int8")
    assert caught.value.diagnostics[0].span is not None
