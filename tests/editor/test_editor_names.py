"""The editor's engine: names, where they lead, their renaming, and what can be typed where."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncalc.api import analyze
from cnncalc.editor.completion import completions
from cnncalc.editor.document import Document
from cnncalc.editor.navigation import RenameError, definition, references, rename
from cnncalc.editor.outline import folds, outline
from cnncalc.editor.text import Position, edited
from cnncalc.editor.tokens import pieces
from cnncalc.language.document import parse
from cnncalc.language.standard import FILE as STD_FILE
from cnncalc.language.template import MODIFIERS
from cnncalc.ops import base as ops
from cnncalc.values.diagnostics import SpecError

SPECS = Path(__file__).parents[2] / "specs"
ZOO = sorted(SPECS.glob("*.yaml"))
NET = """\
cnncalc: 1
input: [3, 32, 32]
use: [std]
vars: {width: 16, half: width//2}
variants:
  wide: {width: 32}
blocks:
  twice:
    params: {out: width, act: relu}
    layers:
      - {conv: {out: out, kernel: 3, act: $act}, as: inner}
      - {conv: {out: inner.c, kernel: 1}, from: inner}
  gate:
    inputs: [x, g]
    layers:
      - mul: [x, g]
layers:
  - {conv: {out: width, kernel: 3}, as: stem}
  - {twice: {out: half, act: silu}, as: inner}
  - add:
      body:
        - {conv: {out: 2*half - width + inner.c, kernel: 1}, as: deep}
      skip: inner
  - {conv: {out: w, kernel: 1}, each: {w: [4, 8]}}
  - {upsample: {like: stem}}
  - {basic: {out: inner.c*2}, share: none}
outputs: [prev]
""".replace("outputs: [prev]\n", "")


def where(text: str, mark: str = "|") -> tuple[str, Position]:
    """Return a text without its mark, and where that was."""
    offset = text.index(mark)
    before = text[:offset]
    return before + text[offset + len(mark) :], Position(
        before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
    )  # fmt: skip


def place(text: str, word: str, number: int = 1) -> Position:
    offset = -1
    for _ in range(number):
        offset = text.index(word, offset + 1)
    return where(f"{text[:offset]}\0{text[offset:]}", "\0")[1]


def lines_of(word: str, number: int = 1) -> list[int]:
    document = Document("net.yaml", NET)
    return [found.range.line for found in references(document, place(NET, word, number))]


def test_the_test_s_own_spec_is_right() -> None:
    assert analyze(parse(NET)).layers


@pytest.mark.parametrize(
    ("word", "number", "lines"),
    [
        ("width", 1, [4, 4, 6, 9, 18, 22]),  # variable; not the parameter's default alone
        ("half", 1, [4, 19, 22]),
        ("twice", 1, [8, 19]),
        ("out:", 1, [9, 11, 19]),  # the parameter and its use, not the operator's argument
        ("act", 1, [9, 11, 19]),
        ("inner", 1, [11, 12, 12]),  # the label inside the block
        ("inner", 4, [19, 22, 23, 26]),  # the label of the file
        ("stem", 1, [18, 25]),
        ("deep", 1, [22]),
        ("w,", 1, [24, 24]),
        ("g]", 1, [14, 16]),
        ("basic", 1, [26]),
    ],
)
def test_a_name_is_found_wherever_it_stands(word: str, number: int, lines: list[int]) -> None:
    assert lines_of(word, number) == lines


def test_a_name_leads_to_where_it_is_declared() -> None:
    document = Document("net.yaml", NET)
    found = definition(document, place(NET, "inner", 5))
    assert found is not None
    assert (found.path, found.range.line) == ("net.yaml", 19)
    shipped = definition(document, place(NET, "basic"))
    assert shipped is not None
    assert shipped.path == str(STD_FILE)
    assert STD_FILE.read_text(encoding="utf-8").splitlines()[shipped.range.line - 1].startswith("basic:")
    used = definition(document, place(NET, "std"))
    assert used is not None
    assert used.path == str(STD_FILE)
    assert definition(document, place(NET, "kernel")) is None


def test_a_name_is_found_after_the_text_cannot_be_read() -> None:
    document = Document("net.yaml", NET)
    text = NET.replace("  - add:\n", "  - {conv: \n  - add:\n")
    document.update(text)
    assert document.now.spec is None
    found = definition(document, place(text, "stem", 2))
    assert found is not None
    assert found.range.line == 18
    assert [one.range.line for one in references(document, place(text, "inner", 4))] == [19, 23, 24, 27]


@pytest.mark.few
@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_renaming_everything_in_the_zoo_changes_no_number(path: Path) -> None:
    """Every label, block, variable and parameter in turn gets another name: paths change by it, numbers do not."""
    text = path.read_text(encoding="utf-8")
    document = Document(str(path), text)
    names = document.names()
    assert names is not None
    before = document.now.report
    assert before is not None
    numbers = [(x.op, x.out_shapes, x.params, x.macs, x.receptive_field) for x in before.layers]
    declared = list({one.symbol: one for one in names.occurrences if one.declares}.values())
    assert declared
    for one in declared[:: max(1, len(declared) // 6)]:
        if one.symbol.name == "input":
            continue
        changes = rename(document, Position(one.span.line, one.span.column), "zz_new")
        assert list(changes) == [str(path)]
        after = Document(str(path), edited(text, changes[str(path)]))
        assert after.now.outcome.whole, (one, [d.render() for d in after.findings()])
        report = after.now.report
        assert report is not None
        assert [(x.op, x.out_shapes, x.params, x.macs, x.receptive_field) for x in report.layers] == numbers, one


@pytest.mark.parametrize(
    ("word", "number", "name", "why"),
    [
        ("stem", 1, "inner", "there is a label 'inner'"),
        ("stem", 1, "c_in", "reserved"),
        ("stem", 1, "3a", "not a name"),
        ("twice", 1, "conv", "name of an operator"),
        ("twice", 1, "gate", "there is a block"),
        ("half", 1, "width", "there is a variable"),
        ("basic", 1, "mine", "shipped"),
        ("kernel", 1, "mine", "no label, block"),
        ("input", 1, "mine", "word of the language"),
        ("out:", 1, "width", "there is a variable"),
    ],
)
def test_a_renaming_that_would_change_the_meaning_is_refused(word: str, number: int, name: str, why: str) -> None:
    with pytest.raises(RenameError, match=why):
        rename(Document("net.yaml", NET), place(NET, word, number), name)


def test_a_label_is_renamed_in_the_patterns_of_budgets() -> None:
    text = NET + "budgets: {layers: [{match: inner.*, macs: 1G}, {match: '*.inner', macs: 1G}]}\n"
    changes = rename(Document("net.yaml", text), place(text, "inner", 4), "deeper")
    assert edited(text, changes["net.yaml"]).splitlines()[-1] == (
        "budgets: {layers: [{match: deeper.*, macs: 1G}, {match: '*.inner', macs: 1G}]}"
    )


def test_a_name_in_text_of_several_lines_is_not_renamed_in_part() -> None:
    text = 'input: [3, 8, 8]\nvars: {a: 4}\nlayers:\n  - conv: {out: "a +\n      a", kernel: 1}\n'
    assert analyze(parse(text)).layers
    with pytest.raises(RenameError, match="by hand"):
        rename(Document("net.yaml", text), place(text, "a: 4"), "b")


def test_a_block_of_another_file_is_renamed_in_both(tmp_path: Path) -> None:
    blocks = "cnncalc: 1\nblocks:\n  unit:\n    params: {c: }\n    layers:\n      - {conv: {out: c, kernel: 3}}\n"
    spec = "cnncalc: 1\ninput: [3, 8, 8]\nuse: [parts/blocks.yaml]\nlayers:\n  - {unit: {c: 4}}\n"
    (tmp_path / "parts").mkdir()
    library, net = tmp_path / "parts" / "blocks.yaml", tmp_path / "net.yaml"
    library.write_text(blocks)
    net.write_text(spec)
    user, used = Document(str(net), spec), Document(str(library), blocks)
    there = definition(user, place(spec, "unit"))
    assert there is not None
    assert (there.path, there.range.line, there.range.column) == (str(library), 3, 3)
    parameter = definition(user, place(spec, "c: 4"))
    assert parameter is not None
    assert (parameter.path, parameter.range.line) == (str(library), 4)
    file = definition(user, place(spec, "parts"))
    assert file is not None
    assert file.path == str(library)
    for start, at in ((user, place(spec, "unit")), (used, place(blocks, "unit"))):
        changes = rename(start, at, "cell", [user, used])
        assert set(changes) == {str(net), str(library)}
        assert edited(spec, changes[str(net)]) == spec.replace("unit", "cell")
        assert edited(blocks, changes[str(library)]) == blocks.replace("unit", "cell")
    changes = rename(used, place(blocks, "c: }"), "n", [user, used])
    assert edited(spec, changes[str(net)]) == spec.replace("c: 4", "n: 4")
    assert edited(blocks, changes[str(library)]) == blocks.replace("c: }", "n: }").replace("out: c", "out: n")


# Structure and colours.


def test_the_outline_has_sections_blocks_and_layers() -> None:
    found = {entry.name: entry for entry in outline(Document("net.yaml", NET))}
    assert list(found) == ["input", "use", "vars", "variants", "blocks", "layers"]
    assert [child.name for child in found["blocks"].children] == ["twice", "gate"]
    assert [child.name for child in found["blocks"].children[0].children] == ["inner", "conv"]
    layers = found["layers"].children
    assert [child.name for child in layers] == ["stem", "inner", "add", "conv", "upsample", "basic"]
    assert [(child.name, child.line, child.last) for child in layers[2].children] == [("body", 21, 22)]
    assert (found["layers"].line, found["layers"].last) == (17, 26)


def test_what_is_indented_below_a_line_folds_into_it() -> None:
    found = {fold.first: fold.last for fold in folds(Document("net.yaml", NET))}
    assert found == {5: 6, 7: 16, 8: 12, 10: 12, 13: 16, 15: 16, 17: 26, 20: 23, 21: 22}
    comments = folds(Document("net.yaml", "# one\n# two\n# three\ninput: [3, 8, 8]\nlayers: [relu]\n"))
    assert [(fold.first, fold.last) for fold in comments if fold.comment] == [(1, 3)]


def test_expressions_have_colours() -> None:
    text = 'input: [3, 8, 8]\nvars: {a: 4}\nlayers:\n  - {conv: {out: "max(a, c_in)*2", kernel: 3}, when: not a == 1}\n'
    line = text.splitlines()[3]
    found = [(line[p.column - 1 : p.column - 1 + p.length], p.kind) for p in pieces(Document("n", text)) if p.line == 4]
    assert found == [
        ("conv", "operator"), ("max", "function"), ("a", "variable"), ("c_in", "keyword"), ("*", "sign"),
        ("2", "number"), ("not", "keyword"), ("a", "variable"), ("==", "sign"), ("1", "number"),
    ]  # fmt: skip


# Completion.


def offered(marked: str, before: str = NET) -> dict[str, str]:
    """Return what is offered at the mark, behind a text that was right."""
    document = Document("net.yaml", before)
    document.findings()
    text, at = where(marked if marked.startswith("!") else before + marked)
    document.update(text.removeprefix("!"))
    return {one.label: one.edit.text for one in completions(document, at)}


@pytest.mark.parametrize(
    ("typed", "wanted", "unwanted"),
    [
        ("  - |", {"conv", "twice", "basic", "add", "relu", "$width"}, {"as", "kernel", "layers"}),
        ("  - tw|", {"twice"}, {"conv"}),
        ("  - {|", {"conv", "twice"}, {"as"}),
        ("  - {conv: {out: 3, kernel: 3}, |", set(MODIFIERS), {"relu", "twice"}),
        ("  - conv: {out: 3, kernel: 3}\n    |", set(MODIFIERS), {"relu"}),
        ("  - {conv: {|", {"out", "kernel", "norm"}, {"width", "as"}),
        ("  - conv:\n      |", {"out", "kernel", "norm"}, {"as"}),
        ("  - {conv: {out: 3, |", {"kernel"}, {"out"}),
        ("  - {conv: {|, kernel: 3}}", {"out"}, {"kernel"}),
        ("  - {conv: {out: |", {"width", "half", "c_in", "stem", "max"}, {"same", "out", "deep", "w"}),
        ("  - {conv: {out: stem.|", {"stem.c", "stem.h", "stem.w"}, {"width"}),
        ("  - {conv: {out: 3, padding: |", {"same", "half"}, {"relu"}),
        ("  - {conv: {out: 3, act: |", {"relu", "none", "silu"}, {"batch_norm", "width"}),
        ("  - {conv: {out: 3, norm: {|", {"batch_norm", "group_norm"}, {"relu"}),
        ("  - {conv: {out: 3, norm: {group_norm: {|", {"groups"}, {"kernel"}),
        ("  - {conv: {out: 3, kernel: 3, bias: |", {"true", "false"}, set()),
        ("  - {twice: {|", {"out", "act"}, {"kernel"}),
        ("  - {relu: , from: |", {"prev", "stem", "inner", "input"}, {"deep", "width", "x"}),
        ("  - {relu: , from: [stem, |", {"inner"}, {"width"}),
        ("  - {relu: , when: |", {"true", "width", "c_in"}, set()),
        ("  - {relu: , share: |", {"stem"}, {"width"}),
        ("  - concat: [|", {"stem", "prev"}, {"conv"}),
        ("  - add:\n      body: [|", {"conv", "twice"}, {"stem"}),
        ("  - add:\n      body: |", {"stem"}, {"conv"}),
        ("  - add:\n      body:\n        - |", {"conv", "twice"}, {"stem"}),
        ("  - {concat: [stem, inner], |", {"axis", "as"}, {"relu"}),
        ("  - {upsample: {like: |", {"stem"}, {"width"}),
        ("budgets: {|", {"macs", "params", "peak_activation", "dtype"}, {"layers:"}),
        ("budgets: {max_increase: {|", {"macs"}, {"dtype"}),
        ("budgets: {macs: {|", {"max", "min"}, {"macs"}),
        ("budgets: {convention: |", {"exact", "fvcore"}, {"int8"}),
        ("budgets: {dtype: |", {"int8"}, {"exact"}),
        ("budgets: {device: |", {"stm32f412"}, {"exact"}),
        ("budgets: {runtime: |", {"tflm"}, {"exact"}),
        ("budgets:\n  layers:\n    - {|", {"match", "macs"}, {"dtype"}),
        ("accept: [|", {"misaligned-merge"}, {"yaml-syntax"}),
        ("|", {"budgets", "name", "outputs"}, {"layers", "vars", "conv"}),
        ("outputs: [|", {"stem"}, {"width"}),
        ("defaults:\n  |", {"conv", "batch_norm"}, {"twice"}),
        ("defaults: {conv: {|", {"kernel", "act"}, {"as"}),
        ("variants:\n  other: {|", {"width", "half"}, {"stem"}),
        ("!|", {"cnncalc", "input", "layers"}, {"conv"}),
        ("!use: [|", {"std"}, {"conv"}),
        ("!blocks:\n  a:\n    |", {"params", "layers"}, {"input"}),
        ("  - conv: 3 # |", set(), {"conv"}),
        ("name: |", set(), {"conv"}),
    ],
)
def test_what_is_offered(typed: str, wanted: set[str], unwanted: set[str]) -> None:
    found = set(offered(typed))
    assert wanted <= found, wanted - found
    assert not unwanted & found


def test_a_block_s_body_sees_its_own_names() -> None:
    text = NET.replace("from: inner}\n  gate", "from: |}\n  gate")
    assert set(offered("!" + text)) == {"prev", "x", "inner"}
    text = NET.replace("{out: inner.c, kernel", "{out: |, kernel")
    found = set(offered("!" + text))
    assert {"out", "width", "inner"} <= found
    assert "stem" not in found


def test_the_first_text_may_be_half_written() -> None:
    text, at = where(NET + "  - {conv: {out: w|")
    assert {one.label for one in completions(Document("net.yaml", text), at)} >= {"width"}


def test_what_is_put_in_for_an_operator_is_right_or_lacks_a_value() -> None:
    """The schema's completion inserted `relu: relu`; what is inserted here is never refused for what it says."""
    document_text = NET + "  - |"
    text, at = where(document_text)
    document = Document("net.yaml", NET)
    document.findings()
    document.update(text)
    lacking = {"missing-argument", "bad-argument", "wrong-type", "yaml-syntax", "unknown-label"}
    codes = set()
    found = [one for one in completions(document, at) if one.kind == "operator"]
    assert {one.label for one in found} == {cls.name for cls in ops.operators()}
    for one in found:
        try:
            analyze(parse(edited(text, [one.edit])))
        except SpecError as error:
            codes |= {d.code for d in error.diagnostics}
        cls = ops.find(one.label)
        assert cls is not None
        if cls.sources == 1 and not any(declared.required for declared in cls.args.values()):
            assert one.edit.text == one.label
    assert not codes & {"unknown-operator", "unknown-argument", "unexpected-argument", "unknown-key"}, codes - lacking


def test_a_letter_in_the_middle_is_enough() -> None:
    assert "global_avg_pool" in offered("  - gap|")
    assert "batch_norm" in offered("  - bn|")
    assert offered("  - Conv2d|") == {"conv2d": "conv: {out: , kernel: }"}
