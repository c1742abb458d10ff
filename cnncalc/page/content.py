"""The parts of a report page: header, budgets, drawing, table, charts, source; all there without a script."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from cnncalc.analysis.group import RowKind
from cnncalc.drawing.svg import to_svg
from cnncalc.gate.words import limit_name, limit_words, measured_words, rule_words
from cnncalc.page.charts import charts
from cnncalc.render import format as fmt
from cnncalc.render.frames import shown
from cnncalc.render.html import MOST_ROWS, Tree, fitting
from cnncalc.render.summary import facts, heading
from cnncalc.values.diagnostics import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.analysis.roofline import Roofline
    from cnncalc.drawing.picture import Picture
    from cnncalc.gate.judge import Judgement
    from cnncalc.lineup import Lineup
    from cnncalc.results.report import Report
    from cnncalc.values.diagnostics import Diagnostic

MOST_LINES = 5_000
"""Lines of a spec that are shown."""
CARDS = (("parameters", "params"), ("MACs", "macs"), ("FLOPs", "flops"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkContent:
    """What a page shows of one network.

    Attributes:
        number: its place on the page.
        report: its analysis.
        picture: its drawing.
        judgements: how its budgets stand.
        doubts: why it could not be judged.
        source: the lines of its spec; empty where it is no text.
        line: the roofline of a device, if one is asked for.
    """

    number: int
    report: Report
    picture: Picture
    judgements: Sequence[Judgement] = ()
    doubts: Sequence[Diagnostic] = ()
    source: Sequence[str] = ()
    line: Roofline | None = None


def text(value: object) -> str:
    """Return text as HTML that shows it as it is."""
    kept = "".join(c if not 0xD800 <= ord(c) <= 0xDFFF else "\ufffd" for c in one_line(str(value)))
    return escape(kept)


def section(network: NetworkContent) -> Iterator[str]:
    """Yield everything of one network."""
    n = network.number
    name, *rest = heading(network.report)
    yield f'<section class="net" id="n{n}" data-net="{n}" aria-labelledby="h{n}">'
    yield f'<h2 id="h{n}">{text(name)}</h2><p class="soft">{text(" · ".join(rest))}</p>'
    yield from cards(network.report)
    yield from budgets(network)
    yield from drawing(network)
    yield f'<div class="detail" id="d{n}" hidden tabindex="-1" role="region" aria-label="the selected layer"></div>'
    yield from table(network)
    found = charts(network.report, network.line)
    if found:
        yield f'<h3 id="c{n}">Charts</h3><div class="charts">{"".join(chart.html() for chart in found)}</div>'
    yield from source(network)
    yield "</section>"


def cards(report: Report) -> Iterator[str]:
    """Yield the totals, and the facts below them."""
    yield '<div class="cards">'
    for label, key in CARDS:
        value = getattr(report.totals, key)
        bound = ">= " if key in report.totals.lower_bounds else ""
        rule = f" ({report.convention})" if key == "flops" else ""
        yield f"<div><b>{bound}{fmt.human(value)}</b><span>{text(label + rule)}</span><small>{value:,}</small></div>"
    peak = report.summary.peak_activation
    for label, size in (("model size", report.totals.model_size), ("peak activation", peak.bytes)):
        yield f"<div><b>{fmt.stored(size)}</b><span>{text(label)}</span><small>{size:,} bytes</small></div>"
    yield f"<div><b>{len(report.layers):,}</b><span>layers</span></div></div>"
    said = facts(report, fmt.NumberFormat.EXACT)
    rows = "".join(f"<dt>{text(label)}</dt><dd>{text(value)}</dd>" for label, value in said)
    yield f"<details><summary>Depth, field, sizes, counting rule</summary><dl>{rows}</dl></details>"
    if report.warnings:
        found = "".join(f"<li>{text(warning.render().splitlines()[0])}</li>" for warning in report.warnings[:20])
        yield f'<ul class="warn">{found}</ul>'


def budgets(network: NetworkContent) -> Iterator[str]:
    """Yield how the budgets stand."""
    for doubt in network.doubts:
        yield f'<p class="state doubt">{text(doubt.render().splitlines()[0])}</p>'
    if not network.judgements:
        return
    name = text(network.report.name)
    yield f'<h3>Budgets</h3><div class="scroll" tabindex="0" role="region" aria-label="budgets of {name}">'
    yield "<table class=budgets><thead><tr><th>state<th>what<th>measured<th>limit<th>used</tr></thead><tbody>"
    for judgement in network.judgements:
        limit = judgement.limit
        rule = rule_words(limit)
        fill = "" if judgement.fill is None else f"{float(100 * judgement.fill):.1f} %"
        part = "" if judgement.fill is None else (
            f'<i style="width:{min(100.0, max(0.0, float(100 * judgement.fill))):.1f}%"></i>'
        )
        cells = (limit_name(limit) + (f" ({rule})" if rule else ""), measured_words(limit, judgement.measured),
                 limit_words(limit))  # fmt: skip
        word = judgement.status.word
        yield f'<tr class="{word}"><td class="state {word}">{text(word)}</td>'
        yield "".join(f"<td>{text(cell)}</td>" for cell in cells)
        yield f'<td class="fill">{part}<span>{fill}</span></td></tr>'
    yield "</tbody></table></div>"


def drawing(network: NetworkContent) -> Iterator[str]:
    """Yield the drawing in a window of its own."""
    n, name = network.number, text(network.report.name)
    yield f'<h3 id="g{n}">Drawing</h3><div class="tools" data-tools="{n}"></div>'
    yield f'<div class="view" id="v{n}" tabindex="0" role="region" aria-label="drawing of {name}">'
    yield to_svg(network.picture.layout, theme="page") + "</div>"


def table(network: NetworkContent) -> Iterator[str]:
    """Yield the table: blocks with the layers in them."""
    n, report = network.number, network.report
    rows, columns, numbers = shown(report, None, None, human=False)
    found = Tree(report, columns, fitting(report, rows, whole=True), numbers)
    index = {layer.path: number for number, layer in enumerate(report.layers)}
    yield f'<h3 id="t{n}">Layers</h3><div class="tools" data-search="{n}"></div>'
    yield f'<div class="scroll tall" tabindex="0" role="region" aria-label="layers of {text(report.name)}">'
    yield f'<table class="layers" id="l{n}"><thead><tr>'
    for column in columns:
        kind = "a" if column.name in {"layer", "operator"} else "n"
        words = f"{column.heading} {column.unit}".strip()
        yield f'<th scope="col" class="{kind}" data-key="{text(column.name)}">{text(words)}</th>'
    yield "</tr></thead><tbody>"
    for at, row in enumerate(found.rows):
        yield row_html(found, at, index.get(row.path) if row.kind is RowKind.LAYER else None)
    totals = "".join(f'<td class="n">{cell}</td>' for cell in found.totals())
    yield f"</tbody><tfoot><tr>{totals}</tr></tfoot></table></div>"
    if len(rows) > MOST_ROWS:
        yield f'<p class="soft">Larger than {MOST_ROWS:,} rows: block by block.</p>'


def row_html(found: Tree, at: int, layer: int | None) -> str:
    """Return one row."""
    row = found.rows[at]
    link = f' data-l="{layer}" tabindex="0"' if layer is not None else ""
    cells = []
    for column, words in zip(found.columns, found.cells[at], strict=True):
        if column.name == "layer":
            title = f' title="{text(row.path)}"' if row.path != words else ""
            indent = f'<span style="padding-left:{row.level * 12}px">{text(words)}</span>'
            cells.append(f'<th scope="row" class="a"{title}>{indent}')
        elif column.name in found.largest and words:
            most = found.largest[column.name]
            part = (row.amount(column.name.removeprefix("share_")).value or 0) / most if most else 0
            cells.append(f'<td class="n fill"><i style="width:{100 * part:.1f}%"></i><span>{text(words)}</span>')
        else:
            kind = "a soft" if column.name == "operator" else "n soft" if words == "0" else "n"
            cells.append(f'<td class="{kind}">{text(words)}')
    block = " class=block" if layer is None else ""
    return f'<tr data-v="{row.level}"{link}{block}>{"".join(cells)}</tr>'


def source(network: NetworkContent) -> Iterator[str]:
    """Yield the spec with its line numbers, each of which leads to its layers."""
    if not network.source:
        return
    n = network.number
    layers: dict[int, int] = {}
    for number, layer in enumerate(network.report.layers):
        if layer.line is not None:
            layers.setdefault(layer.line, number)
    file = network.report.file or "the spec"
    yield f'<h3 id="s{n}">Source</h3><p class="soft">{text(file)}</p>'
    name = text(network.report.name)
    yield f'<div class="scroll tall" tabindex="0" role="region" aria-label="source of {name}"><pre class="source">'
    for line, words in enumerate(network.source[:MOST_LINES], 1):
        link = f' data-l="{layers[line]}"' if line in layers else ""
        yield f'<span id="n{n}L{line}" data-n="{line}"{link}>{text(words) or " "}</span>'
    yield "</pre></div>"


def comparison(found: Lineup) -> str:
    """Return several networks as rows of one table, the smallest number of each column marked."""
    from cnncalc.render.lineup import HEADINGS, number

    keys = list(found.entries[0].numbers)
    head = "".join(f'<th scope="col" class="n">{text(HEADINGS.get(key, key))}</th>' for key in keys)
    known = {key: [value for e in found.entries if (value := e.numbers[key]) is not None] for key in keys}
    least = {key: min(values, default=None) for key, values in known.items()}
    body = []
    for place, entry in enumerate(found.entries):
        cells = []
        for key, value in entry.numbers.items():
            best = value is not None and value == least[key] and key != "receptive_field"
            cells.append(f'<td class="n{" best" if best else ""}">{text(number(value, fmt.human))}</td>')
        link = f'<a href="#n{place}">{text(entry.name)}</a>'
        body.append(f'<tr><th scope="row" class="a">{link}</th>{"".join(cells)}</tr>')
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="the networks side by side">'
        f'<table class="compare"><thead><tr><th scope="col" class="a">Network</th>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )
