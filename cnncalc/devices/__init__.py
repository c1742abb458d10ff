"""Devices by name: peak rates and memories, each number with its source; a file of one's own merges over the table.

The table is TOML: `[sources.NAME]` with `title`, `url` and the date it was `read`; `[devices.NAME]` with `title`,
`kind`, `peak.TYPE`, `clock`, `bandwidth`, `memory`, `sram`, `flash`, `cache`, `channels` and `alignment`, each number
plain, with a unit prefix (`"19.5T"`, `"320Ki"`), or as `{value = .., source = NAME}`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.values.diagnostics import listed, suggest
from cnncalc.values.dtypes import DTYPES

if TYPE_CHECKING:
    from os import PathLike

    from cnncalc.results.runtime import RuntimeMemory

TABLE = Path(__file__).with_name("devices.toml")
MAPPED = Path(__file__).with_name("operators.toml")
PREFIXES = {
    "": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30,
}  # fmt: skip
NUMBERS = ("clock", "bandwidth", "memory", "sram", "flash", "cache", "channels", "alignment")


class DeviceError(ValueError):
    """A table of devices is wrong, or a device is not in it; the message says what and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a number is from.

    Attributes:
        title: the document and the place in it.
        url: where it was read.
        read: when, as YYYY-MM-DD; "" where a user's file does not say.
    """

    title: str
    url: str = ""
    read: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return the source as JSON has it."""
        return {"title": self.title, "url": self.url, "read": self.read}


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What a datasheet promises of a device.

    Attributes:
        name: what `--device` takes.
        title: its maker's name for it.
        kind: gpu, edge, microcontroller, or a word of one's own.
        peak: operations per second by type of element, dense, a multiply-accumulate counted as two.
        bandwidth: bytes per second of its memory; None if unknown, then only work bounds its speed.
        memory: bytes for weights and activations together; None if unknown or kept apart.
        sram: bytes for activations; None if not kept apart.
        flash: bytes for weights; None if not kept apart.
        clock: cycles per second; None if unknown.
        cache: bytes of parameters that stay on the chip from one inference to the next; the rest is streamed.
        channels: maps are padded to a multiple of so many channels; None where they are not.
        alignment: bytes that tensors start at multiples of; None where it is the runtime's alone.
        operators: the list of operators that a compiler maps to it; "" where any program runs.
        sources: where each number is from, as (`peak.fp16`, source).
    """

    name: str
    title: str
    kind: str
    peak: tuple[tuple[str, int], ...]
    bandwidth: int | None = None
    memory: int | None = None
    sram: int | None = None
    flash: int | None = None
    clock: int | None = None
    cache: int | None = None
    channels: int | None = None
    alignment: int | None = None
    operators: str = ""
    sources: tuple[tuple[str, Source], ...] = ()

    def rate(self, dtype: str) -> tuple[str, int]:
        """Return the type that an element computes as, and the operations per second in it.

        A type that the device has no rate for computes as the narrowest that it has of those at least as wide. Without
        one, the fastest of its rates bounds it: what runs in software runs no faster.

        Raises:
            DeviceError: no rate of it is known.
        """
        if not self.peak:
            raise DeviceError(f"no peak rate of {self.name} is known, so no bound on its speed; its memories are")
        rates = dict(self.peak)
        order = list(DTYPES)
        for name in reversed(order[: order.index(dtype) + 1]):
            if name in rates:
                return name, rates[name]
        return max(self.peak, key=lambda entry: entry[1])

    def fits(self, memory: RuntimeMemory) -> bool | None:
        """Return whether a runtime's arena, tail and weights fit; None where a size of the device is not known."""
        if memory.sram is None:
            return None
        if self.memory is not None and self.sram is None:
            return memory.sram + memory.flash <= self.memory
        pairs = [(memory.sram, self.sram), (memory.flash, self.flash)]
        if any(have is not None and need > have for need, have in pairs):
            return False
        return None if any(have is None for _, have in pairs) else True

    def to_dict(self) -> dict[str, Any]:
        """Return the device as JSON has it."""
        numbers = {name: getattr(self, name) for name in NUMBERS}
        sources = {what: source.to_dict() for what, source in self.sources}
        return {
            "name": self.name, "title": self.title, "kind": self.kind, "peak": dict(self.peak), **numbers,
            **({"operators": self.operators} if self.operators else {}), "sources": sources,
        }  # fmt: skip


def load(file: str | PathLike[str] | None = None) -> dict[str, Device]:
    """Return the devices by name, those of a user's file merged over the built-in ones, number by number.

    Raises:
        DeviceError: the file cannot be read or is no table of devices.
    """
    table = _read(TABLE)
    if file is not None:
        own = _read(Path(file))
        for section, entries in own.items():
            if section not in {"sources", "devices"}:
                raise DeviceError(f"{file}: there is no section '{section}'; use [devices.NAME] and [sources.NAME]")
            if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
                raise DeviceError(f"{file}: '{section}' must be tables, as in [{section}.NAME]")
            for name, entry in entries.items():
                table[section][name] = _merged(table[section].get(name, {}), entry)
    sources = {name: _source(name, entry) for name, entry in table["sources"].items()}
    default = Source(title=str(file)) if file is not None else Source(title="")
    return {name: _device(name, entry, sources, default) for name, entry in table["devices"].items()}


def find(name: str, file: str | PathLike[str] | None = None) -> Device:
    """Return a device by name.

    Raises:
        DeviceError: there is none, with the nearest name; or the file is wrong.
    """
    known = load(file)
    if name in known:
        return known[name]
    near = suggest(name, known)
    hint = f"; did you mean '{near}'?" if near else f"; choose one of {listed(known)}"
    raise DeviceError(f"there is no device '{name}'{hint}")


class Mapped(NamedTuple):
    """The operators that a compiler maps to an accelerator, and the compiler's version."""

    operators: frozenset[str]
    version: str


def mapped(device: Device) -> Mapped | None:
    """Return what a compiler maps to a device; None where any program runs on it."""
    if not device.operators:
        return None
    table = _operators()
    return Mapped(frozenset(table[device.operators]["mapped"]), table["source"]["version"])


@cache
def _operators() -> dict[str, Any]:
    return tomllib.loads(MAPPED.read_text(encoding="utf-8"))


def quantity(value: object) -> int:
    """Return a whole number of a plain number or one with a unit prefix: `"19.5T"`, `"320Ki"`.

    Raises:
        ValueError: it is neither, not positive, or not whole.
    """
    if isinstance(value, str):
        match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(k|M|G|T|P|Ki|Mi|Gi)?", value.strip())
        number = Fraction(match[1]) * PREFIXES[match[2] or ""] if match else Fraction(0)
    elif isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf"):
        number = Fraction(value)
    else:
        number = Fraction(0)
    if number <= 0 or number.denominator != 1:
        raise ValueError(f"{value!r} is not a positive whole number, as 320000, '19.5T' or '320Ki'")
    return number.numerator


@cache
def _built_in() -> str:
    return TABLE.read_text(encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_built_in() if path == TABLE else path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DeviceError(f"cannot read '{path}': {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeviceError(f"{path}: {error}") from None


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in own.items():
        old = both.get(key)
        both[key] = {**old, **value} if key == "peak" and isinstance(old, dict) and isinstance(value, dict) else value
    return both


def _source(name: str, entry: dict[str, Any]) -> Source:
    unknown = set(entry) - {field.name for field in fields(Source)}
    if unknown or not isinstance(entry.get("title"), str):
        raise DeviceError(f"source '{name}' has title, url and read, got {', '.join(entry) or 'nothing'}")
    read = entry.get("read", "")
    return Source(title=entry["title"], url=str(entry.get("url", "")),
                  read=read.isoformat() if isinstance(read, date) else str(read))  # fmt: skip


def _device(name: str, entry: dict[str, Any], sources: dict[str, Source], default: Source) -> Device:
    unknown = set(entry) - {"title", "kind", "peak", "operators", *NUMBERS}
    if unknown:
        raise DeviceError(f"device '{name}' has no '{min(unknown)}'; it has title, kind, peak, operators, "
                          f"{', '.join(NUMBERS)}")  # fmt: skip
    peak = entry.get("peak", {})
    if not isinstance(peak, dict) or not (peak or set(entry) & set(NUMBERS)):
        raise DeviceError(f"device '{name}' needs a peak, as peak.fp32 = \"10T\", or a size, as sram = \"320Ki\"")
    for key in ("title", "kind", "operators"):
        if not isinstance(entry.get(key, ""), str):
            raise DeviceError(f"device '{name}': {key} must be text, got {entry[key]!r}")
    lists = [known for known in _operators() if known != "source"]
    if entry.get("operators") and entry["operators"] not in lists:
        raise DeviceError(f"device '{name}': no list of operators '{entry['operators']}'; there are {', '.join(lists)}")
    for dtype in peak:
        if dtype not in DTYPES:
            raise DeviceError(f"device '{name}' has a peak for '{dtype}'; the types are {', '.join(DTYPES)}")
    quoted: list[tuple[str, Source]] = []

    def number(what: str, written: Any) -> int:
        value, source = written, default
        if isinstance(written, dict):
            if not set(written) <= {"value", "source"} or "value" not in written:
                raise DeviceError(f"device '{name}': {what} is a number or {{value = .., source = ..}}")
            value = written["value"]
            if "source" in written:
                if written["source"] not in sources:
                    raise DeviceError(f"device '{name}': {what} names a source '{written['source']}' that is not there")
                source = sources[written["source"]]
        quoted.append((what, source))
        try:
            return quantity(value)
        except ValueError as error:
            raise DeviceError(f"device '{name}': {what}: {error}") from None

    rates = tuple((dtype, number(f"peak.{dtype}", peak[dtype])) for dtype in DTYPES if dtype in peak)
    numbers = {what: number(what, entry[what]) for what in NUMBERS if what in entry}
    return Device(
        name=name, title=str(entry.get("title", name)), kind=str(entry.get("kind", "other")), peak=rates,
        operators=entry.get("operators", ""), sources=tuple(quoted), **numbers,
    )  # fmt: skip
