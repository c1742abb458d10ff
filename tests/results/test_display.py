"""How results show themselves: HTML, Markdown and text, hostile names included, and the page in a browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

import cnncalc
from cnncalc.gate.compare import compare
from cnncalc.reconciliation.reconcile import reconcile
from cnncalc.results.arguments import Argument

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    'a" onmouseover="alert(1)',
    "'><b>",
    "&lt;i&gt;",
    "`|**[x](javascript:alert(1))",
    "\x1b[31mred\u202etxt",
    "two\nlines",
)
VOID = {"br", "img", "input", "hr", "meta"}


class Page(HTMLParser):
    """Elements of a page, checked to be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            return
        self.words.append(data)
        if {"td", "th"} & set(self.open) and self.rows:
            self.rows[-1][-1] += data.strip("\N{EM SPACE}")


def results(name: str = "net") -> list[Any]:
    """Return one of each kind of result, of a network with this name and citation."""
    spec = {
        "cnncalc": 1,
        "name": name,
        "source": name,
        "input": [3, 32, 32],
        "layers": [{"conv": {"out": 8, "kernel": 3}, "as": "unused"}, {"conv": {"out": 16, "kernel": 3}}, "relu"],
    }
    wider = spec | {"layers": [{"conv": {"out": 8, "kernel": 3}}, {"conv": {"out": 24, "kernel": 3}}, "relu"]}
    before = cnncalc.analyze(spec)
    return [before, compare(before, cnncalc.analyze(wider)), cnncalc.memory(spec), reconcile(spec)]


@pytest.mark.parametrize("which", range(4), ids=["report", "comparison", "memory", "reconciliation"])
@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_data_in_every_form(name: str, which: int) -> None:
    bundle = results(name)[which]._repr_mimebundle_()
    page = Page(bundle["text/html"])
    plain = Page(results("plain")[which]._repr_mimebundle_()["text/html"])
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags], "a name makes no element"
    assert not any(key.startswith("on") or key in {"src", "href"} for _, attrs in page.tags for key in attrs)
    shown = name.replace("\n", " ").replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")
    assert shown in "".join(page.words)
    for text in bundle.values():
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert all(line.isprintable() for line in bundle["text/plain"].split("\n"))


def test_a_layer_with_a_hostile_argument_is_data() -> None:
    report = cnncalc.analyze({"cnncalc": 1, "name": "x", "input": [1, 8, 8], "layers": ["relu"]})
    layer = report.layers[0]._replace(given=(Argument("<script>", value=True),), path="<img>", op="<b>")
    values = {key: getattr(report, key) for key in report.__slots__} | {"layers": (layer,)}
    html = type(report)(**values).to_html()
    assert "<script" not in html
    assert "<img" not in html


@pytest.mark.parametrize("name", ["lenet5", "resnet50", "unet", "efficientnet_b7"])
def test_html_has_no_script_and_no_reference(name: str) -> None:
    page = Page(cnncalc.analyze(name).to_html())
    tags = {tag for tag, _ in page.tags}
    table = {"table", "thead", "tbody", "tfoot", "tr", "th", "td"}
    assert tags <= {"div", "style", "h4", "small", *table, "label", "input", "b", "i", "p", "br"}
    assert not re.search(r"url\(|@import|https?:", cnncalc.analyze(name).to_html().split("</style>")[0])


def test_resnet50_is_under_150_kilobytes() -> None:
    assert len(cnncalc.analyze("resnet50").to_html().encode()) < 150_000


def test_every_layer_and_every_number_stands_in_the_page() -> None:
    # He et al. 2015 as torchvision builds it: 25,557,032 parameters; 4,089,184,256 multiply-accumulates.
    report = cnncalc.analyze("resnet50")
    page = Page(report.to_html())
    rows = page.rows
    assert rows[-1][0] == "Total"
    assert rows[-1][4:6] == ["25,557,032", "4,089,184,256"]
    assert len(rows[1:-1]) - sum(tag == "input" for tag, _ in page.tags) == len(report)
    blocks = [row for row in rows if row[0].startswith("layer") and row[0].count(".") == 1]
    assert len(blocks) == 16
    outside = [rows[1], *(row for row in rows if row[0] == "linear1")]
    assert sum(int(row[5].replace(",", "")) for row in (*blocks, *outside)) == 4_089_184_256


def test_large_networks_start_folded_and_small_ones_open() -> None:
    small = cnncalc.analyze({"cnncalc": 1, "input": [3, 9, 9], "layers": [{"add": {"a": ["relu"], "b": []}}]})
    folds = [attrs for tag, attrs in Page(small.to_html()).tags if tag == "input"]
    assert folds
    assert all("checked" in attrs for attrs in folds)
    folds = [attrs for tag, attrs in Page(cnncalc.analyze("resnet50").to_html()).tags if tag == "input"]
    assert len(folds) >= 16
    assert not any("checked" in attrs for attrs in folds)


def test_a_huge_network_stays_a_page() -> None:
    report = cnncalc.analyze({"cnncalc": 1, "input": [1, 8, 8], "layers": ["relu"] * 6000})
    html = report.to_html()
    assert len(html) < 1_500_000
    assert "4,000 more" in html
    assert "6,000 layers" in html
    assert len(report._repr_mimebundle_(include={"text/markdown"})["text/markdown"]) < 400_000
    assert report.to_markdown().count("\n") > 6000, "whoever asks for all of it gets all of it"


def test_unknown_numbers_are_question_marks_and_totals_lower_bounds() -> None:
    spec = {"cnncalc": 1, "input": [3, 8, 8], "layers": [{"conv": {"out": 4, "kernel": 1}}, {"opaque": [4, 4, 4]}]}
    report = cnncalc.analyze(spec)
    rows = Page(report.to_html()).rows
    assert rows[2][4:7] == ["?", "?", "?"]
    assert rows[-1][4] == ">= 16"
    assert ">= 16 params" in repr(report)


def test_findings_stand_below_the_table() -> None:
    branch = {"conv": {"out": 8, "kernel": 3}, "as": "unused"}
    spec = {"cnncalc": 1, "input": [3, 8, 8], "layers": [branch, {"relu": {}, "from": "input"}]}
    report = cnncalc.analyze(spec)
    assert [found.code for found in report.warnings] == ["unused-result"]
    text = "".join(Page(report.to_html()).words)
    assert all(found.message in text for found in report.warnings)


def test_columns_depth_and_human_numbers() -> None:
    report = cnncalc.analyze("resnet50")
    rows = Page(report.to_html(columns=["layer", "params", "share_params"], depth=1, human=True)).rows
    assert rows[0] == ["Layer", "Params", "Share of params"]
    assert ["layer4 x 3", "15.0 M", "58.6 %"] in rows
    assert rows[-1] == ["Total", "25.6 M", ""]
    with pytest.raises(ValueError, match="there is no column 'parms'"):
        report.to_html(columns=["parms"])
    with pytest.raises(ValueError, match="depth must be at least 1, got 0"):
        report.to_html(depth=0)


def test_a_notebook_gets_the_forms_that_it_asks_for() -> None:
    for result in results():
        assert set(result._repr_mimebundle_()) == {"text/html", "text/markdown", "text/plain"}
        assert set(result._repr_mimebundle_(include={"text/plain"})) == {"text/plain"}
        assert set(result._repr_mimebundle_(exclude={"text/html"})) == {"text/markdown", "text/plain"}
        plain = result._repr_mimebundle_()["text/plain"]
        assert plain == repr(result) or (isinstance(result, cnncalc.Report) and result.layers[0].path in plain)


def test_representations_are_one_line() -> None:
    assert repr(cnncalc.analyze("lenet5")) == (
        "<Report lenet5: 12 layers, 61,706 params, 416,520 MACs, 871,884 FLOPs (exact)>"
    )
    assert repr(cnncalc.memory("lenet5")).startswith("<MemoryReport lenet5: 246,824 bytes of parameters, live peak ")
    changed = compare(cnncalc.analyze("resnet50_v1"), cnncalc.analyze("resnet50"))
    assert repr(changed) == "<Comparison resnet50_v1 -> resnet50: layers 0 added, 0 removed, 134 changed, 41 unchanged>"


def test_a_comparison_shows_both_networks() -> None:
    # torchvision's ResNet-50 against the paper's: the stride moves to the 3x3, 231,211,008 more multiply-accumulates.
    html = compare(cnncalc.analyze("resnet50_v1"), cnncalc.analyze("resnet50")).to_html()
    rows = Page(html).rows
    assert rows[1] == ["macs", "3,857,973,248 (3.86G)", "4,089,184,256 (4.09G)", "+231,211,008 (231M)", "+5.99 %"]
    assert ["params", "25,557,032 (25.6M)", "25,557,032 (25.6M)", "=", ""] in rows


def test_a_memory_report_shows_its_peak() -> None:
    # As a brute-force count of what is alive at each layer gives them.
    rows = {row[0]: row[1:] for row in Page(cnncalc.memory("resnet50").to_html()).rows}
    assert rows["Live peak"][0] == "2,408,448"
    assert rows["Live peak in place"][0] == "1,806,336"
    assert rows["All tensors"][0] == "37,710,312"
    assert rows["Parameters"][:2] == ["25,557,032", "102,228,128"]


def chromium() -> str:
    """Return the browser, or skip."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("there is no Chromium")
    return found


def rendered(page: Path, script: str) -> str:
    """Return what a script finds in a page after the browser has laid it out, written into its title."""
    html = page.read_text(encoding="utf-8").replace("</body>", f"<script>{script}</script></body>")
    page.write_text(html, encoding="utf-8")
    flags = "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update"
    more = "--disable-sync --no-first-run --window-size=1400,900 --virtual-time-budget=2000 --dump-dom"
    done = subprocess.run(
        [chromium(), *flags.split(), *more.split(), f"--user-data-dir={page.parent / 'profile'}", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    match = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert match
    return match[1]


LAB = """<style>
.lab:not(.x) td,.lab:not(.x) th,.lab:not(.x) tr{text-align:right;vertical-align:middle;padding:.5em;line-height:normal;
white-space:normal;max-width:none;border:none}.lab tbody tr:nth-child(odd){background:#eee}
.lab table{table-layout:fixed;margin-left:auto;margin-right:auto;font-size:12px}</style>"""
"""How JupyterLab and what it exports style tables."""


def shown_in(theme: str, html: str, width: int | None = None) -> str:
    """Return a page that shows HTML as a notebook does, in so many pixels."""
    box = f' style="width:{width}px"' if width else ""
    return (f'<!doctype html><meta charset=utf-8><title></title>{LAB}<body data-jp-theme-light="{theme}">'
            f'<div class="lab"{box}>{html}</div></body>')  # fmt: skip


@pytest.mark.process
@pytest.mark.chromium
@pytest.mark.parametrize(("theme", "ink"), [("true", "rgb(27, 31, 36)"), ("false", "rgb(230, 237, 243)")])
def test_a_page_renders_and_folds(tmp_path: Path, theme: str, ink: str) -> None:
    page = tmp_path / "page.html"
    page.write_text(shown_in(theme, cnncalc.analyze("resnet50").to_html()), encoding="utf-8")
    found = rendered(page, """
        const box = document.querySelector('.cnncalc'), fold = box.querySelector('input');
        const shown = () => [...box.querySelectorAll('tbody tr')].filter(row => row.offsetHeight);
        const closed = shown().length;
        fold.click();
        const open = shown().length, cells = shown().map(row => row.children[5]);
        const lefts = new Set(cells.map(cell => Math.round(cell.getBoundingClientRect().right)));
        const word = getComputedStyle(box.querySelector('tbody td.a')), row = getComputedStyle(shown()[0]);
        fold.click();
        document.title = [closed, open > closed, shown().length === closed, lefts.size, getComputedStyle(box).color,
            word.textAlign, row.backgroundColor].join('|');
    """)  # fmt: skip
    # 16 blocks, and the three layers before them, their norm and activation, and the three behind.
    assert found == f"23|true|true|1|{ink}|left|rgba(0, 0, 0, 0)", "folded, opens on a click, aligned, the theme's ink"


@pytest.mark.process
@pytest.mark.chromium
@pytest.mark.parametrize("network", ["resnet50", "vgg16", "mobilenet_v2"])
def test_the_last_column_was_cut_off_in_a_notebook(network: str, tmp_path: Path) -> None:
    # JupyterLab at 1440 pixels with its side bar leaves about 1000, what nbconvert exports at 1100 about 960.
    page = tmp_path / "page.html"
    html = cnncalc.analyze(network).to_html().replace('type="checkbox"', 'type="checkbox" checked')
    page.write_text(shown_in("true", html, 940), encoding="utf-8")
    found = rendered(page, """
        const box = document.querySelector('.cnncalc'), cells = [...box.querySelectorAll('tr > :last-child')];
        const right = box.getBoundingClientRect().right;
        document.title = [box.scrollWidth <= box.clientWidth,
            cells.every(cell => cell.getBoundingClientRect().right <= right + 0.5)].join('|');
    """)  # fmt: skip
    assert found == "true|true"


@pytest.mark.process
@pytest.mark.chromium
def test_digits_ran_together_where_a_viewer_strips_styles(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    html = re.sub("<style>.*?</style>", "", cnncalc.analyze("lenet5").to_html())
    html = re.sub(r' (style|class)="[^"]*"|<input[^>]*>', "", html)
    page.write_text(f"<!doctype html><meta charset=utf-8><title></title><body>{html}</body>", encoding="utf-8")
    found = rendered(page, """
        const rows = [...document.querySelectorAll('table tr')].map(row => row.innerText.split('\\t').join(';'));
        document.title = rows[1] + '|' + rows[rows.length - 1];
    """)  # fmt: skip
    # LeCun et al. 1998 with full connections: 6 filters of 5x5 on one channel, 28x28 outputs.
    assert found.startswith("c1;conv 6, kernel 5;6x28x28;5;156;117,600;")
    assert "Total;12 layers;;;61,706;416,520;" in found
