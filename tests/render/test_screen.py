"""What fits the screen: tables as tall and as wide as the terminal, and every layer in pipes and files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import environment, in_terminal

import cnncalc
from cnncalc.analysis.group import RowKind, within
from cnncalc.render.format import hanging

ROOT = Path(__file__).parents[2]


def piped(*arguments: str, columns: int | None = None) -> str:
    extra = {} if columns is None else {"COLUMNS": str(columns)}
    done = subprocess.run([sys.executable, "-m", "cnncalc", *arguments], cwd=ROOT, env={**environment(), **extra},
                          capture_output=True, encoding="utf-8", check=True)  # fmt: skip
    return done.stdout


@pytest.mark.process
@pytest.mark.parametrize(("network", "lines"), [("resnet50", 24), ("resnet50", 50), ("efficientnet_b7", 50),
                                                ("densenet121", 60), ("vgg16", 40)])  # fmt: skip
def test_show_is_no_taller_than_the_screen(network: str, lines: int) -> None:
    seen = in_terminal("show", network, columns=120, lines=lines)
    assert seen.code == 0
    assert len(seen.lines) < lines
    assert max(map(len, seen.lines)) <= 120
    count = len(cnncalc.analyze(network).layers)
    assert f"for {count:,} layers" in seen.text
    assert "--depth all shows every layer" in seen.text
    assert "\x1b[2m" in next(line for line in seen.raw.splitlines() if "--depth all" in line), "dim"


def test_the_rows_on_the_screen_add_up_to_the_network() -> None:
    for network in ("resnet50", "inception_v3", "mobilenet_v2", "unet"):
        layers = cnncalc.analyze(network).layers
        for most in (1, 20, 40, 100, 1000):
            rows, depth = within(layers, most)
            assert [layer.path for row in rows for layer in row.layers if row.kind is not RowKind.HEADING] or not layers
            assert sorted(layer.path for row in rows for layer in row.layers) == sorted(la.path for la in layers)
            assert len(rows) <= most or depth == 1


@pytest.mark.process
def test_a_layer_with_its_norm_and_activation_is_one_row() -> None:
    seen = in_terminal("show", "resnet50", "--columns", "layer,operator,params", columns=200, lines=400)
    (line,) = [line for line in seen.lines if line.startswith("conv1 ")]
    assert " ".join(line.split()[1:]) == "conv 64, kernel 7, stride 2 + batch_norm + relu 9,536"
    assert not any(line.strip().startswith(("conv1.norm", "norm")) for line in seen.lines)


@pytest.mark.process
def test_depth_all_shows_every_layer_on_the_screen_too() -> None:
    seen = in_terminal("show", "resnet50", "--depth", "all", "--columns", "layer,params", columns=80, lines=24)
    shown = [line.split()[0] for line in seen.lines if len(line.split()) == 2]
    assert len(seen.lines) > 175
    assert "--depth all" not in seen.text
    assert sum(name in {"norm", "conv1.norm"} or name.endswith("norm") for name in shown) >= 50


@pytest.mark.process
def test_pipes_and_files_keep_every_layer(tmp_path: Path) -> None:
    layers = cnncalc.analyze("resnet50").layers
    out = piped("show", "resnet50", "--columns", "layer,params", "--no-summary")
    assert len(layers) == 175
    table = [line.split() for line in out.splitlines()[4:]]
    assert len([cells for cells in table if len(cells) == 2]) == 175 + len(["Total"])
    file = tmp_path / "table.txt"
    assert in_terminal("show", "resnet50", "-o", str(file), columns=80, lines=24).code == 0
    assert "--depth all" not in file.read_text(encoding="utf-8")
    assert len(file.read_text(encoding="utf-8").splitlines()) > 200


@pytest.mark.process
def test_the_summary_does_not_repeat_the_total_row_and_can_be_left_out() -> None:
    report = cnncalc.analyze("resnet50")
    out = piped("show", "resnet50", "--depth", "1")
    for number in (report.totals.params, report.totals.macs, report.totals.flops, report.totals.memory_access.total):
        assert out.count(f"{number:,}") == 1
    narrow = piped("show", "resnet50", "--depth", "1", columns=80)
    assert narrow.count(f"{report.totals.flops:,}") == 1, "its column is left out, so the summary says it"
    bare = piped("show", "resnet50", "--depth", "1", "--no-summary")
    assert bare.splitlines()[-1].startswith("Total")


@pytest.mark.process
def test_the_summary_gives_bytes_and_elements_in_one_unit_system() -> None:
    out = piped("show", "resnet50", "--depth", "1")
    # 25,557,032 parameters of 4 bytes are 102,228,128 bytes, 97.49 times 1,048,576.
    assert "102,228,128 bytes (97.5 MiB) as fp32" in out
    assert "9,633,792 bytes (9.19 MiB), 2,408,448 elements alive" in out
    assert not re.search(r"\d [kMG]B\b", out)


@pytest.mark.process
def test_columns_are_added_with_a_plus_and_rf_is_the_field() -> None:
    added = piped("show", "lenet5", "--columns", "+jump,start", "--format", "csv").splitlines()
    usual = piped("show", "lenet5", "--format", "csv").splitlines()
    assert added[0] == f"{usual[0]},jump,start"
    short = piped("show", "lenet5", "--columns", "layer,rf", "--format", "csv")
    assert short == piped("show", "lenet5", "--columns", "layer,receptive_field", "--format", "csv")
    assert piped("show", "lenet5", "--sort", "rf") == piped("show", "lenet5", "--sort", "receptive_field")


@pytest.mark.process
def test_a_global_layer_has_no_jump_rather_than_an_unknown_one() -> None:
    rows = piped("show", "lenet5", "--columns", "layer,jump,start").splitlines()
    assert next(row.split() for row in rows if row.startswith("flatten1")) == ["flatten1", "-", "-"]


def test_lines_hang_and_break_at_spaces_only() -> None:
    text = hanging("  macs 4,089,184,256 is \x1b[1mmore\x1b[0m than 3,800,000,000\nshort\n", 24)
    assert text == "  macs 4,089,184,256 is\n      \x1b[1mmore\x1b[0m than\n      3,800,000,000\nshort\n"
    assert hanging("  12,345,678,901,234,567", 10) == "  12,345,678,901,234,567"
