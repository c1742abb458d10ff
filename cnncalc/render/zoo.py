"""The networks of the zoo as a table, JSON, CSV or Markdown."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cnncalc.render.cells import guarded
from cnncalc.render.format import NumberFormat, percent
from cnncalc.values.diagnostics import one_line, plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from cnncalc.render.zoo_page import ZooPage
    from cnncalc.zoo.totals import NetworkTotals

WIDE = 10_000
GAP = 2
SOURCE_LEAST = 16
SHORTENED = 100_000
"""Smaller numbers, such as pixels, stay exact where others are rounded."""
OPTIONAL = ("Input", "Task", "Year")
"""Columns that a narrow terminal leaves out, the last first, all behind the source."""
HEADINGS = {"params": "Params", "macs": "MACs", "flops": "FLOPs", "receptive_field": "Receptive field"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ZooRow:
    """One network.

    Attributes:
        network: what it comes to.
        numbers: the metrics shown, in order; a whole number, or a part of a whole.
        task: what it is for.
        year: of its publication.
    """

    network: NetworkTotals
    numbers: dict[str, int | Fraction]
    task: str
    year: int

    @property
    def shape(self) -> str:
        """The input without the batch."""
        return ", ".join("x".join(map(str, shape)) for _, shape in self.network.input)

    def cells(self, numbers: NumberFormat) -> list[str]:
        """Return its numbers as text."""
        return [
            percent(value.numerator, value.denominator)
            if not isinstance(value, int)
            else (numbers if value >= SHORTENED else NumberFormat.EXACT).write(value)
            for value in self.numbers.values()
        ]


def to_json(rows: Sequence[ZooRow], pages: Sequence[ZooPage] = ()) -> str:
    """Return a list of networks, each with its main totals, and with what its page says if there are pages."""
    plain = [_plain(row) for row in rows]
    for row, page in zip(plain, pages, strict=False):
        row.update(page.plain())
    return json.dumps(plain, indent=2, ensure_ascii=False)


def _plain(row: ZooRow) -> dict[str, Any]:
    network = row.network
    found: dict[str, Any] = {
        "name": network.name,
        "variant": network.variant,
        "source": network.source,
        "task": row.task,
        "year": row.year,
        "input": {name: list(shape) for name, shape in network.input},
        **{name: network.number(name) for name in ("params", "macs", "flops")},
        "convention": network.convention,
        **{name: network.number(name) for name in ("memory_access", "activations")},
        "receptive_field": list(network.receptive_field),
        **{name: network.number(name) for name in ("depth", "layers")},
    }
    for name, value in row.numbers.items():
        found.setdefault(name, value if isinstance(value, int) else float(value))
    return found


def to_csv(rows: Sequence[ZooRow]) -> str:
    """Return a line for each network; counts in bare digits."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    metrics = list(rows[0].numbers) if rows else ["params", "macs"]
    writer.writerow(["name", *metrics, "input", "source", "task", "year"])
    for row in rows:
        numbers = [str(v) if isinstance(v, int) else str(float(v)) for v in row.numbers.values()]
        source = guarded(row.network.source or "")
        writer.writerow([guarded(row.network.name), *numbers, row.shape, source, row.task, str(row.year)])
    return file.getvalue()


def to_markdown(rows: Sequence[ZooRow], numbers: NumberFormat) -> str:
    """Return a Markdown table."""
    from cnncalc.render.markdown import code, escape

    metrics = list(rows[0].numbers) if rows else ["params", "macs"]
    lines = [
        "| Network | " + " | ".join(HEADINGS.get(m, m) for m in metrics) + " | Input | Source | Task | Year |",
        "| --- | " + " | ".join("---:" for _ in metrics) + " | --- | --- | --- | ---: |",
    ]
    for row in rows:
        cells = [code(row.network.name), *row.cells(numbers), row.shape, escape(row.network.source or "")]
        cells += [row.task, str(row.year)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def to_table(rows: Sequence[ZooRow], numbers: NumberFormat, *, width: int | None = None, colour: bool = False) -> str:
    """Return the table of a terminal.

    Where it is narrow the source is cut, it and the input left out; then numbers are rounded, and the last of them left
    out: none is broken.

    Args:
        rows: the networks.
        numbers: how counts are written.
        width: columns of the terminal; None for as wide as it takes.
        colour: whether to colour it.
    """
    if not rows:
        return plural(0, "network") + "\n"
    every = list(rows[0].numbers)
    wide = width or WIDE
    for shown_so, metrics in ((numbers, every), *((NumberFormat.HUMAN, every[:n]) for n in range(len(every), 0, -1))):
        titles = ["Network", *(HEADINGS.get(m, m) for m in metrics), *OPTIONAL]
        cells = [
            [one_line(row.network.name), *row.cells(shown_so)[: len(metrics)], row.shape, row.task, str(row.year)]
            for row in rows
        ]
        widths = [max(len(line[place]) for line in [titles, *cells]) + GAP for place in range(len(titles))]
        least = len(titles) - len(OPTIONAL)
        if sum(widths[:least]) - GAP <= wide:
            break
    shown = next((n for n in range(len(titles), least, -1) if sum(widths[:n]) - GAP <= wide), least)
    room = wide - sum(widths[:shown])
    with_source = shown == len(titles) and room >= SOURCE_LEAST
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("Network", style="bold", no_wrap=True)
    for title in titles[1:least]:
        table.add_column(title, justify="right", no_wrap=True)
    for title in titles[least:shown]:
        table.add_column(title, no_wrap=True)
    if with_source:
        table.add_column("Source", style="dim", no_wrap=True)
    for row, line in zip(rows, cells, strict=True):
        texts = [Text(cell) for cell in line[:shown]]
        if with_source:
            texts.append(Text(_cut(one_line(row.network.source or ""), room)))
        table.add_row(*texts)
    buffer = StringIO()
    console = Console(
        file=buffer,
        width=max(wide, sum(widths[:shown])),
        force_terminal=colour,
        color_system="truecolor" if colour else None,
        highlight=False,
        legacy_windows=False,
    )
    console.print(table)
    lines = [line.rstrip() for line in buffer.getvalue().splitlines()]
    left = [HEADINGS.get(m, m) for m in every[len(metrics):]] + [title.lower() for title in titles[shown:]]
    left += [] if with_source else ["source"]
    missing = " and ".join([text for text in (", ".join(left[:-1]), *left[-1:]) if text])
    footer = plural(len(rows), "network")
    if shown_so is not numbers:
        footer += "; numbers are rounded for the width, --format csv has them exact"
    if left:
        footer += f"; {'the ' * (len(left) == 1)}{missing} need{'s' * (len(left) == 1)} a wider terminal"
    return "\n".join([*lines, "", footer]) + "\n"


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1].rstrip() + "…"
