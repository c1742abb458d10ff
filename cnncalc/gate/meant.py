"""Warnings that a spec accepts: the gate lists them, those that an earlier version did not accept as warnings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnncalc.gate.judge import Finding, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from cnncalc.results.report import Report
    from cnncalc.values.diagnostics import Diagnostic


def hidden(report: Report, doubtful: Collection[str]) -> list[Diagnostic]:
    """Return the doubts that a spec tries to accept: `accept:` covers warnings only."""
    return [replace(found, severity="warning") for found in report.accepted if found.code in doubtful]


def meant(report: Report, doubtful: Collection[str]) -> list[Finding]:
    """Return the warnings that a spec accepts, each where it stands."""
    return [
        Finding(
            status=Status.WITHIN,
            code=found.code,
            message=f"accepted: {found.message}",
            line=found.span.line if found.span else 1,
            column=found.span.column if found.span else 1,
            path=found.path,
            file=found.file,
            used=found.spec is not None,
        )
        for found in report.accepted
        if found.code not in doubtful
    ]


def anew(now: Iterable[Finding], before: Iterable[Finding], reference: str) -> list[Finding]:
    """Return what is accepted now; what was not accepted before, at that layer, is a warning that says so."""
    known = {(found.code, found.path) for found in before}
    return [
        found
        if (found.code, found.path) in known
        else replace(found, status=Status.NEAR, message=f"newly {found.message}, not accepted in {reference}")
        for found in now
    ]
