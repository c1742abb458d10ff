"""`show --watch` on a real terminal: what a save changed, the last table under an error, another size of the window."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from typing import TYPE_CHECKING

import pytest
from terminal import ESCAPE, environment

from cnncalc.cli import watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.process
TEXT = """cnncalc: 1
input: [1, 49, 10]
vars: {w: 64}
budgets: {params: 20k}
layers:
  - {conv: {out: w, kernel: [10, 4], stride: 2, padding: same}, as: stem}
  - {separable: {out: w, kernel: 3, padding: same}, repeat: 4, as: ds}
"""
PATIENCE = 60.0
"""Seconds that a loaded machine may take for one table."""


def resized(terminal: int, lines: int, columns: int) -> None:
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


class Watching:
    """The program on a terminal; `until` reads until what it printed since the last call ends as a pattern says."""

    def __init__(self, spec: Path) -> None:
        self.terminal, theirs = pty.openpty()
        resized(self.terminal, 40, 100)
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background hands on a deaf ear
        self.process = subprocess.Popen([sys.executable, "-m", "cnncalc", "show", str(spec), "--watch"], stdin=theirs,
                                        stdout=theirs, stderr=theirs, env=environment())  # fmt: skip
        signal.signal(signal.SIGINT, before)
        os.close(theirs)

    def until(self, pattern: str) -> list[str]:
        text, end = "", time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if select.select([self.terminal], [], [], 0.2)[0]:
                text += os.read(self.terminal, 65536).decode(errors="replace")
                screen = ESCAPE.sub("", text.rpartition("\x1b[H\x1b[2J")[2]).replace("\r\n", "\n")
                if re.search(pattern, screen) and screen.rstrip().endswith("ctrl-c ends"):
                    return screen.splitlines()
        pytest.fail(f"nothing like {pattern} in {text[-2000:]}")


def save(spec: Path, text: str) -> None:
    """Save as editors do that replace a file: nobody reads half of it, however loaded the machine is."""
    new = spec.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(spec)


def params(w: int) -> int:
    """Return the parameters of the network by hand: a first convolution, four depthwise and pointwise ones."""
    return 40 * w + w + 4 * (9 * w + w + w * w + w)


def test_a_save_shows_what_it_changed_an_error_keeps_the_table_and_a_resize_draws_again(tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text(TEXT, encoding="utf-8")
    watching = Watching(spec)
    try:
        first = watching.until(f"{params(64):,}")
        assert any(re.match(r"\d\d:\d\d:\d\d  watching", line) for line in first)
        assert any("budgets" in line and "params" in line for line in first)
        save(spec, TEXT.replace("w: 64", "w: 80"))
        second = watching.until(f"params {params(64):,} -> {params(80):,}")
        assert max(map(len, second)) <= 100
        save(spec, TEXT.replace("kernel: 3", "kernel: -3"))
        third = watching.until("last table without one")
        assert any("at least 1, got -3 [bad-argument]" in line for line in third)
        assert any(f"{params(80):,}" in line for line in third if line.startswith("Total"))
        save(spec, TEXT)
        watching.until(f"params {params(80):,} -> {params(64):,}")
        resized(watching.terminal, 40, 60)
        fourth = watching.until("watching")
        assert max(map(len, fourth)) <= 60
        assert any(line.startswith("changed: params") for line in fourth), "a resize is no save"
        watching.process.send_signal(signal.SIGINT)
        assert watching.process.wait(PATIENCE) == 0
    finally:
        watching.process.kill()
        watching.process.wait()
        os.close(watching.terminal)


def test_a_file_is_read_when_it_has_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor that empties a file and writes it in pieces, or replaces it, is waited for."""
    spec = tmp_path / "net.yaml"
    spec.write_text(TEXT, encoding="utf-8")
    steps: list[Callable[[], object]] = [
        lambda: spec.write_text("", encoding="utf-8"),
        lambda: spec.write_text(TEXT[:50], encoding="utf-8"),
        spec.unlink,
        lambda: None,
        lambda: spec.write_text(TEXT, encoding="utf-8"),
        lambda: None,
    ]
    monkeypatch.setattr(time, "sleep", lambda _: steps.pop(0)())
    watch.settle([spec])
    assert not steps
    assert spec.read_text(encoding="utf-8") == TEXT
