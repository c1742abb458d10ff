"""The page in the browser: its engine answers as the library does, here, in node's Pyodide and in Chromium."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest
from networks import SAMPLE

import cnncalc
from cnncalc import zoo
from tools.playground import build
from tools.playground.engine import Scale, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SPEC = """\
cnncalc: 1
name: tiny
input: [3, 32, 32]
vars: {width: 8}
variants: {wide: {width: 16}}
layers:
  - conv: {out: width, kernel: 3, padding: half}
  - max_pool: 2
  - conv: {out: 4, kernel: 1}
budgets: {macs: 1M}
"""
KERAS = {"class_name": "Sequential", "config": {"name": "small", "layers": [
    {"class_name": "InputLayer", "config": {"batch_shape": [None, 28, 28, 1], "dtype": "float32", "name": "in"}},
    {"class_name": "Conv2D", "config": {"name": "c", "filters": 8, "kernel_size": [3, 3], "strides": [1, 1],
                                        "padding": "valid", "data_format": "channels_last", "dilation_rate": [1, 1],
                                        "groups": 1, "activation": "relu", "use_bias": True}},
    {"class_name": "Flatten", "config": {"name": "f", "data_format": "channels_last"}},
    {"class_name": "Dense", "config": {"name": "d", "units": 10, "activation": "softmax", "use_bias": True}},
]}}  # fmt: skip
CFG = "[net]\nwidth=32\nheight=32\nchannels=3\n\n[convolutional]\nfilters=8\nsize=3\npad=1\nactivation=leaky\n"
WEB = build.WEB


def ask(does: str, data: bytes | None = None, **request: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer(does, json.dumps(request), data))
    return found


# The engine.


def test_a_text_is_answered_with_its_numbers_and_totals() -> None:
    found = ask("analyse", text=SPEC)
    report = cnncalc.analyze(cnncalc.parse(SPEC))
    assert found["whole"]
    assert found["findings"] == []
    assert found["variants"] == ["wide"]
    assert f"{report.totals.macs:,}" in found["head"]["cards"][1]
    conv = SPEC.index("  - conv")
    assert found["hints"][0] == [SPEC.index("\n", conv), "-> 8x32x32  rf 3  221 k", False]  # 3*3*3*8*32*32
    rows = found["table"]["rows"]
    assert [row[5] for row in rows] == [layer.path for layer in report.layers]
    assert [row[3] for row in rows] == [7, 8, 9]
    assert max(row[4] for row in rows) == 1


def test_a_variant_is_shown_as_the_library_has_it() -> None:
    ask("analyse", text=SPEC)
    found = ask("analyse", text=SPEC, variant="wide")
    report = cnncalc.analyze(cnncalc.parse(SPEC), variant="wide")
    assert f"{report.totals.macs:,}" in found["head"]["cards"][1]
    assert f"{cnncalc.analyze(cnncalc.parse(SPEC)).totals.macs:,}" in ask("analyse", text=SPEC)["head"]["cards"][1]


def test_a_spec_with_an_error_shows_the_network_before_it() -> None:
    """Text of letters that take two units in a browser comes before it: places count these."""
    text = SPEC.replace("name: tiny", "name: tiny # 🙂🙂").replace("kernel: 1", "kernal: 1")
    found = ask("analyse", text=text, show="drawing")
    (one,) = found["findings"]
    units = text.encode("utf-16-le")
    assert units[2 * one["from"] : 2 * one["to"]].decode("utf-16-le") == "kernal"
    assert (one["severity"], one["line"]) == ("error", 9)
    assert not found["whole"]
    assert found["svg"].count("data-n=") == 3  # the input and two layers
    assert found["lines"] == [None, 7, 8]
    (fixes,) = ask("fixes")["fixes"]
    start, end, new = fixes[0]["edits"][0]
    repaired = (units[: 2 * start] + new.encode("utf-16-le") + units[2 * end :]).decode("utf-16-le")
    assert ask("analyse", text=repaired)["whole"]
    assert "page" not in ask("analyse", text=text, show="report")


def test_a_limit_that_does_not_hold_is_found() -> None:
    (one,) = ask("analyse", text=SPEC.replace("macs: 1M", "macs: 1k"))["findings"]
    assert "macs" in one["message"]


@pytest.mark.parametrize("text", ["", "a: [", "cnncalc: 1\n", "input: [3]\nlayers: []\n", "\0", "layers: {", "x" * 999])
@pytest.mark.parametrize("show", ["table", "drawing", "report"])
def test_no_text_is_too_bad(text: str, show: str) -> None:
    found = ask("analyse", text=text, show=show)
    assert found["findings"]
    assert not found["whole"]


def test_places_of_both_sides_are_the_same() -> None:
    text = "a🙂b\r\nc\u2028d🙂\ne"
    scale = Scale(text)
    for line, row in enumerate(text.splitlines(), 1):
        for column in range(1, len(row) + 2):
            assert scale.position(scale.offset(line, column)) == (line, column)


def test_words_are_completed_and_explained() -> None:
    text = SPEC + "outputs: []\n"
    at = text.index("kernel: 3") + 3
    found = ask("complete", text=text, at=at)
    assert found["from"] == at - 3
    assert "kernel" in [one["label"] for one in found["options"]]
    ask("analyse", text=SPEC)
    said = ask("hover", at=SPEC.index("conv") + 1)
    assert "8x32x32" in said["text"]
    assert SPEC[said["from"] : said["to"]] == "conv"
    assert ask("hover", at=0)["text"] == "" or "format" in ask("hover", at=0)["text"]


def test_a_line_of_layers_is_answered_as_calc_does() -> None:
    assert "1,792 params" in ask("calc", layers="conv 64 k3 s2 p1; max_pool 2", size="3x32x32")["text"]
    assert ask("calc", layers="conv 64 k3", size="3xx")["error"].endswith("is written like 3x224x224, got '3xx'")
    assert "conw" in ask("calc", layers="conw 64", size="3x32x32")["error"]
    assert ask("calc", layers="conv 64 k9", size="3x4x4")["error"]


@pytest.mark.parametrize(
    ("name", "data", "params"),
    [
        ("small.json", json.dumps(KERAS).encode(), 3 * 3 * 8 + 8 + 26 * 26 * 8 * 10 + 10),
        ("small.cfg", CFG.encode(), 3 * 3 * 3 * 8 + 8),
        ("tiny.yaml", SPEC.encode(), 3 * 3 * 3 * 8 + 8 + 8 * 4 + 4),
    ],
)
def test_a_file_becomes_a_spec(name: str, data: bytes, params: int) -> None:
    text = ask("convert", data, name=name)["text"]
    assert cnncalc.analyze(cnncalc.parse(text)).totals.params == params


def test_a_file_that_is_nothing_is_refused_in_a_line() -> None:
    assert ask("convert", b"\x00\x01\x02", name="x.bin")["error"]
    assert ask("convert", b'{"class_name": "Functional", "config": {', name="x.json")["error"]


def test_every_start_is_a_network() -> None:
    found = build.networks()
    assert {entry["name"] for entry in found if "file" in entry} == {file.stem for file in zoo.files()}
    blocks = [entry for entry in found if "text" in entry]
    assert len(blocks) > 10
    for entry in blocks:
        assert not cnncalc.analyze(cnncalc.parse(entry["text"])).warnings, entry["name"]


def test_tidied_text_is_the_formatter_s() -> None:
    assert ask("tidy", text="layers:\n - conv:   {out: 8,kernel: 3}\ninput: [3, 8, 8]\n")["text"].count("\n") >= 3
    assert ask("tidy", text="a: [")["error"]


# The site.


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("node") is None or not (WEB / "node_modules" / "pyodide").is_dir():
        pytest.skip("there is no Node here, or npm ci has not run in tools/playground/web: nobody has tried the page")
    pytest.importorskip("hatchling", reason="the page's wheel is built with hatchling")
    folder = tmp_path_factory.mktemp("site") / "page"
    build.build(folder)
    return folder


@pytest.mark.extra
@pytest.mark.process
def test_a_first_visit_is_small(site: Path) -> None:
    found = build.sizes(site)
    ours = sum(size for name, size in found.items() if not name.startswith("python/"))
    assert ours < 1_000_000
    assert sum(found.values()) < 8_000_000


@pytest.mark.extra
@pytest.mark.process
def test_nothing_on_it_names_another_host(site: Path) -> None:
    page = (site / "index.html").read_text(encoding="utf-8")
    assert "{{" not in page
    assert "connect-src 'self'" in page
    assert "default-src 'none'" in page


@pytest.mark.extra
@pytest.mark.process
def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match="no page of ours"):
        build.build(tmp_path)
    assert (tmp_path / "mine.txt").exists()


@pytest.mark.extra
@pytest.mark.process
def test_node_s_pyodide_says_what_the_command_line_says(site: Path) -> None:
    names = SAMPLE if os.environ.get("CNNCALC_ZOO") == "all" else SAMPLE[::4]
    lines = [json.dumps(["reported", {"name": name}]) for name in names]
    done = subprocess.run(
        [shutil.which("node") or "node", "src/node.mjs", str(site)], cwd=WEB, input="\n".join(lines), text=True,
        capture_output=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    _, *answers = map(json.loads, done.stdout.splitlines())
    for name, one in zip(names, answers, strict=True):
        right = json.loads(json.dumps(cnncalc.analyze(name).to_dict()))
        assert one["answer"] | {"file": right["file"]} == right, name  # the same file, in another folder


# In Chromium.


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A host of static files that says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # a browser that was closed
            super().handle()


@pytest.fixture(scope="module")
def host(site: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="the page is tried in Chromium: pip install playwright")
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine, so nobody has tried the page in a browser")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


class Visit:
    """A visit of the page, with what it complained of and asked for."""

    def __init__(self, browser: Any, url: str, **options: Any) -> None:
        self.page = browser.new_context(**options).new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(url)

    def until(self, script: str, seconds: float = 120) -> None:
        """Wait until a script says yes; the page's policy forbids what Playwright's own waiting takes."""
        for _ in range(int(seconds / 0.02)):
            if self.page.evaluate(script):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError((script, self.page.locator("#status").inner_text(), self.complaints))

    def after(self, act: Callable[[], object]) -> int:
        """Do something that is answered, wait for the answer, and return the milliseconds that the page waited."""
        seen = int(self.page.evaluate("document.getElementById('view').dataset.answers"))
        act()
        self.until(f"Number(document.getElementById('view').dataset.answers) > {seen}")
        return int(self.page.evaluate("document.getElementById('view').dataset.ms"))

    def type(self, words: str) -> None:
        """Type at the end of the text."""
        self.page.locator(".cm-content").click()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.type(words)


@pytest.fixture(scope="module")
def visit(browser: Any, host: str) -> Visit:
    """A visit whose Python has started: at the first key stroke, not before."""
    made = Visit(browser, host, viewport={"width": 1280, "height": 900})
    made.page.wait_for_timeout(300)
    assert not [url for url in made.requests if "python" in url or "worker" in url]
    assert "4,089,184,256" in made.page.locator("#head").inner_text()
    made.after(lambda: made.type("\n#"))
    return made


@pytest.mark.extra
@pytest.mark.process
def test_every_key_stroke_is_answered(visit: Visit) -> None:
    """How long it takes is measured, not asserted: docs/browser.md has the figures."""
    waited = [visit.after(lambda: visit.page.keyboard.type("x")) for _ in range(9)]
    assert min(waited) > 0
    assert "4,089,184,256" in visit.page.locator("#head").inner_text()


@pytest.mark.extra
@pytest.mark.process
def test_the_page_works_in_a_browser(visit: Visit, host: str) -> None:
    page = visit.page
    visit.after(lambda: page.locator("#zoo").select_option("lenet5"))
    report = cnncalc.analyze("lenet5")
    assert f"{report.totals.macs:,}" in page.locator("#head").inner_text()
    assert page.locator("#view tbody tr").count() == len(report.layers)
    assert page.locator(".beside").count() > 3
    visit.after(lambda: page.locator("#tab-drawing").click())
    assert page.locator("#view svg [data-n]").count() > len(report.layers) / 2
    page.locator("#view svg [data-n='1']").click()
    assert page.locator("#view svg .sel[data-n='1']").count() == 1
    visit.after(lambda: page.locator("#tab-report").click())
    frame = page.frame_locator("#view iframe")
    frame.locator("#l0 tbody tr[data-l]").first.click()
    assert frame.locator("#d0 h4").is_visible()
    visit.after(lambda: page.locator("#tab-table").click())
    visit.after(lambda: visit.type("\nlayerz: 3"))
    visit.until("document.querySelectorAll('#problems button.error').length === 1")
    assert "layerz" in page.locator("#problems").inner_text()
    assert page.locator("#head .part").is_visible()
    page.locator("#calc button").click()
    visit.until("document.getElementById('answer').textContent.includes('1,792 params')")
    visit.after(lambda: page.locator("#file").set_input_files(
        files=[{"name": "small.cfg", "mimeType": "text/plain", "buffer": CFG.encode()}]))  # fmt: skip
    assert "8x32x32" in page.locator("#view tbody").inner_text()
    assert visit.complaints == []
    assert [url for url in visit.requests if not url.startswith((host, f"blob:{host}"))] == []


@pytest.mark.extra
@pytest.mark.process
def test_files_of_others_do_nothing_but_become_specs(visit: Visit, host: str) -> None:
    """A name that is an attack is a name; a script of its own would break the policy, which the console would say."""
    attack = "<img src=x onerror=document.title='hacked'></script><script>document.title='hacked'</script>"
    hostile = SPEC.replace("name: tiny", f"name: {json.dumps(attack)}")
    dropped = visit.page.locator("#file")
    for show in ("table", "drawing", "report"):
        tab = visit.page.locator(f"#tab-{show}")
        if tab.get_attribute("aria-selected") == "false":
            visit.after(tab.click)
        file = {"name": "net.yaml", "mimeType": "text/yaml", "buffer": f"{hostile}# {show}\n".encode()}
        visit.after(functools.partial(dropped.set_input_files, files=[file]))
        assert attack in visit.page.locator("#head h2").text_content()
    assert visit.page.title() == "cnncalc in the browser"
    assert visit.page.locator("main img[src], main script").count() == 0
    visit.after(lambda: visit.page.locator("#tab-table").click())
    file = {"name": "small.json", "mimeType": "application/json", "buffer": json.dumps(KERAS).encode()}
    visit.after(lambda: dropped.set_input_files(files=[file]))
    assert f"{3 * 3 * 8 + 8 + 26 * 26 * 8 * 10 + 10:,}" in visit.page.locator("#head").inner_text()
    assert visit.complaints == []
    assert [url for url in visit.requests if not url.startswith((host, f"blob:{host}"))] == []


@pytest.mark.extra
@pytest.mark.process
def test_words_are_completed_in_the_editor(visit: Visit) -> None:
    visit.after(lambda: visit.page.locator("#zoo").select_option("new spec"))
    visit.type("  - max_p")
    visit.page.locator(".cm-tooltip-autocomplete li").first.wait_for()
    assert "max_pool" in visit.page.locator(".cm-tooltip-autocomplete").inner_text()
    visit.page.keyboard.press("Escape")


@pytest.mark.extra
@pytest.mark.process
def test_a_link_carries_the_spec(visit: Visit, browser: Any, host: str) -> None:
    """In the fragment, which is never sent."""
    visit.after(lambda: visit.page.locator("#zoo").select_option("unet"))
    visit.page.locator("#link").click()
    visit.until("location.hash.startsWith('#spec=')")
    link = visit.page.evaluate("location.href")
    assert len(link) < 2000
    other = Visit(browser, link)
    other.until("document.querySelector('.cm-content').textContent.includes('Ronneberger')")
    assert not [url for url in other.requests if "spec=" in url.removeprefix(link)]
    bad = Visit(browser, f"{host}#spec=AAAA%%%")
    bad.until("document.getElementById('note').textContent.includes('damaged')")


@pytest.mark.extra
@pytest.mark.process
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_small_screen(browser: Any, host: str, scheme: str) -> None:
    seen = Visit(browser, host, viewport={"width": 400, "height": 800}, color_scheme=scheme)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 400
    assert seen.complaints == []
