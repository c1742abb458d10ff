"""Work over a second shows a sign of life on standard error, and none of it stays."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from check_repository import spec
from terminal import environment

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process
OWN = "from cnncalc.ops import Operator, register\n@register('own_{}')\nclass Own(Operator):\n    'An operator.'\n"
SLOW = "import time\ntime.sleep(3.5)\n"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "net.yaml").write_text(spec(), encoding="utf-8")
    (tmp_path / "slow.py").write_text(OWN.format("slow") + SLOW, encoding="utf-8")
    (tmp_path / "fast.py").write_text(OWN.format("fast"), encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str, terminal: bool = True) -> tuple[str, str]:
    """Return standard output, a pipe, and what came on standard error, a terminal or a pipe."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    process = subprocess.Popen([sys.executable, "-m", "cnncalc", *arguments], stdout=subprocess.PIPE, stderr=theirs,
                               cwd=folder, env=environment(), text=True, encoding="utf-8")  # fmt: skip
    os.close(theirs)
    out, _ = process.communicate(timeout=60)
    parts = []
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    return out, b"".join(parts).decode()


def screen(text: str) -> str:
    """Return what is left on one line of a terminal after carriage returns and clears."""
    line = ""
    for part in text.replace("\r\n", "\n").split("\r"):
        line = part.replace("\x1b[K", "") if part.startswith("\x1b[K") else part + line[len(part) :]
    return line


def test_a_long_run_says_that_it_works_and_leaves_nothing(here: Path) -> None:
    out, said = run(here, "show", "net.yaml", "--ops", "slow.py")
    assert len(set(re.findall(r"working, \d+ s", said))) > 1, "a loaded machine may miss one second, not two"
    assert screen(said) == ""
    assert "working" not in out
    assert out == run(here, "show", "net.yaml", "--ops", "fast.py", terminal=False)[0]


def test_it_stands_before_an_error(here: Path) -> None:
    (here / "net.yaml").write_text(spec().replace("global_avg_pool", "global_pool"), encoding="utf-8")
    _, said = run(here, "show", "net.yaml", "--ops", "slow.py")
    assert "working" in said
    assert re.sub(r"\x1b\[[0-9;]*m", "", screen(said)).startswith("net.yaml:7:5: error: ")


def test_a_pipe_gets_none_of_it(here: Path) -> None:
    assert run(here, "show", "net.yaml", "--ops", "slow.py", terminal=False)[1] == ""
