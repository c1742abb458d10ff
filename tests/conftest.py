"""What holds for every test."""

from __future__ import annotations

import inspect
import os
import re
from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import share
from commands import kept
from hypothesis import HealthCheck, settings

from cnncalc import cli
from cnncalc.graph import deploy, fold
from cnncalc.graph.verify import verify
from cnncalc.interop.foreign import ForeignSpec
from cnncalc.numbers.doors import recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnncalc.graph.graph import Graph


TESTS = Path(__file__).parent
SLOW = [HealthCheck.too_slow]
"""How long something takes says something of the machine."""
settings.register_profile("any machine", deadline=None, suppress_health_check=SLOW)
settings.load_profile("any machine")
ASKS_FOR_TORCH = 'importorskip("torch'
OF_A_MODULE = re.compile(r"^(?:\w+ = )?pytest\.importorskip\(", re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that runs every case."""
    told = f"run long tests too, and every case of those that have more than {share.CASES}"
    parser.addoption("--every", action="store_true", help=told)
    told = f"at most {share.CASES} cases of each test of single files too"
    parser.addoption("--dozen", action="store_true", help=told)


def pytest_configure(config: pytest.Config) -> None:
    """Try fewer examples in a run that takes a part of the cases."""
    share.QUICK[0] = takes_a_part(config)
    if share.QUICK[0]:
        settings.register_profile("a part", max_examples=share.part(100), deadline=None, suppress_health_check=SLOW)
        settings.load_profile("a part")


def takes_a_part(config: pytest.Config) -> bool:
    """Whether a run takes some of the cases: that of the whole folder, unless it asks for every one."""
    whole = [Path(path).resolve() for path in config.args] == [TESTS]
    return bool(config.getoption("--dozen") or (whole and not config.getoption("--every")))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark every test that skips without a library as `extra`, and `torch` for PyTorch, so that runs with them have it.

    A run of the whole folder takes a dozen of the cases of each test, and none that is `long`, unless it asks for every
    one.
    """
    for item in items:
        if isinstance(item, pytest.Function) and asks_for_a_library(item.function):
            item.add_marker(pytest.mark.extra)
            if ASKS_FOR_TORCH in inspect.getsource(item.function):
                item.add_marker(pytest.mark.torch)
    if not takes_a_part(config):
        items[:] = share.long_ones_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    else:
        quick = [item for item in items if not item.get_closest_marker("long")]
        kept = {item for cases in share.cases_of_each(quick) for item in share.spread(cases)}
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = [item for item in items if item in kept]


@cache
def asks_for_a_library(test: Callable[..., object]) -> bool:
    """Whether a test function, or its module, calls `importorskip`."""
    return "importorskip(" in inspect.getsource(test) or of_its_module(inspect.getfile(test))


@cache
def of_its_module(file: str) -> bool:
    """Whether a module of tests is skipped whole without a library."""
    with open(file, encoding="utf-8") as text:  # noqa: PTH123 - a path as text
        return bool(OF_A_MODULE.search(text.read()))


@pytest.fixture(autouse=True, scope="session")
def commands_are_built_once() -> Iterator[None]:
    """Build each command once for all tests: that takes longer than most commands run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli, "load_command", kept(cli.load_command, cli.COMMANDS))
        yield


@pytest.fixture(autouse=True, scope="session")
def processes_find_modules_compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let processes that tests start keep what they compile, outside the tree where the tree is to stay as it is.

    A process that finds nothing compiled takes twice as long.
    """
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get("PYTHONDONTWRITEBYTECODE"):
            patch.delenv("PYTHONDONTWRITEBYTECODE")
            if "PYTHONPYCACHEPREFIX" not in os.environ:
                patch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.getbasetemp() / "bytecode"))
        yield


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
    """Return a function that makes the same graph and verifies it, where no layer of it failed.

    Not one of numbers that record: each question about these would be a condition of what is recorded.
    """

    @wraps(make)
    def made(*args: Any) -> Graph:
        graph = make(*args)
        records = any(recording(extent) for shape in graph.inputs.values() for extent in shape)
        return graph if graph.whole is not None or records or getattr(args[-1], "errors", None) else verify(graph)

    return made
