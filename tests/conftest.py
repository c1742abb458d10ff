"""What holds for every test."""

from __future__ import annotations

import inspect
import re
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

import pytest

from cnncalc.graph import deploy, fold
from cnncalc.graph.verify import verify
from cnncalc.interop.foreign import ForeignSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.graph.graph import Graph


OF_A_MODULE = re.compile(r"^(?:\w+ = )?pytest\.importorskip\(", re.MULTILINE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that skips without a library as `extra`, so that a run with the libraries has it."""
    for item in items:
        if isinstance(item, pytest.Function) and asks_for_a_library(item.function):
            item.add_marker(pytest.mark.extra)


@cache
def asks_for_a_library(test: Callable[..., object]) -> bool:
    """Whether a test function, or its module, calls `importorskip`."""
    return "importorskip(" in inspect.getsource(test) or of_its_module(inspect.getfile(test))


@cache
def of_its_module(file: str) -> bool:
    """Whether a module of tests is skipped whole without a library."""
    with open(file, encoding="utf-8") as text:  # noqa: PTH123 - a path as text
        return bool(OF_A_MODULE.search(text.read()))


@pytest.fixture(autouse=True)
def no_width_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the width that a test runner's workers hand on: it is not that of what a test prints."""
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def graphs_hold_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verify every graph that a test imports from another format or transforms."""
    for module, name in ((fold, "fold_batch_norm"), (deploy, "deployed"), (deploy, "padded_apart")):
        monkeypatch.setattr(module, name, verified(getattr(module, name)))
    monkeypatch.setattr(ForeignSpec, "expand", verified(ForeignSpec.expand))


def verified(make: Callable[..., Graph]) -> Callable[..., Graph]:
    """Return a function that makes the same graph and verifies it, where no layer of it failed."""

    @wraps(make)
    def made(*args: Any) -> Graph:
        graph = make(*args)
        return graph if graph.whole is not None or getattr(args[-1], "errors", None) else verify(graph)

    return made
