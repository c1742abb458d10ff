"""Drawings are no larger than those of ELK, recorded with elkjs: `oracles/record_elk.py`."""

from __future__ import annotations

import json
import statistics

import pytest
from oracles import record_elk

RECORD = json.loads(record_elk.FILE.read_text(encoding="utf-8"))["drawings"]
LARGER = {"ssd300_vgg16": 1.45, "vit_tiny_patch16_224": 1.15, "yolov8n": 1.10, "deeplabv3_resnet50": 1.05}
"""Drawings that are larger than ELK's, at most so many times: heads and flat merges that stand side by side."""


@pytest.fixture(scope="module")
def ratios() -> dict[str, float]:
    """Return our area over ELK's by drawing; the boxes are still those that ELK was given."""
    found = {}
    for name, layout in record_elk.asked().items():
        boxes, area, width, height = RECORD[name]
        assert len(layout.places) == boxes, f"{name} is drawn otherwise: record anew"
        assert record_elk.filled(layout) == pytest.approx(area, rel=0.1), f"{name} has other boxes: record anew"
        found[name] = layout.width * layout.height / (width * height)
    return found


def test_drawings_are_no_larger_than_elk_s(ratios: dict[str, float]) -> None:
    assert ratios.keys() == RECORD.keys()
    larger = {name: ratio for name, ratio in ratios.items() if ratio > LARGER.get(name, 1.01)}
    assert larger == {}


def test_together_they_are_much_smaller(ratios: dict[str, float]) -> None:
    assert statistics.median(ratios.values()) < 0.9
