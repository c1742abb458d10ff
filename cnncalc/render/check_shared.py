"""What the forms of a check share: where a finding is, how it is identified, and text that is safe to print."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc.gate.judge import Status
from cnncalc.values.diagnostics import one_line, plural

if TYPE_CHECKING:
    from cnncalc.gate.judge import Finding, Judgement
    from cnncalc.gate.outcome import Run, Subject

LEVELS = {Status.WITHIN: "notice", Status.NEAR: "warning", Status.OVER: "error", Status.DOUBT: "error"}


def safe(text: str) -> str:
    """Return text as one printable line in which no program reads a command of its own."""
    return one_line(text).replace("##[", "# #[").replace("##vso[", "# #vso[")


def file_of(subject: Subject | None, finding: Finding) -> str | None:
    """Return the file that a finding is in, as the user named it, or None for a finding about the run."""
    if subject is None or finding.used:
        return finding.file
    target = subject.target
    if target.file is not None and not Path(target.name).exists():
        return os.fspath(target.file)
    return target.name


def from_top(file: str, top: str | None = None) -> str:
    """Return a file's path with slashes, from a folder (default: the current one) where it is inside."""
    full = Path(file).absolute()
    base = Path(top).absolute() if top else Path.cwd()
    return full.relative_to(base).as_posix() if full.is_relative_to(base) else full.as_posix()


def sentence(subject: Subject | None, finding: Finding, *, brief: bool = False) -> str:
    """Return a finding's message, with the variant that it is about and its hint; brief, where its row is beside it."""
    variant = f" (variant {subject.variant})" if subject is not None and subject.variant else ""
    message = (finding.beside if brief else finding.message) + variant
    return safe(f"{message}. Hint: {finding.hint}" if finding.hint else message)


class Fingerprints:
    """Names for findings that stay the same while numbers and lines move, each given once."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def of(self, subject: Subject | None, finding: Finding) -> str:
        """Return the name of a finding."""
        parts = (
            from_top(file_of(subject, finding) or ""),
            (subject.variant if subject else None) or "",
            finding.code,
            finding.limit or finding.message,
            finding.path or "",
        )
        text = "\0".join(parts)
        number = self._seen[text] = self._seen.get(text, -1) + 1
        return hashlib.sha256(f"{text}\0{number}".encode("utf-8", "surrogatepass")).hexdigest()


def summary(run: Run) -> str:
    """Return the run in one line: `3 specs, 7 limits: 5 within, 1 near, 1 over, 0 errors`."""
    counts = run.counts()
    limits = sum(len(subject.judgements) for subject in run.subjects)
    errors = plural(counts["doubt"], "error")
    said = sum(len(subject.warnings) for subject in run.subjects)
    warnings = f", {plural(said, 'warning')}" if said else ""
    return (
        f"{plural(counts['specs'], 'spec')}, {plural(limits, 'limit')}: {counts['within']} within, "
        f"{counts['near']} near, {counts['over']} over, {errors}{warnings}"
    )


def by_status(run: Run) -> list[Subject]:
    """Return the specs, those that fail last."""
    return sorted(run.subjects, key=lambda subject: subject.status)


def ordered(subject: Subject) -> list[Judgement]:
    """Return the limits of a spec, those that fail last."""
    return sorted(subject.judgements, key=lambda judgement: judgement.status)
