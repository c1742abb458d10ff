"""What others publish of the zoo's networks, each figure with the place where it stands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from cnncalc.zoo import entries, folder

FILE = "published.json"
NOT_KNOWN = "the reason is not known"
SECOND_HAND = "†"
WORDS = {
    "params": "params",
    "macs": "MACs",
    "flops": "FLOPs",
    "activations": "activations",
    "receptive_field": "receptive field",
    "model_size": "model size, bytes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One published figure. `here` is in every method our number for the same thing.

    Attributes:
        network: a name of the zoo.
        metric: what it counts, a key of `WORDS`.
        printed: the figure as it is published.
        value: the same as a whole number.
        unit: the value of its last digit.
        where: the publication.
        note: what is known about a difference.
        certain: it was read in the publication itself.
        shape: the input it is for, where that is not the network's own.
        convention: the counting rule of the figure.
    """

    network: str
    metric: str
    printed: str
    value: int
    unit: int
    where: str
    note: str
    certain: bool
    shape: tuple[int, ...] | None
    convention: str

    @property
    def words(self) -> str:
        """What it is, in words."""
        words = WORDS[self.metric]
        if self.metric == "flops":
            words += f", rule `{self.convention}`"
        return words + (f" at {'x'.join(map(str, self.shape))}" if self.shape else "")

    @property
    def marked(self) -> str:
        """The figure as it is published, with a dagger if it is second-hand."""
        return self.printed + ("" if self.certain else f" {SECOND_HAND}")

    def agrees(self, here: int) -> bool:
        """Return whether our number, rounded to the figure's last digit, is the figure."""
        return abs(here - self.value) * 2 <= self.unit

    def difference(self, here: int) -> str:
        """Return ours less theirs."""
        delta = here - self.value
        if not delta:
            return "0"
        if self.agrees(here):
            return "agrees"
        hundredths = (abs(delta) * 20_000 + self.value) // (2 * self.value)
        percent = f"{hundredths // 100}.{hundredths % 100:02d}"
        return f"{delta:+,} ({'-' if delta < 0 else '+'}{percent} %)"

    def remark(self, here: int) -> str:
        """Return what is known of it, also that nothing is."""
        return self.note or ("" if self.agrees(here) else NOT_KNOWN)


def _figure(entry: dict[str, Any]) -> Figure:
    return Figure(
        network=entry["network"],
        metric=entry["metric"],
        printed=entry["printed"],
        value=entry["value"],
        unit=entry["unit"],
        where=entry["source"],
        note=entry["note"],
        certain=entry["certain"],
        shape=tuple(entry["input"]) if "input" in entry else None,
        convention=entry.get("convention", "exact"),
    )


@cache
def figures() -> tuple[Figure, ...]:
    """Return every published figure of a network in the zoo, in the order of the zoo."""
    order = {entry.name: place for place, entry in enumerate(entries())}
    found = [_figure(entry) for entry in json.loads((folder() / FILE).read_text(encoding="utf-8"))]
    return tuple(sorted(found, key=lambda figure: order[figure.network]))


def published(name: str) -> tuple[Figure, ...]:
    """Return the published figures of one network."""
    return tuple(figure for figure in figures() if figure.network == name)
