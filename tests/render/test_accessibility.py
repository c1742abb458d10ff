"""What axe-core, which judges pages by the rules of WCAG, finds in reports and in the page for browsers: nothing."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from typing import TYPE_CHECKING, Any

import pytest

from cnncalc import Question, Study
from cnncalc.page.report import ReportAsked, report_page
from tools.playground import build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULES = build.WEB / "node_modules"
AXE = MODULES / "axe-core" / "axe.min.js"
NAMES = ("chromium", "chromium-browser", "google-chrome")
ALIKE = [["tbody tr:nth-child(n+9)"], [".cm-line:nth-child(n+9)"], [".source span:nth-child(n+9)"]]
"""What is like the eight before it is not looked at again: axe-core would take minutes."""
pytestmark = [pytest.mark.extra, pytest.mark.process]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not AXE.is_file():
        pytest.skip("npm ci has not run in tools/playground/web: nobody has judged how accessible pages are")
    api = pytest.importorskip("playwright.sync_api", reason="pages are judged in Chromium: pip install playwright")
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine: nobody has judged how accessible pages are")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


def opened(browser: Any, url: str, **options: Any) -> Any:
    """Return a page with axe-core beside its own scripts."""
    page = browser.new_context(**options).new_page()
    page.add_init_script(path=AXE)
    page.goto(url)
    return page


def faults(page: Any) -> list[tuple[str, str]]:
    """Return what axe-core objects to, with the first element."""
    found = page.evaluate(f"axe.run({{exclude: {ALIKE}}})")
    assert len(found["passes"]) > 20, "axe-core has not looked"
    return [(fault["id"], fault["nodes"][0]["html"][:200]) for fault in found["violations"]]


@pytest.mark.parametrize(("names", "scheme"), [("unet", "light"), ("resnet18,lenet5", "dark")])
def test_axe_finds_nothing_in_a_report(browser: Any, tmp_path: Path, names: str, scheme: str) -> None:
    studies = [Study(Question(spec=name)) for name in names.split(",")]
    file = tmp_path / "report.html"
    asked = [ReportAsked(study=study, title=study.report.name) for study in studies]
    file.write_text(report_page(asked, device="a100"), encoding="utf-8")
    page = opened(browser, file.as_uri(), color_scheme=scheme, viewport={"width": 1280, "height": 900})
    page.locator("#l0 tbody tr[data-l]:not([hidden])").first.click()
    assert faults(page) == []


def test_axe_finds_a_fault_that_was_put_in(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "bad.html"
    file.write_text("<!doctype html><title>x</title><img src='data:,'><p>" + "<input>" * 20, encoding="utf-8")
    page = opened(browser, file.as_uri())
    found = {fault["id"] for fault in page.evaluate("axe.run()")["violations"]}
    assert {"image-alt", "label", "html-has-lang"} <= found


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the page for browsers."""
    pytest.importorskip("hatchling", reason="the page's wheel is built with hatchling")
    folder = tmp_path_factory.mktemp("axe") / "page"
    build.build(folder)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_axe_finds_nothing_in_the_page_for_browsers(browser: Any, host: str, width: int, scheme: str) -> None:
    page = opened(browser, host, color_scheme=scheme, viewport={"width": width, "height": 900})
    page.locator("#view table").wait_for()
    assert faults(page) == []
