"""What a unit sees, as text with a drawing, as JSON, and the receptive fields of all layers as a table."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.render import format as fmt
from cnncalc.values.diagnostics import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.explanation.unit import AxisView, Hull, InputView, UnitView
    from cnncalc.results.layer import Layer
    from cnncalc.results.report import Report

WIDEST, TALLEST = 60, 24
MOST_STATED = 8
TOO_MANY = "too many positions differ"


class Marks(NamedTuple):
    """The characters of a drawing."""

    image: str
    seen: str
    padding: str
    unit: str
    weight: str


UNICODE = Marks("░", "▒", "·", "●", "█")
ASCII = Marks(".", "+", ":", "@", "#")


def to_json(view: UnitView) -> str:
    """Return what a unit sees as JSON."""
    return json.dumps(view.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)


def interval(hull: Hull) -> str:
    """Return first and last pixel as text."""
    return "nothing" if hull is None else f"{hull[0]}..{hull[1]}"


def to_text(view: UnitView, width: int, marks: Marks = UNICODE, *, drawn: bool = True) -> str:
    """Return what a unit sees as text, with a drawing of each input in at most `width` columns unless not wanted."""
    where = f"unit ({', '.join(map(str, view.position))})" if view.position else "every unit"
    rows = [f"{visible(view.path)}  {view.op}  {view.out_shape}   {where}"]
    for seen in view.inputs:
        rows += ["", *_input(seen, width, marks if drawn else None)]
    if not view.inputs:
        rows += ["", "it depends on no network input"]
    if any(axis.effective for seen in view.inputs for axis in seen.axes):
        ranks = {len(seen.axes) for seen in view.inputs if seen.axes}
        said = ESTIMATE if ranks == {2} else ESTIMATE.replace("pixel", "position")
        rows += ["", *fmt.wrap(said, min(width, 100))]
    return "\n".join(rows)


ESTIMATE = (
    "The effective field is an estimate for equal weights (arXiv:1701.04128): the distribution of the pixel at which a "
    "walk from the unit back to the input ends, when in every layer each position that is read, and in every merge "
    "each source, is as likely as the others. A trained network differs."
)


def _input(seen: InputView, width: int, marks: Marks | None) -> list[str]:
    rows = [f"of the network input '{visible(seen.name)}' {seen.shape}"]
    if not seen.axes:
        return [*rows, "  a vector has no positions to see"]
    if seen.gated:
        rows.append("  seen through a gate alone, which scales channels")
    if all(axis.is_global for axis in seen.axes):
        rows.append("  every unit sees the whole input")
    for axis in _distinct(seen.axes):
        rows += _axis(axis, len(seen.axes))
    if seen.share is not None:
        rows.append(f"  share of the {fmt.image(len(seen.axes))}: {seen.share:.1%}")
    drawn = drawing(seen.axes, min(width - 2, WIDEST), marks) if marks else []
    if drawn:
        rows += ["", *(f"  {row}" for row in drawn)]
    return rows


class _Axes(NamedTuple):
    """Axes with the same field, and what differs from one to the other."""

    letters: str
    views: list[AxisView]


def _distinct(axes: Sequence[AxisView]) -> list[_Axes]:
    groups: list[_Axes] = []
    for axis in axes:
        key = _figures(axis)
        same = next((group for group in groups if _figures(group.views[0]) == key), None)
        if same is None:
            groups.append(_Axes(axis.letter, [axis]))
        else:
            groups[groups.index(same)] = _Axes(f"{same.letters}, {axis.letter}", [*same.views, axis])
    return groups


def _figures(axis: AxisView) -> tuple[object, ...]:
    return (axis.size, axis.smallest, axis.jump, axis.start, axis.box, axis.inside, axis.true, axis.extent,
            axis.effective, axis.unknown, axis.is_global)  # fmt: skip


def _axis(group: _Axes, rank: int) -> list[str]:
    axis, places = group.views[0], fmt.pixels(rank)
    lead = f"  {group.letters}: "
    if axis.unknown:
        return [f"{lead}unknown: {axis.why or TOO_MANY}"]
    rows = []
    if not axis.is_global:
        size = f"field {axis.size}" if axis.size == axis.smallest else f"field {axis.smallest}..{axis.size}"
        step = f", step {fmt.axis(axis.jump)}" if axis.jump is not None else ""
        start = f", unit 0 starts at {axis.start}" if axis.start is not None else ""
        rows.append(f"{lead}{size} {places}{step}{start}")
        lead = " " * len(lead)
    if axis.box is None:
        rows.append(f"{lead}this unit sees nothing: no tap of a transposed convolution reaches it")
    else:
        wide = axis.box[1] - axis.box[0] + 1
        centre = axis.centre
        seen = f"{interval(axis.box)} ({wide} {fmt.pixels(rank, wide)})"
        rows.append(f"{lead}this unit sees {seen}, centre {fmt.axis(centre)}")
        lead = " " * len(lead)
        if axis.inside != axis.box:
            rows.append(f"{lead}of which in the {fmt.image(rank)} {interval(axis.inside)}, the rest is padding")
    if axis.true is not None:
        rows.append(f"{' ' * len(lead)}with gates {interval(axis.true)}")
    if axis.effective is not None:
        found = axis.effective
        span = f"{found.first}..{found.last} ({found.width} {fmt.pixels(rank, found.width)})"
        rows.append(f"{' ' * len(lead)}effective (estimate) 95 % of the weight in {span},")
        rows.append(f"{' ' * len(lead)}standard deviation {found.deviation:.1f}")
    return rows


# The drawing.


class DrawnAxis(NamedTuple):
    """One axis of a drawing: the pixels it shows, those of the image and those of the box."""

    first: int
    last: int
    extent: int
    box: Hull
    weight: Hull = None

    def kind(self, pixel: Fraction) -> tuple[bool, bool, bool]:
        """Return whether a place lies in the image, in the box, and where most of the weight is."""
        inside = 0 <= pixel < self.extent
        return inside, within(pixel, self.box), within(pixel, self.weight)


def within(pixel: Fraction, hull: Hull) -> bool:
    """Return whether a place lies in an interval of pixels."""
    return hull is not None and hull[0] <= pixel < hull[1] + 1


def frame(axis: AxisView) -> DrawnAxis:
    """Return one axis of a drawing of the image and the box."""
    box = axis.box or (0, 0)
    weight = (axis.effective.first, axis.effective.last) if axis.effective is not None else None
    return DrawnAxis(min(box[0], 0), max(box[1], axis.extent - 1), axis.extent, axis.box, weight)


def drawing(axes: Sequence[AxisView], width: int, marks: Marks) -> list[str]:
    """Return a drawing of the last two axes: the image, the box in it, and the box in the padding around it."""
    if any(axis.unknown for axis in axes) or not axes:
        return []
    across = frame(axes[-1])
    down = frame(axes[-2]) if len(axes) > 1 else DrawnAxis(0, 0, 1, (0, 0), (0, 0))
    wide, tall = across.last - across.first + 1, down.last - down.first + 1
    scale = max(Fraction(wide, max(width, 10)), Fraction(tall, 2 * TALLEST), Fraction(1, 4))
    columns, rows = max(round(wide / scale), 1), max(round(tall / scale / 2), 1)
    centre = _centre(across, columns), _centre(down, rows)
    lines = []
    for row in range(rows):
        y = down.first + Fraction(2 * row + 1, 2 * rows) * tall
        line = ""
        for column in range(columns):
            x = across.first + Fraction(2 * column + 1, 2 * columns) * wide
            line += marks.unit if (column, row) == centre else _mark(across.kind(x), down.kind(y), marks)
        lines.append(line.rstrip())
    names = " x ".join(str(axis.extent) for axis in axes[-2:])
    if len(axes) > 2:
        names += f", the axes {axes[-2].letter} and {axes[-1].letter}"
    legend = [f"{marks.image} {fmt.image(len(axes))} {names}", f"{marks.seen} seen", f"{marks.unit} centre"]
    if any(axis.inside != axis.box for axis in axes[-2:]):
        legend.insert(2, f"{marks.padding} seen padding")
    if all(axis.effective is not None for axis in axes[-2:]):
        legend.insert(2, f"{marks.weight} 95 % of the weight")
    return [*lines, "", "   ".join(legend)]


def _centre(axis: DrawnAxis, cells: int) -> int:
    """Return the cell of the box's middle, -1 where there is no box."""
    if axis.box is None:
        return -1
    middle = Fraction(axis.box[0] + axis.box[1] + 1, 2) - axis.first
    return min(int(middle * cells / (axis.last - axis.first + 1)), cells - 1)


def _mark(across: tuple[bool, bool, bool], down: tuple[bool, bool, bool], marks: Marks) -> str:
    image, seen, weight = (one and other for one, other in zip(across, down, strict=True))
    if image:
        return marks.weight if weight else marks.seen if seen else marks.image
    return marks.padding if seen else " "


# All layers.


HEADINGS = {"layer": "layer", "op": "op", "output": "output", "field": "field", "smallest": "smallest",
            "true": "with gates", "step": "step", "start": "start"}  # fmt: skip
DROPPED = ("op", "output", "start", "smallest", "true")


def table(report: Report, width: int) -> str:
    """Return the receptive fields of all layers as a table of at most `width` columns, where numbers allow."""
    columns = {name: [heading] for name, heading in HEADINGS.items()}
    for layer in report.layers:
        for name, cell in _cells(layer).items():
            columns[name].append(cell)
    for name in ("smallest", "true"):
        if columns[name][1:] == columns["field"][1:]:
            del columns[name]
    left = []
    for name in DROPPED:
        if name in columns and _total(columns) > width:
            del columns[name]
            left.append(HEADINGS[name])
    over = _total(columns) - width
    if over > 0:
        room = max(max(map(len, columns["layer"])) - over, 8)
        columns["layer"] = [fmt.shorten_name(cell, room) for cell in columns["layer"]]
    widths = {name: max(map(len, cells)) for name, cells in columns.items()}
    rows = [
        "  ".join(
            cell.ljust(widths[name]) if name in {"layer", "op"} else cell.rjust(widths[name])
            for name, cell in zip(columns, cells, strict=True)
        ).rstrip()
        for cells in zip(*columns.values(), strict=True)
    ]
    places = fmt.pixels(fmt.image_rank(report))
    notes = [f"fields, steps and starts in {places} of the input, per axis where they differ; - where there is none"]
    stated = [visible(layer.path) for layer in report.layers if "receptive_field" in layer.declared]
    if stated:
        more = f" and {len(stated) - MOST_STATED:,} more" if len(stated) > MOST_STATED else ""
        notes.append(f"declared, not computed: {', '.join(stated[:MOST_STATED])}{more}")
    if left:
        notes.append(f"left out for lack of room: {', '.join(left)}")
    return "\n".join([*rows, "", *(line for note in notes for line in fmt.wrap(note, width))])


def _total(columns: dict[str, list[str]]) -> int:
    return sum(max(map(len, cells)) for cells in columns.values()) + 2 * (len(columns) - 1)


def _cells(layer: Layer) -> dict[str, str]:
    field = fmt.axes(layer.receptive_field)
    nothing = layer.is_global or not layer.receptive_field
    return {
        "layer": visible(layer.path),
        "op": layer.op,
        "output": fmt.shapes(layer.out_shapes),
        "field": f"all {field}" if layer.is_global else field,
        "smallest": f"all {field}" if layer.is_global else fmt.axes(layer.receptive_field_min),
        "true": f"all {field}" if layer.is_global else fmt.axes(layer.receptive_field_true),
        "step": fmt.NOTHING if nothing else fmt.axes(layer.jump),
        "start": fmt.NOTHING if nothing else fmt.edges(layer.start),
    }
