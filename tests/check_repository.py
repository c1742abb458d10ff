"""Temporary git repositories with specs, and the installed command run in them."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import chdir
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from unittest import mock

from cnncalc.cli import run

COMMAND = (
    [str(script)]
    if (script := Path(sys.executable).with_name("cnncalc")).exists()
    else [sys.executable, "-m", "cnncalc"]
)
"""The installed command, or the module where there is no script."""

ACTIONS = ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE")


def spec(channels: int = 4, *, budgets: str = "", name: str = "net", label: str = "stem") -> str:
    """Return a spec whose convolution has 9*3*channels parameters and 8*8 times as many multiply-accumulates.

    Line 6 is the convolution, line 9 the budgets. With 4 channels: 108 parameters and 6,912 multiply-accumulates in it,
    20 and 20 in the linear layer.
    """
    return f"""\
cnncalc: 1
name: {name}
input: [3, 8, 8]
defaults: {{conv: {{kernel: 3, padding: 1, bias: false}}}}
layers:
  - {{conv: {channels}, as: {label}}}
  - global_avg_pool
  - {{linear: {{out: 5, bias: false, axis: channel}}, as: head}}
{f"budgets: {budgets}" if budgets else "outputs: [head]"}
"""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A folder, a git repository once `git("init")` ran."""

    root: Path

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.root, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.strip()

    def commit(self, message: str = "state") -> str:
        if not (self.root / ".git").exists():
            self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def installed(self, *arguments: str, stdin: str | None = None, **environment: str) -> Done:
        """Run the installed command in the folder, as if outside of any CI unless the environment says so."""
        inherited = {key: value for key, value in os.environ.items() if key not in ACTIONS}
        done = subprocess.run(
            [*COMMAND, *arguments], cwd=self.root, capture_output=True, text=True, encoding="utf-8", check=False,
            timeout=120, input=stdin, env={**inherited, **environment},
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def run(self, *arguments: str, stdin: str = "", **environment: str) -> Done:
        """Run the command as `installed` does, in this process: what is slow is starting one."""
        out, err = (TextIOWrapper(BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        inherited = {key: value for key, value in os.environ.items() if key not in ACTIONS}
        given = TextIOWrapper(BytesIO(stdin.encode()), encoding="utf-8")
        with (
            mock.patch.dict(os.environ, {**inherited, **environment}, clear=True),
            mock.patch.multiple(sys, stdin=given, stdout=out, stderr=err),
            chdir(self.root),
        ):
            code = run(list(arguments))
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read())
        assert "Traceback" not in texts[1], texts[1]
        return Done(code, *texts)
