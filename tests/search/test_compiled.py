"""Sweeps as machine code: the same rows; overflow and functions without a short form fall back to what is exact."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("numpy")

from cnncalc.numbers import jit
from cnncalc.numbers.arrays import Compiled
from cnncalc.numbers.jit import CompiledLoops, loops_of
from cnncalc.search.sweep import Sweep

PLAIN = {"input": [3, 32, 32], "vars": {"w": 1, "n": 8}, "layers": [
    {"conv": {"out": "round8(8*w)", "kernel": 3, "stride": 2, "padding": 1}}, {"max_pool": 2},
    {"conv": {"out": "n", "kernel": 3}, "when": "n % 3"}, {"upsample": 1.5}]}  # fmt: skip
WIDE = {"input": [3, 8, 8], "vars": {"n": 8}, "layers": [{"conv": {"out": "n**3", "kernel": 3}},
                                                         {"conv": {"out": "n**3", "kernel": 1}}]}  # fmt: skip
OF = ("macs", "params", "peak_activation", "receptive_field", "bytes")


def as_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the loops as they are written, without Numba: what is tested is what is written."""
    from cnncalc.numbers import source

    def plain(recording: Any, along: Any, depth: int) -> Any:
        texts = ["from math import gcd\n", *source.DEFINED.values(), loops_of(recording, along, depth)]
        return jit.loaded("\n".join(texts)).loops

    monkeypatch.setattr(jit, "WARM", 0)
    monkeypatch.setattr(jit, "compiled", plain)
    monkeypatch.setattr(jit, "check_installed", lambda: None)


GRIDS: list[tuple[Any, dict[str, Any]]] = [
    (PLAIN, {"w": "0.25..2:0.25", "n": "3..9", "input": "3..21:2"}),
    (PLAIN, {"input": "3x12x15,3x13x9,3x15x40", "n": "3..9", "batch": [1, 2]}),
    (WIDE, {"n": [3, 3001, 10**6], "input": "8,9"}),
]


@pytest.mark.parametrize(("spec", "vary"), GRIDS)
def test_loops_give_the_same_rows(spec: Any, vary: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    as_python(monkeypatch)
    ran = []
    run = CompiledLoops.run
    monkeypatch.setattr(CompiledLoops, "run", lambda self, given: ran.append(self.exact) or run(self, given))  # type: ignore[func-returns-value]
    rows = list(Sweep(spec, vary, of=OF, compiled=True))
    assert rows == list(Sweep(spec, vary, of=OF))
    assert ran
    assert all(ran) == (spec is WIDE), "exact integers where 64 bits might not do"


@pytest.mark.extra
@pytest.mark.process  # compiling takes long
def test_machine_code_gives_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    monkeypatch.setattr("cnncalc.numbers.jit.WARM", 0)
    assert issubclass(CompiledLoops, Compiled)
    spec, vary = GRIDS[0]
    assert list(Sweep(spec, vary, of=OF, compiled=True)) == list(Sweep(spec, vary, of=OF))


def test_machine_code_is_made_for_what_has_many_designs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was made for each of the structures, a second or two for each, also where a sweep ends after a few designs."""
    as_python(monkeypatch)
    made: list[Any] = []
    plain = jit.compiled

    def counted(*given: Any) -> Any:
        made.append(given)
        return plain(*given)

    monkeypatch.setattr(jit, "compiled", counted)
    monkeypatch.setattr(jit, "WARM", 15_000)
    spec = {"input": [3, 32, 32], "vars": {"n": 8}, "layers": [{"conv": {"out": "n", "kernel": 3}}]}
    few = list(Sweep(spec, {"n": "1..300", "input": "3..50"}, of=OF, compiled=True))
    assert not made
    vary = {"n": "1..700", "input": "3..50"}
    rows = list(Sweep(spec, vary, of=OF, compiled=True))
    assert len(made) == 1
    assert rows == list(Sweep(spec, vary, of=OF))
    assert few == rows[: len(few)]


def test_without_numba_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnncalc.numbers.jit.find_spec", lambda _name: None)
    with pytest.raises(ImportError, match=r"cnncalc\[compiled\]"):
        Sweep(PLAIN, {"n": "1,2"}, compiled=True)
