"""A file of another format and the spec that is written from it give the same numbers, layer by layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from oracles import graphs
from oracles.convert import graph_case

import cnncalc
from cnncalc import zoo
from cnncalc.api import Input, build_graph
from cnncalc.interop.writing import flat_spec, readable_spec
from cnncalc.language.tree import EXPANDED_MARKER

DATA = Path(__file__).parents[1] / "data"
DARKNET = sorted((DATA / "darknet").glob("*.cfg"))
ONNX = sorted((DATA / "onnx").glob("*.onnx"))


def fed(file: Path) -> Input | None:
    """Return the sizes of the inputs that a file leaves open, as its record has them, for one image."""
    if file.suffix != ".onnx":
        return None
    record = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    return {name: tuple(extents) for name, extents in record["fed"].items() if extents}


def numbers(layer: dict[str, Any]) -> tuple[object, ...]:
    moved = layer["memory_access"]
    return (
        sorted(layer["in_shapes"]), layer["out_shapes"], layer["params"], layer["buffers"], layer["macs"],
        layer["flops"], None if moved is None else moved["total"], layer["receptive_field"],
    )  # fmt: skip


@pytest.mark.parametrize("file", [*DARKNET, *ONNX], ids=lambda file: file.stem)
def test_the_flat_spec_has_the_layers_of_the_file(file: Path) -> None:
    if file.suffix == ".onnx":
        pytest.importorskip("onnx")
    graph = build_graph(str(file), input=fed(file))[0]
    graph.batch = 1
    layers = cnncalc.analyze(graph).to_dict()["layers"]
    text = flat_spec(graph, name="n")
    again = cnncalc.analyze(cnncalc.parse(text)).to_dict()["layers"]
    assert [numbers(layer) for layer in again] == [numbers(layer) for layer in layers]


@pytest.mark.parametrize("file", [*DARKNET, *ONNX], ids=lambda file: file.stem)
def test_the_readable_spec_is_the_network_of_the_file(file: Path) -> None:
    if file.suffix == ".onnx":
        pytest.importorskip("onnx")
    graph = build_graph(str(file), input=fed(file))[0]
    graph.batch = 1
    before = cnncalc.analyze(graph)
    text = readable_spec(graph, name="n")
    after = cnncalc.analyze(cnncalc.parse(text))
    assert not text.startswith(EXPANDED_MARKER)
    assert text.count("\n") < len(graph.nodes) + 25
    ours = sorted(str(numbers(layer)) for layer in after.to_dict()["layers"])
    assert ours == sorted(str(numbers(layer)) for layer in before.to_dict()["layers"])
    assert after.totals.macs == before.totals.macs


def written(spec: str) -> str:
    """Return what is written of the flat network of a spec, which has lost its blocks."""
    return readable_spec(build_graph(cnncalc.parse(spec))[0], name="n")


def test_norm_and_act_are_folded_and_residuals_are_merges() -> None:
    text = written(
        "input: [8, 16, 16]\nlayers:\n"
        "  - {conv: {out: 8, kernel: 3, padding: 1, bias: false}, as: a}\n"
        "  - {batch_norm: , as: b}\n  - {relu: , as: c}\n"
        "  - {conv: {out: 8, kernel: 3, padding: 1, bias: false}, as: d}\n  - {batch_norm: , as: e}\n"
        "  - {add: [e, c], as: f}\n"
    )
    assert text == (
        "cnncalc: 1\nname: n\ninput: [8, size, size]\nvars: {size: 16}\n"
        "defaults:\n  conv: {padding: half, norm: batch_norm}\nlayers:\n"
        "  - conv: {out: 8, kernel: 3, act: relu}\n  - add:\n      body:\n        - conv: {out: 8, kernel: 3}\n"
        "      skip: []\n"
    )


@pytest.mark.few
@pytest.mark.parametrize(
    ("name", "lines"),
    [("resnet50", 20), ("mobilenet_v2", 25), ("efficientnet_b0", 45), ("densenet121", 60), ("vgg16", 40)],
)
def test_blocks_are_found_again(name: str, lines: int) -> None:
    graph = build_graph(name)[0]
    text = written(flat_spec(graph, name="n"))
    assert text.count("\n") <= lines
    assert cnncalc.analyze(cnncalc.parse(text)).totals == cnncalc.analyze(name).totals


@pytest.mark.few
@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("resnet50", ["bottleneck: 64, as: layer1, repeat: 3", "bottleneck: 128, as: layer2, repeat: 4, first: {str"]),
        ("resnet18", ["basic: 64, as: layer1, repeat: 2"]),
        ("mobilenet_v2", ["inverted_residual: {out: 16, t: 1}", "inverted_residual: 320"]),
        ("yolov8n", ["c2f: {out: 32, shortcut: true}", "c2f: {out: 64, n: 2, shortcut: true}", "sppf: 256", "dfl"]),
        ("mnasnet1_0", ["inverted_residual: {out: 40, t: 3, kernel: 5, act: relu}"]),
        ("efficientnet_b0", ["mbconv: {out: 40, kernel: 5, stride: 2}", "squeeze_excite: {mid: x.c//4, act: silu}"]),
    ],
)  # fmt: skip
def test_shipped_blocks_are_called_where_a_network_has_them(name: str, calls: list[str]) -> None:
    text = written(flat_spec(build_graph(name)[0], name="n"))
    assert "\nuse: [std]\n" in text
    assert [call for call in calls if call not in text] == []


RESIDUAL = """\
input: [64, 16, 16]
layers:
  - add:
      body:
        - conv: {{out: 16, kernel: 1, norm: batch_norm, act: relu}}
        - conv: {{out: 16, kernel: 3, padding: half, norm: batch_norm, act: {act}}}
        - conv: {{out: 64, kernel: 1, norm: batch_norm, bias: {bias}}}
      skip: []
  - relu
"""


@pytest.mark.parametrize(("act", "bias", "is_block"), [("relu", "false", True), ("silu", "false", False),
                                                       ("relu", "true", False)])  # fmt: skip
def test_what_only_looks_like_a_shipped_block_is_none(act: str, bias: str, *, is_block: bool) -> None:
    assert ("bottleneck: 16" in written(RESIDUAL.format(act=act, bias=bias))) is is_block


def test_a_block_whose_inside_is_read_from_outside_is_none() -> None:
    text = RESIDUAL.format(act="relu", bias="false")
    assert "bottleneck: 16" not in written(text.replace("  - relu\n", "    as: sum\n  - relu\n  - add: [prev, sum]\n"))


@pytest.mark.few
@pytest.mark.parametrize("name", [entry.name for entry in zoo.entries()][::6])
def test_networks_of_the_zoo_come_back(name: str) -> None:
    graph = build_graph(name)[0]
    text = readable_spec(graph, name="n")
    assert not text.startswith(EXPANDED_MARKER)
    assert cnncalc.analyze(cnncalc.parse(text)).totals.params == cnncalc.analyze(name).totals.params


def test_a_repeated_block_says_what_differs_at_first() -> None:
    text = written(
        "input: [8, 32, 32]\nblocks:\n  b:\n    params: {out: , s: 1}\n    layers:\n"
        "      - conv: {out: out, kernel: 3, stride: s, padding: half, norm: batch_norm, act: relu}\n"
        "      - conv: {out: out, kernel: 1, norm: batch_norm, act: relu}\n"
        "layers:\n  - {b: 16, repeat: 3, first: {s: 2}}\n  - {b: 32, repeat: 4, first: {s: 2}}\n"
    )
    assert "repeat: 3, first: {stride: 2}" in text
    assert "repeat: 4, first: {stride: 2}" in text


def test_the_size_of_the_input_is_a_variable_where_the_network_takes_another() -> None:
    body = "layers:\n  - {conv: {out: 8, kernel: 3}, as: a}\n"
    assert "input: [3, height, width]\nvars: {height: 16, width: 20}\n" in written(f"input: [3, 16, 20]\n{body}")
    fixed = written(f"input: [3, 16, 20]\n{body}  - {{flatten: , as: b}}\n  - {{linear: 4, as: c}}\n")
    assert "input: [3, 16, 20]\n" in fixed


def test_random_networks_come_back() -> None:
    for recorded in list(graphs().values())[::5]:
        graph = build_graph(graph_case(recorded))[0]
        text = readable_spec(graph, name="n")
        assert not text.startswith(EXPANDED_MARKER), recorded.id
        report = cnncalc.analyze(cnncalc.parse(text))
        assert (report.totals.params, report.totals.macs) == (recorded.total_params, recorded.total_macs)
