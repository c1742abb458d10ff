"""Which sizes of an axis a network takes, thousands of them at the cost of a few expansions.

The spec is expanded with a size that records. The conditions of that recording tell for which other sizes the network
comes out the same way, taken or refused, and how many positions of a border it loses is a formula; a size that answers
otherwise is recorded anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.numbers.node import Range
from cnncalc.numbers.ranges import decided, step_ranges
from cnncalc.numbers.recorder import Recorder
from cnncalc.numbers.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.graph.graph import Graph

SIZE, LOST = "n", "lost"
FEW = 32
"""Sizes that are asked one by one."""
RECORDINGS, RUNS = 64, 200_000
"""Most recordings of a search, and sizes that are asked one by one."""


class TooIrregularError(Exception):
    """A search needs too many recordings, or an operator does not run on sizes that record."""


class RecordedSizes:
    """The sizes of one axis; the other axes and inputs stay.

    Args:
        expanded: the network at a size, None where it does not take it.
        lost: how many positions of a border a network loses.
        most: the largest size that is asked about.
    """

    def __init__(self, expanded: Callable[[int], Graph | None], lost: Callable[[Graph], int], most: int) -> None:
        self._expanded = expanded
        self._lost = lost
        self._most = most
        self._runs = RUNS
        self._recordings: list[Recording] = []

    def lost(self, n: int) -> int | None:
        """Return how many positions of a border the network loses at a size, None where it does not take it.

        Raises:
            TooIrregularError: there are too many recordings, or none can be made.
        """
        self._runs -= 1
        if self._runs < 0:
            raise TooIrregularError
        for place, recording in enumerate(self._recordings):
            found = recording.run({SIZE: n})
            if found is not None:
                self._recordings.insert(0, self._recordings.pop(place))
                return found.get(LOST)
        found = self._recorded(n).run({SIZE: n})
        if found is None:
            raise TooIrregularError
        return found.get(LOST)

    def first(self, low: int, high: int) -> int | None:
        """Return the smallest size from `low` to `high` that the network takes, None where it takes none of them.

        Raises:
            TooIrregularError: as `lost`.
        """
        waiting = [(low, high)]
        while waiting:
            low, high = waiting.pop()
            taken = self._alike(low, high)
            if taken:
                return low
            if taken is None and high - low >= FEW:
                middle = (low + high) // 2
                waiting += [(middle + 1, high), (low, middle)]
            elif taken is None:
                found = next((n for n in range(low, high + 1) if self.lost(n) is not None), None)
                if found is not None:
                    return found
        return None

    def _alike(self, low: int, high: int) -> bool | None:
        """Return whether the network takes every size of a range, or none; None where that differs or is not known."""
        for recording in self._recordings:
            try:
                known = step_ranges(recording, {SIZE: Range(low, high)})
            except ZeroDivisionError:
                continue
            if all(decided(condition, known) for condition in recording.conditions):
                return LOST in recording.outputs
        return None

    def _recorded(self, n: int) -> Recording:
        """Return a new recording, at this size."""
        if len(self._recordings) >= RECORDINGS:
            raise TooIrregularError
        recorder = Recorder()
        try:
            graph = self._expanded(recorder.input(SIZE, n, 1, self._most))
            outputs = {} if graph is None else {LOST: self._lost(graph)}
        except Exception as error:  # somebody else's operator may do anything with a number that records
            raise TooIrregularError from error
        recording = Recording(recorder, outputs)
        self._recordings.insert(0, recording)
        return recording
