"""The table of measures: what an entry says of its number holds, and a new entry with a heading is everywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import cnncalc
from cnncalc.analysis.group import SUMMED
from cnncalc.gate.metrics import METRICS
from cnncalc.language.schema import METRICS as WRITABLE
from cnncalc.render.columns import COLUMNS
from cnncalc.render.frames import NUMBERS
from cnncalc.render.headings import HEADINGS
from cnncalc.render.schema import report_schema
from cnncalc.results.layer import COUNTS, Layer
from cnncalc.results.measures import MEASURES, Measure, counted, measure, summed
from cnncalc.results.totals import SUMS

if TYPE_CHECKING:
    from pathlib import Path

BRANCHED: dict[str, Any] = {
    "input": [3, 16, 16],
    "layers": [
        {"conv": {"out": 8, "kernel": 3, "padding": 1, "norm": "batch_norm", "act": "relu"}, "as": "a"},
        {"conv": {"out": 8, "kernel": 3, "padding": 1, "norm": "batch_norm"}, "as": "b"},
        {"conv": {"out": 8, "kernel": 3, "padding": 1, "norm": "batch_norm"}, "share": "b", "from": "a"},
        {"add": ["b", "prev"]},
        "global_avg_pool",
        "flatten",
        {"linear": 10},
    ],
}
SPECS = {"lenet5": "lenet5", "mobilenet_v2": "mobilenet_v2", "shared": BRANCHED}


def numbers(report: cnncalc.Report, entry: Measure) -> list[int]:
    return [layer.number(entry.name) or 0 for layer in report.layers]


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@pytest.mark.parametrize("entry", summed(), ids=lambda entry: entry.name)
def test_what_adds_up_is_the_sum_of_the_layers(entry: Measure, spec: Any) -> None:
    report = cnncalc.analyze(spec, batch=2)
    assert report.totals.number(entry.name) == sum(numbers(report, entry))
    part = report.match("*1*")
    assert part.totals.number(entry.name) == sum(layer.number(entry.name) or 0 for layer in part)


@pytest.mark.few
@pytest.mark.parametrize("entry", [entry for entry in MEASURES if entry.name in SUMS], ids=lambda entry: entry.name)
def test_a_number_grows_with_the_batch_and_depends_on_what_its_entry_says(entry: Measure) -> None:
    name = entry.name
    one, three = (cnncalc.analyze("mobilenet_v2", batch=batch).totals.number(name) for batch in (1, 3))
    if name in {"memory_access", "memory_access_weighted", "bytes"}:  # weights are moved once
        assert one < three < 3 * one
    elif name != "layers":
        assert three == (3 * one if entry.batch else one)
    by_rule = {cnncalc.analyze("mobilenet_v2", convention=rule).totals.number(name) for rule in ("exact", "mac")}
    assert (len(by_rule) == 2) is (entry.rule == "convention")
    by_dtype = {cnncalc.analyze("mobilenet_v2", dtype=dtype).totals.number(name) for dtype in ("fp32", "int8")}
    assert (len(by_dtype) == 2) is (entry.rule == "dtype")


@pytest.mark.parametrize("entry", counted(), ids=lambda entry: entry.name)
def test_shared_weights_count_where_their_entry_says(entry: Measure) -> None:
    layers = list(BRANCHED["layers"])
    layers[2] = {key: value for key, value in layers[2].items() if key != "share"}
    apart = {**BRANCHED, "layers": layers}
    shared, own = cnncalc.analyze(BRANCHED).totals.number(entry.name), cnncalc.analyze(apart).totals.number(entry.name)
    assert (shared < own) if entry.once else (shared == own)


def test_names_are_told_apart_and_every_place_has_its_entry() -> None:
    names = [entry.name for entry in MEASURES]
    assert len(set(names)) == len(names)
    assert {*COUNTS, "share_params", "share_macs", "live"} - {"work"} <= set(names) & set(Layer._fields)
    assert set(SUMS) - {"work"} <= set(names)
    assert [entry.budget for entry in MEASURES if entry.budget] == list(METRICS)
    assert set(WRITABLE) == {*METRICS, "rf", "layer_count"} - {"layers"}
    assert set(SUMMED) <= set(COLUMNS) == set(HEADINGS)
    assert {name for name, _ in NUMBERS.values()} == {*SUMMED, "intensity", "share_params", "share_macs"}
    assert measure("bytes").header == "moved_bytes"
    with pytest.raises(KeyError):
        measure("nothing")


def test_the_schema_says_what_every_number_is() -> None:
    definitions = report_schema()["definitions"]
    for entry in MEASURES:
        for where, has in (("layer", entry.name in Layer._fields), ("totals", entry.name in SUMS)):
            if has:
                assert definitions[where]["properties"][entry.name]["description"] == f"{entry.meaning}."


def test_a_layer_and_totals_have_no_number_that_nobody_says() -> None:
    report = cnncalc.analyze("lenet5")
    with pytest.raises(AttributeError, match="a layer has no 'macss'"):
        report.layers[0].macss  # type: ignore[attr-defined]  # noqa: B018 - it raises
    with pytest.raises(AttributeError, match="totals have no 'macss'"):
        report.totals.macss  # type: ignore[attr-defined]  # noqa: B018 - it raises


PROGRAM = """
from cnncalc.results.measures import MEASURES, Measure, Basis
from cnncalc.render.headings import HEADINGS

MEASURES.append(Measure(
    "biases", "", "biases", "learnable values that are added to outputs", Basis.COUNT, lambda x: x.count.biases,
    each=True, adds=True, once=True, budget="biases", ratchet=True, section="params", aside="added to outputs",
))
HEADINGS["biases"] = ("Biases", "")

import copy, io, json, pickle, sys
from contextlib import redirect_stdout

from cnncalc.__main__ import main


def said(*words):
    sys.argv = ["cnncalc", *words]
    out = io.StringIO()
    code = 0
    with redirect_stdout(out):
        try:
            main()
        except SystemExit as error:
            code = error.code or 0
    return [code, out.getvalue()]


import cnncalc
from cnncalc.gate.compare import compare
from cnncalc.language.schema import schema
from cnncalc.render.schema import report_schema

report, unknown = cnncalc.analyze("lenet5", batch=2), cnncalc.analyze(
    {"input": [3, 8, 8], "layers": [{"conv": {"out": 4, "kernel": 1}, "as": "a"}, {"opaque": [4, 8, 8]},
                                    {"conv": {"out": 4, "kernel": 1}, "from": "input", "share": "a"}]}
)
print(json.dumps({
    "layers": {layer.path: layer.biases for layer in report.layers},
    "total": report.totals.biases,
    "part": report.match("c*").totals.biases,
    "json": json.loads(report.to_json()),
    "same": pickle.loads(pickle.dumps(report)) == report == copy.deepcopy(report),
    "frame": [row["biases"] for row in report.to_dicts()],
    "csv": report.to_csv(),
    "shared": [layer.biases for layer in unknown.layers],
    "schemas": [report_schema()["definitions"][name]["properties"].get("biases") for name in ("layer", "totals")],
    "budget": json.dumps(schema(plugins=False)).count('"biases"'),
    "known": json.dumps(schema(plugins=False)).count('"connections"'),
    "show": said("show", "lenet5", "--columns", "layer,biases", "--sort", "biases", "--top", "2"),
    "check": said("check", "lenet5", "--max", "biases=235"),
    "layer": said("check", "lenet5", "--max", "biases=236"),
    "explain": said("explain", "lenet5", "c1"),
    "diff": said("diff", "lenet5", "lenet5", "--format", "json"),
    "change": compare(*(
        cnncalc.analyze({"input": [3, 8, 8], "layers": [{"conv": {"out": 4, "kernel": 1, "bias": bias}}]})
        for bias in (True, False)
    )).to_dict(),
    "help": said("show", "--help"),
}))
"""
BIASES = {"c1": 6, "c3": 16, "c5": 120, "f6": 84, "output": 10}
"""Units with a bias each, as the paper's table of connections and the maps of LeNet-5 have them."""


@pytest.fixture(scope="module")
def told() -> Any:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


@pytest.mark.process
def test_a_new_measure_is_a_number_of_layers_and_totals(told: Any) -> None:
    assert {path: number for path, number in told["layers"].items() if number} == BIASES
    assert told["total"] == sum(BIASES.values()) == 236
    assert told["part"] == 6 + 16 + 120
    assert told["same"] is True
    assert told["shared"] == [4, 0, 0]


@pytest.mark.process
def test_a_new_measure_stands_in_json_in_frames_and_in_both_schemas(told: Any) -> None:
    assert told["json"]["totals"]["biases"] == 236
    keys = list(told["json"]["layers"][0])
    assert keys.index("biases") == keys.index("connections") + 1
    assert [layer["biases"] for layer in told["json"]["layers"]] == told["frame"] == list(told["layers"].values())
    assert "biases" in told["csv"].partition("\n")[0].split(",")
    assert [schema["description"] for schema in told["schemas"]] == ["learnable values that are added to outputs."] * 2
    assert told["budget"] == told["known"] > 0


@pytest.mark.process
def test_a_new_measure_is_a_column_an_order_a_budget_and_a_section(told: Any) -> None:
    code, table = told["show"]
    rows = [line.split() for line in table.splitlines() if line.split()[:1] in (["Layer"], ["c5"], ["f6"], ["Total"])]
    assert (code, rows) == (0, [["Layer", "Biases"], ["c5", "120"], ["f6", "84"], ["Total", "236"]])
    assert [told[name][0] for name in ("check", "layer")] == [1, 0]
    assert "biases is over its maximum by 1" in told["check"][1]
    assert "heaviest: c5 120" in told["check"][1]
    assert "biases = C_out = 6   (added to outputs)" in told["explain"][1]
    assert "biases" in told["help"][1]


@pytest.mark.process
def test_a_new_measure_is_compared(told: Any) -> None:
    assert json.loads(told["diff"][1])["totals"]["biases"]["before"] == 236
    changed = told["change"]["changed"][0]
    assert (changed["biases"]["before"], changed["biases"]["after"]) == (4, 0)
    assert "biases" in changed["what"]


def test_the_manual_has_the_entry_that_is_added_here(request: pytest.FixtureRequest) -> None:
    root: Path = request.config.rootpath
    page = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    entry = PROGRAM.partition("MEASURES.append(")[2].partition("\n))")[0].split("\n", 1)[1]
    assert f"Measure(\n{entry}\n)," in page
    assert '"biases": ("Biases", ""),' in page
