"""The ways of edges through a grid: between rows in channels, between columns in gutters, never through a box.

Two directions: `along` is where the network goes, `across` is at right angles to it. A channel lies before each row, a
gutter before each column, one more at the end of both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.drawing.grid import mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.drawing.grid import GridCell

PITCH = 10.0
"""Between lanes of a gutter, and between tracks of a channel."""
PORT = 14.0
"""Between the ends of edges at a box."""
STUB = 11.0
"""From a box to the first track."""
ARROW = 13.0
"""From the last track to the next box."""
GUTTER = 30.0
MARGIN = 16.0


class Size(NamedTuple):
    """The extent of a box, along and across."""

    along: float
    across: float


class Point(NamedTuple):
    """A place in the picture, along and across."""

    along: float
    across: float


class Way(NamedTuple):
    """How an edge goes.

    Attributes:
        kind: straight, step (into the next row), down (in its own column, then over), over (then down in the
            target's column) or lane (in a gutter).
        gutter: the gutter of a lane.
        leaves: the side of the source that it leaves by: -1, 1, or 0 for its end.
        enters: the side of the target that it enters by: -1, 1, or 0 for its start.
    """

    kind: str
    gutter: int = -1
    leaves: int = 0
    enters: int = 0


@dataclass(slots=True)
class Lane:
    """A line of one tensor in a gutter: where it begins and ends in half rows, which column it is near, which place."""

    source: int
    start: int
    stop: int
    first: int
    last: int
    place: int = 0
    across: float = 0.0


@dataclass(slots=True)
class Routed:
    """Where everything is: the middle of each box, its size, the points of each edge, the extent of the whole."""

    centres: list[Point]
    sizes: list[Size]
    paths: list[list[Point]]
    along: float = 0.0
    across: float = 0.0


@dataclass(slots=True)
class Room:
    """Space that frames need: before and behind each row, before each column."""

    before: dict[int, float] = field(default_factory=dict)
    behind: dict[int, float] = field(default_factory=dict)
    gutter: float = 0.0


def route(
    cells: Sequence[GridCell], sizes: Sequence[Size], edges: Sequence[tuple[int, int]], room: Room | None = None,
    stretch: dict[int, float] | None = None,
) -> Routed:
    """Return where boxes and edges are.

    Args:
        cells: the place of each box; no two in one.
        sizes: the size of each box.
        edges: source and target, always into a later row.
        room: space for frames.
        stretch: more space before a row.
    """
    return Router(cells, sizes, edges).run(room or Room(), stretch or {})


class Router:
    """Routes one picture."""

    def __init__(self, cells: Sequence[GridCell], sizes: Sequence[Size], edges: Sequence[tuple[int, int]]) -> None:
        self.cells, self.sizes, self.edges = cells, list(sizes), edges
        self.rows = 1 + max((cell.row for cell in cells), default=0)
        self.columns = 1 + max((cell.column for cell in cells), default=0)
        self.boxes = [0] * self.columns
        for cell in cells:
            self.boxes[cell.column] |= 1 << cell.row
        self.passes = [0] * self.columns
        self.owned: dict[tuple[int, int], int] = {}
        self.lanes: dict[tuple[int, int, int], Lane] = {}
        self.ways: list[Way] = []
        self.entries: list[dict[int, list[int]]] = [{-1: [], 0: [], 1: []} for _ in cells]
        self.exits: list[set[int]] = [set() for _ in cells]

    def run(self, room: Room, stretch: dict[int, float]) -> Routed:
        """Return where everything is."""
        self.plan()
        self.widen()
        self.lay_lanes()
        self.set_columns(room)
        self.set_ports()
        self.lay_tracks()
        self.set_rows(room, stretch)
        centres = [Point(self.along[cell.row], self.across[cell.column]) for cell in self.cells]
        return Routed(
            centres, self.sizes, [self.path(n) for n in range(len(self.edges))], self.length, self.breadth
        )  # fmt: skip

    # Which way each edge goes.

    def plan(self) -> None:
        """Choose the way of every edge, the short ones first."""
        ways: list[Way | None] = [None] * len(self.edges)
        spans = [self.cells[target].row - self.cells[source].row for source, target in self.edges]
        for number in sorted(range(len(self.edges)), key=lambda n: (spans[n], n)):
            ways[number] = self.way(*self.edges[number])
        self.ways = [way for way in ways if way is not None]
        for number, (way, (source, target)) in enumerate(zip(self.ways, self.edges, strict=True)):
            self.entries[target][way.enters].append(number)
            self.exits[source].add(way.leaves)

    def free(self, source: int, column: int, first: int, last: int) -> bool:
        """Take the middle of a column from a row to another for a tensor, if it is free."""
        bits = mask(first, last)
        own = self.owned.get((source, column), 0)
        if bits & (self.boxes[column] | (self.passes[column] & ~own)):
            return False
        self.passes[column] |= bits
        self.owned[source, column] = own | bits
        return True

    def way(self, source: int, target: int) -> Way:
        """Return the way of one edge."""
        start, stop = self.cells[source], self.cells[target]
        if start.column == stop.column and self.free(source, start.column, start.row + 1, stop.row - 1):
            return Way("straight")
        if stop.row == start.row + 1:
            return Way("step")
        if start.column != stop.column:
            if self.free(source, start.column, start.row + 1, stop.row):
                return Way("down")
            if self.free(source, stop.column, start.row, stop.row - 1):
                return Way("over")
        return self.lane(source, start, stop)

    def lane(self, source: int, start: GridCell, stop: GridCell) -> Way:
        """Return a way through the gutter beside the target, on the side of the source or where there is less."""
        facing = -1 if start.column < stop.column else 1
        enters = self.emptier(start, stop) if start.column == stop.column else facing
        gutter = stop.column + (enters + 1) // 2
        leaves = 1 if start.column == gutter - 1 else -1 if start.column == gutter else 0
        first = 2 * start.row + 1 if leaves else 2 * start.row + 2
        last = 2 * stop.row + 1
        lane = self.lanes.setdefault((gutter, -enters, source), Lane(source, first, last, start.column, stop.column))
        lane.stop = max(lane.stop, last)
        return Way("lane", gutter, leaves, enters)

    def emptier(self, start: GridCell, stop: GridCell) -> int:
        """Return the side of a column with fewer boxes and lines between two rows: 1 behind it, -1 before."""
        bits = mask(start.row, stop.row)
        column = start.column

        def crowd(beside: int) -> int:
            if not 0 <= beside < self.columns:
                return 0
            return (self.boxes[beside] & bits).bit_count()

        left, right = crowd(column - 1), crowd(column + 1)
        if left == right:
            return 1 if column >= self.columns // 2 else -1
        return 1 if right < left else -1

    # How large boxes, gutters and channels are.

    def widen(self) -> None:
        """Make boxes large enough for the ends of their edges."""
        for box, entries in enumerate(self.entries):
            sides = max(len(self.by_lane(entries[-1])), len(self.by_lane(entries[1])))
            along, across = self.sizes[box]
            if sides > 1:
                along = max(along, sides * PORT + 8)
            if entries[0]:
                straight = any(self.ways[n].kind == "straight" for n in entries[0])
                before = sum(self.cells[self.edges[n][0]].column < self.cells[box].column for n in entries[0])
                ends = 2 * max(before, len(entries[0]) - straight - before) if straight else len(entries[0]) + 1
                across = max(across, ends * PORT + 12)
            self.sizes[box] = Size(along, across)

    def by_lane(self, edges: Sequence[int]) -> list[int]:
        """Return the edges that enter a side, in the order of their ends, one for each source."""
        return list({self.edges[number][0]: number for number in edges}.values())

    def lay_lanes(self) -> None:
        """Give each lane its place in its gutter, the short ones nearest to their boxes."""
        self.counts: dict[tuple[int, int], int] = {}
        groups: dict[tuple[int, int], list[Lane]] = {}
        for (gutter, near, _), lane in self.lanes.items():
            groups.setdefault((gutter, near), []).append(lane)
        for key, lanes in groups.items():
            places: list[list[Lane]] = []
            for lane in sorted(lanes, key=lambda it: (it.stop - it.start, it.start, it.source)):
                for number, others in enumerate(places):
                    if not any(overlap(lane, other) for other in others):
                        lane.place = number
                        others.append(lane)
                        break
                else:
                    lane.place = len(places)
                    places.append([lane])
            self.counts[key] = len(places)

    def set_columns(self, room: Room) -> None:
        """Set where the middle of each column is, and each lane."""
        widths = [0.0] * self.columns
        for cell, size in zip(self.cells, self.sizes, strict=True):
            widths[cell.column] = max(widths[cell.column], size.across)
        at = MARGIN
        edges = []
        for gutter in range(self.columns + 1):
            left, right = self.counts.get((gutter, -1), 0), self.counts.get((gutter, 1), 0)
            inner = 0 < gutter < self.columns
            need = (left + right + (1 if left and right else 0)) * PITCH + (10.0 if left or right else 0.0)
            width = max(need + 18, GUTTER) if inner else need
            width += room.gutter
            edges.append((at, at + width))
            at += width + (widths[gutter] if gutter < self.columns else 0.0)
        self.breadth = at + MARGIN
        self.across = [edges[c][1] + widths[c] / 2 for c in range(self.columns)]
        for (gutter, near, _), lane in self.lanes.items():
            low, high = edges[gutter]
            lane.across = high - 4 - PITCH * (lane.place + 1) if near == 1 else low + 4 + PITCH * (lane.place + 1)

    def set_ports(self) -> None:
        """Set where edges enter the start of a box: from the left, straight, from the right."""
        self.ports: dict[int, float] = {}
        for box, entries in enumerate(self.entries):
            if not entries[0]:
                continue
            middle = self.across[self.cells[box].column]
            straight = [n for n in entries[0] if self.ways[n].kind == "straight"]
            others = [n for n in entries[0] if self.ways[n].kind != "straight"]
            others.sort(key=lambda n: (self.comes_from(n), n))
            left = [n for n in others if self.comes_from(n) < middle]
            right = [n for n in others if self.comes_from(n) >= middle]
            if straight:
                self.ports[straight[0]] = middle
                for place, number in enumerate(reversed(left)):
                    self.ports[number] = middle - PORT * (place + 1)
                for place, number in enumerate(right):
                    self.ports[number] = middle + PORT * (place + 1)
            else:
                shift = self.shift(box, left, right)
                start = middle - PORT * (len(others) - 1) / 2 + shift
                for place, number in enumerate(others):
                    self.ports[number] = start + PORT * place

    def shift(self, box: int, left: Sequence[int], right: Sequence[int]) -> float:
        """Return how far ends move aside where the line of another tensor comes down just above the box."""
        cell = self.cells[box]
        above = 1 << (cell.row - 1) if cell.row else 0
        if not (self.boxes[cell.column] | self.passes[cell.column]) & above:
            return 0.0
        count = len(left) + len(right)
        return (PORT / 2 if count % 2 == 0 else PORT) * (1 if len(right) >= len(left) else -1)

    def comes_from(self, number: int) -> float:
        """Return from where across an edge comes into the channel before its target."""
        source, target = self.edges[number]
        if self.ways[number].kind == "over":
            return self.across[self.cells[target].column]
        return self.across[self.cells[source].column]

    def lay_tracks(self) -> None:
        """Give each line in a channel its track: the short ones first, one line for all ways of a tensor."""
        lines: list[dict[tuple[int, int], list[float]]] = [{} for _ in range(self.rows + 1)]
        for number, ((source, target), way) in enumerate(zip(self.edges, self.ways, strict=True)):
            start = self.across[self.cells[source].column]
            row = self.cells[source].row + 1
            if way.kind in {"step", "over"}:
                lines[row].setdefault((0, source), [start]).append(self.ports[number])
            elif way.kind == "down":
                lines[self.cells[target].row].setdefault((1, number), [start]).append(self.ports[number])
            elif way.kind == "lane" and not way.leaves:
                lane = self.lanes[way.gutter, -way.enters, source]
                lines[row].setdefault((0, source), [start]).append(lane.across)
        self.tracks: list[dict[tuple[int, int], int]] = []
        self.heights: list[int] = []
        for channel in lines:
            extents = {key: (min(ends), max(ends)) for key, ends in channel.items()}
            order = sorted(extents, key=lambda key: (extents[key][1] - extents[key][0], key))
            placed: list[list[tuple[float, float]]] = []
            tracks: dict[tuple[int, int], int] = {}
            for key in order:
                low, high = extents[key]
                if high - low < 0.5:
                    tracks[key] = 0
                    continue
                track = len(placed)
                while track and all(high + 6 < a or b + 6 < low for a, b in placed[track - 1]):
                    track -= 1
                if track == len(placed):
                    placed.append([])
                placed[track].append((low, high))
                tracks[key] = track
            self.tracks.append(tracks)
            self.heights.append(len(placed))

    def set_rows(self, room: Room, stretch: dict[int, float]) -> None:
        """Set where the middle of each row is, and the first track of each channel."""
        thick = [0.0] * self.rows
        for cell, size in zip(self.cells, self.sizes, strict=True):
            thick[cell.row] = max(thick[cell.row], size.along)
        self.along, self.first_track, self.tops, self.bottoms = [], [], [], []
        at = MARGIN
        for channel in range(self.rows + 1):
            lines = self.heights[channel] if channel < len(self.heights) else 0
            inner = 0 < channel < self.rows
            at += room.behind.get(channel - 1, 0.0)
            self.first_track.append(at + STUB)
            if inner:
                at += STUB + max(0, lines - 1) * PITCH + ARROW
            at += room.before.get(channel, 0.0) + stretch.get(channel, 0.0)
            if channel < self.rows:
                self.along.append(at + thick[channel] / 2)
                self.tops.append(at - room.before.get(channel, 0.0))
                at += thick[channel]
                self.bottoms.append(at + room.behind.get(channel, 0.0))
        self.length = at + MARGIN

    def track(self, channel: int, key: tuple[int, int]) -> float:
        """Return where along a line in a channel is."""
        return self.first_track[channel] + PITCH * self.tracks[channel][key]

    def side(self, box: int, which: int, edge: int | None) -> Point:
        """Return where an edge enters a side of a box, or where what leaves by it does (`edge` None)."""
        cell, size = self.cells[box], self.sizes[box]
        middle = self.along[cell.row]
        across = self.across[cell.column] + which * size.across / 2
        entering = self.by_lane(self.entries[box][which])
        leaving = which in self.exits[box]
        if edge is None:
            return Point(middle + size.along * (0.25 if which > 0 else 0.36), across)
        entering.sort(key=lambda n: self.lanes[self.ways[n].gutter, -which, self.edges[n][0]].place)
        sources = [self.edges[n][0] for n in entering]
        place = sources.index(self.edges[edge][0])
        room = size.along * (0.62 if leaving else 1.0)
        return Point(middle - size.along / 2 + room * (place + 1) / (len(sources) + 1), across)

    def path(self, number: int) -> list[Point]:
        """Return the points of one edge."""
        source, target = self.edges[number]
        way = self.ways[number]
        start, stop = self.cells[source], self.cells[target]
        middle = self.across[start.column]
        leaves = Point(self.along[start.row] + self.sizes[source].along / 2, middle)
        if way.kind == "lane":
            lane = self.lanes[way.gutter, -way.enters, source]
            end = self.side(target, way.enters, number)
            if way.leaves:
                begin = self.side(source, way.leaves, None)
                head = [begin, Point(begin.along, lane.across)]
            else:
                turn = self.track(start.row + 1, (0, source))
                head = [leaves, Point(turn, middle), Point(turn, lane.across)]
            return clean([*head, Point(end.along, lane.across), end])
        port = self.ports[number]
        end = Point(self.along[stop.row] - self.sizes[target].along / 2, port)
        if way.kind == "straight":
            return [leaves, end]
        down = way.kind == "down"
        turn = self.track(stop.row if down else start.row + 1, (1, number) if down else (0, source))
        return clean([leaves, Point(turn, middle), Point(turn, port), end])


def overlap(one: Lane, other: Lane) -> bool:
    """Return whether two lanes would run into each other: they may touch at a box that both have."""
    if one.stop < other.start or other.stop < one.start:
        return False
    before, behind = (one, other) if one.start <= other.start else (other, one)
    return not (before.stop == behind.start and before.last == behind.first)


def clean(points: list[Point]) -> list[Point]:
    """Return points without those that do not turn."""
    kept = points[:1]
    for number in range(1, len(points) - 1):
        before, here, behind = kept[-1], points[number], points[number + 1]
        if before == here or (before.along == here.along == behind.along) or (
            before.across == here.across == behind.across
        ):  # fmt: skip
            continue
        kept.append(here)
    return [*kept, points[-1]]
