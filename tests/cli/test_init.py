"""`cnncalc init` writes specs that run and never overwrites unasked."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from networks import SAMPLE
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app
from cnncalc.cli.session import CURRENT, Session
from cnncalc.language.schema import schema
from cnncalc.language.write import plain_data
from cnncalc.language.yaml_text import read


def _run(*arguments: str) -> tuple[int, str, str]:
    token = CURRENT.set(Session())  # as every process has one of its own
    try:
        result = CliRunner().invoke(app, ["init", *arguments])
    finally:
        CURRENT.reset(token)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_starter_runs_within_its_budgets_and_is_explained() -> None:
    code, text, notice = _run()
    assert (code, text) == (0, "")
    assert "cnncalc show net.yaml" in notice
    report = cnncalc.analyze("net.yaml")
    assert report.name == "net"
    assert report.warnings == ()
    # by hand: the stem 3*32*9; per stage four 3x3 convolutions, one of them from the narrower stage, and its 1x1 skip
    stem, first = 3 * 32 * 9, 4 * 32 * 32 * 9
    others = sum(9 * (w // 2 * w + 3 * w * w) + w // 2 * w for w in (64, 128))
    norms = 2 * (32 + 4 * 32 + 5 * 64 + 5 * 128)
    assert report.totals.params == stem + first + others + norms + 128 * 10 + 10
    assert report.totals.macs <= 150_000_000
    assert report.totals.params <= 1_000_000
    assert cnncalc.analyze("net.yaml", variant="wide").totals.params > 2 * report.totals.params
    comments = [line for line in Path("net.yaml").read_text(encoding="utf-8").splitlines() if "#" in line]
    assert len(comments) > 12
    assert any("cnncalc lsp" in line for line in comments)


def test_starter_is_valid_for_editors() -> None:
    _, text, _ = _run("-")
    assert Draft7Validator(schema()).is_valid(plain_data(read(text)[0]))


@pytest.mark.parametrize(
    ("name", "file", "title"),
    [("mine.yml", "mine.yml", "mine"), ("mine", "mine.yaml", "mine"), ("v1.2", "v1.2.yaml", "v1.2"),
     ("10.yaml", "10.yaml", "10"), ("a b: {c}.yaml", "a b: {c}.yaml", "a b: {c}")],
)  # fmt: skip
def test_name_is_the_file_and_the_network(name: str, file: str, title: str) -> None:
    assert _run(name)[0] == 0
    assert cnncalc.load(Path(file)).name == title


def test_existing_file_is_kept_unless_forced() -> None:
    Path("net.yaml").write_text("mine", encoding="utf-8")
    code, _, error = _run("net.yaml")
    assert code == 2
    assert "'net.yaml' exists" in error
    assert "--force" in error
    assert Path("net.yaml").read_text(encoding="utf-8") == "mine"
    assert _run("net.yaml", "--force")[0] == 0
    assert cnncalc.analyze("net.yaml").totals.macs > 0


def test_a_folder_that_is_not_there_is_a_sentence() -> None:
    code, _, error = _run("nowhere/net.yaml")
    assert code == 2
    assert "cannot write 'nowhere/net.yaml'" in error


@pytest.mark.few
@pytest.mark.parametrize("name", SAMPLE)
def test_copy_of_a_zoo_network_has_its_numbers(name: str) -> None:
    assert _run("net.yaml", "--from", name)[0] == 0
    text = Path("net.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"# Copied from {name} of the cnncalc zoo.\ncnncalc: 1\nname: net\n")
    copy, own = cnncalc.analyze("net.yaml"), cnncalc.analyze(name)
    assert (copy.totals, copy.source) == (own.totals, own.source)
    assert len(list(Path().iterdir())) == 1 + len(cnncalc.load(name).collector().used)


def test_a_network_that_uses_another_file_is_copied_with_it() -> None:
    code, _, notice = _run("mine.yaml", "--from", "panet_resnet50")
    assert code == 0
    assert "wrote mine.yaml and resnet50_v1.yaml" in notice
    assert _run("other.yaml", "--from", "panet_resnet50")[0] == 0  # the same file stands there already
    Path("resnet50_v1.yaml").write_text("mine", encoding="utf-8")
    code, _, error = _run("third.yaml", "--from", "panet_resnet50")
    assert (code, Path("third.yaml").exists()) == (2, False)
    assert "'resnet50_v1.yaml' exists" in error
    code, text, error = _run("-", "--from", "panet_resnet50")
    assert (code, text) == (2, "")
    assert "panet_resnet50 uses resnet50_v1.yaml" in error


def test_copy_keeps_comments() -> None:
    _run("mine.yaml", "--from", "resnet50")
    text = Path("mine.yaml").read_text(encoding="utf-8")
    assert "yaml-language-server" not in text
    assert cnncalc.load(Path("mine.yaml")).name == "mine"
    assert text.count("#") > 1


@pytest.mark.parametrize("name", ["a\nblocks: {}\nb.yaml", "a\x1b[31m.yaml", "a\rb"])
def test_a_name_cannot_write_lines_of_its_own(name: str) -> None:
    code, text, error = _run(name)
    assert (code, text) == (2, "")
    assert "one line of text" in error
    assert not list(Path().iterdir())


def test_unknown_network_proposes() -> None:
    code, _, error = _run("--from", "resnet51")
    assert code == 2
    assert "did you mean 'resnet50'?" in error
