"""Networks that go down and come up again: the encoder on one side, the decoder upwards beside it, level by level."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.drawing.grid import GridCell, chains_of, neighbours, place, rows_of
from cnncalc.drawing.route import ARROW, MARGIN, PITCH, STUB, Point, Room, Routed, Router, Size, clean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.drawing.grid import Neighbours
    from cnncalc.drawing.scene import Scene

LEAST_SKIPS = 2
GROWTH = 4
"""A decoder ends on a map of at least so many times the positions of the smallest one."""
MIDDLE = 34.0
"""Between the two sides."""
MOST_TURNS = 1
"""Tensors that go across between the rows instead of on one level, at most."""
NEAR = 0.5
"""Levels that differ by less are one."""


class Halves(NamedTuple):
    """The two sides of a U: the boxes of each, in order, and the edges that go across."""

    bottom: int
    down: list[int]
    up: list[int]
    across: list[int]


def halves(scene: Scene, near: Neighbours, edges: Sequence[tuple[int, int]]) -> Halves | None:
    """Return the sides of a network that is a U, or None.

    It is one where the longest chain goes down to a smallest map and comes up again without going down once more,
    and at least two tensors go across, the later ones from larger maps.
    """
    rows = rows_of(near)
    chains = chains_of(near, rows)
    spine = max(chains, key=len, default=[])
    shapes = [scene.boxes[box].shape for box in spine]
    ranks = {len(shape or ()) for shape in shapes}
    if len(ranks) != 1 or min(ranks) < 2:
        return None
    extents = [prod(shape.spatial) if shape else 0 for shape in shapes]
    least = max(number for number, extent in enumerate(extents) if extent == min(extents))
    if not 2 <= least < len(spine) - 3 or extents[-1] < GROWTH * extents[least]:
        return None
    most = 0
    for extent in extents[least:]:
        most = max(most, extent)
        if 2 * extent < most:
            return None
    bottom = spine[least]
    inside = {bottom}
    for box in range(bottom, -1, -1):
        if box in inside:
            inside.update(near.before[box])
    across = [n for n, (source, target) in enumerate(edges) if source in inside and target not in inside]
    ups = [box for box in range(len(near.before)) if box not in inside]
    levels = dict(zip(ups, side_cells(ups, edges, bottom), strict=True))
    skips = sorted((levels[edges[n][1]].row, -rows[edges[n][0]]) for n in across if edges[n][0] != bottom)
    nested = all(one[1] <= other[1] for one, other in pairwise(skips))
    if len({depth for _, depth in skips}) < LEAST_SKIPS or not nested:
        return None
    return Halves(bottom, sorted(inside), ups, across)


class Arm:
    """One side of a U: its boxes by their numbers in it, routed on its own."""

    def __init__(
        self, boxes: Sequence[int], sizes: Sequence[Size], edges: Sequence[tuple[int, int]], room: Room,
        cells: Sequence[GridCell],
    ) -> None:  # fmt: skip
        self.boxes = boxes
        self.number = {box: number for number, box in enumerate(boxes)}
        self.which = [n for n, (a, b) in enumerate(edges) if a in self.number and b in self.number]
        self.edges = [(self.number[edges[n][0]], self.number[edges[n][1]]) for n in self.which]
        self.cells, self.room = cells, room
        self.sizes = sizes
        self.stretch: dict[int, float] = {}
        self.draw()

    def draw(self) -> None:
        """Route the side with what its rows are stretched by."""
        self.router = Router(self.cells, self.sizes, self.edges)
        self.routed = self.router.run(self.room, self.stretch)

    def cell(self, box: int) -> GridCell:
        """Return the place of a box in the side's grid."""
        return self.cells[self.number[box]]

    def along(self, box: int) -> float:
        """Return where along a box is."""
        return self.routed.centres[self.number[box]].along


def side_cells(boxes: Sequence[int], edges: Sequence[tuple[int, int]], bottom: int = -1) -> list[GridCell]:
    """Return the places of one side's boxes in a grid of their own; the spine begins behind the bottom, if given."""
    number = {box: n for n, box in enumerate(boxes)}
    near = neighbours(len(boxes), [(number[a], number[b]) for a, b in edges if a in number and b in number])
    first = next((number[b] for a, b in edges if a == bottom and b in number), -1)
    return place(near, rows_of(near, first), loose=-1, favoured=first)


def arrange(
    found: Halves,
    sizes: Callable[[Sequence[int], Sequence[GridCell]], list[Size]],
    edges: Sequence[tuple[int, int]],
    room: Callable[[Sequence[int], Sequence[GridCell], bool], Room],
) -> Routed | None:
    """Return where everything of a U is; None where too much does not go across on one level."""
    cells = side_cells(found.down, edges), side_cells(found.up, edges, found.bottom)
    down, up = (
        Arm(boxes, sizes(boxes, own), edges, room(boxes, own, upwards), own)
        for boxes, own, upwards in ((found.down, cells[0], False), (found.up, cells[1], True))
    )
    floor = up.router.along[0]
    level(found, down, up, edges, floor)
    joined = Joined(found, down, up, edges, floor)
    whole = joined.whole()
    return whole if len(joined.used) <= MOST_TURNS else None


def level(found: Halves, down: Arm, up: Arm, edges: Sequence[tuple[int, int]], floor: float) -> None:
    """Stretch both sides until what goes across does so on one level, from the bottom upwards."""
    lifts = dict.fromkeys(range(2), 0.0)
    pairs = sorted({(up.cell(b).row, -down.cell(a).row) for a, b in (edges[n] for n in found.across)
                    if a != found.bottom})  # fmt: skip
    base = down.along(found.bottom)
    seen: tuple[set[int], set[int]] = (set(), set())
    for target_row, negative in pairs:
        source_row = -negative
        if source_row in seen[0] or target_row in seen[1]:
            continue
        seen[0].add(source_row)
        seen[1].add(target_row)
        here = base - down.router.along[source_row] + lifts[0]
        there = up.router.along[target_row] - floor + lifts[1]
        if here < there:
            down.stretch[source_row + 1] = down.stretch.get(source_row + 1, 0.0) + there - here
            lifts[0] += there - here
        elif there < here:
            up.stretch[target_row] = up.stretch.get(target_row, 0.0) + here - there
            lifts[1] += here - there
    down.draw()
    up.draw()


class Joined:
    """Both sides in one picture: the second mirrored, the first of its rows on the level of the bottom or above."""

    def __init__(
        self, found: Halves, down: Arm, up: Arm, edges: Sequence[tuple[int, int]], floor: float
    ) -> None:  # fmt: skip
        self.found, self.down, self.up, self.edges = found, down, up, edges
        self.floor = down.along(found.bottom) + floor
        self.offset = down.routed.across + MIDDLE - 2 * MARGIN + PITCH * len(found.across)
        self.head = min(0.0, self.floor - up.routed.along)
        self.lane = down.routed.across - MARGIN + 4.0
        self.used: list[int] = []

    def below(self, point: Point) -> Point:
        """Return where a point of the first side is in the picture."""
        return Point(point.along - self.head, point.across)

    def mirrored(self, point: Point) -> Point:
        """Return where a point of the second side is in the picture."""
        return Point(self.floor - point.along - self.head, point.across + self.offset)

    def whole(self) -> Routed:
        """Return the picture."""
        down, up = self.down, self.up
        count = len(down.boxes) + len(up.boxes)
        self.centres, self.sizes = [Point(0.0, 0.0)] * count, [Size(0.0, 0.0)] * count
        paths: list[list[Point]] = [[] for _ in self.edges]
        for side, turn in ((down, self.below), (up, self.mirrored)):
            for box, centre, size in zip(side.boxes, side.routed.centres, side.routed.sizes, strict=True):
                self.centres[box], self.sizes[box] = turn(centre), size
            for number, path in zip(side.which, side.routed.paths, strict=True):
                paths[number] = [turn(point) for point in path]
        for number in self.found.across:
            paths[number] = self.across(*self.edges[number])
        length = max(down.routed.along, self.floor) - self.head
        return Routed(self.centres, self.sizes, paths, length, self.offset + up.routed.across)

    def across(self, source: int, target: int) -> list[Point]:
        """Return the way from one side to the other: level, or level and up, or between the rows."""
        start, stop = self.centres[source], self.centres[target]
        right = start.across + self.sizes[source].across / 2
        left = stop.across - self.sizes[target].across / 2
        port = stop.across - min(14.0, self.sizes[target].across / 4)
        end = Point(stop.along + self.sizes[target].along / 2, port)
        level = [Point(start.along, right), Point(start.along, left)]
        under = Point(end.along, stop.across)
        turned = [Point(start.along, right), Point(start.along, stop.across), under]
        if abs(start.along - stop.along) < NEAR and self.clear(level, source, target):
            return level
        if source == self.found.bottom and end.along < start.along and self.clear(turned, source, target):
            return turned
        self.lane += PITCH
        begin = self.below(Point(self.down.router.bottoms[self.down.cell(source).row] + STUB / 2, 0.0)).along
        rise = self.mirrored(Point(self.up.router.tops[self.up.cell(target).row] - ARROW / 2, 0.0)).along
        self.used.append(target)
        leave = Point(start.along + self.sizes[source].along / 2, start.across)
        return clean([leave, Point(begin, start.across), Point(begin, self.lane), Point(rise, self.lane),
                      Point(rise, port), end])  # fmt: skip

    def clear(self, path: Sequence[Point], source: int, target: int) -> bool:
        """Return whether a way meets no box but its own."""
        for one, other in pairwise(path):
            low, high = sorted((one.along, other.along))
            first, last = sorted((one.across, other.across))
            for box, (centre, size) in enumerate(zip(self.centres, self.sizes, strict=True)):
                apart = (
                    high <= centre.along - size.along / 2 or low >= centre.along + size.along / 2
                    or last <= centre.across - size.across / 2 or first >= centre.across + size.across / 2
                )  # fmt: skip
                if not apart and box not in {source, target}:
                    return False
        return True
