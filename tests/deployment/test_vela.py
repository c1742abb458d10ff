"""Arm's compiler Vela compiles what we export, and counts the multiply-accumulates that we count, and named ones more.

It comes with the `ethos-u-vela` package (`pip install 'cnncalc[chip]'`); `CNNCALC_VELA` names another `vela`.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from collections import Counter
from math import prod
from typing import TYPE_CHECKING, Any

import pytest

from cnncalc.api import build_graph
from cnncalc.deployment.lower import lowered
from cnncalc.graph.deploy import deployed

if TYPE_CHECKING:
    from pathlib import Path

    from cnncalc.deployment.program import Program
    from cnncalc.graph.graph import Graph, Node
    from cnncalc.values.axis import Window

VELA = os.environ.get("CNNCALC_VELA") or shutil.which("vela")
NETWORKS = [
    ("mobilenet_v1_x0_25", "1x96x96"), ("mobilenet_v2_x0_35", "3x96x96"), ("mobilenet_v3_small", "3x96x96"),
    ("mnasnet1_0", "3x96x96"), ("resnet18", "3x96x96"), ("resnet50", "3x96x96"), ("squeezenet1_0", "3x96x96"),
    ("googlenet", "3x96x96"), ("shufflenet_v2_x0_5", "3x96x96"), ("lenet5", "1x32x32"), ("unet", "1x252x252"),
    ("resnext50_32x4d", "3x64x64"), ("regnet_y_400mf", "3x64x64"), ("yolov8n", "3x64x64"), ("densenet121", "3x64x64"),
]  # fmt: skip
SPREAD = {"input": [8, 40, 40], "layers": [
    {"conv": {"out": 8, "kernel": 3, "dilation": 2, "padding": "same"}},
    {"conv": {"out": 16, "kernel": [3, 1], "dilation": 4, "padding": "half"}},
    {"conv": {"out": 8, "kernel": 3, "dilation": 6, "groups": 2, "padding": "half"}},
    {"conv": {"out": 8, "kernel": 3, "groups": 4, "padding": "half", "act": "relu"}},
    {"depthwise": {"kernel": 3, "dilation": 3, "padding": "same"}}, {"upsample": 2}]}  # fmt: skip
"""Kernels that are spread, in every way that the hardware takes them."""
COPIES = {"Concat", "Tanh", "Sigmoid", "HardSwish", "Add", "Mul", "Split", "StridedSlice", "Reshape", "Transpose",
          "Softmax", "Pad", "Slice", "Quantize", "SplitSliceRead", "ResizeNearestNeighbor", "Relu"}  # fmt: skip
"""Operators that Vela runs without products or as pools of one element: at most one for each element that moves."""


def compiled(name: Any, size: str, folder: Path) -> tuple[Graph, Program, Counter[str], dict[str, str]]:
    """The deployed graph, its program, Vela's multiply-accumulates by operator, and its summary."""
    from cnncalc.interop.tflite_out import to_tflite

    graph, _, found = build_graph(name, input=size)
    found.raise_if_errors()
    graph = deployed(graph)
    program = lowered(graph, "int8")
    (folder / "net.tflite").write_bytes(to_tflite(program))
    command = [str(VELA), str(folder / "net.tflite"), "--accelerator-config", "ethos-u55-128", "--config",
               "Arm/vela.ini", "--system-config", "Ethos_U55_High_End_Embedded", "--memory-mode", "Shared_Sram",
               "--output-dir", str(folder), "--verbose-performance"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-400:]
    counts: Counter[str] = Counter()
    with (folder / "net_per-layer.csv").open() as file:
        for row in csv.DictReader(file):
            counts[row["Original Operator"]] += int(float(row["MAC Count"]))
    (summary,) = folder.glob("net_summary*.csv")
    with summary.open() as file:
        return graph, program, counts, list(csv.DictReader(file))[-1]


def filled(node: Node) -> int:
    """Return the products with the zeros that a kernel is filled with where it is spread wider than by 2."""
    macs = node.op.macs(node.in_shapes, node.out_shapes) or 0
    windows: tuple[Window, ...] = node.op.windows(node.in_shapes[0])  # type: ignore[attr-defined]
    own = prod(window.kernel for window in windows)
    wide = prod((w.kernel - 1) * w.dilation // (2 if w.dilation % 2 == 0 else 1) + 1 for w in windows)
    return macs // own * (wide - own)


@pytest.fixture(autouse=True)
def _needs_vela() -> None:
    if VELA is None:
        pytest.skip("vela is not installed: pip install 'cnncalc[chip]'")
    pytest.importorskip("flatbuffers")


@pytest.mark.process
@pytest.mark.chip
@pytest.mark.parametrize(("name", "size"), [*NETWORKS, (SPREAD, "8x40x40")])
def test_its_products_are_ours_and_named_ones_more(name: Any, size: str, tmp_path: Path) -> None:
    """A mean takes one for each element it reads, a pool one for each tap of an output, and a transposed convolution
    is a convolution of the enlarged map: kernel x channels in for each output. The rectifier behind a grouped
    convolution runs by itself, one for each output. The hardware spreads kernels by 2 at most: a kernel that is spread
    wider is filled with zeros, each a product."""
    graph, program, counts, summary = compiled(name, size, tmp_path)
    macs: Counter[str] = Counter()
    outputs = taps = spread = grouped = 0
    for node in graph.nodes:
        macs[node.op.name] += node.op.macs(node.in_shapes, node.out_shapes) or 0
        if node.op.name in {"conv", "depthwise"}:
            spread += filled(node)
            apart = bool(node.fused) and getattr(node.op, "groups", 1) > 1
            grouped += node.out_shapes[0].elements if apart else 0
        if node.op.name == "conv_transpose":
            kernel = prod(window.kernel for window in node.op.windows(node.in_shapes[0]))  # type: ignore[attr-defined]
            outputs += kernel * node.in_shapes[0].channels * node.out_shapes[0].elements
        if node.op.name in {"max_pool", "avg_pool"}:
            taps += node.op.taps(node.in_shapes) * node.out_shapes[0].elements
    read = sum(prod(program.cells[step.inputs[0]].shape) for step in program.steps if step.code == "MEAN")
    assert counts["Conv2D"] + counts["DepthwiseConv2D"] + counts["FullyConnected"] == (
        macs["conv"] + macs["depthwise"] + macs["linear"] + spread + grouped
    )
    assert counts["TransposeConv2D"] == outputs
    assert counts["MaxPool"] + counts["AvgPool"] == taps
    assert counts["Mean"] == read
    named = {"Conv2D", "DepthwiseConv2D", "FullyConnected", "TransposeConv2D", "MaxPool", "AvgPool", "Mean"}
    rest = {operator: many for operator, many in counts.items() if operator not in named and many}
    assert rest.keys() <= COPIES, rest
    moved = sum(prod(cell.shape) for cell in program.cells)
    assert sum(rest.values()) <= moved
    total = sum(macs.values()) - macs["conv_transpose"] + outputs + taps + read + spread + grouped + sum(rest.values())
    assert int(summary["nn_macs"]) == total


@pytest.mark.process
@pytest.mark.chip
def test_person_detection_is_explained_by_padded_channels(tmp_path: Path) -> None:
    """72.42 KiB: the two maps of 48x48x8 around the first depthwise convolution, each padded to 16 channels, and 432
    bytes of weights and scales that are fetched ahead."""
    _, _, _, summary = compiled("mobilenet_v1_x0_25", "1x96x96", tmp_path)
    used = float(summary["sram_memory_used"]) * 1024
    assert used == 72.421875 * 1024 == 2 * 48 * 48 * 16 + 432
