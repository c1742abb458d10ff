"""The input sizes of a network as text and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.search.sizes import AxisSizes, InputSizes


def to_json(found: InputSizes) -> str:
    """Return everything as JSON."""
    return json.dumps(found.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)


def remainders(axis: AxisSizes, which: tuple[int, ...] | None) -> str:
    """Return a set of remainders in words: `any`, `multiples of 32`, `multiples of 16, plus 12`, `none`."""
    if which is None:
        return f"multiples of {axis.step:,}, plus {axis.smallest % axis.step}"
    if not which:
        return "none"
    step = axis.step
    period = next(p for p in range(1, step + 1) if step % p == 0 and _repeats(which, p, step))
    few = [r for r in which if r < period]
    if period == 1:
        return "any"
    if few == [0]:
        return f"multiples of {period}"
    if len(few) > 8:
        return f"{len(few)} of {period} remainders by {period}"
    return f"multiples of {period}, plus {_runs(few)}"


def _repeats(which: tuple[int, ...], period: int, step: int) -> bool:
    known = set(which)
    return all((r + period) % step in known for r in which)


def _runs(numbers: list[int]) -> str:
    """Return ascending numbers with runs shortened: `0, 17..31`."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}..{run[-1]}" for run in runs)


def to_text(found: InputSizes) -> str:
    """Return a block of lines for each axis; axes with the same answer share one."""
    extents = "x".join(str(axis.around) for axis in found.axes)
    channels = f"{found.channels} channel{'s' * (found.channels != 1)}"
    lines = [f"{found.name}: input {found.input}, {channels}, around {extents}"]
    said: dict[tuple[object, ...], list[str]] = {}
    for axis in found.axes:
        key = tuple(getattr(axis, name) for name in type(axis).__slots__ if name != "axis")
        said.setdefault(key, []).append(axis.axis)
    for axis in found.axes:
        names = next(names for names in said.values() if axis.axis in names)
        if names[0] == axis.axis:
            lines += ["", " and ".join(names), *(f"  {word:<16}{text}" for word, text in _rows(axis))]
    return "\n".join(lines)


def _rows(axis: AxisSizes) -> list[tuple[str, str]]:
    power = f" = 2^{axis.exponent}, so r = k*2^{axis.exponent}" if axis.exponent else ""
    rows = [
        ("step", f"{axis.step:,}{power}"),
        ("smallest", f"{axis.smallest:,}"),
        ("works", remainders(axis, axis.remainders) + f", from {axis.smallest:,}" * (axis.remainders != ())),
        ("no border lost", remainders(axis, axis.whole)),
        (f"{axis.around:,}", _verdict(axis)),
    ]
    return rows if axis.whole is not None else [row for row in rows if row[0] != "no border lost"]


def _verdict(axis: AxisSizes) -> str:
    near = _either(axis.below, axis.above)
    if not axis.works:
        return f"does not work; {near} does" if near else "does not work"
    whole = _either(axis.below_whole, axis.above_whole)
    if axis.around in {axis.below_whole, axis.above_whole}:
        return "works, and no window leaves a border unread"
    lost = f", but a strided window leaves a border unread; with {whole} none does" if whole else ""
    return f"works{lost or '; every near size leaves a border unread'}"


def _either(below: int | None, above: int | None) -> str:
    return " or ".join(f"{n:,}" for n in (below, above) if n is not None)
