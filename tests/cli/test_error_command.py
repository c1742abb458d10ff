"""`cnncalc error CODE`: every diagnostic explained offline."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app
from cnncalc.manual import codes

ROOT = Path(__file__).parents[2]
RAISED = re.compile(r"[\"(]([a-z0-9]+(?:-[a-z0-9]+)+)\"")


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["error", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_code_comes_with_a_spec_that_fails_so() -> None:
    code, out, err = run("window-does-not-fit")
    assert (code, err) == (0, "")
    assert "A window is larger than the padded map." in out
    spec = "\n".join(line[2:] for line in out.splitlines()[4:9])
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(cnncalc.parse(spec))
    assert caught.value.diagnostics[0].code == "window-does-not-fit"


@pytest.mark.parametrize("code", ["over-budget", "[unknown-number]", "Two-Configurations"])
def test_codes_of_the_gate_too(code: str) -> None:
    assert run(code)[0] == 0
    assert "cnncalc check says so" in run(code)[1]


def test_a_misspelt_code() -> None:
    code, out, err = run("windw-does-not-fit")
    assert (code, out) == (2, "")
    assert "did you mean 'window-does-not-fit'?" in err


def test_the_list_has_every_code_of_the_pages() -> None:
    _, out, _ = run()
    page = (ROOT / "docs" / "diagnostics.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### `([a-z0-9-]+)`", page, re.MULTILINE)
    assert len(headings) > 90
    assert [line.split()[0] for line in out.splitlines() if not line.startswith(" ")][: len(headings)] == headings


def test_every_code_has_a_sentence() -> None:
    for code, entry in codes().items():
        assert re.fullmatch(r"[^`].*\.|`.*\.", entry.summary), code
