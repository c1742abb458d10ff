"""Models of Keras 1: the names of its layers and settings; sizes and numbers by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cnncalc import analyze
from cnncalc.api import Text, build_graph


def sequential(*layers: tuple[str, dict[str, Any]]) -> Text:
    """Return a Sequential as Keras 1.2.2 writes it: a list of layers under `config`."""
    listed = [{"class_name": kind, "config": {"name": f"l{n}", "trainable": True, **config}}
              for n, (kind, config) in enumerate(layers)]  # fmt: skip
    model = {"class_name": "Sequential", "keras_version": "1.2.2", "config": listed}
    return Text(json.dumps(model).encode(), "m.json")


@pytest.mark.parametrize("order", ["th", "tf"])
def test_a_small_network(order: str) -> None:
    """34 - 2 = 32, 16, 16 - 4 = 12; the dilated convolution has no bias."""
    shape = [None, 3, 32, 32] if order == "th" else [None, 32, 32, 3]
    window = {"nb_row": 3, "nb_col": 3, "border_mode": "valid", "subsample": [1, 1], "dim_ordering": order}
    source = sequential(
        ("ZeroPadding2D", {"padding": [1, 1], "dim_ordering": order, "batch_input_shape": shape}),
        ("Convolution2D", {"nb_filter": 8, "activation": "relu", "bias": True, **window}),
        ("MaxPooling2D", {"pool_size": [2, 2], "strides": [2, 2], "border_mode": "valid", "dim_ordering": order}),
        ("BatchNormalization", {"axis": 1 if order == "th" else -1, "mode": 0, "epsilon": 1e-5}),
        ("AtrousConvolution2D", {"nb_filter": 6, "atrous_rate": [2, 2], "bias": False, **window}),
        ("Flatten", {}), ("Dropout", {"p": 0.5}), ("Dense", {"output_dim": 10, "activation": "softmax", "bias": True}),
    )  # fmt: skip
    graph, _, _ = build_graph(source)
    totals = analyze(graph).totals
    assert totals.params == 216 + 8 + 16 + 432 + 864 * 10 + 10
    assert totals.macs == 216 * 32 * 32 + 432 * 12 * 12 + 8640
    assert not totals.lower_bounds


def test_sequences() -> None:
    source = sequential(
        ("Embedding", {"input_dim": 50, "output_dim": 6, "batch_input_shape": [None, 20]}),
        ("Convolution1D", {"nb_filter": 7, "filter_length": 3, "subsample_length": 1, "border_mode": "same"}),
        ("MaxPooling1D", {"pool_length": 2, "stride": 2, "border_mode": "valid"}),
        ("LSTM", {"output_dim": 5, "inner_activation": "sigmoid", "activation": "tanh", "return_sequences": False}),
    )  # fmt: skip
    totals = analyze(source).totals
    assert totals.params == 50 * 6 + 6 * 3 * 7 + 7 + 4 * 5 * (7 + 5) + 4 * 5
    assert totals.macs == 20 * 6 * 3 * 7 + 10 * 4 * 5 * 12


def test_merge_is_what_its_mode_says() -> None:
    first = {"class_name": "InputLayer", "name": "x", "inbound_nodes": [],
             "config": {"batch_input_shape": [None, 4, 4, 3], "name": "x"}}  # fmt: skip
    merge = {"class_name": "Merge", "name": "m", "config": {"name": "m", "mode": "concat", "concat_axis": -1},
             "inbound_nodes": [[["x", 0, 0], ["x", 0, 0]]]}  # fmt: skip
    model = {"layers": [first, merge], "input_layers": [["x", 0, 0]], "output_layers": [["m", 0, 0]]}
    graph, _, _ = build_graph(Text(json.dumps({"class_name": "Model", "config": model}).encode(), "m.json"))
    assert tuple(graph.nodes[-1].out_shapes[0]) == (6, 4, 4)
