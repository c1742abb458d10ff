"""docs/blocks.md: every spec on the page is read, and its numbers are those that the page works out by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cnncalc

PAGE = (Path(__file__).parents[2] / "docs" / "blocks.md").read_text(encoding="utf-8")
SPECS = re.findall(r"^## (.+?)\n.*?^```yaml\n(.*?)^```\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
BY_HAND = {
    "Squeeze-and-excite": (64 * 4 + 4 + 4 * 64 + 64, 2 * 64 * 4),
    "CBAM": (64 * 4 + 4 * 64 + 2 * 49 + 2, 2 * 512 + 98 * 28 * 20),
    "Split": (2 * 29 * 29 + 29 * 9 + 3 * 2 * 29, (2 * 29 * 29 + 29 * 9) * 28 * 20),
    "What a spec": (8 * 16 * 9 + 16 + 16 * 4 + 4, (8 * 16 * 9) * 28 * 20 + 16 * 4 * 14 * 10),
}


def test_every_block_has_numbers() -> None:
    assert len(SPECS) == len(BY_HAND) == PAGE.count("```yaml")


@pytest.mark.parametrize(("title", "text", "said"), SPECS, ids=[title for title, *_ in SPECS])
def test_a_block_counts_as_the_page_says(title: str, text: str, said: str) -> None:
    params, macs = next(numbers for start, numbers in BY_HAND.items() if title.startswith(start))
    report = cnncalc.analyze(cnncalc.parse(text))
    assert (report.totals.params, report.totals.macs) == (params, macs)
    assert f"{params:,}" in said
    assert not report.warnings


def test_a_gate_sees_everything_and_the_map_what_it_saw() -> None:
    for title, text, _ in SPECS[:2]:
        last = cnncalc.analyze(cnncalc.parse(text)).layers[-1]
        assert last.receptive_field == ((1, 1) if title.startswith("Squeeze") else (7, 7))
        assert last.receptive_field_true == (28, 20)
