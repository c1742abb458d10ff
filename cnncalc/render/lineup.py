"""Several networks as rows: a table that fits the width, Markdown, CSV, HTML."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

from cnncalc.render import format as fmt
from cnncalc.render.cells import guarded
from cnncalc.render.markdown import code, escape
from cnncalc.values.diagnostics import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.language.literals import Number
    from cnncalc.lineup import Lineup

HEADINGS = {
    "params": "Params", "macs": "MACs", "flops": "FLOPs", "memory_access": "Memory access",
    "peak_activation": "Peak activation", "receptive_field": "Field", "model_size": "Model bytes",
}  # fmt: skip
GOES = ("flops", "memory_access", "model_size", "receptive_field", "peak_activation")
"""The order in which columns go where a line is too narrow."""
MARK = "*"


def number(value: Number | None, write: Callable[[int], str]) -> str:
    """Return one number, `?` where it is not known."""
    if value is None:
        return fmt.UNKNOWN
    return write(value) if isinstance(value, int) else f"{float(value):.4g}"


def to_table(found: Lineup, *, width: int | None = None, numbers: fmt.NumberFormat = fmt.NumberFormat.EXACT) -> str:
    """Return a row for each network, the Pareto front marked with `*`; columns go where it is too wide, numbers never.

    Args:
        found: the networks.
        width: characters in a line; None for as many as it takes.
        numbers: how counts are written.
    """
    if not found.entries:
        return "no networks\n"
    keys = list(found.entries[0].numbers)
    columns = {
        key: [HEADINGS.get(key, key), *(number(entry.numbers[key], numbers.write) for entry in found.entries)]
        for key in keys
    }
    names = ["Network", *((MARK if entry.best else " ") + " " + one_line(entry.name) for entry in found.entries)]
    names[0] = "  Network"
    left_out = []
    for key in GOES:
        used = longest(names) + sum(2 + longest(cells) for cells in columns.values())
        if width is None or used <= width:
            break
        if columns.pop(key, None):
            left_out.append(key)
    first = longest(names)
    lines = [
        name.ljust(first) + "".join("  " + cells[row].rjust(longest(cells)) for cells in columns.values())
        for row, name in enumerate(names)
    ]
    notes = [f"{MARK} no other is smaller in one of params, MACs, memory access, peak activation and larger in none"]
    if left_out:
        notes.append(f"left out at this width: {', '.join(left_out)}")
    notes += declared(found)
    return "\n".join([*(line.rstrip() for line in lines), "", *notes]) + "\n"


def declared(found: Lineup) -> list[str]:
    """Return a line for each network with numbers that its spec states instead of computing them."""
    return [
        f"declared in {one_line(entry.name)}: {', '.join(HEADINGS.get(key, key) for key in entry.declared)}"
        for entry in found.entries
        if entry.declared
    ]


def longest(texts: list[str]) -> int:
    """Return the length of the longest text."""
    return max(map(len, texts))


def to_csv(found: Lineup) -> str:
    """Return a line for each network; counts in bare digits, what is not known empty."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    keys = list(found.entries[0].numbers) if found.entries else []
    marked = any(entry.declared for entry in found.entries)
    writer.writerow(["name", *keys, "pareto", *(["declared"] if marked else [])])
    for entry in found.entries:
        cells = ["" if value is None else str(value) for value in entry.numbers.values()]
        stated = [" ".join(entry.declared)] if marked else []
        writer.writerow([guarded(entry.name), *cells, str(entry.best).lower(), *stated])
    return file.getvalue()


def to_markdown(found: Lineup) -> str:
    """Return a Markdown table."""
    keys = list(found.entries[0].numbers) if found.entries else []
    lines = [
        "| Network | " + " | ".join(HEADINGS.get(key, key) for key in keys) + " | Pareto |",
        "| --- | " + " | ".join("---:" for _ in keys) + " | --- |",
    ]
    for entry in found.entries:
        cells = [number(value, fmt.NumberFormat.EXACT.write) for value in entry.numbers.values()]
        lines.append(f"| {code(entry.name)} | {' | '.join(cells)} | {'yes' if entry.best else ''} |")
    lines += [f"\n- {escape(line)}" for line in declared(found)]
    return "\n".join(lines) + "\n"


def to_html(found: Lineup) -> str:
    """Return the table as HTML, escaped."""
    from cnncalc.render.html import TABLE_STYLE, frame, table, text

    keys = list(found.entries[0].numbers) if found.entries else []
    head = ("Network", *(HEADINGS.get(key, key) for key in keys), "Pareto")
    rows = [
        (entry.name, *(number(value, fmt.NumberFormat.EXACT.write) for value in entry.numbers.values()),
         "yes" if entry.best else "")
        for entry in found.entries
    ]  # fmt: skip
    notes = (f"<p>{text(line)}</p>" for line in declared(found))
    return frame(TABLE_STYLE, [table(head, rows, left=(0,)), *notes])
