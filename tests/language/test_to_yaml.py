"""`Spec.to_yaml()` loads back to the same report and reads as if written by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import SAMPLE
from oracles import graphs
from oracles.convert import graph_case

import cnncalc
from cnncalc import zoo
from cnncalc.language.python_data import from_python
from cnncalc.language.used import Folder
from cnncalc.language.write import WIDTH, plain_data, to_yaml
from cnncalc.language.yaml_text import read

PLACES = ("line", "column")


def _comparable(report: cnncalc.Report) -> dict[str, Any]:
    found = report.to_dict()
    del found["file"], found["variant"]
    for layer in found["layers"]:
        for key in PLACES:
            del layer[key]
    for warning in (*found["warnings"], *found.get("accepted", ())):
        for key in PLACES:
            del warning[key]
    return found


def _round_trip(spec: cnncalc.Spec, beside: Folder | None = None) -> str:
    text = spec.to_yaml()
    again = cnncalc.parse(text, beside=beside)
    assert _comparable(cnncalc.analyze(again)) == _comparable(cnncalc.analyze(spec))
    assert again.to_yaml() == text
    return text


@pytest.mark.few
@pytest.mark.parametrize("name", SAMPLE)
def test_zoo_network_loads_back(name: str) -> None:
    text = _round_trip(cnncalc.load(name), Folder(zoo.files()[0].parent, ""))  # a family may use another's file
    assert f"\nname: {name}\n" in text
    assert max(map(len, text.splitlines()[3:])) <= WIDTH


def test_random_networks_load_back() -> None:
    for graph in graphs().values():
        _round_trip(cnncalc.Spec(graph_case(graph)))


@pytest.mark.parametrize("file", zoo.files(), ids=lambda file: file.stem)
def test_text_is_what_stands_in_the_file_without_comments_and_layout(file: Any) -> None:
    spec = cnncalc.load(file)
    assert plain_data(read(spec.to_yaml())[0]) == plain_data(spec.tree)
    lines = len(file.read_text(encoding="utf-8").splitlines())
    assert len(spec.to_yaml().splitlines()) <= lines * 5 // 3, "paths that a file has on one line may take several"


HANDWRITTEN = """\
cnncalc: 1
name: tiny
source: "nobody: nowhere"
input: [3, 32, 32]
vars: {width: 32, act: relu, share: 0.25}
variants:
  wide: {width: 64}
defaults:
  conv: {kernel: 3, padding: half, norm: batch_norm, act: $act}
blocks:
  residual:
    params: {out: , stride: 1}
    layers:
      - add:
          body:
            - conv: {out: out, stride: stride}
            - conv: {out: "max(out, 8)", act: none}
          skip:
            - {conv: {out: out, kernel: 1, stride: stride, act: none}, when: stride != 1 or c_in != out}
      - relu
  join:
    inputs: [x, skip]
    layers:
      - add: [prev, skip]
layers:
  - conv: width
  - {residual: width, repeat: 2, as: stage1}
  - {residual: 2*width, repeat: 2, first: {stride: 2}, as: stage2}
  - from: stage2
    mul:
      map: []
      gate:
        - global_avg_pool
        - conv: {out: c_in, kernel: 1, norm: none, act: {leaky_relu: 0.2}}
      whole: stage2
  - {join: , from: [prev, stage2]}
  - dropout: share
  - flatten
  - linear: 10
outputs: [linear_out, stage2]
budgets: {macs: 150M, params: {max: 1.5M}}
""".replace("  - linear: 10\n", "  - {linear: 10, as: linear_out}\n")


def test_handwritten_text_comes_back_as_it_is() -> None:
    assert _round_trip(cnncalc.parse(HANDWRITTEN)) == HANDWRITTEN


def test_mapping_reads_as_handwritten() -> None:
    data = plain_data(read(HANDWRITTEN)[0])
    assert cnncalc.Spec(data).to_yaml() == HANDWRITTEN


def test_variant_becomes_the_network() -> None:
    spec = cnncalc.parse(HANDWRITTEN)
    text = spec.with_variant("wide").to_yaml()
    assert "\nname: wide\n" in text
    assert "vars: {width: 64, act: relu, share: 0.25}\n" in text
    assert "variants" not in text
    assert cnncalc.analyze(cnncalc.parse(text)).totals == cnncalc.analyze(spec, variant="wide").totals


def test_name_follows_the_file_where_there_is_none(tmp_path: Any) -> None:
    file = tmp_path / "small net.yaml"
    file.write_text("input: [3, 8, 8]\nlayers: [relu]\n", encoding="utf-8")
    assert cnncalc.load(file).to_yaml() == (
        "cnncalc: 1\nname: small net\ninput: [3, 8, 8]\nlayers:\n  - relu\n"
    )


def test_numbers_are_exact_and_short() -> None:
    spec = cnncalc.Spec({"input": [8, 9, 9], "vars": {"a": 0.1, "b": Fraction(1, 3), "c": 1e6, "d": Fraction(5, 4)},
                         "layers": [{"leaky_relu": Fraction(1, 4)}, {"dropout": 0.5}]})  # fmt: skip
    assert "vars: {a: 0.1, b: 1/3, c: 1000000.0, d: 1.25}" in spec.to_yaml()
    assert cnncalc.parse(spec.to_yaml()).to_yaml() == spec.to_yaml()
    assert "leaky_relu: 0.25" in spec.to_yaml()


def test_long_lines_are_broken() -> None:
    words = {f"variable_{n}": n for n in range(30)}
    paths = {f"p{n}": [{"conv": {"out": f"variable_{n} + 1", "kernel": 1}}] for n in range(9)}
    arguments = {"kernel": [3, 5], "padding": [1, 2], "stride": [2, 2], "act": "relu"}
    last = {"conv": {"out": " + ".join(f"variable_{n}" for n in range(12)), **arguments}, "as": "wide"}
    spec = cnncalc.Spec({"name": "long", "input": [3, 99, 99], "vars": words, "layers": [{"concat": paths}, last]})
    text = _round_trip(spec)
    assert "\nvars:\n  {variable_0: 0, variable_1: 1, " in text
    assert [line.strip()[:22] for line in text.splitlines() if len(line) > WIDTH] == ["out: variable_0 + vari"]


ODD = """~ null true 010 1_000 1e6 0x1F 16:9 on << -a a: [a] {a *a &a !t %d @a `a 'q' "q" a'b \\ = ... --- | > 2*w .5
.inf $act 1/3 , : # - ?""".split()  # noqa: SIM905 - reads better than forty quotes
SPACED = ["", "- a", "a: b", "a #b", "a, b", "? b", "a\nb", "a\tb", "\x85", "\u2028", "\ufeff", " a", "a ", "max(a, b)"]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x7f"), max_size=12) | st.sampled_from(ODD + SPACED)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["name", "vars", "variants", "blocks", "layers", "outputs", "budgets"]), TREES))
def test_any_tree_loads_back(data: dict[str, Any]) -> None:
    text = to_yaml(from_python(data))
    found = plain_data(read(text)[0])
    assert found.pop("cnncalc") == 1
    assert _without_empties(found) == _without_empties(data)


def _without_empties(value: Any) -> Any:
    """A layer `{relu: }` is written as `relu`: the same layer."""
    if isinstance(value, dict):
        return {key: _without_empties(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [
            next(iter(entry)) if isinstance(entry, dict) and len(entry) == 1 and next(iter(entry.values())) is None
            else _without_empties(entry)
            for entry in value
        ]  # fmt: skip
    return value
