"""Model files of YOLOv5's repository: parameters as its releases say them (`Model summary: .. parameters`)."""

from __future__ import annotations

import pytest

from cnncalc import analyze
from cnncalc.api import Text, build_graph

SIZES = {"n": (0.33, 0.25, 1_872_157), "s": (0.33, 0.5, 7_235_389), "m": (0.67, 0.75, 21_190_557),
         "l": (1.0, 1.0, 46_563_709), "x": (1.33, 1.25, 86_749_405)}  # fmt: skip
ANCHORS = "[[10,13, 16,30, 33,23], [30,61, 62,45, 59,119], [116,90, 156,198, 373,326]]"
YOLOV5 = """\
nc: 80
depth_multiple: {}
width_multiple: {}
anchors: {}
backbone:
  [[-1, 1, Conv, [64, 6, 2, 2]], [-1, 1, Conv, [128, 3, 2]], [-1, 3, C3, [128]], [-1, 1, Conv, [256, 3, 2]],
   [-1, 6, C3, [256]], [-1, 1, Conv, [512, 3, 2]], [-1, 9, C3, [512]], [-1, 1, Conv, [1024, 3, 2]],
   [-1, 3, C3, [1024]], [-1, 1, SPPF, [1024, 5]]]
head:
  [[-1, 1, Conv, [512, 1, 1]], [-1, 1, nn.Upsample, [None, 2, 'nearest']], [[-1, 6], 1, Concat, [1]],
   [-1, 3, C3, [512, False]], [-1, 1, Conv, [256, 1, 1]], [-1, 1, nn.Upsample, [None, 2, 'nearest']],
   [[-1, 4], 1, Concat, [1]], [-1, 3, C3, [256, False]], [-1, 1, Conv, [256, 3, 2]], [[-1, 14], 1, Concat, [1]],
   [-1, 3, C3, [512, False]], [-1, 1, Conv, [512, 3, 2]], [[-1, 10], 1, Concat, [1]], [-1, 3, C3, [1024, False]],
   [[17, 20, 23], 1, {}]]
"""


@pytest.mark.parametrize("size", SIZES)
def test_parameters_are_those_of_the_release(size: str) -> None:
    depth, width, params = SIZES[size]
    source = Text(YOLOV5.format(depth, width, ANCHORS, "Detect, [nc, anchors]").encode(), f"yolov5{size}.yaml")
    graph, _, _ = build_graph(source)
    assert analyze(graph).totals.params == params
    (ref,) = graph.outputs.values()
    assert tuple(graph.shape(ref)) == (85, 3 * (80 * 80 + 40 * 40 + 20 * 20))


def test_segments_have_masks_too() -> None:
    source = Text(YOLOV5.format(0.33, 0.5, 3, "Segment, [nc, anchors, 32, 256]").encode(), "yolov5s-seg.yaml")
    graph, _, _ = build_graph(source)
    assert analyze(graph).totals.params == 7_621_277
    assert {tuple(graph.shape(ref)) for ref in graph.outputs.values()} == {(117, 25200), (32, 160, 160)}


def test_older_modules() -> None:
    """Focus reads 4 * 3 channels; BottleneckCSP has four 1x1 convolutions, its bottlenecks, and a norm of all."""
    rows = "[[-1, 1, Focus, [32, 3]], [-1, 2, BottleneckCSP, [64]], [-1, 1, Bottleneck, [64]]]"
    text = f"nc: 2\ndepth_multiple: 1.0\nwidth_multiple: 1.0\nanchors: {ANCHORS}\nbackbone:\n  {rows}\nhead:\n"
    source = Text((text + "  [[[-1, -1, -1], 1, Detect, [nc, anchors]]]\n").encode(), "m.yaml")
    focus = 12 * 32 * 9 + 2 * 32
    inner = 2 * (32 * 32 + 64 + 32 * 32 * 9 + 64)
    csp = 32 * 32 + 64 + inner + 32 * 32 + 32 * 32 + 2 * 64 + 64 * 64 + 2 * 64
    last = 64 * 32 + 2 * 32 + 32 * 64 * 9 + 2 * 64
    assert analyze(source).totals.params == focus + csp + last + 3 * (64 * 21 + 21)
