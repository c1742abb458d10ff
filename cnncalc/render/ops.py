"""Operators as text or JSON: a line for each, or everything about one with an example that was run."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

import cnncalc.ops.base as ops
from cnncalc.explanation.network import explain
from cnncalc.language.document import parse
from cnncalc.language.slots import as_map
from cnncalc.language.tree import Scalar, Seq
from cnncalc.language.yaml_text import read
from cnncalc.render.explain import Line, number, wrapped
from cnncalc.values.diagnostics import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.explanation.model import Explained, Explanation
    from cnncalc.ops.catalogue import ArgumentEntry, OperatorEntry

WIDTH = 100
SECTIONS = ("size", "receptive_field", "params", "macs", "flops", "memory_access")
TOTALS = {"params": "params", "macs": "macs", "flops": "flops", "memory_access": "total"}


def example(name: str) -> str | None:
    """Return a whole spec around the example of an operator, or None where its class has none."""
    cls = ops.find(name)
    if cls is None or not cls.example:
        return None
    shapes = [list(shape) for shape in cls.example_input]
    item = cls.example
    if cls.sources is not None and cls.sources > 1:
        labels = [f"input{number or ''}" for number in range(cls.sources)]
        head = f"inputs: {{{', '.join(f'{label}: {shape}' for label, shape in zip(labels, shapes, strict=True))}}}"
        item = f"{{{cls.example}, from: [{', '.join(labels)}]}}"
    elif len(shapes) == 1:
        head = f"input: {shapes[0]}"
    else:
        labels = ["input", *(label for label in _labels(cls.example) if label not in {"prev", "input"})]
        named = ", ".join(f"{label}: {shape}" for label, shape in zip(labels, shapes, strict=False))
        head = f"inputs: {{{named}}}"
    return f"{head}\nlayers:\n  - {item}\n"


def _labels(item: str) -> list[str]:
    """Return the labels that a merge's example joins."""
    entry = read(f"layers: [{{{item}}}]\n")[0].get("layers")
    call = as_map(entry.items[0]) if isinstance(entry, Seq) else None
    sources = call.entries[0][1] if call is not None else None
    return [label.text for label in sources.items if isinstance(label, Scalar)] if isinstance(sources, Seq) else []


def explained(name: str) -> Explained | None:
    """Return the layers of an operator's example with their formulas, or None where its class has no example."""
    text = example(name)
    return None if text is None else explain(parse(text))


def to_json(entries: Sequence[OperatorEntry], *, one: bool) -> str:
    """Return operators as JSON; a single one as an object, with its example run."""
    if not one:
        return json.dumps([entry.to_dict() for entry in entries], indent=2, ensure_ascii=False)
    (entry,) = entries
    found: dict[str, Any] = entry.to_dict()
    run = explained(entry.name)
    found["example_spec"] = example(entry.name)
    found["example_layers"] = [layer.to_dict() for layer in run.layers] if run is not None else []
    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)


def listed(entries: Sequence[OperatorEntry], width: int = WIDTH) -> Iterator[Line]:
    """Yield the operators by family, each with what it is."""
    longest = max(len(entry.name) for entry in entries)
    for group, members in groupby(entries, key=lambda entry: entry.group):
        yield Line(group, "heading")
        for entry in members:
            name = f"  {visible(entry.name):{longest}}  "
            text = visible(entry.summary).replace("`", "")
            yield from map(Line, wrapped(text, max(width, longest + 30), name, " " * len(name)))
        yield Line("")
    yield Line("cnncalc ops NAME shows one with its arguments, formulas and an example", "dim")


def full(entry: OperatorEntry, width: int = WIDTH) -> Iterator[Line]:
    """Yield everything about one operator."""
    also = f"  also {', '.join(entry.aliases)}" if entry.aliases else ""
    plugin = "" if entry.builtin else "  from a plug-in"
    yield Line(f"{entry.name}{also}{plugin}", "title")
    for paragraph in visible_paragraphs(entry.doc):
        yield from map(Line, wrapped(paragraph, width, "  "))
        yield Line("")
    yield from _arguments(entry, width)
    run = explained(entry.name)
    text = example(entry.name)
    if run is None or text is None:
        return
    yield Line("example", "heading")
    yield from (Line(f"  {line}") for line in text.splitlines())
    yield Line("")
    for layer in run.layers:
        yield from _numbers(layer, width)
    yield Line("")
    yield Line("formulas, and what they come to in the example", "heading")
    for layer in run.layers:
        yield from _formulas(layer, width, titled=len(run.layers) > 1)


def visible_paragraphs(doc: str) -> list[str]:
    """Return the paragraphs of a docstring, each on one line."""
    return [visible(" ".join(part.split())).replace("`", "") for part in doc.split("\n\n")]


def _arguments(entry: OperatorEntry, width: int) -> Iterator[Line]:
    yield Line("arguments", "heading")
    if entry.sources is None:
        yield Line("  the sources: [label, label], or {path: [layers], path: label}")
    elif not entry.arguments:
        yield Line("  none")
    longest = max((len(_name(argument)) for argument in entry.arguments), default=0)
    for argument in entry.arguments:
        lead = f"  {_name(argument):{longest}}  "
        yield from map(Line, wrapped(_meaning(argument), width, lead, " " * len(lead)))
    if any(argument.main for argument in entry.arguments):
        yield Line("  * takes a bare value: " + _bare(entry), "dim")
    if entry.defaults_from:
        yield Line(f"  defaults: of {', '.join(entry.defaults_from)} hold for it too", "dim")
    yield Line("")


def _name(argument: ArgumentEntry) -> str:
    return argument.name + ("*" if argument.main else "")


def _bare(entry: OperatorEntry) -> str:
    main = next(argument.name for argument in entry.arguments if argument.main)
    return f"{entry.name}: VALUE is {entry.name}: {{{main}: VALUE}}"


def _meaning(argument: ArgumentEntry) -> str:
    words = [visible(argument.doc or argument.name), argument.form]
    if argument.required:
        words.append("required")
    elif argument.default is not None:
        words.append(f"default {argument.default}")
    others = [*argument.aliases, *(["like: LABEL"] if argument.like else [])]
    if others:
        words.append(f"also {', '.join(others)}")
    return "; ".join(words)


def _numbers(layer: Explanation, width: int) -> Iterator[Line]:
    """Yield the example's layer with its totals on one line."""
    shapes = f"{', '.join(str(shape) for _, shape in layer.inputs)} -> {', '.join(map(str, layer.out_shapes))}"
    words = [f"{layer.path}  {shapes}"]
    for section in layer.sections:
        wanted = TOTALS.get(section.key)
        words += [f"{section.key} {number(f.value)}" for f in section.formulas if f.name == wanted]
    yield from map(Line, wrapped("  ".join(words), width, "  ", "    "))


def _formulas(layer: Explanation, width: int, *, titled: bool) -> Iterator[Line]:
    if titled:
        yield Line(f"  {layer.path}", "heading")
    for section in layer.sections:
        if section.key not in SECTIONS:
            continue
        shown = [f for f in section.formulas if not f.name.startswith("bytes") and (f.letters or f.value is None)]
        if shown:
            yield Line(f"  {section.title}", "dim")
        for formula in shown:
            text = " = ".join(part for part in (formula.name, formula.letters, number(formula.value)) if part)
            note = f"   ({visible(formula.note)})" if formula.note else ""
            yield from map(Line, wrapped(text + note, width, "    ", "        "))
    letters = ", ".join(f"{letter.name} {letter.meaning}" for letter in layer.letters)
    if letters:
        yield from (Line(row, "dim") for row in wrapped(letters, width, "  ", "  "))
    yield Line("")
