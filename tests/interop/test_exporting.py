"""Networks as ONNX models and as source for PyTorch, and what holds them against these."""

from __future__ import annotations

import ast
import json
import subprocess
from importlib.util import find_spec
from shutil import which
from typing import TYPE_CHECKING, Any

import pytest
from networks import ATTENDING
from oracles import graphs
from oracles.convert import graph_case
from typer.testing import CliRunner

from cnncalc import analyze, parse
from cnncalc.cli import app
from cnncalc.interop.exporting.keras_source import keras_source
from cnncalc.interop.exporting.source import comment_of
from cnncalc.interop.exporting.torch_source import torch_source
from cnncalc.study import Study
from cnncalc.values.diagnostics import SpecError
from cnncalc.zoo import folder

if TYPE_CHECKING:
    from pathlib import Path

ZOO = sorted(file.stem for file in folder().glob("*.yaml"))
NO_SOURCE = frozenset(("fasterrcnn_resnet50_fpn", "panet_resnet50"))
NO_ONNX = NO_SOURCE
"""Networks with a layer that is not written yet: an error at that layer, and nothing else."""
PLAIN = """\
input: [3, 16, 16]
layers:
  - conv: {out: 8, kernel: 3, padding: 1}
  - relu
  - conv: {out: 16, kernel: 3, padding: 1, groups: 2}
  - global_avg_pool
  - flatten
  - linear: 5
"""


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def source(name: str) -> str:
    study = Study.of(name)
    return torch_source(study.graph, name=study.name, file=study.spec.file, line=study.line).text


@pytest.mark.parametrize("name", sorted(NO_SOURCE))
def test_what_is_not_written_is_an_error_at_its_layer(name: str) -> None:
    with pytest.raises(SpecError) as caught:
        source(name)
    (found,) = caught.value.diagnostics
    assert found.code == "not-expressible"
    assert found.message.startswith("layer '")


@pytest.mark.parametrize("name", [name for name in ZOO if name not in NO_SOURCE])
def test_source_is_python_with_a_class_per_block(name: str) -> None:
    text = source(name)
    tree = ast.parse(text)
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert len(classes) == len(set(classes))
    assert [node.name for node in tree.body if isinstance(node, ast.FunctionDef)][-1] == "build"
    assert max(map(len, text.splitlines())) <= 110
    assert "cnncalc" not in text


COMMENTED = """\
input: [3, 32, 32]
blocks:
  double:
    params: {out: }
    layers:
      - conv: {out: out, kernel: 3, padding: 1, act: relu}  # keeps the map's size
      - conv: {out: out, kernel: 3, padding: 1}
layers:
  - double: 16  # the fine map
  - {double: 32, repeat: 3}  # three "of them" #7
  - {conv: {out: 4, kernel: 1}, as: "last"}
"""


def test_names_and_comments_of_the_spec_stay() -> None:
    study = Study.of(parse(COMMENTED))
    text = torch_source(study.graph, name="net", file=None, line=study.line).text
    assert "        # keeps the map's size\n        self.conv1 = nn.Conv2d(" in text
    assert "        # the fine map\n        self.double1 = Double(3, 16)" in text
    assert '        # three "of them" #7\n        self.double2 = nn.Sequential(' in text
    assert text.count("# ") == 3
    text = keras_source(study.graph, name="net", file=None, line=study.line).text
    assert '    # the fine map\n    x = double(inputs, 16, name="double1")' in text
    assert '    # three "of them" #7\n    for i in range(3):\n        x = double(x, 32, name=f"double2_{i}")' in text
    assert "conv1_filters: int, name: str) -> KerasTensor:\n    # keeps the map's size" in text


@pytest.mark.parametrize(("line", "comment"), [
    ("  - conv: 3 # three", "three"), ("  - conv: 3#4", ""), ('  - {conv: 3, as: "a # b"}', ""), (None, ""),
    ("  - {conv: 3, as: 'a # b'}   #  c # d ", "c # d"), ("  - relu", ""),
])  # fmt: skip
def test_what_a_comment_is(line: str | None, comment: str) -> None:
    assert comment_of(line) == comment


def test_resnet50_is_short_and_repeats_in_loops() -> None:
    text = source("resnet50")
    assert len(text.splitlines()) < 120
    assert "for _ in range(" in text
    assert text.count("class ") <= 4


@pytest.mark.parametrize("name", [name for name in ZOO if name not in NO_SOURCE])
def test_source_runs_with_the_same_numbers(name: str) -> None:
    pytest.importorskip("torch")
    from cnncalc.interop.exporting.torch_side import torch_side
    from cnncalc.interop.exporting.verifying import compared

    study = Study.of(name)
    verdict = compared(study.graph, torch_side(study.graph, study.name, study.spec.file, study.line))
    assert verdict.holds, verdict.wrong[:3]


@pytest.mark.parametrize("name", sorted(NO_ONNX))
def test_what_onnx_cannot_say_is_an_error_at_its_layer(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    done = run("export", "onnx", name, "-o", tmp_path / "net.onnx")
    assert isinstance(done.exception, SpecError)
    (found,) = done.exception.diagnostics
    assert (found.code, found.message.startswith("layer '")) == ("not-expressible", True)


@pytest.mark.parametrize("name", [name for name in ZOO if name not in NO_ONNX])
def test_onnx_comes_back(tmp_path: Path, name: str) -> None:
    pytest.importorskip("onnx")
    file = tmp_path / "net.onnx"
    result = run("export", "onnx", name, "-o", file)
    assert result.exit_code == 0, result.output
    there, here = analyze(file), analyze(name)
    assert (there.totals.params, there.totals.buffers) == (here.totals.params, here.totals.buffers)
    assert there.totals.macs == here.totals.macs
    assert [layer.macs for layer in there.layers if layer.macs] == [layer.macs for layer in here.layers if layer.macs]
    assert [shape for _, shape in there.outputs] == [shape for _, shape in here.outputs]


@pytest.mark.parametrize("name", [name for name in ZOO if name not in NO_ONNX])
def test_onnx_says_the_same_of_every_layer(name: str) -> None:
    pytest.importorskip("onnx")
    from cnncalc.interop.exporting.onnx_side import onnx_side
    from cnncalc.interop.exporting.verifying import compared

    study = Study.of(name)
    verdict = compared(study.graph, onnx_side(study.graph, study.name, study.spec.file))
    assert verdict.holds, verdict.wrong[:3]
    assert len(verdict.rows) == len(study.graph.nodes)


def test_onnx_passes_its_checker_with_zeros_and_a_batch(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    file = tmp_path / "net.onnx"
    assert run("export", "onnx", "lenet5", "-o", file, "--weights", "zeros", "--batch", 4).exit_code == 0
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 4


@pytest.mark.parametrize(("before", "after", "layer", "what"), [
    ("padding: 1}", "padding: 0}", "conv1", "shape"),
    ("groups: 2", "groups: 4", "conv2", "params"),
    ("linear: 5", "linear: {out: 5, bias: false}", "linear1", "params"),
])  # fmt: skip
def test_a_wrong_layer_is_found_there(tmp_path: Path, before: str, after: str, layer: str, what: str) -> None:
    pytest.importorskip("onnx")
    right, wrong, file = tmp_path / "right.yaml", tmp_path / "wrong.yaml", tmp_path / "right.onnx"
    right.write_text(PLAIN, encoding="utf-8")
    wrong.write_text(PLAIN.replace(before, after, 1), encoding="utf-8")
    assert run("export", "onnx", right, "-o", file).exit_code == 0
    assert run("verify", right, "--with", file).exit_code == 0
    result = run("verify", wrong, "--with", file, "--format", "json")
    assert result.exit_code == 1
    rows = json.loads(result.stdout)["layers"]
    bad = next(row for row in rows if row["differs"])
    assert bad["path"] == layer
    assert what in bad["differs"] or "missing there" in bad["differs"]


def test_verify_says_its_verdict(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    (tmp_path / "net.yaml").write_text(PLAIN, encoding="utf-8")
    result = run("verify", tmp_path / "net.yaml", "--with", "onnx")
    assert result.exit_code == 0
    assert "no difference in 6 layers" in result.stdout
    assert "params: 901, the same there" in result.stdout


def test_verify_against_ones_own_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    (tmp_path / "net.yaml").write_text(PLAIN, encoding="utf-8")
    (tmp_path / "mine_of_tests.py").write_text(
        "from torch import nn\n\n\ndef build():\n    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), "
        "nn.Conv2d(8, 16, 3, padding=1, groups=2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 5))\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    assert run("verify", "net.yaml", "--with", "torch:mine_of_tests:build").exit_code == 0
    (tmp_path / "other.yaml").write_text(PLAIN.replace("groups: 2", "groups: 1"), encoding="utf-8")
    assert run("verify", "other.yaml", "--with", "torch:mine_of_tests:build").exit_code == 1


@pytest.mark.parametrize("what", ["window: [2, 3], bias: true", "bias: 36", "tokens_per_group: 12", "bias: true"])
def test_attention_in_parts_and_with_a_bias(what: str) -> None:
    torch = pytest.importorskip("torch")
    from cnncalc.interop.exporting.running import loaded
    from cnncalc.interop.exporting.torch_side import torch_side
    from cnncalc.interop.exporting.verifying import compared

    study = Study.of(parse(ATTENDING.replace("WHAT", what)))
    verdict = compared(study.graph, torch_side(study.graph, study.name, None, study.line))
    assert verdict.holds, verdict.wrong
    model = loaded(torch_source(study.graph, name="net", file=None, line=study.line).text)()
    x = torch.rand(2, 8, 6, 6)
    before = model(x)
    x[:, :, 5, 5] += 1
    moved = (model(x) - before).abs().sum(dim=(0, 1)) > 0
    groups = {"window": (slice(4, 6), slice(3, 6)), "tokens": (slice(4, 6), slice(0, 6))}
    rows, columns = groups.get(what.partition("_")[0].partition(":")[0], (slice(0, 6), slice(0, 6)))
    seen = torch.zeros(6, 6, dtype=torch.bool)
    seen[rows, columns] = True
    assert torch.equal(moved, seen)


def test_a_gain_of_weights_is_a_weight_norm() -> None:
    pytest.importorskip("torch")
    from cnncalc.matching import matched

    study = Study.of(parse("input: [3, 20]\nlayers:\n  - conv: {out: 6, kernel: 3, gain: true}\n  - relu\n"))
    assert "weight_norm(" in torch_source(study.graph, name="net", file=None, line=study.line).text
    verdict = matched(study, "torch", field=True)
    assert verdict.holds
    assert [row.path for row in verdict.rows] == ["conv1", "relu1"]


@pytest.mark.parametrize("name", ["half", "train", "type", "forward"])
def test_no_attribute_hides_one_of_a_module(name: str) -> None:
    torch = pytest.importorskip("torch")
    from cnncalc.interop.exporting.running import loaded

    study = Study.of(parse(f"input: [3, 8, 8]\nlayers:\n  - {{conv: {{out: 4, kernel: 1}}, as: {name}}}\n"))
    model = loaded(torch_source(study.graph, name="net", file=None, line=study.line).text)()
    assert model.half().eval()(torch.zeros(1, 3, 8, 8, dtype=torch.float16)).shape == (1, 4, 8, 8)


@pytest.mark.parametrize("name", list(graphs())[::10])
def test_random_graphs_go_out_and_come_back(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from cnncalc.interop.exporting.onnx_model import onnx_model

    here = Study.of(graph_case(graphs()[name]))
    file = tmp_path / "net.onnx"
    file.write_bytes(onnx_model(here.graph, name=name, file=None).model.SerializeToString())
    mine, there = here.report, analyze(file)
    assert (there.totals.params, there.totals.macs) == (mine.totals.params, mine.totals.macs)
    assert [x.macs for x in there.layers if x.macs] == [x.macs for x in mine.layers if x.macs]


@pytest.mark.parametrize("name", list(graphs())[::10])
def test_random_graphs_run_in_pytorch(name: str) -> None:
    pytest.importorskip("torch")
    from cnncalc.matching import matched

    assert matched(Study.of(graph_case(graphs()[name])), "torch").holds


def test_what_has_no_form_is_an_error_at_its_layer(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text("input: [8, 10, 10]\nlayers:\n  - roi_align: {size: 7, regions: 4}\n", encoding="utf-8")
    for format_ in ("torch", "onnx") if find_spec("onnx") else ("torch",):
        error = run("export", format_, file, "-o", tmp_path / "out").exception
        assert isinstance(error, SpecError)
        assert "net.yaml:3:5: error: layer 'roi_align1' (roi_align)" in str(error)
        assert not (tmp_path / "out").exists()


def test_missing_packages_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnncalc.cli.verify.find_spec", lambda _name: None)
    (tmp_path / "net.yaml").write_text(PLAIN, encoding="utf-8")
    result = run("verify", tmp_path / "net.yaml", "--with", "torch")
    assert result.exit_code == 2
    assert "needs the package torch" in result.stderr


@pytest.mark.process
@pytest.mark.extra
@pytest.mark.torch
@pytest.mark.skipif(which("mypy") is None, reason="mypy is not there")
def test_a_type_checker_accepts_source(tmp_path: Path) -> None:
    for name in ("resnet50", "mobilenet_v2", "unet", "yolov8n", "vit_tiny_patch16_224"):
        (tmp_path / f"{name}.py").write_text(source(name), encoding="utf-8")
    line = ["mypy", "--follow-imports", "silent", "--no-incremental", "--config-file", "", str(tmp_path)]
    done = subprocess.run(line if find_spec("torch") else [*line, "--ignore-missing-imports"], capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.process
@pytest.mark.extra
@pytest.mark.skipif(which("ruff") is None, reason="ruff is not there")
def test_a_linter_and_a_formatter_leave_source_as_it_is(tmp_path: Path) -> None:
    for name in ("resnet50", "mobilenet_v2", "unet", "yolov8n", "vit_tiny_patch16_224", "swin_t"):
        (tmp_path / f"{name}.py").write_text(source(name), encoding="utf-8")
    for command in (["check"], ["format", "--check"]):
        line = ["ruff", *command, "--isolated", str(tmp_path)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_zeros_that_no_onnx_model_holds_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    file = tmp_path / "net.yaml"
    file.write_text("input: [3, 32, 32]\nlayers:\n" + "  - conv: {out: 100000, kernel: 3}\n" * 2, encoding="utf-8")
    line = ["export", "onnx", str(file), "-o", str(tmp_path / "net.onnx")]
    done = CliRunner().invoke(app, [*line, "--weights", "zeros"])
    assert (done.exit_code, "2 GiB; leave them out" in done.stderr) == (2, True)
    assert CliRunner().invoke(app, line).exit_code == 0


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("input: [3, 32, 32]\nlayers:\n" + "  - conv: {out: 100000, kernel: 3}\n" * 2, "less than 2 GiB"),
        ("input: [3, 5000000000, 32]\nlayers: [relu]\n", "5,000,000,000"),
    ],
)
def test_what_no_tensorflow_lite_file_holds_is_refused(spec: str, message: str, tmp_path: Path) -> None:
    pytest.importorskip("flatbuffers")
    file = tmp_path / "net.yaml"
    file.write_text(spec, encoding="utf-8")
    done = CliRunner().invoke(app, ["export", "tflite", str(file), "-o", str(tmp_path / "net.tflite")])
    assert done.exit_code == 2
    assert message in done.stderr
    assert not (tmp_path / "net.tflite").exists()
