"""docs/zoo.md is what the analysis and the published figures say today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from make_zoo_page import facts, report
from oracles import models

from cnncalc import zoo
from cnncalc.zoo.figures import NOT_KNOWN

WRITTEN = Path(__file__).parents[2] / "docs" / "zoo.md"


@pytest.mark.parametrize("entry", zoo.entries(), ids=lambda entry: entry.name)
def test_every_network_stands_on_it_with_its_numbers(entry: zoo.ZooEntry) -> None:
    text = WRITTEN.read_text(encoding="utf-8")
    found = report(entry.name)
    row = re.search(rf"^\| `{entry.name}` \| [\dx]+(?:, [\dx]+)* \| (.*) \|$", text, re.MULTILINE)
    assert row is not None
    assert row[1].split(" | ")[:4] == [
        f"{found.totals.params:,}",
        f"{found.totals.macs:,}",
        f"{found.totals.flops:,}",
        f"{found.totals.memory_access.total:,}",
    ]
    assert found.source is not None
    assert found.source in text


@pytest.mark.long
def test_every_published_figure_and_every_difference_stands_on_it() -> None:
    text = WRITTEN.read_text(encoding="utf-8")
    first, _, families = text.partition("## Heads that only training uses")
    differing = [fact for fact in facts() if not fact.agrees]
    for fact in facts():
        assert f"| `{fact.told.network}` | {fact.told.words} | {fact.told.printed}" in families
    for fact in differing:
        assert f"| `{fact.told.network}` | {fact.told.words} | {fact.told.printed}" in first
    assert first.count("\n| `") == len(differing)
    assert all(fact.remark for fact in differing)


@pytest.mark.long
def test_most_figures_agree_and_what_was_checked_is_mostly_explained() -> None:
    """A floor: a change that makes published figures disagree must say so here."""
    checked = [fact for fact in facts() if fact.told.certain]
    assert len(checked) > 430
    differing = [fact for fact in checked if not fact.agrees]
    assert len(differing) <= 56
    assert not [fact for fact in differing if fact.remark == NOT_KNOWN]


def test_the_left_out_heads_are_stated() -> None:
    text = WRITTEN.read_text(encoding="utf-8")
    for name in ("googlenet", "inception_v3", "fcn_resnet50", "deeplabv3_resnet50"):
        totals = models()[name].totals
        head = totals["total_params_with_aux"] - report(name).totals.params
        assert re.search(rf"\| `{name}` \| {totals['total_params_with_aux']:,} \| [\d,]+ \| {head:,} \|", text)
