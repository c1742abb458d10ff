"""Fronts within limits against brute force over every design, without computing every design."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from test_fit import LIMITED, SMALL, whole
from typer.testing import CliRunner

from cnncalc.cli import app
from cnncalc.search.checker import accepts
from cnncalc.search.frontier import FrontierSearch, frontier
from cnncalc.search.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.few
@pytest.mark.parametrize("seed", range(12))
def test_the_front_is_that_of_brute_force(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    spec, vary, rows = whole(seed % len(SMALL))
    goals = rng.sample(LIMITED, 2 if seed % 2 else 3)
    signs = [rng.choice((1, -1)) for _ in goals]
    some = rng.choice([row for row in rows if row["error"] is None])
    most = {rng.choice(LIMITED): some[rng.choice(LIMITED)] for _ in range(seed % 3)}
    search = FrontierSearch(spec, vary, [("+" if s < 0 else "") + n for n, s in zip(goals, signs, strict=True)],
                            most=most, least={}, arrays=seed % 4 > 0)  # fmt: skip
    search.small = 8 if seed % 3 else search.small
    fitted = search.run()
    found = fitted.front
    points = {tuple(s * row[n] for n, s in zip(goals, signs, strict=True)) for row in rows
              if row["error"] is None and all(row[n] <= x for n, x in most.items())}  # fmt: skip
    best = {p for p in points if not any(q != p and all(a <= b for a, b in zip(q, p, strict=True)) for q in points)}
    assert {tuple(s * d.totals[n] for n, s in zip(goals, signs, strict=True)) for d in found} == best
    assert len(found) == len(best)
    keyed = {tuple(row[name] for name in vary): row for row in rows}
    for design in found:
        row = keyed[tuple(design.variables[name] for name in vary)]
        assert all(row[name] == design.totals[name] for name in goals)
    proof = json.loads(json.dumps(fitted.certificate()))
    choices = search.designs.space.choices

    def totals_of(places: Sequence[int]) -> dict[str, int] | None:
        chosen = choices(places)
        row = keyed[tuple(chosen[name] for name in vary)]
        return row if row["error"] is None else None

    assert accepts(proof, totals_of)
    # Not where one is missing, nor where one is beaten or there twice.
    for k in rng.sample(range(len(found)), min(len(found), 2)):
        assert not accepts({**proof, "best": [*proof["best"][:k], *proof["best"][k + 1 :]]}, totals_of)
    for one in rng.sample([key for key, row in keyed.items() if row["error"] is None], 3):
        places = [axis.choices.index(choice) for axis, choice in zip(fitted.axes, one, strict=True)]
        assert not accepts({**proof, "best": [*proof["best"], {"places": places}]}, totals_of)


@pytest.mark.long
def test_a_large_grid_is_not_computed_design_by_design() -> None:
    vary = {"width": "0.05..2:0.05", "input": "32..431", "classes": "100..1000:100"}
    search = FrontierSearch("mobilenet_v2", vary, ("macs", "+params"), most={"macs": 300_000_000}, least={})
    search.small = 512
    found = search.run()
    assert found.size == 160_000
    assert found.computed < found.size // 2
    part = {"width": "0.05..2:0.05", "input": "32..131:9", "classes": "10,1000"}
    rows = Sweep("mobilenet_v2", part, where="macs <= 300M", pareto=("macs", "+params"))
    few = frontier("mobilenet_v2", part, ("macs", "+params"), most={"macs": 300_000_000})
    assert {(row["macs"], row["params"]) for row in rows} == {(d.totals["macs"], d.totals["params"]) for d in few}


def test_the_command_writes_a_table_and_json() -> None:
    words = ["fit", "mobilenet_v1", "--vary", "width=0.25..1:0.25", "--vary", "input=128,224", "--max", "macs=300M",
             "--frontier", "macs,+params"]  # fmt: skip
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    data = json.loads(CliRunner().invoke(app, [*words, "--format", "json"]).stdout)
    rows = list(Sweep("mobilenet_v1", {"width": "0.25..1:0.25", "input": "128,224"}, where="macs <= 300M",
                      pareto=("macs", "+params")))  # fmt: skip
    assert [(one["macs"], one["params"]) for one in data["front"]] == [(row["macs"], row["params"]) for row in rows]
    assert "best" not in data
    assert len(data["certificate"]["best"]) == len(rows)
    assert "proof: " in done.stdout
    assert f"{len(rows)} that none beats in macs, +params" in done.stdout
    none = CliRunner().invoke(app, [*words[:-2], "--max", "params=1", "--frontier", "macs,params"])
    assert none.exit_code == 1
    assert "nothing fits" in none.stdout
    empty = json.loads(CliRunner().invoke(app, [*words[:-2], "--max", "params=1", "--frontier", "macs,params",
                                                "--format", "json"]).stdout)  # fmt: skip
    assert (empty["front"], empty["certificate"]["best"]) == ([], [])
    assert empty["nearest"]["excess"] > 0


@pytest.mark.parametrize(("words", "part"), [
    (["--frontier", "macs"], "two totals or more"),
    (["--frontier", "macs,macs"], "each once"),
    (["--frontier", "macs,+parms"], "did you mean 'params'"),
    (["--frontier", "macs,params", "--maximise", "macs"], "exclude each other"),
])  # fmt: skip
def test_mistakes_are_one_line(words: list[str], part: str) -> None:
    done = CliRunner().invoke(app, ["fit", "mobilenet_v1", "--vary", "width=0.5,1", *words])
    assert done.exit_code == 2
    assert part in done.stderr


def test_goals_have_their_aliases() -> None:
    spec: dict[str, Any] = {"input": [3, 32, 32], "vars": {"k": 3}, "layers": [{"conv": {"out": 4, "kernel": "k"}}]}
    found = frontier(spec, {"k": "1..7"}, ("macs", "+rf"))
    assert [design.totals["receptive_field"] for design in found] == list(range(1, 8))
