"""Paths: unique, stable across variants, and each pointing at its line."""

from __future__ import annotations

import pytest
from networks import SAMPLE

import cnncalc

SPEC = """\
cnncalc: 1
input: [3, 32, 32]
vars: {deep: false, n: 2}
variants: {d: {deep: true, n: 3}}
defaults: {conv: {kernel: 1, norm: batch_norm, act: relu}}
blocks:
  unit:
    params: {c: }
    layers:
      - {convolution: c, when: deep}
      - conv: c
      - add:
          body: [{conv: {out: c, act: none}}, {relu: , when: deep}, {relu: }]
          skip: []
layers:
  - {conv: 4, when: deep}
  - {conv: 4, as: stem}
  - {conv: 4}
  - {unit: 4, repeat: n}
  - {unit: 4, as: tail}
  - maxpool: 2
  - {max_pool: 2}
"""


def paths(**settings: str) -> list[str]:
    return [row.path for row in cnncalc.analyze(cnncalc.parse(SPEC), **settings).layers]  # type: ignore[arg-type]


def test_paths_are_scopes_names_and_counters() -> None:
    """An operator's aliases count as it; labelled and left-out items count too."""

    def sugar(path: str) -> list[str]:
        return [path, f"{path}.norm", f"{path}.act"]

    def unit(path: str) -> list[str]:
        body = [f"{path}.add1.body.conv1", f"{path}.add1.body.conv1.norm", f"{path}.add1.body.relu2", f"{path}.add1"]
        return sugar(f"{path}.conv2") + body

    assert paths() == [
        *sugar("stem"), *sugar("conv3"), *unit("unit1.0"), *unit("unit1.1"), *unit("tail"), "max_pool1", "max_pool2",
    ]  # fmt: skip


def test_paths_stay_the_same_across_variants() -> None:
    """What both variants have comes in the same order under the same paths."""
    few, many = paths(), paths(variant="d")
    assert set(few) < set(many)
    assert [path for path in many if path in set(few)] == few


@pytest.mark.parametrize("name", SAMPLE)
def test_paths_of_the_zoo_are_unique_and_point_at_their_items(name: str) -> None:
    report = cnncalc.analyze(name)
    found = [row.path for row in report.layers]
    assert len(set(found)) == len(found)
    assert report.file is not None
    with open(report.file, encoding="utf-8") as file:  # noqa: PTH123
        lines = file.read().splitlines()
    for row in report.layers:
        assert row.line is not None
        assert row.column is not None
        start = lines[row.line - 1][row.column - 1]
        assert start.isalpha() or start == "$", row  # an operator's name, or a parameter's word that stands for one


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ("[{relu: , as: relu2}, relu]", "automatic name"),
        ("[{relu: , as: relu2}, relu, relu]", "automatic name"),
        ("[{relu: , as: a}, {tanh: , as: a}]", "twice"),
        ("[{split: 3, as: [a, b, a]}]", "twice"),
        ("[{relu: , repeat: 2, as: a}, {tanh: , as: a.0}]", "path 'a.0'"),
        ("[{conv: {out: 3, kernel: 1, act: relu}, as: a}, {tanh: , as: a.act}]", "path 'a.act'"),
        ("[{add: {p: [relu], q: []}, as: a}, {tanh: , as: a.p.relu1}]", "path 'a.p.relu1'"),
    ],
)
def test_names_that_clash_are_refused(items: str, message: str) -> None:
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(cnncalc.parse(f"cnncalc: 1\ninput: [3, 8, 8]\nlayers: {items}\n"))
    codes = {finding.code for finding in caught.value.diagnostics}
    assert codes == {"duplicate-label"}
    assert message in str(caught.value)


def test_automatic_names_of_blocks_and_operators_may_not_clash() -> None:
    """The first call of a block `conv1` and the eleventh convolution would both be conv11."""
    items = "  - conv1\n" + "  - conv: {out: 3, kernel: 1}\n" * 11
    text = f"cnncalc: 1\ninput: [3, 8, 8]\nblocks: {{conv1: {{layers: [relu]}}}}\nlayers:\n{items}"
    with pytest.raises(cnncalc.SpecError, match="conv11"):
        cnncalc.parse(text)


def test_a_split_counts_its_outputs_in_the_names_of_its_readers() -> None:
    text = "cnncalc: 1\ninput: [4, 8, 8]\nlayers:\n  - {split: 2, as: [a, b]}\n  - {add: [a, b]}\n"
    report = cnncalc.analyze(cnncalc.parse(text))
    assert report["add1"].inputs == ("split1:0", "split1:1")


def test_deep_scopes_do_not_depend_on_the_callers_depth() -> None:
    blocks = "".join(f"  b{k}: {{layers: [{{add: {{p: [b{k + 1}], q: []}}}}]}}\n" for k in range(48))
    text = f"cnncalc: 1\ninput: [3, 8, 8]\nblocks:\n{blocks}  b48: {{layers: [relu]}}\nlayers: [b0]\n"

    def at_depth(frames: int) -> cnncalc.Report:
        return at_depth(frames - 1) if frames else cnncalc.analyze(cnncalc.parse(text))

    expected = [row.path for row in cnncalc.analyze(cnncalc.parse(text)).layers]
    assert len(expected) == 49
    for frames in (300, 600, 800):
        assert [row.path for row in at_depth(frames).layers] == expected
