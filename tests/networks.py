"""The networks of the zoo that a test goes through which says the same of each."""

from __future__ import annotations

import os

from cnncalc import zoo

__all__ = ["SAMPLE"]


def sample() -> list[str]:
    """Return the own network of each file and every fifth variant; every network where CNNCALC_ZOO is `all`."""
    entries = zoo.entries()
    if os.environ.get("CNNCALC_ZOO") == "all":
        return [entry.name for entry in entries]
    variants = [entry.name for entry in entries if entry.variant]
    return [entry.name for entry in entries if not entry.variant] + variants[::5]


SAMPLE = sample()
