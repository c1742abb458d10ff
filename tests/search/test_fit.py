"""Fits: the best design against brute force over every design, and certificates that a checker of its own accepts."""

from __future__ import annotations

import json
import os
import random
import shlex
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app
from cnncalc.search.checker import accepts
from cnncalc.search.fit import FitSearch
from cnncalc.search.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

NETWORKS: list[tuple[Any, dict[str, str]]] = [
    ("mobilenet_v2", {"width": "0.1..2.0:0.1", "input": "32..224:24"}),
    ("resnet50", {"width": "16..80:16", "groups": "1,3", "n2": "2..3", "input": "30..200:34"}),
    ("mobilenet_v1", {"width": "0.25..1:0.05", "dtype": "fp32,int8", "input": "20..224:40"}),
]
SMALL: list[tuple[Any, dict[str, str]]] = [
    ({"input": [3, 32, 32], "vars": {"a": 8, "b": 3}, "layers": [
        {"conv": {"out": "a", "kernel": "b"}}, {"conv": {"out": "round8(a*1.5)", "kernel": 3}, "when": "a % 3 != 1"},
        {"conv": {"out": "a", "kernel": 3, "groups": "b"}, "when": "a < 20"}]},
     {"a": "1..24", "b": "1,2,3", "input": "3..17:2"}),
    ({"input": [3, 32, 32], "vars": {"w": 1, "n": 1, "k": 3}, "layers": [
        {"conv": {"out": "round8(8*w)", "kernel": "k", "stride": 2, "padding": "half"}},
        {"conv": {"out": "round8(20*w)", "kernel": 3, "padding": 1}, "repeat": "n"}, {"max_pool": 2},
        {"conv": {"out": 24, "kernel": 1}, "when": "k > 3"}, "global_avg_pool", "flatten", {"linear": 10}]},
     {"w": "0.25..2:0.125", "n": "1,2", "k": "1,3,5", "input": "4..40:12"}),
    ({"input": [2, 40], "vars": {"c": 4, "d": 1}, "layers": [
        {"conv": {"out": "c", "kernel": 3, "dilation": "d"}}, {"conv": {"out": "2*c", "kernel": 5, "stride": "d"}},
        {"add": {"body": [{"conv": {"out": "2*c", "kernel": 3, "padding": 1}}], "skip": []}}]},
     {"c": "1..20", "d": "1..3", "input": "8..60:6", "dtype": "fp32,int8"}),
]  # fmt: skip
PROBLEMS = int(os.environ.get("CNNCALC_FITS", "18"))
"""Random problems that are tried; 300 where there is time."""
LIMITED = ("macs", "params", "memory_access", "receptive_field", "peak_activation", "bytes")
GOALS = ("macs", "params", "-memory_access", "macs + 3*params", "macs/params", "params - memory_access",
         "-peak_activation", "receptive_field", "macs/receptive_field")  # fmt: skip


@cache
def whole(number: int) -> tuple[Any, dict[str, str], list[dict[str, Any]]]:
    """Return a spec, what varies, and every design of the grid."""
    spec, vary = (*SMALL, *NETWORKS)[number]
    return spec, vary, list(Sweep(spec, vary, of=LIMITED))


class FitProblem:
    """A random problem, and the best of all its designs."""

    def __init__(self, rng: random.Random, number: int) -> None:
        self.spec, self.vary, rows = whole(number)
        self.rows = {self.key(row): row for row in rows if row["error"] is None}
        totals = rng.sample(list(self.rows.values()), 3)
        self.most = {name: totals[0][name] for name in rng.sample(LIMITED, rng.randint(1, 2))}
        floors = [name for name in ("params", "receptive_field") if name not in self.most and rng.random() < 0.3]
        self.least = {name: totals[1][name] // rng.randint(1, 2) for name in floors}
        self.goal = rng.choice(GOALS)
        self.worth = {
            key: eval(self.goal, {}, {n: Fraction(row[n]) for n in LIMITED})  # noqa: S307
            for key, row in self.rows.items()
            if all(row[n] <= x for n, x in self.most.items()) and all(row[n] >= x for n, x in self.least.items())
        }

    def key(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.vary)


def solved(problem: FitProblem, *, arrays: bool, small: int | None) -> None:
    """Compare a fit with brute force, and check its certificate."""
    search = FitSearch(problem.spec, problem.vary, most=problem.most, least=problem.least, maximise=problem.goal,
                       arrays=arrays)  # fmt: skip
    search.small = small or search.small
    found = search.run()
    worth, rows = problem.worth, problem.rows
    choices = search.designs.space.choices
    proof = json.loads(json.dumps(found.certificate()))

    def totals_of(places: Sequence[int]) -> dict[str, int] | None:
        return rows.get(problem.key(choices(places)))

    assert accepts(proof, totals_of)
    if found.best is None:
        assert not worth
        return
    assert found.best.value == max(worth.values())
    assert worth[problem.key(found.best.variables)] == found.best.value
    if "cut" in proof["nodes"][0]:
        for at in (0, -1, proof["nodes"][0]["cut"][1] + 10**6):
            axis, _, *parts = proof["nodes"][0]["cut"]
            assert not accepts({**proof, "nodes": [{"cut": [axis, at, *parts]}, *proof["nodes"][1:]]}, totals_of)
    if max(worth.values()) > min(worth.values()):
        least = min(worth, key=worth.__getitem__)
        worse = dict(zip(problem.vary, least, strict=True))
        places = [axis.choices.index(worse[axis.name]) for axis in search.found.axes]
        assert not accepts({**proof, "best": [{"places": places, "value": "0"}]}, totals_of)


@pytest.mark.few
@pytest.mark.parametrize("seed", range(PROBLEMS))
def test_the_best_of_random_problems_is_that_of_brute_force(seed: int) -> None:
    problem = FitProblem(random.Random(seed), seed % len(SMALL))  # noqa: S311
    solved(problem, arrays=seed // 3 % 2 > 0, small=(None, 3, 40)[seed // 6 % 3])


@pytest.mark.few
@pytest.mark.parametrize("seed", range(4))
def test_the_best_of_networks_is_that_of_brute_force(seed: int) -> None:
    problem = FitProblem(random.Random(seed), len(SMALL) + seed % len(NETWORKS))  # noqa: S311
    solved(problem, arrays=seed > 0, small=None if seed > 1 else 30)


def test_nothing_fits_says_what_is_nearest() -> None:
    vary = {"width": "0.25..1:0.25", "input": "96..224:32"}
    found = FitSearch("mobilenet_v1", vary, most={"macs": 1_000_000, "params": 100_000}, least={}, maximise=None).run()
    assert found.best is None
    assert found.nearest is not None
    excess = {
        (row["width"], row["input"]): max(row["macs"] / 1e6 - 1, row["params"] / 1e5 - 1)
        for row in Sweep("mobilenet_v1", vary)
    }
    assert float(found.nearest.value) == pytest.approx(min(excess.values()))


def test_the_command_writes_json_and_lines_to_run() -> None:
    words = ["fit", "mobilenet_v2", "--vary", "width=0.25..1.5:0.05", "--max", "macs=200M"]
    done = CliRunner().invoke(app, [*words, "--format", "json"])
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    best = data["best"]
    assert best["variables"] == {"width": 0.7}
    totals = cnncalc.analyze("mobilenet_v2", variables={"width": 0.7}).totals
    assert (best["macs"], best["params"]) == (totals.macs, totals.params)
    assert best["macs"] <= 200_000_000 < cnncalc.analyze("mobilenet_v2", variables={"width": 0.75}).totals.macs
    for line in (best["show"], best["check"]):
        assert CliRunner().invoke(app, line.split()[1:]).exit_code == 0
    text = CliRunner().invoke(app, words).stdout
    assert "width 0.7" in text
    assert best["check"] in text


def test_the_command_exits_1_where_nothing_fits() -> None:
    done = CliRunner().invoke(app, ["fit", "mobilenet_v2", "--vary", "width=0.5,1", "--max", "macs=1k"])
    assert done.exit_code == 1
    assert "nothing fits" in done.stdout


def test_designs_that_are_no_networks_are_no_verdict(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    layers = "[{conv: {out: w, kernel: 3}}, global_avg_pool, {linear: 5}]"
    file.write_text(f"vars: {{w: 8}}\ninput: [3, 9, 13]\nlayers: {layers}\n")
    words = ["fit", str(file), "--vary", "w=1..3", "--max", "macs=1M"]
    shown = CliRunner().invoke(app, words).stderr.split("see why: ")[1]
    for line in (words, ["sweep", *words[1:4]]):
        done = CliRunner().invoke(app, line)
        assert done.exit_code == 2, line
        assert "network" in done.stderr
    assert shown.split() == ["cnncalc", "show", str(file), "--set", "w=1"]
    with pytest.raises(cnncalc.SpecError, match="wants a vector") as caught:
        cnncalc.analyze(file, variables={"w": 1})
    assert caught.value.diagnostics[0].hint == "put flatten before it"


@pytest.mark.parametrize("limits", [[], ["--max", "macs=3"]], ids=["no limit", "a limit that holds"])
def test_a_quotient_without_a_value_is_no_verdict(limits: list[str], tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text("cnncalc: 1\ninput: [4, 64]\nlayers: [relu]\n", encoding="utf-8")
    line = ["fit", str(file), "--vary", "input=8..40:7", "--maximise", "macs/params", *limits]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 2
    assert "none of the 5 designs is a network with a value of macs/params" in done.stderr


@pytest.mark.parametrize(("words", "part"), [
    (["--max", "macs"], "TOTAL=QUANTITY"),
    (["--max", "mac=3"], "did you mean 'macs'"),
    (["--max", "macs=3x"], "macs"),
    (["--maximise", "foo"], "foo"),
])  # fmt: skip
def test_mistakes_are_one_line(words: list[str], part: str) -> None:
    done = CliRunner().invoke(app, ["fit", "mobilenet_v2", "--vary", "width=1,2", *words])
    assert done.exit_code == 2
    assert part in done.stderr


def test_a_total_that_is_only_bounded_is_none() -> None:
    spec = {"input": [3, 8, 8], "vars": {"n": 3}, "layers": [{"opaque": {"out": ["n", 4, 4], "macs": 7}}]}
    for arrays in (True, False):
        search = FitSearch(spec, {"n": "1..9"}, most={"params": 100}, least={}, maximise="macs", arrays=arrays)
        search.small = 1
        found = search.run()
        assert found.best is found.nearest is None
    assert FitSearch(spec, {"n": "1..9"}, most={}, least={}, maximise="macs").run().best is not None


def test_a_field_that_is_wide_enough_and_several_specs() -> None:
    words = ["fit", "resnet18", "vgg16", "resnet50", "--vary", "input=3x128x128,3x224x224", "--min", "rf=300",
             "--maximise=-macs", "--format", "json"]  # fmt: skip
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    best = json.loads(done.stdout)["best"]
    assert best["variables"] == {"spec": "resnet18", "input": "3x128x128"}
    totals = cnncalc.analyze("resnet18", input=[3, 128, 128])
    assert best["receptive_field"] == min(size or 0 for size in totals.summary.receptive_field)
    assert best["macs"] == totals.totals.macs
    for line in (best["show"], best["check"]):
        assert CliRunner().invoke(app, shlex.split(line)[1:]).exit_code == 0, line


@pytest.mark.parametrize(("vary", "size"), [
    ({"width": "0.05..2:0.05", "input": "32..131", "classes": "10..1000:10"}, 400_000),
    pytest.param({"width": "0.01..2:0.01", "input": "32..1031", "classes": "10..1000:10"}, 20_000_000,
                 marks=pytest.mark.long),
])  # fmt: skip
def test_a_large_grid_is_not_computed_design_by_design(vary: dict[str, Any], size: int) -> None:
    """Millions of designs with plateaus: neither size nor the count of classes alone decides."""
    found = FitSearch("mobilenet_v2", vary, most={"params": 3_000_000}, least={}, maximise="params").run()
    assert found.size == size
    assert found.best is not None
    assert found.best.totals["params"] <= 3_000_000
    assert found.computed < found.size // 4
