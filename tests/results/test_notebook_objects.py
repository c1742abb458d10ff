"""In a notebook every object speaks: parts of a report are tables, totals are lists, a mistake is its lines."""

from __future__ import annotations

import pickle
from base64 import b64decode
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

import cnncalc
from cnncalc import explain
from cnncalc.render.explain import to_text
from cnncalc.render.rf_svg import to_svg
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from pathlib import Path

RESNET = cnncalc.analyze("resnet50")


class Cells(HTMLParser):
    """The texts of a page's cells, row by row."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"} and self.rows:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def test_a_match_is_a_tuple_that_prints_as_the_table() -> None:
    part = RESNET.match("layer4.*")
    assert part == tuple(layer for layer in RESNET.layers if layer.path.startswith("layer4."))
    lines = repr(part).splitlines()
    assert any("body" in line or "conv" in line for line in lines)
    assert any(line.startswith("Total") and f"{len(part)} layers" in line for line in lines)
    assert max(map(len, lines)) <= 140
    assert repr(RESNET.match("nothing")) == "no layers"


@pytest.mark.parametrize("pattern", ["layer4.*", "conv1*", "*", "layer1.0.add1.skip.conv1"])
def test_its_totals_are_the_sums(pattern: str) -> None:
    part = RESNET.match(pattern)
    totals = part.totals
    assert totals.layers == len(part)
    for name in ("params", "buffers", "macs", "flops", "bytes", "activations", "connections"):
        assert getattr(totals, name) == sum(getattr(layer, name) for layer in part), name
    if pattern == "*":
        assert totals == RESNET.totals


def test_blocks_add_up_to_the_network() -> None:
    parts = [RESNET.match(f"layer{k}.*").totals.params for k in (1, 2, 3, 4)]
    rest = sum(layer.params or 0 for layer in RESNET.layers if not layer.path.startswith("layer"))
    assert sum(parts) + rest == 25_557_032


def test_the_plain_form_of_a_report_is_its_table() -> None:
    text = cnncalc.analyze("lenet5")._repr_mimebundle_()["text/plain"]
    assert "61,706" in text
    assert all(layer.path.rpartition(".")[2] in text for layer in cnncalc.analyze("lenet5").layers)
    assert len(RESNET._repr_mimebundle_()["text/plain"].splitlines()) < 90


@pytest.mark.parametrize(("shown", "words"), [
    (RESNET.totals, ("25,557,032", "4,089,184,256")), (RESNET.summary, ("427x427", "2,048", "layer4.2.relu1")),
    (RESNET.layers[0], ("conv1  conv 64", "9,408", "118,013,952", "64x112x112")),
])  # fmt: skip
def test_a_part_of_a_report_is_a_list_in_a_real_table(shown: object, words: tuple[str, ...]) -> None:
    said: list[str] = []

    class Printer:
        text = staticmethod(said.append)

    shown._repr_pretty_(Printer(), cycle=False)  # type: ignore[attr-defined]
    html = shown._repr_html_()  # type: ignore[attr-defined]
    assert html.startswith("<table>")
    assert all(len(row) == 2 for row in Cells(html).rows)
    for word in words:
        assert word in said[0]
        assert word in html
    assert max(map(len, said[0].splitlines())) < 240


def test_hostile_names_are_data() -> None:
    spec = {"cnncalc": 1, "name": "<script>", "input": [3, 8, 8], "layers": [{"relu": None, "as": "a"}]}
    report = cnncalc.analyze(spec)
    assert "<script>" not in report.match("*")._repr_html_()  # type: ignore[operator]
    assert "<script>" not in report["a"]._replace(path="<script>")._repr_html_()
    assert "<script>" not in report["a"]._repr_html_()
    assert "<script>" not in report.explain()._repr_html_()
    assert "<script>" not in report.rf("a", at=(1, 1))._repr_html_()


def printed(shown: Any) -> str:
    """Return what IPython prints of an object without a browser."""
    said: list[str] = []

    class Printer:
        text = staticmethod(said.append)

    shown._repr_pretty_(Printer(), False)
    return "".join(said)


def test_a_layer_of_a_report_prints_as_explain_does() -> None:
    layer = RESNET["conv1"]
    said = to_text(explain("resnet50", "conv1"), 100)
    assert repr(layer) == printed(layer) == said
    assert "= 7*7*3/1*64" in said
    assert escape(said) in layer._repr_html_()
    assert layer == RESNET.layers[0]
    assert hash(layer) == hash(RESNET.layers[0])
    again = pickle.loads(pickle.dumps(layer))  # noqa: S301 - our own
    assert again == layer
    assert type(again) is cnncalc.Layer
    assert layer._replace(params=1).params == 1


def test_totals_and_summary_printed_as_one_wall() -> None:
    for shown, words in ((RESNET.totals, "macs"), (RESNET.summary, "receptive field")):
        lines = str(shown).splitlines()
        assert str(shown) == printed(shown)
        assert len(lines) > 10
        assert any(line.strip().startswith(words) for line in lines)
        assert max(map(len, lines)) < 240


def test_a_path_that_is_none_was_a_bare_key_error() -> None:
    with pytest.raises(KeyError, match="did you mean 'conv1'"):
        RESNET["conv99"]
    with pytest.raises(KeyError, match="'layer1' is a block"):
        RESNET["layer1"]
    with pytest.raises(ValueError, match="no layer matches") as caught:
        RESNET.explain("conv99")
    assert caught.value.__notes__ == ["hint: did you mean 'conv1'?"]


def test_a_report_explains_its_layers_under_its_own_options() -> None:
    report = cnncalc.analyze("resnet18", input="3x64x96", batch=3, convention="2mac", deploy=True)
    found = report.explain("layer1.*")
    assert [layer.path for layer in found.layers] == [layer.path for layer in report.match("layer1.*")]
    for layer in found.layers:
        numbers = {section.key: section.formulas[-1].value for section in layer.sections if section.formulas}
        for key in {"params", "macs", "flops"} & numbers.keys():
            assert numbers[key] == getattr(report[layer.path], key), (layer.path, key)
    assert "rule 2mac" in repr(found)
    assert "3 images" in printed(found)


def test_a_report_says_what_a_unit_sees_with_its_picture() -> None:
    view = RESNET.rf("layer3", at=(6, 6))
    assert view == cnncalc.rf("resnet50", "layer3", (6, 6))
    # The last layer of layer3 has stride 16 and field 267 (Araujo et al. 2019), its unit 6 starts at -133 + 6*16.
    assert view.inputs[0].axes[0].box == (-37, 229)
    assert "this unit sees -37..229 (267 pixels)" in printed(view)
    assert "●" in printed(view)
    html = view._repr_html_()
    assert to_svg(view).encode() == b64decode(html.partition(";base64,")[2].partition('"')[0])
    assert "this unit sees -37..229 (267 pixels)" in html
    assert "●" not in html, "the picture stands there"


def test_a_report_that_was_pickled_says_that_it_no_longer_knows_its_network() -> None:
    again = pickle.loads(pickle.dumps(RESNET))  # noqa: S301 - our own
    assert again == RESNET
    assert repr(again["conv1"]).startswith("ReportLayer(path='conv1'")
    assert "9,408" in again["conv1"]._repr_html_()
    with pytest.raises(ValueError, match="analyze it again"):
        again.rf("layer3")


def test_a_report_explains_what_it_analysed_and_not_what_the_file_holds_now(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text("input: [3, 8, 8]\nlayers: [{conv: {out: 4, kernel: 3}}]\n", encoding="utf-8")
    report = cnncalc.analyze(file)
    file.write_text("input: [3, 8, 8]\nlayers: [{conv: {out: 5, kernel: 3}}]\n", encoding="utf-8")
    assert "C_out = 4" in repr(report["conv1"])


def test_a_match_survives_pickling() -> None:
    part = RESNET.match("conv1*")
    again = pickle.loads(pickle.dumps(part))  # noqa: S301 - our own
    assert again == part
    assert again.totals == part.totals


@pytest.mark.extra
def test_a_mistake_in_a_cell_is_its_located_lines_and_no_frames() -> None:
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell.instance()
    with pytest.raises(SpecError) as caught:
        cnncalc.analyze(cnncalc.parse("input: [3, 8, 8]\nlayers:\n  - convv: 3\n", "net.yaml"))
    printed: list[str] = []
    shell._showtraceback = lambda kind, value, lines: printed.extend(lines)  # noqa: ARG005
    shell.showtraceback((SpecError, caught.value, None))
    assert printed[0].startswith("net.yaml:3:5: error: ")
    assert not [line for line in printed if "File " in line or "Traceback" in line]
