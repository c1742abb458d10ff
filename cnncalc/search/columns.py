"""What a design can be asked for: numbers that recordings give, and slow ones, for which each design is run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cnncalc.search.network import FIELD, TOTALS
from cnncalc.values.diagnostics import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.study import Study

RUNTIME, DEVICE_SPEED = "runtime", "device"


def _peak_bytes(study: Study, _device: str | None) -> int:
    return study.report.summary.peak_activation.bytes


def _planned(name: str) -> Callable[[Study, str | None], Any]:
    return lambda study, _device: getattr(study.report.memory, name)


def _seconds(study: Study, device: str | None) -> float:
    assert device is not None  # noqa: S101 - `check_named` asks for it
    return study.report.roofline(device).seconds


def _field(study: Study) -> int | None:
    sizes = study.report.summary.receptive_field
    known = [size for size in sizes if size is not None]
    return min(known) if known and len(known) == len(sizes) else None


SLOW: dict[str, tuple[Callable[[Study, str | None], Any], str]] = {
    "peak_activation_bytes": (_peak_bytes, ""),
    "arena": (_planned("arena"), RUNTIME),
    "sram": (_planned("sram"), RUNTIME),
    "flash": (_planned("flash"), RUNTIME),
    "largest_tensor": (_planned("largest_tensor"), RUNTIME),
    "seconds": (_seconds, DEVICE_SPEED),
}
"""Numbers for which each design is run by itself, and what has to be named for them."""
RECORDED = (*TOTALS, FIELD)
"""Numbers that a recording gives."""
COLUMNS = (*RECORDED, *SLOW)
ALIASES = {"rf": FIELD}


def column(name: str, known: Sequence[str] = COLUMNS) -> str:
    """Return the column of a name or alias.

    Raises:
        ValueError: there is none; the message says what there is.
    """
    found = ALIASES.get(name, name)
    if found not in known:
        if found in SLOW:
            raise ValueError(f"'{name}' is computed for one design at a time, so no formula bounds it")
        hint = did_you_mean(name, (*known, *ALIASES)) or f"there is {', '.join(known)}"
        raise ValueError(f"there is no total '{name}'; {hint}")
    return found


def spelled(text: str) -> str:
    """Return an expression with the columns' own names in place of aliases."""
    return re.sub(rf"\b({'|'.join(ALIASES)})\b", lambda match: ALIASES[match[1]], text)


def value_of(name: str, study: Study, device: str | None = None) -> Any:
    """Return one number of a design that is run by itself; None where it is unknown.

    Raises:
        SpecError: it is no network.
        ValueError: what has to be named for it is not one of the right ones.
    """
    if name == FIELD:
        return _field(study)
    if name in TOTALS:
        return TOTALS[name](study.report.totals)
    return SLOW[name][0](study, device)


def check_named(names: Sequence[str], given: Sequence[str]) -> None:
    """Raise ValueError for a column without the runtime or the device that it is a number of."""
    for name in names:
        needed = SLOW[name][1] if name in SLOW else ""
        if needed and needed not in given:
            hint = "--runtime plain or tflm" if needed == RUNTIME else "--device NAME, or --vary device=NAME,NAME"
            raise ValueError(f"'{name}' needs a {needed}: {hint}")
    for what, option in ((RUNTIME, "runtime"), (DEVICE_SPEED, "device")):
        if option in given and not any(name in SLOW and SLOW[name][1] == what for name in names):
            goes = ", ".join(name for name, (_, needs) in SLOW.items() if needs == what)
            raise ValueError(f"a {what} is for columns that ask for it: --of {goes}")
