"""One layer explained: output size, receptive field, parameters, work and memory access as formulas that were run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.analysis.assemble import Facts
from cnncalc.explanation.compare import comparisons
from cnncalc.explanation.field import Quantity, field_step
from cnncalc.explanation.letters import Letter, Lettered, lettered, output_names
from cnncalc.explanation.model import Explanation, Formula, LayerOrigin, Section
from cnncalc.explanation.term import letter, tree_of
from cnncalc.numbers.doors import recording
from cnncalc.numbers.recorder import Recorder
from cnncalc.numbers.tree import (
    Applied,
    Let,
    Sym,
    Tree,
    in_letters,
    in_numbers,
    value,
    walk,
    worked_out,
)
from cnncalc.ops.arguments import shown
from cnncalc.results.measures import MEASURES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from fractions import Fraction

    from cnncalc.analysis.receptive import NodeField
    from cnncalc.graph.graph import Graph, Node
    from cnncalc.results.layer import Layer
    from cnncalc.rules.base import Convention
    from cnncalc.values.diagnostics import Span
    from cnncalc.values.dtypes import Dtypes

SECTIONS = ("params", "macs", "connections")
"""The sections whose quantities are measures, in places of their own."""
MEANINGS = {
    "r": "receptive field of the input", "j": "jump of the input, pixels per unit", "start": "left edge of its unit 0",
    "end": "right edge of its unit 0",
}  # fmt: skip
CALLS = {
    "reached": "reached(size, k, s, d, padding before, after, out): how many of the output's positions receive a tap",
    "not_below": "[a >= b] is 1 where it holds, else 0: a window that would start past the map is dropped",
}  # fmt: skip


class SectionDraft(NamedTuple):
    """A section before its formulas are printed; `again` where other layers that are alike have the same object."""

    key: str
    title: str
    quantities: list[Quantity]
    notes: list[str]
    again: bool = True


class Setting(NamedTuple):
    """What holds for all layers of a network."""

    graph: Graph
    fields: Sequence[NodeField]
    line: Callable[[Span | None], str | None]
    file: str | None
    convention: Convention
    dtypes: Dtypes
    batch: int
    drafted: dict[Any, tuple[Lettered | None, list[SectionDraft]]]
    printer: Printer


def explain_layer(setting: Setting, index: int, row: Layer) -> Explanation:
    """Return the explanation of one layer; every number in it is the report's."""
    node = setting.graph.nodes[index]
    found, drafts = _drafted(setting, node, row)
    drafts = [drafts[0], _field(setting, index, found), *drafts[1:]]
    sections, used = setting.printer.sections(drafts)
    book = dict(found.letters) if found is not None else {}
    if setting.batch > 1:
        book["N"] = Letter("N", setting.batch, "inputs at once")
    for sym in used:
        if sym.name not in book:
            what = MEANINGS.get(sym.name.partition("_")[0])
            if what is not None:
                if any(len(x.spatial) != 2 for x in setting.graph.inputs.values()):
                    what = what.replace("pixels", "positions")
                book[sym.name] = Letter(sym.name, int(sym.value), what)
    names = {sym.name for sym in used}
    notes = comparisons(setting.graph, index)
    if notes:
        sections.append(Section(key="comparison", title="compared", notes=tuple(notes)))
    return Explanation(
        path=node.path,
        op=node.op.name,
        text=row.text,
        inputs=tuple(zip(row.inputs, node.in_shapes, strict=True)),
        out_shapes=node.out_shapes,
        origin=_origin(setting, node, row),
        letters=tuple(letter for name, letter in book.items() if name in names),
        sections=tuple(sections),
    )


def _drafted(setting: Setting, node: Node, row: Layer) -> tuple[Lettered | None, list[SectionDraft]]:
    """Return a layer in letters and all sections but its field: the same for every layer alike, so made once."""
    key = node.op, node.in_shapes, row.shares
    if key not in setting.drafted:
        found: Lettered | None = None
        facts: Facts | None = None
        recorder = Recorder(asking=False)
        count = letter(recorder, "N", setting.batch) if setting.batch > 1 else 1
        try:
            found = lettered(node, recorder)
            on_letters = replace(node, op=found.op, in_shapes=found.ins, out_shapes=found.outs, shares=None)
            facts = Facts(on_letters, setting.convention, setting.dtypes, count)
        except Exception:  # noqa: BLE001 - somebody else's operator may do anything with its numbers; plain ones remain
            found = facts = None
        setting.drafted[key] = found, [
            _sizes(node, found),
            _params(node, facts, row),
            _macs(facts, row),
            _flops(setting, node, found, count, row),
            _memory(setting, facts, row),
            _connections(facts, row),
            *_further(facts, row),
        ]
    return setting.drafted[key]


def _origin(setting: Setting, node: Node, row: Layer) -> LayerOrigin:
    text = setting.line(node.span)
    return LayerOrigin(
        file=(node.span.file if node.span is not None else "") or setting.file,
        line=node.span.line if node.span is not None else row.line,
        column=node.span.column if node.span is not None else row.column,
        text=text.strip() if text is not None else None,
        calls=tuple((path, span.line if span else None, span.file if span else "") for path, span in node.trace),
        values=tuple((name, text, shown(value)) for name, text, value in node.values),
        shares=row.shares,
    )


def _sizes(node: Node, found: Lettered | None) -> SectionDraft:
    quantities = []
    for port, shape in enumerate(node.out_shapes):
        for axis, extent in enumerate(shape):
            name = output_names(node, port)[axis]
            quantities.append(Quantity(name, found.formulas[port][axis] if found else None, extent))
    notes = [] if found else ["the operator's code does not run on letters: its numbers stand alone"]
    return SectionDraft("size", "output size", quantities, notes)


def _field(setting: Setting, index: int, found: Lettered | None) -> SectionDraft:
    step = None
    try:
        step = field_step(setting.graph, index, setting.fields, found)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        step = field_step(setting.graph, index, setting.fields, None)
    return SectionDraft("receptive_field", "receptive field", step.quantities, step.notes, again=False)


def _section(key: str, facts: Facts | None, row: Layer) -> list[Quantity]:
    """Return the measures of a section; one with words beside it only where the layer has some of it."""
    found = ((entry, row.number(entry.name)) for entry in MEASURES if entry.section == key)
    return [
        Quantity(entry.name, facts.numbers[entry.name] if facts else None, number, entry.aside)
        for entry, number in found
        if number or not entry.aside
    ]


def _params(node: Node, facts: Facts | None, row: Layer) -> SectionDraft:
    quantities = _section("params", facts, row)
    if node.shares is not None:
        lent = f"the weights are those of {row.shares}, counted there"
        quantities = [Quantity("params", None, row.params, lent), *quantities[1:]]
    unsaid = row.params is None and node.shares is None
    return SectionDraft("params", "parameters", quantities, [UNSAID] if unsaid else [])


UNSAID = "the operator cannot say: a spec does not describe what is inside"


def _macs(facts: Facts | None, row: Layer) -> SectionDraft:
    notes = [UNSAID] if row.macs is None else []
    return SectionDraft("macs", "multiply-accumulates", _section("macs", facts, row), notes)


def _flops(setting: Setting, node: Node, found: Lettered | None, images: int, row: Layer) -> SectionDraft:
    rule = setting.convention
    title = f"flops by the rule {rule.name}" + (f", which calls them {rule.unit}" if rule.unit != "FLOPs" else "")
    plain = node.op.count(node.in_shapes, node.out_shapes)
    entry, terms = rule.entry(plain), rule.terms(plain)
    if entry is None:
        note = f"the rule knows no operator '{node.op.name}'"
        return SectionDraft("flops", title, [Quantity("flops", None, None)], [note])
    if terms is None:
        return SectionDraft("flops", title, [Quantity("flops", None, None)], [UNSAID])
    notes = [entry.note] if entry.note else []
    recorded: dict[str, int] = {}
    if found is not None:
        recorded = rule.terms(found.op.count(found.ins, found.outs)) or {}
    quantities = [
        Quantity(label, recorded[label] * images if label in recorded else None, number * setting.batch)
        for label, number in terms.items()
    ]
    if len(quantities) == 1:
        notes.insert(0, f"counted: {quantities[0].name}")
        quantities = []
    whole = sum(recorded.values()) * images if recorded else None
    if not terms:
        whole = 0
    return SectionDraft("flops", title, [*quantities, Quantity("flops", whole, row.flops)], notes)


def _memory(setting: Setting, facts: Facts | None, row: Layer) -> SectionDraft:
    access = row.memory_access
    title = "memory access, elements"
    if access is None:
        return SectionDraft("memory_access", title, [Quantity("total", None, None)], [UNSAID])
    traced = facts.memory if facts else None
    parts = [(name, number) for name, number in access.to_dict().items() if name != "total"]
    quantities = [
        Quantity(name, getattr(traced, name) if traced else None, number) for name, number in parts if number
    ]
    recorder = Recorder(asking=False)
    total = sum((letter(recorder, name, number) for name, number in parts if number), 0)
    quantities.append(Quantity("total", total, access.total))
    quantities.append(Quantity(f"bytes in {setting.dtypes}", facts.bytes if facts else None, row.bytes))
    notes = [] if access.total else ["a view: nothing moves"]
    return SectionDraft("memory_access", title, quantities, notes)


def _connections(facts: Facts | None, row: Layer) -> SectionDraft:
    quantities = sorted(_section("connections", facts, row), key=lambda quantity: quantity.name != "connections")
    return SectionDraft("connections", "connections", quantities, [UNSAID] if row.connections is None else [])


def _further(facts: Facts | None, row: Layer) -> list[SectionDraft]:
    """Return the sections of measures that have one of their own."""
    keys = dict.fromkeys(entry.section for entry in MEASURES if entry.section not in {"", *SECTIONS})
    return [SectionDraft(key, key, _section(key, facts, row), []) for key in keys]


# Printing.


class Inside(NamedTuple):
    """What a quantity's tree has inside: quantities with formulas of their own, functions that it calls, letters."""

    tree: Tree | None
    lets: list[Let]
    called: frozenset[str]
    letters: list[Sym]


NOTHING = Inside(None, [], frozenset(), [])


class Printer:
    """Prints sections; what layers that are alike have in common is looked at and printed once."""

    def __init__(self) -> None:
        self._inside: dict[int, Inside] = {}
        self._trees: dict[Any, Tree] = {}
        self._formulas: dict[tuple[int, tuple[str, ...]], Formula] = {}

    def inside(self, quantity: Quantity, *, again: bool) -> Inside:
        """Return what is inside a quantity's tree; `again` says that the same object comes back in other layers."""
        if not recording(quantity.term):
            return NOTHING
        known = self._inside.get(id(quantity)) if again else None
        if known is None:
            tree = tree_of(quantity.term, self._trees if again else {})
            parts = list(walk(tree))
            called = frozenset(part.name for part in parts if isinstance(part, Applied))
            known = Inside(
                tree, list(dict.fromkeys(part for part in parts if isinstance(part, Let))), called,
                list(dict.fromkeys(part for part in parts if isinstance(part, Sym))),
            )  # fmt: skip
            if again:
                self._inside[id(quantity)] = known
        return known

    def formula(self, quantity: Quantity, names: dict[Let, str], within: Inside, *, again: bool) -> Formula:
        """Return a quantity's formula, printed."""
        if not again:
            return _quantity(quantity, within.tree, names)
        key = id(quantity), tuple(names[let] for let in within.lets)
        if key not in self._formulas:
            self._formulas[key] = _quantity(quantity, within.tree, names)
        return self._formulas[key]

    def sections(self, drafts: Sequence[SectionDraft]) -> tuple[list[Section], list[Sym]]:
        """Return the sections with their formulas printed, and every letter that occurs in them."""
        looked = [[self.inside(q, again=draft.again) for q in draft.quantities] for draft in drafts]
        names = _names([let for found in looked for within in found for let in within.lets])
        defined: set[str] = set()
        sections = []
        for draft, found in zip(drafts, looked, strict=True):
            formulas: list[Formula] = []
            called = frozenset[str]().union(*(within.called for within in found))
            notes = [*draft.notes, *(CALLS[name] for name in sorted(called) if name in CALLS)]
            for quantity, within in zip(draft.quantities, found, strict=True):
                for let in within.lets:
                    if names[let] not in defined:
                        defined.add(names[let])
                        formulas.append(_formula(names[let], let.body, int(let.value), "", names))
                formulas.append(self.formula(quantity, names, within, again=draft.again))
            sections.append(Section(key=draft.key, title=draft.title, formulas=tuple(formulas), notes=tuple(notes)))
        used = dict.fromkeys(sym for found in looked for within in found for sym in within.letters)
        return sections, list(used)


def _names(found: list[Let]) -> dict[Let, str]:
    """Return the printed name of each quantity with its own formula: its letter, with the axis where they differ."""
    bodies: dict[str, dict[Tree, None]] = {}
    for let in found:
        bodies.setdefault(let.name, {})[let.body] = None
    return {let: let.name if len(bodies[let.name]) == 1 else f"{let.name}_{let.axis.lower()}" for let in found}


def _quantity(quantity: Quantity, tree: Tree | None, names: dict[Let, str]) -> Formula:
    name, term, plain, note = quantity
    if plain is None:
        return Formula(name=name, value=None, note=note)
    if tree is not None and value(tree) == term == plain:
        return _formula(name, tree, plain, note, names)
    if term is not None and term != plain:
        note = f"{note}; " if note else ""
        note += "no formula was recorded"
    return Formula(name=name, value=plain, note=note)


def _formula(name: str, tree: Tree, plain: int | Fraction, note: str, names: dict[Let, str]) -> Formula:
    text = in_letters(tree, names)
    numbers = in_numbers(tree)
    step = worked_out(tree)
    result = shown(plain)
    shown_step = step if step not in {numbers, result} else None
    return Formula(
        name=name,
        letters=text if text not in {name, result} else None,
        numbers=numbers if numbers not in {result, text} else None,
        step=shown_step,
        value=plain,
        note=note,
    )
