"""Devices and rooflines as text and JSON. Every time is printed as the lower bound that it is."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cnncalc.devices import mapped
from cnncalc.render.format import human, image, percent, shorten_name
from cnncalc.values.diagnostics import one_line, plural
from cnncalc.values.dtypes import DTYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.analysis.roofline import LayerBound, Roofline
    from cnncalc.devices import Device, Source

WIDE = 10_000
BINARY = ("B", "KiB", "MiB", "GiB")
STORES = ("memory", "sram", "flash")
UNITS = {
    "clock": "Hz", "bandwidth": "bytes/s", "memory": "bytes", "sram": "bytes", "flash": "bytes", "cache": "bytes",
    "channels": "channels", "alignment": "bytes",
}  # fmt: skip
DASH = "-"
GAPS = 3, 2
"""Between columns, and where they are many for the width."""
GOES = {"int4 op/s": 1, "bf16 op/s": 2, "fp16 op/s": 5, "int8 op/s": 7, "fp32 op/s": 9}
"""The columns of types that go first when a table is too wide."""
LEAST = 12
"""Names of layers are not shortened below this."""
HEADINGS = {"memory": "Memory", "sram": "SRAM", "flash": "Flash"}


def to_json(devices: Iterable[Device]) -> str:
    """Return a list of devices with every number's source."""
    return json.dumps([device.to_dict() for device in devices], indent=2, ensure_ascii=False)


class Heading(NamedTuple):
    """A column: its heading, its cells, its alignment, and when it goes if the table is too wide (0: never)."""

    title: str
    cells: list[str]
    right: bool = True
    goes: int = 0

    @property
    def width(self) -> int:
        """The characters of its longest cell."""
        return max(map(len, (self.title, *self.cells)))


def to_table(devices: Sequence[Device], *, width: int | None = None, colour: bool = False) -> str:
    """Return one row per device; columns that no device fills are left out, and some that do not fit, which it says."""
    columns = [
        Heading("Name", [device.name for device in devices], right=False),
        Heading("Device", [device.title for device in devices], right=False, goes=4),
        Heading("Kind", [device.kind for device in devices], right=False, goes=3),
    ]
    for dtype in DTYPES:
        rates = [dict(device.peak).get(dtype) for device in devices]
        if any(rates):
            title = f"{dtype} op/s"
            columns.append(Heading(title, [human(rate) if rate else DASH for rate in rates], goes=GOES.get(title, 0)))
    if any(device.clock for device in devices):
        clocks = [f"{human(device.clock)}Hz" if device.clock else DASH for device in devices]
        columns.append(Heading("Clock", clocks, goes=6))
    bandwidths = [human(device.bandwidth) if device.bandwidth else DASH for device in devices]
    columns.append(Heading("Bandwidth B/s", bandwidths, goes=8))
    columns += [
        Heading(HEADINGS[store], [size(getattr(device, store)) for device in devices], goes=10 + place)
        for place, store in enumerate(STORES)
        if any(getattr(device, store) for device in devices)
    ]
    lines = [f"{plural(len(devices), 'device')}; peak rates of datasheets, dense, 2 per multiply-accumulate",
             "cnncalc devices NAME names the source of each number"]  # fmt: skip
    return "\n".join((*drawn(columns, width, colour=colour), *lines)) + "\n"


def with_sources(devices: Sequence[Device], *, width: int | None = None) -> str:
    """Return the numbers of some devices, one a line, exact, with source and date.

    Where lines are too long for the width, a source stands below the numbers that it is the source of.
    """
    lines: list[str] = []
    for device in devices:
        lines += [f"{device.name}: {device.title} ({device.kind})", *numbers(device, below=False), ""]
    if width and any(len(line) > width for line in lines):
        lines = []
        for device in devices:
            lines += [f"{device.name}: {device.title} ({device.kind})", *numbers(device, below=True), ""]
    return "\n".join(one_line(line) if line else line for line in lines)


def numbers(device: Device, *, below: bool) -> Iterator[str]:
    """Yield the lines of a device: its numbers and their sources, beside each number or below all that have it."""
    rates = {f"peak.{dtype}": rate for dtype, rate in device.peak}
    known = {**rates, **{name: getattr(device, name) for name in UNITS}}
    pending: Source | None = None
    for what, source in device.sources:
        where = " ".join(part for part in (source.url, f"(read {source.read})" if source.read else "") if part)
        number = f"  {what:<10} {known[what]:>25,} {UNITS.get(what, 'op/s'):<8}"
        if not below:
            yield f"{number} {source.title}"
            if where:
                yield f"{'':47} {where}"
            continue
        if pending is not None and source != pending:
            yield from origin(pending)
        yield number.rstrip()
        pending = source
    if pending is not None:
        yield from origin(pending)
    if (found := mapped(device)) is not None:
        yield f"  operators  {len(found.operators):>25,} {'mapped':<8} by Vela {found.version}"


def origin(source: Source) -> Iterator[str]:
    """Yield the lines that say where numbers are from."""
    yield f"    from {source.title}{f' (read {source.read})' if source.read else ''}"
    if source.url:
        yield f"    {source.url}"


def roofline_text(found: Roofline, *, top: int = 10, width: int | None = None, colour: bool = False) -> str:
    """Return the lower bounds of a network on a device: the layers with the largest, then totals and what fits."""
    timed = [layer for layer in found.layers if layer.seconds]
    slowest = sorted(timed, key=lambda layer: -(layer.seconds or 0.0))[:top]
    cells = [list(column) for column in zip(*(row(layer, found) for layer in slowest), strict=True)] or [[]] * 8
    columns = [
        Heading("Layer", cells[0], right=False),
        Heading("Operator", cells[1], right=False, goes=1),
        Heading("Operations", cells[2], goes=3),
        Heading("Bytes", cells[3], goes=4),
        Heading("Op/byte", cells[4], goes=2),
        Heading("Lower bound", cells[5]),
        Heading("Share", cells[6]),
        Heading("Bound by", cells[7], right=False),
    ]
    lines = (*drawn(columns, width, colour=colour), *map(one_line, summary(found, len(slowest))))
    return "\n".join(lines) + "\n"


def row(layer: LayerBound, found: Roofline) -> tuple[str, ...]:
    """Return the cells of one layer."""
    seconds = layer.seconds or 0.0
    nano = round(seconds * 1e12), max(round(found.seconds * 1e12), 1)
    return (
        layer.path,
        layer.op,
        DASH if layer.operations is None else f"{layer.operations:,}",
        DASH if layer.bytes is None else f"{layer.bytes:,}",
        DASH if layer.intensity is None else f"{layer.intensity:.1f}",
        duration(seconds),
        percent(*nano),
        layer.bound or DASH,
    )


def summary(found: Roofline, shown: int) -> list[str]:
    """Return what holds for the whole network on the device."""
    more = len([layer for layer in found.layers if layer.seconds]) - shown
    mark = ", without the layers of unknown work" if found.lower_bounds else ""
    bandwidth = f"{human(found.bandwidth)}B/s" if found.bandwidth else "an unknown bandwidth"
    ridge = f", ridge {found.ridge:.1f} op/byte" if found.ridge else ""
    rate = f"; at most {found.images_per_second:,.1f} {image(found.rank)}s/s" if found.images_per_second else ""
    lines = [f"{plural(more, 'layer')} more below these"] if more > 0 else []
    many = plural(found.batch, image(found.rank))
    lines += [
        f"{found.network} on {found.title}: {human(found.peak)}op/s in {found.computed_in}, {bandwidth}{ridge}",
        f"lower bound {duration(found.seconds)} for {many}, layer by layer{mark}{rate}",
        f"  compute-bound layers {duration(found.compute_seconds)}, memory-bound {duration(found.memory_seconds)}",
        f"lower bound {duration(found.fused_seconds)} however layers are fused",
    ]
    for fit in found.fits:
        live = "live peak of " if "activations" in fit.what else ""
        rest = f"{fit.available - fit.needed:,} left" if fit.fits else f"{fit.needed - fit.available:,} more"
        lines.append(f"{live}{fit.what}: {fit.needed:,} bytes, {fit.memory} has {fit.available:,} ({rest})")
    if found.fits:
        lines.append("a live peak is no verdict: --runtime names the planner that decides what fits")
    return lines


def duration(seconds: float) -> str:
    """Return a time with three significant digits in the largest unit that leaves a whole part."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:,.3g} {unit}" if seconds * scale < 1000 else f"{seconds * scale:,.0f} {unit}"
    return f"{seconds * 1e9:.3g} ns" if seconds else "0 s"


def size(count: int | None) -> str:
    """Return a memory's size in the unit that it is sold in: whole powers of 1,024, else decimal."""
    if not count:
        return DASH
    if count % 10**6 == 0:
        return f"{human(count)}B"
    power = 0
    while power < len(BINARY) - 1 and count % 1024 ** (power + 1) == 0:
        power += 1
    return f"{count // 1024**power:,} {BINARY[power]}" if power else f"{human(count)}B"


def breadth(columns: Sequence[Heading], gap: int) -> int:
    """Return the characters of a table's lines."""
    return sum(column.width + gap for column in columns) - gap


def drawn(columns: Sequence[Heading], width: int | None, *, colour: bool) -> list[str]:
    """Return the lines of a table without trailing blanks, and one that names the columns left out for its width."""
    kept = list(columns)
    left_out = []
    tight = GAPS[-1]
    while width and breadth(kept, tight) > width and any(c.goes for c in kept):
        first = min((column for column in kept if column.goes), key=lambda column: column.goes)
        kept.remove(first)
        left_out.append(first.title)
    over = breadth(kept, tight) - width if width else 0
    if over > 0:
        longest = max((column for column in kept if not column.right), key=lambda column: column.width)
        room = max(longest.width - over, LEAST)
        kept[kept.index(longest)] = longest._replace(cells=[shorten_name(cell, room) for cell in longest.cells])
    gap = next((gap for gap in GAPS if not width or breadth(kept, gap) <= width), tight)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, gap - 1, 0, 0))
    for column in kept:
        table.add_column(column.title, justify="right" if column.right else "left", no_wrap=True)
    for cells in zip(*(column.cells for column in kept), strict=True):
        table.add_row(*(Text(one_line(cell)) for cell in cells))
    stream = StringIO()
    console = Console(file=stream, width=WIDE, force_terminal=colour, no_color=not colour, legacy_windows=False,
                      highlight=False)  # fmt: skip
    console.print(table)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    return [*lines, f"left out for the width: {', '.join(left_out)}"] if left_out else lines
