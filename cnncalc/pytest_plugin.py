"""`pytest --cnncalc`: every spec file that pytest comes across is a test of its own budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    group = parser.getgroup("cnncalc")
    group.addoption("--cnncalc", action="store_true", help="judge spec files (*.yaml, *.yml) by their budgets")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Return a collector for a file that carries the signature of a spec."""
    if not parent.config.getoption("--cnncalc") or file_path.suffix not in {".yaml", ".yml"}:
        return None
    from cnncalc.gate.specs import is_network

    if not is_network(file_path.read_bytes()):
        return None
    collector: pytest.Collector = SpecFile.from_parent(parent, path=file_path)
    return collector


class SpecFile(pytest.File):
    """A spec file: one test."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the test of its budgets."""
        yield BudgetItem.from_parent(self, name="budgets")


class BudgetItem(pytest.Item):
    """The budgets of one spec."""

    def runtest(self) -> None:
        """Judge the spec; a doubt fails as a limit that is over does."""
        from cnncalc.testing import check_file

        check_file(self.path)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:  # noqa: ARG002
        """Return the findings alone: where this program judged is of no interest."""
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the test is."""
        return self.path, 0, f"budgets of {self.path.name}"
