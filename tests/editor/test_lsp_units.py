"""The server without a client: places in a client's units, settings, which files are specs, and a missing extra."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnncalc.api import analyze
from cnncalc.cli import run
from cnncalc.editor.document import Document
from cnncalc.editor.settings import Settings, settings_of
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from pytest import CaptureFixture, MonkeyPatch  # noqa: PT013 - types alone


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: MonkeyPatch, capsys: CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("cnncalc.server")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("pygls", "lsprotocol"):
        monkeypatch.setitem(sys.modules, name, None)
    assert run(["lsp"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "error: cnncalc lsp needs the package pygls", '  = hint: pip install "cnncalc[lsp]"'
    ]  # fmt: skip


def test_what_a_client_says_wrongly_is_as_before() -> None:
    before = Settings(hints=("params",), debounce=7)
    assert settings_of(None, before) == before
    assert settings_of({"hints": "rf", "debounce": "soon", "lenses": 1}, before) == before
    assert settings_of({"cnncalc": {"hints": ["rf", "nothing"], "debounce": -3}}, before) == Settings(
        hints=("receptive_field",), debounce=0
    )
    assert settings_of({"debounce": 10**9}, before).debounce == 10_000


@pytest.mark.parametrize("seed", range(20))
def test_a_place_goes_to_the_client_and_comes_back(seed: int) -> None:
    """By hand too: UTF-16 units are the bytes of UTF-16 by two, and a client's lines end at three marks alone."""
    pytest.importorskip("pygls.lsp.server", reason="pygls 2 is not installed")
    from pygls.workspace import PositionCodec

    from cnncalc.editor.text import Position
    from cnncalc.server.ruler import Ruler

    choose = random.Random(seed)  # noqa: S311 - for repeatable texts
    text = "".join(choose.choice(["a", "é", "𝔑", "\n", "\r\n", "\u2028", " ", ":"]) for _ in range(60))
    ruler = Ruler(text, PositionCodec())
    for line, row in enumerate([*text.splitlines(keepends=True)], 1):
        for column in range(1, len(row.rstrip("\r\n\u2028")) + 1):
            here = Position(line, column)
            there = ruler.to_client(*here)
            offset = sum(map(len, text.splitlines(keepends=True)[: line - 1])) + column - 1
            before = text[:offset].replace("\r\n", "\n").rsplit("\n", 1)[-1]
            assert there.line == text[:offset].count("\n")
            assert there.character == len(before.encode("utf-16-le")) // 2
            assert ruler.position(there) == here


def test_which_yaml_is_a_spec() -> None:
    pytest.importorskip("pygls.lsp.server", reason="pygls 2 is not installed")
    from cnncalc.server.open_files import looks_like_spec

    specs = Path(__file__).parents[2] / "specs"
    assert all(looks_like_spec(file.read_text(encoding="utf-8")) for file in specs.glob("*.yaml"))
    assert looks_like_spec("input: [3, 8, 8]\nlayers: [relu, {conv: ")
    assert not looks_like_spec("services: {web: {image: nginx}}\n")
    assert not looks_like_spec("layers:\n  - name: base\n")
    assert not looks_like_spec("{")


@pytest.mark.parametrize(
    "text", ["cnncalc: 1\ninput: [3, 8, 8]\nlayers: {", 'cnncalc: 1\ninput: "3x8x8\nlayers: [relu]\n']
)
def test_a_slip_of_the_hand_makes_no_other_format_of_a_spec(text: str, tmp_path: Path) -> None:
    """The command says of the file what the editor says of the text."""
    file = tmp_path / "net.yaml"
    file.write_text(text)
    with pytest.raises(SpecError) as caught:
        analyze(str(file))
    assert [finding.code for finding in caught.value.diagnostics] == ["yaml-syntax"]
    assert Document(str(file), text).findings() == caught.value.diagnostics
