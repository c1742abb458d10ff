"""What was meant by a path, or by a glob, that is no layer's."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from cnncalc.values.diagnostics import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

WILD = re.compile(r"[*?\[]")


def path_hint(pattern: str, paths: Sequence[str], otherwise: str | None = None) -> str | None:
    """Return the hint for a path or glob that is none: the nearest path, or a scope that it may have meant.

    Args:
        pattern: what matches nothing.
        paths: those there are.
        otherwise: what is said where nothing is near; by default the first of them.
    """
    if WILD.search(pattern):
        return _of_glob(pattern, paths, otherwise)
    if any(path.startswith(f"{pattern}.") for path in paths):
        return f"'{pattern}' is a block; its layers are '{pattern}.*'"
    before, _, last = pattern.rpartition(".")
    numbers = sorted(int(name) for name in _under(before, paths) if name.isdecimal())
    if before and last.isdecimal() and numbers:
        return f"'{before}' has {numbers[0]}..{numbers[-1]}"
    scopes = dict.fromkeys(path.partition(".")[0] for path in paths)
    first = f"the layers are {', '.join(paths[:3])}, ..." if paths else None
    return did_you_mean(pattern, [*paths, *scopes], otherwise or first)


def _of_glob(pattern: str, paths: Sequence[str], otherwise: str | None) -> str | None:
    """Return the hint for a glob: itself with one more `*`, else what stands where it first matches nothing."""
    for wider in (f"{pattern}*", f"*{pattern}", f"*{pattern}*"):
        if any(fnmatchcase(path, wider) for path in paths):
            return f"did you mean '{wider}'?"
    parts = pattern.split(".")
    fixed = next(number for number, part in enumerate(parts) if WILD.search(part))
    for depth in range(fixed, 0, -1):
        scope = ".".join(parts[:depth])
        if under := _under(scope, paths):
            return f"in '{scope}' are {listed(under)}"
    return otherwise or (f"at the top are {listed(_under('', paths))}" if paths else None)


def _under(scope: str, paths: Sequence[str]) -> list[str]:
    """Return the names in a scope, in order; of the network itself where the scope has no name."""
    start = f"{scope}." if scope else ""
    return list(dict.fromkeys(path[len(start):].partition(".")[0] for path in paths if path.startswith(start)))


def asked_path(path: object) -> None:
    """Refuse what is asked of a report in the place of a path.

    Raises:
        TypeError: it is no text.
    """
    if not isinstance(path, str):
        raise TypeError(f"a layer is named by its path, got {path!r}; report.layers has them in order")
