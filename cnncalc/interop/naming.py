"""Names that are not taken yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableSet


def unique(name: str, taken: MutableSet[str]) -> str:
    """Return a name that is not taken, with a number behind it where it would be, and take it."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found)
    return found
