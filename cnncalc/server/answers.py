"""The engine's answers as a client takes them: one function for each request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from cnncalc.editor import completion, formatting, hints, hover, navigation, outline, tokens
from cnncalc.editor.text import TextRange
from cnncalc.server.open_files import uri_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.editor.outline import Entry
    from cnncalc.server.open_files import Opened, OpenFiles

KINDS = {
    "operator": types.CompletionItemKind.Class,
    "block": types.CompletionItemKind.Module,
    "argument": types.CompletionItemKind.Property,
    "modifier": types.CompletionItemKind.Keyword,
    "key": types.CompletionItemKind.Property,
    "word": types.CompletionItemKind.EnumMember,
    "label": types.CompletionItemKind.Reference,
    "variable": types.CompletionItemKind.Variable,
    "function": types.CompletionItemKind.Function,
    "code": types.CompletionItemKind.Constant,
}
SYMBOLS = {
    "section": types.SymbolKind.Namespace,
    "variable": types.SymbolKind.Variable,
    "variant": types.SymbolKind.Enum,
    "block": types.SymbolKind.Function,
    "input": types.SymbolKind.Interface,
    "layer": types.SymbolKind.Class,
}
TOKENS = {
    "operator": "class", "block": "function", "label": "property", "variable": "variable", "parameter": "parameter",
    "function": "macro", "number": "number", "keyword": "keyword", "sign": "operator",
}  # fmt: skip
LEGEND = types.SemanticTokensLegend(list(dict.fromkeys(TOKENS.values())), ["declaration"])
TRIGGERS = [" ", "{", "[", ",", ".", "$", ":"]


def completions(opened: Opened, at: types.Position) -> types.CompletionList:
    """Return what can be typed."""
    found = completion.completions(opened.document, opened.ruler.position(at))
    items = [
        types.CompletionItem(
            label=one.label, kind=KINDS[one.kind], detail=one.detail or None, sort_text=f"{number:04}",
            documentation=types.MarkupContent(types.MarkupKind.Markdown, one.text) if one.text else None,
            text_edit=types.TextEdit(opened.ruler.range(one.edit.range), one.edit.text),
        )
        for number, one in enumerate(found)
    ]  # fmt: skip
    return types.CompletionList(is_incomplete=True, items=items)


def said(opened: Opened, at: types.Position) -> types.Hover | None:
    """Return what is said of the thing at a place."""
    found = hover.hover(opened.document, opened.ruler.position(at))
    if found is None:
        return None
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, found.text), opened.ruler.range(found.range))


def _location(files: OpenFiles, found: navigation.Location) -> types.Location | None:
    ruler = files.ruler(found.path)
    opened = files.by_path(found.path)
    uri = opened.uri if opened is not None else uri_of(found.path)
    return None if ruler is None else types.Location(uri, ruler.range(found.range))


def definition(files: OpenFiles, opened: Opened, at: types.Position) -> types.Location | None:
    """Return where a name is declared."""
    found = navigation.definition(opened.document, opened.ruler.position(at))
    return None if found is None else _location(files, found)


def references(files: OpenFiles, opened: Opened, params: types.ReferenceParams) -> list[types.Location]:
    """Return where a name stands."""
    at = opened.ruler.position(params.position)
    found = navigation.references(opened.document, at, files.around(opened.document))
    if not params.context.include_declaration:
        declared = navigation.definition(opened.document, at)
        found = [one for one in found if one != declared]
    return [shown for one in found if (shown := _location(files, one)) is not None]


def renamable(opened: Opened, at: types.Position) -> types.Range:
    """Return what is renamed.

    Raises:
        RenameError: there is no name of one's own.
    """
    return opened.ruler.range(navigation.renamable(opened.document, opened.ruler.position(at)))


def rename(files: OpenFiles, opened: Opened, params: types.RenameParams) -> types.WorkspaceEdit:
    """Return the changes that a new name makes, in every file.

    Raises:
        RenameError: the new name is none, or is taken.
    """
    at = opened.ruler.position(params.position)
    changes = navigation.rename(opened.document, at, params.new_name, files.around(opened.document))
    result: dict[str, Sequence[types.TextEdit]] = {}
    for path, edits in changes.items():
        ruler, there = files.ruler(path), files.by_path(path)
        if ruler is not None:
            uri = there.uri if there is not None else uri_of(path)
            result[uri] = [types.TextEdit(ruler.range(edit.range), edit.text) for edit in edits]
    return types.WorkspaceEdit(changes=result)


def symbols(opened: Opened) -> list[types.DocumentSymbol]:
    """Return the outline."""
    return [_symbol(opened, entry) for entry in outline.outline(opened.document)]


def _symbol(opened: Opened, entry: Entry) -> types.DocumentSymbol:
    lines = opened.document.now.lines
    end = len(lines[entry.last - 1]) + 1 if entry.last <= len(lines) else 1
    name = TextRange(entry.line, entry.column, entry.line, min(entry.column + len(entry.name), _end(lines, entry.line)))
    return types.DocumentSymbol(
        name=entry.name or "?", detail=entry.detail or None, kind=SYMBOLS[entry.kind],
        range=opened.ruler.range(TextRange(entry.line, 1, entry.last, end)), selection_range=opened.ruler.range(name),
        children=[_symbol(opened, child) for child in entry.children] or None,
    )  # fmt: skip


def _end(lines: Sequence[str], line: int) -> int:
    return len(lines[line - 1]) + 1 if line <= len(lines) else 1


def folding(opened: Opened) -> list[types.FoldingRange]:
    """Return what can be folded."""
    to_client = opened.ruler.to_client
    return [
        types.FoldingRange(to_client(fold.first, 1).line, to_client(fold.last, 1).line,
                           kind=types.FoldingRangeKind.Comment if fold.comment else None)
        for fold in outline.folds(opened.document)
    ]  # fmt: skip


def code_lenses(opened: Opened) -> list[types.CodeLens]:
    """Return the totals above lines."""
    found = []
    for lens in hints.lenses(opened.document):
        start = opened.ruler.to_client(lens.line, 1)
        found.append(types.CodeLens(types.Range(start, start), types.Command(lens.text, "")))
    return found


def inlay_hints(opened: Opened, parts: Sequence[str], place: types.Range) -> list[types.InlayHint]:
    """Return the numbers beside the lines of a piece of text."""
    if not parts:
        return []
    first, last = opened.ruler.position(place.start), opened.ruler.position(place.end)
    return [
        types.InlayHint(
            opened.ruler.to_client(*hint.at), hint.text, padding_left=True,
            tooltip="before there were errors" if hint.old else None,
        )
        for hint in hints.inlay_hints(opened.document, parts, first.line, last.line)
    ]  # fmt: skip


def semantic_tokens(opened: Opened) -> types.SemanticTokens:
    """Return what pieces of the text are, each by its distance from the one before."""
    kinds = {kind: LEGEND.token_types.index(name) for kind, name in TOKENS.items()}
    data: list[int] = []
    line = character = 0
    for piece in tokens.pieces(opened.document):
        start = opened.ruler.to_client(piece.line, piece.column)
        end = opened.ruler.to_client(piece.line, piece.column + piece.length)
        moved = start.line - line
        if moved == 0 and start.character < character:
            continue
        data += [moved, start.character - (0 if moved else character), end.character - start.character,
                 kinds[piece.kind], int(piece.declares)]  # fmt: skip
        line, character = start.line, start.character
    return types.SemanticTokens(data)


def formatted(opened: Opened) -> list[types.TextEdit]:
    """Return the change that formats a text; none where it is as the writer writes it.

    Raises:
        FormatError: it cannot be formatted.
    """
    text = opened.document.text
    new = formatting.formatted(text)
    return [] if new == text else [types.TextEdit(opened.ruler.whole(), new)]
