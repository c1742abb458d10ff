"""Earlier versions of files, read out of git without a checkout."""

from __future__ import annotations

import os
import posixpath
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from cnncalc.values.diagnostics import Diagnostic

TIMEOUT = 30
"""Seconds after which a git command is given up."""

MAX_LINKS = 40
"""So many links are followed on the way to one file, as Linux does."""

_SYMLINK = "120000"

LOCAL = frozenset({
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR",
    "GIT_INTERNAL_SUPER_PREFIX", "GIT_QUARANTINE_PATH",
})  # fmt: skip
"""What git sets for its hooks (`git rev-parse --local-env-vars`): they name another working tree."""


class GitError(Exception):
    """Git cannot give what was asked for.

    Attributes:
        message: one line: what is wrong.
        hint: how to repair it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def run_git(folder: Path, *arguments: str) -> bytes:
    """Return the output of a git command.

    Raises:
        GitError: git is missing, does not answer in time, or refuses.
    """
    kept = {name: value for name, value in os.environ.items() if name not in LOCAL}
    environment = {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program; references that look like options are refused
            ["git", "-C", os.fspath(folder), *arguments],  # noqa: S607 - the git that the user's path names
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise GitError("git is not installed", "install git, or leave out --against") from None
    except subprocess.TimeoutExpired:
        raise GitError(
            f"git {arguments[0]} gave no answer in {TIMEOUT} seconds", "look at the repository by hand"
        ) from None
    except OSError as error:
        raise GitError(f"git cannot be run: {error.strerror or error}", "check the installation of git") from None
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitError(f"git {arguments[0]} failed: {words[0] if words else f'exit code {done.returncode}'}",
                       words[-1] if len(words) > 1 else "look at the repository by hand")  # fmt: skip
    return done.stdout


@dataclass(slots=True)
class Snapshot:
    """One commit of one repository.

    Attributes:
        root: the top folder of the working tree.
        ref: the reference as the user gave it.
        commit: the full name of the commit.
        entries: (mode, object) of every file by its path from the root.
    """

    root: Path
    ref: str
    commit: str
    entries: dict[str, tuple[str, str]] = field(default_factory=dict)

    def named(self, file: Path) -> str | None:
        """Return the path of a file from the root as it was named, links not followed; None for one outside."""
        full = Path(os.path.normpath(file.absolute()))
        for folder in full.parents:
            try:
                if folder.resolve() == self.root:
                    return full.relative_to(folder).as_posix()
            except OSError:
                continue
        return None

    def inside(self, file: Path) -> str | None:
        """Return the path of a file from the root, or None for one outside."""
        try:
            return file.resolve().relative_to(self.root).as_posix()
        except ValueError:
            return None

    def has(self, path: str) -> bool:
        """Return whether the commit has a file of this path."""
        return path in self.entries

    def followed(self, path: str) -> str | None:
        """Return the plain file that a path led to in the commit, through the links of the commit; None for none."""
        left = path.split("/")
        done: list[str] = []
        for _ in range(MAX_LINKS):
            while left:
                part = left.pop(0)
                if part == ".." and done:
                    done.pop()
                elif part == "..":
                    return None
                elif part not in {"", "."}:
                    done.append(part)
                    entry = self.entries.get("/".join(done))
                    if entry is not None and entry[0] == _SYMLINK:
                        break
            else:
                found = "/".join(done)
                return found if self.has(found) else None
            target = os.fsdecode(run_git(self.root, "cat-file", "blob", entry[1]))
            if target.startswith("/"):
                return None
            done.pop()
            left = [*target.split("/"), *left]
        return None

    def read(self, path: str) -> bytes:
        """Return what the file was in the commit.

        Raises:
            GitError: it was no plain file, or its content is not there.
        """
        mode, name = self.entries[path]
        if mode == _SYMLINK:
            raise GitError(f"'{path}' is a symbolic link in {self.ref}", "compare the file that it points at")
        return run_git(self.root, "cat-file", "blob", name)


@dataclass(frozen=True, slots=True)
class Committed:
    """The files beside one file of a commit: where a spec of it reads what it uses (see `language.used.Beside`).

    Attributes:
        shot: the commit.
        folder: the file's folder, from the root.
    """

    shot: Snapshot
    folder: str

    def name(self, path: str) -> str:
        """Return `REF:PATH`, as git writes it."""
        return f"{self.shot.ref}:{posixpath.join(self.folder, path)}"

    def read(self, path: str) -> bytes:
        """Return what the file was in the commit.

        Raises:
            OSError: there was none, or git cannot say.
        """
        try:
            found = self.shot.followed(posixpath.join(self.folder, path))
            if found is None:
                raise OSError(0, f"does not exist in {self.shot.ref}")
            if self.folder and not found.startswith(f"{self.folder}/"):
                raise OSError(0, "leads out of the spec's folder")
            return self.shot.read(found)
        except GitError as error:
            raise OSError(0, error.message) from None


def beside(shot: Snapshot, path: str) -> Committed:
    """Return where a spec of a commit reads the files that it uses."""
    return Committed(shot, posixpath.dirname(path))


def repository(folder: Path) -> Path:
    """Return the top folder of the working tree around a folder.

    Raises:
        GitError: there is none.
    """
    try:
        answer = run_git(folder, "rev-parse", "--show-toplevel")
    except GitError as error:
        if "not a git repository" in error.message:
            raise GitError(f"'{folder}' is not in a git repository",
                           "run inside a clone, or use --baseline FILE instead of --against") from None  # fmt: skip
        raise
    return Path(os.fsdecode(answer.rstrip(b"\n"))).resolve()


def snapshot(root: Path, ref: str) -> Snapshot:
    """Return a commit of a repository by a branch, tag or commit name.

    Raises:
        GitError: there is no such commit, or a shallow clone does not have it.
    """
    if not ref or ref.startswith("-"):
        raise GitError(f"'{ref}' is not a git reference", "name a branch, a tag or a commit")
    try:
        commit = run_git(root, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").decode().strip()
    except GitError as error:
        raise _unknown_ref(root, ref, error) from None
    listing = run_git(root, "ls-tree", "-r", "-z", "--full-tree", commit)
    found = Snapshot(root, ref, commit)
    for row in listing.split(b"\0"):
        head, tab, path = row.partition(b"\t")
        if tab:
            mode, kind, name = head.decode().split()
            if kind == "blob":
                found.entries[os.fsdecode(path)] = (mode, name)
    return found


def _unknown_ref(root: Path, ref: str, error: GitError) -> GitError:
    if "rev-parse failed" not in error.message:
        return error
    if run_git(root, "rev-parse", "--is-shallow-repository").strip() == b"true":
        return GitError(f"this clone is shallow and does not have '{ref}'",
                        "run 'git fetch --unshallow', or let actions/checkout have 'fetch-depth: 0'")  # fmt: skip
    remote, _, branch = ref.partition("/")
    fetch = f"git fetch {remote} {branch}" if branch else f"git fetch origin {ref}"
    return GitError(f"git knows no commit '{ref}'", f"check the name, or run '{fetch}' first")


def shown_at(folder: Path, ref: str, path: str) -> tuple[bytes, Committed]:
    """Return a file as `git show REF:PATH` has it, and what is beside it; a path with `./` is from the folder.

    Raises:
        GitError: there is no such commit, or no such file in it.
    """
    found = snapshot(repository(folder), ref)
    full = found.inside(folder / path) if path.startswith(("./", "../")) else path
    if full is None or not found.has(full):
        near = found.inside(folder / path)
        hint = (
            f"did you mean '{ref}:{near}'?"
            if near is not None and found.has(near)
            else "the path is from the top of the repository"
        )
        raise GitError(f"there is no file '{path}' in {ref}", hint)
    return found.read(full), beside(found, full)


def git_doubt(error: GitError, file: str | None = None) -> Diagnostic:
    """Return what git could not do as a diagnostic."""
    return Diagnostic(code="git", message=error.message, hint=error.hint, file=file)
