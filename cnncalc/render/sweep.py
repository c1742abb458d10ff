"""Sweeps as text: CSV and JSON lines as they come, a table of what was kept, Parquet in row groups."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.search.sweep import Batch, Sweep

MOST_ROWS = 1_000
"""Rows of a table; more of them are for a file."""


def cells(sweep: Sweep, batch: Batch) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a batch: what varies as it is written, the totals, and why there are none."""
    texts = [
        [axis.texts[place] for place in places] for axis, places in zip(sweep.axes, batch.places, strict=True)
    ]
    errors = [batch.errors.get(row) for row in range(len(batch))] if batch.errors else [None] * len(batch)
    return zip(*texts, *(batch.columns[name] for name in sweep.of), errors, strict=True)


def csv_head(sweep: Sweep) -> str:
    """Return the line of names."""
    return csv_lines([sweep.names])


def csv_batch(sweep: Sweep, batch: Batch) -> str:
    """Return the lines of a batch as CSV; a design that is none has empty numbers and its reason."""
    return csv_lines(cells(sweep, batch))


def csv_lines(rows: Any) -> str:
    """Return rows as CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def jsonl_batch(sweep: Sweep, batch: Batch) -> str:
    """Return the lines of a batch, one JSON object each."""
    plain = [[plain_choice(axis.choices[k], axis.texts[k]) for k in range(len(axis.choices))] for axis in sweep.axes]
    lines = []
    for row in range(len(batch)):
        found = {a.name: plain[n][batch.places[n][row]] for n, a in enumerate(sweep.axes)}
        found.update((name, batch.columns[name][row]) for name in sweep.of)
        found["error"] = batch.errors.get(row)
        lines.append(json.dumps(found, ensure_ascii=False))
    return "".join(f"{line}\n" for line in lines)


def plain_choice(choice: Any, text: str) -> Any:
    """Return a choice as JSON has it: numbers as such, shapes and lists as they are written."""
    if isinstance(choice, bool | int | str):
        return choice
    return text if isinstance(choice, tuple) else float(choice)


def table(sweep: Sweep, rows: Sequence[tuple[Any, ...]], width: int) -> str:
    """Return rows as a table with aligned numbers; reasons are cut at the width."""
    errors = any(row[-1] is not None for row in rows)
    names = sweep.names if errors else sweep.names[:-1]
    body = [[_cell(value) for value in row[: len(names)]] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(names, *body, strict=True)]
    if errors:
        widths[-1] = 0
    lines = []
    for line in (names, *body):
        text = "  ".join(part.rjust(size) for part, size in zip(line, widths, strict=True))
        lines.append((text if len(text) <= width else f"{text[: width - 1]}…").rstrip())
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)
