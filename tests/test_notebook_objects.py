"""In a notebook every object speaks: parts of a report are tables, totals are lists, a mistake is its lines."""

from __future__ import annotations

import pickle
from html.parser import HTMLParser

import pytest

import cnncalc
from cnncalc.values.diagnostics import SpecError

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
    (RESNET["conv1"], ("conv1  conv 64", "9,408", "118,013,952", "64x112x112")),
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
