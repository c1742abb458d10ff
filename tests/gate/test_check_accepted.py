"""What a spec accepts is listed by the gate in every form; what is accepted anew is a warning, a doubt stays one."""

from __future__ import annotations

import html
import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from cnncalc.cli import app

if TYPE_CHECKING:
    from pathlib import Path

ADD = "  - {add: [prev, a]}\n"
MEANT = "  - {add: [prev, a], accept: [misaligned-merge]}\n"
SHIFTED = f"""\
cnncalc: 1
input: [3, 32, 32]
layers:
  - {{conv: {{out: 8, kernel: 3, padding: half}}, as: a}}
  - {{conv: {{out: 8, kernel: 2, padding: [0, 1, 0, 1]}}}}
{ADD}budgets: {{macs: 10M}}
"""
LOST = """\
cnncalc: 1
accept: [lost-branch]
input: [8, 40]
layers:
  - {relu: , as: x}
  - {conv: {out: 8, kernel: 3, padding: half}, as: body}
  - {add: [body, x], when: false}
  - {relu: , from: x}
budgets: {macs: 10M}
"""


def check(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["check", str(file), *arguments])


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github", "sarif", "gitlab", "junit"])
def test_every_form_lists_what_is_accepted(tmp_path: Path, form: str) -> None:
    """With its layer, its code and its place, and exit code 0."""
    file = tmp_path / "net.yaml"
    file.write_text(SHIFTED.replace(ADD, MEANT), encoding="utf-8")
    done = check(file, "--format", form)
    assert done.exit_code == 0, done.output
    said = html.unescape(done.stdout)
    assert "accepted: " in said
    assert "misaligned-merge" in said
    assert "looks -0.5 pixels" in said
    file.write_text(SHIFTED, encoding="utf-8")
    assert "accepted: " not in html.unescape(check(file, "--format", form).stdout)


def test_what_is_accepted_anew_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the commit that it is compared with; what was accepted there is only listed."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "net.yaml"
    file.write_text(SHIFTED, encoding="utf-8")
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main")
    for line in (("init", "-q"), ("add", "."), ("commit", "-qm", "one")):
        subprocess.run([*git, *line], check=True, cwd=tmp_path)
    file.write_text(SHIFTED.replace(ADD, MEANT), encoding="utf-8")
    new = check(file, "--against", "HEAD", "--format", "github")
    assert new.exit_code == 0
    assert "::warning file=net.yaml,line=6,col=6,title=cnncalc misaligned-merge::newly accepted: " in new.stdout
    assert "not accepted in HEAD" in new.stdout
    subprocess.run([*git, "commit", "-qam", "two"], check=True, cwd=tmp_path)
    (accepted,) = json.loads(check(file, "--against", "HEAD", "--format", "json").stdout)["specs"][0]["accepted"]
    assert (accepted["code"], accepted["line"], accepted["path"], accepted["new"]) == (
        "misaligned-merge",
        6,
        "add1",
        False,
    )


def test_a_doubt_cannot_be_accepted_by_the_spec(tmp_path: Path) -> None:
    """The command line can."""
    file = tmp_path / "net.yaml"
    file.write_text(LOST, encoding="utf-8")
    done = check(file)
    assert done.exit_code == 2
    assert "[lost-branch]" in done.stdout
    assert check(file, "--accept", "lost-branch").exit_code == 0
