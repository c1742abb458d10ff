"""Explanations as text, Markdown and JSON. Formulas break at their equal signs; a number is never cut or shortened."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.render import format as fmt
from cnncalc.values.diagnostics import plural, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnncalc.explanation.model import Explained, Explanation, Formula, Section
    from cnncalc.values.shape import Shape

WIDTH = 100
INDENT = 4


class Line(NamedTuple):
    """One line of text and its style: `title`, `heading`, `dim`, or `` for plain."""

    text: str
    style: str = ""


def to_json(explained: Explained) -> str:
    """Return the explanations as JSON."""
    return json.dumps(explained.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)


def to_text(explained: Explained, width: int = WIDTH) -> str:
    """Return the explanations as plain text of at most `width` columns, where words and numbers allow."""
    return "\n".join(line.text for line in lines(explained, width))


def lines(explained: Explained, width: int = WIDTH) -> Iterator[Line]:
    """Yield the explanations line by line."""
    for layer in explained.layers:
        yield from layer_lines(layer, width)
        yield Line("")
    per = plural(explained.batch, fmt.image(explained.rank))
    last = f"flops: rule {explained.convention} ({explained.rule}), {per}, forward"
    yield from (Line(part, "dim") for part in wrapped(last, width))


def number(value: int | Fraction | None) -> str:
    """Return a result: thousands grouped, a fraction as a decimal or as it is, `?` for what cannot be known."""
    if value is None:
        return "?"
    if isinstance(value, Fraction) and value.denominator != 1:
        return str(float(value)) if Fraction(str(float(value))) == value else f"{value.numerator}/{value.denominator}"
    return f"{int(value):,}"


def parts(formula: Formula) -> list[str]:
    """Return what stands between the equal signs of a formula, its name first."""
    texts = [formula.letters, formula.numbers, formula.step]
    return [formula.name, *(text for text in texts if text is not None), number(formula.value)]


def wrapped(text: str, width: int, indent: str = "", further: str | None = None) -> list[str]:
    """Return a text in lines that break at spaces alone, however long a word is."""
    further = indent if further is None else further
    rows, row = [], indent
    filled = False
    for word in text.split(" "):
        if filled and len(row) + 1 + len(word) > width:
            rows.append(row)
            row, filled = further, False
        row += f" {word}" if filled else word
        filled = True
    return [*rows, row]


def layer_lines(layer: Explanation, width: int = WIDTH) -> Iterator[Line]:
    """Yield one layer's explanation line by line, its name first."""
    title = f"{visible(layer.path)}  {layer.op}{f' {visible(layer.text)}' if layer.text else ''}"
    yield from (Line(part, "title") for part in wrapped(title, width, "", "  "))
    for text in _about(layer):
        yield from (Line(part, "dim") for part in wrapped(text, width, "  ", "    "))
    yield from (Line(f"  {row}", "dim") for row in _letters(layer, width - 2))
    for section in layer.sections:
        yield from _section(section, width)


def _about(layer: Explanation) -> Iterator[str]:
    origin = layer.origin
    if origin.line is not None:
        place = f"{visible(origin.file or '<spec>')}:{origin.line}:{origin.column}"
        yield f"from {place}   {visible(origin.text or '')}".rstrip()
    for path, line, file in origin.calls:
        place = f"{visible(file)}:{line}" if file else f"line {line}"
        yield f"in the block call {visible(path)}" + (f", {place}" if line is not None else "")
    worth = [(name, text, value) for name, text, value in origin.values if text != value]
    if worth:
        yield "with " + ", ".join(f"{name}: {visible(text)} = {visible(value)}" for name, text, value in worth)
    if origin.shares is not None:
        yield f"with the weights of {visible(origin.shares)}"
    reads = ", ".join(f"{visible(name)} {shape}" for name, shape in layer.inputs)
    yield f"{reads} -> {', '.join(map(str, layer.out_shapes))}"


def _letters(layer: Explanation, width: int) -> list[str]:
    """Return what the letters stand for, as many on a row as fit."""
    rows: list[str] = []
    for letter in layer.letters:
        text = f"{letter.name} = {letter.value} ({letter.meaning})"
        if rows and len(rows[-1]) + 2 + len(text) <= width:
            rows[-1] += f"  {text}"
        else:
            rows.append(text)
    return rows


def _section(section: Section, width: int) -> Iterator[Line]:
    yield Line(f"  {section.title}", "heading")
    for formula in section.formulas:
        yield from (Line(text) for text in _formula(formula, width))
    for note in section.notes:
        yield from (Line(part, "dim") for part in wrapped(visible(note), width, " " * INDENT, " " * (INDENT + 2)))


def _formula(formula: Formula, width: int) -> list[str]:
    pieces = parts(formula)
    note = f"   ({visible(formula.note)})" if formula.note else ""
    indent = " " * INDENT
    whole = indent + " = ".join(pieces) + note
    if len(whole) <= width:
        return [whole]
    words = " " in pieces[0]
    first = pieces[0] if words else f"{pieces[0]} = {pieces[1]}"
    lead = indent + "  " if words else indent + " " * (len(pieces[0]) + 1)
    rows = wrapped(first, width, indent, lead + "  ")
    for place, piece in enumerate(pieces[1 if words else 2 :], 1):
        last = place == len(pieces) - (1 if words else 2)
        rows += wrapped(f"= {piece}{note if last else ''}", width, lead, lead + "  ")
    return rows


# Markdown.


def to_markdown(explained: Explained) -> str:
    """Return the explanations as Markdown: a heading per layer, formulas in code blocks."""
    out = [f"# {_plain(explained.name)}", ""]
    per = plural(explained.batch, fmt.image(explained.rank))
    out += [f"Flops by the rule `{explained.convention}`: {explained.rule}. For {per}, forward.", ""]
    for layer in explained.layers:
        out += [f"## {_code(layer.path)}", ""]
        out += [f"{layer.op}{f' {_plain(layer.text)}' if layer.text else ''}: {_shapes(layer)}", ""]
        out += list(_origin(layer))
        for section in layer.sections:
            out += [f"### {section.title[:1].upper()}{section.title[1:]}", ""]
            if section.formulas:
                out += ["```text", *(_one_line(formula) for formula in section.formulas), "```", ""]
            if section.notes:
                out += [*(f"- {_plain(note)}" for note in section.notes), ""]
    return "\n".join(out).rstrip("\n")


def _shapes(layer: Explanation) -> str:
    def listed(shapes: Iterable[Shape]) -> str:
        return ", ".join(map(str, shapes))

    return f"{listed(shape for _, shape in layer.inputs)} -> {listed(layer.out_shapes)}"


def _origin(layer: Explanation) -> Iterator[str]:
    origin = layer.origin
    found = []
    if origin.line is not None:
        found.append(f"- {_plain(origin.file or '<spec>')}, line {origin.line}: {_code(origin.text or '')}")
    found += [f"- in the block call {_code(path)}, line {line}{f' of {_plain(file)}' if file else ''}"
              for path, line, file in origin.calls]
    found += [f"- {name}: {_code(text)} is {_code(value)}" for name, text, value in origin.values if text != value]
    if origin.shares is not None:
        found.append(f"- with the weights of {_code(origin.shares)}")
    if found:
        yield from (*found, "")
    if layer.letters:
        yield from ("| letter | value | meaning |", "| --- | ---: | --- |")
        yield from (f"| {_code(letter.name)} | {letter.value} | {_plain(letter.meaning)} |" for letter in layer.letters)
        yield ""


def _one_line(formula: Formula) -> str:
    return " = ".join(parts(formula)) + (f"   ({visible(formula.note)})" if formula.note else "")


def _plain(text: str) -> str:
    """Return text whose characters mean nothing to Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", visible(text)).replace("&", "&amp;").replace("\\<", "&lt;")


def _code(text: str) -> str:
    """Return text as a code span, whatever backticks it holds."""
    shown = visible(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    space = " " if "`" in shown else ""
    return f"{fence}{space}{shown}{space}{fence}" if shown else ""
