"""A mapping as a value that can be compared and hashed."""

from __future__ import annotations

from typing import Any


class Keyed(tuple[tuple[str, Any], ...]):
    """Keys and values in the order in which they were given."""

    __slots__ = ()
