"""What is wrong, as a client shows it, and the repairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from cnncalc.editor.budgets import budget_findings
from cnncalc.editor.fixes import fixes
from cnncalc.editor.text import TextRange, range_of
from cnncalc.language.slots import as_map
from cnncalc.server.open_files import uri_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.server.open_files import Opened, OpenFiles
    from cnncalc.values.diagnostics import Diagnostic, Span

SOURCE, GATE = "cnncalc", "cnncalc check"
SEVERITIES = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}
WHOLE = TextRange(1, 1, 1, 2)


def diagnostics(files: OpenFiles, opened: Opened, *, check: bool) -> list[types.Diagnostic]:
    """Return what `cnncalc show` prints of a file, and where `check`, the limits in it that do not hold.

    A finding in a file that it uses stands at the call that leads there, or at `use:`.
    """
    document = opened.document
    found = [_diagnostic(files, opened, finding, SOURCE) for finding in document.findings()]
    if check and document.now.outcome.whole:
        found += [_diagnostic(files, opened, finding, GATE) for finding in budget_findings(document.now.gate)]
    return found


def _diagnostic(files: OpenFiles, opened: Opened, finding: Diagnostic, source: str) -> types.Diagnostic:
    places = [*finding.related, *finding.trace]
    span = finding.span
    if span is not None and span.file:
        places.insert(0, ("it is here", span))
        span = next((place for _, place in reversed(finding.trace) if not place.file), None) or _use(opened)
    here = WHOLE if span is None else _at_least_one(range_of(span))
    hint = f"\nhint: {finding.hint}" if finding.hint else ""
    return types.Diagnostic(
        range=opened.ruler.range(here),
        message=finding.message + hint,
        severity=SEVERITIES[finding.severity],
        code=finding.code,
        source=source,
        related_information=_related(files, opened, places) or None,
        tags=[types.DiagnosticTag.Unnecessary] if finding.code in {"unused-result", "unused-input"} else None,
    )


def _at_least_one(place: TextRange) -> TextRange:
    return place if place.end_column > place.column else place._replace(end_column=place.column + 1)


def _use(opened: Opened) -> Span | None:
    """Return the place of `use:`."""
    spec = opened.document.now.spec
    root = as_map(spec.tree) if spec is not None else None
    key = root.key("use") if root is not None else None
    return None if key is None else key.span


def _related(files: OpenFiles, opened: Opened, places: Iterable[tuple[str, Span]],
             ) -> list[types.DiagnosticRelatedInformation]:  # fmt: skip
    found = []
    for label, span in places:
        ruler = files.ruler(span.file) if span.file else opened.ruler
        if ruler is not None:
            uri = uri_of(span.file) if span.file else opened.uri
            location = types.Location(uri, ruler.range(_at_least_one(range_of(span._replace(file="")))))
            found.append(types.DiagnosticRelatedInformation(location, label))
    return found


def code_actions(files: OpenFiles, opened: Opened, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Return the repairs of the findings in a piece of text."""
    actions = []
    first, last = params.range.start.line, params.range.end.line
    for finding in opened.document.findings():
        shown = _diagnostic(files, opened, finding, SOURCE)
        if shown.range.start.line > last or shown.range.end.line < first:
            continue
        for fix in fixes(opened.document, finding):
            edits = [types.TextEdit(opened.ruler.range(edit.range), edit.text) for edit in fix.edits]
            actions.append(types.CodeAction(
                title=fix.title, kind=types.CodeActionKind.QuickFix, diagnostics=[shown], is_preferred=fix.sure,
                edit=types.WorkspaceEdit(changes={opened.uri: list(edits)}),
            ))  # fmt: skip
    return actions
