"""Which specs a run is about: files and zoo names as they are, folders searched for what carries the signature."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import zoo
from cnncalc.language.yaml_text import MAX_EXPANDED_BYTES, top_level_keys
from cnncalc.values.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SUFFIXES = (".yaml", ".yml")
_SIGNATURE = re.compile(rb"^(?:\xef\xbb\xbf)?(?:\{\s*)?[\"']?cnncalc[\"']?\s*:", re.MULTILINE)
_BASELINE = re.compile(rb'"schema":\s*\d+,\s*"cnncalc":\s*"[^"]*",\s*"convention"')
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
    """Return whether a file's content has the `cnncalc` key of a spec at its top level, however YAML writes it.

    What cannot be read at all is one where a line looks like the signature, so that somebody says what is wrong.
    """
    return _has_key(data, "cnncalc", broken=lambda: _SIGNATURE.search(data) is not None)


def is_network(data: bytes) -> bool:
    """Return whether a file's content is a spec of a network: not one that only holds blocks for others to use."""
    if not has_signature(data):
        return False
    keys, whole = (frozenset[str](), False) if data.startswith(_UTF16) else top_level_keys(data)
    return not whole or not has_only_blocks(keys)


def has_only_blocks(keys: frozenset[str]) -> bool:
    """Return whether a file with these keys holds blocks for others to use, and no network."""
    return "blocks" in keys and not keys & {"layers", "input", "inputs"}


def is_library(file: Path) -> bool:
    """Return whether a file holds nothing but blocks for others to use; one that cannot be read does not."""
    try:
        keys, whole = top_level_keys(file.read_bytes())
    except OSError:
        return False
    return whole and has_only_blocks(keys)


def has_budgets(data: bytes) -> bool:
    """Return whether a file's content has a `budgets` key at its top level, beside layers."""
    return _has_key(data, "budgets", broken=lambda: False) and _has_key(data, "layers", broken=lambda: False)


def _has_key(data: bytes, key: str, *, broken: Callable[[], bool]) -> bool:
    if data.startswith(_UTF16):
        return key in data.decode("utf-16", "replace")
    if key.encode() not in data and b"\\" not in data:
        return False
    keys, whole = top_level_keys(data)
    return key in keys or (not whole and broken())


def is_precious(file: Path) -> str | None:
    """Return what a file is that nobody wants to lose unasked: a spec or a baseline; None for anything else."""
    try:
        if not file.is_file():
            return None
        data = file.read_bytes()
    except OSError:
        return None
    if len(data) <= MAX_EXPANDED_BYTES and has_signature(data):
        return "spec"
    return "baseline" if data.lstrip().startswith(b"{") and _BASELINE.search(data[:400]) else None


def files_under(folder: Path, refused: Callable[[OSError], object] | None = None) -> Iterator[Path]:
    """Yield the files under a folder by path; hidden ones are left out.

    Links to folders elsewhere, or to hidden ones, are followed, each such folder once; a folder inside that is not
    hidden is walked under its own name.

    Args:
        folder: where to start.
        refused: called with the error for every folder that cannot be read; default: it is left out.
    """
    root = folder.resolve()
    known: set[Path] = set()
    waiting = [folder]
    while waiting:
        top = waiting.pop()
        try:
            entries = sorted(os.scandir(top), key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            if refused is not None:
                refused(error)
            continue
        files = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if not _is_folder(entry):
                files.append(top / entry.name)
                continue
            real = (top / entry.name).resolve()
            if not real.is_relative_to(root) or any(part.startswith(".") for part in real.relative_to(root).parts):
                if real in known:
                    continue
                known.add(real)
            elif entry.is_symlink():
                continue
            waiting.append(top / entry.name)
        yield from reversed(files)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


class Found(NamedTuple):
    """What the arguments of a run name.

    Attributes:
        targets: the specs, each once.
        folders: the folders among the arguments.
        skipped: the YAML files in them that do not carry the signature, and those with nothing but blocks.
        empty: the folders without a spec, as findings.
        doubts: arguments that name nothing, folders and files that cannot be read.
    """

    targets: list[Target]
    folders: list[Path]
    skipped: list[Path]
    empty: list[Diagnostic]
    doubts: list[Diagnostic]


def targets(names: Iterable[str]) -> Found:
    """Return the specs that arguments name: files and zoo networks as they are, folders searched."""
    found: dict[object, Target] = {}
    result = Found([], [], [], [], [])
    for name in names:
        path = Path(name)
        if not name:
            result.doubts.append(
                Diagnostic(
                    code="nothing-to-check",
                    message="an argument is empty and names no spec",
                    hint="look at the variable that it is from",
                )
            )
        elif name == "-" or not path.is_dir():
            found.setdefault(*_single(name, path))
        else:
            result.folders.append(path)
            _search(path, name, found, result)
    result.targets.extend(found.values())
    return result


def _search(folder: Path, name: str, found: dict[object, Target], result: Found) -> None:
    def refused(error: OSError) -> None:
        result.doubts.append(
            Diagnostic(
                code="unreadable-file",
                message=f"folder '{error.filename}' cannot be searched: {error.strerror or error}",
                file=os.fspath(error.filename),
                hint="check its permissions",
            )
        )

    trouble = len(result.doubts)
    judged = 0
    for file in files_under(folder, refused):
        if not file.name.lower().endswith(SUFFIXES):
            continue
        if not _is_plain(file):
            result.doubts.append(
                Diagnostic(
                    code="unreadable-file",
                    message=f"'{file}' is no file that can be read: a pipe, a device, or a link to nothing",
                    file=os.fspath(file),
                    hint="remove it from the folder, or name the specs one by one",
                )
            )
        elif _is_spec(file):
            judged += 1
            found.setdefault(os.path.normpath(file.absolute()), Target(_relative(file), file))
        else:
            result.skipped.append(file)
    if not judged and trouble == len(result.doubts):
        result.empty.append(
            Diagnostic(
                code="nothing-to-check",
                message=f"there is no spec in '{name}'",
                file=name,
                hint="a spec of a folder is a *.yaml or *.yml file that carries 'cnncalc: 1'",
            )
        )


def _is_plain(file: Path) -> bool:
    """Return whether reading a file ends: a pipe waits for a writer. What cannot be asked is read, and says why."""
    try:
        return stat.S_ISREG(file.stat().st_mode)
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _is_spec(file: Path) -> bool:
    """Return whether a file of a folder is to be judged; one that cannot be read is, so that somebody says so."""
    try:
        return is_network(file.read_bytes())
    except OSError:
        return True


def _single(name: str, path: Path) -> tuple[object, Target]:
    if name == "-":
        return "-", Target(name, None)
    if not path.exists() and (entry := zoo.find(name)) is not None:
        return ("zoo", name), Target(name, entry.file)
    return os.path.normpath(path.absolute()), Target(_relative(path), path)


def _relative(path: Path) -> str:
    """Return a path as annotations want it: without `./`, and from the current folder where it is inside."""
    text = os.path.normpath(path)
    if os.path.isabs(text):  # noqa: PTH117 - text, not a path to open
        here = Path.cwd()
        if Path(text).is_relative_to(here):
            return str(Path(text).relative_to(here))
    return text
