"""Measured numbers against limits: within, near, over, or in doubt; a doubt is never a pass."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import TYPE_CHECKING

from cnncalc.gate.metrics import Measured, heaviest, share, together
from cnncalc.gate.places import bearer, place
from cnncalc.gate.words import (
    brief_words,
    change_words,
    doubt_words,
    layer_words,
    limit_name,
    near_words,
    over_words,
)
from cnncalc.results.paths import path_hint
from cnncalc.values.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.gate.budget import Limit
    from cnncalc.language.literals import Number
    from cnncalc.results.layer import Layer
    from cnncalc.results.report import Report


class Status(IntEnum):
    """How a limit stands; the larger outranks the smaller."""

    WITHIN = 0
    NEAR = 1
    OVER = 2
    DOUBT = 3

    @property
    def word(self) -> str:
        """The status as data name it."""
        return self.name.lower()

    @property
    def severity(self) -> str:
        """The status as texts, editors and problem matchers name it."""
        return "warning" if self is Status.NEAR else "error"


CODES = {Status.NEAR: "near-budget", Status.OVER: "over-budget", Status.DOUBT: "unknown-number"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place where a limit does not hold, nearly fails, or cannot be judged.

    Attributes:
        status: how bad it is.
        code: kebab-case name of the kind of finding.
        message: one sentence with exact numbers.
        line: line of the spec: of the layer, or of the one that grew or weighs most, of the budget for a total, else 1.
        column: column there.
        path: the layer concerned, if it is one.
        excess: by which factor the limit is missed, for sorting; None where no factor is large enough (a limit of 0).
        hint: how to repair it, where there is something to say.
        limit: the limit concerned, in a few words without the measured number; "" for a doubt about a whole spec.
        file: the file that it is about where that is not the spec.
        used: the file is one that the spec uses.
        brief: the message beside a row that has the numbers; "" where it is the same.
    """

    status: Status
    code: str
    message: str
    line: int = 1
    column: int = 1
    path: str | None = None
    excess: Fraction | None = None
    hint: str | None = None
    limit: str = ""
    file: str | None = None
    used: bool = False
    brief: str = ""

    @property
    def beside(self) -> str:
        """The message for a reader who sees the row of the limit."""
        return self.brief or self.message


@record(kw_only=True)
class Heavy:
    """One of the layers that make a total: its path, its part and its line."""

    path: str
    value: Number
    share: Fraction
    line: int | None


@record(kw_only=True)
class Judgement:
    """How one limit stands.

    Attributes:
        limit: the limit.
        status: how it stands, the worst of its layers.
        measured: the number: of the network, of the worst layer, or after a change.
        fill: which part of the limit is used; None where that means nothing.
        findings: what is to be said, one per layer concerned; none for a limit that holds.
        path: the layer that the number is of.
        matched: how many layers the limit was judged on, for a limit on layers.
        before: the earlier number, for a limit on a change.
        reference: what it is compared with.
        heaviest: the layers that make the total, for an additive metric that is over or near.
    """

    limit: Limit
    status: Status
    measured: Measured
    fill: Fraction | None = None
    findings: tuple[Finding, ...] = ()
    path: str | None = None
    matched: int = 0
    before: Measured | None = None
    reference: str | None = None
    heaviest: tuple[Heavy, ...] = ()


def standing(limit: Limit, measured: Measured, warn_at: Fraction | None) -> tuple[Status, Fraction | None]:
    """Return how a number stands to a limit, and which part of the limit it fills.

    A number that is known only in part is over when the known part is, and within only when no unknown part can change
    that.
    """
    low, high, bound = measured.low, measured.high, limit.value
    fill = Fraction(low) / Fraction(bound) if bound else None if low else Fraction(0)
    if limit.bound == "min":
        if high is not None and high < bound:
            return Status.OVER, fill
        if low < bound:
            return Status.DOUBT, fill
        near = warn_at is not None and bound and low * warn_at <= bound and low > bound
        return (Status.NEAR if near else Status.WITHIN), fill
    if low > bound:
        return Status.OVER, fill
    if high is None or high > bound:
        return Status.DOUBT, fill
    near = warn_at is not None and bound and high >= bound * warn_at
    return (Status.NEAR if near else Status.WITHIN), Fraction(high) / Fraction(bound) if bound else fill


def excess_of(limit: Limit, measured: Measured) -> Fraction | None:
    """Return by which factor a limit is missed; None where it is zero."""
    low, bound = Fraction(measured.low), Fraction(limit.value)
    if limit.bound == "min":
        return bound / low if low else None
    return low / bound if bound else None


def judge_total(
    limit: Limit, report: Report, measure: Callable[[Limit], Measured], warn_at: Fraction | None
) -> Judgement:
    """Return how a limit on the whole network stands."""
    measured = measure(limit)
    status, fill = standing(limit, measured, warn_at)
    findings: tuple[Finding, ...] = ()
    heavy: tuple[Heavy, ...] = ()
    if status is not Status.WITHIN:
        if limit.bound == "max":
            heavy = heavy_layers(report, limit)
        named = heavy[0].path if heavy else measured.where
        of_named = next((layer for layer in report.layers if layer.path == named), None)
        line, column = place(limit, of_named or bearer(limit, report))
        message = _sentence(limit, measured, status, fill)
        if heavy and status is Status.OVER:
            top = heavy[0]
            message += f"; the heaviest layer is '{top.path}' with {top.value:,}"
        elif measured.where and status is Status.OVER:
            message += f"; the peak is at layer '{measured.where}'"
        findings = (
            Finding(
                status=status,
                code=CODES[status],
                limit=limit_name(limit),
                message=message,
                brief=brief_words(limit, measured, status.word),
                line=line,
                column=column,
                excess=excess_of(limit, measured),
            ),
        )
    return Judgement(limit=limit, status=status, measured=measured, fill=fill, findings=findings, heaviest=heavy)


def _sentence(limit: Limit, measured: Measured, status: Status, fill: Fraction | None) -> str:
    if status is Status.DOUBT:
        return doubt_words(limit, measured)
    if status is Status.NEAR:
        return near_words(limit, measured, fill or Fraction(0))
    return over_words(limit, measured) + _set_by(limit)


def _set_by(limit: Limit) -> str:
    return f" (set by {limit.origin.words(limit.span.line if limit.span else None)})"


def heavy_layers(report: Report, limit: Limit) -> tuple[Heavy, ...]:
    """Return the layers with the most of an additive metric."""
    metric = limit.subject
    rows = heaviest(report, metric)
    whole = metric.total(report).low if rows else 0
    return tuple(
        Heavy(path=layer.path, value=value, share=Fraction(value) / Fraction(whole or 1), line=layer.line)
        for layer, value in rows
    )


def judge_layers(limit: Limit, report: Report, warn_at: Fraction | None) -> Judgement:
    """Return how a limit on the layers of a glob stands; a glob without a layer is a doubt."""
    metric = limit.subject
    glob = limit.match or ""
    layers = [layer for layer in report.layers if fnmatchcase(layer.path, glob)]
    if not layers or metric.layer is None:
        line, column = place(limit)
        hint = path_hint(glob, [layer.path for layer in report.layers],
                         "'cnncalc show' lists the paths; * stands for any characters")  # fmt: skip
        finding = Finding(
            status=Status.DOUBT,
            code="no-such-layer",
            limit=limit_name(limit),
            line=line,
            column=column,
            hint=hint,
            message=f"the limit on {limit_name(limit)} matches no layer",
        )
        nothing = Measured(low=0, high=None, note="no layer matches")
        return Judgement(limit=limit, status=Status.DOUBT, measured=nothing, findings=(finding,))
    values = [metric.layer(layer, report) for layer in layers]
    whole = metric.total(report) if limit.relative else None
    if limit.together:
        return _judge_together(limit, layers, values, whole, warn_at)
    judged = []
    for layer, value in zip(layers, values, strict=True):
        measured = share(value, whole) if whole is not None else value
        status, fill = standing(limit, measured, warn_at)
        judged.append((status, fill, layer, measured))
    findings = tuple(
        _at_layer(limit, layer, measured, status, f"{layer_words(layer)}: {_sentence(limit, measured, status, fill)}")
        for status, fill, layer, measured in judged
        if status is not Status.WITHIN
    )
    sign = -1 if limit.bound == "min" else 1
    status, fill, worst, measured = max(judged, key=lambda row: (row[0], sign * row[3].low))
    return Judgement(
        limit=limit,
        status=status,
        measured=measured,
        fill=fill,
        findings=findings,
        path=worst.path,
        matched=len(layers),
    )


def _at_layer(limit: Limit, layer: Layer, measured: Measured, status: Status, message: str) -> Finding:
    """Return a finding on the line of a layer."""
    return Finding(
        status=status,
        code=CODES[status],
        limit=limit_name(limit),
        path=layer.path,
        line=layer.line or 1,
        column=layer.column or 1,
        message=message,
        excess=excess_of(limit, measured),
    )


def _judge_together(
    limit: Limit, layers: Sequence[Layer], values: list[Measured], whole: Measured | None, warn_at: Fraction | None
) -> Judgement:
    """Return how a limit on the sum of several layers stands; it is traced to the heaviest of them."""
    total = together(values)
    measured = share(total, whole) if whole is not None else total
    status, fill = standing(limit, measured, warn_at)
    heavy = max(zip(layers, values, strict=True), key=lambda row: row[1].low)[0]
    findings: tuple[Finding, ...] = ()
    if status is not Status.WITHIN:
        said = _sentence(limit, measured, status, fill)
        message = f"the {len(layers)} layers of '{limit.match}' together: {said}"
        findings = (_at_layer(limit, heavy, measured, status, message),)
    return Judgement(
        limit=limit,
        status=status,
        measured=measured,
        fill=fill,
        findings=findings,
        path=heavy.path,
        matched=len(layers),
    )


def judge_change(
    limit: Limit, before: Measured, after: Measured, reference: str, due: tuple[int, int] | None = None
) -> Judgement:
    """Return how a limit on growth (or shrinking) stands between two versions; `due` is the line and column to name."""
    status = _change_status(limit, before, after)
    line, column = due or place(limit)
    findings: tuple[Finding, ...] = ()
    if status is Status.DOUBT:
        note = after.note or before.note or "a number is not known"
        message = f"the change of {limit.metric} since {reference} cannot be judged: {note}"
        findings = (
            Finding(
                status=status, code="unknown-number", limit=limit_name(limit), message=message, line=line, column=column
            ),
        )
    elif status is Status.OVER:
        excess = Fraction(after.low) / Fraction(before.low) if before.low else None
        findings = (
            Finding(
                status=status,
                code="over-budget",
                limit=limit_name(limit),
                message=change_words(limit, before, after, reference) + _set_by(limit),
                brief=f"{limit.metric} {'grew' if limit.bound == 'max_increase' else 'shrank'} by more than it may",
                line=line,
                column=column,
                excess=excess,
            ),
        )
    fill = None
    if before.known and after.known:
        allowed = limit.value * before.low if limit.relative else limit.value
        moved = after.low - before.low if limit.bound == "max_increase" else before.low - after.low
        fill = Fraction(max(moved, 0)) / Fraction(allowed) if allowed else Fraction(0) if moved <= 0 else None
    return Judgement(
        limit=limit, status=status, measured=after, fill=fill, findings=findings, before=before, reference=reference
    )


def _change_status(limit: Limit, before: Measured, after: Measured) -> Status:
    grows = limit.bound == "max_increase"

    def bound(start: Number) -> Number:
        step = limit.value * start if limit.relative else limit.value
        return start + step if grows else start - step

    if grows:
        if before.high is not None and after.low > bound(before.high):
            return Status.OVER
        return Status.WITHIN if after.high is not None and after.high <= bound(before.low) else Status.DOUBT
    if after.high is not None and after.high < bound(before.low):
        return Status.OVER
    return Status.WITHIN if before.high is not None and after.low >= bound(before.high) else Status.DOUBT
