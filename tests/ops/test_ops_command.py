"""`cnncalc ops` lists every operator and shows any of them with an example that was run."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import yaml
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app
from cnncalc.ops import operators
from cnncalc.ops.catalogue import GROUPS
from cnncalc.render.ops import example

if TYPE_CHECKING:
    from pathlib import Path



def _run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["ops", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_every_operator_is_listed_under_its_family() -> None:
    code, text, _ = _run()
    assert code == 0
    listed = re.findall(r"^  (\w+) {2,}\S", text, re.MULTILINE)
    assert sorted(listed) == sorted(cls.name for cls in operators())
    headings = re.findall(r"^(\w+)$", text, re.MULTILINE)
    assert headings == [group for group in GROUPS if group in headings]


@pytest.mark.parametrize("cls", list(operators()), ids=lambda cls: cls.name)
def test_one_in_full(cls: type[cnncalc.Operator]) -> None:
    code, text, _ = _run(cls.name)
    assert code == 0
    assert text.splitlines()[0].split()[0] == cls.name
    for name, declared in cls.args.items():
        assert re.search(rf"^  {name}\*? ", text, re.MULTILINE)
        for alias in declared.aliases:
            assert alias in text
    assert f"  - {cls.example}\n" in text or f"  - {{{cls.example}, from: [input, input1" in text
    assert all(len(line) <= 100 for line in text.splitlines())


@pytest.mark.parametrize("cls", list(operators()), ids=lambda cls: cls.name)
def test_numbers_are_those_of_the_example(cls: type[cnncalc.Operator]) -> None:
    spec = example(cls.name)
    assert spec is not None
    report = cnncalc.analyze(cnncalc.parse(spec))
    _, text, _ = _run(cls.name)
    flat = " ".join(text.split())
    for layer in report.layers:
        made = ", ".join(str(shape) for shape in layer.out_shapes)
        assert re.search(rf"{re.escape(layer.path)} [x0-9, ]+ -> {made}", flat)
        if layer.macs is not None:
            assert f"macs {layer.macs:,} flops {layer.flops:,}" in flat
        else:
            assert "macs ? flops ?" in flat


def test_formulas_of_a_convolution() -> None:
    """As in arXiv:1603.07285 and the table of costs: 3*3*8*16 + 16 parameters, 1,152 * 35 multiply-accumulates."""
    _, text, _ = _run("conv")
    assert "H' = floor((H + 2*p - d*(k - 1) - 1)/s) + 1 = 7" in text
    assert "params = k*k*C_in/g*C_out + C_out = 1,168" in text
    assert "macs = k*k*C_in/g*C_out*H'*W' = 40,320" in text


def test_alias_and_main_argument() -> None:
    _, text, _ = _run("dwconv")
    assert text.startswith("depthwise  also dwconv")
    assert "kernel*" in text
    assert "depthwise: VALUE is depthwise: {kernel: VALUE}" in text


def test_json() -> None:
    code, text, _ = _run("--format", "json")
    assert code == 0
    assert [entry["name"] for entry in json.loads(text)].count("conv") == 1
    _, text, _ = _run("concat", "--format", "json")
    found = json.loads(text)
    assert found["name"] == "concat"
    spec = yaml.safe_load(found["example_spec"])
    assert spec == {"inputs": {"input": [8, 14, 10], "x": [4, 14, 10]}, "layers": [{"concat": ["prev", "x"]}]}
    assert found["example_layers"][0]["out_shapes"] == [[12, 14, 10]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("convv",), "did you mean 'conv'?"), (("pool2d",), "no operator is called 'pool2d'"),
     (("conv", "--format", "xml"), "choose one of text, json")],
)  # fmt: skip
def test_mistakes_exit_with_2(arguments: tuple[str, ...], words: str) -> None:
    code, text, error = _run(*arguments)
    assert (code, text) == (2, "")
    assert words in error


def test_output(tmp_path: Path) -> None:
    code, text, _ = _run("relu", "-o", str(tmp_path / "relu.txt"))
    assert (code, text) == (0, "")
    assert (tmp_path / "relu.txt").read_text(encoding="utf-8").startswith("relu\n")
