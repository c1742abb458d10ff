"""`--ops FILE.py`: the operator of docs/own-operators.md, in every command that takes a spec."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "own-operators.md"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cnncalc", *arguments]
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Spec and operator file of the page, written out."""
    text, folder = PAGE.read_text(encoding="utf-8"), tmp_path_factory.mktemp("own")
    for name, language in (("involution.py", "python"), ("net.yaml", "text")):
        found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
        assert found
        (folder / name).write_text(found[1], encoding="utf-8")
    return str(folder / "net.yaml"), str(folder / "involution.py")


@pytest.mark.process
def test_the_operator_of_the_page_counts(files: tuple[str, str]) -> None:
    spec, own = files
    done = run("show", spec, "--ops", own, "--format", "json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["layers"]
    # By hand, arXiv:2103.06255 without bias: 16*4 + 4*49 weights, each once per position, and 49 products an element.
    assert (row["params"], row["macs"]) == (260, 260 * 1024 + 49 * 16 * 1024)
    assert (row["out_shape"], row["receptive_field"], row["start"]) == ([16, 32, 32], [7, 7], [-3, -3])


@pytest.mark.process
def test_the_gate_and_explanations_take_it_too(files: tuple[str, str]) -> None:
    spec, own = files
    within = run("check", spec, "--ops", own, "--max", "macs=2M")
    assert within.returncode == 0, within.stdout + within.stderr
    assert run("check", spec, "--ops", own, "--max", "macs=1M").returncode == 1
    explained = run("explain", spec, "involution1", "--ops", own)
    assert explained.returncode == 0, explained.stderr


@pytest.mark.process
def test_without_the_option_both_ways_out_are_named(tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text("cnncalc: 1\ninput: [3, 8, 8]\nlayers:\n  - zigzag_scan: 4\n")
    done = run("show", str(spec))
    assert done.returncode == 2
    assert "there is no operator or block 'zigzag_scan'" in done.stderr
    assert "opaque" in done.stderr
    assert "--ops FILE.py" in done.stderr


@pytest.mark.process
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no file"),
        ("x = 1\n", "registers no operator"),
        ("1 / 0\n", "ZeroDivisionError"),
        ("from cnncalc.ops import Operator, register\n@register('conv')\nclass C(Operator): pass\n", "is taken by"),
    ],
)
def test_files_that_cannot_be_used_are_one_line(
    files: tuple[str, str], tmp_path: Path, text: str | None, said: str
) -> None:
    own = tmp_path / "own.py"
    if text is not None:
        own.write_text(text)
    done = run("show", files[0], "--ops", str(own))
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
