"""Every command on damaged specs, damaged files of other formats and random small networks, with random options.

None ends in a traceback or with a foreign exit code, and what one writes is there when it says 0. Cases are numbered,
and case n is the same everywhere. `CNNCALC_FUZZ_COMMANDS` sets how many are tried, 300 by default.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from command_lines import OPTIONS, case, mistake
from share import part

from cnncalc.cli import COMMANDS, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CASES = int(os.environ.get("CNNCALC_FUZZ_COMMANDS", "300"))
BATCH = 25


def test_every_command_is_tried() -> None:
    assert set(OPTIONS) == set(COMMANDS)


@pytest.fixture
def clean(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    assert not [file for file in tmp_path.iterdir() if file.name.endswith(".part")]


@pytest.mark.few
@pytest.mark.parametrize("start", range(0, CASES, BATCH))
def test_no_command_makes_a_mistake_of_its_own(
    start: int, clean: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(clean)
    for number in range(start, min(start + part(BATCH), CASES)):
        arguments = case(number, clean)
        code = run(arguments)
        said = capsys.readouterr()
        assert not mistake(arguments, code, said.err + said.out), (number, arguments, code, said.err)
