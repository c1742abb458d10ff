"""Specs that are made to cost much end in a verdict or in a located error, within limits of time and memory.

No test holds a figure: `python tests/hostile.py` prints them. With `CNNCALC_HOSTILE=all` every command reads every
kind at the size that a spec may have; by default each kind is read by one, another one for each kind, and is as large
as that once in seven kinds, else a quarter of it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from hostile import COMMANDS, KINDS, MIB, files, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process
ALL = os.environ.get("CNNCALC_HOSTILE") == "all"
PAIRS = [
    (kind, command)
    for number, kind in enumerate(KINDS)
    for command in (COMMANDS if ALL else [COMMANDS[number % len(COMMANDS)]])
]
LARGE = 7
"""One in so many kinds is as large as a spec may be: not a divisor of the six commands, so that all read such ones."""
LOCATED = re.compile(r"0\.yaml:\d+:\d+: error: .* \[[a-z-]+\]|: no layer matches ")
IN_CHECK = re.compile(r"0\.yaml:\d+:\d+.* \[[a-z-]+\]")


@pytest.mark.parametrize(("kind", "command"), PAIRS)
def test_a_hostile_spec_ends_in_a_verdict_or_in_a_located_error(kind: str, command: str, tmp_path: Path) -> None:
    part = 1 if ALL or list(KINDS).index(kind) % LARGE == 0 else 4
    ((_, file),) = files([kind], tmp_path, part)
    ended, _, memory = run(command, file)
    said = ended.stderr.decode()
    assert ended.returncode in {0, 1, 2}, (ended.returncode, said[-2000:])
    assert memory < 500 * MIB
    assert len(said) < 200_000
    if ended.returncode == 2:
        told = IN_CHECK.search(" ".join(ended.stdout.decode().split())) if command == "check" else LOCATED.search(said)
        assert told, said[-2000:]
