"""A file of another format and the spec that is written from it give the same numbers, layer by layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cnncalc
from cnncalc.api import Input, build_graph
from cnncalc.interop.writing.speakable import speakable
from cnncalc.language.write import expanded

DATA = Path(__file__).parent / "data"
DARKNET = sorted((DATA / "darknet").glob("*.cfg"))
ONNX = sorted((DATA / "onnx").glob("*.onnx"))


def fed(file: Path) -> Input | None:
    """Return the sizes of the inputs that a file leaves open, as its record has them, for one image."""
    if file.suffix != ".onnx":
        return None
    record = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    return {name: tuple(extents) for name, extents in record["fed"].items() if extents}


def numbers(layer: dict[str, Any]) -> tuple[object, ...]:
    moved = layer["memory_access"]
    return (
        layer["in_shapes"], layer["out_shapes"], layer["params"], layer["buffers"], layer["macs"], layer["flops"],
        None if moved is None else moved["total"], layer["receptive_field"],
    )  # fmt: skip


@pytest.mark.parametrize("file", [*DARKNET, *ONNX], ids=lambda file: file.stem)
def test_the_flat_spec_has_the_layers_of_the_file(file: Path) -> None:
    if file.suffix == ".onnx":
        pytest.importorskip("onnx")
    graph = build_graph(str(file), input=fed(file))[0]
    graph.batch = 1
    layers = cnncalc.analyze(graph).to_dict()["layers"]
    text = expanded(speakable(graph), name="n")
    again = cnncalc.analyze(cnncalc.parse(text)).to_dict()["layers"]
    assert [numbers(layer) for layer in again] == [numbers(layer) for layer in layers]
