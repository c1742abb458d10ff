"""What the README shows is what the program does."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import in_terminal

import cnncalc

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def run(command: str, folder: Path = ROOT, width: int = 120) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": str(width), "NO_COLOR": "1", "PYTHONUTF8": "1"}
    arguments = shlex.split(command)
    assert arguments[0] == "cnncalc"
    line = [sys.executable, "-m", "cnncalc", *arguments[1:]]
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.process
def test_the_table_is_what_the_command_prints() -> None:
    command, _, table = blocks("console")[0].partition("\n")
    seen = in_terminal(*shlex.split(command.removeprefix("$ "))[1:], columns=120, lines=50, folder=ROOT)
    assert seen.code == 0, seen.errors
    assert [line.rstrip() for line in table.splitlines()] == seen.lines


@pytest.mark.process
def test_the_spec_of_one_screen_runs_within_its_budgets(tmp_path: Path) -> None:
    text = blocks("yaml")[0]
    report = cnncalc.analyze(cnncalc.parse(text))
    assert not report.warnings
    assert len(text.splitlines()) <= 40
    file = tmp_path / "small.yaml"
    file.write_text(text, encoding="utf-8")
    assert run(f"cnncalc check {file}").returncode == 0


def test_what_the_second_screen_says_once_counts_once() -> None:
    """By hand: the trunk once, two dilated branches, and three 1x1 convolutions over 2*8 + 3*32 channels."""
    text = blocks("yaml")[1]
    fine = 3 * 16 * 9 + 16 * 16 * 9 + 3 * 16 + 3 * 2 * 16
    coarse = 16 * 32 * 9 + 32 * 32 * 9 + 16 * 32 + 3 * 2 * 32 + 2 * (32 * 32 * 9 + 2 * 32)
    rates = 2 * (32 * 8 * 9 + 8)
    out = (112 * 16 + 16) + (16 * 32 + 32) + (32 * 32 + 32)
    report = cnncalc.analyze(cnncalc.parse(text))
    assert report.totals.params == fine + coarse + rates + out
    assert not report.warnings
    assert len(text.splitlines()) <= 40


def test_the_notebook_lines_run() -> None:
    names: dict[str, object] = {}
    for block in blocks("python"):
        for line in block.splitlines():
            code, _, comment = line.partition("  # ")
            if "=" in code or code.startswith("import"):
                exec(code, names)  # noqa: S102 - the README's own lines
            elif comment.strip().isdigit():
                assert eval(code, names) == int(comment), code  # noqa: S307


@pytest.mark.process
def test_the_commands_exist_and_run(tmp_path: Path) -> None:
    commands = [line.partition("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    commands = [line for line in commands if line.startswith("cnncalc") and "--watch" not in line]
    assert len(commands) >= 5
    specs = tmp_path / "specs"
    specs.symlink_to(ROOT / "specs")
    for command in commands:
        done = run(command, tmp_path)
        assert done.returncode == 0, (command, done.stderr, done.stdout[-500:])


@pytest.mark.process
def test_the_error_is_the_one_that_users_see(tmp_path: Path) -> None:
    (text,) = (block for block in blocks("text") if "error:" in block)
    spec = tmp_path / "specs" / "tiny.yaml"
    spec.parent.mkdir()
    spec.write_text("input: [3, 32, 32]\nname: tiny\nlayers:\n  - conv: {out: 64, kernal: 7, stride: 2}\n")
    done = run("cnncalc show specs/tiny.yaml", tmp_path)
    assert done.returncode == 2
    assert done.stderr.strip() == text.strip()


def test_two_commands_do_all_the_set_up() -> None:
    lines = [line for line in README.splitlines() if line.startswith("pip install")]
    assert lines == ["pip install . && cnncalc show specs/resnet50.yaml", "pip install -e '.[test]' && pytest"]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!http)([^)#]+)", README))))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()
