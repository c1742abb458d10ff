"""What fits the width: tables leave out columns, words hang, and no number is broken, on terminals and in pipes."""

from __future__ import annotations

import re
from itertools import cycle, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from terminal import in_terminal
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app
from cnncalc.devices import load
from cnncalc.render.devices import to_table, with_sources
from cnncalc.render.format import NumberFormat, hanging
from cnncalc.render.zoo import ZooRow
from cnncalc.render.zoo import to_table as zoo_table
from cnncalc.zoo.totals import totals_of

if TYPE_CHECKING:
    from fractions import Fraction

ROOT = Path(__file__).parents[2]
COMMANDS = [
    "devices", "zoo vgg", "reconcile resnet50 --claim macs=3.8G", "check resnet50 --max macs=1G", "rf resnet50 layer2",
    "ops conv", "ops", "show resnet50 --memory", "show resnet50 --device a100", "diff resnet50 resnet34",
    "compare resnet18 resnet50", "sizes lenet5", "error window-does-not-fit",
]  # fmt: skip


def widest(lines: list[str]) -> str:
    """Return the longest line; a number whose digits go on in the next line fails the test."""
    for line, after in pairwise(lines):
        assert not (re.search(r"\d,$", line) and re.match(r" *\d{3}\b", after)), (line, after)
        assert not re.search(r"\d,?$", line) or not re.match(r" *%", after), (line, after)
    return max(lines, key=len)


@pytest.mark.process
@pytest.mark.parametrize(("command", "columns"), list(zip(COMMANDS, cycle((60, 80, 120)))))
def test_what_a_command_prints_fits_the_width_of_a_terminal(command: str, columns: int) -> None:
    seen = in_terminal(*command.split(), columns=columns, lines=40, folder=ROOT)
    assert len(widest(seen.lines)) <= columns, widest(seen.lines)


@pytest.mark.few
@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_piped_keeps_to_columns(command: str, columns: int) -> None:
    result = CliRunner(env={"COLUMNS": str(columns)}).invoke(app, command.split())
    assert result.exit_code in {0, 1}
    longest = widest(result.stdout.splitlines())
    assert len(longest) <= columns, longest


@pytest.mark.few
@pytest.mark.parametrize("columns", [34, 40, 48])
def test_reconcile_wrapped_its_last_heading_letter_by_letter(columns: int) -> None:
    result = CliRunner(env={"COLUMNS": str(columns)}).invoke(app, ["reconcile", "resnet50", "--claim", "macs=3.8G"])
    lines = result.stdout.splitlines()
    assert len(widest(lines)) <= columns, widest(lines)
    place = next(n for n, line in enumerate(lines) if line.startswith("2mac"))
    assert lines[place].split() == ["2mac", f"{2 * 4_089_184_256:,}"]
    assert lines[place + 1].split() == [f"+{4_089_184_256:,}"], "a difference stands under its number"
    assert len(lines[place]) == len(lines[place + 1]), "and ends where it ends"


@pytest.mark.parametrize("columns", [50, 60, 72, 100])
def test_columns_go_and_numbers_stay_whole_where_a_table_is_narrow(columns: int) -> None:
    devices = list(load().values())
    table = to_table(devices, width=columns)
    assert len(widest(table.splitlines()[:-3])) <= columns
    assert all(device.name in table for device in devices)
    sourced = with_sources(devices, width=columns)
    assert all(f"{rate:,}" in sourced for device in devices for _, rate in device.peak)
    assert all(len(line) <= columns or "http" in line for line in hanging(sourced, columns).splitlines())


@pytest.mark.parametrize(("columns", "params", "macs"), [
    (34, "61,100,840", "714,188,480"), (24, "61.1 M", "714 M"), (20, "61.1 M", None)])  # fmt: skip
def test_the_zoo_rounds_its_numbers_before_one_is_broken(columns: int, params: str, macs: str | None) -> None:
    report = cnncalc.analyze("alexnet")
    numbers: dict[str, int | Fraction] = {"params": report.totals.params, "macs": report.totals.macs}
    row_of_it = ZooRow(network=totals_of(report, numbers), numbers=numbers, task="classification", year=2014)
    table = zoo_table([row_of_it], NumberFormat.EXACT, width=columns)
    row = table.splitlines()[2].removeprefix("alexnet").split("  ")
    assert [cell.strip() for cell in row if cell.strip()][: 2 if macs else 1] == [params, macs][: 2 if macs else 1]
    assert ("rounded for the width" in table) is (columns < 34)
    assert macs or "MACs, input" in table
    assert len(widest(table.splitlines()[:-1])) <= columns


def test_a_number_keeps_its_unit_and_a_place_its_severity() -> None:
    text = hanging("      net.yaml:5:11: error: params grew by 25,600 % to 12 KiB in 55 ms", 34)
    assert text.splitlines() == [
        "      net.yaml:5:11: error: params", "          grew by 25,600 % to", "          12 KiB in 55 ms",
    ]  # fmt: skip
    assert hanging("\x1b[2m  one two\x1b[0m", 7) == "\x1b[2m  one\n   two\x1b[0m", "a style is no indent"
