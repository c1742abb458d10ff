"""Networks of the zoo against whole networks of frameworks: parameters, multiply-accumulates, outputs, to the digit."""

from __future__ import annotations

import json
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import pytest
from oracles.weighted import weighted

import cnncalc
from cnncalc import zoo

DATA = Path(__file__).parents[1] / "data" / "frameworks.json"
RECORDED: dict[str, dict[str, Any]] = json.loads(DATA.read_text(encoding="utf-8"))["networks"]
LONGEST = 90
"""Lines that a spec may have."""


@cache
def _report(name: str) -> cnncalc.Report:
    """Return the analysis at the input that the record is for."""
    return cnncalc.analyze(name, input=RECORDED[name]["input"])


@pytest.mark.parametrize("name", RECORDED)
def test_totals_are_the_frameworks(name: str) -> None:
    """Recorded by `oracles/record_frameworks.py`."""
    told, report = RECORDED[name], _report(name)
    assert (report.totals.params, report.totals.macs) == (told["params"], told["macs"])
    assert sum(shape.elements for _, shape in report.outputs) == sum(prod(shape) for shape in told["outputs"])
    assert {warning.code for warning in report.warnings} <= {"misaligned-merge"}


@pytest.mark.parametrize("name", [name for name, row in RECORDED.items() if "layers" in row])
def test_weighted_layers_are_the_frameworks(name: str) -> None:
    """Each with its window, channels, groups and map, as often as it runs in PyTorch."""
    assert weighted(_report(name)) == RECORDED[name]["layers"]


@pytest.mark.parametrize("file", zoo.files(), ids=lambda file: file.stem)
def test_specs_are_short(file: Path) -> None:
    """Shared heads, several outputs and tables are said once."""
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST
