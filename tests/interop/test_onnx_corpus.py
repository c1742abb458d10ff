"""Exported and shipped models, weights taken out, against one run of onnxruntime and against PyTorch's own counts.

`data/onnx/*.json` holds for each node its name, type, the extents of its results in that run, and its
multiply-accumulates (of Conv, ConvTranspose, Gemm and MatMul); origins and licences stand in the same files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cnncalc
from cnncalc.api import build_graph

pytestmark = pytest.mark.extra
pytest.importorskip("onnx")

FILES = sorted((Path(__file__).parents[1] / "data" / "onnx").glob("*.onnx"))
ARITHMETIC = {"fasternet_t0_dy21raw": 1, "convnextv2_atto_dy20": 1, "silero_vad_openvino_16k": 2, "ppocrv4_det": 225}
"""Single numbers among the real ones of a file that elementwise operators take: no parameters by our rule."""
RECURRENT = {"silero_vad_openvino_16k": 4 * 128 * (128 + 128)}
"""Multiply-accumulates of recurrent layers, which the truth leaves out: four gates, input and state."""


def truth(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    return found


def fed(wanted: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(extents) for name, extents in wanted["fed"].items() if extents}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_node_has_the_extents_and_products_of_the_run(file: Path) -> None:
    wanted = truth(file)
    graph = build_graph(str(file), input=fed(wanted))[0]
    layers = {node.origin: node for node in graph.nodes}
    compared = 0
    for name, kind, outs, macs in wanted["nodes"]:
        node = layers.get(name)
        if node is None or outs[0] is None:  # shape arithmetic that is computed, or inside a branch
            continue
        compared += 1
        for extents, shape in zip(outs, node.out_shapes, strict=False):
            one_image = extents[1:] if len(extents) > 1 and extents[0] == graph.batch else extents
            assert tuple(one_image) == shape, (name, kind)
        if macs is not None:
            counted = node.op.macs(node.in_shapes, node.out_shapes)
            assert counted is not None
            assert counted * graph.batch == macs, (name, kind)
    assert compared > 0.5 * len(graph.nodes) or file.stem == "silero_vad_openvino_16k"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_totals_are_those_of_the_file_and_of_pytorch(file: Path) -> None:
    wanted = truth(file)
    report = cnncalc.analyze(str(file), input=fed(wanted))
    totals = report.totals
    assert totals.macs == wanted["macs"] + report.batch * RECURRENT.get(file.stem, 0)
    assert totals.params + totals.buffers == wanted["float_elements"] - ARITHMETIC.get(file.stem, 0)
    assert totals.lower_bounds == ()
    torch = wanted.get("torch")
    if torch is not None and totals.buffers:  # batch normalisation kept: then the parameters are PyTorch's
        assert totals.params == torch["params"]
