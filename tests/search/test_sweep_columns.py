"""The columns of a sweep beyond sums: peaks, fields, arenas, times; several specs; each row against its own report."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app
from cnncalc.search.sweep import Sweep

LEVELS = {"input": [3, 64, 64], "vars": {"width": 8, "deep": True}, "layers": [
    {"conv": {"out": "width", "kernel": 3, "stride": 2, "padding": 1, "act": "relu"}},
    {"conv": {"out": "2*width", "kernel": [3, 5], "stride": 2, "padding": 1}, "when": "deep"},
    {"add": {"body": [{"conv": {"out": "width * (2 if deep else 1)", "kernel": 3, "padding": 1}}], "skip": []}},
    "global_avg_pool", "flatten", {"linear": 10}]}  # fmt: skip


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["sweep", *words])


def compare(spec: Any, vary: dict[str, Any], **options: Any) -> None:
    """Compare the peak and the field of every design with its own report, with arrays and without."""
    of = ("peak_activation", "rf", "macs")
    found = Sweep(spec, vary, of=of, **options)
    rows = list(found)
    assert found.designs.networks
    assert not found.designs.one_by_one, "they are recorded"
    assert rows == list(Sweep(spec, vary, of=of, arrays=False, **options))
    seen = set()
    for row in rows:
        variables = {name: row[name] for name in vary if name not in ("input", "batch")}
        report = cnncalc.analyze(spec, input=row["input"], batch=row.get("batch", 1), variables=variables, **options)
        assert row["peak_activation"] == report.totals.peak_activation
        assert row["receptive_field"] == min(size or 0 for size in report.summary.receptive_field)
        seen.add(row["peak_activation"])
    assert len(seen) > 2


def test_peaks_and_fields_equal_those_of_reports() -> None:
    compare(LEVELS, {"width": "4..12:4", "deep": [True, False], "input": "20..60:13", "batch": [1, 3]})
    compare("mobilenet_v2", {"width": "0.5,1", "input": "96,131"})
    compare("unet", {"width": "8,16", "input": "188,572"}, fold_bn=True)


def test_a_field_that_there_is_not_is_unknown() -> None:
    spec = {"input": [8], "vars": {"n": 3}, "layers": [{"linear": "n"}]}
    rows = list(Sweep(spec, {"n": "1..4"}, of=("rf", "macs")))
    assert rows == list(Sweep(spec, {"n": "1..4"}, of=("rf", "macs"), arrays=False))
    assert [(row["receptive_field"], row["macs"]) for row in rows] == [(None, 8 * n) for n in range(1, 5)]
    assert not list(Sweep(spec, {"n": "1..4"}, of=("macs",), where="rf >= 0"))


@pytest.mark.parametrize("runtime", ["plain", "tflm"])
def test_arenas_equal_those_of_the_runtime(runtime: str) -> None:
    of = ("arena", "sram", "flash", "largest_tensor", "peak_activation_bytes", "macs", "params", "peak_activation")
    rows = list(Sweep(LEVELS, {"width": "4,8", "input": "32,48"}, of=of, runtime=runtime, dtype="int8"))
    assert len(rows) == 4
    for row in rows:
        report = cnncalc.analyze(LEVELS, variables={"width": row["width"]}, input=row["input"], runtime=runtime,
                                 dtype="int8")  # fmt: skip
        memory, totals = report.memory, report.totals
        assert memory is not None
        assert tuple(row[name] for name in of) == (
            memory.arena, memory.sram, memory.flash, memory.largest_tensor,
            report.summary.peak_activation.bytes, totals.macs, totals.params, totals.peak_activation)  # fmt: skip


def test_slow_columns_are_computed_for_what_the_rest_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    from cnncalc.search.designs import Designs

    asked = []
    alone = Designs.alone
    monkeypatch.setattr(Designs, "alone", lambda self, *rest: asked.append(rest) or alone(self, *rest))  # type: ignore[func-returns-value]
    where = "macs < 300k and arena < 20k"
    found = list(Sweep(LEVELS, {"width": "2..16:2", "input": "16..64:8"}, of=("params",), where=where, runtime="plain"))
    every = list(Sweep(LEVELS, {"width": "2..16:2", "input": "16..64:8"}, of=("macs",)))
    assert len(asked) == sum(row["macs"] < 300_000 for row in every) < len(every)
    expected = 0
    for row in every:
        report = cnncalc.analyze(LEVELS, variables={"width": row["width"]}, input=row["input"], runtime="plain")
        assert report.memory is not None
        expected += report.totals.macs < 300_000 and (report.memory.arena or 0) < 20_000
    assert 0 < len(found) == expected < len(asked)
    assert set(found[0]) == {"width", "input", "params", "error"}


def test_devices_vary_and_their_time_is_the_roofline() -> None:
    rows = list(Sweep("lenet5", {"device": "a100,t4", "input": "32,40"}, of=("seconds", "macs")))
    for row in rows:
        report = cnncalc.analyze("lenet5", input=row["input"])
        assert row["seconds"] == report.roofline(row["device"]).seconds
    assert rows[0]["seconds"] < rows[2]["seconds"]
    (one,) = Sweep("lenet5", {"input": [32]}, of=("seconds",), device="t4")
    assert one["seconds"] == rows[2]["seconds"]


def test_several_specs_are_one_sweep() -> None:
    names = ["mobilenet_v1", "mobilenet_v2", "resnet18"]
    rows = list(cnncalc.sweep(names, {"input": "96,128,160"}))
    assert [row["spec"] for row in rows] == [name for name in names for _ in range(3)]
    for row in rows:
        totals = cnncalc.analyze(row["spec"], input=row["input"]).totals
        assert (row["macs"], row["params"]) == (totals.macs, totals.params)
    front = [row["spec"] for row in cnncalc.sweep(names, {"input": [224]}, pareto=["macs", "params"])]
    assert front == ["mobilenet_v2"]
    done = run("mobilenet_v1", "mobilenet_v2", "--vary", "width=0.5,1", "--format", "csv", "--of", "macs")
    assert done.exit_code == 0, done.output
    table = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["spec"], row["width"]) for row in table] == [
        ("mobilenet_v1", "0.5"), ("mobilenet_v1", "1"), ("mobilenet_v2", "0.5"), ("mobilenet_v2", "1")]  # fmt: skip
    assert list(cnncalc.sweep(["lenet5", "resnet18"], {}, of=("params",)))[1]["params"] == 11_689_512


def test_a_sample_is_in_the_order_of_the_rows() -> None:
    found = Sweep("mobilenet_v2", {"width": "0.5..1:0.05", "dtype": "fp32,int8"}, of=("macs",), sample=12, seed=4)
    rows = list(found)
    assert [row["dtype"] for row in rows] == sorted((row["dtype"] for row in rows), key=["fp32", "int8"].index)
    assert [found.position(places) for places in map(found.space.places, found.order(0))] == list(range(12))


@pytest.mark.parametrize(("words", "part"), [
    (["lenet5", "--vary", "input=32", "--of", "arena"], "'arena' needs a runtime: --runtime plain or tflm"),
    (["lenet5", "--vary", "input=32", "--of", "seconds"], "'seconds' needs a device"),
    (["lenet5", "--vary", "input=32", "--runtime", "plain"], "a runtime is for columns that ask for it"),
    (["lenet5", "--vary", "input=32", "--of", "arena", "--runtime", "plan"], "plain"),
    (["lenet5", "--vary", "device=a10"], "a10"),
    (["lenet5", "resnet18", "--vary", "input=32"], "write whole shapes"),
    (["lenet5", "lenet5", "--vary", "input=32"], "given twice"),
    (["lenet5", "mobilenet_v2", "--vary", "width=1"], "nothing called 'width' varies"),
])  # fmt: skip
def test_mistakes_are_one_line(words: list[str], part: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert part in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
