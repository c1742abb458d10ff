"""A terminal of a given size, in which a command is run as a user sees it: its output, and who asks for its size."""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Seen(NamedTuple):
    """What stood on the screen, escapes taken out and as it came, on standard error, and the exit code."""

    text: str
    raw: str
    errors: str
    code: int

    @property
    def lines(self) -> list[str]:
        """The lines, without blanks at their ends."""
        return [line.rstrip() for line in self.text.splitlines()]


def environment() -> dict[str, str]:
    """Return the variables of a terminal, none of which says how large it is."""
    kept = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"}}
    return {**kept, "TERM": "xterm-256color", "PYTHONUTF8": "1"}


def in_terminal(*arguments: str, columns: int = 80, lines: int = 24, folder: Path | None = None) -> Seen:
    """Run `cnncalc` with standard output on a terminal of this size."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "cnncalc", *arguments], stdout=theirs, stderr=subprocess.PIPE, cwd=folder,
        env=environment(),
    )  # fmt: skip
    os.close(theirs)
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
    _, errors = process.communicate(timeout=120)
    raw = b"".join(parts).decode().replace("\r\n", "\n")
    return Seen(ESCAPE.sub("", raw), raw, errors.decode(), process.returncode)
