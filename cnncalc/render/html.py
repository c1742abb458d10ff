"""Results -> HTML for notebooks and pages: inline style, light and dark, blocks that fold, no script, names escaped."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

from cnncalc.analysis.group import Row, RowKind, first, tree
from cnncalc.render import format as fmt
from cnncalc.render import memory
from cnncalc.render.columns import Context, label
from cnncalc.render.frames import shown
from cnncalc.render.markdown import markdown
from cnncalc.render.summary import convention, heading
from cnncalc.values.diagnostics import one_line, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from cnncalc.analysis.memory import MemoryReport
    from cnncalc.gate.compare import Comparison
    from cnncalc.reconciliation.reconcile import Reconciliation
    from cnncalc.render.columns import Column
    from cnncalc.render.format import NumberFormat
    from cnncalc.results.layer import Layer
    from cnncalc.results.parts import Layers
    from cnncalc.results.report import Report

LIGHT = "--ink:#1b1f24;--soft:#5b6470;--line:#d8dee4;--fill:#f0f3f6;--bar:#0072b2;--warn:#9a4a00"
DARK = "--ink:#e6edf3;--soft:#9aa4af;--line:#3a424c;--fill:#1f262d;--bar:#56b4e9;--warn:#f0b070"
# Where nothing says whether the page is light or dark, the reader's preference decides, on a ground of our own.
STYLE = f"""\
.cnncalc{{{LIGHT};--paper:#fff;color:var(--ink);background:var(--paper);font:13px/1.45 system-ui,sans-serif;
font-variant-numeric:tabular-nums;overflow-x:auto;max-width:100%}}
@media (prefers-color-scheme:dark){{.cnncalc{{{DARK};--paper:#14181d}}}}
[data-jp-theme-light=true] .cnncalc,.vscode-light .cnncalc,.vscode-high-contrast-light .cnncalc,[theme=light] .cnncalc,
[data-theme=light] .cnncalc{{{LIGHT};--paper:transparent}}
[data-jp-theme-light=false] .cnncalc,.vscode-dark .cnncalc,.vscode-high-contrast:not(.vscode-high-contrast-light)
 .cnncalc,[theme=dark] .cnncalc,[data-theme=dark] .cnncalc{{{DARK};--paper:transparent}}
.cnncalc p{{margin:.4em 6px;color:var(--soft)}}.cnncalc p.w{{color:var(--warn)}}
.cnncalc h4{{margin:.4em 6px;font-size:1.15em;color:var(--ink)}}
.cnncalc h4 small{{font-weight:400;color:var(--soft);margin-left:.4em}}
"""
# The name stands twice: JupyterLab aligns the cells of tables by a selector of two classes.
TREE_STYLE = """\
.cnncalc.cnncalc table{border-collapse:collapse;table-layout:auto;margin:.4em 0;color:var(--ink);
font-size:12px;max-width:100%}
.cnncalc.cnncalc td,.cnncalc.cnncalc th{text-align:right;vertical-align:baseline;padding:1px 5px;
white-space:nowrap;background:none;border:0;font-weight:400;line-height:1.45}
.cnncalc.cnncalc .a{text-align:left;white-space:normal;overflow-wrap:break-word;max-width:24em}
.cnncalc.cnncalc .o{min-width:7em}
.cnncalc.cnncalc .o,.cnncalc.cnncalc .z{color:var(--soft)}
.cnncalc.cnncalc thead th,.cnncalc.cnncalc tfoot td,.cnncalc.cnncalc b{font-weight:600}
.cnncalc.cnncalc thead th{vertical-align:bottom;white-space:normal;border-bottom:1px solid var(--line)}
.cnncalc.cnncalc tfoot td{border-top:1px solid var(--line)}
.cnncalc.cnncalc table tbody tr:nth-child(n){background:none}.cnncalc.cnncalc tbody tr:hover>*{background:var(--fill)}
.cnncalc.cnncalc td.s{min-width:7em}.cnncalc.cnncalc i{float:left;height:.6em;margin-top:.45em;background:var(--bar)}
.cnncalc.cnncalc label{cursor:pointer}.cnncalc.cnncalc .n{white-space:nowrap}
.cnncalc.cnncalc input{appearance:none;display:inline-block!important;width:1em;height:auto;margin:0;padding:0;border:0;
background:none;font:inherit;color:var(--soft);cursor:pointer}
.cnncalc.cnncalc input::before{content:"\\25b8"}.cnncalc.cnncalc input:checked::before{content:"\\25be"}
"""
FOLD = ".cnncalc:has(.f{0}:not(:checked)) .k{0}{{display:none}}"
"""What a block hides that is not open: the rows that name it; nothing where a viewer takes styles away."""
LEFT = ' style="text-align:left"'
"""Names stand on the left where a viewer takes the style of the whole away, and aligns cells by its own."""
MOST_FOLDS = 300
"""Blocks that fold: those inside are left open where there are more."""
TABLE_STYLE = """\
.cnncalc.cnncalc table{border-collapse:collapse;margin:.4em 0;color:var(--ink);font-size:13px}
.cnncalc.cnncalc td,.cnncalc.cnncalc th{text-align:right;padding:1px 8px;white-space:nowrap;background:none}
.cnncalc.cnncalc th{font-weight:600;border-bottom:1px solid var(--line)}
.cnncalc.cnncalc td.a,.cnncalc.cnncalc th.a{text-align:left;white-space:normal;overflow-wrap:break-word;max-width:44em}
.cnncalc.cnncalc tr:hover td{background:var(--fill)}.cnncalc.cnncalc td.z{color:var(--soft)}
"""

UNFOLDED = 60
"""Networks of at most so many layers start with their blocks open."""
MOST_ROWS = 2000
"""Larger networks are shown block by block, and cut after so many blocks."""
MOST_WARNINGS = 20
MOST_CHANGES = 200
OPERATOR_WIDTH = 48
SHORT = 24
"""Names of so many characters are not broken."""
INDENT = "\N{EM SPACE}"
"""What a row is indented by for each block around it."""
BAR_EM = 3.5
"""Width of a full bar, in em."""


@lru_cache(maxsize=2048)
def text(value: str) -> str:
    """Return text as HTML that shows it as it is."""
    return escape(one_line(value))


def frame(style: str, content: Iterable[str]) -> str:
    """Return a result as one piece of HTML: real tables, which say the same where style is taken away."""
    rules = (STYLE + style).replace("\n", "")
    return f'<div class="cnncalc"><style>{rules}</style>{"".join(content)}</div>'


def marks(names: str) -> str:
    """Return the attribute of style classes, nothing without any."""
    return f' class="{names}"' if names else ""


def title(name: str, rest: Iterable[str]) -> str:
    """Return the heading of a result."""
    return f"<h4>{text(name)} <small>{text(' · '.join(rest))}</small></h4>"


def summed(rows: Sequence[Row], index: int) -> Row:
    """Return a row; a heading as one with the numbers of all layers inside it."""
    row = rows[index]
    if row.kind is not RowKind.HEADING:
        return row
    inside: list[Layer] = []
    for after in range(index + 1, len(rows)):
        if rows[after].level <= row.level:
            break
        inside += rows[after].layers
    return replace(row, kind=RowKind.BLOCK, layers=tuple(inside), head=None)


def part(column: Column, row: Row) -> int:
    """Return the count behind a share."""
    return row.amount(column.name.removeprefix("share_")).value or 0


def headline(column: Column) -> str:
    """Return a column's name with its unit below, as HTML."""
    return f"{text(column.heading)}<br>{text(column.unit)}" if column.unit else text(column.heading)


class Tree:
    """The table of a report: its columns, its rows with the texts of their cells, and how wide numbers and bars are."""

    def __init__(self, report: Report, columns: Sequence[Column], rows: Sequence[Row], numbers: NumberFormat) -> None:
        self.report = report
        self.columns = columns
        self.context = Context(report, numbers)
        self.opens = [row.kind is RowKind.HEADING for row in rows]
        self.rows = [summed(rows, index) for index in range(len(rows))]
        self.cells = [[self.cell(column, row) for column in columns] for row in self.rows]
        self.largest = {
            column.name: max((part(column, row) for row in self.rows if row.kind is not RowKind.REST), default=0)
            for column in columns
            if column.name.startswith("share_")
        }

    def cell(self, column: Column, row: Row) -> str:
        """Return one cell's text."""
        if column.name == "layer":
            return label(row, row.name or row.path)
        found = column.cell(row, self.context)
        return fmt.shorten_list(found, OPERATOR_WIDTH) if column.name == "operator" and len(row.layers) > 1 else found

    def marked(self, column: Column, row: Row, words: str) -> str:
        """Return one cell as HTML."""
        if column.name in self.largest and words:
            most = self.largest[column.name]
            width = round(BAR_EM * part(column, row) / most, 2) if most and row.kind is not RowKind.REST else 0
            bar = f'<i style="width:{width}em"></i>' if width >= 0.05 else ""
            return f'<td class="s">{bar}{text(words)}</td>'
        if column.name == "operator":
            return f'<td class="a o"{LEFT}>{text(words)}</td>'
        return f"<td{marks('z' if words == '0' else '')}>{text(words)}</td>"

    def name(self, index: int, words: str) -> str:
        """Return the cell with the name of a row: indented by characters, and of a block that folds with its switch."""
        indent = INDENT * self.rows[index].level
        if not self.opens[index]:
            return f'<th scope="row" class="a"{LEFT}>{indent}{text(words)}</th>'
        if index not in self.folds:
            return f'<th scope="row" class="a"{LEFT}>{indent}<b>{text(words)}</b></th>'
        state = " checked" if len(self.report.layers) <= UNFOLDED else ""
        switch = f'<input type="checkbox" style="display:none" class="f{index}"{state}>'
        kind = marks("n" if len(words) <= SHORT else "")
        return f'<th scope="row" class="a"{LEFT}>{indent}<label{kind}>{switch}<b>{text(words)}</b></label></th>'

    def line(self, index: int, around: Sequence[int]) -> str:
        """Return one row as HTML, which names the blocks around it."""
        cells = [
            self.name(index, words) if column.name == "layer" else self.marked(column, self.rows[index], words)
            for column, words in zip(self.columns, self.cells[index], strict=True)
        ]
        return f"<tr{marks(' '.join(f'k{block}' for block in around))}>{''.join(cells)}</tr>"

    def fixed(self, tag: str, cells: Iterable[str]) -> str:
        """Return the heading or the totals as HTML."""
        named = f'<{tag} class="a"{LEFT}>'
        words = (
            f"{named if column.name in {'layer', 'operator'} else f'<{tag}>'}{cell}</{tag[:2]}>"
            for column, cell in zip(self.columns, cells, strict=True)
        )
        return f"<tr>{''.join(words)}</tr>"

    def totals(self) -> Iterator[str]:
        """Yield the totals, as HTML."""
        for index, column in enumerate(self.columns):
            total = column.total(self.context)
            count = plural(self.report.totals.layers, "layer") if column.name == "operator" else ""
            yield "Total" if not index and not total else text(total or count)

    @cached_property
    def folds(self) -> frozenset[int]:
        """The rows of the blocks that fold: down to the depth at which there are not too many."""
        found: list[int] = []
        named = any(column.name == "layer" for column in self.columns)
        for level in sorted({row.level for row in self.rows}) if named else ():
            more = [k for k, row in enumerate(self.rows) if self.opens[k] and row.level == level]
            if len(found) + len(more) > MOST_FOLDS:
                break
            found += more
        return frozenset(found)

    @property
    def style(self) -> str:
        """What the table needs beside its content."""
        return TREE_STYLE + "".join(map(FOLD.format, sorted(self.folds)))

    def body(self) -> Iterator[str]:
        """Yield the rows, each with the blocks around it."""
        around: list[int] = []
        for index, row in enumerate(self.rows):
            while around and self.rows[around[-1]].level >= row.level:
                around.pop()
            yield self.line(index, around)
            if index in self.folds:
                around.append(index)

    def html(self) -> Iterator[str]:
        """Yield the table."""
        yield f"<table><thead>{self.fixed('th scope=col', map(headline, self.columns))}</thead><tbody>"
        yield from self.body()
        yield f"</tbody><tfoot>{self.fixed('td', self.totals())}</tfoot></table>"


def fitting(report: Report, rows: tuple[Row, ...], *, whole: bool) -> tuple[Row, ...]:
    """Return the rows to show: all, unless there are too many for a page; `whole` if they go down to the layers."""
    if whole and len(rows) > MOST_ROWS:
        rows = tree(report.layers, 1)
    return first(rows, MOST_ROWS) if len(rows) > MOST_ROWS else rows


def notes(report: Report) -> Iterator[str]:
    """Yield the lines under the table: depth, field, size, the counting rule, and what was found in the spec."""
    summary, size = report.summary, report.totals.model_size
    bound = ">= " if "model_size" in report.totals.lower_bounds else ""
    facts = (
        f"depth {summary.depth.layers:,}",
        plural(summary.depth.blocks, "block") if summary.depth.blocks else "",
        f"width {summary.width:,}" if summary.width else "",
        f"last map {summary.last_map}" if summary.last_map else "",
        f"its receptive field {fmt.axes(summary.receptive_field)}" if summary.receptive_field else "",
        f"stride {fmt.axes(summary.stride)}" if summary.stride else "",
        f"model {bound}{size:,} bytes as {report.dtype}",
    )
    yield f"<p>{text(' · '.join(filter(None, facts)))}</p><p>{text(f'FLOPs: {convention(report)}')}</p>"
    for found in report.warnings[:MOST_WARNINGS]:
        place = f" ({found.where(found.span)})" if found.span else ""
        yield f'<p class="w">{text(f"{found.severity}: {found.message}{place}")}</p>'
    if len(report.warnings) > MOST_WARNINGS:
        yield f'<p class="w">and {plural(len(report.warnings) - MOST_WARNINGS, "more warning")}</p>'


def to_html(
    report: Report, *, columns: Sequence[str] | None = None, depth: int | None = None, human: bool = False
) -> str:
    """Return the report as one piece of HTML for a notebook or a page; blocks fold, larger networks start folded.

    Raises:
        ValueError: there is no such column, the message lists them; or the depth is below 1.
    """
    name, *rest = heading(report)
    rows, picked, numbers = shown(report, columns, depth, human=human)
    table = Tree(report, picked, fitting(report, rows, whole=depth is None), numbers)
    return frame(table.style, (title(name, rest), *table.html(), *notes(report)))


def layers_html(layers: Layers) -> str:
    """Return some layers of a report as the same table, with their sums."""
    part = layers.part()
    rows, picked, numbers = shown(part, None, None, human=False)
    table = Tree(part, picked, fitting(part, rows, whole=True), numbers)
    name, *_ = heading(part)
    return frame(table.style, (title(name, [plural(len(layers), "layer")]), *table.html()))


def brief_markdown(report: Report) -> str:
    """Return the report as a Markdown table of no more rows than a page takes."""
    rows, picked, numbers = shown(report, None, None, human=False)
    return markdown(report, fitting(report, rows, whole=True), picked, numbers)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], left: Collection[int] = (0,)) -> str:
    """Return a plain table; the columns in `left` hold words, the others numbers."""

    def line(cells: Sequence[str], tag: str) -> str:
        words = []
        for index, cell in enumerate(cells):
            kind = "a" if index in left else "z" if cell in {"0", "="} else ""
            words.append(f"<{tag}{marks(kind)}>{text(cell)}</{tag}>")
        return f"<tr>{''.join(words)}</tr>"

    return f"<table>{line(headings, 'th')}{''.join(line(row, 'td') for row in rows)}</table>"


def comparison_html(comparison: Comparison) -> str:
    """Return two networks side by side: totals, and the layers that differ, those that moved most first."""
    from cnncalc.render import diff

    before, after = comparison.names
    totals = (
        (d.metric, diff.cell(d.before, d.subject.unit), diff.cell(d.after, d.subject.unit), *diff.changed(d))
        for d in comparison.totals
    )
    kinds = ", ".join(f"{len(comparison.of_kind(kind)):,} {kind}" for kind in diff.SIGNS)
    content = [
        title(f"{before} → {after}", (f"FLOPs by the rule {comparison.convention}",)),
        table(("Total", "before", "after", "change", ""), totals),
        f"<p>{text(f'Layers: {kinds}, {comparison.same:,} unchanged')}</p>",
    ]
    if comparison.layers:
        head = ("Layer", "", "MACs", "", "change", "", "Params", "", "change", "", "What differs")
        most = comparison.layers[:MOST_CHANGES]
        rows = ((c.path, c.kind, *diff.layer_cells(c), diff.what(c)) for c in most)
        content.append(table(head, rows, left=(0, 1, 10)))
        if more := len(comparison.layers) - len(most):
            content.append(f"<p>and {plural(more, 'more layer')}</p>")
    return frame(TABLE_STYLE, content)


def memory_html(report: MemoryReport) -> str:
    """Return the memory of a network: parameters, live activations, arenas, a training step."""
    folded = ("batch normalisation folded",) if report.fold_bn else ()
    subtitle = (plural(report.batch, fmt.image(report.rank)), report.dtype, *folded)
    content = title(report.name, subtitle), table(memory.HEADINGS, memory.rows(report), left=(0, 3))
    return frame(TABLE_STYLE, content)


def reconciliation_html(result: Reconciliation) -> str:
    """Return a network under every counting rule, the terms of each rule below it, and the verdict on every claim."""
    from cnncalc.render import reconcile

    head = ("Rule", "called", "number", "more than the strict count")
    rows = ((name.replace("  ", "↳ ", 1), *rest) for name, *rest in reconcile.rows(result))
    claims = (f"<p>{text(line)}</p>" for line in reconcile.claims(result) if line)
    content = (f"<h4>{text(reconcile.title(result))}</h4>", table(head, rows, left=(0, 1)), *claims)
    return frame(TABLE_STYLE, content)


class Shown(Protocol):
    """A result that has an HTML and a Markdown form."""

    def to_html(self) -> str:
        """Return the result as HTML."""
        ...

    def to_markdown(self) -> str:
        """Return the result as Markdown."""
        ...


def mimebundle(
    result: Shown,
    include: Collection[str] | None,
    exclude: Collection[str] | None,
    brief: Callable[[], str] | None = None,
    plain: Callable[[], str] | None = None,
) -> dict[str, Any]:
    """Return the forms of a result that a notebook asks for, each made only then.

    Args:
        result: the result.
        include: only these MIME types.
        exclude: not these.
        brief: makes the Markdown where that is not all of `to_markdown`.
        plain: makes the text, which is all that is left of an untrusted notebook, where that is not the `repr`.
    """
    forms: dict[str, Callable[[], str]] = {
        "text/html": result.to_html,
        "text/markdown": brief or result.to_markdown,
        "text/plain": plain or result.__repr__,
    }
    return {
        kind: make()
        for kind, make in forms.items()
        if (not include or kind in include) and not (exclude and kind in exclude)
    }
