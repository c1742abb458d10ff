"""The counting rules of Darknet and of Keras against those programs.

`oracles/keras_flops.jsonl` was recorded with TensorFlow's profiler (`oracles/record_keras_flops.py`); Darknet's
numbers are what the program prints for its own files, and its table of yolov3-tiny.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cnncalc

HERE = Path(__file__).parents[1]
KERAS = [json.loads(line) for line in (HERE / "oracles" / "keras_flops.jsonl").read_text(encoding="utf-8").splitlines()]

YOLOV3_TINY = """
cnncalc: 1
name: yolov3-tiny
input: [3, 608, 608]
defaults:
  conv: {kernel: 3, padding: half, norm: batch_norm, act: {leaky_relu: 0.1}}
layers:
  - conv: 16
  - max_pool: 2
  - conv: 32
  - max_pool: 2
  - conv: 64
  - max_pool: 2
  - conv: 128
  - max_pool: 2
  - {conv: 256, as: l8}
  - max_pool: 2
  - conv: 512
  - max_pool: {kernel: 2, stride: 1, padding: same}
  - conv: 1024
  - {conv: {out: 256, kernel: 1}, as: l13}
  - conv: 512
  - {conv: {out: 255, kernel: 1, norm: none, act: none}, as: yolo1}
  - {conv: {out: 128, kernel: 1}, from: l13}
  - upsample: 2
  - concat: [prev, l8]
  - conv: 256
  - {conv: {out: 255, kernel: 1, norm: none, act: none}, as: yolo2}
outputs: [yolo1, yolo2]
"""


@pytest.mark.parametrize("record", KERAS, ids=lambda r: f"{json.dumps(r['item'])}-{r['input']}")
def test_keras_layers_as_the_profiler_counts_them(record: dict[str, Any]) -> None:
    spec = {"input": record["input"], "layers": [record["item"]]}
    assert cnncalc.analyze(spec, convention="keras").layers[0].flops == record["number"]


def test_what_keras_was_not_asked_is_unknown() -> None:
    spec = {"input": [8, 20], "layers": [{"lstm": 5}]}
    assert cnncalc.analyze(spec, convention="keras").layers[0].flops is None


@pytest.mark.parametrize(
    ("size", "convolutions", "pools"), [(608, 11_887_285_248, 12_198_912), (416, 5_564_961_792, 5_710_848)]
)
def test_darknet_prints_yolov3_tiny_so(size: int, convolutions: int, pools: int) -> None:
    # the table of junxnone/aiwiki#52: 11.899 BFLOPs at 608; Darknet itself prints 5.571 at 416
    report = cnncalc.analyze(cnncalc.parse(YOLOV3_TINY), input=(3, size, size), convention="darknet")
    sums = {"conv": 0, "max_pool": 0}
    for layer in report.layers:
        assert layer.flops is not None
        if layer.op in sums:
            sums[layer.op] += layer.flops
    assert sums == {"conv": convolutions, "max_pool": pools}
    assert report.totals.flops == convolutions + pools


def test_a_shortcut_of_three_costs_two_per_output() -> None:
    spec = {"input": [8, 6, 5], "layers": [{"add": ["input", "input", "input"]}]}
    assert cnncalc.analyze(spec, convention="darknet").layers[0].flops == 2 * 8 * 6 * 5


@pytest.mark.parametrize(
    ("name", "printed"), [("yolov3-tiny", "5.571"), ("yolov4-tiny", "6.910"), ("yolov1_tiny-yolo", "3.185")]
)
def test_darknet_files_have_the_total_that_darknet_prints(name: str, printed: str) -> None:
    report = cnncalc.analyze(str(HERE / "data" / "darknet" / f"{name}.cfg"), convention="darknet")
    assert report.totals.flops is not None
    assert f"{report.totals.flops / 10**9:.3f}" == printed


def test_what_darknet_has_no_layer_for_is_unknown() -> None:
    x = cnncalc.analyze({"input": [8, 16], "layers": [{"layer_norm": None}]}, convention="darknet")
    assert x.layers[0].flops is None
