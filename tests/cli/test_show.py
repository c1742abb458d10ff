"""`cnncalc show` from the command line: what it prints where, and how it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import cnncalc
from cnncalc.cli import run

GOOD = "cnncalc: 1\ninput: [3, 8, 8]\nlayers:\n  - conv: {out: 4, kernel: 3}\n  - relu\n"
BROKEN = f"{GOOD}  - conv: {{out: 4, kernal: 3}}\n"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "CNNCALC_DEBUG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def good(tmp_path: Path) -> str:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return str(path)


@pytest.fixture
def broken(tmp_path: Path) -> str:
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN, encoding="utf-8")
    return str(path)


def test_the_table_of_a_network_of_the_zoo(capsys: Capture) -> None:
    assert run(["show", "resnet50"]) == 0
    found = capsys.readouterr()
    assert "25,557,032" in found.out
    assert "4,089,184,256" in found.out
    assert "exact: every scalar operation" in found.out
    assert found.err == ""


def test_json_is_the_report_and_an_array_for_several(capsys: Capture) -> None:
    assert run(["show", "lenet5", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == cnncalc.analyze("lenet5").to_dict()
    assert run(["show", "lenet5", "alexnet", "--format", "json"]) == 0
    assert [report["name"] for report in json.loads(capsys.readouterr().out)] == ["lenet5", "alexnet"]


def test_options_reach_the_analysis(capsys: Capture) -> None:
    command = ["show", "mobilenet_v2", "--format", "json", "--input", "3x192x192", "--batch", "2", "--dtype", "fp16",
               "--flops", "mac", "--set", "width=0.5"]  # fmt: skip
    assert run(command) == 0
    expected = cnncalc.analyze("mobilenet_v2", input="3x192x192", batch=2, dtype="fp16", convention="mac",
                               variables={"width": "0.5"})  # fmt: skip
    assert json.loads(capsys.readouterr().out) == expected.to_dict()


def test_several_tables_one_after_the_other(capsys: Capture) -> None:
    assert run(["show", "lenet5", "alexnet", "--depth", "1"]) == 0
    out = capsys.readouterr().out
    assert out.index("lenet5  input") < out.index("\n\nalexnet  input")


def test_rows_before_a_broken_layer_then_the_error(broken: str, capsys: Capture) -> None:
    assert run(["show", broken]) == 2
    found = capsys.readouterr()
    assert "conv1" in found.out
    assert "relu1" in found.out
    assert "Total" not in found.out
    assert f"{broken}:6:" in found.err
    assert "did you mean 'kernel'?" in found.err


def test_other_specs_are_still_shown(good: str, broken: str, capsys: Capture) -> None:
    assert run(["show", "no_such_network", broken, good]) == 2
    found = capsys.readouterr()
    assert "good  input 3x8x8" in found.out
    assert "no-such-spec" in found.err
    assert not found.out.startswith("\n")


@pytest.mark.parametrize("form", ["json", "csv", "markdown", "latex"])
def test_other_forms_write_nothing_of_a_broken_run(form: str, good: str, broken: str, capsys: Capture) -> None:
    assert run(["show", good, broken, "--format", form]) == 2
    assert capsys.readouterr().out == ""


def test_output_is_a_plain_file_written_only_without_errors(
    good: str, broken: str, tmp_path: Path, capsys: Capture
) -> None:
    target = tmp_path / "out.txt"
    assert run(["show", good, broken, "-o", str(target)]) == 2
    assert not target.exists()
    assert run(["show", good, "-o", str(target)]) == 0
    assert capsys.readouterr().out == ""
    assert target.read_text(encoding="utf-8").startswith("good  input 3x8x8")
    assert run(["show", good, "-o", str(tmp_path / "missing" / "out.txt")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_warnings_go_to_standard_error_unwrapped(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "unused.yaml"
    path.write_text(
        "input: [3, 8, 8]\nlayers:\n  - {conv: {out: 4, kernel: 3}, as: never_used_by_anybody}\n"
        "  - {conv: {out: 4, kernel: 3}, from: input}\n",
        encoding="utf-8",
    )
    assert run(["show", str(path)]) == 0
    found = capsys.readouterr()
    assert "warning:" not in found.out
    assert f"{path}:3:" in found.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--columns", "parms"], "did you mean 'params'?"),
        (["--columns", " , "], "choose from layer, operator"),
        (["--columns", "params,params"], "named twice"),
        (["--sort", "colour"], "choose from params"),
        (["--by", "op", "--depth", "1"], "exclude each other"),
        (["--by", "colour"], "--by"),
        (["--format", "yaml"], "choose one of table, json, csv, markdown, latex"),
        (["--format", "json", "--depth", "1", "--human"], "--depth and --human would change nothing"),
        (["--flops", "flpos"], "exact, 2mac, mac"),
        (["--dtype", "fp8"], "fp32"),
        (["--depth", "0"], "--depth"),
        (["--set", "width"], "NAME=VALUE"),
        (["--input", "3by8"], "3x224x224"),
        (["--variant", "huge"], "variant"),
        (["--watch", "-o", "x"], "leave out --output"),
        (["--unknown"], "--unknown"),
    ],
)
def test_wrong_options_are_one_line_and_exit_2(arguments: list[str], word: str, capsys: Capture) -> None:
    assert run(["show", "lenet5", *arguments]) == 2
    found = capsys.readouterr()
    assert found.out == ""
    assert word in found.err
    assert found.err.startswith("error: ")
    assert all(line.startswith(("error: ", "  = hint: ")) for line in found.err.splitlines())


def test_columns_rows_and_numbers_as_asked(capsys: Capture) -> None:
    assert run(["show", "lenet5", "--columns", "layer, params", "--sort", "params", "--top", "2", "--human"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[2:9]]
    assert lines[0] == ["Layer", "Params"]
    assert lines[2:4] == [["c5", "48.1", "k"], ["f6", "10.2", "k"]]
    assert lines[4][:2] == ["10", "more"]
    assert run(["show", "lenet5", "--columns", "all", "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("layer,operator,output,")
    assert run(["show", "lenet5", "--by", "op", "--format", "csv", "--columns", "operator,layer,params"]) == 0
    assert "3 layers,conv,50692" in capsys.readouterr().out


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert run(["show", "-", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["params"] == 112
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BROKEN.encode())))
    assert run(["show", "-"]) == 2
    assert capsys.readouterr().err.startswith("-:6:")
    assert run(["show", "-", "-"]) == 2
    assert "once" in capsys.readouterr().err
    assert run(["show", "-", "--watch"]) == 2


def test_the_width_is_that_of_the_terminal_or_as_wide_as_it_takes(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["show", "resnet50"]) == 0
    assert "left out" not in capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["show", "resnet50"]) == 0
    out = capsys.readouterr().out
    assert "left out at this width: memory_access, share_macs, flops" in out
    assert max(map(len, out.splitlines())) <= 80


def process(*arguments: str, **keys: object) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, **{k: str(v) for k, v in keys.items() if k.isupper()}}
    return subprocess.run(
        [sys.executable, "-m", "cnncalc", *arguments], capture_output=True, env=environment, check=False, timeout=60
    )


@pytest.mark.process
def test_an_encoding_without_lines_and_bars_gets_ascii() -> None:
    found = process("show", "resnet50", "--depth", "1", PYTHONIOENCODING="ascii")
    assert found.returncode == 0
    assert found.stdout.isascii()
    assert b"##" in found.stdout


@pytest.mark.process
def test_json_loads_no_rich() -> None:
    code = (
        "import sys; from cnncalc.cli import run;"
        "run(['show', 'lenet5', '--format', 'json']); print('rich' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert found.stdout.endswith(b"False\n")


def heed_interrupts() -> None:
    """Undo that a background job, or a test worker, has its children ignore ctrl-c."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.process
def test_watch_draws_again_when_the_file_is_saved_and_survives_errors(good: str) -> None:
    running = subprocess.Popen(
        [sys.executable, "-u", "-m", "cnncalc", "show", good, "--watch"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=heed_interrupts,  # noqa: PLW1509 - this process starts no threads
    )
    assert running.stdout is not None

    def save(text: str) -> None:
        changed = Path(good).with_suffix(".new")
        changed.write_text(text, encoding="utf-8")
        changed.replace(good)

    def until(word: str) -> None:
        assert running.stdout is not None
        for line in running.stdout:
            if word in line:
                return
        raise AssertionError(word)

    try:
        until("counting")
        time.sleep(0.1)
        save(BROKEN)
        until("unknown-argument")
        time.sleep(0.1)
        save(GOOD.replace("out: 4", "out: 64"))
        until("64x6x6")
        until("counting")
        time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=60) == 0
        assert "Traceback" not in running.stdout.read()
    finally:
        running.kill()
        running.stdout.close()
        running.wait()


def test_memory_stands_below_the_table(capsys: Capture) -> None:
    assert run(["show", "resnet50", "--depth", "1", "--memory", "--optimizer", "sgd"]) == 0
    printed = capsys.readouterr().out
    # Input and all outputs, live peak, and live peak in place: a brute-force count over the network's tensors.
    for number in ("37,710,312", "2,408,448", "1,806,336"):
        assert number in printed


def test_a_device_bounds_the_time_from_below(capsys: Capture) -> None:
    assert run(["show", "lenet5", "--device", "a100"]) == 0
    printed = capsys.readouterr().out
    assert "lower bound" in printed
    assert "latency" not in printed
    assert run(["show", "lenet5", "--device", "a10"]) == 2


def test_folded_batch_norms_leave_the_table(capsys: Capture) -> None:
    assert run(["show", "resnet50", "--fold-bn", "--by", "op"]) == 0
    printed = capsys.readouterr().out
    assert "batch_norm " not in printed.replace("batch_norm folded", "")
    # 25,557,032 less 2*26,560 of gamma and beta, plus a bias for each of the 26,560 normalised channels.
    assert "25,530,472" in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--optimizer", "adam"], "--optimizer goes with --memory"),
        (["--devices", "mine.toml"], "--devices goes with --device"),
        (["--memory", "--format", "json"], "json has the report alone"),
        (["--memory", "--optimizer", "lion"], "choose one of sgd, momentum, adam"),
    ],
)
def test_views_refuse_what_they_cannot_do(options: list[str], message: str, capsys: Capture) -> None:
    assert run(["show", "lenet5", *options]) == 2
    assert message in capsys.readouterr().err
