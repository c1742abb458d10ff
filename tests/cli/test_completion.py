"""What a shell completes: layers, variants and variables of the spec on the line, and what every option takes."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from check_repository import COMMAND

import cnncalc
from cnncalc import zoo
from cnncalc.cli import COMMANDS, load_command
from cnncalc.cli.completing import words_of
from cnncalc.devices import load as load_devices

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SPEC = """cnncalc: 1
input: [3, 16, 16]
vars: {width: 8, wide: 3}
variants: {small: {width: 4}, large: {width: 16}}
blocks: {b: {layers: [{conv: {out: width, kernel: 3, padding: 1}}, relu]}}
layers:
  - {conv: {out: width, kernel: 3}, as: stem}
  - {b: , repeat: 2, as: body}
  - global_avg_pool
"""
CHECKED = ("text", "json", "github", "junit", "sarif", "markdown", "gitlab")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("layers: [", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(shell: str, line: str) -> dict[str, str]:
    """Return the environment in which a shell asks about a command line, as its script sets it."""
    words = line.split(" ")
    given = {"_CNNCALC_COMPLETE": f"complete_{shell}"}
    if shell == "bash":
        return {**given, "COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    return {**given, "_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}


def complete(shell: str, line: str) -> list[str]:
    """Return what the installed command answers a shell."""
    environment = {**os.environ, **asked(shell, line)}
    done = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in done.stderr, done.stderr
    if shell == "zsh":
        inner = done.stdout.partition("((")[2].rpartition("))")[0]
        return [word.strip('"').replace("\\:", ":") for word in inner.split("\n") if word]
    return [row.partition("\t")[0] for row in done.stdout.splitlines() if row]


def starting(words: Iterable[str], begun: str = "") -> list[str]:
    return [word for word in words if word.startswith(begun)]


ZOO = [entry.name for entry in zoo.entries()]
LINES: dict[str, list[str]] = {
    "cnncalc explain net.yaml body.1": ["body.1", "body.1.conv1", "body.1.relu1"],
    "cnncalc rf net.yaml ste": ["stem"],
    "cnncalc show net.yaml --variant ": ["small", "large"],
    "cnncalc explain net.yaml --variant s": ["small"],
    "cnncalc show net.yaml --set wi": ["width=", "wide="],
    "cnncalc ops conv_t": ["conv_transpose"],
    "cnncalc plot net.yaml --kind ro": ["roofline"],
    "cnncalc show net.yaml --device stm32f412": starting(load_devices(), "stm32f412"),
    "cnncalc devices jet": starting(load_devices(), "jet"),
    "cnncalc check resnet5": starting(ZOO, "resnet5"),
    "cnncalc diff net.yaml mobilenet_v2": starting(ZOO, "mobilenet_v2"),
    "cnncalc check net.yaml --format ": list(CHECKED),
    "cnncalc diff resnet18 resnet50 --format m": ["markdown"],
    "cnncalc check net.yaml --max para": ["params="],
    "cnncalc check net.yaml --max-increase mac": ["macs="],
    "cnncalc zoo --sort para": ["params"],
    "cnncalc init --from vgg1": starting(ZOO, "vgg1"),
    "cnncalc reconcile resnet50 --claim f": ["flops="],
    "cnncalc show net.yaml --columns params,jum": ["params,jump"],
    "cnncalc error window": ["window-does-not-fit"],
    "cnncalc explain broken.yaml s": [],
    "cnncalc explain gone.yaml s": [],
}  # fmt: skip


@pytest.mark.process
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("line", LINES)
def test_a_shell_gets_the_words_that_may_follow(line: str) -> None:
    """The words do not depend on the shell, what asks for them does: each line is asked by the next of the shells."""
    shells = ["bash", "zsh", "fish"] if LINES[line] else ["bash", "fish"]  # zsh is told to offer files where none do
    assert complete(shells[list(LINES).index(line) % len(shells)], line) == LINES[line]


@pytest.mark.process
def test_layers_are_those_of_the_network() -> None:
    found = complete("fish", "cnncalc explain resnet50 ")
    report = cnncalc.analyze("resnet50")
    assert set(found) >= {layer.path for layer in report.layers}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_with_a_fixed_set_of_words_completes(name: str) -> None:
    known = {"--format", "--kind", "--device", "--variant", "--set", "--max", "--min", "--sort", "--dtype", "--flops"}
    for parameter in load_command(name).params:
        if known & set(parameter.opts):
            assert words_of(parameter) is not None or parameter._custom_shell_complete is not None, parameter.opts


