"""Files that are written from the program are up to date; every command and form stands in the README or in docs/."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from cnncalc.cli import COMMANDS
from tools.architecture_picture import picture, reduced, rooms
from tools.renew import GENERATED, GOLDENS, main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SECTIONS = [part for page in PAGES for part in re.split(r"\n(?=#)", page.read_text(encoding="utf-8"))]
"""The manual, from heading to heading."""
LONG = {"crosscheck", "totals", "zoo"}
"""What is made from every network of the zoo."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in LONG else ()) for name in GENERATED]
)
def test_a_generated_file_is_up_to_date(name: str) -> None:
    file, text = GENERATED[name]
    assert (ROOT / file).read_text(encoding="utf-8") == text(), f"run: python tools/renew.py {name}"


def test_renewing_writes_only_what_differs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                           capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.setattr("tools.renew.ROOT", tmp_path)
    (tmp_path / "cnncalc").mkdir()
    assert main(["builder", "--check"]) == 1
    assert not list((tmp_path / "cnncalc").iterdir())
    assert main(["builder"]) == 0
    assert main(["builder", "--check"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "cnncalc/builder_ops.pyi is out of date", "cnncalc/builder_ops.pyi is renewed"
    ]  # fmt: skip
    assert (tmp_path / "cnncalc" / "builder_ops.pyi").read_text(encoding="utf-8") == GENERATED["builder"].text()
    assert GOLDENS not in GENERATED


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_stands_in_the_manual(name: str) -> None:
    assert any(f"cnncalc {name}" in text for text in SECTIONS)


FORMS = [
    (name, form)
    for name, entry in COMMANDS.items()
    if name != "plot"
    for module in [import_module(f"cnncalc.cli.{entry.module}")]
    for form in getattr(module, "FORMS", None) or getattr(module, "FORMATS", None) or ()
]
"""The forms of output of each command."""


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_a_form_stands_in_the_manual(name: str, form: str) -> None:
    about = [text for text in SECTIONS if re.search(rf"cnncalc {name}\b", text)]
    assert any(re.search(rf"\b{re.escape(form)}\b", text) for text in about), f"no page says --format {form} of {name}"


def test_the_picture_has_every_room_and_only_arrows_that_are_there() -> None:
    edges = rooms()
    drawn = {tuple(line.split(" --> ")) for line in picture().splitlines() if "-->" in line}
    drawn = {(a.strip(), b) for a, b in drawn}
    assert {room for pair in drawn for room in pair} == set(edges)
    assert all(b in edges[a] for a, b in drawn)
    assert {"cli", "values", "study", "language"} <= set(edges)


def test_arrows_that_others_imply_are_left_out_and_circles_are_refused() -> None:
    assert reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == {"a": {"b"}, "b": {"c"}, "c": set()}
    with pytest.raises(ValueError, match="a, b"):
        reduced({"a": {"b"}, "b": {"a"}})


def test_the_page_about_the_architecture_names_what_there_is() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_]+(?:/[a-z_]*)?(?:\.py)?)`", text)
    files = [name for name in named if "/" in name or name.endswith(".py")]
    assert len(files) > 20
    for name in files:
        places = [top / path for top in (ROOT, ROOT / "cnncalc") for path in (name, f"{name}.py")]
        assert any(place.exists() for place in places), name


def test_what_a_plain_run_of_the_tests_leaves_out_is_run_by_ci() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    left_out = re.findall(r"not (\w+)", options["addopts"])
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    steps = re.findall(r'^pytest --every -m "([^"]+)"', script, re.MULTILINE)
    assert left_out == ["process", "network"]
    assert re.search(r'^PYTEST_ADDOPTS="--every .*" eval "\$\{setup\[1\]\}"', script, re.MULTILINE)
    for marker in left_out:
        assert any(re.search(rf"(?<!not )\b{marker}\b", step) for step in steps), marker
