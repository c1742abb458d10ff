"""No command opens a socket, looks up a name, or starts a program other than git."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cnncalc.cli import COMMANDS

HOOK = """
import json, runpy, sys
seen, ended = [], {}
WATCHED = ("socket.", "ftplib.", "http.", "imaplib.", "nntplib.", "poplib.", "smtplib.", "telnetlib.", "urllib.",
           "webbrowser.", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn")
def note(event, arguments):
    if event.startswith(WATCHED):
        seen.append([event, str(arguments[0]) if arguments else ""])
sys.addaudithook(note)
for line in json.loads(sys.argv[1]):
    seen, code = [], 0
    sys.argv = ["cnncalc", *line.split()]
    try:
        runpy.run_module("cnncalc", run_name="__main__", alter_sys=True)
    except SystemExit as stop:
        code = stop.code
    ended[line] = [code, seen]
print(json.dumps(ended), file=sys.stderr)
"""
SPEC = "cnncalc: 1\ninput: [3, 8, 8]\nbudgets: {macs: 1M}\nlayers: [{conv: {out: 4, kernel: 3}}]\n"
LINES: dict[str, list[str]] = {
    "show": ["show net.yaml", "show net.yaml --format json", "show net.yaml --memory --device a100", "show nothing"],
    "compare": ["compare net.yaml net.yaml"],
    "graph": ["graph net.yaml -o out.svg", "graph net.yaml --format html"],
    "report": ["report net.yaml -o out.html", "report net.yaml net.yaml -o out.html --device a100"],
    "calc": ["calc conv;relu --input 3x8x8"],
    "zoo": ["zoo resnet"],
    "ops": ["ops", "ops conv"],
    "explain": ["explain net.yaml conv1"],
    "rf": ["rf net.yaml conv1"],
    "reconcile": ["reconcile net.yaml --claim params=112"],
    "expand": ["expand net.yaml -o flat.yaml"],
    "check": ["check net.yaml", "check . -f sarif", "check net.yaml --against HEAD", "check net.yaml --max macs=1"],
    "diff": ["diff net.yaml net.yaml", "diff HEAD:net.yaml net.yaml"],
    "plot": ["plot net.yaml -o out.svg"],
    "devices": ["devices"],
    "sizes": ["sizes net.yaml --around 16"],
    "formula": ["formula net.yaml --in H --of macs"],
    "sweep": ["sweep net.yaml --vary input=8,9", "sweep net.yaml --vary input=8,9 --format csv -o rows.csv"],
    "fit": ["fit net.yaml --vary input=8..12 --max macs=1M"],
    "tile": ["tile net.yaml --tile 8 --image 64"],
    "import": ["import net.cfg", "import net.yaml"],
    "export": ["export tflite net.yaml -o out.tflite"],
    "init": ["init new.yaml"],
    "schema": ["schema"],
    "lsp": ["lsp --settings"],  # while it serves, its event loop wakes itself through a pair of sockets of its own
    "error": ["error", "error over-budget"],
    "verify": ["verify net.yaml --with onnx", "verify net.yaml --with net.cfg"],
}


def test_every_command_is_watched() -> None:
    assert set(LINES) == set(COMMANDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sockets")
    (made / "net.yaml").write_text(SPEC, encoding="utf-8")
    (made / "net.cfg").write_text("[net]\nheight=8\nwidth=8\nchannels=3\n\n[maxpool]\nsize=2\nstride=2\n")
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *arguments], cwd=made, check=True)
    return made


EVERY = [line for lines in LINES.values() for line in lines]


@pytest.fixture(scope="module")
def ended(folder: Path) -> dict[str, Any]:
    """How each line ended, and what was seen of it: one process runs them all, one after the other."""
    line = [sys.executable, "-P", "-c", HOOK, json.dumps(EVERY)]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    found: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
    return found


@pytest.mark.process
@pytest.mark.parametrize("line", EVERY)
def test_no_command_opens_a_socket(line: str, ended: dict[str, Any]) -> None:
    """The audit hook of the interpreter is told of every socket and process, whichever library asks for it."""
    code, seen = ended[line]
    assert code in {0, 1, 2}
    assert [event for event in seen if event[0] != "subprocess.Popen" or Path(event[1]).name != "git"] == []


@pytest.mark.process
def test_the_hook_sees_what_it_should() -> None:
    program = HOOK.replace('runpy.run_module("cnncalc", run_name="__main__", alter_sys=True)',
                           "import socket; socket.socket().close()")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program, '["a", "b"]'], capture_output=True, text=True, check=True)
    assert [seen[0][0] for _, seen in json.loads(done.stderr).values()] == ["socket.__new__"] * 2
