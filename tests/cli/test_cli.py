"""The command line as a whole: help, completion, problems and exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cnncalc.cli
from cnncalc.cli import COMMANDS, load_command, run
from cnncalc.cli.common import coloured, encodable
from cnncalc.cli.help import laid_out
from cnncalc.cli.options import CONVENTION_NAMES, complete_convention, complete_dtype, complete_spec
from cnncalc.cli.show import complete_columns, complete_sort
from cnncalc.rules import CONVENTIONS

if TYPE_CHECKING:
    from types import ModuleType

Capture = pytest.CaptureFixture[str]


def process(
    *arguments: str, stdout: int = subprocess.PIPE, given: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cnncalc", *arguments], stdout=stdout, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **environment}, check=False, timeout=60, input=given,
    )  # fmt: skip


def module_of(name: str) -> ModuleType:
    """Return the module of a command."""
    return import_module(f"cnncalc.cli.{COMMANDS[name].module}")


@pytest.mark.process
def test_help_lists_every_command_under_its_heading_and_loads_none() -> None:
    code = (
        "import sys; from cnncalc.cli import run; run(['--help']);"
        "print([name for name in sys.modules if name.startswith('cnncalc.cli.')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    for name, entry in COMMANDS.items():
        assert f" {name} " in found.stdout
        assert entry.panel in found.stdout
        assert f"'cnncalc.cli.{entry.module}'" not in found.stdout
    assert "Examples:" in found.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_loads_and_helps(name: str, capsys: Capture) -> None:
    assert load_command(name).name == name
    assert run([name, "--help"]) == 0
    assert f"cnncalc {name}" in capsys.readouterr().out
    assert COMMANDS[name].summary.endswith(".")


def test_version_and_no_arguments(capsys: Capture) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"cnncalc {cnncalc.__version__}\n"
    assert run([]) == 2
    assert "Usage: cnncalc" in capsys.readouterr().out


def test_unknown_commands_and_options(capsys: Capture) -> None:
    assert run(["shwo"]) == 2
    assert "there is no command 'shwo'; did you mean 'show'?" in capsys.readouterr().err
    assert run(["--colour"]) == 2
    assert capsys.readouterr().err.startswith("error: no such option: --colour")
    assert run(["show", "lenet5", "--colums", "x"]) == 2
    assert "did you mean --columns" in capsys.readouterr().err
    assert run(["show"]) == 2
    assert capsys.readouterr().err.startswith("error: missing argument 'SPEC")


def test_a_mistake_of_its_own_is_one_line_with_a_traceback_only_on_request(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("cnncalc.study.build_report", fails)
    monkeypatch.delenv("CNNCALC_DEBUG", raising=False)
    assert run(["show", "lenet5"]) == 70
    message = capsys.readouterr().err
    assert "ZeroDivisionError: by nothing" in message
    assert "please report it" in message
    assert "Traceback" not in message
    monkeypatch.setenv("CNNCALC_DEBUG", "1")
    assert run(["show", "lenet5"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_is_silent(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cnncalc.study.build_report", interrupted)
    assert run(["show", "lenet5"]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
def test_a_closed_pipe_ends_it_without_a_word() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        found = process("show", "resnet50", "densenet121", stdout=write)
        assert found.stderr == ""
        assert found.returncode == 141
        helped = process("show", "--help", stdout=write)
        assert (helped.returncode, helped.stderr) == (141, "")
        assert process("--version", stdout=write).stderr == ""
    finally:
        os.close(write)


@pytest.mark.process
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_full_disk_is_said() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        found = process("show", "lenet5", stdout=full.fileno())
        assert found.returncode == 2
        assert "No space left" in found.stderr
        assert "Traceback" not in found.stderr


@pytest.mark.process
def test_colour_only_where_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert coloured(Terminal())
    monkeypatch.setenv("TERM", "dumb")
    assert not coloured(Terminal())
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert coloured(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured(Terminal())
    assert "\x1b" in process("show", "nope", FORCE_COLOR="1", NO_COLOR="").stderr
    assert "\x1b" not in process("show", "lenet5", "nope", FORCE_COLOR="1", NO_COLOR="1").stderr


def test_text_outside_the_encoding_is_escaped() -> None:
    class Latin:
        encoding = "latin-1"

    assert encodable("é…", Latin()) == "é\\u2026"


def test_completion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resnet_mine.yaml").touch()
    (tmp_path / "resnet.txt").touch()
    (tmp_path / "resnets").mkdir()
    (tmp_path / "resnets" / "a.yml").touch()
    found = complete_spec("resnet")
    assert found[:2] == ["resnet_mine.yaml", "resnets/"]
    assert {"resnet18", "resnet50"} <= set(found)
    assert complete_spec("resnets/") == ["resnets/a.yml"]
    assert complete_convention("to") == list(filter(lambda name: name.startswith("to"), CONVENTIONS))
    assert complete_dtype("fp") == ["fp32", "fp16"]
    assert complete_columns("layer,par") == ["layer,params"]
    assert "share_macs" in complete_sort("")


@pytest.mark.process
def test_the_shell_asks_for_completions() -> None:
    def completed(words: str) -> list[str]:
        place = str(len(words.split()) - 1)
        return process(_CNNCALC_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=place).stdout.split()

    assert "resnet50" in completed("cnncalc show resnet5")
    assert completed("cnncalc sho") == ["show"]
    assert completed("cnncalc show lenet5 --flops ptf") == ["ptflops"]
    assert completed("cnncalc show lenet5 --format mark") == ["markdown"]


def test_help_names_every_counting_rule() -> None:
    assert CONVENTION_NAMES.replace(" or ", ", ").split(", ") == list(CONVENTIONS)


@pytest.mark.parametrize("name", [name for name in COMMANDS if hasattr(module_of(name), "EPILOG")])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_examples_of_the_help_stand_on_one_line_each(name: str, width: int) -> None:
    epilog = module_of(name).EPILOG
    wanted = [line.split("  ")[0] for line in map(str.strip, epilog.splitlines()) if line.startswith("cnncalc ")]
    assert wanted
    shown = [line.split("  ")[0] for line in map(str.strip, laid_out(epilog, width).splitlines())]
    assert [line for line in wanted if line not in shown] == []
    assert all(len(line) < width for line in laid_out(epilog, width).splitlines() if "cnncalc" not in line)


@pytest.mark.process
def test_flags_say_no_type() -> None:
    text = process("check", "--help", COLUMNS="80").stdout
    assert "<bool>" not in text
    assert "<list" not in text
    assert "cnncalc check net.yaml --max macs=300M --min rf=224\n" in text


@pytest.mark.process
@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (["-v"], f"cnncalc {cnncalc.__version__}"),
        (["version"], f"cnncalc {cnncalc.__version__}"),
        (["help"], "Usage: cnncalc [OPTIONS] COMMAND [ARGS]..."),
        (["help", "show"], "Usage: cnncalc show"),
    ],
)
def test_words_that_people_type_first(arguments: list[str], first: str) -> None:
    result = process(*arguments)
    assert first in result.stdout
    assert result.stderr == ""


@pytest.mark.process
def test_a_spec_without_input_takes_the_given_one() -> None:
    spec = "layers: [{conv: {out: 8, kernel: 3}}]\n"
    given = process("show", "-", "--input", "3x32x32", "--format", "csv", given=spec)
    assert (given.returncode, given.stderr) == (0, "")
    assert ",224," in given.stdout  # 3*3*3*8 + 8 parameters
    left = process("show", "-", given=spec)
    assert left.returncode == 2
    assert "add input: [C, H, W], without the batch, or give --input 3x224x224" in left.stderr
