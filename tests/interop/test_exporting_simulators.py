"""Networks as workloads of simulators: read as each of them reads, and counted loop by loop."""

from __future__ import annotations

import csv
import re
from math import prod
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from typer.testing import CliRunner

from cnncalc import analyze, parse
from cnncalc.cli import app
from cnncalc.interop.exporting.simulators import SIMULATORS
from cnncalc.study import Study
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from pathlib import Path

NETWORKS = ("resnet18", "mobilenet_v2", "shufflenet_v1_g3", "vit_tiny_patch16_224", "unet", "swin_t", "lenet5")
OPERATORS = {"Max", "Conv", "Pooling", "Add", "Conv_downsample", "Gemm"}
"""Of ZigZag's own schema, as are these forms of an equation and of a relation."""
EQUATION = r"^O(\[\w+\])+\s*\+?\s*=\s*\w(\[\w+\])+\s*[*+]\s*\w(\[(?:\w+)?\])+\s*$"
RELATION = r"^(\w+)\s*=\s*(?:(\w+)\s*\*\s*)?(\w+)\s*\+\s*(?:(\w+)\s*\*\s*)?(\w+)$"
CHAIN = """\
input: [3, 8, 8]
layers:
  - {conv: {out: 4, kernel: 1}, as: a}
  - relu
  - {conv: {out: 4, kernel: 1}, as: b}
  - add: [a, b]
  - conv: {out: 2, kernel: 1}
"""


def files(spec: Any, simulator: str) -> dict[str, str]:
    study = Study.of(spec)
    return SIMULATORS[simulator](study.graph, study.name, study.spec.file, 8)


@pytest.mark.parametrize("name", NETWORKS)
def test_scalesim_counts_the_same(name: str) -> None:
    """SCALE-Sim's own arithmetic: an output for every stride, a row for each channel where a name has DP."""
    (text,) = files(name, "scalesim").values()
    lines = text.splitlines()
    assert lines[0].split(",")[:2] == ["Layer name", " IFMAP Height"]
    total = 0
    for row in csv.reader(lines[1:]):
        assert row[-1] == ""
        height, width, rows, columns, channels, filters, stride = map(int, row[1:8])
        assert rows <= height
        assert columns <= width
        positions = -(-(height - rows + stride) // stride) * -(-(width - columns + stride) // stride)
        total += positions * rows * columns * channels * filters
    assert total == analyze(name).totals.macs


@pytest.mark.few
@pytest.mark.parametrize("name", NETWORKS)
def test_zigzag_counts_the_same_and_its_schema_holds(name: str) -> None:
    (text,) = files(name, "zigzag").values()
    layers = yaml.safe_load(text)
    for number, layer in enumerate(layers):
        assert layer["id"] == number
        assert layer["operator_type"] in OPERATORS
        assert re.match(EQUATION, layer["equation"])
        assert all(re.match(RELATION, relation) for relation in layer["dimension_relations"])
        assert len(layer["loop_dims"]) == len(layer["loop_sizes"])
        assert all(0 <= source <= number for source in layer["operand_source"].values())
        assert set(layer["operand_precision"]) == {"W", "I", "O", "O_final"}
    assert sum(prod(layer["loop_sizes"]) for layer in layers) == analyze(name).totals.macs


@pytest.mark.few
@pytest.mark.parametrize("name", NETWORKS)
def test_timeloop_counts_the_same(name: str) -> None:
    total = 0
    for text in files(name, "timeloop").values():
        problem = yaml.safe_load(text)["problem"]
        shape, sizes = problem["shape"], problem["instance"]
        known = {*shape["dimensions"], *(c["name"] for c in shape["coefficients"])}
        assert set(sizes) == known
        assert all(term in known for space in shape["data_spaces"] for axis in space["projection"] for pair in axis
                   for term in pair)  # fmt: skip
        total += prod(sizes[d] for d in shape["dimensions"])
    assert total == analyze(name).totals.macs


def test_a_layer_is_its_loops() -> None:
    spec = parse(
        "input: [8, 20, 31]\nlayers:\n  - conv: {out: 12, kernel: [3, 5], stride: 2, padding: [1, 2], groups: 4, }\n"
    )
    (problem,) = files(spec, "timeloop").values()
    sizes = yaml.safe_load(problem)["problem"]["instance"]
    assert sizes == {"G": 4, "C": 2, "M": 3, "R": 5, "S": 3, "N": 1, "P": 16, "Q": 10, "Wstride": 2, "Hstride": 2,
                     "Wdilation": 1, "Hdilation": 1}  # fmt: skip
    (topology,) = files(spec, "scalesim").values()
    assert topology.splitlines()[1:] == [f"conv1:{group}, 21, 35, 3, 5, 2, 3, 2," for group in range(4)]
    (workload,) = files(spec, "zigzag").values()
    (layer,) = yaml.safe_load(workload)
    assert layer["loop_sizes"] == [1, 4, 3, 2, 10, 16, 3, 5]
    assert layer["operand_source"] == {"I": 0, "W": 0}


def test_a_layer_reads_the_one_that_multiplies_before_it() -> None:
    spec = parse(CHAIN)
    (workload,) = files(spec, "zigzag").values()
    assert [layer["operand_source"] for layer in yaml.safe_load(workload)] == [
        {"I": 0, "W": 0}, {"I": 0, "W": 1}, {"I": 1, "W": 2}]  # fmt: skip


@pytest.mark.parametrize(("simulator", "layer", "why"), [
    ("scalesim", "conv: {out: 4, kernel: 3, dilation: 2}", "has no dilation"),
    ("scalesim", "conv: {out: 4, kernel: 3, stride: [1, 2]}", "one stride for both axes"),
    ("zigzag", "lstm: 4", "have no loops for it"),
])  # fmt: skip
def test_what_they_cannot_say_is_an_error_at_its_layer(simulator: str, layer: str, why: str) -> None:
    extents = "[3, 12]" if "lstm" in layer else "[3, 12, 12]"
    with pytest.raises(SpecError, match=why) as caught:
        files(parse(f"input: {extents}\nlayers:\n  - {layer}\n"), simulator)
    assert caught.value.diagnostics[0].code == "not-expressible"
    assert caught.value.diagnostics[0].span is not None


def test_the_command_writes_a_file_or_a_folder(tmp_path: Path) -> None:
    for simulator, out in (("scalesim", "net.csv"), ("zigzag", "net.yaml"), ("timeloop", "problems")):
        result = CliRunner().invoke(app, ["export", simulator, "lenet5", "-o", str(tmp_path / out)])
        assert result.exit_code == 0, result.output
    assert (tmp_path / "net.csv").read_text(encoding="utf-8").startswith("Layer name,")
    assert len(list((tmp_path / "problems").iterdir())) == len([x for x in analyze("lenet5").layers if x.macs])
