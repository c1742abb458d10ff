"""Functions of `keras.ops` and TensorFlow's in models, layers over steps, wrappers: as Keras 3.15.1 has them.

Shapes and numbers of weights were read off the models that Keras built; multiply-accumulates are arithmetic.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cnncalc import analyze
from cnncalc.api import Text, build_graph
from cnncalc.cli import run

if TYPE_CHECKING:
    from pathlib import Path

MAP = (16, 18, 6)
OPS, LAYERS = "keras.src.ops.numpy", "keras.layers"


def tensor(name: str, extents: tuple[int, ...]) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"shape": [None, *extents], "keras_history": [name, 0, 0]}}


def one(kind: str, config: dict[str, Any], *inputs: tuple[int, ...], module: str = LAYERS, args: Any = None) -> Text:
    """Return a model of one layer on its inputs."""
    names = [f"x{n}" for n in range(len(inputs))]
    first = [{"class_name": "InputLayer", "name": name, "config": {"batch_shape": [None, *x], "name": name},
              "inbound_nodes": []} for name, x in zip(names, inputs, strict=True)]  # fmt: skip
    given = [tensor(name, x) for name, x in zip(names, inputs, strict=True)]
    call = {"args": [*given, *(args or [])] if len(given) == 1 else [given], "kwargs": {}}
    layer = {"module": module, "class_name": kind, "name": "y", "config": {"name": "y", **config},
             "inbound_nodes": [call]}  # fmt: skip
    model = {"layers": [*first, layer], "input_layers": [[n, 0, 0] for n in names], "output_layers": [["y", 0, 0]]}
    return Text(json.dumps({"class_name": "Functional", "config": model}).encode(), "m.json")


def shape_of(source: Text) -> tuple[int, ...]:
    graph, _, _ = build_graph(source)
    (ref,) = graph.outputs.values()
    return tuple(graph.nodes[ref[0]].out_shapes[ref[1]])


@pytest.mark.parametrize(("kind", "config", "shape"), [
    ("Mean", {"axis": [1, 2], "keepdims": False}, (6,)), ("Mean", {"axis": -1, "keepdims": True}, (1, 16, 18)),
    ("Max", {"axis": 1}, (6, 18)), ("Reshape", {"newshape": [-1, 288, 6]}, (6, 288)),
    ("Reshape", {"newshape": [-1, 16, -1]}, (108, 16)), ("Transpose", {"axes": [0, 3, 1, 2]}, (18, 6, 16)),
    ("Pad", {"pad_width": [[0, 0], [1, 1], [2, 2], [0, 0]]}, (6, 18, 22)), ("ExpandDims", {"axis": 1}, (6, 1, 16, 18)),
    ("Roll", {"shift": 2, "axis": 1}, (6, 16, 18)), ("Clip", {"x_min": 0, "x_max": 1}, (6, 16, 18)),
    ("Softmax", {"axis": -1}, (6, 16, 18)), ("Moveaxis", {"source": 3, "destination": 1}, (18, 6, 16)),
    ("Repeat", {"repeats": 3, "axis": 2}, (6, 16, 54)), ("Tile", {"repeats": [1, 2, 1, 3]}, (18, 32, 18)),
    ("AveragePool", {"pool_size": 2, "strides": 2, "padding": "valid"}, (6, 8, 9)),
    ("Resize", {"size": [8, 9], "interpolation": "bilinear"}, (6, 8, 9)),
])  # fmt: skip
def test_functions_have_keras_extents_though_no_layer_follows(kind: str, config: dict[str, Any], shape: Any) -> None:
    source = one(kind, config, MAP, module=OPS)
    assert shape_of(source) == shape
    assert not analyze(source).totals.lower_bounds


def test_indexing_takes_slices_numbers_and_new_axes() -> None:
    def part(*ends: int | None) -> dict[str, Any]:
        return {"class_name": "__slice__", "config": dict(zip(("start", "stop", "step"), ends, strict=True))}

    every = part(None, None, None)
    assert shape_of(one("GetItem", {}, MAP, module=OPS, args=[[every, part(2, 10, None), part(None, None, 2), every]])
                    ) == (6, 8, 9)  # fmt: skip
    assert shape_of(one("GetItem", {}, MAP, module=OPS, args=[[every, 3, {"class_name": "__ellipsis__", "config": {}}]])
                    ) == (6, 18)  # fmt: skip
    assert shape_of(one("GetItem", {}, MAP, module=OPS, args=[[every, None]])) == (6, 1, 16, 18)


def test_several_tensors_are_joined_and_multiplied() -> None:
    assert shape_of(one("Concatenate", {"axis": -1}, MAP, MAP, module=OPS)) == (12, 16, 18)
    assert shape_of(one("Stack", {"axis": 1}, MAP, MAP, module=OPS)) == (6, 2, 16, 18)
    source = one("Einsum", {"subscripts": "bij,bjk->bik"}, (5, 6), (6, 7), module=OPS)
    assert (shape_of(source), analyze(source).totals.macs) == ((7, 5), 5 * 6 * 7)


CELL = {"class_name": "LSTMCell", "config": {"units": 8}}
STACK = {
    "class_name": "StackedRNNCells",
    "config": {
        "cells": [{"class_name": "GRUCell", "config": {"units": 8}}, {"class_name": "LSTMCell", "config": {"units": 5}}]
    },
}


@pytest.mark.parametrize(("layer", "x", "shape", "params", "macs"), [
    (("RNN", {"cell": CELL, "return_sequences": True}), (20, 6), (8, 20), 480, 20 * 4 * 8 * 14),
    (("RNN", {"cell": STACK}), (20, 6), (5,), 664, 20 * (3 * 8 * 14 + 4 * 5 * 13)),
    (("ConvLSTM2D", {"filters": 8, "kernel_size": [3, 3], "padding": "valid"}), (5, *MAP), (8, 14, 16), 4064,
     5 * 14 * 16 * 9 * (6 + 8) * 32),
    (("ConvLSTM1D", {"filters": 8, "kernel_size": [3], "padding": "same", "return_sequences": True}), (5, 20, 6),
     (8, 5, 20), 1376, 5 * 20 * 3 * (6 + 8) * 32),
    (("SpectralNormalization", {"layer": {"class_name": "Conv2D", "module": LAYERS, "config": {
        "name": "c", "filters": 8, "kernel_size": [3, 3], "strides": [1, 1], "padding": "valid", "groups": 1,
        "dilation_rate": [1, 1], "use_bias": True}}}), MAP, (8, 14, 16), 448, 14 * 16 * 54 * 8),
    (("BatchNormalization", {"axis": 1, "scale": False}), MAP, (6, 16, 18), 3 * 16, 0),
    (("RandomCrop", {"height": 9, "width": 7}), (16, 18, 3), (3, 9, 7), 0, 0),
    (("RandomErasing", {}), MAP, (6, 16, 18), 0, 0), (("CategoryEncoding", {"num_tokens": 10}), (4,), (10,), 0, 0),
    (("UnitNormalization", {"axis": -1}), MAP, (6, 16, 18), 0, 0),
])  # fmt: skip
def test_layers_are_keras(layer: tuple[str, dict[str, Any]], x: Any, shape: Any, params: int, macs: int) -> None:
    source = one(*layer, x)
    assert shape_of(source) == shape
    totals = analyze(source).totals
    assert (totals.params + totals.buffers, totals.macs) == (params, macs)
    assert not totals.lower_bounds


def test_attention_along_some_axes() -> None:
    """Of 4 x 5 positions those of a column see each other: projections of all, 4 * 4 scores and mixes in 5 columns."""
    config = {"num_heads": 2, "key_dim": 8, "value_dim": 8, "attention_axes": [1], "use_bias": True}
    source = one("MultiHeadAttention", config, (4, 5, 16), (4, 5, 16))
    totals = analyze(source).totals
    assert (totals.params, totals.macs) == (1088, 20 * 4 * 16 * 16 + 5 * 2 * 4 * 4 * 16)


def chain(*layers: dict[str, Any]) -> Text:
    """Return a model of Keras 2: an input `x`, layers with their own `inbound_nodes`."""
    first = {"class_name": "InputLayer", "name": "x", "config": {"batch_input_shape": [None, *MAP], "name": "x"},
             "inbound_nodes": []}  # fmt: skip
    model = {"layers": [first, *layers], "input_layers": [["x", 0, 0]], "output_layers": [[layers[-1]["name"], 0, 0]]}
    return Text(json.dumps({"class_name": "Functional", "config": model, "keras_version": "2.12.0"}).encode(), "m.json")


def function(name: str, word: str, nodes: Any, kind: str = "TFOpLambda") -> dict[str, Any]:
    return {"class_name": kind, "name": name, "config": {"name": name, "function": word}, "inbound_nodes": nodes}


def test_functions_of_tensorflow_are_known() -> None:
    """A hard swish as MobileNetV3 has it, a mean, a reshape, a slice; each has its shape, and nothing is a bound."""
    source = chain(
        function("plus", "__operators__.add", [["x", 0, 0, {"y": 3.0, "name": None}]]),
        function("six", "nn.relu6", [["plus", 0, 0, {}]]),
        function("gate", "math.multiply", [["six", 0, 0, {"y": 0.16, "name": None}]]),
        function("swish", "math.multiply", [["x", 0, 0, {"y": ["gate", 0, 0], "name": None}]]),
        function("cut", "__operators__.getitem", [["swish", 0, 0, {"slice_spec": [
            {"start": None, "stop": None, "step": None}, {"start": 0, "stop": 8, "step": None}]}]], "SlicingOpLambda"),
        function("flat", "reshape", [["cut", 0, 0, {"shape": [-1, 144, 6]}]]),
        function("mean", "math.reduce_mean", [["flat", 0, 0, {"axis": [1], "keepdims": False}]]),
        function("both", "concat", [[["mean", 0, 0, {"axis": -1}], ["mean", 0, 0, {"axis": -1}]]]),
    )  # fmt: skip
    graph, _, _ = build_graph(source)
    shapes = {node.path: tuple(node.out_shapes[0]) for node in graph.nodes}
    assert (shapes["swish"], shapes["cut"]) == ((6, 16, 18), (6, 8, 18))
    assert (shapes["flat"], shapes["mean"], shapes["both"]) == ((6, 144), (6,), (12,))
    assert {graph.nodes[ref[0]].path for node in graph.nodes if node.path == "swish" for ref in node.inputs
            if ref[0] >= 0} == {"gate"}  # fmt: skip
    assert not analyze(graph).totals.lower_bounds


@pytest.mark.parametrize("text", [True, False])
def test_operators_of_tensorflow_20_are_known(text: bool) -> None:
    def op(name: str, word: str, before: str, constants: dict[str, Any]) -> dict[str, Any]:
        node: Any = {"name": name, "op": word, "input": [before], "attr": {"keep_dims": {"b": True}}}
        config = {"name": name, "node_def": json.dumps(node) if text else node, "constants": constants}
        return {"class_name": "TensorFlowOpLayer", "name": name, "config": config,
                "inbound_nodes": [[[before, 0, 0, {}]]]}  # fmt: skip

    source = chain(op("a", "AddV2", "x", {"1": 3.0}), op("r", "Relu6", "a", {}), op("m", "Mean", "r", {"1": [1, 2]}))
    assert shape_of(source) == (6, 1, 1)
    assert not analyze(source).totals.lower_bounds


def test_an_input_that_no_spec_can_have_is_refused_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Maps over time in three dimensions have five axes; `show` takes them as they are."""
    config = {"filters": 4, "kernel_size": [3, 3, 3], "padding": "same"}
    file, data = tmp_path / "m.json", one("ConvLSTM3D", config, (3, 8, 10, 12, 4)).data
    assert isinstance(data, bytes)
    file.write_bytes(data)
    assert run(["show", str(file)]) == 0
    capsys.readouterr()
    assert run(["import", str(file)]) == 2
    said = capsys.readouterr().err
    assert "at most 4 axes" in said
    assert len(said.strip().splitlines()) == 2
