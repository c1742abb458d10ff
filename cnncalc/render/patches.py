"""A network patch by patch, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.values.diagnostics import one_line

if TYPE_CHECKING:
    from cnncalc.results.patches import Patches

LABEL = 22


def patches_text(found: Patches, dtype: str) -> str:
    """Return what patches do to memory and work in a few lines, every number exact."""
    split, whole = "x".join(map(str, found.split)), "x".join(map(str, found.map))
    patch, source = "x".join(map(str, found.patch)), "x".join(map(str, found.input_patch))
    apart = f"{found.peak_stage:,} while patches run, {found.peak_rest:,} behind them"
    over = "elementwise layers and depthwise convolutions write over their input"
    rows = [
        ("patches", f"{patch} of the map {whole}, from {source} of the input"),
        ("live peak", f"{found.peak:,} bytes at {found.peak_layer} ({apart})"),
        ("without patches", f"{found.peak_whole:,} bytes at {found.peak_whole_layer}"),
        ("in place", f"{found.peak_in_place:,} bytes, without patches {found.peak_whole_in_place:,}: {over}"),
        ("MACs", f"{found.macs:,}, {found.extra:+.1%}"),
    ]
    lines = [f"up to {found.layer} in {split} patches ({dtype}); the input is read patch by patch and not counted"]
    return "\n".join(map(one_line, lines + [f"  {name:<{LABEL}}{text}" for name, text in rows])) + "\n"
