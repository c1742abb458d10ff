"""Sweeps: every row equals the report of the single design, refusals with their reason; files resume without a gap."""

from __future__ import annotations

import csv
import io
import json
import random
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app
from cnncalc.search.condition import Criterion
from cnncalc.search.space import Space, axis_of
from cnncalc.search.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OF = ("params", "macs", "flops", "memory_access", "bytes", "model_size", "activations", "connections", "layers")


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["sweep", *words])


def truth(spec: Any, row: Mapping[str, Any], **options: Any) -> tuple[tuple[int, ...] | None, str | None]:
    """Return the totals of one design by `analyze`, or why there are none."""
    words = {"input": "input", "variant": "variant", "batch": "batch", "dtype": "dtype", "rule": "convention"}
    named = {words[name]: value for name, value in row.items() if name in words}
    variables = {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()
                 if name not in words and name != "error" and name not in OF}  # fmt: skip
    try:
        t = cnncalc.analyze(spec, **{**options, **named}, variables=variables or None).totals
    except cnncalc.SpecError as error:
        return None, error.diagnostics[0].message
    except ValueError as error:
        return None, str(error)
    return (t.params, t.macs, t.flops, t.memory_access.total, t.bytes, t.model_size, t.activations, t.connections,
            t.layers), None  # fmt: skip


def check(spec: Any, vary: Mapping[str, Any], *, count: int = 25, **options: Any) -> Sweep:
    """Compare random rows with the plain run, with arrays and without."""
    found = Sweep(spec, vary, of=OF, **options)
    rows = list(found)
    assert len(rows) == len(found)
    rng = random.Random(7)  # noqa: S311
    for row in rng.sample(rows, min(count, len(rows))):
        numbers = tuple(row[name] for name in OF) if row["error"] is None else None
        assert (numbers, row["error"]) == truth(spec, row, **options), row
    slow = Sweep(spec, vary, of=OF, sample=min(count, len(rows)), seed=3, arrays=False, **options)
    keyed = {tuple(row[axis.name] for axis in found.axes): row for row in rows}
    assert all(keyed[tuple(row[axis.name] for axis in slow.axes)] == row for row in slow)
    return found


def test_rows_of_mobilenet() -> None:
    found = check("mobilenet_v2", {"width": "0.25..2.0:0.05", "input": "32..320:16", "batch": [1, 4]})
    assert len(found.designs.networks[()]) < 12


@pytest.mark.long
def test_rows_of_resnet_with_lists() -> None:
    check("resnet50", {"width": "16..80:8", "groups": "1,2,3", "n2": "2..4", "input": "1..200:9"})


def test_rows_of_networks_that_refuse_a_size() -> None:
    found = check("unet", {"width": "8..16:8", "input": "100..400:60"})
    assert any(row["error"] for row in found)


def test_rows_of_words_and_shapes() -> None:
    shapes = "3x96x128,3x128x96,1x64x64"
    check("mobilenet_v2", {"dtype": "fp32,int8", "rule": "exact,thop", "input": shapes, "width": "1"})
    check("efficientnet_b0", {"variant": "efficientnet_b1,efficientnet_b3", "input": "40,64,100"}, count=6)


CHOSEN = {"input": [3, 32, 32], "vars": {"widths": [8, 16], "wide": True, "act": "relu"},
          "layers": [{"conv": {"out": "c", "kernel": 3, "norm": "batch_norm", "act": "$act"}, "each": {"c": "widths"}},
                     {"conv": {"out": 8, "kernel": 1}, "when": "wide"}]}  # fmt: skip


def test_rows_of_lists_words_and_truth_values() -> None:
    check(CHOSEN, {"widths": [[8, 16], [8, 16, 32], [4]], "wide": [True, False], "act": ["relu", "gelu"],
                   "input": "4..40:5"})  # fmt: skip


def test_numbers_beyond_64_bits_are_exact() -> None:
    layers = [{"conv": {"out": "width**3", "kernel": 3}}, {"conv": {"out": "width**3", "kernel": 1}}]
    spec = {"input": [3, 8, 8], "vars": {"width": 8}, "layers": layers}
    found = check(spec, {"width": [3, 3001, 10**6]})
    assert max(row["macs"] for row in found) > 2**63


def test_a_width_that_decides_makes_two_structures() -> None:
    spec = {"input": [3, 8, 8], "vars": {"width": 32}, "layers": [
        {"conv": {"out": "width", "kernel": 1}}, {"conv": {"out": "width", "kernel": 1}, "when": "width < 48"}]}
    found = check(spec, {"width": "16..80"})
    assert len(found.designs.networks[()]) == 2


def test_where_and_pareto_and_sample() -> None:
    vary = {"width": "0.25..1:0.25", "input": "96..224:32"}
    rows = list(Sweep("mobilenet_v1", vary, where="macs < 100M and width > 0.3"))
    assert rows
    assert all(row["macs"] < 100_000_000 and row["width"] > Fraction(3, 10) for row in rows)
    everything = list(Sweep("mobilenet_v1", {"width": "0.25..1:0.25", "input": "96..224:32"}))
    front = list(Sweep("mobilenet_v1", {"width": "0.25..1:0.25", "input": "96..224:32"}, pareto=["macs", "+params"]))
    for row in front:
        beaten = [o for o in everything if o["macs"] <= row["macs"] and o["params"] >= row["params"]
                  and (o["macs"], o["params"]) != (row["macs"], row["params"])]  # fmt: skip
        assert not beaten
    assert len(front) == 4
    some = list(Sweep("mobilenet_v1", {"width": "0.25..1:0.25", "input": "96..224:32"}, sample=5, seed=1))
    assert len(some) == 5
    assert all(row in everything for row in some)


def test_published_settings_of_mobilenet() -> None:
    """Howard et al. 2017, arXiv:1704.04861, tables 6 and 7: millions of multiply-adds and of parameters."""
    found = Sweep("mobilenet_v1", {"width": "0.25,0.5,0.75,1", "input": "128,160,192,224"})
    rows = {(row["width"], row["input"][1]): row for row in found}
    assert [round(rows[w, 224]["macs"] / 1e6) for w in (1, Fraction(3, 4), Fraction(1, 2))] == [569, 325, 149]
    assert [int(rows[1, n]["macs"] / 1e6) for n in (192, 160, 128)] == [418, 290, 186]
    assert [round(rows[w, 224]["params"] / 1e6, 1) for w in (1, Fraction(3, 4), Fraction(1, 2))] == [4.2, 2.6, 1.3]


def test_the_command_writes_csv() -> None:
    done = run("mobilenet_v2", "--vary", "width=0.5,1.0", "--vary", "input=96,128", "--format", "csv")
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["width"] for row in rows] == ["0.5", "0.5", "1", "1"]
    assert [row["input"] for row in rows] == ["3x96x96", "3x128x128"] * 2
    assert {"width", "input", "params", "macs"} <= set(rows[0])
    assert int(rows[3]["macs"]) == cnncalc.analyze("mobilenet_v2", input=[3, 128, 128]).totals.macs


def test_the_command_writes_lines_and_a_table() -> None:
    done = run("lenet5", "--vary", "input=4,1x32x32", "--format", "jsonl", "--of", "macs")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows[0]["macs"] is None
    assert "does not fit" in rows[0]["error"]
    assert rows[1] == {"input": "1x32x32", "macs": rows[1]["macs"], "error": None}
    table = run("lenet5", "--vary", "input=32,40", "--of", "macs").stdout.splitlines()
    assert len({len(line) for line in table}) == 1


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_resume_neither_repeats_nor_loses(form: str, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole", tmp_path / "part"
    words = ["mobilenet_v1", "--vary", "width=0.25..1:0.05", "--vary", "input=64..224:32", "--format", form,
             "--where", "macs > 20M"]  # fmt: skip
    assert run(*words, "-o", str(whole)).exit_code == 0
    text = whole.read_bytes()
    for cut in (0, 3, 40, len(text) // 2, len(text) - 1, len(text)):
        part.write_bytes(text[:cut])
        done = run(*words, "-o", str(part), "--resume")
        assert done.exit_code == 0, done.output
        assert part.read_bytes() == text, cut
    other = run("mobilenet_v1", "--vary", "width=0.25,1", "--format", form, "-o", str(part), "--resume")
    assert other.exit_code == 2


@pytest.mark.parametrize(("words", "part"), [
    (["--vary", "wdth=1"], "did you mean 'width'"),
    (["--vary", "width"], "NAME=VALUES"),
    (["--vary", "width=2..1"], "rises"),
    (["--vary", "width=1..x"], "by a step"),
    (["--vary", "width=1,,2"], "empty value"),
    (["--vary", "dtype=fp31"], "fp31"),
    (["--vary", "variant=nope"], "no variant 'nope'"),
    (["--vary", "width=1", "--of", "mac"], "did you mean 'macs'"),
    (["--vary", "width=1", "--where", "mac < 3"], "did you mean 'macs'"),
    (["--vary", "width=1", "--where", "__import__('os')"], "are allowed"),
    (["--vary", "width=1", "--pareto", "mac"], "macs"),
    (["--vary", "width=1", "--format", "xls"], "choose one of"),
    (["--vary", "width=1", "--resume"], "-o"),
    ([], "say what varies"),
])  # fmt: skip
def test_mistakes_are_one_line(words: list[str], part: str) -> None:
    done = run("mobilenet_v2", *words)
    assert done.exit_code == 2
    assert part in done.stderr
    assert "Traceback" not in done.output


def test_expressions_are_no_python() -> None:
    names = ("macs", "width")
    assert Criterion("macs < 1.5k and not width > 2 or macs == 7", names).of({"macs": 7, "width": 3})
    assert Criterion("1 < width <= 3", names).of({"macs": 7, "width": 3})
    assert Criterion("-macs + 2*width // 1 % 5", names).of({"macs": 7, "width": 3}) == -6
    for text in ("macs.real", "[macs]", "macs(1)", "macs if 1 else 0", "(macs := 3)", "macs <", 9999 * "x"):
        with pytest.raises(ValueError, match=r"expression|allowed|more than"):
            Criterion(text, names)


def test_places_and_numbers_of_a_space() -> None:
    spec = cnncalc.load("mobilenet_v2")
    space = Space([axis_of("width", "0.5..1:0.25", spec), axis_of("batch", [1, 2], spec)])
    assert [space.number(space.places(number)) for number in range(space.size)] == list(range(6))
    assert space.texts(space.places(3)) == ("0.75", "2")
