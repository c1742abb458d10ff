"""The zoo against torchvision 0.29: totals, and the weighted layers one by one."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from oracles import Model, ModelLayer, models
from oracles.convert import mismatch_summary

import cnncalc

if TYPE_CHECKING:
    from collections.abc import Iterable

# What counts as the same layer: its output without axes of one (a 1 x 1 map is a vector), parameters, macs.
Signature = tuple[tuple[int, ...], int, int]


# torchvision's RegNet runs the projection of a block before its body; the spec, as the paper, has the body first.
PROJECTION_FIRST = {name for name in models() if name.startswith("regnet")}


def _signature(shape: tuple[int, ...], params: int | None, macs: int | None) -> Signature:
    assert params is not None
    assert macs is not None
    return tuple(extent for extent in shape if extent != 1), params, macs


def _recorded(model: Model) -> list[Signature]:
    """ConvNeXt's linear layers see permuted maps, [H, W, C]: turned back to [C, H, W]."""

    def shape(layer: ModelLayer) -> tuple[int, ...]:
        if layer.type == "Linear" and len(layer.out_shape) == 3:
            return (layer.out_shape[-1], *layer.out_shape[:-1])
        return layer.out_shape

    return [_signature(shape(layer), layer.params, layer.macs) for layer in model.weighted]


def _show(what: str, signatures: Iterable[tuple[Signature, int]]) -> list[str]:
    return [f"{what} {count} x (shape, params, macs) {signature}" for signature, count in signatures]


def _wrong(model: Model, report: cnncalc.Report) -> list[str]:
    rows = [row for row in report.layers if row.weighted]
    norms = [row for row in report.layers if row.op == "batch_norm"]
    recorded_norms = [layer for layer in model.layers if layer.type == "BatchNorm2d"]
    numbers = {
        "input": (rows[0].in_shapes[0], model.input),
        "params": (report.totals.params, model.params),
        "buffers": (report.totals.buffers, model.buffers),
        "macs": (report.totals.macs, model.macs),
        "activations": (report.totals.activations, model.activations),
        "batch_norm layers": (len(norms), len(recorded_norms)),
        "batch_norm params": (sum(row.params or 0 for row in norms), sum(layer.params for layer in recorded_norms)),
    }
    wrong = [f"{what} is {found}, recorded {true}" for what, (found, true) in numbers.items() if found != true]
    found = Counter(_signature(row.out_shape, row.params, row.macs) for row in rows)
    recorded = Counter(_recorded(model))
    return wrong + _show("missing", (recorded - found).items()) + _show("too many", (found - recorded).items())


@pytest.mark.parametrize("name", sorted(models()))
def test_zoo_network_agrees_with_torchvision(name: str) -> None:
    model = models()[name]
    wrong = _wrong(model, cnncalc.analyze(name))
    assert not wrong, mismatch_summary(name, wrong, len(model.layers))


@pytest.mark.parametrize("name", sorted(set(models()) - PROJECTION_FIRST))
def test_weighted_layers_stand_in_execution_order(name: str) -> None:
    rows = [row for row in cnncalc.analyze(name).layers if row.weighted]
    found = [_signature(row.out_shape, row.params, row.macs) for row in rows]
    recorded = _recorded(models()[name])
    wrong = [
        f"{layer.name}: {one} is not {other}"
        for layer, one, other in zip(models()[name].weighted, found, recorded, strict=False)
        if one != other
    ]
    assert not wrong, mismatch_summary(name, wrong, len(recorded), shown=5)


def test_the_record_is_whole() -> None:
    """Leaf modules and loose parameters add up to PyTorch's own totals, in all 50 models."""
    assert len(models()) == 50
    assert sum(len(model.layers) for model in models().values()) == 11822
    for model in models().values():
        loose = sum(number for _, number in model.totals.get("nonleaf_params", []))
        assert sum(layer.params for layer in model.layers) + loose == model.params, model.name
        assert sum(layer.macs for layer in model.layers) == model.macs, model.name
        assert sum(math.prod(layer.out_shape) for layer in model.weighted) == model.activations, model.name
        statistics = sum(layer.params for layer in model.layers if layer.type == "BatchNorm2d")
        assert model.buffers == statistics, model.name
