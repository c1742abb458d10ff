"""Where something is wrong and how to say it: spans, diagnostics and the two errors. Nothing here prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.results.report import Report

MAX_REPORTED = 20
"""At most this many errors of one file are reported together."""
MAX_EXCERPT = 160
"""Of a source line at most this many characters are shown, those around the marked place."""

MAX_WORD = 100
"""Longer words are not compared for a hint."""
MAX_CANDIDATES = 1_000
"""A misspelt word is not compared with more words than this."""
MAX_LISTED = 20
"""At most this many names are listed in a hint."""


class Span(NamedTuple):
    """A piece of one source line: 1-based line and column, length in characters; the file where it is a used one."""

    line: int
    column: int
    length: int = 1
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One located finding about a spec.

    Attributes:
        code: kebab-case name of the kind of finding, listed in `docs/diagnostics.md`.
        message: one line: who, what is wrong, the value received.
        severity: `error` or `warning`.
        span: where it is in the file; None for a spec without text (a Python mapping).
        path: the expanded layer concerned, if any.
        hint: one imperative sentence that says how to repair it.
        related: other places that take part, each with a short label.
        trace: the block calls that lead here, outermost first.
        file: the file's name as the user gave it.
        source: the text of the line that `span` points at.
        related_sources: the text of the lines that `related` points at.
        place: the part of a file without lines; the message begins with it.
        spec: the file of the spec that `file` is used by, where that is another one.
    """

    code: str
    message: str
    severity: str = "error"
    span: Span | None = None
    path: str | None = None
    hint: str | None = None
    related: tuple[tuple[str, Span], ...] = ()
    trace: tuple[tuple[str, Span], ...] = ()
    file: str | None = None
    source: str | None = None
    related_sources: tuple[str | None, ...] = ()
    place: str | None = None
    spec: str | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the finding as plain data, the form it has under `warnings` in a report."""
        used = {"file": self.span.file} if self.span is not None and self.span.file else {}
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "path": self.path,
            "line": self.span.line if self.span else None,
            "column": self.span.column if self.span else None,
            "hint": self.hint,
            **used,
        }

    def says_as(self, other: Diagnostic) -> bool:
        """Whether another finding says the same of the same place, whatever its hint."""
        return (self.code, self.message, self.severity, self.span, self.path, self.trace) == (
            other.code, other.message, other.severity, other.span, other.path, other.trace
        )  # fmt: skip

    def where(self, span: Span) -> str:
        """Return a line in words, with its file where that is another one."""
        file = span.file or self.spec or self.file or ""
        return f"line {span.line}" if file == (self.file or "") else f"{one_line(file)}:{span.line}"

    def render(self) -> str:
        """Return the finding as text: `path:line:column: severity: message [code]`, the marked line, the hint."""
        file = one_line(self.file or "<spec>")
        line, column = (self.span.line, self.span.column) if self.span else (1, 1)
        where, message = f"{file}:{line}:{column}", self.message
        if self.place is not None:
            where, message = f"{file}: {one_line(self.place)}", message.removeprefix(f"{self.place}: ")
        rows = [f"{where}: {self.severity}: {one_line(message)} [{self.code}]"]
        if self.span and self.source is not None:
            rows += excerpt(self.source, self.span)
        rows += [f"  = note: {one_line(label)}, {self.where(span)}" for label, span in self.trace]
        sources = self.related_sources or (None,) * len(self.related)
        for (label, span), source in zip(self.related, sources, strict=True):
            rows.append(f"  = note: {one_line(label)}, {self.where(span)}")
            if source is not None:
                rows += excerpt(source, span)
        if self.hint:
            rows.append(f"  = hint: {one_line(self.hint)}")
        return "\n".join(rows)


def excerpt(source: str, span: Span) -> list[str]:
    """Return a source line with its number, and under it a mark; of a very long line, the part around the mark."""
    start = span.column - 1
    end = min(start + max(span.length, 1), max(len(source), start + 1))
    first, last = 0, len(source)
    if len(source) > MAX_EXCERPT:
        first = max(0, min(start - MAX_EXCERPT // 4, len(source) - MAX_EXCERPT))
        last = first + MAX_EXCERPT
        end = min(end, last)
    before = ("..." if first else "") + visible(source[first:start])
    marked = visible(source[start:end])
    after = visible(source[end:last]) + ("..." if last < len(source) else "")
    gutter = " " * len(str(span.line))
    mark = " " * columns(before) + "^" * max(columns(marked), 1)
    return [f"{span.line} | {before}{marked}{after}", f"{gutter} | {mark}"]


def columns(text: str) -> int:
    """Return the columns that printable text takes in a terminal."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def visible(text: str) -> str:
    """Return text with control characters (tabs, escapes, bidi marks) shown as escapes: spec text is data."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_line(text: str) -> str:
    """Return text as one printable line."""
    return visible(" ".join(text.splitlines()) if "\n" in text or "\r" in text else text)


def suggest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word nearest to a misspelt one, or None; also where there is too much to compare."""
    import difflib

    if len(word) > MAX_WORD:
        return None
    known = list(known)
    if len(known) > MAX_CANDIDATES:
        return None
    close = difflib.get_close_matches(word, [other for other in known if len(other) <= MAX_WORD], n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str | None = None) -> str | None:
    """Return the hint for an unknown word: the nearest known one, else the given sentence."""
    close = suggest(word, known)
    return f"did you mean '{close}'?" if close else otherwise


def listed(names: Iterable[str]) -> str:
    """Return names for a hint: all of them where they are few, else some and how many more there are."""
    names = list(names)
    more = len(names) - MAX_LISTED
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:MAX_LISTED])} and {more:,} more"


def plural(number: int, noun: str) -> str:
    """Return a number with its noun: `1 layer`, `1,024 layers`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def by_place(finding: Diagnostic) -> tuple[str, Span, str]:
    """Return what findings are sorted by: those of the spec's own file first, by place."""
    span = finding.span or Span(0, 0)
    return span.file, span, finding.message


class SpecError(Exception):
    """A spec that cannot be read or does not describe a network; carries every finding.

    Attributes:
        diagnostics: all findings, sorted by place, errors and warnings.
        partial: a report of the layers before the first that failed, without totals, where there are any.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic], partial: Report | None = None) -> None:
        self.partial = partial
        self.diagnostics: tuple[Diagnostic, ...] = tuple(
            sorted(diagnostics, key=by_place)
        )
        super().__init__(self.diagnostics, partial)

    def __str__(self) -> str:
        return "\n".join(d.render() for d in self.diagnostics)

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook prints of it: the located lines, and no frames."""
        return str(self).splitlines()


class ArgumentError(ValueError):
    """An operator's refusal of its arguments or of its input; the place is added by whoever built the layer.

    Attributes:
        argument: the argument to blame, or None when it is the input.
        hint: how to repair it.
        code: kebab-case name of the kind of error.
    """

    def __init__(self, message: str, *, argument: str | None = None, hint: str | None = None,
                 code: str = "bad-argument") -> None:
        super().__init__(message)
        self.argument = argument
        self.hint = hint
        self.code = code


@dataclass(slots=True)
class Collector:
    """Gathers the findings of one run over one file; knows the file so that those who find need not.

    Attributes:
        file: the file's name.
        lines: its text.
        used: the texts of the files that it uses, by the names that their spans have.
    """

    file: str | None = None
    lines: tuple[str, ...] | None = None
    used: dict[str, tuple[str, ...]] = field(default_factory=dict)
    found: list[Diagnostic] = field(default_factory=list)

    def copy(self) -> Collector:
        """Return a collector of the same file with the same findings, to which others may be added."""
        return Collector(self.file, self.lines, dict(self.used), list(self.found))

    def add(self, code: str, message: str, span: Span | None = None, *, severity: str = "error",
            path: str | None = None, hint: str | None = None, related: tuple[tuple[str, Span], ...] = (),
            trace: tuple[tuple[str, Span], ...] = ()) -> None:
        """Record one finding; of those that say the same of the same place, the first with its hint."""
        finding = Diagnostic(code=code, message=message, severity=severity, span=span, path=path, hint=hint,
                             related=related, trace=trace, file=(span.file if span else None) or self.file,
                             source=self.line(span), spec=self.file if span and span.file else None,
                             related_sources=tuple(self.line(place) for _, place in related))  # fmt: skip
        if len(self.found) < 10 * MAX_REPORTED and not any(finding.says_as(other) for other in self.found):
            self.found.append(finding)

    def line(self, span: Span | None) -> str | None:
        """Return the text of the line that a span points at, where there is one."""
        lines = self.lines if span is None or not span.file else self.used.get(span.file)
        if span is None or lines is None or not 0 < span.line <= len(lines):
            return None
        return lines[span.line - 1]

    @property
    def errors(self) -> list[Diagnostic]:
        """The errors so far."""
        return [d for d in self.found if d.severity == "error"]

    def raise_if_errors(self) -> None:
        """Raise SpecError with the first errors by place, if there are any."""
        if errors := self.errors:
            raise SpecError(sorted(errors, key=by_place)[:MAX_REPORTED])
