"""The zoo against other programs: nothing differs, and who is installed says so again."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tools import crosscheck

AGAIN = ("lenet5", "squeezenet1_0", "ds_cnn_s", "mobilenet_v2")


def test_nothing_differs() -> None:
    assert not crosscheck.differing()


def test_every_network_was_asked_about() -> None:
    known = crosscheck.records()
    for program in crosscheck.PROGRAMS:
        asked = {name for name, word in known if word == program}
        assert asked >= set(crosscheck.networks()), f"run python -m tools.crosscheck --program {program}"


def test_a_difference_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = crosscheck.records()
    lines["lenet5", "onnx"] = {**lines["lenet5", "onnx"], "macs": 1}
    monkeypatch.setattr(crosscheck, "records", lambda: lines)
    assert crosscheck.differing() == ["lenet5: ONNX says **61,706; 1**"]
    assert "1 differ: lenet5: ONNX says **61,706; 1**." in crosscheck.page()


@pytest.mark.extra
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("name", AGAIN)
@pytest.mark.parametrize("program", [
    pytest.param(name, marks=pytest.mark.torch) if name == "torch" else name for name in crosscheck.PROGRAMS
])  # fmt: skip
def test_who_is_installed_says_the_same_again(program: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec(program) is None:
        pytest.skip(f"{program} is not installed")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    said, line = crosscheck.ask(name, program), crosscheck.records()[name, program]
    assert (said.params, said.macs, said.layers) == (line["params"], line["macs"], line["layers"])
