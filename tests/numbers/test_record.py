"""Frozen values without generated code behave as frozen dataclasses do."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import pytest

from cnncalc.values.record import record


@record
class Point:
    x: int
    y: int = 2
    kind: ClassVar[str] = "point"


@record
class Named(Point):
    name: str = "n"


@dataclasses.dataclass(frozen=True)
class Model:
    x: int
    y: int = 2


def test_a_record_is_what_a_frozen_dataclass_is() -> None:
    for values, named in (((1,), {}), ((1, 3), {}), ((), {"x": 4}), ((5,), {"y": 6})):
        ours, theirs = Point(*values, **named), Model(*values, **named)
        assert (ours.x, ours.y) == (theirs.x, theirs.y)
        assert repr(ours).partition("(")[2] == repr(theirs).partition("(")[2]
    assert Point(1) == Point(1, 2)
    assert Point(1) != Point(2)
    assert len({Point(1), Point(1, 2), Point(2)}) == 2
    assert Point(1) != Named(1)
    assert Named(1, 2, "m").name == "m"
    assert repr(Named(1)) == "Named(x=1, y=2, name='n')"


def test_a_record_refuses_what_a_frozen_dataclass_refuses() -> None:
    with pytest.raises(AttributeError, match="cannot be changed: x"):
        Point(1).x = 3  # type: ignore[misc]
    for values, named in (((), {}), ((1, 2, 3), {}), ((1,), {"z": 1}), ((1,), {"x": 1})):
        with pytest.raises(TypeError, match="fields x, y"):
            Point(*values, **named)
