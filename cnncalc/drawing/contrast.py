"""Two networks beside each other, what was added, removed, became dearer or cheaper in colours of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.drawing.colours import CHANGES, Colouring
from cnncalc.drawing.layout import layout
from cnncalc.drawing.scene import scene
from cnncalc.drawing.svg import SvgWriter, number, safe, style
from cnncalc.render import format as fmt

if TYPE_CHECKING:
    from cnncalc.drawing.scene import Box
    from cnncalc.gate.compare import Comparison, LayerChange
    from cnncalc.results.report import Report

HEAD = 34.0
GAP = 24.0


def change_of(box: Box, changes: dict[str, LayerChange]) -> str:
    """Return what became of a box: added, removed, dearer, cheaper, changed or same; by its multiply-accumulates."""
    found = [changes[layer.path] for layer in box.layers if layer.path in changes]
    if not found:
        return "same"
    for kind in ("added", "removed"):
        if all(change.kind == kind for change in found) and len(found) == len(box.layers):
            return kind
    work = sum((c.after.macs or 0 if c.after else 0) - (c.before.macs or 0 if c.before else 0) for c in found)
    return "dearer" if work > 0 else "cheaper" if work < 0 else "changed"


def contrast_svg(before: Report, after: Report, comparison: Comparison, *, theme: str = "auto") -> str:
    """Return two networks as one picture, the earlier on the left; a folded block with changes counts as a whole."""
    changes = {change.path: change for change in comparison.layers}
    parts, names = [], set()
    left, bottom = 0.0, 0.0
    for title, report in zip(comparison.names, (before, after), strict=True):
        placed = layout(scene(report))
        classes = [change_of(box, changes) if box.layers else box.kind for box in placed.scene.boxes]
        seen = [name for name in CHANGES if name in classes]
        names |= {*classes, *seen}
        writer = SvgWriter(placed, Colouring("change", classes, [(name, name) for name in seen]))
        text = writer.whole_picture("page")
        width, height = writer.extent
        work, params = fmt.human(report.totals.macs), fmt.human(report.totals.params)
        words = f'<text x="{number(left + 16)}" y="22"><tspan class="n">{safe(title)}</tspan>'
        parts.append(f'{words}<tspan class="q">  {work} MACs, {params} parameters</tspan></text>')
        parts.append(text.strip().replace("<svg ", f'<svg x="{number(left)}" y="{number(HEAD)}" ', 1))
        left += max(width, 300.0) + GAP
        bottom = max(bottom, height + HEAD)
    said = " against ".join(comparison.names)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="cg" role="img" aria-label="{safe(said)}" '
        f'width="{number(left)}" height="{number(bottom)}" viewBox="0 0 {number(left)} {number(bottom)}">'
        f"<title>{safe(said)}</title><style>{style(sorted(names), theme)}</style>"
        f'<rect class="paper" width="100%" height="100%"/>{"".join(parts)}</svg>\n'
    )
