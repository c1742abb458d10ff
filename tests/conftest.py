"""What holds for every test."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_width_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the width that a test runner's workers hand on: it is not that of what a test prints."""
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
