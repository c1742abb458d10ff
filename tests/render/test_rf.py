"""`cnncalc rf`: the box one unit sees, held against a network that is run; the estimate; the text and the picture."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from fractions import Fraction
from itertools import product
from math import comb, isclose, sqrt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recursion import recursion
from share import part

import cnncalc
from cnncalc.analysis.receptive import receptive_fields, unit_box
from cnncalc.api import build_graph
from cnncalc.explanation.effective import effective_fields
from cnncalc.explanation.unit import view_unit
from cnncalc.render.rf import ASCII, UNICODE, to_json, to_text
from cnncalc.render.rf_svg import to_svg
from cnncalc.values.axis import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cnncalc.graph.graph import Graph, Node

Map = dict[tuple[int, int], int]
"""A feature map of one channel, all that dependence needs: position to value; positions beyond it are zero."""


def network(spec: dict[str, Any]) -> Graph:
    graph, _, collector = build_graph(spec)
    assert not collector.errors, [str(error.message) for error in collector.errors]
    return graph


# A network that is run: whole numbers, all weights positive, so that a change of a pixel reaches all that depend on it.


def positions(node: Node) -> Iterator[tuple[int, int]]:
    height, width = node.out_shapes[0].spatial
    return product(range(height), range(width))


def pairs(value: Any) -> tuple[int, int]:
    return (value[0], value[1]) if isinstance(value, tuple) else (value, value)


def padding(node: Node, kernels: tuple[int, int]) -> tuple[int, int]:
    """What lies before the map, from the argument's meaning; TensorFlow's rule for `same`."""
    op: Any = node.op
    if op.padding == "half":
        return kernels[0] // 2, kernels[1] // 2
    if op.padding == "same":
        strides = pairs(op.stride)
        total = [
            max((-(-n // s) - 1) * s + k - n, 0)
            for n, s, k in zip(node.in_shapes[0].spatial, strides, kernels, strict=True)
        ]
        return total[0] // 2, total[1] // 2
    return pairs(op.padding)


def windowed(node: Node, x: Map, weight: Callable[[int, int], int]) -> Map:
    """Convolutions and pools: a weighted sum over the window; a maximum depends on all of it like a sum does."""
    op: Any = node.op
    kernels = pairs(op.kernel)
    strides = pairs(op.kernel if op.stride is None else op.stride)
    dilations = pairs(getattr(op, "dilation", 1))
    before = padding(node, kernels)
    return {
        (i, j): sum(
            weight(u, v) * x.get((i * strides[0] - before[0] + u * dilations[0],
                                  j * strides[1] - before[1] + v * dilations[1]), 0)
            for u, v in product(range(kernels[0]), range(kernels[1]))
        )
        for i, j in positions(node)
    }  # fmt: skip


def transposed(node: Node, x: Map) -> Map:
    op: Any = node.op
    kernels, strides, before = pairs(op.kernel), pairs(op.stride), pairs(op.padding)
    out = dict.fromkeys(positions(node), 0)
    for (i, j), value in x.items():
        for u, v in product(range(kernels[0]), range(kernels[1])):
            place = i * strides[0] - before[0] + u, j * strides[1] - before[1] + v
            if place in out:
                out[place] += (1 + u + 2 * v) * value
    return out


def run(graph: Graph, image: Map) -> list[Map]:
    """The maps of all layers."""
    maps: list[Map] = []
    for node in graph.nodes:
        ins = [image if before < 0 else maps[before] for before, _ in node.inputs]
        op: Any = node.op
        name = node.op.name
        if name in {"conv", "max_pool", "avg_pool"}:
            maps.append(windowed(node, ins[0], lambda u, v: 1 + 3 * u + v))
        elif name == "conv_transpose":
            maps.append(transposed(node, ins[0]))
        elif name == "upsample":
            maps.append({(i, j): ins[0][i // op.scale, j // op.scale] for i, j in positions(node)})
        elif name == "crop":
            first = [(n - m) // 2 for n, m in zip(node.in_shapes[0].spatial, node.out_shapes[0].spatial, strict=True)]
            maps.append({(i, j): ins[0][i + first[0], j + first[1]] for i, j in positions(node)})
        elif name in {"add", "concat"}:
            maps.append({place: sum(x[place] for x in ins) for place in positions(node)})
        elif name == "global_avg_pool":
            maps.append({(0, 0): sum(ins[0].values())})
        else:
            assert name == "relu", name
            maps.append(ins[0])
    return maps


RESIDUAL: dict[str, Any] = {
    "input": [1, 11, 14],
    "layers": [
        {"conv": {"out": 1, "kernel": [3, 2], "stride": 2, "padding": [1, 0]}},
        "relu",
        {"add": {"body": [{"conv": {"out": 1, "kernel": 3, "padding": "half"}}], "skip": []}},
        {"max_pool": 2},
    ],
}
DECODER: dict[str, Any] = {
    "input": [1, 12, 12],
    "layers": [
        {"conv": {"out": 1, "kernel": 3}, "as": "fine"},
        {"max_pool": 2},
        {"conv": {"out": 1, "kernel": 3, "padding": "half"}},
        {"conv_transpose": {"out": 1, "kernel": 3, "stride": 2, "padding": 1}, "as": "up"},
        {"crop": {"like": "up"}, "from": "fine", "as": "cut"},
        {"concat": ["up", "cut"]},
    ],
}
SHIFTED: dict[str, Any] = {
    "input": [1, 10, 9],
    "layers": [
        {"concat": {"a": [{"conv": {"out": 1, "kernel": 3, "stride": 2, "padding": "same"}}],
                    "b": [{"avg_pool": {"kernel": 2, "ceil": True}}]}},
        {"upsample": 2},
        {"conv": {"out": 1, "kernel": 2, "padding": [0, 1]}},
    ],
}  # fmt: skip
GATHERED: dict[str, Any] = {
    "input": [1, 6, 7],
    "layers": [{"conv": {"out": 1, "kernel": 3}}, "global_avg_pool", {"conv": {"out": 1, "kernel": 1}}],
}


@pytest.mark.parametrize("spec", [RESIDUAL, DECODER, SHIFTED, GATHERED], ids=["residual", "decoder", "shifted", "all"])
def test_a_pixel_changes_exactly_the_units_whose_box_holds_it(spec: dict[str, Any]) -> None:
    """A unit's dependence is the union over its taps; where that has gaps (stride above kernel) the box is its hull."""
    graph = network(spec)
    _, height, width = spec["input"]
    image = {(y, x): 1 + (7 * y + 3 * x) % 5 for y, x in product(range(height), range(width))}
    plain = run(graph, image)
    boxes = [
        {place: unit_box(graph, k, place, on_map=True)["input"] for place in positions(node)}
        for k, node in enumerate(graph.nodes)
    ]
    for pixel, value in image.items():
        changed = run(graph, {**image, pixel: value + 1})
        for k, node in enumerate(graph.nodes):
            for place in positions(node):
                held = all(b is not None and b[0] <= p <= b[1] for b, p in zip(boxes[k][place], pixel, strict=True))
                assert (changed[k][place] != plain[k][place]) == held, (node.path, place, pixel)


# The recursion, on specs.


@st.composite
def chains(draw: st.DrawFn, longest: int = 6) -> tuple[list[dict[str, Any]], list[Window]]:
    layers, windows = [], []
    for _ in range(draw(st.integers(1, longest))):
        kernel, stride = draw(st.integers(1, 4)), draw(st.integers(1, 3))
        pooled = draw(st.booleans())
        dilation = 1 if pooled else draw(st.integers(1, 3))
        span = dilation * (kernel - 1) + 1
        pad = draw(st.integers(0, span // 2))
        arguments = {"kernel": kernel, "stride": stride, "padding": pad}
        layers.append({"avg_pool": arguments} if pooled else {"conv": {"out": 2, **arguments, "dilation": dilation}})
        windows.append(Window(kernel, stride, dilation, pad, pad))
    return layers, windows


@given(chains())
@settings(max_examples=part(100), deadline=None)
def test_forward_and_reverse_recursion_agree_on_specs(chain: tuple[list[dict[str, Any]], list[Window]]) -> None:
    layers, windows = chain
    size = 1
    for window in reversed(windows):
        size = (size - 1) * window.stride + window.dilation * (window.kernel - 1) + 1
    report = cnncalc.analyze({"input": [1, 20_000, 20_000], "layers": layers})
    assert report.layers[-1].receptive_field == (size, size)
    assert recursion(windows)[0] == size
    jump, start = 1, 0
    for window in windows:
        start -= window.before * jump
        jump *= window.stride
    assert report.layers[-1].jump == (jump, jump)
    assert report.layers[-1].start == (start, start)


@given(chains(longest=4), chains(longest=4), st.integers(0, 40))
@settings(max_examples=part(60), deadline=None)
def test_the_field_of_a_merge_is_the_union_of_its_paths(one: Any, other: Any, x: int) -> None:
    def shape(layers: list[dict[str, Any]]) -> list[int]:
        return list(cnncalc.analyze({"input": [1, 1500, 1500], "layers": layers}).layers[-1].out_shape.spatial)

    wanted = [min(a, b) for a, b in zip(shape(one[0]), shape(other[0]), strict=True)]
    paths = [[*layers, {"crop": wanted}] for layers in (one[0], other[0])]
    graph = network({"input": [1, 1500, 1500], "layers": [{"concat": {"a": paths[0], "b": paths[1]}}]})
    at = [min(x, wanted[0] - 1), min(x, wanted[1] - 1)]
    box = unit_box(graph, len(graph.nodes) - 1, at)["input"]
    ends = [unit_box(graph, before, at)["input"] for before, _ in graph.nodes[-1].inputs]
    for axis in (0, 1):
        hulls = [end[axis] for end in ends]
        assert box[axis] == (min(h[0] for h in hulls if h), max(h[1] for h in hulls if h))


# The estimate.


def test_the_estimate_of_a_chain_is_the_uniform_convolution() -> None:
    """n convolutions 3x3: n steps by -1, 0 or 1, variance 2n/3; n of 2x2: binomial weights (arXiv:1701.04128)."""
    n = 12
    graph = network({"input": [1, 99, 99], "layers": [{"conv": {"out": 1, "kernel": 3}, "repeat": n}]})
    found = effective_fields(graph, n - 1, [37, 40])["input"]
    assert [isclose(axis.deviation, sqrt(2 * n / 3)) for axis in found] == [True, True]
    assert [axis.mean for axis in found] == pytest.approx([37 + n, 40 + n])
    graph = network({"input": [1, 99, 99], "layers": [{"conv": {"out": 1, "kernel": 2}, "repeat": n}]})
    axis = effective_fields(graph, n - 1, [30, 30])["input"][0]
    assert isclose(axis.deviation, sqrt(n) / 2)
    inside = sum(comb(n, x - 30) for x in range(axis.first, axis.last + 1))
    assert Fraction(inside, 2**n) >= Fraction(95, 100)
    narrower = max(sum(comb(n, k) for k in range(a, a + axis.width - 1)) for a in range(n + 1))
    assert Fraction(narrower, 2**n) < Fraction(95, 100)


def test_the_estimate_weighs_paths() -> None:
    """By hand: half of an add's weight goes through the identity; a concat's goes by channels."""
    added = network({"input": [4, 9, 9], "layers": [{"add": {
        "body": [{"conv": {"out": 4, "kernel": 3, "padding": 1}}], "skip": []}}]})  # fmt: skip
    assert isclose(effective_fields(added, 1, [4, 4])["input"][0].deviation, sqrt(Fraction(1, 3)))
    joined = network({"input": [4, 9, 9], "layers": [{"concat": {
        "body": [{"conv": {"out": 12, "kernel": 3, "padding": 1}}], "skip": []}}]})  # fmt: skip
    assert isclose(effective_fields(joined, 1, [4, 4])["input"][0].deviation, sqrt(Fraction(1, 2)))


def test_the_estimate_stays_inside_what_the_unit_sees() -> None:
    for name, layer in (("resnet18", "layer4"), ("unet", "conv1"), ("vgg16", "linear1"), ("fcn8s", "upscore8")):
        view = view_unit(name, layer)
        for axis in view.inputs[0].axes:
            assert axis.effective is not None
            assert axis.inside is not None
            assert axis.inside[0] <= axis.effective.first <= axis.effective.last <= axis.inside[1]


def test_no_estimate_where_there_are_too_many_positions() -> None:
    graph = network({"input": [1, 200_000], "layers": [{"conv": {"out": 1, "kernel": 3}}, "global_avg_pool"]})
    assert effective_fields(graph, 1, [0]) == {}


# The unit.


def test_the_centre_unit_and_any_other() -> None:
    centre = view_unit("unet", "conv1")
    assert centre.position == (193, 193)
    corner = view_unit("unet", "conv1", [0, 387])
    height, width = corner.inputs[0].axes
    assert (height.box, width.box) == ((0, 187), (384, 571))
    assert (height.size, height.smallest, height.jump, height.start) == (204, 188, 1, 0)
    assert height.centre == Fraction(187, 2)
    assert corner.inputs[0].share == pytest.approx((188 / 572) ** 2)


def test_padding_is_told_apart_from_the_image() -> None:
    axis = view_unit("resnet50", "layer4", [0, 0]).inputs[0].axes[0]
    assert axis.box == (-213, 213)
    assert axis.inside == (0, 213)


def test_gates_are_seen_by_the_true_box_alone() -> None:
    axis = view_unit("se_resnet50", "layer2").inputs[0].axes[0]
    assert axis.box == (59, 149)
    assert axis.true == (0, 223)


@pytest.mark.process
def test_units_that_see_nothing_or_everything() -> None:
    holes = {"input": [1, 6, 6], "layers": [{"conv_transpose": {"out": 1, "kernel": 1, "stride": 2}}]}
    empty = view_unit(holes, "conv_transpose1", [1, 2])
    assert empty.inputs[0].axes[0].box is None
    assert empty.inputs[0].share == 0
    assert "sees nothing" in to_text(empty, 80)
    whole = view_unit("vgg16", "linear1")
    assert whole.position == ()
    assert "every unit sees the whole input" in to_text(whole, 80)
    vector = view_unit({"input": [5], "layers": [{"linear": 3}]}, "linear1")
    assert "a vector has no positions" in to_text(vector, 80)
    assert "a vector has no positions" in to_svg(vector)


def test_an_unknown_field_is_said_to_be_unknown() -> None:
    spec = {"input": [1, 70000], "layers": [
        {"conv_transpose": {"out": 1, "kernel": 300, "stride": 257}}, {"conv": {"out": 1, "kernel": 1, "stride": 3}},
        {"conv_transpose": {"out": 1, "kernel": 300, "stride": 263}},
    ]}  # fmt: skip
    graph = network(spec)
    if not any(axis.unknown for field in receptive_fields(graph)[0] for axis in field.spatial):
        pytest.skip("this field can be written down")
    assert "unknown" in to_text(view_unit(spec, "conv_transpose2"), 80)


def test_several_inputs_are_shown_one_by_one() -> None:
    spec = {"inputs": {"left": [3, 16, 20], "right": [3, 16, 20]}, "layers": [
        {"conv": {"out": 4, "kernel": 3, "padding": 1}, "from": "left", "as": "a"},
        {"conv": {"out": 4, "kernel": 5, "padding": 2}, "from": "right", "as": "b"}, {"add": ["a", "b"]}]}  # fmt: skip
    view = view_unit(spec, "add1", [8, 8])
    assert [(seen.name, seen.axes[0].box) for seen in view.inputs] == [("left", (7, 9)), ("right", (6, 10))]
    assert to_svg(view).count('class="image"') == 4
    gated = {"inputs": {"image": [4, 8, 8], "code": [4, 8, 8]}, "layers": [
        {"global_avg_pool": None, "from": "code", "as": "gate"}, {"mul": ["image", "gate"]}]}  # fmt: skip
    assert [seen.gated for seen in view_unit(gated, "mul1").inputs] == [False, True]


@pytest.mark.parametrize(
    ("layer", "at", "message"),
    [("conv1", [1], "has 2 coordinates"), ("conv1", [388, 0], "has H 0..387, got 388"),
     ("conv7", None, "no layer matches"), ("e?.conv1.0", None, "matches 4 layers")],
)  # fmt: skip
def test_what_is_not_there(layer: str, at: list[int] | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        view_unit("unet", layer, at)


# Text, JSON and the picture.


def drawn(text: str, marks: str) -> list[str]:
    return [line.strip("\n") for line in text.splitlines() if line.strip() and set(line.strip()) <= set(marks)]


def test_the_drawing_is_to_scale() -> None:
    """224 x 224 pixels in 48 columns and 24 rows: the 91-pixel box is 19.5 columns wide and 9.75 rows high."""
    text = to_text(view_unit("se_resnet50", "layer2"), 100)
    rows = drawn(text, "░▒█●")
    assert (len(rows), {len(row.strip()) for row in rows}) == (24, {48})
    seen = [sum(row.count(mark) for mark in "▒█●") for row in rows]
    assert set(seen) <= {0, 19, 20}
    assert sum(map(bool, seen)) in {9, 10}
    assert text.count("●") == 2


def test_the_drawing_fits_and_has_a_plain_form() -> None:
    view = view_unit("resnet50", "layer4", [0, 0])
    for width in (30, 60, 200):
        assert all(len(row) <= max(width, 30) for row in drawn(to_text(view, width), "".join(UNICODE)))
    plain = to_text(view, 60, ASCII)
    assert plain.isascii()
    assert ":" in plain


@pytest.mark.parametrize("shape", [[1, 40], [1, 6, 20, 30]])
def test_other_ranks(shape: list[int]) -> None:
    view = view_unit({"input": shape, "layers": [{"conv": {"out": 1, "kernel": 5, "padding": 2}}]}, "conv1")
    assert "●" in to_text(view, 60)
    ET.fromstring(to_svg(view))  # noqa: S314 - our own text


def test_the_json_form() -> None:
    data = json.loads(to_json(view_unit("unet", "up4.fine", [3, 4])))
    axis = data["inputs"][0]["axes"][0]
    assert (data["path"], data["position"]) == ("up4.fine", [3, 4])
    assert axis["box"][1] - axis["box"][0] + 1 in {188, 204}
    assert set(axis["effective"]) == {"mean", "deviation", "interval", "width"}


def test_the_picture_holds_names_as_data() -> None:
    spec = {"name": '<script>"&', "input": [3, 30, 40], "layers": [{"conv": {"out": 4, "kernel": 7, "padding": 3}}]}
    text = to_svg(view_unit(spec, "conv1", [0, 0]))
    root = ET.fromstring(text)  # noqa: S314 - our own text
    assert "<script>" not in text
    assert '<script>"&' in "".join(root.itertext())
    assert "prefers-color-scheme: dark" in text
    box = next(part for part in root if part.get("class") == "box")
    image = next(part for part in root if part.get("class") == "image")
    assert float(box.get("width") or 0) / float(image.get("width") or 1) == pytest.approx(4 / 40, abs=0.01)
    assert float(box.get("height") or 0) / float(image.get("height") or 1) == pytest.approx(4 / 30, abs=0.01)


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cnncalc", "rf", *arguments], capture_output=True, text=True, check=False,
        encoding="utf-8", env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )  # fmt: skip


@pytest.mark.process
def test_the_command(tmp_path: Path) -> None:
    picture = tmp_path / "unit.svg"
    done = command("unet", "conv1", "--at", "0,16", "--output", str(picture))
    assert done.returncode == 0, done.stderr
    assert "this unit sees 0..187 (188 pixels)" in done.stdout
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    for wrong in (["conv9"], ["conv1", "--at", "a"], ["conv1", "--at", "1,2,3"], ["--at", "1,2"], ["--format", "xml"]):
        failed = command("unet", *wrong)
        assert (failed.returncode, failed.stdout) == (2, ""), wrong
        assert "error:" in failed.stderr
    assert "did you mean 'conv1'" in command("unet", "conv9").stderr
    assert command("unet", "conv1", PYTHONIOENCODING="ascii").stdout.isascii()


@pytest.mark.process
def test_the_table_of_all_layers() -> None:
    text = command("resnet18").stdout
    first = next(line for line in text.splitlines() if line.startswith("conv1 "))
    assert first.split() == ["conv1", "conv", "64x112x112", "7", "2", "-3"]
    assert re.search(r"linear1 +linear +1000 +all 224 +- +-", text)
    narrow = command("googlenet", COLUMNS="60").stdout
    assert "left out for lack of room" in narrow
    assert max(map(len, narrow.splitlines())) <= 60
    data = json.loads(command("unet", "--format", "json").stdout)
    assert data["layers"][-1]["receptive_field"] == [204, 204]
    assert data["layers"][-1]["receptive_field_min"] == [188, 188]
