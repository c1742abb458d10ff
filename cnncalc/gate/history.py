"""The earlier versions of a run's specs: found by path, or by content where a spec was renamed."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc.gate.git import GitError, Snapshot, repository, snapshot
from cnncalc.gate.specs import SUFFIXES, is_network

if TYPE_CHECKING:
    from collections.abc import Iterable

SIMILAR = 0.5
"""A removed spec and a new one are taken for a rename when at least this part of their lines is the same."""


class History:
    """The commit that a run is compared with, once per repository.

    Attributes:
        ref: the reference as given.
    """

    __slots__ = ("_claimed", "_snapshots", "ref")

    def __init__(self, ref: str) -> None:
        self.ref = ref
        self._snapshots: dict[Path, Snapshot] = {}
        self._claimed: set[tuple[Path, str]] = set()

    def of(self, folder: Path) -> Snapshot:
        """Return the snapshot of the repository around a folder.

        Raises:
            GitError: there is no repository, or it does not have the commit.
        """
        root = repository(folder)
        if root not in self._snapshots:
            self._snapshots[root] = snapshot(root, self.ref)
        return self._snapshots[root]

    def find(self, file: Path) -> tuple[Snapshot, str | None]:
        """Return where a file was: at its path, or at that of a removed file that reads much like it; else None.

        Raises:
            GitError: git cannot say.
        """
        for folder in _folders(file):
            shot = self.of(folder)
            named = shot.named(file)
            if named is not None and (then := shot.followed(named)) is not None:
                return shot, then
        shot = self.of(file.resolve().parent)
        path = shot.inside(file)
        if path is None:
            raise GitError(f"'{file}' is outside the repository '{shot.root}'", "check specs inside their repository")
        if shot.has(path):
            return shot, path
        text = file.read_bytes().decode("utf-8", "replace").splitlines()
        best, closest = SIMILAR, None
        for old in self._unclaimed(shot):
            matcher = difflib.SequenceMatcher(None, shot.read(old).decode("utf-8", "replace").splitlines(), text)
            if matcher.quick_ratio() >= best and (ratio := matcher.ratio()) >= best:
                best, closest = ratio, old
        if closest is not None:
            self._claimed.add((shot.root, closest))
        return shot, closest

    def _unclaimed(self, shot: Snapshot) -> list[str]:
        """Return the specs of a snapshot that are gone and not taken for a renamed one."""
        return [
            path
            for path in shot.entries
            if path.lower().endswith(SUFFIXES)
            and (shot.root, path) not in self._claimed
            and not (shot.root / path).exists()
            and not any(part.startswith(".") for part in path.split("/"))
            and is_network(shot.read(path))
        ]

    def unsigned(self, files: Iterable[Path]) -> list[Path]:
        """Return those of some files without the signature of a spec that carried it in the commit.

        Raises:
            GitError: git cannot say.
        """
        found = []
        for file in files:
            shot = self.of(file.parent)
            path = shot.inside(file)
            if path is not None and shot.has(path) and is_network(shot.read(path)):
                found.append(file)
        return found

    def removed(self, folders: Iterable[Path]) -> list[str]:
        """Return the specs that were under the folders and are gone, by their path from the top of the repository.

        Raises:
            GitError: git cannot say.
        """
        found: list[str] = []
        for folder in folders:
            shot = self.of(folder)
            inside = shot.inside(folder) or "."
            prefix = "" if inside == "." else f"{inside}/"
            found += [path for path in self._unclaimed(shot) if path.startswith(prefix) and path not in found]
        return found


def _folders(file: Path) -> list[Path]:
    """Return folders in whose repositories a file is, by its name: its own, and those that hold a link on its way."""
    folder = Path(os.path.normpath(file.absolute())).parent
    return [folder, *(parent.parent for parent in (folder, *folder.parents) if parent.is_symlink())]
