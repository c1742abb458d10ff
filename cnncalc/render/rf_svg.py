"""What a unit sees as an SVG picture: the image, the box in it and around it, and where its weight lies."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.render import format as fmt
from cnncalc.render.rf import TOO_MANY, DrawnAxis, frame, interval
from cnncalc.values.diagnostics import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.explanation.unit import AxisView, Hull, InputView, UnitView

WIDTH, MARGIN, LINE = 640, 24, 20
PICTURE = 400
"""Pixels that the drawing of one input is high at most."""

STYLE = """\
  .page { fill: #ffffff } .text { fill: #1a2330 } .quiet { fill: #566273 }
  .image { fill: #dfe5ec; stroke: #8a97a8 } .box { fill: #2f6fdb; fill-opacity: .3; stroke: #2f6fdb }
  .padding { fill: none; stroke: #2f6fdb; stroke-dasharray: 5 4 } .true { fill: none; stroke: #b3541e }
  .weight { fill: none; stroke: #0b7a53; stroke-width: 2.5 } .unit { fill: #1a2330 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #12171e } .text { fill: #e8edf3 } .quiet { fill: #a6b2c1 }
    .image { fill: #2a333f; stroke: #5f6c7c } .box { fill: #6ea2ff; fill-opacity: .35; stroke: #6ea2ff }
    .padding { stroke: #6ea2ff } .true { stroke: #f0a36b } .weight { stroke: #52d6a1 } .unit { fill: #e8edf3 }
  }
  text { font: 14px system-ui, -apple-system, "Segoe UI", sans-serif } .title { font-size: 17px; font-weight: 600 }"""


class Scale(NamedTuple):
    """How one axis is drawn: the first pixel shown, where it stands, and how long a pixel is."""

    first: int
    at: float
    unit: float

    def place(self, pixel: float) -> float:
        """Return where the near edge of a pixel is drawn."""
        return self.at + (pixel - self.first) * self.unit


def to_svg(view: UnitView) -> str:
    """Return the picture of what a unit sees, one drawing per network input that has positions."""
    where = f"unit ({', '.join(map(str, view.position))})" if view.position else "every unit"
    title = f"{view.path}, {where}"
    body = [_text(MARGIN, 38, f"{view.network}: {fmt.shorten_name(visible(view.path), 44)}, {where}", "text title")]
    y = 62.0
    for seen in view.inputs:
        parts, y = _input(seen, y)
        body += parts
    height = round(y + MARGIN)
    described = "; ".join(_sentence(seen) for seen in view.inputs) or "it depends on no network input"
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title description">',
            f'<title id="title">{_data(title)}</title>',
            f'<desc id="description">{_data(described)}</desc>',
            f"<style>\n{STYLE}\n</style>",
            f'<rect class="page" width="{WIDTH}" height="{height}"/>',
            *body,
            "</svg>",
        ]
    )


def _data(text: str) -> str:
    return escape(visible(text))


def _text(x: float, y: float, text: str, style: str = "text") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{_data(text)}</text>'


def _sentence(seen: InputView) -> str:
    axes = ", ".join(f"{axis.letter} {interval(axis.box)}" for axis in seen.axes)
    return f"of the input {seen.name} {seen.shape} it sees {axes or 'no positions'}"


def _input(seen: InputView, y: float) -> tuple[list[str], float]:
    """Return the drawing of one network input below y, and where it ends."""
    parts = [_text(MARGIN, y, f"network input '{seen.name}', {seen.shape}{_field(seen.axes)}", "quiet")]
    y += LINE
    if not seen.axes or any(axis.unknown for axis in seen.axes):
        words = "a vector has no positions to see" if not seen.axes else f"unknown: {seen.axes[0].why or TOO_MANY}"
        return [*parts, _text(MARGIN, y, words)], y + LINE
    axes = seen.axes[-2:]
    across = frame(axes[-1])
    down = frame(axes[0]) if len(axes) > 1 else DrawnAxis(0, 0, 1, (0, 0))
    wide, tall = across.last - across.first + 1, down.last - down.first + 1
    flat = len(axes) == 1
    unit = (WIDTH - 2 * MARGIN) / wide if flat else min((WIDTH - 2 * MARGIN) / wide, PICTURE / tall)
    high = 40.0 if flat else tall * unit
    x_axis = Scale(across.first, MARGIN + (WIDTH - 2 * MARGIN - wide * unit) / 2, unit)
    y_axis = Scale(down.first, y, high / tall)
    parts += _shapes(axes, x_axis, y_axis, flat=flat)
    y += high + 26
    for style, words in _legend(seen, axes):
        parts.append(f'<rect class="{style}" x="{MARGIN}" y="{y - 11:.1f}" width="18" height="12" rx="2"/>')
        parts.append(_text(MARGIN + 28, y, words))
        y += LINE
    return parts, y + 10


def _field(axes: Sequence[AxisView]) -> str:
    """Return the layer's field in a few words, nothing where it has none."""
    if any(axis.size is None for axis in axes) or not axes:
        return ""
    if all(axis.is_global for axis in axes):
        return ": every unit sees all of it"
    step = "" if any(axis.jump is None for axis in axes) else f", step {fmt.axes([axis.jump for axis in axes])}"
    return f": field {fmt.axes([axis.size for axis in axes])} {fmt.pixels(len(axes))}{step}"


def _shapes(axes: Sequence[AxisView], x: Scale, y: Scale, *, flat: bool) -> list[str]:
    def hulls(pick: str) -> tuple[Hull, Hull]:
        found: list[Hull] = [getattr(axis, pick) for axis in axes]
        return found[-1], (0, 0) if flat else found[0]

    image = (0, axes[-1].extent - 1), (0, 0) if flat else (0, axes[0].extent - 1)
    parts = [_rect("image", image, x, y), _rect("box", hulls("inside"), x, y)]
    if any(axis.inside != axis.box for axis in axes):
        parts.append(_rect("padding", hulls("box"), x, y))
    if all(axis.true is not None for axis in axes):
        parts.append(_rect("true", hulls("true"), x, y))
    if all(axis.effective is not None for axis in axes):
        weights = [(axis.effective.first, axis.effective.last) for axis in axes if axis.effective]
        parts.append(_rect("weight", (weights[-1], (0, 0) if flat else weights[0]), x, y))
    middles = [axis.centre for axis in axes]
    if all(middle is not None for middle in middles):
        across, down = float(middles[-1] or 0) + 0.5, 0.5 if flat else float(middles[0] or 0) + 0.5
        parts.append(f'<circle class="unit" cx="{x.place(across):.1f}" cy="{y.place(down):.1f}" r="3.5"/>')
    return [part for part in parts if part]


def _rect(style: str, hulls: tuple[Hull, Hull], x: Scale, y: Scale) -> str:
    across, down = hulls
    if across is None or down is None:
        return ""
    left, top = x.place(across[0]), y.place(down[0])
    width, height = x.place(across[1] + 1) - left, y.place(down[1] + 1) - top
    return f'<rect class="{style}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _legend(seen: InputView, axes: Sequence[AxisView]) -> list[tuple[str, str]]:
    def listed(pick: str) -> str:
        return ", ".join(f"{axis.letter} {interval(getattr(axis, pick))}" for axis in axes)

    extents = " x ".join(str(axis.extent) for axis in axes)
    rank = len(seen.axes)
    rows = [("image", f"{fmt.image(rank)}, {extents} {fmt.pixels(rank)}"), ("box", f"seen: {listed('inside')}")]
    if seen.share is not None:
        rows[1] = ("box", f"{rows[1][1]}; {seen.share:.1%} of the {fmt.image(rank)}")
    if any(axis.inside != axis.box for axis in axes):
        rows.append(("padding", f"with the padding around it: {listed('box')}"))
    if all(axis.true is not None for axis in axes):
        rows.append(("true", f"with gates: {listed('true')}"))
    if all(axis.effective is not None for axis in axes):
        found = ", ".join(
            f"{axis.letter} {axis.effective.first}..{axis.effective.last}" for axis in axes if axis.effective
        )
        rows.append(("weight", f"95 % of the weight, an estimate for equal weights: {found}"))
    return rows
