"""Caffe networks: real files against what Caffe itself makes of them, its forms and phases, and broken texts."""

from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path
from typing import Any

import pytest

from cnncalc import analyze
from cnncalc.api import Text, build_graph
from cnncalc.interop import formats
from cnncalc.values.diagnostics import SpecError

DATA = Path(__file__).parents[1] / "data" / "caffe"
TRUTH: dict[str, Any] = json.loads((DATA / "truth.json").read_text(encoding="utf-8"))

SMALL = """\
name: "small"
input: "data"
input_shape { dim: 2 dim: 3 dim: 11 dim: 11 }
layer {
  name: "conv" type: "Convolution" bottom: "data" top: "conv"  # a remark
  convolution_param { num_output: 8 kernel_size: 3 stride: 2 weight_filler { type: "xavier" } }
}
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer {
  name: "pool" type: "Pooling" bottom: "conv" top: "pool"
  pooling_param { pool: AVE kernel_size: 2 stride: 2 }
}
layer { name: "fc" type: "InnerProduct" bottom: "pool" top: "fc" inner_product_param { num_output: 4 } }
"""


def text(source: str) -> Text:
    return Text(source.encode(), "net.prototxt")


@pytest.mark.parametrize("name", TRUTH)
def test_every_layer_is_caffes(name: str) -> None:
    said = TRUTH[name]
    graph, _, _ = build_graph(DATA / f"{name}.prototxt", variant=said["phase"], input=said["input"])
    nodes = {node.path: node for node in graph.nodes}
    for layer, shape, macs in said["layers"]:
        node = nodes[".".join(part for part in layer.replace("/", ".").split(".") if part)]
        assert tuple(node.out_shapes[0]) == (tuple(shape[1:]) or (1,)), layer
        assert (node.op.macs(node.in_shapes, node.out_shapes) or 0) == macs, layer
    totals = analyze(graph).totals
    assert totals.params + totals.buffers == said["params"]
    assert said["outputs"] is None or set(graph.outputs) == set(said["outputs"])


def test_pools_round_up_unless_told() -> None:
    assert build_graph(text(SMALL))[0].nodes[2].out_shapes[0] == (8, 3, 3)
    down = SMALL.replace("pool: AVE", "pool: AVE round_mode: FLOOR")
    assert build_graph(text(down))[0].nodes[2].out_shapes[0] == (8, 2, 2)


def test_batch_is_the_files() -> None:
    assert build_graph(text(SMALL))[0].batch == 2
    assert build_graph(text(SMALL), input="5x3x21x21")[0].batch == 5


def test_phases_are_variants() -> None:
    both = SMALL.replace('name: "fc" type', 'name: "fc" include { phase: TRAIN } type')
    assert "fc" in [node.path for node in build_graph(text(both), variant="train")[0].nodes]
    assert "fc" not in [node.path for node in build_graph(text(both))[0].nodes]


def test_data_without_a_size_asks_for_it() -> None:
    with pytest.raises(SpecError) as caught:
        build_graph(DATA / "lenet_train_test.prototxt")
    (found,) = caught.value.diagnostics
    assert found.code == "open-input"
    assert found.hint == "say --input 3x224x224"


def test_an_unknown_layer_is_opaque_and_said() -> None:
    graph, _, collector = build_graph(text(SMALL.replace('"ReLU"', '"MyOwn"')))
    assert graph.nodes[1].op.name == "opaque"
    assert [found.code for found in collector.found] == ["unknown-cost"]


@pytest.mark.parametrize(("before", "after", "place", "says"), [
    ("num_output: 8", "num_output: eight", "6:35", "'num_output' is a whole number"),
    ("num_output: 8", "num_output 8", "6:23", "has no value"),
    ('bottom: "pool"', 'bottom: "pole"', "13:1", "reads 'pole', which no layer before it makes"),
    ("kernel_size: 3", "kernel_size: 30", "4:1", "window spans 30"),
    ('stride: 2 }\n}\nlayer { name: "fc"', 'stride: 2 }\nlayer { name: "fc"', "13:1", "ends before '}'"),
    ("dim: 11 dim: 11", "dim: 11 dim: 0", "2:8", "has the extents"),
    ("# a remark", "$", "5:64", "'$' stands where"),
])  # fmt: skip
def test_errors_have_their_place(before: str, after: str, place: str, says: str) -> None:
    with pytest.raises(SpecError) as caught:
        analyze(text(SMALL.replace(before, after, 1)))
    (found,) = caught.value.diagnostics
    assert f"net.prototxt:{place}: error" in found.render()
    assert says in found.message


def test_deep_messages_end() -> None:
    with pytest.raises(SpecError, match="deep in each other"):
        analyze(text("layer { " * 5000))


def test_a_spec_is_not_taken_for_one() -> None:
    assert formats.find(b"input: [3, 8, 8]\nlayers:\n  - conv: {out: 8, kernel: 3}\n") is None
    assert formats.find(b"input: data\nlayers: [relu]\n") is None
    assert formats.find(b"input:\n  data: [3, 8, 8]\nlayers:\n  - relu\n") is None


def test_mutations_end_in_one_error() -> None:
    rng = random.Random(5)  # noqa: S311 - not a secret
    data = (DATA / "imagenet_deploy_v0format.prototxt").read_bytes()
    for _ in range(150):
        changed = bytearray(data)
        for _ in range(rng.choice((1, 2, 4))):
            at = rng.randrange(len(changed))
            piece = rng.choice((b"9999999", b"-1", b"{", b"}", b"layer", b'"', b"\n", b""))
            changed[at : at + rng.randrange(4)] = piece
        if formats.find(bytes(changed)) is None:
            continue
        with contextlib.suppress(SpecError):
            analyze(Text(bytes(changed), "m.prototxt"))
