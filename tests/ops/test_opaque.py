"""Opaque layers: several sources and outputs, and costs that the spec declares, marked wherever they are used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app

if TYPE_CHECKING:
    from pathlib import Path

CRNN = """cnncalc: 1
name: crnn
input: [1, 32, 100]
defaults: {conv: {kernel: 3, padding: 1, act: relu}}
layers:
  - conv: 64
  - max_pool: 2
  - conv: 128
  - max_pool: 2
  - conv: 256
  - conv: 256
  - max_pool: {kernel: [2, 1]}
  - conv: {out: 512, norm: batch_norm}
  - conv: {out: 512, norm: batch_norm}
  - max_pool: {kernel: [2, 1]}
  - conv: {out: 512, kernel: 2, padding: 0}
  - reshape: [512, -1]
  - opaque: {out: [256, 24], params: 1708288, macs: 40894464}
  - opaque: {out: [256, 24], params: 1184000, macs: 28311552}
  - linear: {out: 37, axis: channel}
"""


def test_a_declared_cost_completes_the_totals() -> None:
    """Parameters as PyTorch 2.13 counts those of CRNN with two bidirectional LSTMs; MACs by hand."""
    totals = cnncalc.analyze(cnncalc.parse(CRNN)).totals
    assert (totals.params, totals.macs) == (8_451_621, 686_266_368)
    assert not {"params", "macs", "model_size"} & set(totals.lower_bounds)
    assert {"flops", "memory_access", "activations", "peak_activation"} <= set(totals.lower_bounds)


def test_what_is_declared_is_marked(tmp_path: Path) -> None:
    spec = tmp_path / "crnn.yaml"
    spec.write_text(CRNN)
    data = json.loads(CliRunner().invoke(app, ["show", str(spec), "--format", "json"]).stdout)
    marked = {layer["path"]: layer["declared"] for layer in data["layers"] if "declared" in layer}
    assert marked == {"opaque1": ["params", "macs"], "opaque2": ["params", "macs"]}
    shown = CliRunner().invoke(app, ["show", str(spec)]).stdout
    assert "declared params 1708288" in shown
    assert "params, macs of opaque1" in shown


def test_the_gate_says_which_limits_rest_on_what_is_declared(tmp_path: Path) -> None:
    spec = tmp_path / "crnn.yaml"
    spec.write_text(CRNN)
    run = CliRunner().invoke(app, ["check", str(spec), "--max", "params=10M", "--max", "macs=700M"])
    assert run.exit_code == 0, run.output
    assert "params holds only by a number that layer 'opaque1' and 1 more declares" in run.stdout
    assert "macs holds only by a number that layer 'opaque1' and 1 more declares" in run.stdout
    for form in ("json", "markdown", "github", "junit", "sarif"):
        said = CliRunner().invoke(app, ["check", str(spec), "--max", "params=10M", "--format", form]).stdout
        assert "params holds only by a number that layer" in said, form
    over = CliRunner().invoke(app, ["check", str(spec), "--max", "params=8M"])
    assert over.exit_code == 1
    assert "declares" not in over.stdout
    doubt = CliRunner().invoke(app, ["check", str(spec), "--max", "depth=100"])
    assert doubt.exit_code == 2, "layers inside an opaque one stay unknown"


def test_a_comparison_and_the_table_of_fields_say_what_is_declared(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    layer = "opaque: {out: [8, 9, 9], params: 10, macs: 5, field: same}"
    file.write_text(f"input: [3, 9, 9]\nlayers:\n  - {layer}\n", encoding="utf-8")
    forms = {form: CliRunner().invoke(app, ["compare", str(file), "lenet5", "--format", form]).stdout
             for form in ("table", "csv", "markdown", "json")}  # fmt: skip
    assert "Params, MACs, Field, Model bytes" in forms["table"]
    assert "Params, MACs, Field, Model bytes" in forms["markdown"]
    assert "params macs receptive_field model_size" in forms["csv"]
    rows = json.loads(forms["json"])["networks"]
    assert [row.get("declared") for row in rows] == [["params", "macs", "receptive_field", "model_size"], None]
    assert "<p>declared in " in cnncalc.compare(str(file)).to_html()
    assert "declared, not computed: opaque1" in CliRunner().invoke(app, ["rf", str(file)]).stdout


def test_sources_of_different_size_and_several_outputs() -> None:
    layers = [
        {"opaque": [1, 17, 17], "from": ["search", "template"], "as": "score"},
        {"opaque": {"out": [[4, 5], [3]], "field": "whole"}, "as": ["a", "b"]},
        {"linear": 2, "from": "b"},
    ]
    spec = {"inputs": {"template": [256, 6, 6], "search": [256, 22, 22]}, "layers": layers}
    score, both, last = cnncalc.analyze(spec).layers
    assert score.in_shapes == ((256, 22, 22), (256, 6, 6))
    assert (score.params, score.macs, score.out_shape) == (None, None, (1, 17, 17))
    assert both.out_shapes == ((4, 5), (3,))
    assert last.params == 8


def test_a_declared_field_holds_for_its_source() -> None:
    def seen(field: Any) -> tuple[Any, dict[str, Any]]:
        spec = {
            "inputs": {"a": [4, 12], "b": [4, 12]},
            "layers": [{"opaque": {"out": [4, 6], "field": field}, "from": ["a", "b"]}],
        }
        layer = cnncalc.analyze(spec).layers[0]
        return (layer.receptive_field, layer.jump, layer.start), dict(layer.receptive_fields)

    window = {"kernel": 3, "stride": 2, "padding": 1, "dilation": 2}
    assert seen(window) == (((5,), (2,), (-1,)), {"b": (None,)})
    assert seen([window, "same"])[1] == {"b": (1,)}
    assert seen(["whole", "same"]) == (((12,), (None,), (None,)), {"b": (1,)})
    assert seen("same")[1] == {"b": (None,)}
    assert seen(None) == (((None,), (None,), (None,)), {"b": (None,)})


@pytest.mark.parametrize("behind", ["relu", "{conv: {out: 8, kernel: 3}}", "global_avg_pool", "flatten", "{flatten: }"])
def test_a_field_that_is_not_declared_was_called_global(behind: str) -> None:
    text = f"input: [8, 9, 9]\nlayers: [{{conv: {{out: 8, kernel: 3}}}}, {{opaque: [8, 9, 9]}}, {behind}]\n"
    report = cnncalc.analyze(cnncalc.parse(text))
    known, *layers = report.layers
    assert known.receptive_field == (3, 3)
    for layer in layers:
        assert layer.receptive_field == layer.receptive_field_min == layer.receptive_field_true == (None, None)
        assert (layer.jump, layer.start, layer.is_global) == ((None, None), (None, None), False)
        assert "receptive_field" in layer.unknown
        data = layer.to_dict()
        assert data["receptive_field"] == [None, None]
        assert data["global"] is False


def test_the_words_for_a_field_that_is_not_declared(tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text("input: [8, 9, 9]\nlayers: [{opaque: [8, 9, 9]}, {conv: {out: 8, kernel: 3}, as: c}]\n")

    def said(*arguments: str) -> str:
        result = CliRunner(env={"COLUMNS": "160"}).invoke(app, [*arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    table = said("show", str(spec)).splitlines()
    row = next(line for line in table if line.startswith("c "))
    assert "global" not in row
    assert row.split()[6] == "?"
    assert "receptive field  ? (a layer on the way has no field)" in "\n".join(table)
    for command in ("explain", "rf"):
        assert "an opaque layer on the way has no field" in said(command, str(spec), "c")
    assert "effective" not in said("rf", str(spec), "c").partition("The effective field")[0]


def test_one_known_path_to_the_whole_is_the_whole() -> None:
    """Of the union of everything and something nobody knows, everything is known."""
    spec = {"input": [4, 9], "layers": [{"add": {"a": [{"opaque": [4, 9]}],
                                                 "b": [{"opaque": {"out": [4, 9], "field": "whole"}}]}}]}  # fmt: skip
    assert cnncalc.analyze(spec).layers[-1].receptive_field == (9,)


def test_a_declared_window_may_be_an_expression_and_is_written_as_it_was() -> None:
    text = (
        "cnncalc: 1\ninput: [4, 12]\nvars: {k: 3}\n"
        "layers:\n  - {opaque: {out: [4, 6], field: {kernel: 2*k - 1, stride: 2}}}\n"
    )
    layer = cnncalc.analyze(cnncalc.parse(text)).layers[0]
    assert layer.receptive_field == (5,)
    assert layer.to_dict()["attributes"]["field"] == {"kernel": 5, "stride": 2}
    with pytest.raises(cnncalc.SpecError) as refused:
        cnncalc.analyze(cnncalc.parse(text.replace("stride", "strid")))
    (found,) = refused.value.diagnostics
    assert "'field' has no key 'strid'" in found.message
    assert "did you mean 'stride'" in (found.hint or "")


def test_a_layer_without_products_is_no_weighted_one() -> None:
    """Outputs of convolutions and linear layers are activations; what declares 0 products is neither."""
    text = "input: [3, 8, 8]\nlayers:\n  - conv: {{out: 4, kernel: 1}}\n  - opaque: {{out: [4, 8, 8], macs: {}}}\n"
    none, some = (cnncalc.analyze(cnncalc.parse(text.format(macs))).totals for macs in (0, 5))
    assert (none.activations, none.connections) == (4 * 64, 4 * 64 * 3 + 4 * 64)
    assert not {"activations", "connections"} & set(none.lower_bounds)
    assert {"activations", "connections"} <= set(some.lower_bounds)
