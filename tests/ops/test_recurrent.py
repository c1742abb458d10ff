"""Recurrent layers inside networks, and what the tools count of them: numbers measured with the tools themselves."""

from __future__ import annotations

from typing import Any

import pytest

import cnncalc

DEEP = {"hidden": 5, "layers": 2, "bidirectional": True}
MEASURED = [
    ("lstm", {"hidden": 5}, {"flopcounter": 0, "fvcore": 0, "thop": 2040, "ptflops": 2100, "torchinfo": 1800}),
    ("lstm", DEEP, {"flopcounter": 0, "fvcore": 0, "thop": 8640, "ptflops": 8880, "torchinfo": 7680}),
    ("gru", {"hidden": 5}, {"flopcounter": 2340, "fvcore": 0, "thop": 1560, "ptflops": 1560, "torchinfo": 1350}),
    ("gru", DEEP, {"flopcounter": 10080, "fvcore": 0, "thop": 6600, "ptflops": 6600, "torchinfo": 5760}),
]
"""On a sequence [8, 6], one image: torch 2.13 on the CPU, and the releases that the rules name."""


@pytest.mark.parametrize(("op", "arguments", "numbers"), MEASURED)
def test_each_rule_gives_the_number_of_its_tool(op: str, arguments: dict[str, Any], numbers: dict[str, int]) -> None:
    spec = {"input": [8, 6], "layers": [{op: arguments}]}
    found = {rule: cnncalc.analyze(spec, convention=rule).layers[0].flops for rule in numbers}
    assert found == numbers


def test_a_text_recogniser_with_two_recurrent_layers() -> None:
    """CRNN of 1x32x100: parameters and products as PyTorch has them."""
    three = {"kernel": 3, "padding": 1, "act": "relu"}
    layers: list[Any] = [
        {"conv": 64},
        {"max_pool": 2},
        {"conv": 128},
        {"max_pool": 2},
        {"conv": 256},
        {"conv": 256},
        {"max_pool": {"kernel": [2, 1]}},
        {"conv": {"out": 512, "norm": "batch_norm"}},
        {"conv": {"out": 512, "norm": "batch_norm"}},
        {"max_pool": {"kernel": [2, 1]}},
        {"conv": {"out": 512, "kernel": 2, "padding": 0}},
        {"reshape": [512, -1]},
        {"lstm": {"hidden": 256, "bidirectional": True}},
        {"linear": {"out": 256, "axis": "channel"}},
        {"lstm": {"hidden": 256, "bidirectional": True}},
        {"linear": {"out": 256, "axis": "channel"}},
        {"linear": {"out": 37, "axis": "channel"}},
    ]
    totals = cnncalc.analyze({"input": [1, 32, 100], "defaults": {"conv": three}, "layers": layers}).totals
    assert (totals.params, totals.macs) == (8_451_621, 686_266_368)
