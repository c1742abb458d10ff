"""One layer explained: output size, receptive field, parameters, work and memory access as formulas that were run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.explanation.compare import comparisons
from cnncalc.explanation.field import FieldStep, Quantity, field_step
from cnncalc.explanation.form import LayerForms
from cnncalc.explanation.letters import Letter, output_names
from cnncalc.explanation.listing import Drafts, Misfit, Printer, SectionDraft
from cnncalc.explanation.model import Explanation, LayerOrigin, Section
from cnncalc.explanation.term import letter
from cnncalc.numbers.recorder import Recorder
from cnncalc.ops.arguments import shown
from cnncalc.results.measures import MEASURES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.analysis.assemble import Facts
    from cnncalc.analysis.receptive import NodeField
    from cnncalc.explanation.form import LayerForm
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


class Setting(NamedTuple):
    """What holds for all layers of a network."""

    graph: Graph
    fields: Sequence[NodeField]
    line: Callable[[Span | None], str | None]
    file: str | None
    convention: Convention
    dtypes: Dtypes
    batch: int
    forms: LayerForms
    printer: Printer
    drafted: dict[Any, Drafts]
    totals: dict[tuple[str, ...], int]
    unit: str


def setting_of(  # noqa: PLR0917 - what holds for all layers
    graph: Graph, fields: Sequence[NodeField], line: Callable[[Span | None], str | None], file: str | None,
    convention: Convention, dtypes: Dtypes, batch: int,
) -> Setting:  # fmt: skip
    """Return what holds for all layers of a network."""
    flat = all(len(x.spatial) == 2 for x in graph.inputs.values())
    return Setting(graph, fields, line, file, convention, dtypes, batch, LayerForms(convention, dtypes, batch),
                   Printer(), {}, {}, "pixels" if flat else "positions")  # fmt: skip


def explain_layer(setting: Setting, index: int, row: Layer, fact: Facts) -> Explanation:
    """Return the explanation of one layer, what was counted of it given; every number in it is the report's."""
    try:
        return _explained(setting, index, row, fact, shared=True)
    except Misfit:
        return _explained(setting, index, row, fact, shared=False)


def _explained(setting: Setting, index: int, row: Layer, fact: Facts, *, shared: bool) -> Explanation:
    node = setting.graph.nodes[index]
    drafts = _drafted(setting, node, row, fact, shared=shared)
    field = _field(setting, index, drafts.form, drafts.values)
    listed = setting.printer.sections(drafts, field)
    sections = listed.sections
    notes = comparisons(setting.graph, index)
    if notes:
        sections = (*sections, Section(key="comparison", title="compared", notes=tuple(notes)))
    return Explanation(
        path=node.path,
        op=node.op.name,
        text=row.text,
        inputs=tuple(zip(row.inputs, node.in_shapes, strict=True)),
        out_shapes=node.out_shapes,
        origin=_origin(setting, node, row),
        letters=_letters(setting, drafts, listed.used, field),
        sections=sections,
    )


def _letters(setting: Setting, drafts: Drafts, used: dict[str, int], field: FieldStep) -> tuple[Letter, ...]:
    """Return the letters that occur, with what they stand for: first those of the layer, then those of its field."""
    found, values = drafts.form.found.letters if drafts.form is not None else {}, drafts.values
    book = [
        entry if values is None else Letter(name, values[name], entry.meaning)
        for name, entry in found.items()
        if name in used
    ]
    if setting.batch > 1 and "N" in used:
        book.append(Letter("N", setting.batch, "inputs at once"))
    for name, number in used.items():
        if name not in found and (name != "N" or setting.batch == 1):
            what = MEANINGS.get(name.partition("_")[0])
            if what is not None:
                book.append(Letter(name, field.values.get(name, number), what.replace("pixels", setting.unit)))
    return tuple(book)


def _drafted(setting: Setting, node: Node, row: Layer, fact: Facts, *, shared: bool) -> Drafts:
    """Return a layer in letters and all sections but its field: the same for every layer alike, so made once."""
    key = node.op, node.in_shapes, row.shares, node.bits, row.bytes
    known = setting.drafted.get(key)
    if known is None or not shared:
        form, values = setting.forms.of(node, shared=shared)
        facts = form.facts if form is not None else None
        known = setting.drafted[key] = Drafts(form, values, [
            _sizes(node, form),
            _params(node, facts, row),
            _macs(facts, row),
            _flops(setting, node, form, fact, row),
            _memory(setting, facts, row),
            _connections(facts, row),
            *_further(facts, row),
        ])  # fmt: skip
    return known


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


def _sizes(node: Node, form: LayerForm | None) -> SectionDraft:
    quantities = []
    for port, shape in enumerate(node.out_shapes):
        for axis, extent in enumerate(shape):
            name = output_names(node, port)[axis]
            quantities.append(Quantity(name, form.found.formulas[port][axis] if form else None, extent))
    notes = [] if form else ["the operator's code does not run on letters: its numbers stand alone"]
    return SectionDraft("size", "output size", quantities, notes)


def _field(setting: Setting, index: int, form: LayerForm | None, values: dict[str, int] | None) -> FieldStep:
    try:
        return field_step(setting.graph, index, setting.fields, form, values)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return field_step(setting.graph, index, setting.fields, None, None)


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


def _flops(setting: Setting, node: Node, form: LayerForm | None, fact: Facts, row: Layer) -> SectionDraft:
    rule = setting.convention
    title = f"flops by the rule {rule.name}" + (f", which calls them {rule.unit}" if rule.unit != "FLOPs" else "")
    entry, terms = rule.entry(fact.count), fact.terms
    if entry is None:
        note = f"the rule knows no operator '{node.op.name}'"
        return SectionDraft("flops", title, [Quantity("flops", None, None)], [note])
    if terms is None:
        return SectionDraft("flops", title, [Quantity("flops", None, None)], [UNSAID])
    notes = [entry.note] if entry.note else []
    recorded, images = (form.facts.terms or {}, form.images) if form is not None else ({}, 1)
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
    there = {name: number for name, number in parts if number}
    total = setting.totals.get(tuple(there))
    if total is None:
        recorder = Recorder(asking=False)
        total = setting.totals[*there] = sum((letter(recorder, name, number) for name, number in there.items()), 0)
    quantities.append(Quantity("total", total, access.total, values=there))
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
