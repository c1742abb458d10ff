"""The census of timm: what docs/coverage.md and the README say is what was found."""

from __future__ import annotations

from pathlib import Path

from tools import census

ROOT = Path(__file__).parents[2]
LEAST = 240
EXACT = 97


def test_exact_means_the_numbers_that_timm_and_pytorch_have() -> None:
    for row in census.rows():
        if row["verdict"] == "exact":
            assert row["here"][0] == row["params"]
            assert row["macs"] is None or row["here"][1] == row["macs"]
            assert row["bounds"] == []
        else:
            assert row["verdict"] == "too large" or row["why"] or row["bounds"]


def test_nothing_is_counted_twice() -> None:
    names = [row["name"] for row in census.rows()]
    assert len(names) == len(set(names))


def test_the_page_is_what_the_census_found() -> None:
    assert (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8") == census.page(), (
        "run: python tools/renew.py coverage"
    )


def test_the_readme_says_what_the_census_found() -> None:
    assert census.sentence() in (ROOT / "README.md").read_text(encoding="utf-8").replace("\n", " ")


def test_most_of_timm_is_read_exactly() -> None:
    """A floor: a run that finds less must say so here."""
    found = census.counted()
    whole = sum(map(len, found.values()))
    assert whole >= LEAST
    assert len(found["exact"]) >= whole * EXACT // 100

