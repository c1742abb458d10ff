"""The deployed network, runtimes and what the gate says of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from cnncalc import Report, SpecError, analyze, parse
from cnncalc.cli import run as command
from cnncalc.deployment.runtimes import RUNTIMES

if TYPE_CHECKING:
    from pathlib import Path

    from cnncalc.results.runtime import RuntimeMemory

Run = Callable[..., tuple[int, str]]
FITS = {
    "input": [3, 64, 64],
    "layers": [
        {"conv": {"out": 40, "kernel": 3, "padding": 1, "act": "relu"}},
        {"max_pool": 2},
        {"conv": {"out": 40, "kernel": 3, "padding": 1, "act": "relu"}},
    ],
}
"""A relu that is fused keeps no second map: 40*64*64 + 40*32*32 bytes as int8 (a figure of a model zoo's users)."""


def memory(source: Any, **options: Any) -> RuntimeMemory:
    found = analyze(source, dtype="int8", **options).memory
    assert found is not None
    return found


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """A command in this process: its exit code and all that it says."""

    def call(*arguments: str) -> tuple[int, str]:
        code = command(list(arguments))
        said = capsys.readouterr()
        return code, said.out + said.err

    return call


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    file = tmp_path / "net.yaml"
    file.write_text("cnncalc: 1\ninput: [3, 64, 64]\nlayers:\n  - conv: {out: 40, kernel: 3, padding: 1, act: relu}\n")
    return file


def test_an_arena_of_a_fused_network() -> None:
    found = memory(FITS, runtime="plain")
    assert found.arena == 40 * 64 * 64 + 40 * 32 * 32 == 204_800
    assert (found.peak_layer, found.largest_tensor) == ("max_pool1", 163_840)


def test_activations_norms_and_dropout_go_and_say_where_they_went() -> None:
    report = analyze({"input": [3, 9, 7], "layers": [
        {"conv": {"out": 4, "kernel": 3, "norm": "batch_norm", "act": "relu6"}}, {"dropout": 0.1},
        {"add": {"a": [{"conv": {"out": 4, "kernel": 1}}], "b": []}}, "relu", "sigmoid",
    ]}, deploy=True)  # fmt: skip
    assert [(layer.path, layer.fused) for layer in report] == [
        ("conv1", ("relu6",)), ("add1.a.conv1", ()), ("add1", ("relu",)), ("sigmoid1", ()),
    ]  # fmt: skip
    assert report.totals.params == (3 * 9 + 1) * 4 + (4 + 1) * 4


def test_an_activation_that_others_read_around_stays() -> None:
    report = analyze({"input": [3, 9, 7], "layers": [
        {"conv": {"out": 3, "kernel": 1}, "as": "c"}, "relu", {"add": ["prev", "c"]},
    ]}, deploy=True)  # fmt: skip
    assert [layer.path for layer in report] == ["c", "relu1", "add1"]


def test_a_second_activation_stays() -> None:
    report = analyze({"input": [3, 9, 7], "layers": [{"conv": {"out": 3, "kernel": 1}}, "relu", "relu6"]}, deploy=True)
    assert [(layer.path, layer.op) for layer in report] == [("conv1", "conv"), ("relu61", "relu6")]


def test_a_padding_that_the_runtime_cannot_say_is_a_layer() -> None:
    report = analyze(
        {"input": [3, 9, 7], "layers": [{"conv": {"out": 4, "kernel": 3, "padding": 2, "stride": 2}}]},
        deploy=True, runtime="tflm",
    )  # fmt: skip
    assert [(layer.path, layer.op) for layer in report] == [("conv1.pad", "pad"), ("conv1", "conv")]
    assert report["conv1"].out_shapes == ((4, 6, 5),)
    assert report["conv1"].receptive_field == (3, 3)
    assert report["conv1"].start == (-2, -2)


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet18", "shufflenet_v2_x1_0"])
def test_shapes_and_fields_stay(name: str) -> None:
    plain, deployed = analyze(name), analyze(name, runtime="tflm", dtype="int8")
    for layer in deployed:
        if layer.op != "pad":
            twin = plain[layer.path]
            assert (layer.out_shapes, layer.receptive_field, layer.macs) == (
                twin.out_shapes, twin.receptive_field, twin.macs
            )  # fmt: skip
    assert deployed.totals.macs == plain.totals.macs


def test_the_json_has_the_arena_and_its_runtime(run: Run) -> None:
    asked = ("--deploy", "--runtime", "tflm", "--dtype", "int8", "--format", "json")
    code, text = run("show", "mobilenet_v1_x0_25", *asked)
    data = json.loads(text)
    assert code == 0
    assert (data["memory"]["runtime"], data["memory"]["arena"]) == ("tflm", 401_408)


def test_without_a_runtime_there_is_no_arena() -> None:
    found = memory(FITS, deploy=True)
    assert (found.runtime, found.arena, found.sram) == (None, None, None)
    assert found.live_peak == 204_800


def test_the_scratch_of_a_board_is_in_the_arena() -> None:
    plain = memory(FITS, runtime="tflm")
    given = memory(FITS, runtime="tflm", scratch=4096)
    assert (plain.kernels, given.kernels) == ("reference", "given")
    assert given.arena == (plain.arena or 0) + 4096


@pytest.mark.parametrize(("options", "words"), [
    ({"runtime": "tlfm"}, "did you mean 'tflm'"),
    ({"scratch": 1}, "scratch goes with a runtime"),
    ({"runtime": "tflm", "dtype": "int4"}, "choose --dtype int8 or fp32"),
])
def test_bad_options_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        analyze(FITS, **options)


def test_every_runtime_says_what_it_equals() -> None:
    for name, runtime in RUNTIMES.items():
        assert runtime.name == name
        assert runtime.version
        assert runtime.source
        assert memory(FITS, runtime=name).runtime == name


def test_the_gate_holds_an_arena(run: Run, spec: Path) -> None:
    asked = ("check", str(spec), "--deploy", "--runtime", "plain", "--dtype", "int8", "--max")
    assert run(*asked, "arena=256KiB")[0] == 0
    code, text = run(*asked, "arena=100KiB")
    assert code == 1
    assert "176,128 bytes" in text
    assert "over its maximum by 73,728 bytes" in text
    assert "under plain" in text


def test_an_arena_without_a_runtime_is_a_doubt(run: Run, spec: Path) -> None:
    code, text = run("check", str(spec), "--max", "arena=1MB")
    assert code == 2
    assert "no runtime is named" in text


def test_a_budget_may_name_runtime_device_and_bytes(run: Run, spec: Path) -> None:
    budget = "budgets: {peak_activation: 172 KiB, arena: 172 KiB, device: stm32f412, dtype: int8, runtime: plain}\n"
    spec.write_text(spec.read_text() + budget)
    code, text = run("check", str(spec))
    assert code == 0, text
    assert "flash" in text
    spec.write_text(spec.read_text().replace("172 KiB, arena", "171 KiB, arena"))
    assert run("check", str(spec))[0] == 1


@pytest.mark.parametrize(("line", "words"), [
    ("budgets: {runtime: tlfm, arena: 1MB}", "there is no runtime 'tlfm'"),
    ("budgets: {device: stm32f41, arena: 1MB}", "there is no device 'stm32f41'"),
    ("budgets: {device: a100, arena: 1MB}", "neither flash nor SRAM"),
    ("budgets: {deploy: 1, arena: 1MB}", "deploy: is true or false"),
])
def test_a_bad_budget_is_a_located_doubt(run: Run, spec: Path, line: str, words: str) -> None:
    spec.write_text(spec.read_text() + line + "\n")
    code, text = run("check", str(spec))
    assert code == 2
    assert words in text
    assert "net.yaml:5:" in text


def test_a_network_that_the_runtime_lacks_is_a_doubt(run: Run, spec: Path) -> None:
    spec.write_text(spec.read_text().replace("relu", "gelu"))
    code, text = run("check", str(spec), "--runtime", "tflm", "--dtype", "int8", "--max", "arena=1MB")
    assert code == 2
    assert "net.yaml:4:" in text


def test_export_writes_the_same_bytes(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("flatbuffers")
    first, second = tmp_path / "a.tflite", tmp_path / "b.tflite"
    for file in (first, second):
        assert run("export", "tflite", "lenet5", "-o", str(file))[0] == 0
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes()[4:8] == b"TFL3"


def test_what_cannot_be_exported_names_its_layer(run: Run, tmp_path: Path) -> None:
    code, text = run("export", "tflite", "convnext_tiny", "-o", str(tmp_path / "a.tflite"))
    assert code == 2
    assert "layer 'layer_norm1'" in text
    assert not (tmp_path / "a.tflite").exists()


def test_a_report_with_memory_compares_and_pickles() -> None:
    import pickle

    report = analyze(FITS, runtime="plain", dtype="int8")
    again = pickle.loads(pickle.dumps(report))  # noqa: S301 - our own bytes
    assert isinstance(again, Report)
    assert again == report


def test_errors_of_a_layer_are_one_each() -> None:
    layers = [{"mish": {}, "from": "input", "as": "a"}, {"gelu": {}, "from": "input", "as": "b"}, {"add": ["a", "b"]}]
    with pytest.raises(SpecError) as caught:
        analyze({"input": [3, 9, 7], "layers": layers}, runtime="tflm", dtype="int8")
    assert [d.code for d in caught.value.diagnostics] == ["not-expressible", "not-expressible"]


def test_what_a_runtime_cannot_run_is_shown_in_its_line() -> None:
    with pytest.raises(SpecError) as caught:
        analyze(parse("cnncalc: 1\ninput: [4, 8, 8]\nlayers:\n  - layer_norm\n"), runtime="tflm", dtype="int8")
    assert "4 |   - layer_norm" in str(caught.value)
