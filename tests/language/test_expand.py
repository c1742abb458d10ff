"""The flat network has the same layers as the spec it is from: their numbers, paths and outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from networks import SAMPLE
from oracles import graphs
from oracles.convert import graph_case
from typer.testing import CliRunner

import cnncalc
from cnncalc.api import Input, Source, build_graph
from cnncalc.cli import app
from cnncalc.language.tree import EXPANDED_MARKER
from cnncalc.language.write import expanded
from cnncalc.ops.registry import operators

if TYPE_CHECKING:
    from pathlib import Path

    from cnncalc.ops.operator import Operator

PLACES = ("line", "column", "calls")


def _flat(source: Source, **options: Any) -> str:
    graph, spec, collector = build_graph(source, **options)
    collector.raise_if_errors()
    return expanded(graph, name=spec.title(options.get("variant")), source=spec.source)


def _comparable(report: cnncalc.Report) -> dict[str, Any]:
    found = report.to_dict()
    for key in ("file", "variant", "variables"):
        del found[key]
    for layer in found["layers"]:
        for key in PLACES:
            del layer[key]
    for key in ("warnings", "accepted"):  # grouped by line, and a flat spec has a line for each layer
        found[key] = sorted({warning["code"] for warning in found.get(key, ())})
    del found["summary"]["depth"]["blocks"]
    return found


def _same(source: Source, **options: Any) -> str:
    text = _flat(source, **options)
    expected = _comparable(cnncalc.analyze(source, **options))
    again = _comparable(cnncalc.analyze(cnncalc.parse(text)))
    assert again == expected
    return text


@pytest.mark.few
@pytest.mark.parametrize("name", SAMPLE)
def test_zoo_network_is_the_same_flat(name: str) -> None:
    _same(name)


def test_random_networks_are_the_same_flat() -> None:
    for graph in graphs().values():
        _same(graph_case(graph))


@pytest.mark.parametrize(
    "body",
    [
        "- {split: 2, as: [a, b]}\n  - {relu: , from: b}\n  - add: [a, prev]",
        "- {split: 2, as: both}\n  - concat: ['both:1', 'both:0']\n    from: 'both:0'",
        "- {split: 4, as: [a, b, c, d]}\n  - {relu: , from: d}\noutputs: [a, c]",
        "- split: 2",
        """- {conv: {out: 8, kernel: 3, padding: 1, act: relu, norm: {group_norm: 2}}, as: a}
  - {conv: , share: a}
  - {conv: , share: a, as: c}
outputs: [a, c]""",
        """- {deform_conv: {out: 8, kernel: 3, padding: 1, norm: bn, act: relu}, as: d}
  - relu
  - {deform_conv: , share: d}""",
        "- {deform_conv: {out: 8, kernel: 3, mask: false}, from: input}",
        "- {separable: {out: 8, kernel: [3, 1], norm: bn, act: {leaky_relu: 1/3}}, repeat: 2}",
        "- {upsample: {scale: [1.5, 2], mode: bilinear}}\n  - {crop: {like: input}}\n  - {pad: [1, 2, 0, 3]}",
        "- {relu: , when: false}",
        "- {relu: , when: false, as: r}\n  - {add: [input, r]}",
        "- {conv: {out: 4, kernel: 1}, when: c_in != 8, as: skipped}\noutputs: [skipped]",
        "- {adaptive_avg_pool: [null, 3]}\n  - opaque: [5, 2, 2]",
        "- {drop_path: 0.1}\n  - {layer_norm: 2}\n  - {prelu: channel}\n  - {reshape: [-1]}\n  - linear: 10",
    ],
)
def test_language_is_the_same_flat(body: str) -> None:
    _same(cnncalc.parse(f"name: small\ninput: [8, 12, 10]\nlayers:\n  {body}\n"))


@pytest.mark.parametrize("cls", [cls for cls in operators() if cls.sources == 1], ids=lambda cls: cls.name)
def test_every_operator_is_the_same_flat(cls: type[Operator]) -> None:
    layers = yaml.safe_load(f"- {cls.example}")
    _same({"name": "one", "input": list(cls.example_input[0]), "layers": layers})


def test_several_inputs_and_ranks() -> None:
    _same({"name": "two", "inputs": {"left": [4, 9], "right": [4, 9]}, "outputs": ["sum"],
           "layers": [{"add": ["left", "right"], "as": "sum"}]})  # fmt: skip
    _same({"name": "one", "inputs": {"volume": [2, 5, 9, 9]}, "layers": [{"conv": {"out": 3, "kernel": 3}}]})


def test_outputs_keep_their_names() -> None:
    text = _same(cnncalc.parse("name: n\ninput: [8, 9, 9]\nlayers:\n"
                               "  - {conv: {out: 4, kernel: 1, act: relu}, as: mask}\noutputs: [mask]\n"))  # fmt: skip
    assert text.endswith("outputs: {mask: mask.act}\n")


def test_options_are_part_of_the_flat_network() -> None:
    chosen: Input = [3, 64, 96]
    text = _same("resnet50", input=chosen, variables={"width": 32, "classes": 10})
    assert "input: [3, 64, 96]" in text
    assert text.startswith(EXPANDED_MARKER + "\n")


def test_flat_of_flat_is_itself() -> None:
    once = _flat("googlenet")
    assert _flat(cnncalc.parse(once)) == once


def _run(*arguments: str, input: str | None = None) -> tuple[int, str]:  # noqa: A002
    result = CliRunner().invoke(app, ["expand", *arguments], input=input)
    return result.exit_code, result.output


def test_command_writes_a_spec_that_says_where_it_is_from() -> None:
    code, text = _run("resnet101", "--set", "classes=10", "--input", "3x192x192")
    assert code == 0
    assert text.splitlines()[:4] == [EXPANDED_MARKER, "# variant: resnet101", text.splitlines()[2], "cnncalc: 1"]
    assert "classes=10" in text.splitlines()[2]
    report = cnncalc.analyze(cnncalc.parse(text))
    wanted = cnncalc.analyze("resnet101", variables={"classes": 10}, input="3x192x192")
    assert (report.name, report.source, report.totals) == ("resnet101", wanted.source, wanted.totals)


def test_command_reads_standard_input_and_writes_files(tmp_path: Any) -> None:
    code, text = _run("-", input="input: [3, 8, 8]\nlayers:\n  - {relu: , repeat: 3}\n")
    assert code == 0
    assert "as: relu1.2" in text
    code, nothing = _run("lenet5", "-o", str(tmp_path / "flat.yaml"))
    assert (code, nothing) == (0, "")
    assert cnncalc.analyze(tmp_path / "flat.yaml").totals == cnncalc.analyze("lenet5").totals


@pytest.mark.parametrize("arguments", [("lenet5", "--variant", "huge"), ("lenet5", "--input", "3by3")])
def test_wrong_options_exit_with_2(arguments: tuple[str, ...]) -> None:
    assert _run(*arguments)[0] == 2


@pytest.mark.parametrize("inputs", ["input: [8, 10, 10]", "inputs: {image: [8, 10, 10]}"])
def test_a_network_whose_layers_all_vanish_keeps_its_name(inputs: str, tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    name = "input" if inputs.startswith("input:") else "image"
    layer = f"{{conv: {{out: 8, kernel: 1}}, when: n > 0, from: {name}}}"
    spec.write_text(f"name: gone\nvars: {{n: 0}}\n{inputs}\nlayers: [{layer}]\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["expand", str(spec)])
    assert result.exit_code == 0, result.output
    flat = cnncalc.analyze(cnncalc.parse(result.stdout))
    assert (flat.name, flat.outputs) == ("gone", cnncalc.analyze(spec).outputs)
