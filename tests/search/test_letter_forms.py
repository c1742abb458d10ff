"""The table in letters took neither a depth nor a form: each form says what the table of numbers says."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app

SIZE = {"H": 97, "W": 131}


def shown(*words: str, columns: int | None = None) -> str:
    """Return what `cnncalc show resnet18 --input 3x?x?` prints with more words."""
    runner = CliRunner(env={"COLUMNS": str(columns)} if columns else {})
    done = runner.invoke(app, ["show", "resnet18", "--input", "3x?x?", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def values(data: dict[str, Any]) -> dict[str, Any]:
    """Return what the letters and steps of a JSON form come to."""
    found: dict[str, Any] = {**SIZE, "floor": lambda x: x // 1}
    for name, step in data["steps"].items():
        found[name] = number(step.replace("/", "//"), found)
    return found


def number(text: str, letters: dict[str, Any]) -> int:
    """Return what a formula comes to."""
    return int(eval(text, {}, letters))  # noqa: S307 - our own


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_depth_sums_the_layers_of_a_path(depth: int) -> None:
    data = json.loads(shown("--depth", str(depth), "--format", "json"))
    letters = values(data)
    report = cnncalc.analyze("resnet18", input=[3, 97, 131])
    paths = list(dict.fromkeys(".".join(layer.path.split(".")[:depth]) for layer in report.layers))
    assert [row["path"] for row in data["layers"]] == paths
    for row in data["layers"]:
        inside = [layer for layer in report.layers if ".".join(layer.path.split(".")[:depth]) == row["path"]]
        assert number(row["params"], letters) == sum(layer.params or 0 for layer in inside)
        assert number(row["macs"], letters) == sum(layer.macs or 0 for layer in inside)
        assert [number(extent, letters) for extent in row["output"]] == list(inside[-1].out_shape)
    assert number(data["totals"]["macs"], letters) == report.totals.macs
    assert data["lower_bounds"] == []


def test_the_forms_have_the_same_rows() -> None:
    data = json.loads(shown("--depth", "1", "--format", "json"))
    rows = list(csv.DictReader(shown("--depth", "1", "--format", "csv").splitlines()))
    assert [row["layer"] for row in rows] == [row["path"] for row in data["layers"]]
    assert [row["macs"] for row in rows] == [row["macs"] for row in data["layers"]]
    marked = shown("--depth", "1", "--format", "markdown")
    assert marked.count("\n| `") == len(rows)
    assert all(f"| `{row['layer']}` |" in marked for row in rows)
    table = shown("--depth", "1")
    assert all(f"\n{row['layer']} " in table for row in rows)


def test_on_a_narrow_screen_the_operators_go_and_no_formula_is_cut() -> None:
    wide, narrow = shown("--depth", "1"), shown("--depth", "1", columns=60)
    assert "left out for the width: operator" in narrow
    assert "4 conv" in wide
    assert "4 conv" not in narrow
    assert "9408*H_1*W_1 + 147456*H_2*W_2 + 524288*H_3*W_3 + 2097152*H_4*W_4 + 8388608*H_5*W_5" in narrow


def test_what_is_unknown_was_left_blank(tmp_path: Any) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text("input: [3, 8, 8]\nlayers: [{conv: {out: 4, kernel: 3}}, {opaque: [5]}]\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["show", str(spec), "--input", "3x?x?"])
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line}
    assert rows["opaque1"][-2:] == ["?", "?"]
    assert rows["Total"][3:5] == [">=", "112"]


def test_one_layer_is_one_layer(tmp_path: Any) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text("input: [3, 8, 8]\nlayers: [{conv: {out: 4, kernel: 3}}]\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["show", str(spec), "--input", "3x?x?"])
    total = next(line for line in done.stdout.splitlines() if line.startswith("Total"))
    assert total.split()[1:4] == ["1", "layer", "112"]
