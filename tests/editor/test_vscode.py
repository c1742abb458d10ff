"""The extension for VS Code: what it tells the server is what the server knows, and its client is answered."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from cnncalc.cli import COMMANDS
from cnncalc.editor.settings import Settings

EXTENSION = Path(__file__).parents[2] / "editors" / "vscode"


def test_its_settings_are_the_server_s_with_the_same_defaults() -> None:
    package = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    declared = {name.removeprefix("cnncalc."): entry["default"]
                for name, entry in package["contributes"]["configuration"]["properties"].items()}  # fmt: skip
    program, command = declared.pop("command")
    assert program == "cnncalc"
    assert command in COMMANDS
    assert declared == json.loads(json.dumps(asdict(Settings())))
    source = (EXTENSION / "src" / "extension.ts").read_text(encoding="utf-8")
    sent = re.search(r"fromEntries\(\[(.*?)\]", source)
    assert sent is not None
    assert set(re.findall(r'"(\w+)"', sent[1])) == set(declared)


@pytest.mark.process
@pytest.mark.extra
def test_its_client_is_answered() -> None:
    pytest.importorskip("pygls.lsp.server", reason="pygls 2 is not installed")
    node = shutil.which("node")
    if node is None or not (EXTENSION / "node_modules" / "vscode-languageserver-protocol").is_dir():
        pytest.skip("there is no Node here, or npm ci has not run in editors/vscode")
    line = [node, "test/drive.mjs", sys.executable, "-m", "cnncalc", "lsp"]
    done = subprocess.run(line, cwd=EXTENSION, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "the server answers VS Code's client\n"
