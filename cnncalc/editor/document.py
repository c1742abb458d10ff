"""A spec while it is written: its text now, and the last texts that could be read and analysed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc.editor.analysis import Analysis, analysed
from cnncalc.editor.names import STD
from cnncalc.editor.naming import read_names
from cnncalc.editor.text import Position, Shift
from cnncalc.gate.specs import is_library
from cnncalc.language.standard import FILE as STD_FILE
from cnncalc.language.standard import standard
from cnncalc.language.tree import Map, Scalar
from cnncalc.language.used import MAX_USED, SUFFIXES, path_from
from cnncalc.language.yaml_text import read
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.editor.names import SymbolTable
    from cnncalc.values.diagnostics import Diagnostic


QUICK = 100_000
"""So many characters are read at once when names are asked for."""


class Document:
    """One open file.

    Attributes:
        path: its absolute path, or a name where it is in no folder.
        now: the analysis of its text.
        readable: that of the last text that was read and is a tree; its names are known. None before there was one.
        whole: that of the last text without errors; its numbers are known. None before there was one.
    """

    def __init__(self, path: str, text: str, opened: Callable[[str], str | None] = lambda _: None) -> None:
        self.path = path
        self.opened = opened
        self.readable: Analysis | None = None
        self.whole: Analysis | None = None
        self._names: tuple[Analysis, SymbolTable] | None = None
        self._shift: tuple[Analysis, Shift] | None = None
        self.now = analysed(text, path, opened)

    def update(self, text: str) -> None:
        """Take another text; it is read and analysed when something is asked of it."""
        if self.readable is None:
            self.names()
        self.take(analysed(text, self.path, self.opened))

    def take(self, analysis: Analysis) -> None:
        """Take an analysis as that of the text now."""
        self.now = analysis
        self._shift = None
        self._settle()

    @property
    def text(self) -> str:
        """The text now."""
        return self.now.text

    def read(self) -> None:
        """Read the text now, however long it is."""
        _ = self.now.spec
        self._settle()

    def findings(self) -> tuple[Diagnostic, ...]:
        """Return what is wrong with the text now, as `cnncalc show` prints it; its numbers are known from then on."""
        found = self.now.findings
        self._settle()
        return found

    def _settle(self) -> None:
        """Keep what is known of the text now."""
        if self.now.is_read and self.now.spec is not None:
            self.readable = self.now
        if self.now.done and self.now.outcome.whole:
            self.whole = self.now

    def numbered(self) -> Analysis | None:
        """Return the analysis whose numbers are shown: that of the text now, or of the last one without errors.

        Nothing is analysed: a text whose findings nobody has asked for yet has no numbers.
        """
        self._settle()
        return self.whole

    def shift(self, analysis: Analysis) -> Shift:
        """Return where the lines of an earlier text are now."""
        if self._shift is None or self._shift[0] is not analysis:
            self._shift = analysis, Shift(analysis.lines, self.now.lines)
        return self._shift[1]

    def names(self, without: int = 0) -> SymbolTable | None:
        """Return the names of the text, of the last one that could be read where this one cannot.

        A long text that nobody has read yet is not read for it.

        Args:
            without: a line to leave out where no text could be read before.
        """
        if len(self.text) <= QUICK:
            self.read()
        self._settle()
        if self.readable is None and 0 < without <= len(self.now.lines):
            kept = (text for number, text in enumerate(self.now.lines, 1) if number != without)
            partial = analysed("\n".join(kept), self.path, self.opened)
            self.readable = partial if partial.spec is not None else None
        if self.readable is None:
            return None
        if self._names is None or self._names[0] is not self.readable:
            assert self.readable.spec is not None  # noqa: S101 - that is what readable means
            names = read_names(self.readable.spec.tree, self.path, self._library, self.readable.lines)
            self._names = self.readable, names
        return self._names[1]

    def before(self, at: Position) -> Position | None:
        """Return where a place of the text now is in the text that the names are of; None where it is not."""
        if self.readable is None or self.readable is self.now:
            return at
        line = self.shift(self.readable).back(at.line)
        return None if line is None else Position(line, at.column)

    def after(self, line: int) -> int | None:
        """Return where a line of the text that the names are of is now."""
        if self.readable is None or self.readable is self.now:
            return line
        return self.shift(self.readable).forward(line)

    def names_of(self, path: str) -> SymbolTable | None:
        """Return the names of another file, as it is open or saved."""
        if path == self.path:
            return self.names()
        if path == STD:
            lines = STD_FILE.read_text(encoding="utf-8").splitlines()
            return read_names(located_standard(), STD, lambda _: None, lines)
        tree = self._tree(path)
        if tree is None:
            return None
        other = Document(path, tree[1], self.opened)
        other.read()
        return other.names()

    def beside(self) -> list[str]:
        """Return the files of blocks beside this one, as `use:` names them."""
        if not Path(self.path).is_absolute():
            return []
        try:
            files = sorted(file for file in Path(self.path).parent.iterdir() if file.suffix.lower() in SUFFIXES)
        except OSError:
            return []
        return [file.name for file in files[:MAX_USED] if str(file) != self.path and is_library(file)]

    def _library(self, entry: str) -> tuple[Map, str] | None:
        """Return the tree and the absolute path of a file that this one uses."""
        if entry == STD:
            return standard(), STD
        relative = path_from("", entry)
        if relative is None or not Path(self.path).is_absolute():
            return None
        path = os.path.normpath(Path(self.path).parent / relative)
        found = self._tree(path)
        return None if found is None else (found[0], path)

    def _tree(self, path: str) -> tuple[Map, str] | None:
        try:
            text = self.opened(path)
            if text is None:
                text = Path(path).read_text(encoding="utf-8")
            return read(text, path, used=True)[0], text
        except (OSError, ValueError, SpecError):
            return None


def located_standard() -> Map:
    """Return the shipped blocks with the places that they have in their file."""
    blocks = read(STD_FILE.read_bytes(), str(STD_FILE))[0]
    return Map({"blocks": (Scalar("blocks", plain=True, text="blocks"), blocks)})
