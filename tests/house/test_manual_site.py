"""The documentation as a site: a page for each operator, diagnostic and network, examples run, links checked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from cnncalc import ops, zoo
from tools.manual_site import build, links, pages

if TYPE_CHECKING:
    from pathlib import Path

DOCS = build.DOCS
KNOWN = {"language.md", "operators/index.md", "operators/conv.md", "zoo/index.md", "zoo/unet.md", "img/unet.svg"}


def relinked(text: str, here: str = "language.md", page: str = "language.md") -> str:
    return links.relinked(text, here, page, KNOWN, {"unet"})


def test_links_lead_to_the_pages_that_were_parts() -> None:
    assert relinked("[a](operators.md#conv) [b](operators.md)") == "[a](operators/conv.md) [b](operators/index.md)"
    assert relinked("[a](zoo.md#unet) [b](zoo.md#heads)") == "[a](zoo/unet.md) [b](zoo/index.md#heads)"
    assert relinked("[a](../specs/unet.yaml)") == "[a](zoo/unet.md)"
    assert relinked("[a](#paths) [b](https://example.org/x)") == "[a](#paths) [b](https://example.org/x)"
    assert relinked("in [language.md](language.md#paths), [operators.md](operators.md)") == (
        "in [language](#paths), [operators](operators/index.md)"
    )
    assert relinked("![a](img/unet.svg)") == "![a](img/unet.svg)"


def test_what_is_not_on_the_site_is_words() -> None:
    assert relinked("see [the numbers](../benchmarks/README.md).") == "see the numbers."
    assert relinked("[a](gone.md)") == "a"


def test_a_part_links_as_the_whole_did() -> None:
    page = relinked("[a](#conv) [b](language.md#paths) [c](=img/x.svg)", "operators/relu.md", "operators.md")
    assert page == "[a](conv.md) [b](../language.md#paths) [c](img/x.svg)"
    assert relinked("[spec](../specs/unet.yaml)", "zoo/unet.md", "zoo.md") == "spec"


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text(
        '<h2 id="here">x</h2><a href="#here"></a><a href="#gone"></a><a href="sub/two.html#part"></a>'
        '<a href="sub/"></a><img src="gone.svg"><a href="https://example.org/"></a><a href="../out.html"></a>'
    )
    (tmp_path / "sub" / "two.html").write_text('<p id="part"><a href="../index.html#here"></a>')
    (tmp_path.parent / "out.html").write_text("")
    found = [line.removeprefix("index.html: ") for line in links.broken(tmp_path)]
    assert found == ["#gone", "sub/", "gone.svg", "../out.html"]


def test_every_operator_has_a_page_with_an_example_that_was_run() -> None:
    made = dict(pages.operators((DOCS / "operators.md").read_text(encoding="utf-8")))
    names = {cls.name for cls in ops.operators() if cls.__module__.startswith("cnncalc.")}
    assert {f"operators/{name}.md" for name in names} <= made.keys()
    for name in names:
        page = made[f"operators/{name}.md"]
        assert f"# `{name}`" in page
        assert f"[`{name}`](={name}.md)" in made["operators/index.md"]
        assert "## An example, run" in page
        assert f"img/{name}.svg" in page
        assert made[f"operators/img/{name}.svg"].startswith("<svg")
    assert "params = k*k*C_in/g*C_out + C_out = 1,168" in made["operators/conv.md"]  # 9 x 8 x 16 + 16


def test_every_diagnostic_has_a_page_and_its_example_is_run() -> None:
    page = (DOCS / "diagnostics.md").read_text(encoding="utf-8")
    made = dict(pages.diagnostics(page))
    codes = re.findall(r"^### `([a-z0-9-]+)`$", page, re.MULTILINE)
    assert len(codes) > 90
    for code in codes:
        assert f"diagnostics/{code}.md" in made
        assert f"](={code}.md)" in made["diagnostics/index.md"]
    assert sum(name.endswith(".svg") for name in made) > 20
    other = page.replace("has no argument 'kernal' [unknown-argument]", "has an argument [unknown-argument]")
    with pytest.raises(ValueError, match="the example of 'unknown-argument'"):
        dict(pages.diagnostics(other))


@pytest.mark.extra
@pytest.mark.process
def test_the_site_is_built_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    pytest.importorskip("zensical", reason="the documentation site is built with zensical")
    found = build.build(tmp_path / "site")
    assert found == []
    site = tmp_path / "site"
    assert (site / "search.json").stat().st_size > 100_000
    for file in zoo.files():
        assert f"img/{file.stem}.svg" in (site / "zoo" / f"{file.stem}.html").read_text(encoding="utf-8")
        assert f'href="{file.stem}.html"' in (site / "zoo" / "index.html").read_text(encoding="utf-8")
    first = (site / "index.html").read_text(encoding="utf-8")
    assert "416,520" in first
    assert "fonts.googleapis" not in first
