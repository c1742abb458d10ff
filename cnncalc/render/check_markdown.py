"""A check as Markdown: a comment for a pull request, with a marker by which the next run finds it again."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from cnncalc.gate.judge import Status
from cnncalc.gate.outcome import doubt_finding
from cnncalc.gate.quantity import percentage, shown
from cnncalc.gate.words import growth_words, limit_name, limit_words, measured_words, rule_words
from cnncalc.render.check_shared import by_status, file_of, from_top, ordered, safe, sentence, summary
from cnncalc.values.diagnostics import plural

if TYPE_CHECKING:
    from collections.abc import Collection

    from cnncalc.gate.compare import Comparison
    from cnncalc.gate.judge import Finding, Judgement
    from cnncalc.gate.outcome import Run, Subject

MARKER = "<!-- cnncalc-check -->"
LIMIT = 60_000
"""Characters that the whole comment stays under."""

ICONS = {Status.WITHIN: "✅", Status.NEAR: "⚠️", Status.OVER: "❌", Status.DOUBT: "❓"}
MOST_LAYERS = 10
LONGEST = 240
"""Characters of one text; longer ones are cut, so that no name fills the comment."""

_SPECIAL = re.compile(r"[\\`*_{}\[\]()#!|<>&~@:\"'$^=]|(?<=www)\.")


def literal(text: str) -> str:
    """Return text that Markdown, HTML and mentions leave alone."""
    line = safe(text)
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", line if len(line) <= LONGEST else f"{line[:LONGEST]}...")


def code(text: str) -> str:
    """Return a name in the font of code, whatever is in it."""
    return f"<code>{literal(text)}</code>"


def render(run: Run) -> str:
    """Return the run as Markdown of less than 60,000 characters, what fails first."""
    head = [MARKER, f"### cnncalc check: {_verdict(run)}", "", literal(summary(run)), ""]
    if run.doubts:
        head += [*(f"- {_finding(None, doubt_finding(doubt))}" for doubt in run.doubts[:MOST_LAYERS]), ""]
        if len(run.doubts) > MOST_LAYERS:
            head += [f"... and {len(run.doubts) - MOST_LAYERS} more errors", ""]
    if run.removed:
        head += [f"Gone since {code(run.against or '')}: {', '.join(map(code, run.removed[:MOST_LAYERS]))}", ""]
    parts = ["\n".join(head)]
    size = len(parts[0])
    subjects = list(reversed(by_status(run)))
    room = LIMIT - 200
    for number, subject in enumerate(subjects):
        part = _subject(subject)
        if size + len(part) + 1 > room:
            brief = f"#### {ICONS[subject.status]} {code(subject.title)}\n"
            if size + len(brief) + 1 <= room and number == 0:
                parts.append(brief)
            parts.append(f"... and {len(subjects) - number} more specs, which have no room here")
            break
        parts.append(part)
        size += len(part) + 1
    return "\n".join(parts)


def _verdict(run: Run) -> str:
    return {0: "✅ within budget", 1: "❌ over budget", 2: "❓ error: not all could be judged"}[run.exit_code]


def _subject(subject: Subject) -> str:
    state = ""
    if subject.earlier is not None:
        earlier = subject.earlier
        there = f", there {code(earlier.path)}" if earlier.state == "renamed" and earlier.path else ""
        state = f" ({earlier.state} since {code(earlier.reference)}{there})"
    unchanged = subject.unchanged
    if unchanged is not None:
        limits = plural(len(subject.judgements), "limit")
        return f"#### {ICONS[subject.status]} {code(subject.title)} as in {code(unchanged)}, {limits} within\n"
    rows = [f"#### {ICONS[subject.status]} {code(subject.title)}{state}", ""]
    findings = [finding for judgement in reversed(ordered(subject)) for finding in judgement.findings]
    said = [*(doubt_finding(doubt) for doubt in subject.doubts), *findings]
    said += [doubt_finding(warning, Status.NEAR) for warning in subject.warnings]
    rows += [f"- {_finding(subject, finding)}" for finding in said[:MOST_LAYERS]]
    if len(said) > MOST_LAYERS:
        rows.append(f"- ... and {len(said) - MOST_LAYERS} more findings")
    rows += [f"- {literal(note)}" for note in subject.notes]
    rows += [f"- {_finding(subject, finding)} ({code(finding.code)})" for finding in subject.meant[:MOST_LAYERS]]
    rows += [
        f"- better than the baseline: {delta.metric}; `--update-baseline` records it" for delta in subject.improved
    ]
    if rows[-1]:
        rows.append("")
    if subject.judgements:
        rows += ["| | limit on | is | may be | full, or grown by | set by |", "| --- | --- | --- | --- | ---: | --- |"]
        rows += [_row(judgement) for judgement in reversed(ordered(subject))]
        rows.append("")
    if subject.earlier is not None and subject.earlier.comparison is not None:
        told = {judgement.limit.metric for judgement in subject.judgements if judgement.before is not None}
        rows += _comparison(subject.earlier.comparison, told)
    return "\n".join(rows)


def _row(judgement: Judgement) -> str:
    limit = judgement.limit
    fill = percentage(judgement.fill, up=judgement.status is Status.OVER) if judgement.fill is not None else ""
    rule = rule_words(limit)
    measured, before = measured_words(limit, judgement.measured), judgement.before
    may = limit_words(limit)
    if before is not None:
        same = before.low == judgement.measured.low
        measured = measured if same else f"{shown(before.low, limit.subject.unit)} → {measured}"
        moved, _, may = growth_words(limit, before, judgement.measured).partition(", ")
        fill = literal(moved)
    cells = (
        ICONS[judgement.status],
        code(limit_name(limit)) + (f" {literal(rule)}" if rule else ""),
        literal(measured),
        literal(may) + (f" since {code(judgement.reference)}" if judgement.reference else ""),
        fill,
        literal(limit.origin.words(limit.span.line if limit.span else None)),
    )
    return f"| {' | '.join(cells)} |"


def _finding(subject: Subject | None, finding: Finding) -> str:
    file = file_of(subject, finding)
    where = f"{code(f'{from_top(file)}:{finding.line}')} " if file is not None else ""
    words = sentence(subject, finding, brief=True)
    if finding.status is not Status.OVER:
        words = f"{finding.status.severity}: {words}"
    return where + "".join(
        literal(words[start : start + LONGEST]) for start in range(0, min(len(words), 1000), LONGEST)
    )


def _comparison(comparison: Comparison, told: Collection[str]) -> list[str]:
    """Return the totals that moved and the layers that moved most, folded away."""
    moved = [delta for delta in comparison.totals if delta.change and delta.metric not in told]
    if not comparison.changed:
        return []
    kinds = ", ".join(f"{len(comparison.of_kind(kind))} {kind}" for kind in ("added", "removed", "changed"))
    rows = ["<details><summary>Layers: " + html.escape(kinds) + "</summary>", ""]
    if moved:
        rows += ["| total | before | after | change |", "| --- | ---: | ---: | ---: |"]
        for delta in moved:
            unit = delta.subject.unit
            ratio = percentage(delta.ratio, signed=True) if delta.ratio is not None else ""
            rows.append(
                f"| {delta.metric} | {shown(delta.before or 0, unit)} | {shown(delta.after or 0, unit)} | {ratio} |"
            )
        rows.append("")
    if comparison.layers:
        rows += ["| layer | | MACs | params |", "| --- | --- | ---: | ---: |"]
        for layer in comparison.layers[:MOST_LAYERS]:
            macs, params = (delta.change for delta in layer.deltas[:2])
            rows.append(
                f"| {code(layer.path)} | {layer.kind} | {'?' if macs is None else f'{macs:+,}'} "
                f"| {'?' if params is None else f'{params:+,}'} |"
            )
        if len(comparison.layers) > MOST_LAYERS:
            rows.append(f"| ... and {len(comparison.layers) - MOST_LAYERS} more | | | |")
        rows.append("")
    return [*rows, "</details>", ""]
