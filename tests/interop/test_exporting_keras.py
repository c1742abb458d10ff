"""Networks as source for Keras, and what Keras says of them: built, written to JSON and read back."""

from __future__ import annotations

import ast
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from networks import SAMPLE
from oracles import graphs
from oracles.convert import graph_case
from typer.testing import CliRunner

from cnncalc import analyze, parse
from cnncalc.cli import app
from cnncalc.interop.exporting.keras_source import keras_source
from cnncalc.study import Study
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from pathlib import Path

NO_KERAS = frozenset((
    "fasterrcnn_resnet50_fpn", "panet_resnet50", "tcn_pixels",
))  # fmt: skip
"""Networks with a layer that is not written yet: an error at that layer, and nothing else."""
RUN = ("lenet5", "resnet18", "mobilenet_v2", "vit_tiny_patch16_224", "dcgan_generator", "shufflenet_v1_g3")
PLAIN = """\
input: [3, 16, 16]
layers:
  - conv: {out: 8, kernel: 3, stride: 2, padding: 1}
  - relu
  - max_pool: {kernel: 3, stride: 2, padding: 1}
  - conv: {out: 16, kernel: 3, padding: 1, groups: 2, bias: false}
  - flatten
  - linear: 5
"""


MAPS = "input: [8, 16, 16]\n"
LENDING = {
    "a block called for several maps": MAPS + """\
blocks:
  head:
    params: {out: }
    layers: [{conv: {out: 8, kernel: 3, padding: same}, repeat: 2}, relu, {conv: {out: out, kernel: 1}}]
layers:
  - {head: 6, as: first}
  - {head: 6, from: input, as: again, share: first}
  - {add: [first, again], as: whole}
  - {max_pool: 2, from: input}
  - {head: 6, as: second, share: first}
  - {max_pool: 2, from: input}
  - {conv: {out: 8, kernel: 3, padding: same}}
  - {head: 6, as: third, share: first}
  - {concat: [second, third], as: halves}
outputs: {whole: whole, half: halves}
""",
    "norms of their own": MAPS + """\
blocks:
  head:
    layers:
      - depthwise: {kernel: 3, padding: same}
      - {conv: {out: 8, kernel: 1, bias: false}}
      - {batch_norm: , share: none}
      - silu
layers:
  - {head: , as: first}
  - max_pool: 2
  - {head: , as: second, share: first}
""",
    "repetitions that are tied": MAPS + """\
blocks:
  cell:
    layers: [{conv: {out: 8, kernel: 3, padding: same}}, relu]
layers:
  - {cell: , repeat: 3, tied: true}
  - {cell: , repeat: 2}
""",
    "sharing inside of what is shared": MAPS + """\
blocks:
  one:
    layers: [{conv: {out: 8, kernel: 3, padding: same}}, tanh]
  pair:
    layers:
      - {one: , as: a}
      - {one: , as: b, share: a}
      - {conv: {out: 8, kernel: 1}, as: c}
      - {conv: {out: 8, kernel: 1}, share: c}
      - {one: , repeat: 2, tied: true}
layers:
  - {pair: , as: first}
  - max_pool: 2
  - {pair: , as: second, share: first}
  - pair
""",
    "scores with a bias": """\
input: [12, 8, 8]
layers:
  - {conv: {out: 12, kernel: 1}, as: q}
  - {conv: {out: 12, kernel: 1}, from: input, as: k}
  - {conv: {out: 12, kernel: 1}, from: input, as: v}
  - {attention: {heads: 3, window: 4, bias: true}, from: [q, k, v], as: near}
  - {attention: {heads: 2, bias: 64}, from: [q, k, v], as: far}
  - {add: [near, far]}
""",
    "a recurrent layer": "input: [6, 9]\nlayers: [{gru: 5}, relu, {gru: {hidden: 7, last: true}}, {linear: 3}]\n",
}
"""Specs whose layers lend their weights, a table of score biases, and a recurrent layer."""


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def source(spec: Any) -> str:
    study = Study.of(spec)
    return keras_source(study.graph, name=study.name, file=study.spec.file, line=study.line).text


@pytest.mark.parametrize("name", [name for name in SAMPLE if name in NO_KERAS])
def test_what_is_not_written_is_an_error_at_its_layer(name: str) -> None:
    with pytest.raises(SpecError) as caught:
        source(name)
    (found,) = caught.value.diagnostics
    assert found.code == "not-expressible"
    assert found.message.startswith("layer '")


@pytest.mark.parametrize("name", [name for name in SAMPLE if name not in NO_KERAS and name.partition(":")[0] == name])
def test_source_is_python_with_a_function_per_block(name: str) -> None:
    try:
        text = source(name)
    except SpecError:  # a variant of one that has no source
        pytest.skip("has a layer that is not written")
    functions = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert functions[-1] == "build"
    assert len(functions) == len(set(functions))
    assert max(map(len, text.splitlines())) <= 100
    assert "cnncalc" not in text


def test_resnet50_is_short_and_repeats_in_loops() -> None:
    text = source("resnet50")
    assert len(text.splitlines()) < 110
    assert text.count("for i in range(") == 4
    assert 'x = layers.Conv2D(64, 7, strides=2, use_bias=False, name="conv1")(x)' in text


def test_paddings_are_words_where_keras_has_one_and_layers_else(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(PLAIN, encoding="utf-8")
    text = source(tmp_path / "net.yaml")
    assert 'layers.ZeroPadding2D(1, name="conv1_pad")(inputs)' in text
    assert 'layers.ZeroPadding2D(1, name="max_pool1_pad")' in text
    assert 'layers.Conv2D(16, 3, padding="same", groups=2, use_bias=False, name="conv2")' in text
    (tmp_path / "net.yaml").write_text(PLAIN.replace("  - relu\n", ""), encoding="utf-8")
    text = source(tmp_path / "net.yaml")  # what may be negative is padded with less than any number
    assert 'ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=float("-inf"))' in text


def test_two_layers_of_one_name_there_are_an_error(tmp_path: Path) -> None:
    block = "blocks:\n  b: {layers: [{conv: {out: 4, kernel: 1}}]}\n"
    text = (
        f"input: [3, 8, 8]\n{block}layers:\n  - {{b: {{}}, as: a}}\n  - {{conv: {{out: 4, kernel: 1}}, as: a_conv1}}\n"
    )
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match="has the same name there, 'a_conv1'"):
        source(tmp_path / "net.yaml")


keras = [
    pytest.mark.extra,
    pytest.mark.usefixtures("backend"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> None:
    if "KERAS_BACKEND" not in os.environ:
        monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("keras")


def marked(test: Any) -> Any:
    for mark in keras:
        test = mark(test)
    return test


@marked
@pytest.mark.parametrize("spec", [*RUN, *LENDING, *list(graphs())[5::12]])
def test_keras_builds_it_and_it_comes_back(spec: str, tmp_path: Path) -> None:
    from cnncalc.interop.exporting.keras_side import keras_side
    from cnncalc.interop.exporting.running import loaded
    from cnncalc.interop.exporting.verifying import compared

    given = graph_case(graphs()[spec]) if spec in graphs() else parse(LENDING[spec]) if spec in LENDING else spec
    study = Study.of(given)
    verdict = compared(study.graph, keras_side(study.graph, study.name, None, study.line))
    assert verdict.holds, verdict.wrong[:3]
    model = loaded(source(given))()
    here = study.report
    for file in (tmp_path / "net.json", tmp_path / "net.keras"):
        if file.suffix == ".json":
            file.write_text(model.to_json(), encoding="utf-8")
        else:
            model.save(file)
        there = analyze(file)
        assert (there.totals.params, there.totals.buffers, there.totals.macs) == (
            here.totals.params, here.totals.buffers, here.totals.macs)  # fmt: skip
        assert sorted((x.macs or 0, x.params or 0) for x in there.layers if x.macs or x.params) == sorted(
            (x.macs or 0, x.params or 0) for x in here.layers if x.macs or x.params)  # fmt: skip


@marked
def test_a_wrong_layer_is_found(tmp_path: Path) -> None:
    right, wrong, there = tmp_path / "right.yaml", tmp_path / "wrong.yaml", tmp_path / "right.json"
    right.write_text(PLAIN, encoding="utf-8")
    wrong.write_text(PLAIN.replace("groups: 2", "groups: 1"), encoding="utf-8")
    assert run("verify", right, "--with", "keras").exit_code == 0
    assert run("export", "keras", right, "-o", tmp_path / "net.py").exit_code == 0
    space: dict[str, Any] = {}
    exec((tmp_path / "net.py").read_text(encoding="utf-8"), space)  # noqa: S102 - our own text
    there.write_text(space["build"]().to_json(), encoding="utf-8")
    assert run("verify", right, "--with", there).exit_code == 0
    result = run("verify", wrong, "--with", there, "--format", "json")
    assert result.exit_code == 1
    assert next(row for row in json.loads(result.stdout)["layers"] if row["differs"])["path"] == "conv2"
