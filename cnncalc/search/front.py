"""The designs that no other beats: smaller, or larger where that is better, in every one of some columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.values.diagnostics import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Point = tuple[Any, ...]


class Goal(NamedTuple):
    """A column, and by what it is multiplied so that less is better."""

    name: str
    sign: int


class Front:
    """Points that no other beats, each with what belongs to it; equal points stay side by side."""

    def __init__(self) -> None:
        self.best: list[tuple[Point, Any]] = []

    def add(self, points: Iterable[tuple[Point, Any]]) -> None:
        """Take further points; those with None in them are left out."""
        fresh = [entry for entry in points if None not in entry[0]]
        fresh.sort(key=_point)
        merged = sorted([*self.best, *_unbeaten(fresh)], key=_point)  # stable: earlier ones first
        self.best = _unbeaten(merged)

    def add_one(self, point: Point, entry: Any) -> None:
        """Take one further point."""
        if None in point or any(_beats(other, point) for other, _ in self.best):
            return
        self.best = [known for known in self.best if not _beats(point, known[0])]
        self.best.append((point, entry))
        self.best.sort(key=_point)


def _point(entry: tuple[Point, Any]) -> Point:
    return entry[0]


def _unbeaten(ordered: Sequence[tuple[Point, Any]]) -> list[tuple[Point, Any]]:
    """Return the points in rising order that none before beats; behind a point none can beat it."""
    kept: list[tuple[Point, Any]] = []
    two = bool(ordered) and len(ordered[0][0]) == 2
    for entry in ordered:
        point = entry[0]
        if two:  # the last one kept has the least second number so far
            if kept and not (point[1] < kept[-1][0][1] or point == kept[-1][0]):
                continue
        elif any(_beats(other, point) for other, _ in kept):
            continue
        kept.append(entry)
    return kept


def _beats(other: Point, point: Point) -> bool:
    return other != point and all(a <= b for a, b in zip(other, point, strict=True))


def goal_of(text: str, names: Sequence[str]) -> Goal:
    """Return a goal from `macs` (less is better) or `+params` (more is).

    Raises:
        ValueError: there is no such column.
    """
    name = text.strip().lstrip("+-")
    if name not in names:
        hint = did_you_mean(name, names) or f"there is {', '.join(names)}"
        raise ValueError(f"there is no column '{name}'; {hint}")
    return Goal(name, -1 if text.strip().startswith("+") else 1)
