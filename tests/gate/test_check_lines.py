"""A finding stands on the line that moved: of the layer that grew or weighs most, so that a change shows it inline."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from cnncalc.cli import run

if TYPE_CHECKING:
    from pathlib import Path

SPEC = """\
cnncalc: 1
input: [3, 32, 32]
vars: {width: 8}
layers:
  - conv: {out: 8, kernel: 3}
  - conv: {out: {WIDTH}, kernel: 3}
  - {conv: {out: 8, kernel: 1}, repeat: {TIMES}}
  - conv: {out: 64, kernel: 5}
"""


def spec(width: int, times: int = 1) -> str:
    return SPEC.replace("{WIDTH}", str(width)).replace("{TIMES}", str(times))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "net.yaml"
    file.write_text(spec(8), encoding="utf-8")
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *arguments], check=True)
    return file


def lines(capsys: pytest.CaptureFixture[str], *options: str) -> set[int]:
    """Return the lines of the results in SARIF and in the workflow commands, which are the same."""
    capsys.readouterr()
    assert run(["check", "net.yaml", *options, "-f", "sarif"]) == 1
    results = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    found = {result["locations"][0]["physicalLocation"]["region"]["startLine"] for result in results}
    assert run(["check", "net.yaml", *options, "-f", "github"]) == 1
    said = capsys.readouterr().out
    for line in found:
        assert f"file=net.yaml,line={line}," in said
    return found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (spec(16), 6),
        (spec(8, 3), 7),
        (spec(8).replace("out: 64", "out: 65"), 8),
        (spec(8) + "  - conv: {out: 64, kernel: 3}\n", 9),
    ],
    ids=["an argument", "repeat", "the heaviest", "a new layer"],
)
def test_growth_stands_on_the_layer_that_grew_most(
    text: str, line: int, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wider layer widens what follows it, too; the 5x5 layer reads the width of the 1x1 layer, which stays 8."""
    repository.write_text(text, encoding="utf-8")
    assert lines(capsys, "--against", "HEAD", "--max-increase", "params=0") == {line}


def test_growth_over_a_baseline_stands_there_too(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "net.yaml", "--baseline", "base.json", "--update-baseline"]) == 0
    repository.write_text(spec(16), encoding="utf-8")
    assert 6 in lines(capsys, "--baseline", "base.json", "--against", "HEAD")
    assert 8 in lines(capsys, "--baseline", "base.json")  # nothing says what grew: the heaviest layer


def test_a_plain_limit_stands_on_the_heaviest_layer(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, "--max", "params=100") == {8}
    assert lines(capsys, "--max", "macs=100") == {8}
    assert repository.read_text(encoding="utf-8").splitlines()[7].endswith("kernel: 5}")


FOLLOWED = """\
cnncalc: 1
input: [3, 32, 32]
vars:
  times: 2
  width: 8
  classes: 10
variants:
  wide:
    width: 16
blocks:
  stage:
    params: {out: , k: 3}
    layers:
      - conv: {out: out, kernel: k, padding: half}
layers:
  - {stage: width}
  - {stage: {out: width}, repeat: times}
  - global_avg_pool
  - flatten
  - linear: classes
"""


@pytest.mark.parametrize(
    ("changes", "options", "line"),
    [
        ({"times: 2": "times: 9"}, [], 4),
        ({"width: 8": "width: 9", "classes: 10": "classes: 1000"}, [], 6),
        ({"width: 8": "width: 64", "classes: 10": "classes: 11"}, [], 5),
        ({"{stage: width}": "{stage: {out: width, k: 9}}"}, [], 16),
        ({"kernel: k": "kernel: k + 2"}, [], 14),
        ({"width: 16": "width: 32"}, ["--variant", "wide"], 9),
        ({"classes: 10": "classes: [10]"}, ["--max-increase", "macs=-1"], None),
    ],
    ids=["a variable", "the variable that moved most", "and the other", "a call", "in the block", "a variant",
         "no list"],
)
def test_growth_that_follows_a_variable_or_a_call_stood_on_a_line_that_nobody_touched(
    changes: dict[str, str], options: list[str], line: int | None, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.write_text(FOLLOWED, encoding="utf-8")
    subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e@x", "commit", "-qam", "followed"], check=True)
    text = FOLLOWED
    for before, after in changes.items():
        text = text.replace(before, after)
    repository.write_text(text, encoding="utf-8")
    if line is None:
        assert run(["check", "net.yaml", "--against", "HEAD", *options]) == 2
        return
    assert lines(capsys, "--against", "HEAD", "--max-increase", "params=0", *options) == {line}


@pytest.mark.parametrize(
    ("limit", "line"),
    [
        (["--max", "receptive_field=4"], 6), (["--max", "rf=1"], 5), (["--min", "rf=999"], 8),
        (["--max", "depth=1"], 8), (["--max", "width=8"], 6), (["--max", "layers=1"], 8), (["--max", "macs=1"], 8),
    ],
)  # fmt: skip
def test_a_limit_on_a_number_that_is_no_sum_stood_on_the_first_line(
    limit: list[str], line: int, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fields of the layers are 3, 5, 5 and 9; the hidden layers have 8, 16 and 8 channels."""
    repository.write_text(spec(16), encoding="utf-8")
    assert lines(capsys, *limit) == {line}


def test_a_share_of_linear_layers_stands_on_the_heaviest(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.write_text(spec(8) + "  - flatten\n  - linear: 100\n  - linear: 10\n", encoding="utf-8")
    assert lines(capsys, "--max", "fc_share=1%") == {10}
