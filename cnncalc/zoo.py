"""The networks that come with cnncalc: real specs, each documentation and a test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from cnncalc.values.diagnostics import suggest


class Entry(NamedTuple):
    """One network of the zoo: its name, its file, and the variant of the file it is (None: the file's own)."""

    name: str
    file: Path
    variant: str | None


def folder() -> Path:
    """Return the folder of the zoo's specs: inside the installed package, or beside it in a checkout."""
    packaged = Path(__file__).parent / "specs"
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "specs"


def files() -> list[Path]:
    """Return the zoo's spec files by name."""
    return sorted(folder().glob("*.yaml"))


def variants(file: Path) -> list[str]:
    """Return the variant names that a spec file declares, read from its lines."""
    found: list[str] = []
    inside = False
    for line in file.read_text(encoding="utf-8").splitlines():
        if re.match(r"\S", line):
            inside = line.startswith("variants:")
        elif inside and (match := re.match(r"  ([A-Za-z_][A-Za-z0-9_]*):", line)):
            found.append(match[1])
    return found


def entries() -> list[Entry]:
    """Return every network of the zoo, variants as networks of their own, in the order of the files."""
    found = []
    for file in files():
        found.append(Entry(file.stem, file, None))
        found += [Entry(variant, file, variant) for variant in variants(file)]
    return found


def find(name: str) -> Entry | None:
    """Return the network of that name, or None."""
    if not re.fullmatch(r"[A-Za-z0-9_]{1,64}", name):
        return None
    file = folder() / f"{name}.yaml"
    if file.is_file():
        return Entry(name, file, None)
    return next((entry for entry in entries() if entry.name == name), None)


def nearest(name: str) -> str | None:
    """Return the name of the network nearest to a misspelt one, or None."""
    return suggest(name, [entry.name for entry in entries()])
