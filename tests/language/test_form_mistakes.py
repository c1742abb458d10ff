"""Mistakes in the short forms: each is one located line, with a hint that leads to a spec that runs."""

from __future__ import annotations

import pytest

import cnncalc

HEADER = "cnncalc: 1\ninput: [16, 16, 16]\n"
OPTIONAL = """\
blocks:
  opt:
    params: {more: true, out: 16}
    layers: [{conv: {out: out, kernel: 1}}, {conv: {out: 16, kernel: 1}, when: more}]
"""
THREE = """\
blocks:
  b: {inputs: [p, q, r], outputs: [u, v], layers: [{add: [p, q], as: u}, {add: [q, r], as: v}]}
"""
MISTAKES = [
    (
        "vars: {ws: [8, 16]}\nlayers:\n  - {conv: {out: ws, kernel: 3}}\n",
        (5, 18), "bad-argument", "'out' must be a whole number, got [8, 16]", "walk a list with each:",
    ),
    ("layers:\n  - {relu: , repeat: [1, 2]}\n", (4, 22), "bad-argument", "'repeat'", "walk a list with each:"),
    ("vars: {ns: [1, 2]}\nlayers:\n  - {relu: , when: ns}\n", (5, 20), "bad-argument", "'when'", "len(..) or sum(..)"),
    (
        OPTIONAL + "layers:\n  - {opt: true, as: s}\n  - {opt: false, share: s}\n",
        (9, 25), "share-mismatch", "'s.conv2' has no namesake in 'opt2'", "give them the same arguments",
    ),
    (
        OPTIONAL + "layers:\n  - {opt: false, as: s}\n  - {opt: true, share: s}\n",
        (6, 46), "share-mismatch", "'opt2.conv2' (conv): has no namesake in 's'", "share: none",
    ),
    (
        OPTIONAL + "layers:\n  - {opt: , as: s}\n  - {opt: {out: 8}, share: s}\n",
        (6, 15), "share-mismatch", "'opt2.conv1' (conv): has out 8, 's.conv1', whose weights it uses, 16",
        "same arguments",
    ),
    (
        "layers:\n  - concat: {a: {layers: [{conv: {out: 16, kernel: 1}, when: i < 1}], repeat: 2, tied: true}}\n",
        (4, 14), "share-mismatch", "'concat1.a.0.conv1' has no namesake in 'concat1.a.1'", "the same layers",
    ),
    (
        OPTIONAL + "layers:\n  - {opt: , as: s}\n  - {conv: , share: s.conv1}\n",
        (9, 21), "unknown-label", "there is no label 's.conv1'", "{BLOCK: , share: s}",
    ),
    (
        "layers:\n  - add: {p: [{conv: {out: 16, kernel: 1}, as: c}], q: []}\n  - {conv: , share: c}\n",
        (5, 21), "unknown-label", "there is no label 'c'", "private to the path or block",
    ),
    (
        "layers:\n  - {add: {p: [relu], q: []}, as: m}\n  - {add: {p: [relu], q: []}, share: m}\n",
        (5, 38), "bad-share", "only a layer with weights", "put it into a block",
    ),
    (
        THREE + "layers:\n  - {b: , from: [input, input, input], repeat: 2, as: [x, y]}\n",
        (6, 6), "several-outputs", "has 2 outputs and 3 inputs", "may stand among its outputs",
    ),
    (
        "blocks:\n  b: {outputs: [u, u], layers: [{relu: , as: u}]}\nlayers:\n  - {b: , as: [x, y]}\n",
        (4, 7), "duplicate-label", "names an output twice", "name it once",
    ),
    (
        "layers:\n  - {conv: {out: a, kernel: b}, each: {a b: [[1, 2], [3]]}}\n",
        (4, 54), "list-lengths", "this row has 1 value for the 2 names", "one value for every name",
    ),
    (
        "layers:\n  - {conv: {out: a, kernel: 1}, each: {a: [foo, bar]}}\n",
        (4, 44), "unknown-name", "there is no 'foo'", "a word of a list is used as $a",
    ),
    (
        "layers:\n  - {conv: {out: 8, kernel: 1, act: a}, each: {a: [relu, silu]}}\n",
        (4, 37), "unknown-operator", "no activation 'a'", "write $a",
    ),
    (
        "layers:\n  - concat: {p: {layers: [{conv: {out: 8, kernel: 1, act: a}}], branches: {a: [relu, silu]}}}\n",
        (4, 59), "unknown-operator", "no activation 'a'", "write $a",
    ),
    (
        "blocks:\n  b: {params: {act: relu}, layers: [{conv: {out: 8, kernel: 1, act: act}}]}\nlayers: [b]\n",
        (4, 69), "unknown-operator", "no activation 'act'", "write $act",
    ),
    ("layers:\n  - add: {a: relu, b: []}\n", (4, 14), "unknown-label", "no label 'relu'", "write a: [relu]"),
    (
        "layers:\n  - add: {a: {conv: {out: 16, kernel: 1}}, b: []}\n",
        (4, 14), "wrong-type", "must be a label or a list", "write a: [{conv: ..}]",
    ),
    (
        "layers:\n  - {relu: , as: x}\n  - concat: {a: [], b: x, axis: 1}\n",
        (5, 33), "wrong-type", "path 'axis'", "{concat: .., axis: ..}",
    ),
    (
        "layers:\n  - {relu: , as: x}\n  - concat: {sources: [x, prev]}\n",
        (5, 23), "wrong-type", "path 'sources' is a list of layers, got [x, prev]", "concat: [x, prev]",
    ),
    (
        "layers:\n  - {conv: {out: 4, kernel: k}, branches: {k: [1, 1]}}\n",
        (4, 33), "unknown-key", "'branches' stands on a path of a merge", "{layers: [..], branches: ..}",
    ),
    ("layers:\n  - conv: {out: 2**65, kernel: 1}\n", (4, 20), "bad-exponent", "from 0 to 64", "multiply two powers"),
    ("layers:\n  - conv: {out: 2**-1, kernel: 1}\n", (4, 20), "bad-exponent", "from 0 to 64", "divide by a power"),
    (
        "vars: {g: c_in}\nlayers:\n  - conv: {out: g, kernel: 1}\n",
        (3, 11), "unknown-name", "there is no 'c_in'", "computed before the layers",
    ),
    (
        "vars: {g: x.c//3}\nlayers:\n  - conv: {out: g, kernel: 1}\n",
        (3, 11), "unknown-label", "there is no label 'x'", "computed before the layers",
    ),
    (
        "blocks:\n  b: {params: {g: x.d}, layers: [{conv: {out: g, kernel: 1}}]}\nlayers: [b]\n",
        (4, 19), "wrong-rank", "which has no d", "it has c, h, w",
    ),
    ("layers:\n  - {bottleneck: 16}\n", (4, 6), "unknown-operator", "'bottleneck'", "write use: [std]"),
    (
        "layers:\n  - {identity: , as: x}\n  - {channel_mean: {axis: 2}}\n  - mul: [x, prev]\n",
        (6, 5), "shape-mismatch", "gates of C x 1 x 1", "broadcast: true",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "place", "code", "message", "hint"), MISTAKES)
def test_a_mistake_is_located_and_its_hint_leads_on(
    body: str, place: tuple[int, int], code: str, message: str, hint: str
) -> None:
    with pytest.raises(cnncalc.SpecError) as refused:
        cnncalc.analyze(cnncalc.parse(HEADER + body))
    here = [found for found in refused.value.diagnostics if found.code == code]
    (found,) = [found for found in here if found.span and (found.span.line, found.span.column) == place]
    assert message in found.message
    assert hint in (found.hint or "")


def test_hints_can_be_followed() -> None:
    """What some of them say, done."""

    def params(body: str) -> int:
        found = cnncalc.analyze(cnncalc.parse(HEADER + body)).totals.params
        assert found is not None
        return found

    assert params("vars: {ws: [8, 4]}\nlayers:\n  - {conv: {out: w, kernel: 1}, each: {w: ws}}\n") == 8 * 17 + 4 * 9
    assert params(OPTIONAL + "layers:\n  - {opt: , as: s}\n  - {opt: , share: s}\n") == 2 * 16 * 17


def test_repetitions_beyond_those_of_a_label_use_its_last() -> None:
    report = cnncalc.analyze(cnncalc.parse(
        HEADER + "layers:\n  - {conv: {out: 16, kernel: 1}, repeat: 2, as: s}\n  - {conv: , share: s, repeat: 4}\n"
    ))  # fmt: skip
    assert [row.shares for row in report.layers] == [None, None, "s.0", "s.1", "s.1", "s.1"]


def test_a_path_may_have_the_name_of_an_argument() -> None:
    """`axis` and `sources` are names of paths where what follows is a path."""
    report = cnncalc.analyze(cnncalc.parse(HEADER + "layers:\n  - concat: {axis: [], sources: [relu], p: []}\n"))
    assert report.layers[-1].out_shape == (48, 16, 16)


def test_c_in_of_merges() -> None:
    """The first label's channels where all sources are labels, else what the paths start from."""
    start = "layers:\n  - {relu: , as: a}\n  - {conv: {out: 8, kernel: 1}}\n"
    labels = cnncalc.analyze(cnncalc.parse(HEADER + start + "  - {add: [a, input], when: c_in == 16}\n"))
    assert labels.layers[-1].op == "add"
    paths = "  - {concat: {old: a, new: [relu]}, when: c_in == 8}\n"
    assert cnncalc.analyze(cnncalc.parse(HEADER + start + paths)).layers[-1].out_shape == (24, 16, 16)
