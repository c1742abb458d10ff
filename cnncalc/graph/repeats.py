"""Equal runs of layers: what is the same block several times in a row, for writers of blocks and for drawings."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.graph.graph import Graph, Ref

LONGEST = 256
"""Runs of more layers than this are not looked for: the work is the layers times this."""


class RepeatedRun(NamedTuple):
    """A block of layers that stands several times in a row.

    Attributes:
        start: the first layer of the first time.
        size: layers of one time.
        times: how often, at least twice.
    """

    start: int
    size: int
    times: int

    @property
    def stop(self) -> int:
        """The layer after the last time."""
        return self.start + self.size * self.times


def repeats(graph: Graph, longest: int = LONGEST) -> list[RepeatedRun]:
    """Return the runs of equal blocks, in order, none within another.

    Blocks are equal where each layer has the same operator on the same shapes and reads the same: layers of its own
    block and of the block before by their place in it, all else by name. Only what a block hands on to the next is
    read from outside of it, and only of the last. The run that covers most layers for each tensor handed on is taken
    first, so a block with one input and one output goes before one that is cut elsewhere; of equal ones that of the
    smallest block, then one that begins with a layer that has weights, then the earliest.

    Args:
        graph: the network.
        longest: layers of the largest block that is looked for.
    """
    kinds = _kinds(graph)
    readers = _readers(graph)
    found: list[tuple[Fraction, RepeatedRun]] = []
    chains: dict[int, RepeatedRun] = {}
    for size in range(1, min(longest, len(kinds) // 2) + 1):
        for run in _runs(graph, kinds, readers, size, chains):
            handed = len(_handed(graph, run))
            found.append((Fraction(size * run.times, handed), run))
            if handed == 1:
                chains.update(dict.fromkeys(range(run.start, run.stop), run))

    def rank(entry: tuple[Fraction, RepeatedRun]) -> tuple[Fraction, int, bool, int]:
        gain, run = entry
        return -gain, run.size, not graph.nodes[run.start].op.weighted, run.start

    found.sort(key=rank)
    taken: list[RepeatedRun] = []
    used = [False] * len(kinds)
    for _, run in found:
        if not any(used[run.start : run.stop]):
            used[run.start : run.stop] = [True] * (run.stop - run.start)
            taken.append(run)
    return sorted(taken)


def _kinds(graph: Graph) -> list[int]:
    """Return, for each layer, a number that is the same for equal operators on equal shapes."""
    numbers: dict[object, int] = {}
    return [
        numbers.setdefault((node.op, node.in_shapes, node.fused, node.shares), len(numbers)) for node in graph.nodes
    ]


def _readers(graph: Graph) -> list[int]:
    """Return, for each layer, the last layer that reads it; the number of layers if it is an output."""
    last = list(range(len(graph.nodes)))
    for number, node in enumerate(graph.nodes):
        for index, _ in node.inputs:
            if index >= 0:
                last[index] = number
    for index, _ in graph.outputs.values():
        if index >= 0:
            last[index] = len(graph.nodes)
    return last


def _runs(
    graph: Graph, kinds: list[int], readers: list[int], size: int, chains: dict[int, RepeatedRun]
) -> Iterator[RepeatedRun]:
    """Yield the runs of blocks of one size, each as often as it can be cut; `chains` are those of smaller blocks."""
    start = 0
    leader: RepeatedRun | None = None
    while start + 2 * size <= len(kinds):
        chain = chains.get(start)
        periodic = chain is not None and chain.size < size and size % chain.size == 0
        if chain is not None and periodic and start + 2 * size <= chain.stop:
            start = chain.stop - 2 * size + 1
            continue
        run = _run_at(graph, kinds, readers, start, size) if kinds[start] == kinds[start + size] else None
        if run is not None:
            yield run
            leader = leader or run
        start += 1
        if leader is not None and start >= leader.start + size:
            start, leader = max(start, leader.stop), None


def _run_at(graph: Graph, kinds: list[int], readers: list[int], start: int, size: int) -> RepeatedRun | None:
    """Return the longest run of blocks of a size that begins at a layer."""
    block = kinds[start : start + size]
    times = 1
    there = start + size
    while kinds[there : there + size] == block and _same(graph, there - size, size, first=times == 1):
        times += 1
        there += size
    while times > 1 and not _closed(graph, readers, RepeatedRun(start, size, times)):
        times -= 1
    return RepeatedRun(start, size, times) if times > 1 else None


def _same(graph: Graph, before: int, size: int, *, first: bool) -> bool:
    """Return whether a block and the one behind it read alike.

    The first block reads from outside what the second reads from the first: these must agree, tensor by tensor.
    """
    ahead: dict[Ref, Ref] = {}
    own = before if first else before - size
    for offset in range(size):
        one, other = graph.nodes[before + offset].inputs, graph.nodes[before + size + offset].inputs
        if len(one) != len(other):
            return False
        for ref, its in zip(one, other, strict=True):
            if ref[0] >= own:
                if its != (ref[0] + size, ref[1]):
                    return False
            elif first and before <= its[0] < before + size:
                if ahead.setdefault(ref, its) != its:
                    return False
            elif its != ref:
                return False
    return True


def _handed(graph: Graph, run: RepeatedRun) -> set[Ref]:
    """Return the tensors of the first block that the second reads."""
    second = graph.nodes[run.start + run.size : run.start + 2 * run.size]
    return {ref for node in second for ref in node.inputs if run.start <= ref[0] < run.start + run.size}


def _closed(graph: Graph, readers: list[int], run: RepeatedRun) -> bool:
    """Return whether each block is read by the next one alone, and of the last one what the others hand on."""
    handed = {index - run.start for index, _ in _handed(graph, run)}
    last = run.stop - run.size
    within = all(readers[n] < n - (n - run.start) % run.size + 2 * run.size for n in range(run.start, last))
    return bool(handed) and within and all(readers[n] < run.stop or n - last in handed for n in range(last, run.stop))
