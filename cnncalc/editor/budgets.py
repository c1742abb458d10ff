"""How the limits stand that a spec sets itself: what `cnncalc check` says of them, beside the line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnncalc.gate.config import read_call
from cnncalc.gate.judge import Status
from cnncalc.gate.network import judged
from cnncalc.gate.quantity import percentage, rounded, shown
from cnncalc.gate.words import limit_name, limit_words, measured_words, rule_words
from cnncalc.values.diagnostics import Diagnostic, Span, SpecError

if TYPE_CHECKING:
    from cnncalc.editor.analysis import Analysis
    from cnncalc.gate.judge import Finding, Judgement
    from cnncalc.gate.outcome import Subject

OVER = {Status.NEAR: "close to its limit", Status.OVER: "over its limit", Status.DOUBT: "in doubt"}


@dataclass(frozen=True, slots=True)
class Standing:
    """How one limit stands."""

    judgement: Judgement

    @property
    def span(self) -> Span | None:
        """Where the limit is written."""
        return self.judgement.limit.span

    @property
    def brief(self) -> str:
        """The number in a few characters: `macs 4.09G, 99.73 %`."""
        limit, measured, fill = self.judgement.limit, self.judgement.measured, self.judgement.fill
        value = measured.low
        unit = limit.subject.unit
        number = rounded(value, unit) or shown(value, unit)
        state = f" {OVER[self.judgement.status]}" if self.judgement.status in OVER else ""
        part = f", {percentage(fill)}" if fill is not None and limit.bound == "max" and not state else ""
        return f"{limit_name(limit)} {'' if measured.known else '>= '}{number}{part}{state}"

    @property
    def sentence(self) -> str:
        """The number, the limit and how it stands."""
        limit, measured = self.judgement.limit, self.judgement.measured
        rule = rule_words(limit)
        state = OVER.get(self.judgement.status, "within its limit")
        said = f"{limit_name(limit)} is {measured_words(limit, measured)}{f' {rule}' if rule else ''}"
        return f"{said}; {limit_words(limit)}: {state}"


def subject_of(analysis: Analysis) -> Subject | None:
    """Return what the gate says of a network; None where there is none, or where it sets no limits."""
    spec = analysis.spec
    if spec is None or spec.budgets is None or not analysis.outcome.whole:
        return None
    try:
        found = judged(analysis.study, read_call({}, "editor"), in_place=False).subjects
    except SpecError:
        return None
    return found[0] if found else None


def standings(subject: Subject | None) -> list[Standing]:
    """Return how the limits stand that the spec sets, in its order."""
    found = () if subject is None else subject.judgements
    return [Standing(judgement) for judgement in found if judgement.limit.span is not None]


def budget_findings(subject: Subject | None) -> list[Diagnostic]:
    """Return what `cnncalc check` finds besides: limits that do not hold, and budgets that cannot be read."""
    if subject is None:
        return []
    found = [diagnostic for diagnostic in subject.doubts if diagnostic.span is not None]
    for judgement in subject.judgements:
        span = judgement.limit.span
        if span is not None and judgement.status is not Status.WITHIN and judgement.findings:
            found += [_placed(finding, span) for finding in judgement.findings[:1]]
    return found


def _placed(finding: Finding, span: Span) -> Diagnostic:
    """Return a finding on its limit, with the layer that it names as a related place."""
    layer = Span(finding.line, finding.column)
    related = ((f"layer '{finding.path}'", layer),) if finding.path and (layer.line, 1) != (span.line, 1) else ()
    return Diagnostic(code=finding.code, message=finding.message, severity="warning", span=span, path=finding.path,
                      hint=finding.hint, related=related)  # fmt: skip


