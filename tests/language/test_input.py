"""Another input than the spec's own: of another rank it is refused, with other channels it is doubted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = """
cnncalc: 1
name: little
input: [3, 32, 48]
layers:
  - conv: {out: 8, kernel: 3}
  - global_avg_pool
budgets: {params: 1M}
"""
SOUND = "cnncalc: 1\nname: sound\ninput: [1, 16000]\nlayers: [{conv: {out: 4, kernel: 9}}]\n"
OPEN = "cnncalc: 1\nvars: {bands: 3}\ninput: [bands, 32, 48]\nlayers: [{conv: {out: 8, kernel: 3}}]\n"


@pytest.mark.parametrize(
    ("text", "given", "advice"),
    [
        (IMAGE, "1x3x224x224", "little takes 3x32x48, got 1x3x224x224: leave the batch out, write 3x224x224"),
        (IMAGE, "1x224x224x3", "leave the batch out, write 3x224x224"),
        (IMAGE, "224x224", "write 3x224x224"),
        (IMAGE, "224", "write 3x224x224"),
        (IMAGE, "3", "write it like 3x32x48"),
        (IMAGE, "8x1x3x64x64", "write it like 3x32x48"),
        (SOUND, "8000", "sound takes 1x16000, got 8000: write 1x8000"),
        (SOUND, "2x1x8000", "leave the batch out, write 1x8000"),
    ],
)
def test_an_input_of_another_rank_was_another_network(text: str, given: str, advice: str) -> None:
    spec = cnncalc.parse(text)
    with pytest.raises(ValueError, match="takes") as caught:
        cnncalc.analyze(spec, input=given)
    assert str(caught.value).endswith(advice)
    with pytest.raises(ValueError, match="takes"):
        cnncalc.analyze(spec, input=[int(n) for n in given.split("x")])


def test_an_input_of_several_says_which_one_has_another_rank() -> None:
    spec = cnncalc.parse("cnncalc: 1\ninputs: {a: [3, 8, 8], b: [3, 8, 8]}\nlayers: [{add: [a, b]}]\n")
    with pytest.raises(ValueError, match="takes 3x8x8 for 'b', got 8x8: write 3x8x8"):
        cnncalc.analyze(spec, input={"b": "8x8"})


@pytest.mark.parametrize(
    ("given", "hint"),
    [("64x48x3", "put the channels first: 3x64x48"), ("1x64x48", "keep the channels (3x64x48)")],
)
def test_other_channels_than_the_specs_own_passed_in_silence(given: str, hint: str) -> None:
    report = cnncalc.analyze(cnncalc.parse(IMAGE), input=given)
    (warning,) = report.warnings
    assert (warning.code, warning.span and warning.span.line) == ("input-channels", 4)
    assert hint in (warning.hint or "")


def test_channels_that_are_a_variable_may_differ() -> None:
    assert not cnncalc.analyze(cnncalc.parse(OPEN), input="1x64x64").warnings


def test_other_channels_may_be_accepted_in_the_spec_and_without_them_nothing_is_in_vain() -> None:
    spec = cnncalc.parse(f"accept: [input-channels]\n{IMAGE.strip()}")
    assert not cnncalc.analyze(spec, input="1x64x48").warnings
    assert not cnncalc.analyze(spec).warnings


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 0),
        (["--input", "3x64x64"], 0),
        (["--input", "32x48"], 2),
        (["--input", "1x3x32x48"], 2),
        (["--input", "1x64x64"], 2),
        (["--input", "1x64x64", "--accept", "input-channels"], 0),
        (["--input", "32x48", "--accept", "input-channels"], 2),
        (["--accept", "everything"], 2),
    ],
)
def test_the_gate_passed_with_an_input_of_another_network(tmp_path: Path, options: list[str], code: int) -> None:
    file = tmp_path / "little.yaml"
    file.write_text(IMAGE, encoding="utf-8")
    assert CliRunner().invoke(app, ["check", str(file), *options]).exit_code == code
    file.write_text(f"accept: [input-channels]\n{IMAGE.strip()}\n", encoding="utf-8")
    assert CliRunner().invoke(app, ["check", str(file), *options]).exit_code == code, "a spec accepts no doubt"
