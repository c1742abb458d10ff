"""The page about many designs: its commands print what stands there, its Python runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cnncalc.cli import app

PAGE = (Path(__file__).parents[2] / "docs" / "designs.md").read_text(encoding="utf-8")
CONSOLE = re.findall(r"^```console\n\$ (.*?)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
PYTHON = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("command", "printed"), CONSOLE)
def test_the_commands_print_what_stands_there(command: str, printed: str) -> None:
    if command.startswith("cnncalc fit"):
        pytest.importorskip("numpy")
    done = CliRunner().invoke(app, shlex.split(command)[1:])
    assert done.exit_code == 0, done.output
    assert done.stdout == printed


@pytest.mark.parametrize("code", PYTHON)
def test_the_python_runs(code: str) -> None:
    if "to_pandas" in code:
        pytest.importorskip("pandas")
    if ".plot(" in code:
        pytest.importorskip("matplotlib").use("agg")
    exec(compile(code, "designs.md", "exec"), {})  # noqa: S102 - our own page


def test_both_kinds_are_there() -> None:
    assert len(CONSOLE) >= 3
    assert len(PYTHON) >= 2
