"""Report pages: one file that holds everything, loads nothing, and does in Chromium what it says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

import cnncalc
from cnncalc import Question, Study
from cnncalc.cli import run
from cnncalc.page.report import ReportAsked, report_page
from cnncalc.results.arguments import Argument

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTILE = "</script><script>document.title='hacked'</script><img src=x onerror=alert(1)>\"'&<!--"
SPEC = """\
cnncalc: 1
name: tiny
input: [3, 32, 32]
blocks:
  unit:
    layers:
      - add:
          body: [{conv: {out: 8, kernel: 3, padding: half, norm: batch_norm, act: relu}}]
          skip: []
layers:
  - {conv: {out: 8, kernel: 3, padding: half}, as: stem}
  - {unit: , repeat: 3, as: stage}
  - {conv: {out: 4, kernel: 1}, as: head}
budgets: {macs: 1M, params: 10k}
"""
VOID = {"meta", "br", "img", "input", "link", "hr"}


def study_of(source: Any, **options: Any) -> Study:
    return Study(Question(spec=source, **options))


def page_of(*sources: Any, **options: Any) -> str:
    studies = [study_of(source) for source in sources]
    return report_page([ReportAsked(study=study, title=study.report.name) for study in studies], **options)


class Reader(HTMLParser):
    """Collects the elements of a page and whether they nest."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: dict[str, str] = {}
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1] in {"td", "th", "tr"} and self.open[-1] != tag:
            self.open.pop()
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"script", "style"}:
            kind = dict(self.found[-1][1]).get("type") or "run"
            self.texts[f"{self.open[-1]} {kind}"] = data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def data_of(page: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(read(page).texts["script application/json"])
    return found


def test_the_page_holds_every_layer_with_its_numbers() -> None:
    report = cnncalc.analyze("lenet5")
    page = page_of("lenet5", device="a100")
    (net,) = data_of(page)
    assert [layer["path"] for layer in net["layers"]] == [layer.path for layer in report.layers]
    assert sum(layer["macs"] for layer in net["layers"]) == report.totals.macs
    assert sum(layer["params"] for layer in net["layers"]) == report.totals.params
    drawn = sorted(layer for box in net["boxes"] for layer in box)
    assert drawn == list(range(len(report.layers)))
    formulas = [net["lines"][line] for line in net["layers"][3]["f"]]
    assert any("240,000" in line for line in formulas), formulas  # 16 x 6 x 25 x 10 x 10
    rows = [attributes for tag, attributes in read(page).found if tag == "tr" and "data-l" in attributes]
    assert sorted(int(row["data-l"] or -1) for row in rows) == list(range(len(report.layers)))
    for words in ("416,520", "Receptive field against the input", "Roofline of a100", "Activation memory"):
        assert words in page


def test_elements_nest_and_names_are_unique() -> None:
    reader = read(page_of("resnet18", "unet"))
    assert not reader.wrong
    assert not reader.open
    names = [attributes["id"] for _, attributes in reader.found if "id" in attributes]
    assert len(names) == len(set(names))


def test_nothing_is_loaded_and_only_the_page_s_own_script_may_run() -> None:
    page = page_of("lenet5")
    reader = read(page)
    assert not {tag for tag, _ in reader.found} & {"link", "img", "iframe", "object", "embed", "base", "form", "video"}
    names = {name for _, attributes in reader.found for name in attributes}
    assert not [name for name in names if name.startswith("on") or name == "src"]
    assert "://" not in page.replace('"http://www.w3.org/2000/svg"', "")
    (policy,) = [a["content"] for tag, a in reader.found if tag == "meta" and a.get("http-equiv")]
    digest = base64.b64encode(hashlib.sha256(reader.texts["script run"].encode()).digest()).decode()
    assert policy is not None
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def hostile_study() -> Study:
    """Return a study whose every name is an attack: files of other formats may have such names."""
    study = study_of(cnncalc.parse(SPEC))
    report = study.report

    def named(path: str) -> str:
        return f"{HOSTILE}\u2028\x00{path}"

    layers = tuple(
        layer._replace(path=named(layer.path), inputs=tuple(map(named, layer.inputs)),
                       given=(Argument(HOSTILE, value=True),),
                       calls=tuple(map(named, layer.calls)))
        for layer in report.layers
    )  # fmt: skip
    object.__setattr__(study, "report", replace(
        report, name=HOSTILE, source=HOSTILE, file=HOSTILE, layers=layers, variant=HOSTILE,
        output_tensors=tuple(map(named, report.output_tensors)),
        input=tuple((named(name), shape) for name, shape in report.input),
        outputs=tuple((named(name), shape) for name, shape in report.outputs),
    ))  # fmt: skip
    study.expanded.collector.lines = (HOSTILE, "\u202e", "\x1b[31m")
    return study


def test_names_do_nothing() -> None:
    page = report_page([ReportAsked(study=hostile_study(), title=HOSTILE)], said=[HOSTILE])
    reader = read(page)
    assert not reader.wrong
    assert [tag for tag, _ in reader.found].count("script") == 2
    assert "img" not in {tag for tag, _ in reader.found}
    assert HOSTILE in data_of(page)[0]["name"]


def test_several_networks_stand_side_by_side() -> None:
    page = page_of("resnet18", "mobilenet_v2")
    assert len(data_of(page)) == 2
    assert "Side by side" in page
    best = re.findall(r'<td class="n best">([^<]*)</td>', page)
    assert "3.50 M" in best  # the parameters of MobileNet V2


def test_pages_are_the_same_each_time_and_of_a_size_to_send() -> None:
    assert page_of("resnet50") == page_of("resnet50")
    assert len(page_of("resnet50")) < 600_000
    assert len(page_of("hrnet_w18").encode()) < 2_000_000


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "net.html"
    assert run(["report", "resnet50@resnet101", "lenet5", "-o", str(file)]) == 0
    assert [net["name"] for net in data_of(file.read_text(encoding="utf-8"))] == ["resnet101", "lenet5"]
    assert run(["report", "lenet5", "--device", "none", "-o", str(file)]) == 2
    assert run(["report", "lenet5"]) == 2
    assert run(["report", "resnet50@resnet101", "--variant", "resnet152", "-o", str(file)]) == 2
    assert "variant" in capsys.readouterr().err


@pytest.mark.parametrize(("limit", "code", "word"), [("macs=1G", 0, "within"), ("macs=1k", 1, "over")])
def test_a_check_writes_a_page_with_its_verdict(tmp_path: Path, limit: str, code: int, word: str) -> None:
    net, bad, file = tmp_path / "net.yaml", tmp_path / "bad.yaml", tmp_path / "page.html"
    net.write_text(SPEC, encoding="utf-8")
    assert run(["check", str(net), "--max", limit, "--report", str(file)]) == code
    page = file.read_text(encoding="utf-8")
    assert f'<td class="state {word}">' in page
    bad.write_text("cnncalc: 1\ninput: [3, 8, 8]\nlayers: [nothing]\nbudgets: {macs: 1}\n", encoding="utf-8")
    assert run(["check", str(net), str(bad), "--report", str(file)]) == 2
    assert "unknown-operator" in file.read_text(encoding="utf-8")
    assert run(["check", str(net), "--report", str(net)]) == 2
    assert net.read_text(encoding="utf-8") == SPEC
    assert run(["check", str(net), "--report", str(tmp_path / "none" / "page.html")]) == 2


# In Chromium.

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="the page is tried in Chromium: pip install playwright")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine, so nobody has tried the page in a browser")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Shown:
    """A page in a browser, with what it complained of and asked for."""

    def __init__(self, browser: Any, file: Path, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())

    def visible(self) -> list[str]:
        """Return the paths of the rows that are shown, in their order."""
        found: list[str] = self.page.evaluate(
            "[...document.querySelectorAll('#l0 tbody tr[data-l]')].filter(r => !r.hidden).map(r => r.dataset.l)"
        )
        return found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    made = {name: folder / f"{name}.html" for name in ("resnet50", "unet", "yolov8n", "hostile", "both")}
    for name in ("resnet50", "unet", "yolov8n"):
        made[name].write_text(page_of(name), encoding="utf-8")
    made["hostile"].write_text(report_page([ReportAsked(study=hostile_study(), title=HOSTILE)]), encoding="utf-8")
    made["both"].write_text(page_of("lenet5", "resnet18", device="a100"), encoding="utf-8")
    return made


@pytest.mark.extra
@pytest.mark.process
@pytest.mark.parametrize("name", ["resnet50", "unet", "yolov8n", "hostile", "both"])
@pytest.mark.parametrize("width", [1280, 400])
def test_a_browser_shows_it_without_complaint_or_request(
    browser: Any, files: dict[str, Path], name: str, width: int
) -> None:
    shown = Shown(browser, files[name], viewport={"width": width, "height": 800})
    shown.page.locator("#l0 tbody tr[data-l]:not([hidden])").first.click()
    assert shown.page.locator("#d0").is_visible()
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= width
    assert shown.page.evaluate("document.title").endswith("- cnncalc")
    assert shown.complaints == []
    assert shown.requests == [files[name].as_uri()]
    assert shown.page.evaluate("performance.timing.domComplete - performance.timing.navigationStart") < 5000


@pytest.mark.extra
@pytest.mark.process
def test_table_drawing_and_source_go_together(browser: Any, files: dict[str, Path]) -> None:
    shown = Shown(browser, files["resnet50"])
    page, report = shown.page, cnncalc.analyze("resnet50")
    assert len(shown.visible()) < len(report.layers)  # larger networks start folded
    page.locator('#v0 [data-n="3"]').click()
    assert "layer1.0.add1.body.conv1" in page.locator("#d0 h4").inner_text()
    index = [layer.path for layer in report.layers].index("layer1.0.add1.body.conv1")
    assert page.locator(f'#l0 tr.sel[data-l="{index}"]').is_visible()
    line = report.layers[index].line
    assert page.locator(f"#n0L{line}.sel").count() == 1
    assert "12,845,056" in page.locator("#d0 pre").inner_text()
    page.locator("#l0 tr[data-l='0']").focus()
    page.keyboard.press("Enter")
    assert "conv1: conv 64" in page.locator("#d0 h4").inner_text()
    assert page.locator('#v0 [data-n="1"].sel').count() == 1
    page.get_by_role("button", name="close").click()
    assert page.locator("#d0").is_hidden()


@pytest.mark.extra
@pytest.mark.process
def test_rows_fold_sort_and_are_found(browser: Any, files: dict[str, Path]) -> None:
    shown = Shown(browser, files["resnet50"])
    page, report = shown.page, cnncalc.analyze("resnet50")
    page.get_by_label("open all blocks").click()
    assert shown.visible() == [str(n) for n in range(len(report.layers))]
    page.get_by_label("fold all blocks").click()
    folded = len(shown.visible())
    page.get_by_label("fold layer1.0", exact=True).click()
    assert len(shown.visible()) > folded
    page.get_by_label("search layers").fill("skip")
    assert shown.visible() == [str(n) for n, layer in enumerate(report.layers) if "skip" in layer.path]
    page.get_by_label("search layers").fill("")
    page.get_by_label("sort by Params").click()
    params = [report.layers[int(n)].params or 0 for n in shown.visible()]
    assert params == sorted((layer.params or 0 for layer in report.layers), reverse=True)
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    page.get_by_label("sort by Params").click()
    params = [report.layers[int(n)].params or 0 for n in shown.visible()]
    assert params == sorted(params)
    page.get_by_label("sort by Params").click()
    assert len(shown.visible()) > folded


@pytest.mark.extra
@pytest.mark.process
def test_the_unit_whose_field_is_shown_can_be_dragged(browser: Any, files: dict[str, Path]) -> None:
    """The first convolution of U-Net: 3x3 without padding, so unit (y, x) sees rows y to y + 2."""
    shown = Shown(browser, files["unet"], viewport={"width": 1280, "height": 900})
    page = shown.page
    page.locator("#v0 [data-n='1']").click()
    box = page.locator("#d0 .field svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 1, box["y"] + 1)
    page.mouse.up()
    words = page.locator("#d0 .field p").inner_text()
    unit = re.search(r"unit (\d+),(\d+) .* rows (\d+)..(\d+), columns (\d+)..(\d+)", words)
    assert unit is not None, words
    y, x, top, bottom, left, right = map(int, unit.groups())
    assert (top, bottom, left, right) == (y, y + 2, x, x + 2)
    assert y < 20
    page.locator("#d0 .field svg").focus()
    page.keyboard.press("ArrowDown")
    assert f"unit {y + 1},{x} " in page.locator("#d0 .field p").inner_text()


@pytest.mark.extra
@pytest.mark.process
def test_it_is_light_and_dark_prints_and_works_without_scripts(
    browser: Any, files: dict[str, Path], tmp_path: Path
) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = Shown(browser, files["unet"], color_scheme="dark").page
    assert dark.evaluate(colour) == "rgb(15, 19, 24)"
    dark.locator("#theme button").click()
    assert dark.evaluate(colour) == "rgb(255, 255, 255)"
    dark.pdf(path=tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    plain = Shown(browser, files["unet"], java_script_enabled=False).page
    assert plain.locator("#l0 tbody tr").count() > 50
    assert plain.locator("#v0 svg").is_visible()
    assert plain.locator("figure svg").count() >= 4
    assert plain.locator("#n0L3").is_visible()
