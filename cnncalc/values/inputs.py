"""The sizes of a network's inputs as callers give them: one for the only input, or one by each name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias

Input: TypeAlias = str | Sequence[int] | Mapping[str, str | Sequence[int]]


def input_shapes(given: Input | None) -> dict[str, tuple[int, ...]] | None:
    """Return the shapes of `input=` by input name; a single shape without a name stands under the empty name.

    Raises:
        ValueError: it is no shape.
    """
    if given is None:
        return None
    if isinstance(given, Mapping):
        return {str(name): _shape(shape) for name, shape in given.items()}
    return {"": _shape(given)}


def _shape(given: Any) -> tuple[int, ...]:
    if isinstance(given, str):
        if not re.fullmatch(r"[0-9]{1,18}([x,][0-9]{1,18})*", given.strip()):
            raise ValueError(f"an input shape is written like 3x224x224, got '{given}'")
        return tuple(int(part) for part in re.split("[x,]", given.strip()))
    ordered = isinstance(given, Iterable) and not isinstance(given, bytes | bytearray | AbstractSet)
    shape = tuple(given) if ordered else ()
    if not shape or any(isinstance(n, bool) or not isinstance(n, int) for n in shape):
        raise ValueError(f"an input shape is a list of whole numbers, got {given!r}")
    return shape
