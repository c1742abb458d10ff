"""`show --watch`: the screen drawn again when a file is saved or the window is resized, and what the save changed."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import zoo
from cnncalc.analysis.group import total
from cnncalc.api import load
from cnncalc.cli.common import encodable, report_findings, screen_width
from cnncalc.render.format import UNKNOWN, amount, axes, hanging
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.render.format import NumberFormat
    from cnncalc.results.report import Report
    from cnncalc.values.diagnostics import Diagnostic

POLL_SECONDS = 0.2
SETTLE_SECONDS = 0.05
"""A file is read when it has stayed as it is for so long: an editor empties it and writes it anew."""
COMPARED = ("params", "macs", "flops", "memory_access", "model_size", "peak_activation")


class Drawn(NamedTuple):
    """One attempt to draw: its text, what was found in the specs, its reports, and its exit code."""

    text: str
    findings: tuple[Diagnostic, ...]
    reports: tuple[Report, ...]
    code: int


def keep_drawing(specs: Sequence[str], draw: Callable[[], Drawn], numbers: NumberFormat) -> None:
    """Draw, and draw again whenever a file is saved or the window has another size, until interrupted.

    A spec with an error does not end it: the last table stays, the error stands under it.
    """
    good: Drawn | None = None
    changes: list[str] = []
    try:
        while True:
            files = [file for spec in specs for file in watched(spec)]
            seen, size = stamps(files), window()
            drawn = draw()
            if not drawn.code:
                if good is not None and (found := changed(good.reports, drawn.reports, numbers)):
                    changes = found
                good = drawn
            write(good.text if good is not None else drawn.text, drawn, changes)
            while stamps(files) == seen and window() == size:
                time.sleep(POLL_SECONDS)
            if stamps(files) != seen:
                settle(files)
                changes = []
    except KeyboardInterrupt:
        sys.stdout.write("\n")


def write(table: str, drawn: Drawn, changes: Sequence[str]) -> None:
    """Write one screen: the table, what the last save changed, findings, and the time."""
    terminal = sys.stdout.isatty()
    state = "has an error; above is the last table without one" if drawn.code and table != drawn.text else ""
    last = f"{time.strftime('%H:%M:%S')}  {state or 'watching'}; ctrl-c ends"
    said = (hanging(f"changed: {line}", screen_width()) for line in changes)
    text = "\n".join((table.rstrip("\n"), *said)).strip("\n")
    sys.stdout.write(encodable(("\x1b[H\x1b[2J\x1b[3J" if terminal else "") + text + "\n", sys.stdout))
    report_findings(drawn.findings)
    sys.stdout.write(encodable(f"{last}\n", sys.stdout))
    sys.stdout.flush()


def changed(before: Sequence[Report], after: Sequence[Report], numbers: NumberFormat) -> list[str]:
    """Return what a save changed, a line for each network: `params 23,180 -> 34,092, macs ...`."""
    lines = []
    for old, new in zip(before, after, strict=False):
        words = []
        for key in COMPARED:
            first, second = amount(total(old.totals, key), numbers), amount(total(new.totals, key), numbers)
            if first != second:
                words.append(f"{key} {first} -> {second}")
        fields = [axes(report.summary.receptive_field) or UNKNOWN for report in (old, new)]
        if fields[0] != fields[1]:
            words.append(f"rf {fields[0]} -> {fields[1]}")
        if len(old.layers) != len(new.layers):
            words.append(f"layers {len(old.layers):,} -> {len(new.layers):,}")
        if words:
            lines.append((f"{new.name}: " if len(after) > 1 else "") + ", ".join(words))
    return lines


def window() -> tuple[int, int] | None:
    """Return the size of the terminal, None without one."""
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return None
    return size.columns, size.lines


def watched(spec: str) -> list[Path]:
    """Return the file behind a SPEC argument, and those that it uses as far as it can be read."""
    path = Path(spec)
    entry = None if path.exists() else zoo.find(spec)
    file = entry.file if entry else path
    try:
        used = load(spec).used
    except (SpecError, OSError, ValueError):
        used = {}
    return [file, *(file.parent / name for name in used)]


def settle(files: Sequence[Path]) -> None:
    """Wait until every file is there and has stayed as it is for a moment."""
    now = stamps(files)
    while True:
        before = now
        time.sleep(SETTLE_SECONDS)
        now = stamps(files)
        if now == before and None not in now:
            return


def stamps(files: Sequence[Path]) -> list[tuple[int, int, int] | None]:
    """Return what changes when a file is saved, None for a file that is not there (an editor may be replacing it)."""
    found: list[tuple[int, int, int] | None] = []
    for file in files:
        try:
            state = file.stat()
        except OSError:
            found.append(None)
        else:
            found.append((state.st_mtime_ns, state.st_size, state.st_ino))
    return found
