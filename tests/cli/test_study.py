"""A network is read and expanded once for all that is asked of it."""

from __future__ import annotations

from collections import Counter
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

import cnncalc
import cnncalc.zoo
from cnncalc import Question, Study, analyze, check, compare, explain, memory, reconcile, rf
from cnncalc.analysis.receptive import receptive_fields
from cnncalc.cli import COMMANDS, run
from cnncalc.language.document import Spec
from cnncalc.testing import assert_within

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cnncalc.graph.graph import Graph

NETWORK = """
cnncalc: 1
name: tiny
input: [3, 16, 16]
vars: {width: 8}
variants: {wide: {width: 16}}
layers:
  - conv: {out: width, kernel: 3, norm: batch_norm, act: relu}
  - flatten
  - linear: 10
"""
TOO_LARGE_A_KERNEL = {"cnncalc": 1, "input": [3, 16, 16], "layers": [{"conv": {"out": 8, "kernel": 99}}]}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often networks are expanded and their fields are made."""
    counted: Counter[str] = Counter()

    def count(name: str, make: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **options: Any) -> Any:
            counted[name] += 1
            return make(*args, **options)

        return counting

    monkeypatch.setattr(Spec, "expand", count("expansions", Spec.expand))
    monkeypatch.setattr("cnncalc.study.receptive_fields", count("fields", receptive_fields))
    return counted


ONE = {
    "show": ["show NET", "show NET --memory", "show NET --deploy", "show NET --runtime tflm", "show NET --fold-bn",
             "show NET --format json", "show NET --device t4"],
    "explain": ["explain NET", "explain NET conv1", "explain NET --flops fvcore"],
    "rf": ["rf NET", "rf NET conv1"],
    "reconcile": ["reconcile NET"],
    "expand": ["expand NET"],
    "report": ["report NET -o OUT.html", "report NET -o OUT.html --deploy --flops fvcore"],
    "graph": ["graph NET", "graph NET --format mermaid --deploy"],
    "check": ["check NET --max macs=1G", "check NET --max macs=1G --max peak_activation=1M --in-place",
              "check NET --budget BUDGET --max flops=2G --runtime plain", "check NET --max arena=1M --runtime tflm"],
    "plot": ["plot NET -o OUT.svg"],
    "export": ["export tflite NET -o OUT.tflite"],
    "import": ["import MODEL --flat"],
}  # fmt: skip
"""Command lines about one network."""
TWO = {"diff": ["diff NET OTHER"], "compare": ["compare NET OTHER"]}
"""Command lines about two."""
FOUR = {"import": ["import MODEL"]}
"""An import reads back what it writes, tries it on a larger map, and reads it back with the size as a variable."""
NEEDED = {"plot": "matplotlib", "export tflite": "flatbuffers"}
"""The packages of an extra that command lines ask for."""
FREE = {"sizes", "tile", "verify", "zoo", "ops", "devices", "init", "schema", "calc", "error", "lsp"}
"""Commands that are about no network of the user's, or about many: other inputs are other networks."""
MODEL = "[net]\nheight=8\nwidth=8\nchannels=3\n[convolutional]\nfilters=4\nsize=3\nstride=1\npad=1\nactivation=linear\n"
BUDGET = "flops: 1G\nconvention: fvcore\nmodel_size: 1M\ndtype: int8\n"

FREE |= {"formula", "sweep", "fit"}  # designs in number


def test_every_command_is_counted() -> None:
    known = ONE.keys() | TWO.keys() | FOUR.keys() | FREE
    assert COMMANDS.keys() <= known, "say how often the new command expands a network"


@pytest.mark.parametrize(
    ("line", "times"), [(line, times) for table, times in ((ONE, 1), (TWO, 2), (FOUR, 4)) for lines in table.values()
                        for line in lines if line.split()[0] in COMMANDS]
)  # fmt: skip
def test_a_command_expands_a_network_once(
    line: str, times: int, calls: Counter[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = NEEDED.get(" ".join(line.split()[: 2 if line.startswith("export") else 1]))
    if needed and find_spec(needed) is None:
        pytest.skip(f"'{line}' needs {needed}")
    monkeypatch.chdir(tmp_path)
    files = {"NET": NETWORK, "OTHER": NETWORK.replace("8", "12"), "MODEL": MODEL, "BUDGET": BUDGET}
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr("cnncalc.interop.foreign.ForeignSpec.expand", counted_too(calls))
    arguments = [f"{word}.yaml" if word in files else word for word in line.split()]
    assert run(arguments) in {0, 1}
    assert calls["expansions"] == times
    assert calls["fields"] <= times


def counted_too(calls: Counter[str]) -> Callable[..., Graph]:
    from cnncalc.interop.foreign import ForeignSpec

    whole = ForeignSpec.expand

    def counting(*args: Any) -> Graph:
        calls["expansions"] += 1
        return whole(*args)

    return counting


def test_a_study_makes_each_thing_once(calls: Counter[str]) -> None:
    study = Study(Question(spec=cnncalc.parse(NETWORK)))
    assert analyze(study) is analyze(study)
    assert memory(study) is memory(study)
    assert memory(study).params == analyze(study).totals.params
    assert explain(study, "conv1").layers[0].path == "conv1"
    assert rf(study, "conv1").network == reconcile(study).name == analyze(study).name == "tiny"
    assert check(study, macs="1G", flops="1", convention="fvcore", model_size="1M", dtype="int8").exit_code == 1
    assert compare(study)["tiny"] is assert_within(study, macs="1G") is analyze(study)
    assert calls == {"expansions": 1, "fields": 1}


def test_one_network_is_judged_by_its_spec_and_by_limits_of_the_call() -> None:
    """3*3*3*8*14*14 + 8*14*14*10 multiply-accumulates."""
    macs = 27 * 8 * 14 * 14 + 8 * 14 * 14 * 10
    spec = cnncalc.parse(f"{NETWORK}budgets: {{macs: {macs - 1}}}\n")
    (over,) = check(spec).subjects
    assert check(spec).exit_code == 1
    assert [(j.limit.metric, int(j.measured.low)) for j in over.judgements] == [("macs", macs)]
    assert check(spec, macs=macs).exit_code == 0
    assert check(spec, macs=macs, variant="wide").exit_code == 1
    assert check(Study(Question(spec=spec, variant="wide")), macs=macs).exit_code == 1
    assert check(Study(Question(spec=spec, convention="mac")), macs=macs, flops=macs).exit_code == 0
    assert check(TOO_LARGE_A_KERNEL).exit_code == check("no_such_network").exit_code == 2
    assert check(cnncalc.parse(NETWORK)).exit_code == 2
    assert check(spec, max_increase={"macs": 1}).exit_code == 2
    assert check(spec, macs=macs, variant="none").exit_code == 2


def test_another_rule_needs_no_expansion_another_network_does(calls: Counter[str]) -> None:
    spec = cnncalc.parse(NETWORK)
    study = Study(Question(spec=spec))
    for options in ({"convention": "fvcore"}, {"dtype": "int8"}, {"batch": 4}, {"fold_bn": True}, {"deploy": True}):
        assert study.under(**options).report == analyze(spec, **options)
        assert analyze(study, **options) == analyze(spec, **options)
    assert calls["expansions"] == 1 + 2 * 5
    calls.clear()
    assert analyze(study, variant="wide") == analyze(spec, variant="wide")
    assert analyze(study, input="3x20x20").input == (("input", (3, 20, 20)),)
    assert calls["expansions"] == 3


def test_reports_of_one_study_do_not_share_their_warnings() -> None:
    text = NETWORK.replace("act: relu}\n", "act: relu}\n    as: c\n  - conv: {out: 4, kernel: 1}\n    as: unused\n")
    text = text.replace("  - flatten", "  - {flatten: , from: c}")
    study = Study(Question(spec=cnncalc.parse(text)))
    first, second = study.report, study.under(convention="fvcore").report
    assert first.warnings
    assert first.warnings == second.warnings


@pytest.mark.parametrize("options", [{"convention": "no"}, {"dtype": "fp7"}, {"batch": 0}, {"variant": "no"},
                                     {"runtime": "no"}, {"scratch": 5}])  # fmt: skip
def test_a_wrong_question_is_a_value_error(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no|fp7|batch|scratch"):
        _ = Study(Question(spec=cnncalc.parse(NETWORK), **options)).report


@pytest.mark.parametrize("name", ["resnet50", "resnet101", "mobilenet_v2_x0_5"])
def test_a_network_has_one_name(name: str) -> None:
    own = cnncalc.load(name).variant
    names = {analyze(name).name, memory(name).name, reconcile(name).name, rf(name, "conv1").network,
             explain(name, "conv1").name}  # fmt: skip
    if own is not None:
        names |= {analyze(name, variant=own).name, memory(name, variant=own).name, reconcile(name, variant=own).name}
    assert names == {name}


def test_a_network_of_the_zoo_has_its_name_whatever_it_is_reached_by() -> None:
    file = cnncalc.zoo.folder() / "resnet50.yaml"
    for source in ("resnet50", str(file), cnncalc.load("resnet50"), cnncalc.load("resnet152")):
        assert analyze(source, variant="resnet101").name == "resnet101"
    assert analyze("resnet101", variant="resnet101") == analyze("resnet101") == analyze("resnet50", variant="resnet101")
    assert rf("resnet50", "conv1", variant="resnet101").network == "resnet101"
