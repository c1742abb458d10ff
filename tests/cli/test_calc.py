"""Quick questions: layers in a line, and several networks in one table."""

from __future__ import annotations

import csv
import io
import json

import pytest

import cnncalc
from cnncalc.analysis.pareto import front
from cnncalc.cli import run
from cnncalc.language.shorthand import layers_of

Capture = pytest.CaptureFixture[str]


def test_a_line_of_layers_is_answered_line_by_line(capsys: Capture) -> None:
    """conv: (32+2-3)//2+1 = 16, 64*(3*9+1) params, 64*27*256 macs; pool 8; conv: 6, 128*(64*9+1), 128*576*36."""
    assert run(["calc", "conv 64 k3 s2 p1; max_pool 2; conv 128 k3", "--input", "3x32x32"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    for word in ("3x32x32 -> 64x16x16", "rf 3 ", "1,792 params", "442,368 macs", "/2) + 1 = 16"):
        assert word in lines[0]
    for word in ("64x16x16 -> 64x8x8", "rf 5 "):
        assert word in lines[1]
    for word in ("64x8x8 -> 128x6x6", "rf 13 ", "73,856 params", "2,654,208 macs"):
        assert word in lines[2]
    assert "75,648 params" in lines[3]


def test_the_words_of_the_grammar() -> None:
    assert layers_of("conv 64, k3x5, s2, p half, g4 + batch_norm + relu; flatten; linear 10 bias=false") == [
        {"conv": {"out": 64, "kernel": [3, 5], "stride": 2, "padding": "half", "groups": 4, "norm": "batch_norm",
                  "act": "relu"}},
        "flatten",
        {"linear": {"out": 10, "bias": False}},
    ]  # fmt: skip


def test_what_is_left_out_is_not_guessed(capsys: Capture) -> None:
    assert run(["calc", "conv 64", "--input", "3x32x32"]) == 2
    assert "kernel" in capsys.readouterr().err


@pytest.mark.parametrize(("line", "word"), [("convv 3", "convv"), ("conv 3 4 k3", "twice"), (";", "no layer"),
                                            ("relu 5", "'5'"), ("conv 3 k3 + linear", "no norm")])  # fmt: skip
def test_what_cannot_be_read_is_one_line(line: str, word: str, capsys: Capture) -> None:
    assert run(["calc", line, "--input", "3x32x32"]) == 2
    found = capsys.readouterr()
    assert word in found.err
    assert found.out == ""
    assert run(["calc", "conv 4 k3"]) == 2


@pytest.mark.parametrize(("line", "column", "part"), [
    ("conv 64 k3x5 p half; linear 10", 22, "linear"), ("conv 4 k3 -> max_pool 2 -> conv 8 k90", 28, "conv 8 k90"),
    ("conv 64 k3 strid=2", 12, "strid"), (" relu ;; softmax q=1", 18, "q"), ("conv int(3) k3", 6, "int"),
    ("relu; conv 4 k3 p haf", 19, "haf"),
])  # fmt: skip
def test_a_mistake_stood_at_no_layer_of_the_line(line: str, column: int, part: str, capsys: Capture) -> None:
    assert run(["calc", line, "--input", "3x32x32"]) == 2
    place, shown, marker = capsys.readouterr().err.splitlines()[:3]
    assert place.startswith(f"<spec>:1:{column}: error: ")
    assert shown == f"1 | {line.rstrip()}"
    assert marker == f"  | {' ' * (column - 1)}{'^' * len(part)}"


@pytest.mark.parametrize(("line", "hint"), [
    ("Conv2d 64 k3", "write conv"), ("dw 3", "write depthwise"), ("conv 4 k3 + ReLU", "write relu"),
    ("matmull 2", "did you mean 'matmul'?"), ("conv 64 z9", "twice, also by 'z9'"),
])  # fmt: skip
def test_a_foreign_word_in_a_line_had_no_hint(line: str, hint: str, capsys: Capture) -> None:
    assert run(["calc", line, "--input", "3x32x32"]) == 2
    assert hint in capsys.readouterr().err


def test_several_networks_in_one_table_sorted(capsys: Capture) -> None:
    """Parameters as torchvision documents them; a dominated network is not on the front."""
    command = ["compare", "resnet50", "resnet50@resnet101", "mobilenet_v2", "--sort", "params", "--format", "csv"]
    assert run(command) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["name"], row["params"]) for row in rows] == [
        ("mobilenet_v2", "3504872"), ("resnet50", "25557032"), ("resnet50@resnet101", "44549160")
    ]  # fmt: skip
    assert [row["pareto"] for row in rows] == ["true", "false", "false"]
    assert run(["compare", "resnet50", "mobilenet_v2", "--sort", "-macs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("  resnet50 ")
    assert lines[2].startswith("* mobilenet_v2 ")
    assert run(["compare", "resnet50", "--sort", "beauty"]) == 2


def test_all_variants_and_markdown_and_json(capsys: Capture) -> None:
    assert run(["compare", "resnet50", "--all-variants", "--format", "json"]) == 0
    names = [row["name"] for row in json.loads(capsys.readouterr().out)["networks"]]
    assert names[0] == "resnet50"
    assert "resnet50@resnet101" in names
    assert run(["compare", "resnet50", "--format", "markdown"]) == 0
    assert "| 25,557,032 |" in capsys.readouterr().out


def test_the_front_is_what_none_beats() -> None:
    assert front([(1, 4), (2, 2), (4, 1), (3, 3), (2, 2), (None, 0)]) == [True, True, True, False, True, False]


def test_compare_is_public() -> None:
    found = cnncalc.compare("resnet18", cnncalc.analyze("resnet50"))
    assert found["resnet50"].totals.params == 25_557_032
    assert found.front == ("resnet18",)
    assert "resnet18" in repr(found)
    assert "<table>" in found.to_html()
    assert next(d for d in found.diff().totals if d.metric == "params").change == 13_867_520
