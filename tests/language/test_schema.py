"""The JSON Schemas: every spec of the zoo is valid, wrong ones are not, and a report is what its schema says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from typer.testing import CliRunner

import cnncalc
from cnncalc import zoo
from cnncalc.cli import app
from cnncalc.gate import metrics as budget
from cnncalc.language.schema import LAYER_METRICS, METRICS, schema
from cnncalc.language.write import plain_data
from cnncalc.language.yaml_text import read
from cnncalc.ops import operators
from cnncalc.render.schema import report_schema

DOCS = Path(__file__).parents[2] / "docs"
BUILT_IN = schema(plugins=False)
SPECS = Draft7Validator(BUILT_IN)
REPORTS = Draft7Validator(report_schema())


def _valid(text: str) -> bool:
    return bool(SPECS.is_valid(plain_data(read(text)[0])))


@pytest.mark.parametrize(
    ("file", "found", "command"),
    [
        ("spec.schema.json", BUILT_IN, "python tools/renew.py schema"),
        ("report.schema.json", report_schema(), "python tools/renew.py report-schema"),
    ],
)
def test_the_file_in_docs_is_the_schema(file: str, found: Any, command: str) -> None:
    Draft7Validator.check_schema(found)
    assert json.loads((DOCS / file).read_text(encoding="utf-8")) == found, f"run: {command}"


@pytest.mark.parametrize("file", zoo.files(), ids=lambda file: file.stem)
def test_zoo_spec_is_valid_and_carries_the_modeline(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../docs/spec.schema.json\n")
    assert (file.parent / "../docs/spec.schema.json").resolve() == DOCS / "spec.schema.json"
    errors = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in SPECS.iter_errors(plain_data(read(text)[0]))]
    assert not errors


@pytest.mark.parametrize("cls", [cls for cls in operators() if cls.example], ids=lambda cls: cls.name)
def test_examples_are_valid(cls: type[cnncalc.Operator]) -> None:
    assert _valid(f"input: [8, 14, 10]\nlayers:\n  - {cls.example}\n")


LANGUAGE = """\
cnncalc: 1
name: 3
use: [std, ./blocks/units.YAML, more.yml]
accept: [misaligned-merge]
inputs: {left: [3, 8, 8], right: [3, n, n]}
vars: {n: 8, half: n/2, act: relu, on: true}
variants: {small: {n: 4}, same: }
defaults: {conv: {kernel: 3, act: {leaky_relu: 0.1}}, bn: , deconv: {kernel_size: 2}}
blocks:
  pair:
    inputs: [x, skip]
    params: {out: , act: relu, groups: 1}
    layers: [{conv: {out: out, act: $act, groups: groups}}, {add: [prev, skip]}]
  plain: {layers: [relu]}
  both: {inputs: [p, q], outputs: [y, q], accept: [misaligned-merge], layers: [{$act: , from: p, as: y}, {$kind: 8}]}
layers:
  - conv: 8
  - {conv: {out: "max(n, 8)", kernel: [3, 1], padding: [0, 1, 2, n], norm: {gn: {num_groups: 2}}, act: none}, as: a}
  - {conv2d: {out_channels: 8, kernel_size: 3}, repeat: 2, first: {stride: 2}, when: n > 4, share: a, from: a}
  - {pair: {out: 8}, from: [prev, right], as: [b], repeat: n//2, first: {out: 4}}
  - {pair: 8, from: [prev, a.b.0]}
  - plain
  - {plain: , when: true}
  - {split: 2, as: [c, d]}
  - {relu: , from: split1:1}
  - {crop: {like: a}}
  - {both: , from: [a, c], repeat: 3, tied: true, as: [s, t]}
  - {both: , from: [a, c], share: s, as: [u, v]}
  - {conv: {out: w, kernel: k}, each: {w: [8, 16], k: kernels}, repeat: i + 1, first: {stride: 2}, share: none, as: $w}
  - {conv: {out: w, kernel: k}, each: {w k: [[8, 1], [16, [3, 1]]]}, bits: {weights: 4}, density: 0.5}
  - {concat: {p: {layers: [relu], branches: {k: [1, 3]}, when: n > 4}, q: {layers: [], repeat: 2, keep: all}}, axis: 1}
  - {mul: [a, b], broadcast: true, accept: misaligned-merge}
  - max_pool
  - mul: {map: [], gate: [global_avg_pool, {conv: {out: 8, kernel: 1, act: sigmoid}}], third: a}
  - {adaptive_avg_pool: [null, 3]}
  - {upsample: {scale: [1.5, 2], mode: bilinear}}
outputs: {map: a, gate: b}
budgets:
  macs: 4.1G
  params: {max: 25.6M, min: 1000}
  convention: exact
  dtype: int8
  fc_share: 10%
  layers: [{match: "layer4.*", macs: {max: 60M}}, {match: "*", macs: 25%, sum: true}]
  max_increase: {macs: 2%, params: 0}
  warn_at: 95%
  variants: {small: {macs: 1.2G, layers: 60}}
"""


def test_every_form_of_the_language_is_valid() -> None:
    errors = [f"{list(e.absolute_path)}: {e.message[:300]}" for e in SPECS.iter_errors(plain_data(read(LANGUAGE)[0]))]
    assert not errors


def test_a_file_of_blocks_is_valid() -> None:
    """It is used by others, and is no network."""
    blocks = "blocks:\n  unit: {params: {out: }, layers: [{conv: {out: out, kernel: 1}}]}\n"
    assert _valid(f"cnncalc: 1\nuse: std\nvars: {{w: 8}}\n{blocks}")
    assert not _valid(f"{blocks}input: [3, 8, 8]\n")
    assert not _valid(f"{blocks}layers: [relu]\n")


@pytest.mark.parametrize(
    "layer",
    [
        "conv: {out: 64, kernal: 3}",
        "conv: {out: 64, kernel: 0}",
        "conv: {out: [64], kernel: 3}",
        "conv: {out: true, kernel: 3}",
        "conv: {out: 64, kernel: {size: 3}}",
        "conv: {out: 64, kernel: 3, act: rellu}",
        "conv: {out: 64, kernel: 3, act: {relu: , selu: }}",
        "conv: {out: 64, kernel: 3, norm: relu}",
        "relu: 3",
        "upsample: {mode: bilinaer}",
        "{conv: 64, kernel: 3}",
        "{conv: 64, reapeat: 3}",
        "{conv: 64, repeat: -1}",
        "{conv: 64, as: 3}",
        "{conv: 64, as: two words}",
        "add: [left]",
        "add: left",
        "add: {body: [{conv: {out: 8, kernl: 3}}], skip: []}",
        "3",
        "[conv, relu]",
        "{}",
    ],
)
def test_wrong_layer_is_refused(layer: str) -> None:
    assert not _valid(f"input: [3, 8, 8]\nlayers:\n  - {layer}\n")


@pytest.mark.parametrize(
    "text",
    [
        "input: [3, 8, 8]",
        "layers: [relu]",
        "input: [3, 8, 8]\nlayers: []",
        "input: [3, 8, 8]\nlayers: relu",
        "input: 3\nlayers: [relu]",
        "input: [3, 8, 8, 8, 8]\nlayers: [relu]",
        "cnncalc: 2\ninput: [3, 8, 8]\nlayers: [relu]",
        "input: [3, 8, 8]\nlayer: [relu]\nlayers: [relu]",
        "input: [3, 8, 8]\ndefaults: {conv: {kernal: 3}}\nlayers: [relu]",
        "input: [3, 8, 8]\ndefaults: {cnv: {kernel: 3}}\nlayers: [relu]",
        "input: [3, 8, 8]\nblocks: {b: {params: {k: 3}}}\nlayers: [relu]",
        "input: [3, 8, 8]\nblocks: {b: {layers: [conv: {kernal: 3}]}}\nlayers: [relu]",
        "input: [3, 8, 8]\nvars: [1]\nlayers: [relu]",
        "input: [3, 8, 8]\nvariants: {s: 3}\nlayers: [relu]",
        "input: [3, 8, 8]\nlayers: [relu]\noutputs: 3",
        "input: [3, 8, 8]\nlayers: [relu]\nbudgets: {macs: [1]}",
        "input: [3, 8, 8]\nlayers: [relu]\nbudgets: {mac: 1}",
        "input: [3, 8, 8]\nlayers: [relu]\nbudgets: {macs: {most: 1}}",
        "input: [3, 8, 8]\nlayers: [relu]\nbudgets: {layers: [{macs: 1}]}",
        "input: [3, 8, 8]\nlayers: [relu]\nbudgets: {layers: [{match: '*', depth: 1}]}",
        "input: [3, 8, 8]\nlayers: [relu]\nbudgets: {variants: {a: {b: 1}}}",
    ],
)
def test_wrong_file_is_refused(text: str) -> None:
    assert not _valid(text + "\n")


def test_budgets_know_every_metric() -> None:
    assert set(METRICS) == (set(budget.METRICS) | set(budget.ALIASES)) - {"layers"}
    of_layers = {name for name, metric in budget.METRICS.items() if metric.layer is not None}
    aliases = {alias for alias, name in budget.ALIASES.items() if name in of_layers}
    assert set(LAYER_METRICS) == of_layers | aliases


def test_whatever_the_schema_refuses_the_parser_refuses_too() -> None:
    """Spot check in the other direction: an unknown argument is refused by both, with the same word."""
    text = "input: [3, 8, 8]\nlayers:\n  - conv: {out: 64, kernal: 3}\n"
    assert not _valid(text)
    with pytest.raises(cnncalc.SpecError, match="kernal"):
        cnncalc.parse(text)


def _undescribed(value: Any, form: Any, where: str) -> list[str]:
    """Return the keys of a report that the schema does not name."""
    while "$ref" in form or "allOf" in form:
        form = form["allOf"][0] if "allOf" in form else report_schema()["definitions"][form["$ref"].split("/")[-1]]
    if "anyOf" in form:
        form = form["anyOf"][0]
        return _undescribed(value, form, where) if value is not None else []
    if isinstance(value, list):
        return [key for entry in value[:3] for key in _undescribed(entry, form.get("items", {}), f"{where}[]")]
    if not isinstance(value, dict) or "properties" not in form:
        return []
    known = form["properties"]
    missing = [f"{where}.{key}" for key in value if key not in known]
    for name in value.keys() & known.keys():
        missing += _undescribed(value[name], known[name], f"{where}.{name}")
    return missing


@pytest.mark.parametrize("name", ["resnet50", "unet", "deeplabv3_resnet50", "shufflenet_v2_x1_0", "lenet5"])
def test_report_is_what_its_schema_says(name: str) -> None:
    found = cnncalc.analyze(name).to_dict()
    errors = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in REPORTS.iter_errors(found)]
    assert not errors
    assert _undescribed(found, report_schema(), "report") == []


def test_report_with_unknowns_and_warnings_is_what_its_schema_says() -> None:
    spec = cnncalc.parse("inputs: {a: [3, 9, 9], b: [3, 9, 9]}\nlayers:\n  - {opaque: [4, 3, 3], from: a}\n"
                         "  - {upsample: 2, as: u}\n  - {relu: , from: b}\noutputs: [u]\n")  # fmt: skip
    found = cnncalc.analyze(spec).to_dict()
    assert found["warnings"]
    assert [e.message for e in REPORTS.iter_errors(found)] == []
    assert _undescribed(found, report_schema(), "report") == []


def test_every_described_key_of_a_report_says_what_it_is() -> None:
    form = report_schema()
    silent = [
        f"{name}.{key}"
        for name, part in (("report", form), *form["definitions"].items())
        for key, entry in part.get("properties", {}).items()
        if "description" not in entry and name not in ("work", "finding")
    ]
    assert silent == []


def test_command() -> None:
    printed = CliRunner().invoke(app, ["schema"])
    assert (printed.exit_code, json.loads(printed.output)) == (0, schema())
    printed = CliRunner().invoke(app, ["schema", "--report"])
    assert (printed.exit_code, json.loads(printed.output)) == (0, report_schema())


def test_modeline_of_yaml_is_only_a_comment() -> None:
    """Editors read the modeline; to YAML it is nothing."""
    data = yaml.safe_load(zoo.files()[0].read_text(encoding="utf-8"))
    assert data["cnncalc"] == 1
