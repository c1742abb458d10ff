"""One stretch of memory for all activations: where each tensor lies, so that none is overwritten while it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnncalc.analysis.liveness import Lifetimes, Storage
from cnncalc.values.dtypes import ALIGNMENT, tensor_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where one tensor lies.

    Attributes:
        name: the layer (or network input) that fills it.
        offset: its first byte.
        bytes: its size, without the padding behind it.
        first: index of the first layer that needs it.
        last: index of the last layer that needs it.
    """

    name: str
    offset: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """An arrangement of all activations in one stretch of memory.

    Attributes:
        bytes: the size of that stretch.
        alignment: every tensor starts at a multiple of this many bytes.
        placements: the tensors in the order of making.
    """

    bytes: int
    alignment: int
    placements: tuple[Placement, ...]


def storages(graph: Graph, *, in_place: bool = False) -> list[Storage]:
    """Return the storages of a graph that any layer needs, first and last clipped to the layers.

    With `in_place`, a chain of tensors that are written over one another is one storage, under the first one's name.
    """
    lives = Lifetimes(graph)
    final = max(len(graph.nodes) - 1, 0)
    every = lives.storages()
    last = [min(s.last, final) for s in every]
    heir: dict[int, int] = {}
    if in_place:
        for index, node in enumerate(graph.nodes):
            source = lives.reused(index, node)
            if source is not None:
                root = heir.get(source, source)
                heir[lives.home[index]] = root
                last[root] = last[lives.home[index]]
    return [
        Storage(name=s.name, elements=s.elements, first=max(s.first, 0), last=end, bits=s.bits)
        for number, (s, end) in enumerate(zip(every, last, strict=True))
        if number not in heir and s.last >= 0
    ]


def arrange(needs: Sequence[Storage], *, bits: int = 32, batch: int = 1, alignment: int = ALIGNMENT) -> Arena:
    """Return an arrangement by greedy placement: the largest tensor first, each at the lowest place that is free.

    Args:
        needs: the tensors.
        bits: of one element.
        batch: images at once.
        alignment: in bytes, at least 1.

    Raises:
        ValueError: the alignment is not at least 1.
    """
    if alignment < 1:
        raise ValueError(f"an alignment is at least 1 byte, got {alignment}")
    sizes = [tensor_bytes(need.elements * batch, need.bits or bits) for need in needs]
    offsets = [0] * len(needs)
    present: dict[int, list[int]] = {}
    for number in sorted(range(len(needs)), key=lambda k: (-sizes[k], needs[k].first, k)):
        steps = range(needs[number].first, needs[number].last + 1)
        others = {other for step in steps for other in present.get(step, ())}
        place = 0
        for start, end in sorted((offsets[other], offsets[other] + sizes[other]) for other in others):
            if start - place >= sizes[number]:
                break
            place = max(place, -(-end // alignment) * alignment)
        offsets[number] = place
        for step in steps:
            present.setdefault(step, []).append(number)
    placed = tuple(
        Placement(name=need.name, offset=offset, bytes=size, first=need.first, last=need.last)
        for need, offset, size in zip(needs, offsets, sizes, strict=True)
    )
    return Arena(bytes=max((p.offset + p.bytes for p in placed), default=0), alignment=alignment, placements=placed)
