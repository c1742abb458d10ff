"""Peak activation memory: by hand on small graphs, by brute force on networks of the zoo.

The brute force below knows only names and shapes: it asks, for every layer and every tensor, whether the tensor is
needed then. It shares no code with the analysis; the views are listed here by name.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import pytest

from cnncalc import analyze
from cnncalc.analysis.liveness import Lifetimes, peak_activation
from cnncalc.api import build_graph

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph

VIEWS = {"flatten", "reshape", "identity", "dropout", "drop_path", "split", "slice", "crop"}
OVERWRITES = {
    "relu", "relu6", "leaky_relu", "tanh", "mish", "prelu", "silu", "sigmoid", "hardswish", "hardsigmoid", "gelu",
    "softmax", "batch_norm", "layer_norm", "local_response_norm", "layer_scale", "add", "sub", "mul", "max",
}  # fmt: skip


def network(layers: list[Any], *, input: list[int] | None = None, **more: Any) -> Graph:  # noqa: A002
    graph, _, collector = build_graph({"cnncalc": 1, "input": input or [1, 10, 1], "layers": layers, **more})
    collector.raise_if_errors()
    return graph


def brute_force(graph: Graph, *, in_place: bool) -> list[int]:
    """Elements alive during each layer, quadratic and by definition."""
    source = {(-k - 1, 0): (-k - 1, 0) for k in range(len(graph.inputs))}
    size = {(-k - 1, 0): prod(shape) for k, shape in enumerate(graph.inputs.values())}
    for index, node in enumerate(graph.nodes):
        for port, shape in enumerate(node.out_shapes):
            view = node.op.name in VIEWS
            source[index, port] = source[node.inputs[0]] if view else (index, port)
            if not view:
                size[index, port] = prod(shape)
    needed: dict[tuple[int, int], set[int]] = {key: set() for key in size}
    for index, node in enumerate(graph.nodes):
        for ref in node.inputs:
            needed[source[ref]].add(index)
        for port in range(len(node.out_shapes)):
            if node.op.name not in VIEWS:
                needed[index, port].add(index)
    for ref in graph.outputs.values():
        needed[source[ref]].add(len(graph.nodes))
    profile = []
    for index, node in enumerate(graph.nodes):
        alive = [key for key, when in needed.items() if when and (key[0] <= index <= max(when))]
        total = sum(size[key] for key in alive)
        out = (index, 0)
        if in_place and node.op.name in OVERWRITES:
            operands = {source[ref] for ref in node.inputs}
            if any(max(needed[key]) == index and size[key] == size[out] for key in operands):
                total -= size[out]
        profile.append(total)
    return profile


def test_a_chain_needs_the_input_and_the_output_of_one_layer_at_a_time() -> None:
    graph = network([{"conv": {"out": n, "kernel": 1}} for n in (3, 7, 2)])
    peak = peak_activation(graph)
    assert peak.profile == (10 + 30, 30 + 70, 70 + 20)
    assert (peak.elements, peak.path, peak.index) == (100, "conv2", 1)
    assert peak.live == (("conv1", 30), ("conv2", 70))


def test_a_residual_holds_what_both_paths_read() -> None:
    body = [{"conv": {"out": 4, "kernel": 1}}, "relu"]
    graph = network([{"conv": {"out": 4, "kernel": 1}}, {"add": {"body": body, "skip": []}}])
    assert peak_activation(graph).profile == (10 + 40, 40 + 40, 40 + 40 + 40, 40 + 40 + 40)
    assert peak_activation(graph).path == "add1.body.relu1"
    assert peak_activation(graph, in_place=True).profile == (10 + 40, 40 + 40, 40 + 40, 40 + 40)


def test_in_place_needs_the_last_use_and_the_same_size() -> None:
    graph = network(
        [
            {"conv": {"out": 4, "kernel": 1}, "as": "a"},
            {"relu": {}, "as": "b"},
            {"sigmoid": {}, "from": "a"},
            {"add": ["prev", "b"]},
            {"max_pool": {"kernel": [2, 1]}},
        ]
    )
    free, saving = peak_activation(graph), peak_activation(graph, in_place=True)
    assert free.profile == (50, 80, 120, 120, 60)
    assert saving.profile == (50, 80, 80, 80, 60)
    assert saving.live == (("a", 40), ("b", 40))


def test_a_broadcast_gate_is_too_small_to_write_over() -> None:
    gate = ["global_avg_pool", "sigmoid"]
    graph = network([{"conv": {"out": 4, "kernel": 1}}, {"mul": {"gate": gate, "map": []}}])
    assert peak_activation(graph, in_place=True).profile == (50, 44, 44, 44)
    assert peak_activation(graph).profile == (50, 44, 48, 84)


def test_views_hold_the_storage_of_their_input() -> None:
    graph = network(
        [
            {"conv": {"out": 4, "kernel": 1}},
            {"split": 2, "as": ["left", "right"]},
            {"relu": {}, "from": "left"},
            {"concat": ["prev", "right"]},
            "dropout",
            "flatten",
            {"linear": 5},
        ]
    )
    assert peak_activation(graph).profile == (50, 40, 60, 100, 40, 40, 45)
    assert peak_activation(graph, in_place=True).profile == (50, 40, 60, 100, 40, 40, 45)


def test_outputs_live_to_the_end_and_unused_tensors_only_while_they_are_made() -> None:
    layers = [
        {"conv": {"out": 4, "kernel": 1}, "as": "early"},
        {"conv": {"out": 9, "kernel": 1}, "as": "dead"},
        {"conv": {"out": 2, "kernel": 1}, "from": "early"},
        {"conv": {"out": 1, "kernel": 1}, "as": "late"},
    ]
    assert peak_activation(network(layers, outputs=["late"])).profile == (50, 130, 60, 30)
    assert peak_activation(network(layers, outputs=["early", "late"])).profile == (50, 130, 60, 70)


def test_an_input_lives_until_its_last_use_and_one_that_nobody_reads_not_at_all() -> None:
    spec = {"a": [1, 10, 1], "b": [2, 10, 1], "c": [5, 10, 1]}
    layers = [{"conv": {"out": 1, "kernel": 1}, "from": "a"}, {"concat": ["prev", "b"]}]
    graph, _, _ = build_graph({"cnncalc": 1, "inputs": spec, "layers": layers})
    assert peak_activation(graph).profile == (10 + 20 + 10, 10 + 20 + 30)


def test_the_numbers_of_resnet50() -> None:
    """Elements published with the definition of this analysis, for a 3x224x224 image."""
    graph, _, _ = build_graph("resnet50")
    assert sum(Lifetimes(graph).sizes) == 37_710_312
    assert peak_activation(graph).elements == 2_408_448
    assert peak_activation(graph, in_place=True).elements == 1_806_336


def test_the_u_net_peaks_at_its_last_concatenation() -> None:
    graph, _, _ = build_graph("unet")
    concats = [node.path for node in graph.nodes if node.op.name == "concat"]
    assert peak_activation(graph).path == concats[-1]


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("name", ["resnet50", "unet", "googlenet", "densenet121", "mobilenet_v3_small", "se_resnet50",
                                  "shufflenet_v2_x1_0", "efficientnet_b0", "alexnet_2012", "yolov3", "lenet5",
                                  "squeezenet1_0", "fcn8s", "convnext_tiny"])  # fmt: skip
def test_networks_of_the_zoo_agree_with_brute_force(name: str, in_place: bool) -> None:
    graph, _, _ = build_graph(name)
    expected = brute_force(graph, in_place=in_place)
    peak = peak_activation(graph, in_place=in_place)
    assert list(peak.profile) == expected
    assert peak.elements == max(expected)
    assert peak.path == graph.nodes[expected.index(max(expected))].path
    assert sum(elements for _, elements in peak.live) == peak.elements


def test_the_report_carries_the_peak_in_elements_and_bytes() -> None:
    one, eight = analyze("resnet50"), analyze("resnet50", batch=8, dtype="fp16")
    assert one.totals.peak_activation == 2_408_448
    assert one.summary.peak_activation.bytes == 4 * 2_408_448
    assert eight.totals.peak_activation == 8 * 2_408_448
    assert eight.summary.peak_activation.bytes == 2 * 8 * 2_408_448
    data = one.to_dict()
    assert data["totals"]["peak_activation"] == 2_408_448
    moment = data["summary"]["peak_activation"]
    assert moment["path"] == "layer1.0.add1.skip.conv1.norm"
    assert [entry["elements"] for entry in moment["live"]] == [802_816] * 3
    assert len(one.summary.peak_activation.profile) == len(one.layers)


def test_a_layer_with_unknown_insides_makes_the_peak_a_lower_bound() -> None:
    report = analyze({"cnncalc": 1, "input": [3, 8, 8], "layers": [{"opaque": [4, 8, 8]}]})
    assert "peak_activation" in report.totals.lower_bounds
    assert report.totals.peak_activation == 64 * 7
