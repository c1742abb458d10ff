"""What is said of the thing under the cursor, as Markdown."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from glob import escape
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.editor.budgets import standings
from cnncalc.editor.completion import about, metric_title, parameters
from cnncalc.editor.cursor import cursor
from cnncalc.editor.hints import block_text, network_text, row_of
from cnncalc.editor.places import Use
from cnncalc.editor.slots import mapping_of, place_of
from cnncalc.editor.text import Position, TextRange, range_of
from cnncalc.explanation.network import explain
from cnncalc.language.expressions import FUNCTIONS
from cnncalc.language.slots import written
from cnncalc.language.tree import Map
from cnncalc.manual import codes
from cnncalc.ops import base as ops
from cnncalc.ops.arguments import shown
from cnncalc.render import explain as render
from cnncalc.render import format as fmt
from cnncalc.render.columns import COLUMNS, DEFAULT, Context, operator
from cnncalc.render.format import NumberFormat
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.editor.analysis import Analysis
    from cnncalc.editor.document import Document
    from cnncalc.editor.names import Symbol, SymbolTable
    from cnncalc.results.layer import Layer

WORD = re.compile(r"[$A-Za-z_][A-Za-z0-9_.-]*")
VALUE = re.compile(r"\s*:\s*(\{[^}]*\}?|[^,}#]*[^,}#\s])")
WIDTH = 88
"""Columns of the formulas."""


class Hover(NamedTuple):
    """What is said of a piece of text."""

    range: TextRange
    text: str


def hover(document: Document, at: Position) -> Hover | None:
    """Return what is to be said at a position; None where there is nothing."""
    budget = _budget(document, at)
    if budget is not None:
        return budget
    names, before = document.names(), document.before(at)
    if names is not None and before is not None:
        named = _named(document, names, before, at)
        if named is not None:
            return named
    word = word_at(document.now.lines, at)
    if word is None:
        return None
    said = _word(document, word, document.now.lines[at.line - 1][word.column - 1 : word.end_column - 1])
    return None if said is None else Hover(word, said)


def word_at(lines: Sequence[str], at: Position) -> TextRange | None:
    """Return the word at a position."""
    if at.line > len(lines):
        return None
    for found in WORD.finditer(lines[at.line - 1]):
        if found.start() < at.column <= found.end() + 1:
            return TextRange(at.line, found.start() + 1, at.line, found.end() + 1)
    return None


# Budgets.


def _budget(document: Document, at: Position) -> Hover | None:
    analysis = document.numbered()
    if analysis is None:
        return None
    line = document.shift(analysis).back(at.line)
    for standing in standings(analysis.gate) if line is not None else ():
        span, metric = standing.span, standing.judgement.limit.metric
        if span is None or span.line != line:
            continue
        start, end = span.column, span.column + span.length
        rest = VALUE.match(analysis.lines[line - 1], end - 1)
        end = end if rest is None else rest.end() + 1
        if start <= at.column <= end:
            rows = [f"**{metric}**: {metric_title(metric)}", "", standing.sentence]
            heavy = standing.judgement.heaviest
            rows += ["", *(f"- `{h.path}` {render.number(h.value)}, {fmt.percent(round(h.share * 10**6), 10**6)}"
                           for h in heavy)]  # fmt: skip
            return Hover(TextRange(at.line, start, at.line, end), "\n".join(rows).strip())
    return None


# What has a name.


def _named(document: Document, names: SymbolTable, before: Position, at: Position) -> Hover | None:
    one = names.at(*before)
    if one is not None:
        text = _symbol(document, names, one.symbol, before)
        return Hover(range_of(one.span._replace(line=at.line)), text)
    for (line, column), name in names.operators.items():
        if line == before.line and column <= before.column <= column + len(name):
            place = TextRange(at.line, column, at.line, column + len(name))
            return Hover(place, _called(document, name, Position(at.line, column)))
    return None


def _symbol(document: Document, names: SymbolTable, symbol: Symbol, before: Position) -> str:
    """Return what a label, block, variable, parameter, input or walked value is."""
    analysis = document.numbered()
    if symbol.kind == "block":
        return _block(document, names, symbol.name, before)
    if symbol.kind == "label":
        return _label(document, symbol)
    if symbol.kind == "variable":
        value = analysis.study.expanded.graph.variables.get(symbol.name) if analysis is not None else None
        tree = names.root.get("vars")
        node = tree.get(symbol.name) if isinstance(tree, Map) else None
        text = "" if node is None else written(node)
        known = "" if value is None or shown(value) == text else f" = {shown(value)}"
        rows = [f"**{symbol.name}** = `{text}`{known} (variable)"]
        variants = names.root.get("variants")
        for key, changes in variants.entries if isinstance(variants, Map) else ():
            other = changes.get(symbol.name) if isinstance(changes, Map) else None
            rows += [f"- `{key.text}`: `{written(other)}`"] if other is not None else []
        return "\n".join([rows[0], "", *rows[1:]]).strip()
    if symbol.kind == "parameter":
        block = names.blocks.get(symbol.scope)
        default = block.params[symbol.name][1] if block is not None and symbol.name in block.params else None
        what = "required" if default is None else f"default `{written(default)}`"
        return f"**{symbol.name}**: parameter of `{symbol.scope}`, {what}"
    if symbol.kind == "input" and not symbol.scope and analysis is not None and analysis.report is not None:
        shape = dict(analysis.report.input).get(symbol.name)
        return f"**{symbol.name}**: input {shape}" if shape is not None else f"**{symbol.name}**: input"
    return f"**{symbol.name}**: {symbol.kind}"


def _label(document: Document, symbol: Symbol) -> str:
    """Return the layer of a label, of one in the file's own list."""
    analysis = document.numbered()
    report = analysis.report if analysis is not None else None
    if report is not None:
        layers = [x for x in report.layers if x.path == symbol.name or x.path.startswith(f"{symbol.name}.")]
        if layers and not symbol.scope:
            rows = _rows(layers, Context(report, NumberFormat.EXACT), block=layers[0].path != symbol.name)
            return f"**{symbol.name}**: label\n\n{rows}"
    return f"**{symbol.name}**: label"


def _block(document: Document, names: SymbolTable, name: str, before: Position) -> str:
    block = names.blocks[name]
    head = f"**{name}** `{{{parameters(block)}}}`"
    analysis = document.numbered()
    if analysis is None or analysis.report is None:
        return head
    context = Context(analysis.report, NumberFormat.EXACT)
    after = document.after(before.line)
    line = None if after is None else document.shift(analysis).back(after)
    reached = analysis.uses.get((line or 0, before.column)) or next(
        (found for (there, column), found in analysis.uses.items()
         if there == line and column <= before.column <= column + len(name)), [])  # fmt: skip
    if reached:
        return f"{head}\n\n{_item(reached, context, block=True)}"
    calls = [use for one in names.places(block.symbol) if not one.declares
             for use in analysis.uses.get((one.span.line, one.span.column), ())]  # fmt: skip
    return f"{head}\n\n{block_text(calls, context)}"


def _called(document: Document, name: str, at: Position) -> str:
    """Return what a layer comes to, with its formulas; of an operator that makes none, what it is."""
    cls = ops.find(name)
    analysis = document.numbered()
    now = document.now
    reached: list[Use] = []
    found: Analysis | None = None
    if now.done and (at.line, at.column) in now.uses:
        found, reached = now, now.uses[at.line, at.column]
    elif analysis is not None:
        line = document.shift(analysis).back(at.line)
        found, reached = analysis, analysis.uses.get((line or 0, at.column), [])
    text = about(cls) if cls is not None else ""
    if not reached or found is None or found.report is None:
        return text
    parts = [_item(reached, Context(found.report, NumberFormat.EXACT))]
    if found.outcome.whole:
        with suppress(SpecError, ValueError):
            explained = explain(found.study, escape(reached[0].layers[0].path))
            parts.append(f"```text\n{render.to_text(explained, WIDTH)}\n```")
    return "\n\n".join([*parts, text])


def _item(reached: Sequence[Use], context: Context, *, block: bool = False) -> str:
    """Return the row of an item, of one that is reached several times that of the first and the sums."""
    first = reached[0]
    rows = _rows(first.layers, context, block=block)
    if len(reached) == 1:
        return rows
    total = row_of(reached)
    sums = ", ".join(f"{COLUMNS[name].heading} {COLUMNS[name].cell(total, context)}"
                     for name in ("params", "macs", "flops"))  # fmt: skip
    return f"{rows}\n\n{len(reached):,} times, together: {sums}"


def _rows(layers: Sequence[Layer], context: Context, *, block: bool = False) -> str:
    """Return the usual columns of layers that are one row; of a block call with a tally of its operators."""
    row = row_of([Use(tuple(layers), layers[-1].out_shapes, layers[-1])])
    path = _common([layer.path for layer in layers])
    row = replace(row, head=None if block else layers[0])
    rows = [f"`{path or layers[0].path}` {operator(row)}", "", "| | |", "| --- | ---: |"]
    rows.append(f"| Input | {fmt.shapes(layers[0].in_shapes)} |")
    for name in DEFAULT:
        if name in {"layer", "operator"}:
            continue
        column = COLUMNS[name]
        text = column.cell(row, context)
        heading = f"{column.heading} {column.unit}".strip()
        rows += [f"| {heading} | {text} |"] if text else []
    if len(layers) > 1:
        rows.append(f"| Layers | {len(layers):,} |")
    return "\n".join(rows)


def _common(paths: Sequence[str]) -> str:
    """Return the scope that layers have in common; their own path where there is one layer."""
    parts = [path.split(".") for path in (min(paths), max(paths))]
    same = next((n for n, (a, b) in enumerate(zip(*parts, strict=False)) if a != b), min(map(len, parts)))
    return ".".join(parts[0][:same])


# Words without a name of their own.


def _word(document: Document, word: TextRange, text: str) -> str | None:
    """Return what a key, an argument, a function or a code means where it stands."""
    names = document.names()
    found = cursor(document.now.lines, Position(word.end_line, word.end_column))
    if found is None:
        return None
    place = place_of(found, names.blocks if names is not None else {})
    if place.what == "codes":
        page = codes().get(text)
        return None if page is None else page.text
    if place.what == "call" and found.on_key:
        return _argument(place.of, text)
    if place.what == "form" and found.on_key:
        form = place.of.get("properties", {}).get(text)
        said = "" if form is None else form.get("description", "")
        if text == "layers" and document.whole is not None and document.whole.report is not None:
            said += f"\n\n{network_text(document.whole.report)}"
        title = metric_title(text) if "macs" in place.of.get("properties", {}) else ""
        return f"**{text}**: {title or said}" if title or said else None
    if place.what == "item" and found.on_key:
        said = mapping_of("layer").get(text, {}).get("description", "")
        return f"**{text}**: {said}" if said else None
    if place.what == "value" and text in FUNCTIONS:
        return f"`{FUNCTIONS[text]}`"
    if place.what == "value" and place.of is not None and text in place.of.kind.words:
        return f"**{text}** for `{place.of.name}`: {place.of.doc or place.of.kind.describe()}"
    return None


def _argument(cls: type[ops.Operator], text: str) -> str | None:
    name = cls.spellings.get(text)
    if name is None:
        return None
    declared = cls.args[name]
    default = "required" if declared.required else f"default `{shown(declared.default)}`" if (
        declared.default is not None) else ""  # fmt: skip
    parts = [f"**{name}** of `{cls.name}`: {declared.kind.describe()}", default, declared.doc]
    return "\n\n".join(part for part in parts if part)
