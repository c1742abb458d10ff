"""Which of several networks no other beats."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T", int, float)


def front(points: Sequence[Sequence[T | None]]) -> list[bool]:
    """Return for each point whether no other is as small in every number and smaller in one; never with an unknown."""
    return [
        None not in point and not any(_beats(other, point) for other in points if None not in other) for point in points
    ]


def _beats(other: Sequence[T | None], point: Sequence[T | None]) -> bool:
    pairs = [(a, b) for a, b in zip(other, point, strict=True) if a is not None and b is not None]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)
