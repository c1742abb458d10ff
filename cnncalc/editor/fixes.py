"""Repairs of what is wrong, from its hint. A repair is offered only where the finding is gone once it is made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.editor.analysis import Analysis
from cnncalc.editor.text import Edit, TextRange, edited, range_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.editor.document import Document
    from cnncalc.values.diagnostics import Diagnostic

MEANT = re.compile(r"did you mean '([^']+)'\?")
WRITE = re.compile(r"write (.+)")
WORD = re.compile(r"[$A-Za-z0-9_.]+")
MOST = 6
"""So many ways to read a hint are tried."""


class Fix(NamedTuple):
    """A change that repairs a finding.

    Attributes:
        title: what it does.
        edits: the change.
        sure: the hint names one thing to write, so that an editor may make the change unasked.
    """

    title: str
    edits: tuple[Edit, ...]
    sure: bool


def fixes(document: Document, finding: Diagnostic) -> list[Fix]:
    """Return the repairs of a finding about the text now."""
    span = finding.span
    now = document.now
    if span is None or span.file or not 0 < span.line <= len(now.lines):
        return []
    tried = list(dict.fromkeys(_candidates(now, finding)))[:MOST]
    found = [fix for fix in tried if _helps(now, finding, fix)]
    return [fix._replace(sure=len(found) == 1) for fix in found] + _accepted(now, finding)


def _helps(now: Analysis, finding: Diagnostic, fix: Fix) -> bool:
    """Return whether a finding is gone after a change, and nothing else is wrong in its place."""
    assert finding.span is not None  # noqa: S101 - fixes has looked
    after = Analysis(edited(now.text, fix.edits), now.path, now.beside)
    if after.spec is None and now.spec is not None:
        return False
    before = {(other.code, other.message) for other in now.findings if other is not finding}
    place = fix.edits[0].range
    end = place.column + len(fix.edits[0].text)
    for other in after.findings:
        if other.span is None or other.span.file or other.span.line != finding.span.line:
            continue
        here = other.span.column == finding.span.column or place.column <= other.span.column < end
        if here and other.code == finding.code:
            return False
        if other.severity == "error" and (other.code, other.message) not in before and (here or not fix.sure):
            return False
    return True


def _candidates(now: Analysis, finding: Diagnostic) -> Iterator[Fix]:
    """Yield what a hint may mean."""
    assert finding.span is not None  # noqa: S101 - fixes has looked
    place = _marked(now, finding)
    line = now.lines[place.line - 1]
    for hint in (finding.hint or "").split("; "):
        if found := MEANT.fullmatch(hint):
            yield _replaced(place, found[1], sure=True)
        elif found := WRITE.match(hint):
            for text in _written(found[1]):
                yield _replaced(place, text, sure=False)
                yield _replaced(_word(line, place), text, sure=False)
        elif hint.startswith("remove it") and place.column < place.end_column:
            yield Fix(f"remove '{line[place.column - 1 : place.end_column - 1]}'", (Edit(place, ""),), sure=True)
        elif hint.startswith("indent with spaces"):
            start = len(line) - len(line.lstrip())
            new = line[:start].replace("\t", "  ")
            yield Fix("indent with spaces", (Edit(TextRange(place.line, 1, place.line, start + 1), new),), sure=True)


def _marked(now: Analysis, finding: Diagnostic) -> TextRange:
    """Return what a finding marks, without space behind it."""
    assert finding.span is not None  # noqa: S101 - fixes has looked
    place = range_of(finding.span)
    text = now.lines[place.line - 1][place.column - 1 : place.end_column - 1]
    return place._replace(end_column=place.column + len(text.rstrip()))


def _word(line: str, place: TextRange) -> TextRange:
    """Return the word at the start of what is marked."""
    found = WORD.match(line, place.column - 1)
    return place if found is None else place._replace(end_column=found.end() + 1)


def _written(text: str) -> Iterator[str]:
    """Yield what a hint says one should write: all of it, one of several words, the value alone."""
    text = re.sub(r" (for|to|where|when|beside|above|without) .*", "", text)
    words = text.split(" or ")
    if all(WORD.fullmatch(word) for word in words):
        yield from words
        return
    if ".." in text:
        return
    yield text
    if found := re.fullmatch(r"\w+: (.+)", text):
        yield found[1]
    if found := re.fullmatch(r"'(.+)'", text):
        yield found[1]


def _replaced(place: TextRange, text: str, *, sure: bool) -> Fix:
    return Fix(f"write {text}", (Edit(place, text),), sure)


def _accepted(now: Analysis, finding: Diagnostic) -> list[Fix]:
    """Return the change that says that a warning is meant."""
    if finding.severity != "warning" or now.spec is None:
        return []
    tree, code = now.spec.tree, finding.code
    node = tree.get("accept")
    if node is None:
        key = tree.key("layers")
        line = key.line if key is not None else 1
        edit = Edit(TextRange(line, 1, line, 1), f"accept: [{code}]\n")
    else:
        start = now.lines[node.line - 1].find("[", 0)
        if start < 0 or node.line == 0:
            return []
        edit = Edit(TextRange(node.line, start + 2, node.line, start + 2), f"{code}, ")
    fix = Fix(f"accept: {code} in this file", (edit,), sure=False)
    after = Analysis(edited(now.text, fix.edits), now.path, now.beside)
    return [fix] if after.outcome.whole and all(other.code != code for other in after.findings) else []
