"""Hulls of many entries, against joining them one by one; layers over long sequences ended in minutes, or never."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

import cnncalc
from cnncalc.analysis.field import Finite, Hull
from cnncalc.analysis.ranges import Ranges

if TYPE_CHECKING:
    from collections.abc import Iterable


def joined(entries: list[Hull], taps: Iterable[int]) -> Hull:
    """Return the hull of entries, one by one."""
    there = [entry for x in taps if (entry := entries[x]) is not None]
    return (min(low for low, _ in there), max(high for _, high in there)) if there else None


@pytest.mark.parametrize("seed", range(12))
def test_a_range_of_entries_is_joined_right(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - cases, no secrets
    size = rng.choice([1, 2, 17, 64, 100, 257])
    entries: list[Hull] = []
    for _ in range(size):
        low = rng.randint(-50, 50) * rng.choice([1, 10**30])
        entries.append(None if rng.random() < 0.3 else (low, low + rng.randint(0, 9)))
    ranges, field = Ranges(entries), Finite(tuple(entries))
    for _ in range(300):
        start, step = rng.randrange(size), rng.choice([1, 1, 2, 3, 7])
        count = rng.randint(1, (size - 1 - start) // step + 1)
        taps = range(start, start + step * (count - 1) + 1, step)
        assert ranges.hull(taps) == joined(entries, taps)
        wide = range(start - step * rng.randint(0, 5), start + step * (count + rng.randint(0, 5)), step)
        assert field.hull(wide) == joined(entries, [x for x in wide if 0 <= x < size])


@pytest.mark.parametrize("length", [33, 20_000])
def test_a_recurrent_layer_over_a_long_sequence_ends(length: int) -> None:
    """One direction reads all positions up to its own, so the last unit reads everything and the first one alone."""
    layers: list[object] = [{"lstm": 4, "repeat": 3, "as": "l"}]
    if length > 100:
        layers.append({"conv": {"out": 4, "kernel": 4001, "padding": 2000}, "as": "c"})
    report = cnncalc.analyze({"input": [4, length], "layers": layers})
    last = report["l.2"]
    assert last.receptive_field == (length,)
    assert last.receptive_field_min == (1,)
    if length > 100:
        assert report["c"].receptive_field == (length,)
        assert report["c"].receptive_field_min == (2001,)


def test_a_sum_of_a_long_list_is_computed_once() -> None:
    """What a list sums to follows its values, those of a variant or the caller too."""
    spec = {"vars": {"w": [1] * 200, "v": [1, 2]}, "input": [1, 8, 8], "variants": {"b": {"w": [9, 1, "v2"]}},
            "layers": [{"conv": {"out": "sum(w) - sum(v)", "kernel": 1}, "repeat": 5}]}  # fmt: skip
    spec["vars"]["v2"] = 4  # type: ignore[index]
    assert cnncalc.analyze(spec).layers[-1].out_shape == (197, 8, 8)
    assert cnncalc.analyze(spec, variables={"w": [5, 5]}).layers[-1].out_shape == (7, 8, 8)
    assert cnncalc.analyze(spec, variant="b").layers[-1].out_shape == (11, 8, 8)
    inside = {"input": [3, 8, 8], "vars": {"w": ["c_in", 1]},
              "layers": [{"conv": {"out": "sum(w)", "kernel": 1}, "repeat": 3}]}  # fmt: skip
    assert [layer.out_shape[0] for layer in cnncalc.analyze(inside).layers] == [4, 5, 6]
