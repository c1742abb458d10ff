"""The editor's engine: findings, numbers beside the lines, and what is kept while a line is half written."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from cnncalc.api import analyze
from cnncalc.editor.document import Document
from cnncalc.editor.fixes import fixes
from cnncalc.editor.formatting import FormatError, formatted
from cnncalc.editor.hints import chosen_parts, inlay_hints, lenses
from cnncalc.editor.hover import hover
from cnncalc.editor.outline import folds, outline
from cnncalc.editor.text import Edit, Position, Shift, TextRange, edited
from cnncalc.editor.tokens import pieces
from cnncalc.language.write import plain_data
from cnncalc.language.yaml_text import read
from cnncalc.values.diagnostics import SpecError

SPECS = Path(__file__).parents[2] / "specs"
ZOO = sorted(SPECS.glob("*.yaml"))
NET = """\
cnncalc: 1
input: [3, 32, 32]
vars: {width: 16}
blocks:
  twice:
    params: {out: }
    layers:
      - {conv: {out: out, kernel: 3, padding: 1, bias: false}, repeat: 2}
      - relu
layers:
  - conv: {out: width, kernel: 3}      # a comment
  - {twice: width, as: a}
  - {twice: 2*width, repeat: 3, as: b}
  - global_avg_pool
  - flatten
  - linear: 10
budgets: {params: 100k, macs: 1M}
"""


def hints(document: Document, *parts: str) -> dict[int, str]:
    document.findings()
    return {h.at.line: h.text for h in inlay_hints(document, parts or ("output", "receptive_field", "macs"))}


def test_the_numbers_beside_a_line_are_those_of_the_report() -> None:
    found = hints(Document("net.yaml", NET), "output", "receptive_field", "macs", "params", "layers")
    report = analyze({**plain_data(read(NET)[0]), "budgets": {}})
    conv = report["conv1"]
    assert (conv.out_shape, conv.macs) == ((16, 30, 30), 388_800)
    assert found[11] == "-> 16x30x30  rf 3  389 k  params 448  layers 1"
    # Two calls, of which the second is repeated three times: four times two convolutions, 3x3, without bias.
    inner = [layer for layer in report.layers if layer.op == "conv" and layer.path != "conv1"]
    assert len(inner) == 8
    macs = 2 * 9 * 16 * 16 * 900 + (9 * 16 * 32 + 5 * 9 * 32 * 32) * 900
    assert sum(layer.macs or 0 for layer in inner) == macs == 49_766_400
    assert found[8] == "4 x  -> 16x30x30 .. 32x30x30  rf 7 .. 19  49.8 M  params 55.3 k  layers 8"
    assert found[13] == "-> 32x30x30  rf 19  45.6 M  params 50.7 k  layers 9"
    assert found[16] == "-> 10  rf global  320  params 330  layers 1"
    assert found[17] == "params 56.1k, 56.07 %; macs 50.2M over its limit"


def test_what_is_shown_is_chosen_by_the_names_of_columns() -> None:
    assert chosen_parts(["rf", "nothing", "params", "layer", "rf"]) == ("receptive_field", "params")
    assert hints(Document("net.yaml", NET), "params")[11] == "params 448"


def test_a_block_with_several_outputs_shows_each() -> None:
    text = """\
input: [4, 8, 8]
blocks:
  fork:
    outputs: [wide, deep]
    layers:
      - {conv: {out: 6, kernel: 1}, as: wide}
      - {conv: {out: 2, kernel: 3}, as: deep}
layers:
  - {fork: , as: [one, two]}
  - {conv: {out: 1, kernel: 1}, from: one, as: end}
outputs: [end, two]
"""
    assert hints(Document("net.yaml", text), "output")[9] == "-> 6x8x8, 2x6x6"


def test_the_totals_stand_above_the_layers_and_the_blocks() -> None:
    report = analyze(read_mapping(NET))
    document = Document("net.yaml", NET)
    document.findings()
    found = {lens.line: lens.text for lens in lenses(document)}
    assert set(found) == {5, 10}
    assert found[10] == f"{len(report.layers)} layers, 56.1 k params, 50.2 M MACs, rf 19"
    assert found[5] == "2 calls, 55.3 k params, 49.8 M MACs"


def read_mapping(text: str) -> dict[str, object]:
    found: dict[str, object] = plain_data(read(text)[0])
    return found


@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_every_item_of_the_zoo_has_the_sum_of_its_layers(path: Path) -> None:
    """The items of `layers:` together are the whole network, path by path."""
    document = Document(str(path), path.read_text(encoding="utf-8"))
    assert document.findings() == analyze(str(path)).warnings
    report = document.now.report
    assert report is not None
    own = [layer for reached in document.now.uses.values() for use in reached for layer in use.layers
           if not layer.calls]  # fmt: skip
    assert sorted(layer.path for layer in own) == sorted(layer.path for layer in report.layers if not layer.calls)
    assert hints(document)
    assert outline(document)
    assert folds(document)
    assert pieces(document)


def test_a_half_written_line_keeps_the_numbers_of_the_others() -> None:
    document = Document("net.yaml", NET)
    before = hints(document)
    document.update(NET.replace("  - global_avg_pool\n", "  - global_avg_pool\n  - conv: {out: 3, ker\n"))
    assert [finding.code for finding in document.findings()] == ["yaml-syntax"]
    after = {hint.at.line: hint for hint in inlay_hints(document)}
    assert after[14].text == before[14]
    assert 15 not in after
    assert after[16].text == before[15]
    assert all(hint.old for hint in after.values())


def test_a_wrong_layer_keeps_its_own_numbers_before_it_and_old_ones_behind() -> None:
    document = Document("net.yaml", NET)
    document.findings()
    document.update(NET.replace("- global_avg_pool", "- max_pool: {kernel: 300}").replace("width: 16", "width: 8"))
    assert all(hint.old for hint in inlay_hints(document))
    document.findings()
    after = {hint.at.line: hint for hint in inlay_hints(document)}
    assert (after[11].text, after[11].old) == ("-> 8x30x30  rf 3  194 k", False)
    assert 14 not in after
    assert after[15].old


def test_the_first_text_may_be_wrong() -> None:
    document = Document("net.yaml", "layers: [")
    assert [finding.code for finding in document.findings()] == ["yaml-syntax"]
    assert not any((inlay_hints(document), lenses(document), outline(document), pieces(document)))
    document.update(NET)
    assert hints(document)


def test_a_file_of_blocks_is_judged_as_those_who_use_it_are_told(tmp_path: Path) -> None:
    text = "cnncalc: 1\nblocks:\n  a:\n    layers:\n      - conv: {out: 3, kernal: 3}\n      - b\n"
    (tmp_path / "blocks.yaml").write_text(text)
    spec = "cnncalc: 1\ninput: [3, 8, 8]\nuse: [blocks.yaml]\nlayers: [a]\n"
    (tmp_path / "net.yaml").write_text(spec)
    with pytest.raises(SpecError) as caught:
        analyze(str(tmp_path / "net.yaml"))
    told = [(d.code, d.message, d.span and d.span[:3]) for d in caught.value.diagnostics]
    document = Document(str(tmp_path / "blocks.yaml"), text)
    assert [(d.code, d.message, d.span and d.span[:3]) for d in document.findings()] == told
    assert all(d.span is not None and not d.span.file for d in document.findings())


def test_an_open_file_outranks_the_saved_one(tmp_path: Path) -> None:
    blocks = tmp_path / "blocks.yaml"
    blocks.write_text("blocks: {a: {layers: [{conv: {out: 3, kernel: 3}}]}}\n")
    opened = {str(blocks): "blocks: {a: {layers: [{conv: {out: 5, kernel: 3}}]}}\n"}
    text = "input: [3, 8, 8]\nuse: [blocks.yaml]\nlayers:\n  - a\n"
    assert hints(Document(str(tmp_path / "net.yaml"), text, opened.get), "output") == {4: "-> 5x6x6"}
    assert hints(Document(str(tmp_path / "net.yaml"), text), "output") == {4: "-> 3x6x6"}


# Repairs.


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("conv: {out: 4, kernal: 3}", "conv: {out: 4, kernel: 3}"),
        ("conv: {filters: 4, kernel: 3}", "conv: {out: 4, kernel: 3}"),
        ("convv: {out: 4, kernel: 3}", "conv: {out: 4, kernel: 3}"),
        ("conv: {out: 4, kernel: 3, act: Relu}", "conv: {out: 4, kernel: 3, act: relu}"),
        ("conv: {out: 4, kernel: 3, padding: sme}", "conv: {out: 4, kernel: 3, padding: same}"),
        ("conv: {out: widht, kernel: 3}", "conv: {out: width, kernel: 3}"),
        ('conv: {out: 4, kernel: "(3, 3)"}', "conv: {out: 4, kernel: [3, 3]}"),
        ("conv: {out: 1_000, kernel: 3}", "conv: {out: 1000, kernel: 3}"),
    ],
)
def test_a_hint_that_names_what_to_write_is_a_repair(wrong: str, right: str) -> None:
    text = f"input: [3, 8, 8]\nvars: {{width: 4}}\nlayers:\n  - {wrong}\n"
    document = Document("net.yaml", text)
    (finding,) = document.findings()
    after = [edited(text, fix.edits) for fix in fixes(document, finding)]
    assert after == [text.replace(wrong, right)]
    assert not Document("net.yaml", after[0]).findings()


def test_a_repair_that_does_not_help_is_not_offered() -> None:
    document = Document("net.yaml", 'input: [3, 8, 8]\nlayers:\n  - conv: {out: "floor(1, 2)", kernel: 3}\n')
    (finding,) = document.findings()
    assert finding.hint == "write floor(x)"
    assert fixes(document, finding) == []


def test_a_warning_can_be_accepted() -> None:
    text = "input: [3, 8, 8]\nlayers:\n  - {conv: {out: 4, kernel: 3}, as: a}\n  - {relu: , from: input}\n"
    document = Document("net.yaml", text)
    (finding,) = document.findings()
    (fix,) = fixes(document, finding)
    assert not Document("net.yaml", edited(text, fix.edits)).findings()


# Text.


def test_edits_are_made_from_the_end() -> None:
    edits = [Edit(TextRange(1, 2, 1, 3), "X"), Edit(TextRange(2, 1, 3, 1), ""), Edit(TextRange(3, 3, 9, 9), "!")]
    assert edited("abc\ndef\nghi\n", edits) == "aXc\ngh!"


def test_lines_are_found_again() -> None:
    shift = Shift(["a", "b", "c", "d"], ["a", "x", "y", "c", "d"])
    assert [shift.forward(n) for n in (1, 2, 3, 4)] == [1, None, 4, 5]
    assert [shift.back(n) for n in (1, 2, 3, 4, 5)] == [1, None, None, 3, 4]


@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_formatting_keeps_what_a_spec_says_and_every_comment(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    new = formatted(text)
    assert plain_data(read(new)[0]) == plain_data(read(text)[0])
    assert formatted(new) == new
    comments = [line[line.index("#") :] for line in text.splitlines() if line.startswith("#") or "  #" in line]
    assert [line[line.index("#") :] for line in new.splitlines() if line.startswith("#") or " #" in line] == comments


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("layers: [", "cannot be read"),
        ("cnncalc: 1\ninput: [3,  # channels\n  8, 8]  # size\nlayers: [relu]\n", "behind another one"),
        ("cnncalc: 1\nvars: {a: 1,\n  # of the second\n  b: 2}\nlayers: [relu]\n", "no line of its own"),
    ],
)
def test_what_cannot_be_formatted_is_refused(text: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        formatted(text)


def test_a_comment_goes_where_its_line_goes() -> None:
    text = (
        "# head\ninput: [3,8,8]\ncnncalc: 1\nlayers:\n# of the next\n- conv: {out:   4, kernel: 3}   # the first\n"
        "- 'relu'\n# end\n"
    )
    assert formatted(text) == (
        "cnncalc: 1\n# head\ninput: [3, 8, 8]\nlayers:\n  # of the next\n  - conv: {out: 4, kernel: 3}  # the first\n"
        "  - relu\n# end\n"
    )


# Said under the cursor.


def at(document: Document, word: str, number: int = 1) -> Position:
    """Return the place of the n-th time that a text stands in a document."""
    offset = -1
    for _ in range(number):
        offset = document.text.index(word, offset + 1)
    before = document.text[:offset]
    return Position(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 2)


@pytest.mark.parametrize(
    ("word", "number", "said"),
    [
        ("conv:", 2, "macs = k*k*C_in/g*C_out*H'*W' = 3*3*3/1*16*30*30 = 388,800"),
        ("twice", 1, "2 calls, 55,296 params, 49,766,400 MACs"),
        ("twice", 3, "`b` 6 conv, 3 relu"),
        ("width", 1, "**width** = `16` (variable)"),
        ("width", 2, "**width** = `16` (variable)"),
        ("kernel", 1, "**kernel** of `conv`: integer >= 1, or one per axis"),
        ("out: }", 1, "**out**: parameter of `twice`, required"),
        ("repeat", 1, "Chains the layer this many times"),
        ("macs", 1, "macs is 50,155,520 (50.2M); at most 1,000,000 (1M): over its limit"),
        ("100k", 1, "params is 56,074 (56.1k); at most 100,000 (100k): within its limit"),
        ("blocks", 1, "Named lists of layers with parameters"),
        ("linear", 1, "params"),
    ],
)
def test_a_word_says_what_it_is(word: str, number: int, said: str) -> None:
    document = Document("net.yaml", NET)
    document.findings()
    found = hover(document, at(document, word, number))
    assert found is not None
    assert said in found.text


def test_a_comment_and_an_empty_line_say_nothing() -> None:
    document = Document("net.yaml", NET + "\n\n")
    assert hover(document, at(document, "comment")) is None
    assert hover(document, Position(19, 1)) is None
    assert hover(document, Position(400, 7)) is None


# Anything at all.

SCRAPS = [
    "", "{", "}", "[", "]", ": ", "- ", "\n", "  ", "conv", "$out", "stem.c", "'", '"', "#", "3", "as: a", "*", "é",
    "\t", "from: [prev, a]", "repeat: 3", "|", "&a", "- conv: {out: 3, kernel: 3}\n", "\u2028", "\0",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_random_edits_are_taken_without_exception(seed: int) -> None:
    """What the findings are is what a fresh analysis says; everything else answers something."""
    choose = random.Random(seed)  # noqa: S311 - for repeatable edits
    path = choose.choice(ZOO)
    document = Document(str(path), path.read_text(encoding="utf-8"))
    for _ in range(12):
        text = document.text
        start = choose.randrange(len(text) + 1)
        end = min(len(text), start + choose.choice([0, 0, 1, 3, 20]))
        document.update(text[:start] + choose.choice(SCRAPS) + text[end:])
        document.findings()
        inlay_hints(document)
        lenses(document)
        outline(document)
        folds(document)
        pieces(document)
        line = choose.randrange(1, len(document.now.lines) + 2)
        hover(document, Position(line, choose.randrange(1, 60)))
        for finding in document.findings()[:1]:
            fixes(document, finding)
        fresh = Document(str(path), document.text)
        assert fresh.findings() == document.findings()
