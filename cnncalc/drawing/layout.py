"""A scene -> where everything of it stands, in pixels: boxes, lines, frames, whichever way the network runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.drawing import words
from cnncalc.drawing.grid import neighbours, place, rows_of
from cnncalc.drawing.route import Point, Room, Routed, Size, route
from cnncalc.drawing.scene import JOINING
from cnncalc.drawing.ushape import arrange, halves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.drawing.grid import GridCell
    from cnncalc.drawing.scene import Box, Scene
    from cnncalc.drawing.words import BoxLine

DIRECTIONS = ("down", "right")
LINE = 15.0
"""Height of a line of text."""
PADDING = 9.0
BAR = 6.0
LEAST = 96.0
FRAME = 7.0
"""Between a frame and what is in it."""
LABEL = 15.0
"""Height of a frame's name."""


class Rectangle(NamedTuple):
    """A rectangle in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    def meets(self, other: Rectangle) -> bool:
        """Return whether two rectangles have an area in common."""
        return (
            self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom
        )  # fmt: skip

    def holds(self, other: Rectangle) -> bool:
        """Return whether another lies in it."""
        return self.x <= other.x and self.y <= other.y and other.right <= self.right and other.bottom <= self.bottom


class LaidOut(NamedTuple):
    """A frame with its place."""

    place: Rectangle
    label: str
    times: int


@dataclass(slots=True)
class Layout:
    """A picture: its size, the place of each box, the points of each edge as (x, y), the frames from outside in."""

    scene: Scene
    direction: str
    width: float = 0.0
    height: float = 0.0
    places: list[Rectangle] = field(default_factory=list)
    texts: list[list[BoxLine]] = field(default_factory=list)
    paths: list[list[tuple[float, float]]] = field(default_factory=list)
    frames: list[LaidOut] = field(default_factory=list)


def box_size(box: Box, texts: Sequence[BoxLine]) -> tuple[float, float]:
    """Return width and height of a box with its lines."""
    wide = max(
        words.width(line.strong, 12.5) + words.width(line.plain) + words.width(line.right)
        + 7 * (bool(line.strong) + bool(line.plain) + bool(line.right) - 1)
        for line in texts
    )  # fmt: skip
    pill = box.kind in {"input", "output"}
    height = len(texts) * LINE + (10.0 if pill else PADDING + BAR)
    return max(wide + 2 * PADDING + (8 if pill else 4), 0.0 if pill else LEAST), height


def layout(scene: Scene, direction: str = "down", *, field: bool = False) -> Layout:
    """Return where everything of a scene stands.

    Args:
        scene: what is drawn.
        direction: down or right.
        field: receptive fields in the boxes.
    """
    made = Layout(scene, direction)
    made.texts = [words.lines(box) + words.field_line(box, field=field) for box in scene.boxes]
    extents = [box_size(box, texts) for box, texts in zip(scene.boxes, made.texts, strict=True)]
    edges = [(edge.source, edge.target) for edge in scene.edges]
    near = neighbours(len(scene.boxes), edges)
    down = direction == "down"

    def sized(boxes: Sequence[int], cells: Sequence[GridCell]) -> list[Size]:
        own = [extents[box] for box in boxes]
        if down:
            own = even([scene.boxes[box] for box in boxes], cells, own)
        return [Size(height, width) if down else Size(width, height) for width, height in own]

    def spaced(boxes: Sequence[int], cells: Sequence[GridCell], upwards: bool) -> Room:
        return room(scene, dict(zip(boxes, cells, strict=True)), down=down, upwards=upwards)

    found = halves(scene, near, edges)
    routed = arrange(found, sized, edges, spaced) if found is not None else None
    if routed is None:
        cells = place(near, rows_of(near))
        every = range(len(scene.boxes))
        routed = route(cells, sized(every, cells), edges, spaced(every, cells, False))
    turn(made, routed, down=down)
    drawn = frames(made)
    made.frames = list(drawn.values())
    rename(made, drawn)
    return made


def rename(made: Layout, drawn: dict[int, LaidOut]) -> None:
    """Give boxes whose frame is not drawn their whole path, as far as there is room for it."""
    framed = {box for n in drawn for box in range(made.scene.frames[n].start, made.scene.frames[n].stop)}
    for number, box in enumerate(made.scene.boxes):
        if box.name and number not in framed:
            room = made.places[number].width - 2 * PADDING - words.width(words.shape_text(box.shape, box.last)) - 8
            short = words.lines(box, max(6, int(room / 6)), scoped=False)
            made.texts[number][: len(short)] = short


def even(
    boxes: Sequence[Box], cells: Sequence[GridCell], extents: list[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Return sizes in which the boxes of a column are equally wide, but for merges, inputs and outputs."""
    widest: dict[int, float] = {}
    alike = [box.kind == "block" or (box.kind == "layer" and box.group not in JOINING) for box in boxes]
    for cell, (width, _), same in zip(cells, extents, alike, strict=True):
        if same:
            widest[cell.column] = max(widest.get(cell.column, 0.0), width)
    return [
        (widest[cell.column], height) if same else (width, height)
        for cell, (width, height), same in zip(cells, extents, alike, strict=True)
    ]


def room(scene: Scene, cells: dict[int, GridCell], *, down: bool, upwards: bool = False) -> Room:
    """Return the space that the frames around some boxes need before and behind rows, and between columns."""
    found = Room()
    levels: dict[tuple[bool, int], set[int]] = {}
    for frame in scene.frames:
        if any(number not in cells for number in range(frame.start, frame.stop)):
            continue
        rows = [cells[number].row for number in range(frame.start, frame.stop)]
        levels.setdefault((True, min(rows)), set()).add(frame.level)
        levels.setdefault((False, max(rows)), set()).add(frame.level)
        found.gutter = FRAME + 1 if down else LABEL + FRAME + 1
    for (first, row), nested in levels.items():
        named = down and first != upwards
        (found.before if first else found.behind)[row] = len(nested) * (FRAME + (LABEL if named else 0.0))
    return found


def turn(made: Layout, routed: Routed, *, down: bool) -> None:
    """Set places and paths in x and y."""

    def place_of(point: Point) -> tuple[float, float]:
        return (point.across, point.along) if down else (point.along, point.across)

    for centre, size in zip(routed.centres, routed.sizes, strict=True):
        x, y = place_of(centre)
        width, height = (size.across, size.along) if down else (size.along, size.across)
        made.places.append(Rectangle(x - width / 2, y - height / 2, width, height))
    made.paths = [[place_of(point) for point in path] for path in routed.paths]
    made.width, made.height = (routed.across, routed.along) if down else (routed.along, routed.across)


def frames(made: Layout) -> dict[int, LaidOut]:
    """Return the frames that can be drawn, by number, from outside in: around their boxes and no other.

    Two frames lie one in the other or apart.
    """
    scene = made.scene
    leaving: list[list[int]] = [[] for _ in scene.boxes]
    for number, edge in enumerate(scene.edges):
        leaving[edge.source].append(number)
    sides = [(place.x, place.y, place.right, place.bottom) for place in made.places]
    found: dict[int, LaidOut] = {}
    for number in sorted(range(len(scene.frames)), key=lambda n: (-scene.frames[n].level, n)):
        frame = scene.frames[number]
        parts = [sides[box] for box in range(frame.start, frame.stop)]
        for box in range(frame.start, frame.stop):
            for way in leaving[box]:
                if scene.edges[way].target < frame.stop:
                    parts += [(x, y, x, y) for x, y in made.paths[way]]
        for inner, drawn in found.items():
            if frame.start <= scene.frames[inner].start and scene.frames[inner].stop <= frame.stop:
                parts.append((drawn.place.x, drawn.place.y, drawn.place.right, drawn.place.bottom))
        place = around(parts)
        if _clear(place, sides[: frame.start]) and _clear(place, sides[frame.stop :]) and all(
            not place.meets(drawn.place) or place.holds(drawn.place) or drawn.place.holds(place)
            for drawn in found.values()
        ):  # fmt: skip
            found[number] = LaidOut(place, frame.label, frame.times)
    return dict(reversed(found.items()))


Sides = tuple[float, float, float, float]
"""Left, top, right and bottom of a rectangle."""


def _clear(place: Rectangle, others: Sequence[Sides]) -> bool:
    left, top, right, bottom = place.x, place.y, place.right, place.bottom
    return not any(
        left < other[2] and other[0] < right and top < other[3] and other[1] < bottom for other in others
    )  # fmt: skip


def around(parts: Sequence[Sides]) -> Rectangle:
    """Return the frame around rectangles, with room for its name above."""
    left, top = min(part[0] for part in parts) - FRAME, min(part[1] for part in parts) - FRAME - LABEL
    right, bottom = max(part[2] for part in parts) + FRAME, max(part[3] for part in parts) + FRAME
    return Rectangle(left, top, right - left, bottom - top)
