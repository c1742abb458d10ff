"""Which cases a run of the whole folder takes, and in which order several workers run them."""

from __future__ import annotations

from typing import Any

import pytest
import share


class Case:
    """What is asked of a collected test."""

    def __init__(self, nodeid: str, *marks: str) -> None:
        self.nodeid = nodeid
        self.marks = marks

    def get_closest_marker(self, name: str) -> Any:
        return name if name in self.marks else None


@pytest.mark.parametrize(("count", "marks", "taken"), [
    (1, (), [0]), (12, (), list(range(12))), (23, (), list(range(0, 23, 2))), (4, ("few",), [0, 1, 2, 3]),
    (10, ("few",), [0, 3, 6, 9]), (100, ("few",), [0, 33, 66, 99]),
])  # fmt: skip
def test_cases_are_taken_from_the_first_to_the_last(count: int, marks: tuple[str, ...], taken: list[int]) -> None:
    cases: Any = [Case(f"t[{n}]", *marks) for n in range(count)]
    assert [cases.index(case) for case in share.spread(cases)] == taken


def test_cases_of_one_test_stay_together() -> None:
    items: Any = [Case("a[1]"), Case("b"), Case("a[2]")]
    assert [[case.nodeid for case in cases] for cases in share.cases_of_each(items)] == [["a[1]", "a[2]"], ["b"]]


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_every_worker_begins_with_long_tests_and_none_is_lost(workers: int) -> None:
    items: Any = [Case(f"t{n}", *(("long",) if n % 7 == 0 else ())) for n in range(100)]
    ordered: Any = share.long_ones_first(items, workers)
    assert sorted(ordered, key=items.index) == items
    if workers == 1:
        assert ordered == items
        return
    runs = [n for n, item in enumerate(ordered) if item.marks and (n == 0 or not ordered[n - 1].marks)]
    assert len(runs) == workers
    assert all(abs(start - 100 * worker / workers) <= workers for worker, start in enumerate(runs))
    assert not ordered[-1].marks
