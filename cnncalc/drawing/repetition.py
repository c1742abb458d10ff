"""Runs of equal parts: what stands several times in a row, each reading the one before, and is drawn once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.results.layer import Layer

LONGEST = 24
"""Parts of one repetition, at most."""
LEAST_LAYERS = 3
"""A single layer is drawn once only where it stands so often."""


class LayerSpan(NamedTuple):
    """Layers from `start` to before `stop`."""

    start: int
    stop: int


class DrawnRun(NamedTuple):
    """Parts that stand several times in a row.

    Attributes:
        first: the first part of the first time.
        parts: parts of one time.
        times: how often.
    """

    first: int
    parts: int
    times: int


class Wiring:
    """Who reads whom, by number: a layer's sources (below zero: the network's inputs) and the last that reads it."""

    def __init__(self, layers: Sequence[Layer], inputs: Sequence[str], outputs: Sequence[str]) -> None:
        index = {layer.path: number for number, layer in enumerate(layers)}
        index.update({name: -1 - number for number, name in enumerate(inputs) if name not in index})
        self.index = index
        self.sources: list[tuple[int, ...]] = [
            tuple(self.number(name) for name in layer.inputs) for layer in layers
        ]  # fmt: skip
        self.ports: list[tuple[int, ...]] = [tuple(self.port(name) for name in layer.inputs) for layer in layers]
        self.readers: list[list[int]] = [[] for _ in layers]
        for number, sources in enumerate(self.sources):
            for source in sources:
                if source >= 0:
                    self.readers[source].append(number)
        self.outputs = {self.number(name) for name in outputs}
        kinds: dict[object, int] = {}
        self.kinds = [
            kinds.setdefault((layer.op, layer.given, layer.out_shape.spatial, len(layer.inputs)), len(kinds))
            for layer in layers
        ]

    def number(self, name: str) -> int:
        """Return the number of the layer, or of the input, behind a name such as `split1:1`."""
        found = self.index.get(name)
        return self.index[name.rpartition(":")[0]] if found is None else found

    def port(self, name: str) -> int:
        """Return which output of its layer a name means."""
        return 0 if name in self.index else int(name.rpartition(":")[2])

    def read_only_by(self, layer: int, reader: int) -> bool:
        """Return whether one layer alone reads another, which is no output of the network."""
        return self.readers[layer] == [reader] and layer not in self.outputs

    def alike(self, start: int, other: int, size: int, *, first: bool) -> bool:
        """Return whether two runs of layers one behind the other do the same and are wired the same.

        The first reads from outside what the second reads from the first, tensor by tensor; later ones read on.
        """
        ahead: dict[tuple[int, int], tuple[int, int]] = {}
        for offset in range(size):
            if self.kinds[start + offset] != self.kinds[other + offset]:
                return False
            ones = zip(self.sources[start + offset], self.ports[start + offset], strict=True)
            others = zip(self.sources[other + offset], self.ports[other + offset], strict=True)
            for one, its in zip(ones, others, strict=True):
                if one[0] >= start or (not first and one[0] >= start - size):
                    if its != (one[0] + size, one[1]):
                        return False
                elif first and start <= its[0] < other:
                    if ahead.setdefault(one, its) != its:
                        return False
                elif its != one:
                    return False
        return True

    def closed(self, span: LayerSpan, until: int) -> bool:
        """Return whether nothing from `until` on, and no output, takes anything from these layers."""
        return not any(
            layer in self.outputs or any(reader >= until for reader in self.readers[layer])
            for layer in range(span.start, span.stop)
        )


def runs(parts: Sequence[LayerSpan], wiring: Wiring) -> list[DrawnRun]:
    """Return the runs among parts that follow each other, the first that covers most layers at each place."""
    kinds: dict[object, int] = {}
    signs = [kinds.setdefault(tuple(wiring.kinds[part.start : part.stop]), len(kinds)) for part in parts]
    found: list[DrawnRun] = []
    place = 0
    while place < len(parts):
        best: DrawnRun | None = None
        for size in range(1, min(LONGEST, (len(parts) - place) // 2) + 1):
            if signs[place] != signs[place + size]:
                continue
            times = _times(parts, signs, wiring, place, size)
            if times > 1 and (best is None or times * size > best.times * best.parts):
                best = DrawnRun(place, size, times)
        if best is not None and _worthwhile(parts, best):
            found.append(best)
            place += best.parts * best.times
        else:
            place += 1
    return found


def _worthwhile(parts: Sequence[LayerSpan], run: DrawnRun) -> bool:
    only = parts[run.first]
    return run.parts > 1 or run.times >= LEAST_LAYERS or only.stop - only.start > 2


def _times(parts: Sequence[LayerSpan], signs: Sequence[int], wiring: Wiring, place: int, size: int) -> int:
    """Return how often the parts from a place on stand in a row."""
    block = signs[place : place + size]
    times = 1
    while True:
        here, there = place + (times - 1) * size, place + times * size
        if signs[there : there + size] != block:
            return times
        start, other = parts[here].start, parts[there].start
        stop = parts[there + size - 1].stop
        if not wiring.alike(start, other, other - start, first=times == 1):
            return times
        if not wiring.closed(LayerSpan(start, other), stop):
            return times
        times += 1
