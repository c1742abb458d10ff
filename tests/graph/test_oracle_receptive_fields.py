"""Receptive fields against gradients measured in PyTorch 2.13: size, step and left edge per node and axis."""

from __future__ import annotations

from fractions import Fraction

import pytest
from oracles import Field, FieldRecord, graphs, receptive_fields
from oracles.convert import graph_case, label, mismatch_summary

import cnncalc

AXES = ("vertical", "horizontal")
NAMED = sorted(set(receptive_fields()) - set(graphs()))


def _differences(row: cnncalc.Layer, axis: int, measured: Field) -> list[str]:
    """A start that was not measured, because it differs between units, is not compared."""
    jump, start = row.jump[axis], row.start[axis]
    pairs = {
        "size": (row.receptive_field[axis], measured.largest),
        "smallest": (row.receptive_field_min[axis], measured.smallest),
        "jump": (None if jump is None else Fraction(jump), measured.jump),
        "start": (start, start if measured.start is None else measured.start),
    }
    return [f"{what} is {found}, measured {true}" for what, (found, true) in pairs.items() if found != true]


def _wrong(record: FieldRecord) -> list[str]:
    try:
        report = cnncalc.analyze(graph_case(record.graph))
    except cnncalc.SpecError as error:
        return [f"{record.graph.id}: refused: {error}"]
    return [
        f"{record.graph.id} {name} {AXES[axis]}: {difference}"
        for name, measured in record.fields.items()
        for axis in (0, 1)
        for difference in _differences(report[label(name)], axis, measured[axis])
    ]


@pytest.mark.parametrize("name", NAMED)
def test_named_network(name: str) -> None:
    record = receptive_fields()[name]
    mismatches = _wrong(record)
    assert not mismatches, mismatch_summary(name, mismatches, 2 * len(record.fields))


def test_random_networks() -> None:
    records = [record for key, record in receptive_fields().items() if key in graphs()]
    mismatches = [line for record in records for line in _wrong(record)]
    total = sum(2 * len(record.fields) for record in records)
    assert not mismatches, mismatch_summary("fields of random networks", mismatches, total)


def test_every_measured_field_is_compared() -> None:
    records = receptive_fields()
    fields = [field for record in records.values() for pair in record.fields.values() for field in pair]
    assert len(records) == 66
    assert len(set(graphs()) & set(records)) == 59
    assert NAMED == ["alexnet", "densenet121", "lenet5", "mobilenet_v1", "resnet18", "resnet50", "vgg16"]
    assert len(fields) == 2 * 2244
    assert sum(field.start is None for field in fields) == 188
