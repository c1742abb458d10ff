"""What holds for every test."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import pytest

from cnncalc.graph import deploy, fold
from cnncalc.graph.verify import verify
from cnncalc.interop.foreign import ForeignSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.graph.graph import Graph


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
