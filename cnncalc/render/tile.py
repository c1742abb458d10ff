"""Tiles of a large image as text and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cnncalc.render.format import image as called
from cnncalc.render.format import pixels

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncalc.search.tiling import TileAxis, Tiling


def to_json(found: Tiling) -> str:
    """Return everything as JSON."""
    return json.dumps(found.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)


def to_text(found: Tiling) -> str:
    """Return the numbers of each axis, then those of the whole tiling; axes with the same answer share a block."""
    rank = len(found.axes)
    whole = "an image" if rank == 2 else "an input"
    extents = "x".join(str(axis.tile) for axis in found.axes)
    image = "" if found.tiles is None else f" of {whole} of " + "x".join(str(axis.image) for axis in found.axes)
    lines = [f"{found.name}: tiles of {extents}{image}"]
    said: dict[tuple[object, ...], list[str]] = {}
    for axis in found.axes:
        said.setdefault((axis.tile, axis.halo, axis.align, axis.step, axis.image), []).append(axis.axis)
    for axis in found.axes:
        names = next(names for names in said.values() if axis.axis in names)
        if names[0] == axis.axis:
            lines += ["", " and ".join(names), *(f"  {word:<12}{text}" for word, text in _rows(axis, rank))]
    lines.append("")
    if found.tiles is not None:
        lines.append(f"  {'tiles':<12}{found.tiles:,}")
    lines.append(f"  {'overlap':<12}{_percent(found.overlap)} more {pixels(rank)} than the {called(rank)} has")
    if found.extra_macs is not None:
        lines.append(f"  {'extra work':<12}{_percent(found.extra_macs)} more multiply-accumulates than the whole")
    lines.append(
        f"  {'memory':<12}{found.live_peak:,} bytes of activations alive at once in a tile ({found.dtype}), and "
        f"{found.weights:,} of weights"
    )
    return "\n".join(lines)


def _rows(axis: TileAxis, rank: int) -> list[tuple[str, str]]:
    kept = axis.tile - sum(axis.halo)
    halo = f"{axis.halo[0]:,} before and {axis.halo[1]:,} after"
    rows = [
        ("halo", f"{halo}; {kept:,} of {axis.tile:,} {pixels(rank)} are kept"),
        ("align", f"a tile starts at a multiple of {axis.align:,}"),
        ("step", f"{axis.step:,} from one tile to the next"),
    ]
    if axis.strips:
        rows.append(("tiles", f"{len(axis.strips):,}"))
    return rows


def _percent(share: Fraction) -> str:
    return f"{float(share) * 100:,.1f} %"
