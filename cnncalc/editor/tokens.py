"""What pieces of the text are: operators, blocks, labels, and what stands in expressions, for semantic colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.language.expressions import FUNCTIONS, RESERVED, ExpressionError, tokens

if TYPE_CHECKING:
    from cnncalc.editor.document import Document

KINDS = ("operator", "block", "label", "variable", "parameter", "function", "number", "keyword", "sign")
"""What a piece may be."""
OF_SYMBOL = {"label": "label", "input": "label", "block": "block", "variable": "variable", "parameter": "parameter",
             "value": "parameter"}  # fmt: skip
WORDS = RESERVED - FUNCTIONS.keys() - {"input", "none"}


class ColouredPiece(NamedTuple):
    """A piece of a line; `declares`: a name is given there."""

    line: int
    column: int
    length: int
    kind: str
    declares: bool = False


def pieces(document: Document) -> list[ColouredPiece]:
    """Return what pieces of the text are, in its order; lines that cannot be read are left out."""
    names, readable = document.names(), document.readable
    if names is None or readable is None:
        return []
    lines = readable.lines
    found: dict[tuple[int, int], ColouredPiece] = {}
    for node in names.expressions:
        try:
            parts = tokens(node.text)
        except ExpressionError:
            continue
        start = node.column + (0 if node.plain else 1)
        for part in parts:
            kind = "number" if part.kind == "number" else "sign"
            if part.kind == "name":
                if part.text in FUNCTIONS:
                    kind = "function"
                elif part.text in WORDS:
                    kind = "keyword"
                else:
                    continue
            elif part.text in {"(", ")", ","}:
                continue
            if lines[node.line - 1][start + part.start - 1 :].startswith(part.text):
                column = start + part.start
                found[node.line, column] = ColouredPiece(node.line, column, len(part.text), kind)
    for (line, column), name in names.operators.items():
        found[line, column] = ColouredPiece(line, column, len(name), "operator")
    for one in names.occurrences:
        place = one.span.line, one.span.column
        found[place] = ColouredPiece(*place, one.span.length, OF_SYMBOL[one.symbol.kind], one.declares)
    moved = ((piece, document.after(piece.line)) for _, piece in sorted(found.items()))
    return [piece._replace(line=line) for piece, line in moved if line is not None and piece.length > 0]
