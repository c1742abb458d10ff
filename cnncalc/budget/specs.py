"""Which specs a run is about: files and zoo names as they are, folders searched for what carries the signature."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import zoo
from cnncalc.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SUFFIXES = (".yaml", ".yml")
_SIGNATURE = re.compile(rb"^(?:\xef\xbb\xbf)?(?:\{\s*)?[\"']?cnncalc[\"']?\s*:", re.MULTILINE)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Target(NamedTuple):
    """One spec of a run.

    Attributes:
        name: as the user gave it, or its path as found in a folder; what is printed.
        file: the file behind it, or None for standard input.
    """

    name: str
    file: Path | None

    @property
    def place(self) -> Path | None:
        """Where configuration is looked for: the file's place; None for standard input and networks of the zoo."""
        return self.file if self.file is not None and Path(self.name).exists() else None


def has_signature(data: bytes) -> bool:
    """Return whether a file's content has the `cnncalc:` key of a spec at its top level."""
    if data.startswith(_UTF16):
        return "cnncalc" in data.decode("utf-16", "replace")
    return _SIGNATURE.search(data) is not None


def spec_files(folder: Path) -> Iterator[Path]:
    """Yield the specs under a folder by path; hidden folders are left out, a file that cannot be read is not."""
    for top, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith(SUFFIXES) and not name.startswith("."):
                path = Path(top) / name
                try:
                    if has_signature(path.read_bytes()):
                        yield path
                except OSError:
                    yield path


def targets(names: Iterable[str]) -> tuple[list[Target], list[Path], list[Diagnostic]]:
    """Return the specs that arguments name, the folders among the arguments, and what is wrong with these.

    A spec that several arguments name is in the list once.
    """
    found: dict[object, Target] = {}
    folders: list[Path] = []
    wrong: list[Diagnostic] = []
    for name in names:
        path = Path(name)
        if name != "-" and path.is_dir():
            folders.append(path)
            before = len(found)
            some = False
            for file in spec_files(path):
                some = True
                found.setdefault(file.resolve(), Target(_relative(file), file))
            if not some and len(found) == before:
                wrong.append(
                    Diagnostic(
                        code="nothing-to-check",
                        message=f"there is no spec in '{name}'",
                        file=name,
                        hint="a spec of a folder is a *.yaml or *.yml file that carries 'cnncalc: 1'",
                    )
                )
            continue
        found.setdefault(*_single(name, path))
    return list(found.values()), folders, wrong


def _single(name: str, path: Path) -> tuple[object, Target]:
    if name == "-":
        return "-", Target(name, None)
    if not path.exists() and (entry := zoo.find(name)) is not None:
        return ("zoo", name), Target(name, entry.file)
    return path.resolve(), Target(_relative(path), path)


def _relative(path: Path) -> str:
    """Return a path as annotations want it: without `./`, and from the current folder where it is inside."""
    text = os.path.normpath(path)
    if os.path.isabs(text):  # noqa: PTH117 - text, not a path to open
        here = Path.cwd()
        if Path(text).is_relative_to(here):
            return str(Path(text).relative_to(here))
    return text
