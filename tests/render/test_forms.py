"""Networks that are said in the short forms: their totals are those of PyTorch modules written apart from the specs.

Parameters are those of `Module.parameters()`, multiply-accumulates half of what `FlopCounterMode` of PyTorch 2.13
counts, shapes those of a run. Each form comes back from every part that reads or writes specs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app
from cnncalc.language.schema import schema
from cnncalc.language.write import plain_data
from cnncalc.language.yaml_text import read

if TYPE_CHECKING:
    from cnncalc.language.tree import Node

FOLDER = Path(__file__).parents[1] / "data" / "forms"
TOTALS: dict[str, tuple[int, int, tuple[tuple[int, ...], ...]]] = {
    "aspp": (16_320, 8_995_328, ((16, 24, 24),)),
    "bifpn_cells": (5_184, 1_920_000, ((16, 32, 32), (16, 16, 16), (16, 8, 8))),
    "c2f": (12_032, 3_014_656, ((32, 16, 16),)),
    "c2f:big": (22_400, 5_636_096, ((32, 16, 16),)),
    "c2f:none": (1_664, 393_216, ((32, 16, 16),)),
    "causal_tcn": (2_123, 198_448, ((3,),)),
    "conv_lstm_tied": (3_488, 4_423_680, ((8, 16, 16), (8, 16, 16))),
    "coordinate_attention": (232, 2_816, ((16, 12, 10),)),
    "crnn": (22_789, 11_348_800, ((37, 50),)),
    "densenet": (4_674, 2_449_608, ((10,),)),
    "densenet:deep": (8_920, 3_828_434, ((10,),)),
    "elan": (3_744, 917_504, ((32, 16, 16),)),
    "hrnet_modules": (214_880, 30_244_864, ((8, 32, 32), (16, 16, 16), (32, 8, 8))),
    "inception_towers": (3_112, 440_064, ((38, 12, 12),)),
    "mixconv": (1_376, 531_200, ((24, 20, 20),)),
    "one_shot_aggregation": (65_024, 16_367_616, ((48, 16, 16),)),
    "pyramid_pooling": (1_088, 12_800, ((64, 24, 24),)),
    "repvgg": (7_616, 158_720, ((16, 4, 4),)),
    "repvgg:deploy": (6_616, 142_848, ((16, 4, 4),)),
    "retina_heads": (136_408, 182_697_984, ((180, 1344), (36, 32, 32), (36, 16, 16), (36, 8, 8))),
    "siamese_towers": (10_545, 2_056_456, ((1,),)),
    "sizes_in_defaults": (9_444, 740_736, ((48, 8, 8),)),
    "sppf": (688, 163_840, ((16, 16, 16),)),
    "stacked_hourglass": (7_324, 3_735_552, ((5, 32, 32), (7, 32, 32))),
    "two_stream_fused": (12_893, 534_848, ((5,),)),
    "unet_tagged": (87_234, 10_067_968, ((2, 32, 32),)),
}
"""By file and variant: parameters, multiply-accumulates, shapes of the outputs."""
LSTM = 2 * 50 * 4 * 16 * (32 + 16)
"""What `FlopCounterMode` does not see: two directions, 50 steps, four gates of 16 units, 32 inputs and 16 states."""
FILES = sorted(FOLDER.glob("*.yaml"), key=lambda file: file.stem)


def analyze(name: str) -> cnncalc.Report:
    file, _, variant = name.partition(":")
    return cnncalc.analyze(FOLDER / f"{file}.yaml", variant=variant or None)


def rows(report: cnncalc.Report) -> list[tuple[Any, ...]]:
    return [(row.path, row.op, row.out_shape, row.params, row.macs, row.shares) for row in report.layers]


@pytest.mark.parametrize("name", TOTALS)
def test_totals_are_those_of_pytorch(name: str) -> None:
    report = analyze(name)
    shapes = {row.path: row.out_shape for row in report.layers}
    params, macs, outs = TOTALS[name]
    more = LSTM if name == "crnn" else 0
    assert (report.totals.params, report.totals.macs) == (params, macs + more)
    assert tuple(report.to_dict()["outputs"].values()) == tuple(map(list, outs)), shapes


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_schema_knows_it(file: Path) -> None:
    errors = Draft7Validator(schema(plugins=False)).iter_errors(data(file))
    assert not [f"{list(found.absolute_path)}: {found.message}" for found in errors]


def data(file: Path) -> Any:
    tree: Node = read(file.read_bytes())[0]
    return json.loads(json.dumps(plain_data(tree), default=str))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_comes_back_as_data_and_as_text(file: Path) -> None:
    report = cnncalc.analyze(file)
    assert rows(cnncalc.analyze(data(file))) == rows(report)
    assert rows(cnncalc.analyze(cnncalc.parse(cnncalc.load(file).to_yaml()))) == rows(report)


@pytest.mark.few
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_its_flat_form_is_the_same_network(file: Path, tmp_path: Path) -> None:
    """Expand writes it, and diff pairs every layer of both."""
    flat = tmp_path / "flat.yaml"
    done = CliRunner().invoke(app, ["expand", str(file)])
    assert done.exit_code == 0, done.output
    flat.write_text(done.stdout, encoding="utf-8")
    assert rows(cnncalc.analyze(flat)) == rows(cnncalc.analyze(file))
    paired = CliRunner().invoke(app, ["diff", str(file), str(flat)])
    assert paired.exit_code == 0, paired.output
    assert f"layers: 0 added, 0 removed, 0 changed, {len(rows(cnncalc.analyze(file)))} unchanged" in paired.stdout


@pytest.mark.few
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_layer_is_traced_to_its_line(file: Path) -> None:
    done = CliRunner().invoke(app, ["explain", str(file), "*"])
    assert done.exit_code == 0, done.output
    lines = file.read_text(encoding="utf-8").splitlines()
    asked = [line.strip() for line in done.stdout.splitlines() if line.startswith(f"  from {file}:")]
    used = "use: [std]" in lines
    assert asked
    for found in asked:
        number = int(found.removeprefix(f"from {file}:").split(":")[0])
        assert used or found.endswith(lines[number - 1].strip()), found
