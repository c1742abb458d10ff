"""Arena, training step, folding of batch normalisation, types of elements.

`data/training.json` is recorded from PyTorch (its first entry says how); the networks in it stand here as specs.
"""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import pytest
from share import part

from cnncalc import analyze
from cnncalc.analysis.arena import arrange, storages
from cnncalc.analysis.liveness import Storage, peak_activation
from cnncalc.api import build_graph, memory
from cnncalc.graph.fold import fold_batch_norm
from cnncalc.values.dtypes import Dtypes, parse_dtypes

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "training.json").read_text(encoding="utf-8"))
BARE: dict[str, Any] = {"kernel": 3, "padding": 1, "bias": False}
NORMED: dict[str, Any] = {**BARE, "norm": "batch_norm"}
GROUPS_IGNORED = {"gate": (8 - 1) * 9 * 8 * 16 * 12}
"""PyTorch's counter takes the weight gradient of a convolution in 8 groups as if it had one: 8 times too much."""
NETWORKS: dict[str, tuple[list[int], list[Any]]] = {
    "residual": (
        [3, 32, 32],
        [
            {"conv": {"out": 8, **NORMED, "stride": 2, "act": "relu"}},
            {"max_pool": {"kernel": 3, "stride": 2, "padding": 1}},
            {
                "add": {
                    "body": [{"conv": {"out": 8, **NORMED, "act": "relu"}}, {"conv": {"out": 8, **NORMED}}],
                    "skip": [],
                }
            },
            "relu",
            "global_avg_pool",
            "flatten",
            {"linear": 10},
        ],
    ),
    "gate": (
        [3, 16, 12],
        [
            {"conv": {"out": 8, "kernel": 3, "padding": 1, "act": "silu"}},
            {
                "mul": {
                    "map": [],
                    "gate": [
                        "global_avg_pool",
                        {"conv": {"out": 4, "kernel": 1, "act": "relu"}},
                        {"conv": {"out": 8, "kernel": 1, "act": "sigmoid"}},
                    ],
                }
            },
            {"depthwise": {"kernel": 3, "padding": 1, "act": "hardswish"}},
            {"conv": {"out": 6, "kernel": 1}},
        ],
    ),
    "decoder": (
        [1, 16, 16],
        [
            {"conv": {"out": 4, "kernel": 3, "padding": 1, "act": "relu"}, "as": "e"},
            {"max_pool": 2},
            {"conv": {"out": 8, "kernel": 3, "padding": 1, "act": "relu"}},
            {"conv_transpose": {"out": 4, "kernel": 2, "stride": 2}},
            {"concat": ["e", "prev"]},
            {"conv": {"out": 4, "kernel": 3, "padding": 1, "act": "leaky_relu"}},
            {"conv": {"out": 2, "kernel": 1}},
        ],
    ),
    "plain": (
        [3, 32, 32],
        [
            {"conv": {"out": 6, "kernel": 5, "act": "relu"}},
            {"max_pool": 2},
            {"conv": {"out": 16, "kernel": 5, "act": "relu"}},
            {"max_pool": 2},
            "flatten",
            {"linear": {"out": 120, "act": "relu"}},
            {"dropout": 0.5},
            {"linear": 10},
        ],
    ),
    "norms": (
        [3, 10, 14],
        [
            {"conv": {"out": 8, "kernel": 3, "padding": 1}},
            {"group_norm": 2},
            "gelu",
            {"conv": {"out": 8, "kernel": 3, "padding": 1}},
            {"instance_norm": {"affine": True}},
            "elu",
            {"conv": {"out": 4, "kernel": 1}},
            "prelu",
            {"upsample": {"scale": 2, "mode": "bilinear"}},
            {"conv": {"out": 4, "kernel": 1}},
            "tanh",
            "softmax",
        ],
    ),
}


def spec(layers: list[Any], shape: list[int] | None = None, **more: Any) -> dict[str, Any]:
    return {"cnncalc": 1, "input": shape or [3, 8, 8], "layers": layers, **more}


# The training step.


@pytest.mark.parametrize("name", NETWORKS)
def test_a_training_step_keeps_and_computes_what_pytorch_does(name: str) -> None:
    shape, layers = NETWORKS[name]
    step = memory(spec(layers, shape)).training
    assert step is not None
    recorded = RECORDED[name]
    assert step.activations == recorded["activations"]
    assert step.positions == recorded["positions"]
    assert step.mask == recorded["mask"]
    assert step.macs_forward == recorded["macs_forward"]
    assert step.macs_backward == recorded["macs_backward"] - GROUPS_IGNORED.get(name, 0)


def test_resnet50_trains_at_three_forward_passes_less_the_gradient_of_the_image() -> None:
    """Forward 4,089,184,256 (torchvision); the first layer's 64*3*7*7*112*112 are not computed for the image."""
    step = memory("resnet50").training
    assert step is not None
    assert step.macs == 3 * 4_089_184_256 - 64 * 3 * 7 * 7 * 112 * 112


def test_a_layer_behind_parameterless_layers_computes_no_input_gradient() -> None:
    pooled = memory(spec([{"max_pool": 2}, "flatten", {"linear": 10}])).training
    assert pooled is not None
    assert pooled.macs_forward == pooled.macs_backward == 48 * 10
    assert pooled.positions == 0


def test_the_optimiser_keeps_none_one_or_two_values_per_parameter() -> None:
    for optimizer, values in (("sgd", 0), ("momentum", 1), ("adam", 2)):
        step = memory("lenet5", optimizer=optimizer, batch=4).training
        assert step is not None
        parameters = analyze("lenet5").totals.params
        assert step.state_elements == values * parameters
        assert step.gradient_elements == parameters
        assert step.parameter_bytes == (2 + values) * parameters * 4
    with pytest.raises(ValueError, match="sgd, momentum, adam"):
        memory("lenet5", optimizer="lion")


def test_shared_weights_are_one_set_of_parameters_and_two_of_work() -> None:
    layers = [
        {"conv": {"out": 3, **BARE}, "as": "a"},
        {"conv": {}, "share": "a"},
    ]
    step = memory(spec(layers)).training
    assert step is not None
    assert step.gradient_elements == 81
    assert step.macs_forward == 2 * 81 * 64
    assert step.macs_backward == 3 * 81 * 64


def test_batches_multiply_activations_and_work_but_not_parameters() -> None:
    one, four = memory("resnet18"), memory("resnet18", batch=4)
    assert one.training is not None
    assert four.training is not None
    assert four.training.activations == 4 * one.training.activations
    assert four.training.macs_backward == 4 * one.training.macs_backward
    assert four.training.parameter_bytes == one.training.parameter_bytes
    assert four.peak_bytes == 4 * one.peak_bytes
    assert four.to_dict()["peak"]["elements"] == 4 * one.peak.elements


def test_what_an_opaque_layer_keeps_is_unknown() -> None:
    report = memory(spec([{"conv": {"out": 4, "kernel": 1}}, {"opaque": [4, 8, 8]}]))
    assert report.training is not None
    assert {"activations", "bytes", "state_elements", "macs"} <= set(report.training.lower_bounds)
    assert report.layers[1].training_activations is None


def test_rows_add_up_to_their_totals() -> None:
    report = memory("mobilenet_v3_large", batch=2)
    assert report.training is not None
    assert sum(layer.training_activations or 0 for layer in report.layers) == report.training.activations
    assert sum(layer.macs_backward or 0 for layer in report.layers) == report.training.macs_backward
    assert max(layer.live for layer in report.layers) == 2 * report.peak.elements
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()


# The arena.


def stretch(sizes: list[tuple[int, int, int]], order: tuple[int, ...], alignment: int) -> int:
    """The memory needed when tensors (bytes, first, last) are placed in this order, each as low as it can go."""
    placed: list[tuple[int, int, int, int]] = []
    for number in order:
        size, first, last = sizes[number]
        offset = 0
        while any(
            offset < start + other and start < offset + size and first <= end and begin <= last
            for start, other, begin, end in placed
        ):
            offset += alignment
        placed.append((offset, size, first, last))
    return max(offset + size for offset, size, _, _ in placed)


def exhaustive(sizes: list[tuple[int, int, int]], alignment: int) -> int:
    """The least memory of any arrangement: sorted by offset and pushed down, it is one of these orders."""
    return min(stretch(sizes, order, alignment) for order in permutations(range(len(sizes))))


def overlapping(a: Any, b: Any) -> bool:
    together = a.first <= b.last and b.first <= a.last
    return bool(together and a.offset < b.offset + b.bytes and b.offset < a.offset + a.bytes)


@pytest.mark.parametrize("alignment", [1, 4])
def test_an_arena_is_never_below_the_live_peak_and_rarely_above_the_best(alignment: int) -> None:
    chance = Random(20)  # noqa: S311 - examples, not secrets
    best_found = 0
    tries = part(60)
    for _ in range(tries):
        needs = []
        for number in range(6):
            first = chance.randrange(5)
            last = chance.randrange(first, 6)
            needs.append(Storage(name=str(number), elements=chance.randrange(1, 12), first=first, last=last))
        arena = arrange(needs, bits=8, alignment=alignment)
        best = exhaustive([(n.elements, n.first, n.last) for n in needs], alignment)
        peak = max(sum(n.elements for n in needs if n.first <= step <= n.last) for step in range(6))
        assert peak <= best <= arena.bytes
        assert not any(overlapping(a, b) for k, a in enumerate(arena.placements) for b in arena.placements[:k])
        assert all(p.offset % alignment == 0 for p in arena.placements)
        best_found += arena.bytes == best
    assert best_found >= tries // 3


def test_small_networks_get_the_least_arena_there_is() -> None:
    chain = [{"conv": {"out": n, "kernel": 1}} for n in (5, 2, 7, 3)]
    body = [{"conv": {"out": 4, "kernel": 1}}, "relu"]
    residual = [{"conv": {"out": 4, "kernel": 1}}, {"add": {"body": body, "skip": []}}]
    for layers in (chain, residual):
        graph, _, _ = build_graph(spec(layers))
        for in_place in (False, True):
            needs = storages(graph, in_place=in_place)
            arena = arrange(needs, bits=8, alignment=16)
            assert arena.bytes == exhaustive([(n.elements, n.first, n.last) for n in needs], 16)
            assert arena.bytes == peak_activation(graph, in_place=in_place).elements


@pytest.mark.parametrize("name", ["resnet50", "densenet121", "unet", "googlenet", "mobilenet_v2", "yolov3"])
def test_arenas_of_the_zoo_hold_the_peak_without_overlap(name: str) -> None:
    report = memory(name, dtype="int8")
    for arena, peak in ((report.arena, report.peak_bytes), (report.arena_in_place, report.peak_in_place_bytes)):
        assert peak <= arena.bytes <= 2 * peak
        for k, a in enumerate(arena.placements):
            assert not any(overlapping(a, b) for b in arena.placements[:k])
            assert a.offset % arena.alignment == 0


def test_in_place_chains_are_one_storage() -> None:
    graph, _, _ = build_graph(spec([{"conv": {"out": 4, "kernel": 1, "norm": "batch_norm", "act": "relu"}}, "sigmoid"]))
    assert [(s.name, s.first, s.last) for s in storages(graph, in_place=True)] == [("input", 0, 0), ("conv1", 0, 3)]
    assert len(storages(graph)) == 5


def test_an_alignment_below_one_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 byte"):
        memory("lenet5", alignment=0)


# Folding.


def test_resnet50_folded_has_a_bias_per_channel_and_no_batch_norm() -> None:
    """26,560 normalised channels (torchvision): 53,120 scales and shifts and as many buffers become biases."""
    plain, folded = analyze("resnet50"), analyze("resnet50", fold_bn=True)
    assert folded.fold_bn
    assert folded.to_dict()["fold_bn"] is True
    assert folded.totals.params == 25_557_032 - 53_120 + 26_560
    assert folded.totals.buffers == 0
    assert folded.totals.macs == plain.totals.macs == 4_089_184_256
    assert len(folded.layers) == len(plain.layers) - 53
    assert {layer.op for layer in plain.layers} - {layer.op for layer in folded.layers} == {"batch_norm"}
    assert {layer.path for layer in folded.layers} < {layer.path for layer in plain.layers}


def test_a_folded_pair_counts_as_a_convolution_with_bias() -> None:
    up = {"conv_transpose": {"out": 2, "kernel": 2}}
    folded = analyze(spec([{"conv": {"out": 4, **BARE}}, "batch_norm", "relu", up, "batch_norm"]), fold_bn=True)
    expected = analyze(spec([{"conv": {"out": 4, **BARE, "bias": True}}, "relu", up]))
    assert folded.totals == expected.totals
    assert [layer.path for layer in folded.layers] == ["conv1", "relu1", "conv_transpose1"]
    assert folded["relu1"].inputs == ("conv1",)


@pytest.mark.parametrize(
    ("layers", "outputs"),
    [
        pytest.param([{"conv": {"out": 4, **BARE}}, "relu", "batch_norm"], None, id="not-directly-behind"),
        pytest.param(
            [{"conv": {"out": 4, **BARE}, "as": "a"}, "batch_norm", {"add": ["prev", "a"]}], None, id="second-user"
        ),
        pytest.param([{"conv": {"out": 4, **BARE}, "as": "a"}, {"batch_norm": {}, "as": "b"}], ["a", "b"], id="output"),
        pytest.param([{"conv": {"out": 4, **BARE}}, {"batch_norm": {"running_stats": False}}], None, id="own-values"),
        pytest.param([{"linear": {"out": 4, "axis": "last", "bias": False}}, "batch_norm"], None, id="other-axis"),
        pytest.param(["batch_norm"], None, id="on-the-input"),
        pytest.param(
            [{"conv": {"out": 3, **BARE}, "as": "a"}, "batch_norm", {"conv": {}, "share": "a"}, "batch_norm"],
            None,
            id="shared-weights",
        ),
    ],
)
def test_what_cannot_be_folded_stays(layers: list[Any], outputs: list[str] | None) -> None:
    network = spec(layers) if outputs is None else spec(layers, outputs=outputs)
    graph, _, collector = build_graph(network)
    collector.raise_if_errors()
    assert fold_batch_norm(graph) is graph


def test_outputs_and_later_references_follow_the_fold() -> None:
    layers = [{"conv": {"out": 4, **BARE}}, {"batch_norm": {}, "as": "n"}, "relu", {"add": ["prev", "n"], "as": "out"}]
    folded = analyze(spec(layers, outputs=["n", "out"]), fold_bn=True)
    assert folded["out"].inputs == ("relu1", "conv1")
    assert [name for name, _ in folded.outputs] == ["n", "out"]
    graph, _, _ = build_graph(spec(layers, outputs=["n", "out"]))
    assert fold_batch_norm(graph).outputs["n"] == (0, 0)
    assert len(graph.nodes) == 4


def test_a_folded_network_has_no_training_step() -> None:
    report = memory("resnet18", fold_bn=True)
    assert report.training is None
    assert report.to_dict()["training"] is None
    assert all(layer.training_activations is None for layer in report.layers)
    assert report.params == analyze("resnet18", fold_bn=True).totals.params


# Types of elements.


def test_weights_and_activations_may_have_types_of_their_own() -> None:
    mixed = analyze("resnet50", dtype="w:int8,a:fp16")
    assert mixed.dtype == "w:int8,a:fp16"
    assert mixed.totals.model_size == 25_557_032
    assert mixed.summary.peak_activation.bytes == 2 * 2_408_448
    conv = mixed["conv1"]
    assert conv.bytes == 2 * (3 * 224 * 224 + 64 * 112 * 112) + 64 * 3 * 7 * 7
    assert analyze("resnet50", dtype="a:fp16, w:fp16") == analyze("resnet50", dtype="fp16")


def test_dtypes_are_read_exactly() -> None:
    assert parse_dtypes("int4") == Dtypes("int4", "int4")
    assert parse_dtypes("a:fp16,w:int4").wider == "fp16"
    for wrong in ("fp8", "w:int8", "w:int8,b:fp16", "w:int8,a:fp8", "", "w:int8,a:fp16,w:int8,x:fp16"):
        with pytest.raises(ValueError, match="choose one of fp32, fp16, bf16, int8, int4"):
            parse_dtypes(wrong)
