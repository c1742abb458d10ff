"""A check as JSON: everything that was judged, by numbers; keys are only added within one schema number."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cnncalc.gate.compare import as_json
from cnncalc.gate.judge import Status
from cnncalc.gate.words import limit_value

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncalc.gate.budget import Limit
    from cnncalc.gate.judge import Finding, Judgement
    from cnncalc.gate.metrics import Measured
    from cnncalc.gate.outcome import Earlier, Run, Subject

SCHEMA = 1


def render(run: Run) -> str:
    """Return the run as JSON text; integers stay integers at any size."""
    return json.dumps(to_dict(run), indent=2, ensure_ascii=False, allow_nan=False)


def to_dict(run: Run) -> dict[str, Any]:
    """Return the run as plain data."""
    return {
        "schema": SCHEMA,
        "cnncalc": run.version,
        "kind": "check",
        "exit_code": run.exit_code,
        "counts": run.counts(),
        "against": run.against,
        "baseline": run.baseline,
        "notices": run.notices,
        "doubts": [{**doubt.to_dict(), "file": doubt.file} for doubt in run.doubts],
        "removed": run.removed,
        "specs": [_subject(subject) for subject in run.subjects],
    }


def _subject(subject: Subject) -> dict[str, Any]:
    return {
        "file": subject.target.name,
        "name": subject.report.name if subject.report else None,
        "variant": subject.variant,
        "status": subject.status.word,
        "budgets": [_judgement(judgement) for judgement in subject.judgements],
        "doubts": [doubt.to_dict() for doubt in subject.doubts],
        "warnings": [warning.to_dict() for warning in subject.warnings],
        "notes": subject.notes,
        "accepted": [_meant(finding) for finding in subject.meant],
        "comparison": _earlier(subject.earlier),
        "improved": {delta.metric: delta.to_dict() for delta in subject.improved},
    }


def _meant(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "message": finding.message,
        "line": finding.line,
        "column": finding.column,
        "path": finding.path,
        "new": finding.status is Status.NEAR,
    }


def _judgement(judgement: Judgement) -> dict[str, Any]:
    limit = judgement.limit
    return {
        "metric": limit.metric,
        "unit": limit.subject.unit.value,
        "bound": limit.bound,
        "limit": as_json(limit.value),
        "limit_text": limit_value(limit),
        "relative": limit.relative,
        "match": limit.match,
        "sum": limit.together,
        "convention": limit.convention if limit.subject.rule == "convention" else None,
        "dtype": limit.dtype if limit.subject.rule == "dtype" else None,
        "source": _source(limit),
        "replaced": [{"limit": as_json(lower.value), "source": _source(lower)} for lower in limit.replaced],
        "status": judgement.status.word,
        **_measured(judgement.measured),
        "fill": _float(judgement.fill),
        "path": judgement.path or judgement.measured.where,
        "matched": judgement.matched if limit.match is not None else None,
        "before": None if judgement.before is None else as_json(judgement.before.low),
        "reference": judgement.reference,
        "live": [{"name": name, "elements": elements} for name, elements in judgement.measured.live],
        "heaviest": [
            {"path": heavy.path, "value": as_json(heavy.value), "share": float(heavy.share), "line": heavy.line}
            for heavy in judgement.heaviest
        ],
        "findings": [_finding(finding) for finding in judgement.findings],
    }


def _measured(measured: Measured) -> dict[str, Any]:
    part = measured.part
    return {
        "value": as_json(measured.low) if measured.known else None,
        "at_least": as_json(measured.low),
        "lower_bound": not measured.known,
        "of": None if part is None else {"part": part[0], "whole": part[1]},
    }


def _source(limit: Limit) -> dict[str, Any]:
    return {"kind": limit.origin.kind, "name": limit.origin.name, "line": limit.span.line if limit.span else None}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "status": finding.status.word,
        "message": finding.message,
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "hint": finding.hint,
    }


def _earlier(earlier: Earlier | None) -> dict[str, Any] | None:
    if earlier is None:
        return None
    details = earlier.comparison.to_dict() if earlier.comparison else {}
    return {"against": earlier.reference, "state": earlier.state, "file": earlier.path, **details}


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
