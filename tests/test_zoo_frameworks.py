"""Networks of the zoo against whole networks of frameworks: parameters, multiply-accumulates, outputs, to the digit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cnncalc

DATA = Path(__file__).parent / "data" / "frameworks.json"
RECORDED: dict[str, dict[str, Any]] = json.loads(DATA.read_text(encoding="utf-8"))["networks"]
SPECS = Path(__file__).parent.parent / "specs"
LONGEST = {"retinanet_resnet50_fpn": 60, "hrnet_w18": 105, "efficientdet_d0": 110, "yolov8n": 70}
"""Lines that a spec may have."""


@pytest.mark.parametrize("name", RECORDED)
def test_totals_are_the_frameworks(name: str) -> None:
    """Recorded by `oracles/record_frameworks.py`; the network's own input, or the one that the record is for."""
    told = RECORDED[name]
    report = cnncalc.analyze(name, input=told["input"])
    assert (report.totals.params, report.totals.macs) == (told["params"], told["macs"])
    elements = sum(shape.elements for _, shape in report.outputs)
    product = 0
    for shape in told["outputs"]:
        extent = 1
        for n in shape:
            extent *= n
        product += extent
    assert elements == product
    assert {warning.code for warning in report.warnings} <= {"misaligned-merge"}


@pytest.mark.parametrize("name", LONGEST)
def test_specs_are_short(name: str) -> None:
    """Shared heads, several outputs and tables are said once."""
    assert len((SPECS / f"{name}.yaml").read_text(encoding="utf-8").splitlines()) <= LONGEST[name]
