"""What each network of the zoo comes to, stored, so that a list of them needs no analysis.

The file is written by `python tools/renew.py totals`. What it says of a spec holds for the very text that it was
written for: a spec that was changed since has nothing stored, and is analysed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from fractions import Fraction
    from pathlib import Path

    from cnncalc.results.report import Report
    from cnncalc.zoo import ZooEntry

FILE = "totals.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTotals:
    """What one network comes to, for one image at its own input.

    Attributes:
        name: the network.
        variant: the variant of its file that it is, None for the file's own.
        source: the citation.
        input: the shape of each input, without the batch.
        convention: the counting rule of `flops`.
        receptive_field: of the last map, along each axis.
        numbers: what can be limited, by the name of the metric; a share as `part/whole`.
    """

    name: str
    variant: str | None
    source: str | None
    input: tuple[tuple[str, tuple[int, ...]], ...]
    convention: str
    receptive_field: tuple[int | None, ...]
    numbers: Mapping[str, int | str]

    def number(self, metric: str) -> int | Fraction:
        """Return one of the numbers."""
        value = self.numbers[metric]
        if isinstance(value, int):
            return value
        from fractions import Fraction

        return Fraction(value)


def totals_of(report: Report, numbers: Mapping[str, int | Fraction]) -> NetworkTotals:
    """Return what an analysed network comes to, with its metrics."""
    return NetworkTotals(
        name=report.name,
        variant=report.variant,
        source=report.source,
        input=tuple((name, tuple(shape)) for name, shape in report.input),
        convention=report.convention,
        receptive_field=tuple(report.summary.receptive_field),
        numbers={
            name: value if isinstance(value, int) else f"{value.numerator}/{value.denominator}"
            for name, value in numbers.items()
        },
    )


def stored(entry: ZooEntry) -> NetworkTotals | None:
    """Return what is stored of a network; None where there is nothing of the spec as it is now."""
    known = _read(entry.file.with_name(FILE))
    of_file = known["files"].get(entry.file.name)
    if of_file is None or entry.name not in of_file["networks"] or of_file["sha256"] != _digest(entry.file):
        return None
    network = of_file["networks"][entry.name]
    return NetworkTotals(
        name=entry.name,
        variant=entry.variant,
        source=of_file["source"],
        input=tuple((name, tuple(shape)) for name, shape in network["input"].items()),
        convention=known["convention"],
        receptive_field=tuple(network["receptive_field"]),
        numbers=dict(zip(known["metrics"], network["numbers"], strict=True)),
    )


@cache
def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {"files": {}}
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _digest(file: Path) -> str:
    """Return the digest of a spec's text, whatever its ends of lines."""
    return sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def as_text(networks: Iterable[tuple[ZooEntry, NetworkTotals]]) -> str:
    """Return the file for these networks, a line for each."""
    files: dict[Path, list[tuple[ZooEntry, NetworkTotals]]] = {}
    for entry, network in networks:
        files.setdefault(entry.file, []).append((entry, network))
    first = next(iter(files.values()))[0][1]
    heads = {"convention": first.convention, "metrics": list(first.numbers)}
    lines = [f'{{{_line(heads)[1:-1]}, "files": {{']
    for place, (file, members) in enumerate(files.items()):
        head = _line({"sha256": _digest(file), "source": members[0][1].source})[1:-1]
        lines += [f'{_line(file.name)}: {{{head}, "networks": {{']
        rows = [
            f"{_line(entry.name)}: "
            + _line({
                "input": dict(network.input),
                "receptive_field": network.receptive_field,
                "numbers": list(network.numbers.values()),
            })
            for entry, network in members
        ]  # fmt: skip
        lines += [f"{row}," for row in rows[:-1]]
        lines += [rows[-1] + "}}" + "," * (place < len(files) - 1)]
    return "\n".join([*lines, "}}"]) + "\n"


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
