"""Sections with their formulas printed; what layers of one form have in common is looked at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.explanation.model import Formula, Section
from cnncalc.explanation.term import plain_of, tree_of
from cnncalc.numbers.doors import recording
from cnncalc.numbers.tree import in_numbers, value, worked_out
from cnncalc.numbers.wording import Wording
from cnncalc.ops.arguments import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from fractions import Fraction

    from cnncalc.explanation.field import FieldStep, Quantity
    from cnncalc.explanation.form import LayerForm
    from cnncalc.numbers.tree import Let, Tree

CALLS = {
    "reached": "reached(size, k, s, d, padding before, after, out): how many of the output's positions receive a tap",
    "not_below": "[a >= b] is 1 where it holds, else 0: a window that would start past the map is dropped",
}  # fmt: skip


class Misfit(Exception):  # noqa: N818 - says what it is
    """A formula recorded for another layer of the same form does not give this one's number."""


class SectionDraft(NamedTuple):
    """A section before its formulas are printed."""

    key: str
    title: str
    quantities: list[Quantity]
    notes: list[str]


class Drafts(NamedTuple):
    """A layer before its formulas are printed.

    Attributes:
        form: the layer in letters; None where its code does not run on them.
        values: what the letters stand for; None where they stand for what was recorded.
        sections: all but that of its field.
    """

    form: LayerForm | None
    values: dict[str, int] | None
    sections: list[SectionDraft]

    @property
    def own(self) -> bool:
        """Whether the formulas were recorded for this layer."""
        return self.values is None or self.form is None or self.values is self.form.own


class ListedSections(NamedTuple):
    """Sections, and every letter that occurs in them with what it stood for where it was recorded."""

    sections: tuple[Section, ...]
    used: dict[str, int]


class FormulaLine(NamedTuple):
    """One formula of a section.

    Attributes:
        name: of a quantity with a formula of its own; None for one of the section's.
        wording: what it says; None for a number alone.
        letters: its text in letters.
    """

    name: str | None
    wording: Wording | None
    letters: str = ""


class SectionLines(NamedTuple):
    """What sections of the same formulas have in common: their lines, remarks and letters."""

    lines: list[list[FormulaLine]]
    remarks: list[list[str]]
    used: dict[str, int]


class Printer:
    """Prints the sections of one network's layers."""

    def __init__(self) -> None:
        self._trees: dict[Any, Tree] = {}
        self._wordings: dict[Any, Wording] = {}
        self._layouts: dict[Any, SectionLines] = {}
        self._printed: dict[Any, tuple[Drafts, SectionLines, list[Section]]] = {}

    def sections(self, drafts: Drafts, field: FieldStep) -> ListedSections:
        """Return the sections of a layer, that of its field behind the first."""
        key = id(drafts), self._shape(field.quantities)
        known = self._printed.get(key)
        if known is None:
            first, *others = drafts.sections
            layout = self._layout((self._shape(first.quantities), key[1], *(self._shape(d.quantities) for d in others)))
            printed = [
                self._section(draft, layout, 0 if place == 0 else place + 1, drafts.values, own=drafts.own)
                for place, draft in enumerate(drafts.sections)
            ]
            known = self._printed[key] = drafts, layout, printed
        _, layout, (before, *after) = known
        draft = SectionDraft("receptive_field", "receptive field", field.quantities, field.notes)
        values = None if drafts.values is None else {**drafts.values, **field.values}
        return ListedSections((before, self._section(draft, layout, 1, values, own=field.own), *after), layout.used)

    def _shape(self, quantities: Iterable[Quantity]) -> tuple[Wording | None, ...]:
        """Return the wording of each quantity: the same objects for the same formulas."""
        return tuple([self._wording(quantity.term) for quantity in quantities])

    def _wording(self, term: Any) -> Wording | None:
        if not recording(term):
            return None
        known = self._wordings.get(term.node)
        if known is None:
            known = self._wordings[term.node] = Wording(tree_of(term, self._trees))
        return known

    def _layout(self, shape: tuple[tuple[Wording | None, ...], ...]) -> SectionLines:
        known = self._layouts.get(shape)
        if known is None:
            known = self._layouts[shape] = _laid_out(shape)
        return known

    def _section(
        self, draft: SectionDraft, layout: SectionLines, place: int, values: Mapping[str, int] | None, *, own: bool
    ) -> Section:
        formulas: list[Formula] = []
        quantities = iter(draft.quantities)
        for line in layout.lines[place]:
            if line.name is not None:
                formulas.append(_defined(line, values, own=own))
                continue
            quantity = next(quantities)
            known = values if quantity.values is None else quantity.values
            formulas.append(_formula(quantity, line, known, own=own and quantity.values is None))
        notes = (*draft.notes, *layout.remarks[place])
        return Section(key=draft.key, title=draft.title, formulas=tuple(formulas), notes=notes)


def _laid_out(shape: Sequence[Sequence[Wording | None]]) -> SectionLines:
    """Return what sections say whatever their numbers are: each quantity with a formula of its own defined once."""
    names = _names([let for section in shape for wording in section if wording is not None for let in wording.lets])
    defined: set[str] = set()
    layout = SectionLines([], [], {})
    for section in shape:
        lines: list[FormulaLine] = []
        called: set[str] = set()
        for wording in section:
            if wording is None:
                lines.append(FormulaLine(None, None))
                continue
            for let in wording.lets:
                if names[let] not in defined:
                    defined.add(names[let])
                    body = Wording(let.body)
                    lines.append(FormulaLine(names[let], body, body.in_letters(names)))
            lines.append(FormulaLine(None, wording, wording.in_letters(names)))
            called |= wording.called
            layout.used.update((sym.name, int(sym.value)) for sym in wording.letters if sym.name not in layout.used)
        layout.lines.append(lines)
        layout.remarks.append([CALLS[name] for name in sorted(called) if name in CALLS])
    return layout


def _names(found: list[Let]) -> dict[Let, str]:
    """Return the printed name of each quantity with its own formula: its letter, with the axis where they differ."""
    bodies: dict[str, dict[Tree, None]] = {}
    for let in found:
        bodies.setdefault(let.name, {})[let.body] = None
    return {let: let.name if len(bodies[let.name]) == 1 else f"{let.name}_{let.axis.lower()}" for let in found}


def _defined(line: FormulaLine, values: Mapping[str, int] | None, *, own: bool) -> Formula:
    """Return the formula of a quantity with a letter of its own."""
    assert line.wording is not None and line.name is not None  # noqa: S101, PT018 - narrows for the type checker
    if own or values is None:
        return _of_tree(line, line.name, line.wording.tree, value(line.wording.tree), "")
    return _written(line, line.name, line.wording, values, line.wording.of(values), "")


def _formula(quantity: Quantity, line: FormulaLine, values: Mapping[str, int] | None, *, own: bool) -> Formula:
    """Return a quantity's formula."""
    name, term, plain, note = quantity[:4]
    if plain is None:
        return Formula(name=name, value=None, note=note)
    wording = line.wording
    if wording is not None:
        if not own and values is not None:
            if wording.of(values) != plain:
                raise Misfit
            return _written(line, name, wording, values, plain, note)
        if value(wording.tree) == plain_of(term) == plain:
            return _of_tree(line, name, wording.tree, plain, note)
    if term is not None and plain_of(term) != plain:
        if not own:
            raise Misfit
        note = f"{note}; " if note else ""
        note += "no formula was recorded"
    return Formula(name=name, value=plain, note=note)


def _written(  # noqa: PLR0917 - one place
    line: FormulaLine, name: str, wording: Wording, values: Mapping[str, int], plain: int | Fraction, note: str
) -> Formula:
    """Return the formula of a wording for values of its letters."""
    whole = type(plain) is int
    numbers = None if wording.alone and whole else wording.in_numbers(values)
    step = None if wording.ends and whole else wording.worked_out(values)
    return _told(name, (line.letters, numbers, step), plain, note)


def _of_tree(line: FormulaLine, name: str, tree: Tree, plain: int | Fraction, note: str) -> Formula:
    """Return the formula of a tree for the values with which it was recorded."""
    return _told(name, (line.letters, in_numbers(tree), worked_out(tree)), plain, note)


def _told(name: str, texts: tuple[str, str | None, str | None], plain: int | Fraction, note: str) -> Formula:
    """Return a formula; what says no more than its neighbours is left out, as are texts that are the result."""
    letters, numbers, step = texts
    result = shown(plain)
    return Formula(
        name=name,
        letters=None if letters in (name, result) else letters,
        numbers=None if numbers in (result, letters) else numbers,
        step=None if step in (numbers, result) else step,
        value=plain,
        note=note,
    )
