"""The files that a client has open, and those around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pygls.uris import from_fs_path, to_fs_path

from cnncalc.editor.document import QUICK, Document
from cnncalc.gate.specs import files_under, has_signature
from cnncalc.language.yaml_text import MAX_BYTES, top_level_keys
from cnncalc.server.ruler import Ruler

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from pygls.workspace import PositionCodec

    from cnncalc.editor.analysis import Analysis

MAX_FILES = 2_000
"""So many files of a workspace are looked through for those that use a file."""
LANGUAGE = "cnncalc"
"""What a client may call the language of a spec; YAML otherwise."""


@dataclass(slots=True, eq=False)
class Opened:
    """An open file.

    Attributes:
        uri: what the client calls it.
        language: the client's name of its language.
        document: what the engine knows of it.
        ruler: its places.
        spec: it is a spec, or has been one: another YAML file is left alone.
        waiting: the analysis that is to come.
        running: the one that a thread is at.
    """

    uri: str
    language: str
    document: Document
    ruler: Ruler
    spec: bool = False
    waiting: asyncio.Task[None] | None = None
    running: asyncio.Future[Analysis] | None = None


@dataclass(slots=True, eq=False)
class OpenFiles:
    """All open files, by what the client calls them."""

    codec: PositionCodec
    folders: list[Path] = field(default_factory=list)
    by_uri: dict[str, Opened] = field(default_factory=dict)

    def open(self, uri: str, language: str, text: str) -> Opened:
        """Take a file that is opened."""
        opened = Opened(uri, language, Document(path_of(uri), text, self.text), Ruler(text, self.codec))
        opened.spec = language == LANGUAGE or looks_like_spec(text)
        self.by_uri[uri] = opened
        return opened

    def change(self, opened: Opened, text: str) -> None:
        """Take another text of an open file."""
        opened.document.update(text)
        opened.ruler = Ruler(text, self.codec)
        if not opened.spec and len(text) <= QUICK:
            opened.spec = looks_like_spec(text)

    def text(self, path: str) -> str | None:
        """Return the text of an open file by its absolute path."""
        opened = self.by_path(path)
        return None if opened is None else opened.document.text

    def by_path(self, path: str) -> Opened | None:
        """Return an open file by its absolute path."""
        return next((opened for opened in self.by_uri.values() if opened.document.path == path), None)

    def ruler(self, path: str) -> Ruler | None:
        """Return the places of a file, open or saved."""
        opened = self.by_path(path)
        if opened is not None:
            return opened.ruler
        try:
            return Ruler(Path(path).read_text(encoding="utf-8"), self.codec)
        except (OSError, ValueError):
            return None

    def users(self, path: str) -> Iterator[Opened]:
        """Yield the open files that use a file."""
        for opened in self.by_uri.values():
            names = opened.document.names()
            if names is not None and path in names.used.values():
                yield opened

    def around(self, document: Document) -> list[Document]:
        """Return the files that may name the same blocks: those that this one uses, and those that use these."""
        names = document.names()
        used = [] if names is None else [path for path in names.used.values() if Path(path).is_absolute()]
        found = {document.path: document}
        for path in used:
            self._add(found, path)
        shared = {Path(path).name for path in (document.path, *used)}
        for folder in self.folders or [Path(document.path).parent]:
            for number, file in enumerate(files_under(folder)):
                if number >= MAX_FILES:
                    break
                if str(file) not in found and _mentions(file, shared):
                    self._add(found, str(file))
        for opened in self.by_uri.values():
            found.setdefault(opened.document.path, opened.document)
        return list(found.values())

    def _add(self, found: dict[str, Document], path: str) -> None:
        opened = self.by_path(path)
        if opened is not None:
            found[path] = opened.document
            return
        try:
            found[path] = Document(path, Path(path).read_text(encoding="utf-8"), self.text)
            found[path].read()
        except (OSError, ValueError):
            return


def _mentions(file: Path, names: set[str]) -> bool:
    """Return whether a saved file may use one of these."""
    if file.suffix.lower() not in {".yaml", ".yml"}:
        return False
    try:
        if file.stat().st_size > MAX_BYTES:
            return False
        data = file.read_bytes()
    except OSError:
        return False
    return b"use:" in data and any(name.encode() in data for name in names)


def looks_like_spec(text: str) -> bool:
    """Return whether a YAML text is a spec, or a file of blocks: by its signature, or its keys."""
    data = text.encode("utf-8", "surrogatepass")
    if has_signature(data):
        return True
    keys, _ = top_level_keys(data)
    return "layers" in keys and bool(keys & {"input", "inputs"})


def path_of(uri: str) -> str:
    """Return the absolute path of a file, or what the client calls it where it is in no folder."""
    path = to_fs_path(uri) if uri.startswith("file:") else None
    return path or uri


def uri_of(path: str) -> str:
    """Return what a client calls a file."""
    found = from_fs_path(path) if Path(path).is_absolute() else None
    return found or path
