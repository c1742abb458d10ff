"""An option that there is not: what was near by click's reckoning was proposed, `--json` was told of `--sort`."""

from __future__ import annotations

import pytest

from cnncalc.cli import run


@pytest.mark.parametrize(("words", "hint"), [
    (["show", "--dpeth", "1"], "did you mean --depth?"), (["show", "--Depth", "1"], "did you mean --depth?"),
    (["show", "--json"], "write --format json"), (["check", "--sarif"], "write --format sarif"),
    (["show", "--out", "x"], "did you mean --output?"), (["show", "--batch-size", "4"], "did you mean --batch?"),
    (["show", "--imgsz", "224"], "did you mean --input?"), (["check", "--ref", "main"], "did you mean --against?"),
    (["show", "--no-sumary"], "did you mean --no-summary?"), (["show", "--exakt"], "did you mean --exact?"),
    (["show", "--frobnicate"], "cnncalc show --help lists what there is"),
    (["check", "--fail-on", "x"], "cnncalc check --help lists what there is"),
    (["rf", "--sarif"], "cnncalc rf --help lists what there is"), (["--verson"], "did you mean --version?"),
])  # fmt: skip
def test_what_an_option_is_told(words: list[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    command, *rest = words
    given = [command, "lenet5", *rest] if rest else [*words]
    assert run(given) == 2
    message, said = capsys.readouterr().err.splitlines()
    assert message == f"error: no such option: {(rest or words)[0]}"
    assert said == f"  = hint: {hint}"


@pytest.mark.parametrize("command", ["show", "check", "diff", "explain", "rf", "reconcile", "devices", "ops"])
def test_a_misspelt_form_has_the_right_one_in_its_hint(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = {"diff": ["lenet5", "lenet5"], "devices": [], "ops": []}.get(command, ["lenet5"])
    assert run([command, *given, "--format", "jsno"]) == 2
    assert "did you mean 'json'?" in capsys.readouterr().err
