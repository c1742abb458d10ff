"""What a run is asked to do, and what it found: plain values for those who print them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnncalc._version import __version__
from cnncalc.gate.judge import Finding, Judgement, Status
from cnncalc.values.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from cnncalc.api import Input
    from cnncalc.gate.budget import Limit
    from cnncalc.gate.compare import Comparison, Delta
    from cnncalc.gate.specs import Target
    from cnncalc.results.report import Report
    from cnncalc.values.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a run is asked to do; every field is one option of the command."""

    limits: tuple[Limit, ...] = ()
    budgets: tuple[str, ...] = ()
    config: str | None = None
    against: str | None = None
    no_compare: bool = False
    baseline: str | None = None
    update_baseline: bool = False
    variant: str | None = None
    all_variants: bool = False
    input: Input | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    convention: str | None = None
    dtype: str | None = None
    in_place: bool = False
    max_layers: int | None = None
    fold_bn: bool = False
    deploy: bool = False
    runtime: str | None = None
    scratch: int | None = None
    warn_at: Fraction | None = None
    allow_empty: bool = False
    accept: frozenset[str] = frozenset()
    strict: bool = False


@record(kw_only=True)
class Earlier:
    """What a spec was before.

    Attributes:
        reference: the git reference, as given.
        state: `same`, `changed`, `renamed` or `new`.
        path: its path then, from the top of the repository; None for a new one.
        comparison: what differs; None for a new one, or where the old version cannot be analysed.
    """

    reference: str
    state: str
    path: str | None = None
    comparison: Comparison | None = None


@dataclass(slots=True, kw_only=True)
class Subject:
    """One spec (and variant) of a run.

    Attributes:
        target: the name as printed, and the file.
        variant: the variant, if one was asked for.
        report: its analysis; None where there is none.
        judgements: how each limit stands, in the order of the budgets.
        doubts: why it could not be judged.
        warnings: the spec's own, which change no exit code.
        notes: what a reader should know and what changes no exit code.
        meant: the warnings that the spec accepts; those that are new are warnings.
        earlier: what it was before.
        improved: what is better than the baseline.
        recorded: what a baseline records of it; empty without one.
    """

    target: Target
    variant: str | None = None
    report: Report | None = None
    judgements: list[Judgement] = field(default_factory=list)
    doubts: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    meant: list[Finding] = field(default_factory=list)
    earlier: Earlier | None = None
    improved: list[Delta] = field(default_factory=list)
    recorded: dict[str, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Its name as printed: the path, and the variant."""
        return f"{self.target.name} (variant {self.variant})" if self.variant else self.target.name

    @property
    def status(self) -> Status:
        """The worst of its limits, or a doubt."""
        if self.doubts:
            return Status.DOUBT
        return max((judgement.status for judgement in self.judgements), default=Status.WITHIN)

    @property
    def unchanged(self) -> str | None:
        """What nothing differs from: a reference, or the baseline; None where something is to be said."""
        said = self.doubts or self.warnings or self.notes or self.meant or self.improved
        if self.status is not Status.WITHIN or said:
            return None
        changes = [judgement for judgement in self.judgements if judgement.before is not None]
        if any(j.before is None or j.before.low != j.measured.low for j in changes):
            return None
        if self.earlier is not None:
            return self.earlier.reference if self.earlier.state == "same" else None
        return changes[0].reference if changes else None


@dataclass(slots=True, kw_only=True)
class Run:
    """What a run found.

    Attributes:
        subjects: the specs, in the order of the arguments.
        doubts: what is wrong with the run itself.
        notices: what goes to standard error: loosened limits, what was written.
        removed: specs that the earlier version had in the folders that were checked, and that are gone.
        against: the git reference compared with.
        version: the version of this program.
        baseline: the baseline file, if there is one.
    """

    subjects: list[Subject] = field(default_factory=list)
    doubts: list[Diagnostic] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    against: str | None = None
    baseline: str | None = None
    version: str = __version__

    @property
    def exit_code(self) -> int:
        """0 within, 1 over, 2 in doubt."""
        worst = max((subject.status for subject in self.subjects), default=Status.WITHIN)
        if self.doubts or worst is Status.DOUBT:
            return 2
        return 1 if worst is Status.OVER else 0

    def counts(self) -> dict[str, int]:
        """Return how many limits stand how, and how many specs there are; a doubt about a whole spec counts one."""
        found = {status.word: 0 for status in Status}
        for subject in self.subjects:
            for judgement in subject.judgements:
                found[judgement.status.word] += 1
            found[Status.DOUBT.word] += len(subject.doubts)
        found[Status.DOUBT.word] += len(self.doubts)
        return {"specs": len(self.subjects), **found}

    def findings(self) -> list[tuple[Subject | None, Finding]]:
        """Return what is to be said, each with its spec, the worst first: doubts, what is most over, warnings."""
        found: list[tuple[Subject | None, Finding]] = [(None, doubt_finding(d)) for d in self.doubts]
        for subject in self.subjects:
            found += [(subject, doubt_finding(d)) for d in subject.doubts]
            found += [(subject, doubt_finding(d, Status.NEAR)) for d in subject.warnings]
            found += [(subject, finding) for judgement in subject.judgements for finding in judgement.findings]
            found += [(subject, finding) for finding in subject.meant]
        return sorted(found, key=lambda row: (-row[1].status, -(math.inf if row[1].excess is None else row[1].excess)))


def doubt_finding(doubt: Diagnostic, status: Status = Status.DOUBT) -> Finding:
    """Return a diagnostic as a finding: a doubt, or a warning of the spec, which counts as near."""
    line, column = (doubt.span.line, doubt.span.column) if doubt.span else (1, 1)
    return Finding(
        status=status,
        code=doubt.code,
        message=doubt.message,
        line=line,
        column=column,
        path=doubt.path,
        hint=doubt.hint,
        file=doubt.file,
        used=doubt.spec is not None,
    )
