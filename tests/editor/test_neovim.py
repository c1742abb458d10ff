"""The settings of docs/editor.md in a Neovim without a screen: its own client shows what the server says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "editor.md").read_text(encoding="utf-8")
NET = """\
cnncalc: 1
input: [3, 32, 32]
vars: {width: 16}
layers:
  - {conv: {out: width, kernel: 3}, as: stem}
  - {conv: {out: 8, kernal: 3}, from: stem}
"""
ASK = """
local told = {}
local function wait(what, ready)
  told[what] = vim.wait(60000, ready, 50) or "never"
end
local function ask(method, extra)
  local params = vim.tbl_extend("force", { textDocument = vim.lsp.util.make_text_document_params() }, extra or {})
  local answers = vim.lsp.buf_request_sync(0, method, params, 60000) or {}
  for _, answer in pairs(answers) do return answer.result end
end
vim.cmd.edit("net.yaml")
vim.bo.filetype = "yaml"
wait("attached", function() return #vim.lsp.get_clients({ name = "cnncalc", bufnr = 0 }) == 1 end)
wait("wrong", function() return #vim.diagnostic.get(0) > 0 end)
local found = vim.diagnostic.get(0)[1] or {}
told.finding = { found.code, found.lnum, found.col, found.end_col, found.source }
vim.api.nvim_buf_set_lines(0, 5, 6, true, { "  - {conv: {out: 8, kernel: 3}, from: stem}" })
wait("right", function() return #vim.diagnostic.get(0) == 0 end)
wait("hints", function() return #vim.lsp.inlay_hint.get({ bufnr = 0 }) == 2 end)
told.shown = vim.tbl_map(function(hint)
  return { hint.inlay_hint.position.line, hint.inlay_hint.label }
end, vim.lsp.inlay_hint.get({ bufnr = 0 }))
told.hover = (ask("textDocument/hover", { position = { line = 4, character = 6 } }) or {}).contents
local items = ask("textDocument/completion", { position = { line = 5, character = 38 } }) or { items = {} }
told.completion = vim.tbl_map(function(item) return item.label end, items.items)
local place = ask("textDocument/definition", { position = { line = 5, character = 40 } }) or {}
told.definition = place.range
vim.fn.writefile({ vim.json.encode(told) }, "told.json")
vim.cmd("qa!")
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.process
@pytest.mark.extra
def test_neovim_shows_what_the_server_says(tmp_path: Path) -> None:
    pytest.importorskip("pygls.lsp.server", reason="pygls 2 is not installed")
    editor = shutil.which("nvim")
    if editor is None:
        pytest.skip("there is no Neovim here")
    said = subprocess.run([editor, "--version"], capture_output=True, text=True, check=True).stdout
    version = re.match(r"NVIM v(\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < (0, 11):
        pytest.skip(f"the settings are for Neovim 0.11, this is {said.splitlines()[0]}")
    (settings,) = blocks("lua")
    program = tmp_path / "bin" / "cnncalc"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cnncalc "$@"\n')
    program.chmod(0o755)
    (tmp_path / "init.lua").write_text(settings)
    (tmp_path / "ask.lua").write_text(ASK)
    (tmp_path / "net.yaml").write_text(NET)
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}",
                   **{name: str(tmp_path / "xdg") for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")},
                   "PYTHONPATH": str(Path(__file__).parents[2])}  # fmt: skip
    line = [editor, "--headless", "-u", "init.lua", "-c", "luafile ask.lua"]
    subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, timeout=400, check=False)
    told = json.loads((tmp_path / "told.json").read_text())
    assert all(told[step] is True for step in ("attached", "wrong", "right", "hints")), told
    assert told["finding"] == ["unknown-argument", 5, 20, 26, "cnncalc"]
    assert told["shown"] == [[4, "-> 16x30x30  rf 3  389 k"], [5, "-> 8x28x28  rf 5  903 k"]]
    assert "macs = k*k*C_in/g*C_out*H'*W' = 3*3*3/1*16*30*30 = 388,800" in told["hover"]["value"]
    assert told["completion"] == ["prev", "input", "stem"]
    assert told["definition"]["start"] == {"line": 4, "character": NET.splitlines()[4].index("stem")}


def test_the_settings_of_helix_are_toml_that_starts_the_server() -> None:
    languages, config = map(tomllib.loads, blocks("toml"))
    server = languages["language-server"]["cnncalc"]
    assert [server["command"], *server["args"]] == ["cnncalc", "lsp"]
    assert languages["language"][0]["language-servers"] == ["cnncalc"]
    assert config["editor"]["lsp"]["display-inlay-hints"] is True


def test_what_the_page_says_of_python_is_what_it_gives(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("python")
    exec(code, {})  # noqa: S102 - the page's own lines
    assert capsys.readouterr().out.strip() == code.strip().rpartition("# ")[2]


def test_the_page_has_every_setting_with_its_default() -> None:
    from dataclasses import asdict

    from cnncalc.editor.settings import Settings

    rows = dict(re.findall(r"^\| `(\w+)` \| `(.+?)` \|", PAGE, re.MULTILINE))
    assert {name: json.loads(text) for name, text in rows.items()} == json.loads(json.dumps(asdict(Settings())))
