"""How much of what can be tried at random, or at any length, a run of the whole folder tries; `--every` tries all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

CASES, FEW = 12, 4
"""How many cases of one test a run of the whole folder takes; fewer of one that is marked `few`."""
QUICK = [False]
"""Whether this run takes a part; set by `conftest` before tests are collected."""
SHARE = 6


def part(whole: int) -> int:
    """Return how many of so many examples this run takes."""
    return max(whole // SHARE, 5) if QUICK[0] else whole


def long_ones_first(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return tests in an order in which none that takes long is the last to start, for as many workers as there are.

    Workers are given equal parts in a row; each begins with its share of the long tests.
    """
    long = [item for item in items if item.get_closest_marker("long")]
    others = [item for item in items if not item.get_closest_marker("long")]
    if workers == 1 or not long:
        return items
    ordered = []
    for worker in range(workers):
        ordered += long[worker::workers]
        ordered += others[worker * len(others) // workers : (worker + 1) * len(others) // workers]
    return ordered


def cases_of_each(items: list[pytest.Item]) -> Iterable[list[pytest.Item]]:
    """Return the cases of each test."""
    found: dict[str, list[pytest.Item]] = {}
    for item in items:
        found.setdefault(item.nodeid.partition("[")[0], []).append(item)
    return found.values()


def spread(cases: list[pytest.Item]) -> list[pytest.Item]:
    """Return at most a dozen cases, or a few where each takes long, from the first to the last at even distances."""
    most = FEW if cases[0].get_closest_marker("few") else CASES
    last, steps = len(cases) - 1, most - 1
    return cases if last <= steps else [cases[step * last // steps] for step in range(most)]
