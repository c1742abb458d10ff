"""What PyTorch and torchvision said, read back from the compact files beside this one (README.md tells the columns)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRecord:
    """One PyTorch module on one input; shapes lead with the batch of 1. `error` is PyTorch's refusal."""

    op: str
    attributes: dict[str, Any]
    in_shape: Shape
    out_shape: Shape | None
    params: int | None
    raw_buffers: int | None
    macs: int | None
    error: str | None
    quirk: str | None

    @property
    def buffers(self) -> int | None:
        """Buffer elements without the batch counter that PyTorch keeps beside running statistics."""
        if self.raw_buffers is None or not self.op.startswith("BatchNorm"):
            return self.raw_buffers
        return self.raw_buffers - 1 if self.raw_buffers else 0

    def __str__(self) -> str:
        arguments = ", ".join(f"{key}={value}" for key, value in self.attributes.items())
        return f"{self.op}({arguments}) on {list(self.in_shape)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node of a recorded graph; shapes without the batch, `inputs` are names (`input` is the graph's own)."""

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: dict[str, Any]
    out_shape: Shape
    params: int
    macs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A recorded network in topological order; its last node is its output."""

    id: str
    input: Shape
    nodes: tuple[Node, ...]
    total_params: int
    total_macs: int


@dataclass(frozen=True, slots=True)
class Field:
    """A measured receptive field on one axis, in input pixels; `start` is None where it differs between units."""

    largest: int
    smallest: int
    jump: Fraction
    start: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRecord:
    """The measured receptive fields of a graph: per node name the vertical and the horizontal one."""

    graph: Graph
    measured_at: Shape
    fields: dict[str, tuple[Field, Field]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLayer:
    """One leaf module of a torchvision model, in execution order; shapes without the batch."""

    name: str
    type: str
    in_shape: Shape
    out_shape: Shape
    params: int
    macs: int
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A torchvision model: its leaf modules and the totals that PyTorch and other counters give for it."""

    name: str
    input: Shape
    totals: dict[str, Any]
    layers: tuple[ModelLayer, ...] = field(repr=False)

    @property
    def params(self) -> int:
        """Learnable values."""
        return int(self.totals["total_params"])

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions and linear layers, one image, forward."""
        return int(self.totals["total_macs"])

    @property
    def activations(self) -> int:
        """Output elements of convolutions and linear layers."""
        return int(self.totals["total_conv_linear_activations"])

    @property
    def buffers(self) -> int:
        """Running means and variances, without PyTorch's batch counter (one per BatchNorm)."""
        return int(self.totals["total_buffers"]) - sum(layer.type == "BatchNorm2d" for layer in self.layers)

    @property
    def weighted(self) -> tuple[ModelLayer, ...]:
        """The convolutions and linear layers."""
        return tuple(layer for layer in self.layers if layer.type in {"Conv2d", "Linear"})


def _load(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


@cache
def layers() -> tuple[LayerRecord, ...]:
    """The 2,000 single layers."""
    records = []
    for op, table in _load("layers.json").items():
        columns = table["columns"]
        for row in table["rows"]:
            values: dict[str, Any] = dict.fromkeys(columns) | dict(zip(columns, row, strict=False))
            fixed = {key: values.pop(key) for key in ("in_shape", "out_shape", "params", "buffers", "macs")}
            error, quirk = values.pop("error"), values.pop("quirk")
            records.append(
                LayerRecord(
                    op=op,
                    attributes={key: value for key, value in values.items() if value is not None},
                    in_shape=tuple(fixed["in_shape"]),
                    out_shape=None if fixed["out_shape"] is None else tuple(fixed["out_shape"]),
                    params=fixed["params"],
                    raw_buffers=fixed["buffers"],
                    macs=fixed["macs"],
                    error=error,
                    quirk=quirk,
                )
            )
    return tuple(records)


def _nodes(rows: list[list[Any]], names: list[str]) -> tuple[Node, ...]:
    known = ["input", *names]
    return tuple(
        Node(
            name=name,
            op=op,
            inputs=tuple(known[index] for index in inputs),
            attributes=attributes,
            out_shape=tuple(out_shape),
            params=params,
            macs=macs,
        )
        for name, (op, inputs, attributes, out_shape, params, macs) in zip(names, rows, strict=True)
    )


@cache
def graphs() -> dict[str, Graph]:
    """The 100 random networks by their id."""
    records = {}
    for entry in _load("graphs.json"):
        names = [f"{row[0].lower()}_{number}" for number, row in enumerate(entry["nodes"], start=1)]
        records[entry["id"]] = Graph(
            id=entry["id"],
            input=tuple(entry["input"]),
            nodes=_nodes(entry["nodes"], names),
            total_params=entry["total_params"],
            total_macs=entry["total_macs"],
        )
    return records


def _field(row: list[Any]) -> Field:
    if len(row) == 3:
        size, jump, start = row
        return Field(size, size, Fraction(jump), start)
    smallest, largest, jump, start = row
    return Field(largest, smallest, Fraction(jump), start)


@cache
def receptive_fields() -> dict[str, FieldRecord]:
    """The measured receptive fields by graph id: 7 named networks, and those of `graphs()` that have a field."""
    records = {}
    for entry in _load("receptive_fields.json"):
        rows = entry["nodes"]
        if entry["id"] in graphs():
            graph = graphs()[entry["id"]]
        else:
            nodes = _nodes([row[3:] for row in rows], [row[2] for row in rows])
            graph = Graph(
                id=entry["id"],
                input=tuple(entry["input"]),
                nodes=nodes,
                total_params=sum(node.params for node in nodes),
                total_macs=sum(node.macs for node in nodes),
            )
        records[entry["id"]] = FieldRecord(
            graph=graph,
            measured_at=tuple(entry["measured_at"]),
            fields={node.name: (_field(row[0]), _field(row[1])) for node, row in zip(graph.nodes, rows, strict=True)},
        )
    return records


def _model(entry: dict[str, Any]) -> Model:
    found: list[ModelLayer] = []
    parts: list[str] = []
    for shared, rest, kind in entry["layers"]:
        parts = [*parts[:shared], *rest.split(".")]
        op, in_shape, out_shape, params, macs, *attributes = entry["kinds"][kind]
        found.append(
            ModelLayer(
                name=".".join(parts),
                type=op,
                in_shape=tuple(in_shape),
                out_shape=tuple(out_shape),
                params=params,
                macs=macs,
                attributes=attributes[0] if attributes else {},
            )
        )
    return Model(name=entry["model"], input=tuple(entry["input"]), totals=entry["totals"], layers=tuple(found))


@cache
def models() -> dict[str, Model]:
    """The torchvision models by name."""
    entries = [_load(f"models/{path.name}") for path in sorted((HERE / "models").glob("*.json"))]
    return {entry["model"]: _model(entry) for entry in entries}
