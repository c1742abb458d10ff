"""Operators over random arguments and shapes, against what PyTorch makes of them (`oracles/record_operators.py`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from explained import check_network

import cnncalc
from cnncalc.analysis.receptive import unit_box
from cnncalc.api import build_graph
from cnncalc.explanation.network import explain
from cnncalc.ops import find

RECORDS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "oracles" / "operators.jsonl").read_text(encoding="utf-8").splitlines()
]
OPERATORS = sorted({record["op"] for record in RECORDS})

WIDER = {
    "attention": "a softmax over one key has no gradient, and groups of positions are said to see the whole map",
    "channel_max": "only the largest value has a gradient",
    "grid_sample": "the grid decides where the map is read: anywhere",
    "roi_align": "the regions decide where the map is read: anywhere",
    "softmax": "along an axis of one value the result is 1, without a gradient",
    "log_softmax": "along an axis of one value the result is 0, without a gradient",
    "unfold": "the positions of a map's windows become one axis, which corresponds to none of the map's",
    "permute": "where channels become an axis, or an axis channels, none of the map's corresponds",
    "matmul": "axes of the product that are channels of a factor correspond to none",
    "roll": "what enters at the other side is read there, which is left out",
}
"""Operators of which the field said here may be wider than one gradient shows, and why."""


def spec_of(record: dict[str, Any]) -> dict[str, Any]:
    names = [f"x{k}" for k in range(len(record["inputs"]))]
    ((name, given),) = ((key, value) for key, value in record["item"].items() if key != "port")
    cls = find(name)
    assert cls is not None
    item = {name: names, **given} if cls.sources is None else {name: given, "from": names}
    inputs = dict(zip(names, record["inputs"], strict=True))
    if "port" not in record["item"]:
        return {"inputs": inputs, "layers": [item]}
    labels = [f"part{k}" for k in range(len(given["sizes"]))]
    layers = [{**item, "as": labels}, {"identity": {}, "from": labels[record["item"]["port"]]}]
    return {"inputs": inputs, "layers": layers, "accept": ["unused-result"]}


def wrong(record: dict[str, Any]) -> str | None:
    """Return how a record differs from what is computed here, None where it does not."""
    try:
        report = cnncalc.analyze(spec_of(record))
    except cnncalc.SpecError as error:
        return f"refused: {error}"
    found = [list(report.layers[-1].out_shape), report.totals.params, report.totals.macs]
    expected = [record["out"], record["params"], record["macs"]]
    return None if found == expected else f"(shape, params, macs) is {found}, recorded {expected}"


def misread(record: dict[str, Any]) -> str | None:
    """Return how what units read differs from where PyTorch's gradients are, None where it does not."""
    graph, _, _ = build_graph(spec_of(record))
    for position, boxes in record["boxes"]:
        seen = unit_box(graph, len(graph.nodes) - 1, position, on_map=True)
        for k, recorded in enumerate(boxes):
            ours = [list(axis) if axis else None for axis in seen.get(f"x{k}", ())]
            if recorded is None and (record["op"] in WIDER or not any(ours)):
                continue
            pairs = zip(recorded or [None] * len(ours), ours, strict=True)
            wide = record["op"] in WIDER
            if record["op"] == "roll" and not all(ours):
                continue
            if not all(a == b or (wide and b is not None and a is not None and b[0] <= a[0] <= a[1] <= b[1])
                       for a, b in pairs):  # fmt: skip
                if recorded is None and not all(ours):
                    continue
                return f"unit {position} reads {ours} of x{k}, recorded {recorded}"
    return None


@pytest.mark.parametrize("name", OPERATORS)
def test_shapes_parameters_and_products_are_pytorchs(name: str) -> None:
    found = {json.dumps(r["item"]): wrong(r) for r in RECORDS if r["op"] == name}
    assert {item: fault for item, fault in found.items() if fault} == {}


@pytest.mark.parametrize("name", OPERATORS)
def test_units_read_where_the_gradients_are(name: str) -> None:
    found = {f"{json.dumps(r['item'])} {r['inputs']}": misread(r) for r in RECORDS if r["op"] == name}
    assert {item: fault for item, fault in found.items() if fault} == {}


@pytest.mark.parametrize("name", OPERATORS)
def test_the_formulas_are_worked_out_to_the_numbers(name: str) -> None:
    for record in RECORDS:
        if record["op"] == name:
            spec = spec_of(record)
            found = explain(spec)
            check_network(found, cnncalc.analyze(spec))
            notes = [note for layer in found.layers for section in layer.sections for note in section.notes]
            assert not any("does not run" in note for note in notes)


def test_every_reason_is_needed() -> None:
    assert set(WIDER) <= set(OPERATORS)


PRICED = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "oracles" / "operations.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("record", PRICED, ids=lambda r: f"{json.dumps(r['item'])}-{r['inputs'][0]}")
def test_operations_are_those_of_pytorchs_primitives(record: dict[str, Any]) -> None:
    assert cnncalc.analyze(spec_of(record)).totals.flops == record["total"]
