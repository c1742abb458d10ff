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

ATTENDING = """\
input: [8, 6, 6]
layers:
  - {conv: {out: 8, kernel: 1}, as: q}
  - {conv: {out: 4, kernel: 1}, from: q, as: k}
  - {conv: {out: 4, kernel: 1}, from: q, as: v}
  - {attention: {heads: 4, kv_heads: 2, WHAT}, from: [q, k, v]}
"""
"""Attention whose keys and values are shared by two heads each, to be filled in with what else is said of it."""
