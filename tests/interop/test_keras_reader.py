"""Keras models as networks: small ones with what Keras 3 says of them, nested and shared ones, and damaged files.

`data/keras_layers.json` holds models of one or a few layers as `model.to_json()` of Keras 3.15.1 wrote them, without
initialisers and what is null, with Keras' own output shapes and weights of the model that it reads from that text, and
PyTorch's FlopCounterMode / 2 of one run on Keras' torch backend. `known` is whether all costs are to be known.
"""

from __future__ import annotations

import json
import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import cnncalc
from cnncalc.api import build_graph
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph

TRUTH = json.loads((Path(__file__).parents[1] / "data" / "keras_layers.json").read_text(encoding="utf-8"))
UNCOUNTED = re.compile("(bi)?SimpleRNN.*|gru_before|conv_lstm|mha_self|gqa")
"""Models of whose run the counter sees something else: Keras' loop in Python runs one step more than the sequence has,
and PyTorch's fused attention has no products that it counts."""


def write(tmp_path: Path, model: Any, name: str = "model.json") -> str:
    file = tmp_path / name
    file.write_text(model if isinstance(model, str) else json.dumps(model), encoding="utf-8")
    return str(file)


def graph_of(tmp_path: Path, model: Any, **options: Any) -> Graph:
    return build_graph(write(tmp_path, model), **options)[0]


def total(graph: Graph, what: str) -> int | None:
    """Return the sum over the layers, shared weights once; None if one is unknown."""
    found = [getattr(n.op, what)(n.in_shapes) for n in graph.nodes if n.shares is None]
    return None if None in found else sum(found)


def macs(graph: Graph) -> int | None:
    found = [n.op.macs(n.in_shapes, n.out_shapes) for n in graph.nodes]
    return None if None in found else sum(m for m in found if m is not None)


def outputs(graph: Graph) -> list[list[int]]:
    """Return the outputs' extents in Keras' order."""
    return [[*graph.shape(ref)[1:], graph.shape(ref)[0]] for ref in graph.outputs.values()]


def layer(kind: str, name: str, reads: list[Any] | None = None, **config: Any) -> dict[str, Any]:
    """Return a layer's entry; `reads` are (layer, call, result) of one call."""
    nodes = [] if reads is None else [{"args": [tensor(r) for r in reads], "kwargs": {}}]
    return {"module": "keras.layers", "class_name": kind, "name": name, "config": {"name": name, **config},
            "inbound_nodes": nodes}  # fmt: skip


def tensor(history: Any, shape: list[Any] | None = None) -> dict[str, Any]:
    config = {"keras_history": [history, 0, 0] if isinstance(history, str) else list(history)}
    return {"class_name": "__keras_tensor__", "config": config | ({"shape": shape} if shape else {})}


def functional(*layers: dict[str, Any], out: str, shape: list[Any] | None = None) -> dict[str, Any]:
    first = layer("InputLayer", "x", batch_shape=shape or [None, 16, 12, 3])
    config = {"name": "m", "layers": [first, *layers], "input_layers": [["x", 0, 0]], "output_layers": [[out, 0, 0]]}
    return {"class_name": "Functional", "config": config}


CONV = {"filters": 8, "kernel_size": [3, 3], "strides": [1, 1], "padding": "same"}


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_layer(name: str, tmp_path: Path) -> None:
    truth = TRUTH[name]
    graph = graph_of(tmp_path, truth["model"])
    assert len(cnncalc.analyze(write(tmp_path, truth["model"])).layers) == len(graph.nodes)
    found = outputs(graph)
    assert [[n if m is not None else None for n, m in zip(*pair, strict=True)]
            for pair in zip(found, truth["outputs"], strict=True)] == truth["outputs"]  # fmt: skip
    assert (total(graph, "params"), total(graph, "buffers")) == (truth["trainable"], truth["fixed"])
    if truth["macs"] is not None and not UNCOUNTED.fullmatch(name):
        assert macs(graph) == truth["macs"]


def test_paths_are_the_layers_names(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, TRUTH["nested2"]["model"])
    paths = [n.path for n in graph.nodes]
    assert len(set(paths)) == len(paths)
    assert any(p.startswith("outer.enc.") for p in paths)


def test_weights_of_shared_layers_count_once(tmp_path: Path) -> None:
    """3 * 3 * 3 * 3 + 3 once, and the products of both calls."""
    conv = layer("Conv2D", "c", ["x"], **{**CONV, "filters": 3})
    conv["inbound_nodes"].append({"args": [tensor("c")], "kwargs": {}})
    model = functional(conv, out="c")
    model["config"]["output_layers"] = [["c", 1, 0]]
    graph = graph_of(tmp_path, model)
    assert total(graph, "params") == 84
    assert macs(graph) == 2 * 81 * 16 * 12
    assert [n.path for n in graph.nodes] == ["c", "c_2"]


def test_attention_reads_its_queries_keys_and_values(tmp_path: Path) -> None:
    """Queries are 9 steps of 4, keys and values 7: 9 * 7 * 4 products twice, and values are the second input."""
    graph = graph_of(tmp_path, TRUTH["attn"]["model"])
    assert [(n.path.rpartition(".")[2], n.inputs) for n in graph.nodes] == [
        ("scores", ((-1, 0), (-2, 0))), ("softmax", ((0, 0),)), ("mix", ((1, 0), (-2, 0))),
    ]  # fmt: skip
    assert macs(graph) == 2 * 9 * 7 * 4


def test_layers_in_any_order(tmp_path: Path) -> None:
    model = functional(layer("Flatten", "f", ["c"]), layer("Conv2D", "c", ["x"], **CONV), out="f")
    assert [n.path for n in graph_of(tmp_path, model).nodes] == ["c", "f"]


def test_open_sizes_need_an_input(tmp_path: Path) -> None:
    model = functional(layer("Conv2D", "c", ["x"], **CONV), out="c", shape=[None, None, None, 3])
    with pytest.raises(SpecError, match="leaves extents open") as caught:
        graph_of(tmp_path, model)
    assert "--input 3x224x224" in str(caught.value.diagnostics[0].hint)
    assert outputs(graph_of(tmp_path, model, input=(3, 32, 24))) == [[32, 24, 8]]


def test_an_input_with_channels_last_is_explained(tmp_path: Path) -> None:
    model = functional(layer("Conv2D", "c", ["x"], **CONV), out="c")
    with pytest.raises(SpecError, match="has 3 channels") as caught:
        graph_of(tmp_path, model, input=(32, 24, 3))
    assert "3x32x24" in str(caught.value.diagnostics[0].hint)


def test_channels_first(tmp_path: Path) -> None:
    model = functional(layer("Conv2D", "c", ["x"], data_format="channels_first", **CONV), out="c",
                       shape=[None, 3, 16, 12])  # fmt: skip
    graph = graph_of(tmp_path, model)
    assert graph.nodes[0].out_shapes == ((8, 16, 12),)
    assert total(graph, "params") == 27 * 8 + 8


def test_keras_2_lists(tmp_path: Path) -> None:
    """Keras 2 wrote what a layer reads as lists, and a Sequential's input in its first layer."""
    conv: dict[str, Any] = {"class_name": "Conv2D", "name": "c", "config": {"name": "c", **CONV},
                            "inbound_nodes": [[["x", 0, 0, {}]]]}  # fmt: skip
    model = functional(conv, out="c")
    assert outputs(graph_of(tmp_path, model)) == [[16, 12, 8]]
    del conv["inbound_nodes"]
    conv["config"] = {**CONV, "name": "c", "batch_input_shape": [None, 9, 9, 2]}
    assert outputs(graph_of(tmp_path, {"class_name": "Sequential", "config": {"layers": [conv]}})) == [[9, 9, 8]]


@pytest.mark.parametrize("kind", ["Lambda", "MyOwn"])
def test_unknown_layers_have_the_extents_that_the_file_writes(kind: str, tmp_path: Path) -> None:
    made = layer(kind, "u", ["x"])
    made["module"] = "keras.layers" if kind == "Lambda" else "mine"
    after = layer("Dense", "d", units=4)
    after["inbound_nodes"] = [{"args": [tensor("u", [None, 7, 5])], "kwargs": {}}]
    graph, _, collector = build_graph(write(tmp_path, functional(made, after, out="d")))
    assert graph.nodes[0].out_shapes == ((5, 7),)
    assert graph.nodes[0].op.params(graph.nodes[0].in_shapes) is None
    assert graph.nodes[1].op.params(graph.nodes[1].in_shapes) == 24
    assert [d.code for d in collector.found] == ["unknown-cost"]


def test_what_follows_unknown_extents_is_unknown(tmp_path: Path) -> None:
    after = layer("Dense", "d", ["u"], units=4)
    graph = graph_of(tmp_path, functional(layer("Lambda", "u", ["x"]), after, out="d"))
    assert [n.op.params(n.in_shapes) for n in graph.nodes] == [None, None]


def archive(**members: bytes) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name.replace("_json", ".json"), content)
    return data.getvalue()


def test_keras_file(tmp_path: Path) -> None:
    model = TRUTH["conv2"]["model"]
    file = tmp_path / "net.keras"
    file.write_bytes(archive(metadata_json=b"{}", config_json=json.dumps(model).encode()))
    assert outputs(build_graph(str(file))[0]) == TRUTH["conv2"]["outputs"]


CIRCLE = functional(layer("ReLU", "a", ["b"]), layer("ReLU", "b", ["a"]), out="b")
DEEP: Any = functional(layer("ReLU", "a", ["x"]), out="a")
for _ in range(60):
    DEEP = functional({**layer("Functional", "n", ["x"]), "config": DEEP["config"]}, out="n")
TWICE = functional(layer("ReLU", "a", ["x"]), out="a")
for _ in range(30):
    inner = {**layer("Functional", "n", ["x"]), "config": TWICE["config"]}
    inner["inbound_nodes"].append({"args": [tensor("n")], "kwargs": {}})
    TWICE = functional(inner, out="n")
    TWICE["config"]["output_layers"] = [["n", 1, 0]]


@pytest.mark.parametrize(("content", "message"), [
    ('{"class_name": "Functional", "config": {', "is not JSON"),
    ('{"class_name": "Functional", "config": 3}', "holds no Keras model"),
    ('{"class_name": "Functional", "config": ' + "[" * 100_000, "too deep|not JSON"),
    ('{"class_name": "Mine", "config": {"name": "x"}}', "does not say its layers"),
    ({"class_name": "Sequential", "config": {"layers": []}}, "has no layers"),
    ({"class_name": "Sequential", "config": {"layers": [3]}}, "without a config"),
    (functional(layer("TimeDistributed", "a", ["x"], layer={"class_name": "Dense"}), out="a"), "without a config"),
    (CIRCLE, "circle"),
    (DEEP, "in each other"),
    (TWICE, "more than 20,000 calls"),
    (functional(layer("ReLU", "a", ["nobody"]), out="a"), "reads 'nobody'"),
    (functional(layer("ReLU", "a", [("x", 0, 4)]), out="a"), "reads result 4 of 'x'"),
    (functional(layer("ReLU", "a", ["x"]), layer("ReLU", "a", ["x"]), out="a"), "two layers 'a'"),
    (functional(layer("ReLU", "a", ["x"]), out="b"), "no such layer"),
    (functional(layer("Conv2D", "a", ["x"], **{**CONV, "filters": -1}), out="a"), "filters|out"),
    (functional(layer("Conv2D", "a", ["x"], **{**CONV, "kernel_size": "wide"}), out="a"), "kernel"),
    (functional(layer("Conv2D", "a", ["x"], **{**CONV, "filters": 10**400}), out="a"), "filters|out"),
    (functional(layer("Conv2D", "a", ["x"], **{**CONV, "padding": "valid", "kernel_size": [99, 99]}), out="a"), "fit"),
    (functional(layer("Reshape", "a", ["x"], target_shape=[5, 5]), out="a"), "reshape"),
    (functional(layer("Reshape", "a", ["x"], target_shape=[0, -1]), out="a"), "Reshape"),
    (functional(layer("Permute", "a", ["x"], dims=[1, 1, 9]), out="a"), "axis 9"),
    (functional(layer("Concatenate", "a", ["x"], axis=[]), out="a"), "axis"),
    (functional(layer("Add", "a", []), out="a"), "Add|reads"),
    (functional(layer("Cropping2D", "a", ["x"], cropping=[[9, 9], [9, 9]]), out="a"), "away"),
    (functional(layer("Dense", "a", ["x"]), out="a"), "go together"),
    (functional(layer("ReLU", "a", ["x"]), out="a", shape=[None, -4, 3]), "extents"),
    (functional(layer("ReLU", "a", ["x"]), out="a", shape=["x"]), "extents"),
])  # fmt: skip
def test_damaged_models_are_one_error(content: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        graph_of(tmp_path, content)
    assert len(caught.value.diagnostics) == 1
    assert caught.value.diagnostics[0].hint


@pytest.mark.parametrize(("data", "message"), [
    (archive(metadata_json=b"{}"), "has no config.json"),
    (archive(config_json=b'{"class_name"' + b" " * (80 * 2**20)), "more than 64 MiB"),
    (archive(config_json=b"{}" * 40)[:-30], "cannot be unpacked"),
    (archive(config_json=b"\xff\xfe\x00"), "UTF-8|JSON"),
], ids=["without", "bomb", "torn", "encoding"])  # fmt: skip
def test_damaged_archives_are_one_error(data: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "net.keras"
    file.write_bytes(data)
    with pytest.raises(SpecError, match=message):
        build_graph(str(file))
