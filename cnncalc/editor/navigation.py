"""Where a name is declared and used, in this file and in those that it uses or that use it; and its renaming."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.editor.names import STD, Occurrence, Symbol
from cnncalc.editor.text import Edit, TextRange, range_of
from cnncalc.language.expressions import RESERVED
from cnncalc.language.standard import FILE as STD_FILE
from cnncalc.language.template import DOTTED, LABEL, MAX_LABEL
from cnncalc.ops import base as ops

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.editor.document import Document
    from cnncalc.editor.names import SymbolTable
    from cnncalc.editor.text import Position

SHARED = {"block", "parameter"}
"""What other files may name."""


class Location(NamedTuple):
    """A piece of a file, by its absolute path."""

    path: str
    range: TextRange


class RenameError(ValueError):
    """A name cannot be changed so; the message says why."""


def found_at(document: Document, at: Position) -> tuple[Occurrence, SymbolTable] | None:
    """Return the name at a position, and the names of the file."""
    names, before = document.names(), document.before(at)
    if names is None or before is None:
        return None
    one = names.at(*before)
    return None if one is None else (one, names)


def definition(document: Document, at: Position) -> Location | None:
    """Return where the name at a position is declared; of an entry of `use:`, the file."""
    found = found_at(document, at)
    if found is None:
        return _used_file(document, at)
    symbol = found[0].symbol
    if symbol.file == document.path:
        return next(iter(_places(document, found[1], symbol, declared=True)), None)
    names = document.names_of(symbol.file)
    if names is None:
        return None
    declared = next((one for one in names.places(symbol) if one.declares), None)
    path = str(STD_FILE) if symbol.file == STD else symbol.file
    return None if declared is None else Location(path, range_of(declared.span))


def references(document: Document, at: Position, others: Iterable[Document] = ()) -> list[Location]:
    """Return every place of the name at a position, where it is declared included.

    Args:
        document: the file.
        at: the position.
        others: files that may use the same blocks, and the one that declares them.
    """
    found = found_at(document, at)
    if found is None:
        return []
    symbol = found[0].symbol
    places = _places(document, found[1], symbol)
    if symbol.kind in SHARED:
        for other in others:
            names = other.names()
            if other.path != document.path and names is not None:
                places += _places(other, names, symbol)
    return places


def renamable(document: Document, at: Position) -> TextRange:
    """Return the piece of text that is renamed.

    Raises:
        RenameError: there is no name of one's own there.
    """
    found = found_at(document, at)
    if found is None:
        raise RenameError("there is no label, block, variable or parameter here")
    one = found[0]
    if one.symbol.file == STD:
        raise RenameError(f"'{one.symbol.name}' is one of the shipped blocks")
    if one.symbol.kind == "input" and one.symbol.name in {"input", "x"} and not _declared(found[1], one.symbol):
        raise RenameError(f"'{one.symbol.name}' is a word of the language here")
    if one.symbol.name == "input":
        raise RenameError("'input' is a word of the language")
    return range_of(one.span._replace(line=at.line))


def rename(document: Document, at: Position, name: str, others: Iterable[Document] = ()) -> dict[str, list[Edit]]:
    """Return what changes in which file when the name at a position becomes another one.

    Raises:
        RenameError: there is no name of one's own there, the new one is none, or it is taken.
    """
    renamable(document, at)
    found = found_at(document, at)
    assert found is not None  # noqa: S101 - renamable has looked
    symbol = found[0].symbol
    others = list(others)
    _refuse(symbol, name, [found[1], *(n for other in others if (n := other.names()) is not None)])
    edits: dict[str, list[Edit]] = defaultdict(list)
    for place in references(document, at, others):
        edits[place.path].append(Edit(place.range, name))
    return dict(edits)


def _refuse(symbol: Symbol, name: str, files: Iterable[SymbolTable]) -> None:
    """Raise RenameError where a new name is none, or means something already, or not all places are known."""
    pattern = DOTTED if symbol.kind == "label" else LABEL
    if not pattern.fullmatch(name) or len(name) > MAX_LABEL:
        raise RenameError(f"'{name}' is not a name: use letters, digits and _, not starting with a digit")
    if name in RESERVED:
        raise RenameError(f"'{name}' is reserved")
    if symbol.kind == "block" and ops.built_in(name) is not None:
        raise RenameError(f"'{name}' is the name of an operator")
    for names in files:
        if symbol in names.hidden:
            raise RenameError(f"'{symbol.name}' stands in text of several lines, or with escapes: rename it by hand")
        if symbol.kind == "block" and name in names.blocks:
            raise RenameError(f"there is a block '{name}'")
        near = {one.symbol for one in names.occurrences if one.symbol.name == name and one.symbol.kind != "block"}
        if any(_meet(other, symbol) for other in near):
            raise RenameError(f"there is a {next(iter(near)).kind} '{name}'")


def _meet(one: Symbol, other: Symbol) -> bool:
    """Return whether two names could be mistaken for each other in some place."""
    tables = {"label": "label", "input": "label"}
    same = tables.get(one.kind, "value") == tables.get(other.kind, "value")
    return same and (one.scope == other.scope or not one.scope or not other.scope or one.kind != other.kind)


def _declared(names: SymbolTable, symbol: Symbol) -> bool:
    return any(one.declares for one in names.places(symbol))


def _places(document: Document, names: SymbolTable, symbol: Symbol, *, declared: bool = False) -> list[Location]:
    """Return the places of a thing in a file as it is now."""
    found = []
    for one in names.places(symbol):
        line = document.after(one.span.line)
        if line is not None and (one.declares or not declared):
            found.append(Location(document.path, range_of(one.span._replace(line=line))))
    return list(dict.fromkeys(found))


def _used_file(document: Document, at: Position) -> Location | None:
    """Return the file that an entry of `use:` names."""
    names, before = document.names(), document.before(at)
    node = names.root.get("use") if names is not None else None
    if names is None or before is None or node is None:
        return None
    for entry in getattr(node, "items", [node]):
        if entry.line == before.line and entry.column <= before.column <= entry.column + entry.length:
            path = names.used.get(getattr(entry, "text", ""))
            if path is not None:
                return Location(str(STD_FILE) if path == STD else path, TextRange(1, 1, 1, 1))
    return None
