"""What runs in the page's worker: requests as JSON in, answers as JSON out; all of it is asked of cnncalc itself.

Places in a text are offsets in UTF-16 units, as a browser counts them.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from cnncalc.editor.budgets import budget_findings
from cnncalc.editor.document import Document
from cnncalc.editor.hints import inlay_hints, lenses
from cnncalc.editor.text import Position, TextRange, line_starts, range_of
from cnncalc.render import format as fmt
from cnncalc.render.frames import shown
from cnncalc.render.html import Tree, fitting
from cnncalc.render.summary import facts, heading
from cnncalc.source import Text
from cnncalc.study import Question, Study
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnncalc.results.report import Report
    from cnncalc.values.diagnostics import Diagnostic

Answer = dict[str, Any]
NAME = "net.yaml"
"""What messages call the text of the editor."""
CARDS = (("parameters", "params"), ("MACs", "macs"), ("FLOPs", "flops"))
MOST_FIXED = 6
"""Findings that repairs are looked for: each is tried before it is offered."""


class Scale:
    """The places of one text: lines and columns of the engine, offsets of the browser."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = line_starts(text)
        self.wide = [at for at, character in enumerate(text) if character > "\uffff"]
        self.plain = not self.wide

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a place."""
        if line > len(self.starts):
            at = len(self.text)
        else:
            end = self.starts[line] if line < len(self.starts) else len(self.text)
            at = min(self.starts[line - 1] + column - 1, end)
        return at if self.plain else at + bisect_right(self.wide, at - 1)

    def position(self, offset: int) -> Position:
        """Return the place of an offset."""
        if not self.plain:
            units = 0
            for at, character in enumerate(self.text):
                if units >= offset:
                    offset = at
                    break
                units += 2 if character > "\uffff" else 1
            else:
                offset = len(self.text)
        line = bisect_right(self.starts, offset)
        return Position(line, offset - self.starts[line - 1] + 1)

    def range(self, place: TextRange) -> tuple[int, int]:
        """Return the offsets of a piece of text."""
        return self.offset(place.line, place.column), self.offset(place.end_line, place.end_column)


class Desk:
    """One text in the editor, and what is asked of it."""

    def __init__(self) -> None:
        self.document = Document(NAME, "")
        self.variant: str | None = None
        self.scale = Scale("")

    def take(self, text: str, variant: str | None = None) -> None:
        """Take the editor's text, and the variant that is chosen where it has such a one."""
        if text != self.document.text:
            self.document.update(text)
            self.scale = Scale(text)
        if variant is not None and variant not in self.variants():
            variant = None
        if variant != self.variant or (variant is not None and not self.document.now.done):
            self.variant = variant
            self.document.take(self.analysis_of(text, variant))

    def analysis_of(self, text: str, variant: str | None) -> Any:
        """Return an analysis of the text as one of its variants."""
        fresh = Document(NAME, text).now
        if variant is not None:
            fresh.study = Study(Question(spec=Text(text, NAME), variant=variant))
        return fresh

    def variants(self) -> list[str]:
        """Return the variants of the text."""
        spec = self.document.now.spec
        return [] if spec is None else list(spec.variants)

    # What can be asked.

    def analyse(self, text: str, variant: str | None = None, show: str = "table") -> Answer:
        """Return what is wrong with a text, its numbers beside the lines, its totals, and one view of it."""
        self.take(text, variant)
        document, offset = self.document, self.scale.offset
        found = [*document.findings()]
        if document.now.outcome.whole:
            found += budget_findings(document.now.gate)
        return {
            "findings": [self.finding(one) for one in found],
            "hints": [[offset(*hint.at), hint.text, hint.old] for hint in inlay_hints(document)],
            "lenses": [[lens.line, lens.text] for lens in lenses(document)],
            "variants": self.variants(),
            **self.view(show),
        }

    def finding(self, found: Diagnostic) -> Answer:
        """Return a finding with its place."""
        span = found.span
        start, end = self.scale.range(range_of(span)) if span is not None and not span.file else (0, 0)
        line = span.line if span is not None else None
        return {"from": start, "to": max(start, end), "severity": found.severity, "code": found.code,
                "message": found.message, "hint": found.hint or "", "line": line}  # fmt: skip

    def view(self, show: str) -> Answer:
        """Return one view: table, drawing or report; of a text with errors, of its layers before the first mistake."""
        now = self.document.now
        report = now.report
        if report is None or not report.layers:
            return {"whole": False, "show": show, "head": None}
        answer: Answer = {"whole": now.outcome.whole, "show": show, "head": head(report)}
        if show == "table":
            answer["table"] = table(report)
        elif show == "drawing":
            from cnncalc.drawing.svg import to_svg

            picture = report.graph()
            answer["svg"] = to_svg(picture.layout, theme="page")
            lines = [[layer.line for layer in box.layers] for box in picture.scene.boxes]
            answer["lines"] = [next((line for line in found if line is not None), None) for found in lines]
        elif now.outcome.whole:
            from cnncalc.page.report import ReportAsked, report_page

            answer["page"] = report_page([ReportAsked(study=now.study, title=report.name)])
        return answer

    def show(self, show: str) -> Answer:
        """Return another view of the text that was analysed last."""
        return self.view(show)

    def fixes(self) -> Answer:
        """Return the repairs of the first findings, in their order."""
        from cnncalc.editor.fixes import fixes

        range_ = self.scale.range
        return {"fixes": [
            [
                {"title": fix.title, "edits": [[*range_(edit.range), edit.text] for edit in fix.edits]}
                for fix in fixes(self.document, found)
            ]
            for found in self.document.findings()[:MOST_FIXED]
        ]}  # fmt: skip

    def complete(self, text: str, at: int) -> Answer:
        """Return what can be typed at a place."""
        from cnncalc.editor.completion import completions

        self.take(text, self.variant)
        found = completions(self.document, self.scale.position(at))
        start = self.scale.range(found[0].edit.range)[0] if found else at
        return {"from": start, "options": [
            {"label": one.label, "kind": one.kind, "detail": one.detail, "info": one.text, "insert": one.edit.text}
            for one in found
        ]}  # fmt: skip

    def hover(self, at: int) -> Answer:
        """Return what is said of the thing at a place, as Markdown."""
        from cnncalc.editor.hover import hover

        found = hover(self.document, self.scale.position(at))
        if found is None:
            return {"text": ""}
        start, end = self.scale.range(found.range)
        return {"text": found.text, "from": start, "to": end}

    def tidy(self, text: str) -> Answer:
        """Return a text as the program writes specs.

        Raises:
            ValueError: it cannot be formatted.
        """
        from cnncalc.editor.formatting import FormatError, formatted

        try:
            return {"text": formatted(text)}
        except FormatError as error:
            raise ValueError(str(error)) from None


def head(report: Report) -> Answer:
    """Return a network's heading, its totals and its facts."""
    name, *rest = heading(report)
    cards = [
        [(">= " if key in report.totals.lower_bounds else "") + fmt.human(getattr(report.totals, key)), label,
         f"{getattr(report.totals, key):,}"]
        for label, key in CARDS
    ]  # fmt: skip
    peak = report.summary.peak_activation.bytes
    cards.append([fmt.stored(report.totals.model_size), "model size", f"{report.totals.model_size:,} bytes"])
    cards.append([fmt.stored(peak), "peak activation", f"{peak:,} bytes"])
    found = [list(map(str, fact)) for fact in facts(report, fmt.NumberFormat.EXACT)]
    return {"name": name, "rest": " · ".join(rest), "cards": cards, "facts": found}


def table(report: Report) -> Answer:
    """Return the table: headings, rows with their level, cells, line and part of the largest, totals."""
    rows, columns, numbers = shown(report, None, None, human=True)
    tree = Tree(report, columns, fitting(report, rows, whole=True), numbers)
    share = next((column for column in columns if column.name in tree.largest), None)
    largest = tree.largest[share.name] if share is not None else 0
    found = []
    for at, row in enumerate(tree.rows):
        part = (row.amount("macs").value or 0) / largest if largest else 0
        first = row.head or row.layers[0]
        found.append([row.level, tree.opens[at], tree.cells[at], first.line, round(part, 4), row.path])
    return {
        "columns": [[column.name, f"{column.heading} {column.unit}".strip()] for column in columns],
        "rows": found,
        "totals": [column.total(tree.context) for column in columns],
    }


def calc(layers: str, size: str) -> Answer:
    """Return the answer of `cnncalc calc`.

    Raises:
        ValueError: the layers or the input are none.
        SpecError: the layers do not fit.
    """
    from cnncalc.explanation.network import explain
    from cnncalc.language.shorthand import layers_of
    from cnncalc.render.calc import to_text

    try:
        shape = [int(part) for part in size.replace(",", "x").split("x")]
    except ValueError:
        raise ValueError(f"an input shape is written like 3x224x224, got '{size}'") from None
    spec = {"name": "calc", "input": shape, "layers": layers_of(layers)}
    return {"text": to_text(Study.of(spec).report, explain(spec))}


def convert(name: str, data: bytes) -> Answer:
    """Return a file of another format as a spec; a spec as it is.

    Raises:
        SpecError: it cannot be read.
    """
    from cnncalc.interop.foreign import ForeignSpec
    from cnncalc.interop.writing import readable_spec

    study = Study.of(Text(data, name))
    spec = study.spec
    if not isinstance(spec, ForeignSpec):
        return {"text": data.decode("utf-8")}
    return {"text": readable_spec(study.graph, name=study.name, notes=[f"from {spec.format}"])}


def reported(name: str) -> Answer:
    """Return what `cnncalc show --format json` prints of a network of the zoo."""
    return Study.of(name).report.to_dict()


DESK = Desk()
REQUESTS: dict[str, Callable[..., Answer]] = {
    "analyse": DESK.analyse, "show": DESK.show, "fixes": DESK.fixes, "complete": DESK.complete, "hover": DESK.hover,
    "tidy": DESK.tidy, "calc": calc, "convert": convert, "reported": reported,
}  # fmt: skip


def answer(do: str, request: str, data: bytes | memoryview | None = None) -> str:
    """Return the answer to a request, both as JSON; what was wrong with it stands under `error`."""
    arguments: dict[str, Any] = json.loads(request)
    if data is not None:
        arguments["data"] = bytes(data)
    try:
        found = REQUESTS[do](**arguments)
    except SpecError as error:
        found = {"error": "\n".join(lines(error.diagnostics))}
    except ValueError as error:
        found = {"error": str(error)}
    return json.dumps(found, ensure_ascii=False)


def lines(found: tuple[Diagnostic, ...]) -> Iterator[str]:
    """Yield findings in a line or two each."""
    for one in found[:5]:
        yield f"{one.message}{f' ({one.hint})' if one.hint else ''}"
