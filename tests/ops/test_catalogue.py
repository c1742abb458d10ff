"""What operators say about themselves, and the page that is written from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from cnncalc.ops import operators
from cnncalc.ops.catalogue import GROUPS, OperatorEntry, entries, lookup, markdown

PAGE = Path(__file__).parents[2] / "docs" / "operators.md"
BUILT_IN = entries(plugins=False)


def test_the_page_is_what_the_classes_say() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == markdown(BUILT_IN), "run: python tools/renew.py operators"


def test_every_operator_is_listed_once() -> None:
    assert sorted(e.name for e in entries()) == sorted(cls.name for cls in operators())


@pytest.mark.parametrize("e", BUILT_IN, ids=lambda e: e.name)
def test_entry(e: OperatorEntry) -> None:
    assert e.builtin
    assert e.group in GROUPS
    assert e.summary
    assert "\n" not in e.summary
    assert e.summary.endswith((".", "`"))
    item = yaml.safe_load(e.example)
    assert item == e.name or list(item) == [e.name]
    assert json.loads(json.dumps(e.to_dict()))["name"] == e.name
    assert [a.main for a in e.arguments[1:]] == [False] * len(e.arguments[1:])


def test_an_alias_finds_its_operator() -> None:
    assert lookup("dwconv") == lookup("depthwise")
    kernel = lookup("maxpool").arguments[0]
    assert (kernel.name, kernel.main, kernel.required, kernel.aliases) == ("kernel", True, True, ("kernel_size",))


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'max_pool'"):
        lookup("max_pol")
