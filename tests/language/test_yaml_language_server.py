"""What an editor with yaml-language-server offers and marks, driven over its streams; skipped loudly without npm."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.process, pytest.mark.network]
SCHEMA = Path(__file__).parents[2] / "docs" / "spec.schema.json"
HEAD = "cnncalc: 1\ninput: [3, 32, 32]\nlayers:\n"
BLOCKS = "blocks:\n  mine: {params: {o: }, layers: [{conv: {out: o, kernel: 3}}]}\n"


class Server:
    """A running language server."""

    def __init__(self, program: Path) -> None:
        self.process = subprocess.Popen(["node", str(program), "--stdio"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
        self.found: dict[str, list[dict[str, Any]]] = {}
        self.number = 0
        self.settings = {"schemas": {str(SCHEMA): ["*.yaml"]}, "completion": True, "hover": True, "validate": True,
                         "schemaStore": {"enable": False}}  # fmt: skip
        self.ask("initialize", {"processId": None, "rootUri": None,
                                "capabilities": {"workspace": {"configuration": True}}})  # fmt: skip
        self.send({"method": "initialized", "params": {}})
        self.send({"method": "workspace/didChangeConfiguration", "params": {"settings": {"yaml": self.settings}}})

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        size = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        assert size, "the server ended"
        message: dict[str, Any] = json.loads(self.process.stdout.read(size))
        if message.get("method") == "textDocument/publishDiagnostics":
            self.found[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            wanted = message.get("params", {}).get("items", []) if "configuration" in message["method"] else []
            answer = [self.settings if item.get("section") == "yaml" else {} for item in wanted]
            self.send({"id": message["id"], "result": answer or None})
        return message

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        self.number += 1
        number = self.number
        self.send({"id": number, "method": method, "params": params})
        while True:
            message = self.read()
            if message.get("id") == number and "method" not in message:
                return message.get("result")

    def opened(self, text: str) -> str:
        self.number += 1
        uri = f"file:///spec{self.number}.yaml"
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        while uri not in self.found:
            self.read()
        return uri

    def marked(self, text: str) -> set[int]:
        return {found["range"]["start"]["line"] for found in self.found[self.opened(text)]}

    def at(self, method: str, text: str, line: int, column: int) -> Any:
        place = {"line": line, "character": column}
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": self.opened(text)}, "position": place})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if shutil.which("npm") is None:
        pytest.skip("there is no npm: what editors offer is NOT tested")
    folder = tmp_path_factory.mktemp("server")
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "yaml-language-server@1"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        pytest.skip("npm installs nothing here: what editors offer is NOT tested")
    running = Server(folder / "node_modules" / ".bin" / "yaml-language-server")
    with running.process:
        yield running
        running.process.kill()


def test_completion_inserts_nothing_wrong_and_offers_canonical_names(server: Server) -> None:
    found = server.at("completion", f"{HEAD}  - \n", 3, 4)
    items = {item["label"]: item for item in (found["items"] if isinstance(found, dict) else found)}
    assert {"relu", "conv", "flatten", "global_avg_pool"} <= items.keys()
    assert not {"conv2d", "dwconv", "deconv", "swish", "gap"} & items.keys()
    for name in ("relu", "conv", "flatten", "global_avg_pool"):
        assert items[name].get("insertText", name).strip() == f"{name}:"


@pytest.mark.parametrize("layer", ["convv: 3", "reluu", "conv: {out: 3, kernel: 3, strde: 2}",
                                   "{conv: {out: 3, kernel: 3}, ass: x}", "mine: 3"])  # fmt: skip
def test_what_is_wrong_is_marked(server: Server, layer: str) -> None:
    assert server.marked(f"{HEAD}  - {layer}\n") == {3}


@pytest.mark.parametrize(
    "layer", ["relu", "conv2d: {out: 3, kernel: 3}", "{relu: , as: x}", "{maxpool: 2, when: 1 > 2}"]
)
def test_what_is_right_is_not(server: Server, layer: str) -> None:
    assert not server.marked(f"{HEAD}  - {layer}\n")


def test_own_blocks_pass(server: Server) -> None:
    assert not server.marked(f"{HEAD}  - mine: 3\n  - {{mine: 3, as: x}}\n{BLOCKS}")


def test_a_bare_operator_shows_what_it_does(server: Server) -> None:
    said = server.at("hover", f"{HEAD}  - global_avg_pool\n", 3, 8)["contents"]["value"]
    assert "Mean over the whole map" in said
    assert "Allowed Values" not in said
