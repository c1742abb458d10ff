"""The files whose blocks a spec uses: found beside or below it, never elsewhere."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cnncalc.language.yaml_text import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

MAX_USED = 100
"""A spec uses at most this many files, those that its files use included."""
SUFFIXES = (".yaml", ".yml")
_PART = re.compile(r"[^/\\\x00-\x1f:]+")


class Beside(Protocol):
    """Where the files beside a spec are read from: a folder, or a commit."""

    def name(self, path: str) -> str:
        """Return what diagnostics call the file of a path from the spec's folder."""

    def read(self, path: str) -> bytes:
        """Return what the file holds.

        Raises:
            OSError: it cannot be read; the error says why.
        """


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of a spec.

    Attributes:
        path: the folder.
        shown: the folder as the user named it.
    """

    path: Path
    shown: str

    def name(self, path: str) -> str:
        """Return the file's path as the user would write it."""
        return posixpath.join(self.shown, path)

    def read(self, path: str) -> bytes:
        """Return what a plain file below the folder holds; links must not lead out of it."""
        file = (self.path / path).resolve()
        if not file.is_relative_to(self.path.resolve()):
            raise OSError(0, "leads out of the spec's folder")
        if not file.is_file():
            raise OSError(0, "is a folder or a device" if file.exists() else "does not exist")
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)


def path_from(user: str, entry: str) -> str | None:
    """Return the path, from the spec's folder, of what a file uses; None for what is not beside or below that file.

    Args:
        user: the path of the file that uses it; empty for the spec itself.
        entry: what it writes.
    """
    parts = entry.split("/")
    if parts[0] == "." and len(parts) > 1:
        parts = parts[1:]
    if not entry.lower().endswith(SUFFIXES) or any(p in {".", ".."} or not _PART.fullmatch(p) for p in parts):
        return None
    return posixpath.join(posixpath.dirname(user), *parts)

