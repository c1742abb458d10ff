"""A check as workflow commands: annotations on the lines of a pull request."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnncalc.render.check_shared import LEVELS, file_of, from_top, safe, sentence, summary

if TYPE_CHECKING:
    from cnncalc.gate.judge import Finding
    from cnncalc.gate.outcome import Run, Subject

WORST = 10
"""So many annotations of one kind a step may have; the worst are given."""


def render(run: Run) -> str:
    """Return the worst findings as one command a line, the first notes, then a summary as the last."""
    findings = run.findings()
    rows = [_annotation(subject, finding) for subject, finding in findings[:WORST]]
    notes = [f"{safe(subject.title)}: {safe(note)}" for subject in run.subjects for note in subject.notes]
    rows += [_command("notice", {"title": "cnncalc note"}, note) for note in notes[:WORST]]
    more = f"; {len(findings) - WORST} more findings are in the other forms" if len(findings) > WORST else ""
    notices = "".join(f"; {safe(notice)}" for notice in run.notices)
    rows.append(_command("notice", {"title": "cnncalc check"}, f"{summary(run)}{more}{notices}"))
    return "\n".join(rows)


def _annotation(subject: Subject | None, finding: Finding) -> str:
    file = file_of(subject, finding)
    place = {}
    if file is not None and file != "-":
        place = {
            "file": safe(from_top(file, os.environ.get("GITHUB_WORKSPACE"))),
            "line": str(finding.line),
            "col": str(finding.column),
        }
    return _command(LEVELS[finding.status], {**place, "title": f"cnncalc {finding.code}"}, sentence(subject, finding))


def _command(kind: str, properties: dict[str, str], message: str) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{kind} {given}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
