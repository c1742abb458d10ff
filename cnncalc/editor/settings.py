"""What a client can choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnncalc.editor.hints import CHOICES, PARTS, chosen_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CHOICES", "Settings", "settings_of"]
SECTION = "cnncalc"
DEBOUNCE = 150
"""Milliseconds without a key stroke before a text is analysed."""
LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client can choose, under `cnncalc` in its settings or as options of initialisation.

    Attributes:
        hints: the columns shown behind an item; none for no inlay hints.
        lenses: totals above `layers:` and blocks.
        check: limits under `budgets:` that do not hold are warnings.
        debounce: milliseconds without a key stroke before a text is analysed.
    """

    hints: tuple[str, ...] = PARTS
    lenses: bool = True
    check: bool = True
    debounce: int = DEBOUNCE


def settings_of(data: Any, before: Settings) -> Settings:
    """Return the settings that a client sends; what it does not say, or says wrongly, is as before."""
    if isinstance(data, dict) and isinstance(data.get(SECTION), dict):
        data = data[SECTION]
    if not isinstance(data, dict):
        return before
    given: Mapping[str, Any] = data
    hints, debounce = given.get("hints"), given.get("debounce")
    flags = {name: given[name] for name in ("lenses", "check") if isinstance(given.get(name), bool)}
    return Settings(
        hints=chosen_parts(map(str, hints)) if isinstance(hints, list) else before.hints,
        lenses=flags.get("lenses", before.lenses),
        check=flags.get("check", before.check),
        debounce=min(max(debounce, 0), LONGEST)
        if isinstance(debounce, int) and not isinstance(debounce, bool) else before.debounce,
    )  # fmt: skip
