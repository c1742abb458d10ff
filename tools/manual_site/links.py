"""Links between pages: to where a part of a page became a page of its own, and whether each leads somewhere."""

from __future__ import annotations

import posixpath
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
WHOLE = {"operators.md": "operators/index.md", "diagnostics.md": "diagnostics/index.md", "zoo.md": "zoo/index.md"}
"""The pages whose sections are pages."""


def relinked(text: str, here: str, page: str, known: Collection[str], specs: Collection[str]) -> str:
    """Return a page, or a part of one, with its links as the site has them; what is not on the site is words alone.

    Args:
        text: Markdown; a target that begins with `=` is as it is to be.
        here: its place on the site.
        page: the file of `docs/` that it is from.
        known: every file of the site.
        specs: the names of the zoo's files.
    """

    def put(found: re.Match[str]) -> str:
        picture, words, target = found.groups()
        words = words.removesuffix(".md")
        if target.startswith("="):
            return f"{picture}[{words}]({target[1:]})"
        if urlsplit(target).scheme:
            return found[0]
        file, _, part = target.partition("#")
        place = moved(file or page, part, specs)
        if place is None or place not in known or (place == here and not part):
            return words
        is_page = (file or page) in WHOLE and place != WHOLE[file or page]
        kept = f"#{part}" if part and not is_page else ""
        if place == here:
            return f"{picture}[{words}]({kept})"
        return f"{picture}[{words}]({posixpath.relpath(place, posixpath.dirname(here) or '.')}{kept})"

    return LINK.sub(put, text)


def moved(file: str, part: str, specs: Collection[str]) -> str | None:
    """Return where a link from a page of `docs/` leads on the site; None where it leads out of `docs/`."""
    if file.startswith("../specs/"):
        name = posixpath.basename(file).removesuffix(".yaml")
        return f"zoo/{name}.md" if name in specs else None
    if file.startswith("../"):
        return None
    if file in WHOLE:
        folder = posixpath.dirname(WHOLE[file])
        is_part = part and (folder != "zoo" or part in specs)
        return f"{folder}/{part}.md" if is_part else WHOLE[file]
    return file


class Reader(HTMLParser):
    """Collects where a page leads, and the places in it."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element."""
        found = dict(attrs)
        self.places.update(value for name in ("id", "name") if (value := found.get(name)))
        self.targets += [value for name in ("href", "src") if (value := found.get(name)) and tag != "base"]


def broken(site: Path) -> list[str]:
    """Return the links of a built site that lead nowhere, each with its page; other hosts are not asked."""
    read: dict[Path, Reader] = {}
    for file in sorted(site.rglob("*.html")):
        read[file] = Reader()
        read[file].feed(file.read_text(encoding="utf-8"))
    return [
        f"{file.relative_to(site)}: {target}"
        for file, reader in read.items()
        if file.name != "404.html"
        for target in dict.fromkeys(reader.targets)
        if not leads(site, file, target, read)
    ]


def leads(site: Path, file: Path, target: str, read: Mapping[Path, Reader]) -> bool:
    """Return whether a link of a page leads somewhere."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return True
    path = unquote(parts.path)
    there = file if not path else (file.parent / path).resolve()
    if not there.is_relative_to(site.resolve()) and there != file:
        return False
    if there.is_dir():
        there /= "index.html"
    if not there.is_file():
        return False
    part = unquote(parts.fragment)
    is_page = there in read
    return not part or not is_page or part in read[there].places or part.startswith(("__", "zoo="))
