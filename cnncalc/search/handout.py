"""Hands the designs of a sweep out to an executor's workers: parts that come back in order, each once."""

from __future__ import annotations

import pickle
from collections import deque
from functools import lru_cache
from itertools import count as counting
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncalc.language.document import Spec
from cnncalc.search.space import OpenedSpecs
from cnncalc.source import Text, open_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from cnncalc.search.sweep import Batch, Sweep

PART, SLOW_PART = 65_536, 64
"""Designs that a worker computes at a time, and those for which each is run by itself."""
AHEAD = 16
"""Parts that are with the workers at the same time."""


def portable(source: Any) -> Any:
    """Return a source that another process can open: a name with its whole path, a spec that was read as its text."""
    if isinstance(source, Spec) and type(source) is Spec:
        return Text(source.to_yaml(), source.file or "network")
    if isinstance(source, str | PathLike):
        path = Path(source)
        return str(path.absolute()) if path.exists() else str(source)
    return source


def packed(sweep: Sweep) -> bytes:
    """Return a sweep for another process.

    Raises:
        ValueError: a spec cannot go there.
    """
    try:
        return pickle.dumps((
            type(sweep), {name: portable(source) for name, source in sweep.specs.sources.items()},
            {axis.name: axis.choices for axis in sweep.axes if axis.kind != "spec"}, sweep.given,
        ))  # fmt: skip
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise ValueError(f"a spec cannot be handed out, {error}: give it as a file") from error


@lru_cache(maxsize=4)
def unpacked(data: bytes) -> Sweep:
    """Return a packed sweep, the same one for the same data: what it has recorded serves all its parts."""
    make, sources, vary, given = pickle.loads(data)  # noqa: S301 - made by `packed`
    specs = OpenedSpecs({name: open_source(source)[0] for name, source in sources.items()}, sources)
    sweep: Sweep = make(specs, vary, **given)
    return sweep


def computed_part(data: bytes, first: int, count: int) -> list[Batch]:
    """Return a part of a sweep: what a worker does."""
    return list(unpacked(data).kept(first, count))


def handed_out(sweep: Sweep, executor: Executor, first: int = 0) -> Iterator[Batch]:
    """Yield the designs of a sweep as workers compute them, in order.

    A part whose worker is lost, or that comes back with any other error, is computed here; an error of its own it has
    here too.
    """
    data = packed(sweep)
    size = SLOW_PART if sweep.slow else PART
    starts = (start for start in counting(first, size))
    waiting: deque[tuple[int, Any]] = deque()
    last = len(sweep)
    try:
        while True:
            while len(waiting) < AHEAD and (start := next(starts)) < last:
                part = min(size, last - start)
                try:
                    waiting.append((start, executor.submit(computed_part, data, start, part)))
                except RuntimeError:  # the pool is broken or shut: what is left is computed here
                    waiting.append((start, None))
            if not waiting:
                return
            start, future = waiting.popleft()
            part = min(size, last - start)
            try:
                found = sweep.kept(start, part) if future is None else future.result()
            except Exception:  # noqa: BLE001 - of any kind of executor, each with errors of its own for a lost worker
                found = sweep.kept(start, part)
            yield from found
    finally:
        for _, future in waiting:
            if future is not None:
                future.cancel()
