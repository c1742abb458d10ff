"""Sweeps that are handed out: every row once, in order, whatever becomes of the workers."""

from __future__ import annotations

import os
import signal
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from itertools import count
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import pytest

import cnncalc
from cnncalc.cli import run
from cnncalc.search import handout
from cnncalc.search.sweep import Sweep

if TYPE_CHECKING:
    from pathlib import Path

VARY = {"width": "0.25..1:0.05", "input": "32..224:16"}
SPEC = {"input": [3, 32, 32], "vars": {"width": 8, "act": "relu"}, "layers": [
    {"conv": {"out": "width", "kernel": 5, "act": "$act"}}, {"max_pool": 2},
    {"conv": {"out": "2*width", "kernel": 3}}]}  # fmt: skip


class Unreliable(Executor):
    """Runs every third part, loses every third, and after some time takes no more."""

    def __init__(self, lasts: int = 10**9) -> None:
        self.numbers, self.lasts, self.ran = count(), lasts, 0

    def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        number = next(self.numbers)
        if number >= self.lasts:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Future[Any] = Future()
        if number % 3 == 1:
            future.set_exception(OSError("the worker is gone"))
        else:
            self.ran += 1
            future.set_result(function(*arguments, **options))
        return future


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handout, "PART", 23)


@pytest.mark.few
@pytest.mark.parametrize("options", [
    {}, {"where": "macs < 1M"}, {"pareto": ("macs", "+params")}, {"sample": 50, "seed": 3}, {"of": ("rf", "macs")},
])  # fmt: skip
@pytest.mark.parametrize("lasts", [10**9, 5])
def test_no_row_is_lost_and_none_is_double(options: dict[str, Any], lasts: int) -> None:
    executor = Unreliable(lasts)
    vary = {"width": "2..40:2", "input": "4..30:3", "act": "relu,gelu"}
    found = list(Sweep(SPEC, vary, executor=executor, **options))
    assert found == list(Sweep(SPEC, vary, **options))
    assert executor.ran > 1


def test_every_kind_of_source_is_handed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    spec = cnncalc.Spec(SPEC)
    (tmp_path / "net.yaml").write_text(spec.to_yaml(), encoding="utf-8")
    vary = {"width": [2, 4], "act": "relu,gelu", "input": "4..30:5"}
    plain = list(Sweep(SPEC, vary))
    assert {row["error"] is None for row in plain} == {True, False}
    for source in (SPEC, spec, "net.yaml", tmp_path / "net.yaml"):
        handout.unpacked.cache_clear()
        assert list(Sweep(source, vary, executor=Unreliable())) == list(Sweep(source, vary))
    both = Sweep(["net.yaml", "lenet5"], {"input": ["1x32x32"]}, executor=Unreliable())
    assert [row["spec"] for row in both] == ["net.yaml", "lenet5"]


def test_an_error_of_the_sweep_itself_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sweep, "_computed", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(Sweep("lenet5", {"input": "32..40"}, executor=Unreliable()))


def test_threads_do_it_too() -> None:
    with ThreadPoolExecutor(2) as executor:
        assert list(Sweep("mobilenet_v1", VARY, executor=executor)) == list(Sweep("mobilenet_v1", VARY))


def killing(row: int) -> None:
    """End the process that this runs in, as a machine that fails does."""
    os.kill(os.getpid(), signal.SIGKILL if row >= 0 else 0)


@pytest.mark.process
def test_a_process_that_is_killed_loses_no_row() -> None:
    plain = list(Sweep("mobilenet_v1", VARY))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        rows = iter(Sweep("mobilenet_v1", VARY, executor=executor))
        found = [next(rows) for _ in range(10)]
        executor.submit(killing, 1)
        assert [*found, *rows] == plain


@pytest.mark.process
def test_the_command_has_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["sweep", "mobilenet_v1", "--vary", "width=0.25..1:0.25", "--vary", "input=32..224:16", "--format", "csv"]
    assert run([*words, "-o", "one.csv"]) == 0
    assert run([*words, "-o", "two.csv", "--jobs", "2"]) == 0
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


@pytest.mark.process
@pytest.mark.filterwarnings("default")
def test_a_dask_cluster_that_loses_a_worker_loses_no_row() -> None:
    distributed = pytest.importorskip("distributed")
    plain = list(Sweep("mobilenet_v1", VARY))
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, \
            distributed.Client(cluster) as client:  # fmt: skip
        rows = iter(Sweep("mobilenet_v1", VARY, executor=client.get_executor()))
        found = [next(rows) for _ in range(10)]
        pids = list(client.run(os.getpid).values())
        os.kill(pids[0], signal.SIGKILL)
        found += rows
    assert found == plain
