"""Report -> HTML for notebooks and pages: inline style, light and dark, blocks that fold, no script, names escaped."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from cnncalc.analysis.group import Kind, Row, total, tree
from cnncalc.conventions import CONVENTIONS
from cnncalc.render import format as fmt
from cnncalc.render.format import Numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.report import Report

STYLE = """\
.cnncalc{--ink:#1b1f24;--soft:#5b6470;--line:#d8dee4;--fill:#f4f6f8;--bar:#0072b2;color:var(--ink);
font:13px/1.45 system-ui,sans-serif;font-variant-numeric:tabular-nums;overflow-x:auto;max-width:100%}
@media (prefers-color-scheme:dark){.cnncalc{--ink:#e6edf3;--soft:#9aa4af;--line:#3a424c;--fill:#1c2229;--bar:#56b4e9}}
[data-jp-theme-light="true"] .cnncalc,.vscode-light .cnncalc,[data-theme="light"] .cnncalc{--ink:#1b1f24;
--soft:#5b6470;--line:#d8dee4;--fill:#f4f6f8;--bar:#0072b2}
[data-jp-theme-light="false"] .cnncalc,.vscode-dark .cnncalc,[data-theme="dark"] .cnncalc{--ink:#e6edf3;
--soft:#9aa4af;--line:#3a424c;--fill:#1c2229;--bar:#56b4e9}
.cnncalc .t{min-width:78em}.cnncalc .r{display:grid;column-gap:1.2em;padding:1px 6px;
grid-template-columns:minmax(15em,2fr) minmax(13em,2fr) 7.5em 4.5em 8em 9em 9em 8.5em 6.5em}
.cnncalc .r>*{text-align:right;white-space:nowrap;font-weight:400}
.cnncalc .r>:nth-child(-n+2){text-align:left;overflow-wrap:anywhere;white-space:normal}
.cnncalc .r>:first-child{padding-left:calc(var(--l,0)*1.1em)}.cnncalc .r>:nth-child(2){color:var(--soft)}
.cnncalc summary{cursor:pointer;list-style:none}.cnncalc summary::-webkit-details-marker{display:none}
.cnncalc summary .r>:first-child{font-weight:600}
.cnncalc summary .r>:first-child::before{content:"\\25b8";display:inline-block;width:1em;color:var(--soft)}
.cnncalc details[open]>summary .r>:first-child::before{content:"\\25be"}
.cnncalc details>.r:hover,.cnncalc .t>.r:hover{background:var(--fill)}
.cnncalc .h>*,.cnncalc .f>*{font-weight:600}.cnncalc .h{border-bottom:1px solid var(--line)}
.cnncalc .f{border-top:1px solid var(--line)}
.cnncalc i{display:inline-block;height:.6em;background:var(--bar);margin-right:.4em}
.cnncalc p{margin:.5em 6px;color:var(--soft)}.cnncalc h4{margin:.4em 6px;font-size:1.15em}
"""

HEADINGS = ("Layer", "Operator", "Output", "Field", "Params", "MACs", "FLOPs", "Memory access", "% MACs")
SUMS = ("params", "macs", "flops", "memory_access")
UNFOLDED = 60
"""Networks of at most so many layers start with their blocks open."""
BAR_EM = 2
"""Width of a full bar, in em."""


def nested(rows: Sequence[Row], start: int, level: int) -> Iterator[tuple[Row, tuple[int, int]]]:
    """Yield the rows of one level from `start` on, each with the stretch of rows inside it."""
    index = start
    while index < len(rows) and rows[index].level >= level:
        stop = index + 1
        while stop < len(rows) and rows[stop].level > level:
            stop += 1
        yield rows[index], (index + 1, stop)
        index = stop


def cells(row: Row, report: Report) -> list[str]:
    """Return the cells of a row as HTML."""
    last = row.layers[-1] if row.layers else None
    whole = total(report.totals, "macs").value
    part = row.amount("macs")
    share = ""
    if part.value and whole:
        width = round(BAR_EM * part.value / whole, 2)
        share = (f'<i style="width:{width}em"></i>' if width >= 0.05 else "") + escape(fmt.percent(part.value, whole))
    if row.kind is Kind.LAYER and row.head is not None:
        text = f"{row.head.op} {row.head.text}".rstrip()
    else:
        text = fmt.tally(layer.op for layer in row.layers)
        text = text if len(text) <= 40 else fmt.plural(len(row.layers), "layer")
    field = "" if last is None else "global" if last.is_global else fmt.axes(last.receptive_field)
    shape = "" if last is None else fmt.shapes(last.out_shapes)
    numbers = [escape(fmt.amount(row.amount(key), Numbers.EXACT)) for key in SUMS]
    name = escape(row.name or row.path)
    return [name, escape(text), escape(shape), escape(field), *numbers, share]


def line(found: Sequence[str], level: int = 0, kind: str = "") -> str:
    """Return one row as HTML."""
    style = f' style="--l:{level}"' if level else ""
    name = f"r {kind}".rstrip()
    return f'<div role=row class="{name}"{style}>' + "".join(f"<b role=cell>{c}</b>" for c in found) + "</div>"


def body(rows: Sequence[Row], report: Report, start: int, stop: int, level: int) -> Iterator[str]:
    """Yield the rows of one scope, what is inside a block folded under its heading."""
    for row, (first, end) in nested(rows[:stop], start, level):
        if row.kind is Kind.HEADING:
            inside = tuple(layer for inner in rows[first:end] for layer in inner.layers)
            heading = replace(row, kind=Kind.BLOCK, layers=inside, head=None)
            opened = " open" if len(report.layers) <= UNFOLDED else ""
            yield f"<details{opened}><summary>{line(cells(heading, report), level)}</summary>"
            yield from body(rows, report, first, end, level + 1)
            yield "</details>"
        else:
            yield line(cells(row, report), level)
            yield from body(rows, report, first, end, level + 1)


def footer(report: Report) -> str:
    """Return the row of totals."""
    sums = [escape(fmt.amount(total(report.totals, key), Numbers.EXACT)) for key in SUMS]
    return line(["Total", fmt.plural(report.totals.layers, "layer"), "", "", *sums, ""], kind="f")


def notes(report: Report) -> str:
    """Return the lines under the table: depth, field, size, and the counting rule."""
    summary, totals = report.summary, report.totals
    facts = [
        f"depth {summary.depth.layers}",
        f"{summary.depth.blocks} blocks" if summary.depth.blocks else "",
        f"width {summary.width}" if summary.width else "",
        f"last map {'x'.join(map(str, summary.last_map))}" if summary.last_map else "",
        f"receptive field {fmt.axes(summary.receptive_field)}" if summary.receptive_field else "",
        f"stride {fmt.axes(summary.stride)}" if summary.stride else "",
        f"model {fmt.count(totals.model_size, Numbers.EXACT)} bytes of {report.dtype}",
        f"batch {report.batch}" if report.batch > 1 else "",
    ]
    rule = f"FLOPs by the rule {report.convention}: {CONVENTIONS[report.convention].summary}"
    return f"<p>{escape(' · '.join(filter(None, facts)))}</p><p>{escape(rule)}</p>"


def to_html(report: Report) -> str:
    """Return the report as one piece of HTML for a notebook or a page; blocks fold, larger networks start folded."""
    rows = tree(report.layers)
    inputs = ", ".join(f"{name} {shape}" for name, shape in report.input)
    source = f"<p>{escape(report.source)}</p>" if report.source else ""
    return "".join(
        (
            '<div class="cnncalc"><style>',
            STYLE.replace("\n", ""),
            f"</style><h4>{escape(report.name)} <small>{escape(inputs)}</small></h4>{source}",
            '<div role=table class="t">',
            line(HEADINGS, kind="h"),
            *body(rows, report, 0, len(rows), 0),
            footer(report),
            "</div>",
            notes(report),
            "</div>",
        )
    )
