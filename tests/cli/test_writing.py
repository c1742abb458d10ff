"""Whatever writes a file writes it whole or not at all, and asks before it replaces what a run reads."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from modules import parts_of

import cnncalc
from cnncalc.cli import run
from cnncalc.values import files

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = Path(cnncalc.__file__).parent
SPEC = "cnncalc: 1\ninput: [3, 8, 8]\nlayers: [{conv: {out: 4, kernel: 3}}]\n"
OPENERS = {"open", "fdopen", "savefig", "write_text", "write_bytes"}
ELSEWHERE = {
    "values/files.py": 2,  # the one place
    "cli/check_forms.py": 1,  # appends to the step summary, whose file is made to be appended to
    "cli/__init__.py": 2,  # stand-ins for closed streams
    "cli/lsp.py": 1,  # standard output, kept for the protocol
    "cli/sweep.py": 1,  # rows as they come, so that a run that is stopped can be resumed
    "render/plot.py": 1,  # into memory
    "interop/exporting/running.py": 1,  # a source that is imported, in a folder that goes with it
}
"""How many calls of a module open something to write."""


def writes(node: ast.AST) -> bool:
    """Whether a call opens or writes a file."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in OPENERS:
        return False
    modes = [part.value for part in (*node.args, *(word.value for word in node.keywords))
             if isinstance(part, ast.Constant) and isinstance(part.value, str)]  # fmt: skip
    return name not in {"open", "fdopen"} or any(set(mode) & set("wax+") and len(mode) <= 3 for mode in modes)


def test_every_file_is_written_in_one_place() -> None:
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        count = sum(writes(node) for node in parts_of(file))
        if count:
            found[file.relative_to(PACKAGE).as_posix()] = count
    assert found == ELSEWHERE


def ran(*arguments: str) -> None:
    if run(list(arguments)):
        raise OSError(arguments)


def built(file: str) -> None:
    network = cnncalc.Network(input=(3, 8, 8))
    network.conv(4, kernel=3)
    network.save(file)


WRITERS: dict[str, Callable[[str], object]] = {
    "the builder": built,
    "CSV of a report": lambda file: cnncalc.analyze("net.yaml").to_csv(file),
    "show": lambda file: ran("show", "net.yaml", "-o", file),
    "show, JSON": lambda file: ran("show", "net.yaml", "--format", "json", "-o", file),
    "expand": lambda file: ran("expand", "net.yaml", "-o", file),
    "explain": lambda file: ran("explain", "net.yaml", "conv1", "-o", file),
    "rf": lambda file: ran("rf", "net.yaml", "conv1", "-o", file),
    "diff": lambda file: ran("diff", "net.yaml", "net.yaml", "-o", file),
    "compare": lambda file: ran("compare", "net.yaml", "-o", file),
    "reconcile": lambda file: ran("reconcile", "net.yaml", "--claim", "params=112", "-o", file),
    "check": lambda file: ran("check", "net.yaml", "--max", "macs=1G", "-o", file),
    "check, a second form": lambda file: ran("check", "net.yaml", "--max", "macs=1G", "-f", f"json={file}"),
    "calc": lambda file: ran("calc", "conv 4 k3", "--input", "3x8x8", "-o", file),
    "ops": lambda file: ran("ops", "-o", file),
    "schema": lambda file: ran("schema", "-o", file),
    "init": lambda file: ran("init", f"{file}.yaml", "--force"),
    "plot": lambda file: ran("plot", "net.yaml", "-o", f"{file}.svg"),
    "export": lambda file: ran("export", "tflite", "net.yaml", "-o", file),
}
ENDINGS = {"init": ".yaml", "plot": ".svg"}
NEEDS = {"plot": "matplotlib", "export": "flatbuffers"}


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """What a writer writes, which is there already."""
    writer = request.node.callspec.params["writer"]
    if writer in NEEDS:
        pytest.importorskip(NEEDS[writer])
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(SPEC, encoding="utf-8")
    file = tmp_path / f"out{ENDINGS.get(writer, '')}"
    file.write_text("the old content\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.usefixtures("capsys")
def test_a_full_disk_leaves_the_old_file(writer: str, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"{files.__name__}.os.fsync", full)
    with pytest.raises(OSError, match=r"No space|out"):
        WRITERS[writer]("out")
    assert target.read_text(encoding="utf-8") == "the old content\n"
    assert sorted(file.name for file in Path().iterdir()) == sorted(["net.yaml", target.name])


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.usefixtures("capsys")
def test_the_new_file_is_whole(writer: str, target: Path) -> None:
    WRITERS[writer]("out")
    assert len(target.read_bytes()) > len("the old content\n")
    assert sorted(file.name for file in Path().iterdir()) == sorted(["net.yaml", target.name])


@pytest.mark.parametrize("writer", sorted(WRITERS.keys() - {"the builder", "CSV of a report", "init"}))
@pytest.mark.usefixtures("capsys")
def test_no_command_replaces_a_spec(writer: str, target: Path, tmp_path: Path) -> None:
    """A link under another name is the same file, and a spec that the run does not read is a spec, too."""
    del target
    name = f"out{ENDINGS.get(writer, '')}"
    for other in ("net.yaml", "other.yaml"):
        spec = tmp_path / other
        spec.write_text(SPEC, encoding="utf-8")
        (tmp_path / name).unlink(missing_ok=True)
        (tmp_path / name).symlink_to(spec)
        with pytest.raises(OSError, match="out"):
            WRITERS[writer]("out")
        assert spec.read_text(encoding="utf-8") == SPEC
