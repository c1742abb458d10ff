"""A check for people: one line a limit with a bar of how full it is, passes visible, failures last and loud."""

from __future__ import annotations

from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from cnncalc.gate.judge import Status
from cnncalc.gate.outcome import doubt_finding
from cnncalc.gate.quantity import percentage, shown
from cnncalc.gate.words import growth_words, limit_name, limit_words, measured_words, rule_words
from cnncalc.render.check_shared import by_status, file_of, from_top, ordered, safe, sentence, summary
from cnncalc.render.diff import what
from cnncalc.values.diagnostics import plural

if TYPE_CHECKING:
    from cnncalc.gate.compare import LayerChange
    from cnncalc.gate.judge import Finding, Judgement
    from cnncalc.gate.outcome import Earlier, Run, Subject

STYLES = {Status.WITHIN: "green", Status.NEAR: "yellow", Status.OVER: "bold red", Status.DOUBT: "bold magenta"}
MARKS = {Status.WITHIN: "✓", Status.NEAR: "!", Status.OVER: "✗", Status.DOUBT: "?"}
PLAIN_MARKS = {Status.WITHIN: "ok", Status.NEAR: "!!", Status.OVER: "XX", Status.DOUBT: "??"}
BAR = 16
UNLIMITED = 10_000
MARGIN = 6
"""What stands before a limit and behind it."""
MOST_LAYERS = 5
OPTIONAL = ("bar", "source")
"""What is left out, in this order, where a line does not fit the terminal."""


class LimitRow(NamedTuple):
    """One limit as printed."""

    judgement: Judgement
    name: str
    measured: str
    limit: str
    bar: str
    source: str

    @property
    def parts(self) -> tuple[str, ...]:
        """What is printed, from left to right."""
        return self.name, self.measured, self.limit, self.bar, self.source


def render(run: Run, *, width: int | None = None, colour: bool = False, plain: bool = False) -> str:
    """Return the run as lines of text.

    Args:
        run: what was found.
        width: columns of the terminal; None where there is none, so that nothing is left out.
        colour: whether to colour.
        plain: whether to keep to ASCII.
    """
    return _TextWriter(run, width or UNLIMITED, colour=colour, plain=plain).text()


class _TextWriter:
    __slots__ = ("_console", "_file", "_marks", "_plain", "_run", "_width")

    def __init__(self, run: Run, width: int, *, colour: bool, plain: bool) -> None:
        self._run = run
        self._width = width
        self._plain = plain
        self._marks = PLAIN_MARKS if plain else MARKS
        self._file = StringIO()
        self._console = Console(
            file=self._file, width=UNLIMITED, force_terminal=colour, no_color=not colour, highlight=False, emoji=False,
            markup=False, color_system="standard" if colour else None, legacy_windows=False,
        )  # fmt: skip

    def text(self) -> str:
        run = self._run
        subjects = by_status(run)
        rows = {id(subject): [self._row(judgement) for judgement in ordered(subject)] for subject in subjects}
        printed = [subject for subject in subjects if subject.unchanged is None]
        left_out = self._left_out([row for subject in printed for row in rows[id(subject)]])
        for subject in subjects:
            self._subject(subject, rows[id(subject)], left_out)
        if run.removed:
            self._line(f"gone since {run.against}: {', '.join(map(safe, run.removed))}", "yellow")
        for doubt in run.doubts:
            self._finding(None, doubt_finding(doubt))
        if left_out:
            self._line(f"(the terminal is narrow: without {' and '.join(left_out)})", "dim")
        worst = {0: Status.WITHIN, 1: Status.OVER, 2: Status.DOUBT}[run.exit_code]
        self._line(f"{self._marks[worst]} {summary(run)}", STYLES[worst])
        return self._file.getvalue()

    def _line(self, text: str | Text, style: str = "") -> None:
        line = Text(text, style=style) if isinstance(text, str) else text
        self._console.print(line, no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)

    def _row(self, judgement: Judgement) -> LimitRow:
        limit, before = judgement.limit, judgement.before
        rule = rule_words(limit)
        measured, bar = measured_words(limit, judgement.measured), self._bar(judgement)
        may = limit_words(limit)
        if before is not None:
            same = before.low == judgement.measured.low
            measured = measured if same else f"{shown(before.low, limit.subject.unit)} -> {measured}"
            may, bar = f"{growth_words(limit, before, judgement.measured)} since {judgement.reference}", ""
        name = limit_name(limit) + (f" ({rule})" if rule else "")
        return LimitRow(judgement, safe(name), safe(measured), safe(may), bar,
                   safe(limit.origin.words(limit.span.line if limit.span else None)))  # fmt: skip

    def _bar(self, judgement: Judgement) -> str:
        """Return how full a limit is, as a bar and a percentage; never `100 %` of what is not exactly full."""
        fill = judgement.fill
        full, empty = ("#", ".") if self._plain else ("█", "░")
        if fill is None or judgement.status is Status.DOUBT:
            return " " * (BAR + 2) + "?" if judgement.status is Status.DOUBT else full * BAR
        cells = min(int(fill * BAR), BAR)
        up = judgement.status is Status.OVER and judgement.limit.bound != "min"
        return f"{full * cells}{empty * (BAR - cells)}  {percentage(fill, up=up)}"

    def _left_out(self, rows: list[LimitRow]) -> tuple[str, ...]:
        widths = self._widths(rows)
        total = MARGIN + sum(widths)
        for count, saved in ((0, 0), (1, widths[3])):
            if total - saved <= self._width:
                return OPTIONAL[:count]
        return OPTIONAL

    def _widths(self, rows: list[LimitRow]) -> list[int]:
        """Return the columns that each part of the rows takes, the gap behind it included."""
        return [max((cell_len(row.parts[part]) for row in rows), default=0) + 2 for part in range(5)]

    def _subject(self, subject: Subject, rows: list[LimitRow], left_out: tuple[str, ...]) -> None:
        status = subject.status
        unchanged = subject.unchanged
        head = Text(f"{self._marks[status]} ", style=STYLES[status])
        head.append(safe(subject.title), style="bold")
        if subject.report is not None and subject.report.name != subject.title:
            head.append(f"  {safe(subject.report.name)}", style="dim")
        if unchanged is not None:
            head.append(f"  as in {safe(unchanged)}, {plural(len(rows), 'limit')} within", style="dim")
        elif subject.earlier is not None:
            head.append(f"  {_state(subject.earlier)}", style="cyan")
        self._line(head)
        if unchanged is not None:
            return
        widths = self._widths(rows)
        for row in rows:
            self._limit(subject, row, widths, left_out)
        for note in subject.notes:
            self._line(f"    note: {safe(note)}", "cyan")
        for finding in subject.meant:
            where = f"{safe(from_top(file_of(subject, finding) or ''))}:{finding.line}:{finding.column}: "
            said = f"    {where}{sentence(subject, finding)} [{finding.code}]"
            self._line(said, "cyan" if finding.status is Status.WITHIN else STYLES[finding.status])
        for delta in subject.improved:
            old, new = shown(delta.before or 0, delta.subject.unit), shown(delta.after or 0, delta.subject.unit)
            self._line(
                f"    better than the baseline: {delta.metric} {old} -> {new}; --update-baseline records it", "cyan"
            )
        if subject.earlier is not None and subject.earlier.comparison is not None:
            self._comparison(subject, subject.earlier)
        for doubt in subject.doubts:
            self._finding(subject, doubt_finding(doubt))
        for warning in subject.warnings:
            self._finding(subject, doubt_finding(warning, Status.NEAR))

    def _limit(self, subject: Subject, row: LimitRow, widths: list[int], left_out: tuple[str, ...]) -> None:
        judgement = row.judgement
        line = Text(f"  {self._marks[judgement.status]} ", style=STYLES[judgement.status])
        style = STYLES[judgement.status] if judgement.status >= Status.OVER else ""
        aligned = MARGIN + sum(widths[:3]) <= self._width
        for part, text in enumerate(row.parts):
            name = {3: "bar", 4: "source"}.get(part)
            if name in left_out:
                continue
            gap = (widths[part] if aligned else 2 + cell_len(text)) - cell_len(text)
            line.append(text + " " * gap, style="dim" if name == "source" else style)
        line.rstrip()
        self._line(line)
        for finding in judgement.findings[:MOST_LAYERS]:
            self._finding(subject, finding)
        if len(judgement.findings) > MOST_LAYERS:
            self._line(f"      and {plural(len(judgement.findings) - MOST_LAYERS, 'more layer')}", "dim")
        if judgement.status is Status.OVER and judgement.heaviest:
            heavy = "; ".join(
                f"{safe(h.path)} {shown(h.value, judgement.limit.subject.unit)}, {percentage(h.share)}"
                + (f" (line {h.line})" if h.line else "")
                for h in judgement.heaviest
            )
            self._line(f"      heaviest: {heavy}")
        if judgement.status is Status.OVER and judgement.measured.live:
            live = ", ".join(f"{safe(name)} {elements:,}" for name, elements in judgement.measured.live)
            self._line(f"      live then: {live}")

    def _finding(self, subject: Subject | None, finding: Finding) -> None:
        file = file_of(subject, finding)
        where = f"{safe(from_top(file))}:{finding.line}:{finding.column}: " if file is not None else ""
        line = Text("      ")
        line.append(f"{where}{finding.status.severity}: ", style=STYLES[finding.status])
        line.append(f"{sentence(subject, finding, brief=True)} [{finding.code}]")
        self._line(line)

    def _comparison(self, subject: Subject, earlier: Earlier) -> None:
        comparison = earlier.comparison
        if comparison is None or not comparison.changed:
            return
        counts = ", ".join(f"{len(comparison.of_kind(kind)):,} {kind}" for kind in ("added", "removed", "changed"))
        self._line(f"    layers since {safe(earlier.reference)}: {counts}, {comparison.same:,} unchanged")
        told = {judgement.limit.metric for judgement in subject.judgements if judgement.before is not None}
        for delta in comparison.totals:
            known = delta.before is not None and delta.after is not None
            if known and delta.metric not in told and delta.before != delta.after:
                ratio = f" ({percentage(delta.ratio, signed=True)})" if delta.ratio is not None else ""
                unit = delta.subject.unit
                moved = f"{shown(delta.before or 0, unit)} -> {shown(delta.after or 0, unit)}"
                self._line(f"      {delta.metric} {moved}{ratio}")
        for change in comparison.layers[:MOST_LAYERS]:
            self._line(f"      {_change(change)}")
        if len(comparison.layers) > MOST_LAYERS:
            self._line(f"      and {plural(len(comparison.layers) - MOST_LAYERS, 'more layer')}", "dim")


def _state(earlier: Earlier) -> str:
    reference = safe(earlier.reference)
    words = {"new": f"new since {reference}", "same": f"as in {reference}", "changed": f"changed since {reference}"}
    return words.get(earlier.state, f"renamed since {reference}, there '{safe(earlier.path or '')}'")


def _change(change: LayerChange) -> str:
    """Return one changed layer: its sign, path, and the metrics that moved."""
    sign = {"added": "+", "removed": "-", "changed": "~"}[change.kind]
    moved = [
        f"{delta.metric} {'+' if Fraction(delta.change) > 0 else ''}{delta.change:,}"
        for delta in change.deltas[:2]
        if delta.change
    ]
    return f"{sign} {safe(change.path)}  {', '.join(moved) or safe(what(change))}"
