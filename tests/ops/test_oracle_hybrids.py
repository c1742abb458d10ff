"""Networks that mix convolutions and attention, layer by layer against timm: `oracles/hybrids.json`."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import pytest

import cnncalc

RECORDED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "oracles" / "hybrids.json").read_text(encoding="utf-8")
)


@cache
def report(name: str) -> cnncalc.Report:
    return cnncalc.analyze(name, input=RECORDED[name]["input"])


SPATIAL = ("conv", "batch_norm")
"""Operators on maps, whose extents are compared; others work on positions, of which only the number is."""


def row(op: str, shapes: list[Any], params: int | None, macs: int | None) -> tuple[Any, ...]:
    op = "conv" if op == "depthwise" else op
    return (op, *(tuple(x) if op in SPATIAL else (x[0], prod(x[1:])) for x in shapes), params, macs)


@pytest.mark.parametrize("name", RECORDED)
def test_every_convolution_linear_layer_and_norm_is_the_frameworks(name: str) -> None:
    kinds = ("conv", "depthwise", "linear", "batch_norm", "layer_norm")
    layers = [layer for layer in report(name).layers if layer.op in kinds]
    found = Counter(row(layer.op, [layer.in_shapes[0], layer.out_shape], layer.params, layer.macs) for layer in layers)
    assert found == Counter(row(op, shapes, params, macs) for op, *shapes, params, macs in RECORDED[name]["layers"])


@pytest.mark.parametrize("name", RECORDED)
def test_every_product_of_activations_is_the_frameworks(name: str) -> None:
    products: dict[str, int] = {}
    for layer in report(name).layers:
        if layer.op.startswith("attention") and layer.macs:
            scope = layer.path.rpartition(".")[0]
            products[scope] = products.get(scope, 0) + layer.macs
    assert list(products.values()) == RECORDED[name]["products"]


@pytest.mark.parametrize("name", RECORDED)
def test_nothing_is_unknown(name: str) -> None:
    totals = report(name).totals
    assert not totals.lower_bounds
    assert totals.macs == sum(layer[4] for layer in RECORDED[name]["layers"]) + sum(RECORDED[name]["products"])
