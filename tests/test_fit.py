"""Fits: the best design against brute force over every design, and certificates that a checker of its own accepts."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app
from cnncalc.search.checker import accepts
from cnncalc.search.fit import FitSearch
from cnncalc.search.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SPECS: list[tuple[Any, dict[str, str]]] = [
    ("mobilenet_v2", {"width": "0.1..2.0:0.1", "input": "32..224:24"}),
    ("resnet50", {"width": "16..80:8", "groups": "1,2,3", "n2": "2..4", "input": "30..200:34"}),
    ("mobilenet_v1", {"width": "0.25..1:0.05", "dtype": "fp32,int8", "input": "20..224:40"}),
    ({"input": [3, 32, 32], "vars": {"a": 8, "b": 3}, "layers": [
        {"conv": {"out": "a", "kernel": "b"}}, {"conv": {"out": "round8(a*1.5)", "kernel": 3}, "when": "a % 3 != 1"},
        {"conv": {"out": "a", "kernel": 3, "groups": "b"}, "when": "a < 20"}]},
     {"a": "1..30", "b": "1..6", "input": "3..20"}),
]  # fmt: skip


def problem(rng: random.Random) -> tuple[Any, dict[str, str], dict[str, int], dict[str, int], str]:
    """Return a random spec with limits and an objective."""
    spec, vary = rng.choice(SPECS)
    found = Sweep(spec, vary, of=("macs", "params", "memory_access"), sample=12, seed=rng.randrange(99))
    totals = [row for row in found if row["error"] is None]
    some = rng.choice(totals) if totals else {"macs": 10, "params": 10, "memory_access": 10}
    most = {name: some[name] for name in rng.sample(["macs", "params", "memory_access"], rng.randint(1, 2))}
    least = {"params": some["params"] // 2} if rng.random() < 0.3 else {}
    goal = rng.choice(["macs", "params", "-memory_access", "macs + 3*params", "macs/params", "params - memory_access"])
    return spec, vary, most, least, goal


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("arrays", [True, False])
def test_the_best_is_that_of_brute_force(seed: int, arrays: bool) -> None:
    spec, vary, most, least, goal = problem(random.Random(seed))  # noqa: S311
    search = FitSearch(spec, vary, most=most, least=least, maximise=goal, arrays=arrays)
    search.small = 3 if seed % 2 else search.small
    found = search.run()
    worth = {}
    rows = {}
    for row in Sweep(spec, vary, of=("macs", "params", "memory_access")):
        if row["error"] is not None:
            continue
        key = tuple(row[name] for name in vary)
        rows[key] = row
        if all(row[n] <= x for n, x in most.items()) and all(row[n] >= x for n, x in least.items()):
            worth[key] = eval(goal, {}, {n: row[n] for n in ("macs", "params", "memory_access")})  # noqa: S307
    assert found.best is not None
    assert float(found.best.value) == pytest.approx(max(worth.values()), rel=1e-12)
    key = tuple(found.best.variables[name] for name in vary)
    assert key in worth
    proof = json.loads(json.dumps(found.certificate()))

    def totals_of(places: Sequence[int]) -> dict[str, int] | None:
        return rows.get(tuple(search.designs.space.choices(places)[name] for name in vary))

    assert accepts(proof, totals_of)
    if "cut" in proof["nodes"][0]:
        for at in (0, -1, proof["nodes"][0]["cut"][1] + 10**6):
            axis, _, *parts = proof["nodes"][0]["cut"]
            assert not accepts({**proof, "nodes": [{"cut": [axis, at, *parts]}, *proof["nodes"][1:]]}, totals_of)
    if max(worth.values()) > min(worth.values()):
        worse = min(worth, key=lambda key: worth[key])
        places = [axis.choices.index(value) for axis, value in zip(search.found.axes, worse, strict=True)]
        assert not accepts({**proof, "best": {"places": places, "value": "0"}}, totals_of)


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


def test_a_large_grid_is_not_computed_design_by_design() -> None:
    """200 million designs with plateaus: neither size nor the count of classes alone decides."""
    vary = {"width": "0.01..2:0.01", "input": "32..1031", "classes": "1..1000"}
    found = FitSearch("mobilenet_v2", vary, most={"params": 3_000_000}, least={}, maximise="params").run()
    assert found.size == 200_000_000
    assert found.best is not None
    assert found.best.totals["params"] <= 3_000_000
    assert found.computed < found.size // 5
