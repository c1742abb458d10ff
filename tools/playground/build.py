"""Build the page that runs cnncalc in a browser: `python tools/playground/build.py -o FOLDER`.

Needs node, npm and hatchling. The folder can be put on any host of static files: nothing on it asks another.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import json
import lzma
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WEB = HERE / "web"
START = "resnet50"
"""What stands in the editor at first."""
PYTHON = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
MEGABYTE = 1_000_000


def modules() -> Path:
    """Return the packages of npm that the page is made of, installed as the lock file says.

    Raises:
        FileNotFoundError: there is no npm.
        CalledProcessError: npm could not get them.
    """
    installed = WEB / "node_modules"
    if not (installed / "pyodide").is_dir():
        subprocess.run([which("npm"), "ci", "--no-audit", "--no-fund"], cwd=WEB, check=True, stdout=sys.stderr)
    return installed


def which(name: str) -> str:
    """Return where a program is.

    Raises:
        FileNotFoundError: it is not installed.
    """
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed")
    return found


def wheel(folder: Path) -> Path:
    """Build the wheel that everybody installs, and return it."""
    line = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(line, cwd=ROOT, check=True, stdout=sys.stderr)
    return next(folder.glob("*.whl"))


def archived(files: dict[str, bytes]) -> bytes:
    """Return files as one archive, compressed as a whole, that is the same whenever it is made."""
    made = BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, BytesIO(data))
    return lzma.compress(made.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def packages() -> bytes:
    """Return what Python needs in one archive: cnncalc's wheel, PyYAML's Python part, and the page's engine."""
    import yaml

    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel(Path(folder))) as built:
        files = {name: built.read(name) for name in built.namelist()}
    files |= {f"yaml/{file.name}": file.read_bytes() for file in Path(yaml.__file__).parent.glob("*.py")}
    return archived({**files, "playground_engine.py": (HERE / "engine.py").read_bytes()})


def shown_text(file: Path) -> str:
    """Return the text of a spec without what it tells other editors."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("# yaml-language-server"))


GIVEN = {"out": 64, "mid": 16, "heads": 4}
"""What the shipped blocks ask for, in a spec to start from."""


def block_spec(name: str) -> str:
    """Return a spec with one shipped block in it."""
    from cnncalc.language.standard import standard_block

    needed = [key for key, default in (standard_block(name) or {}).items() if not default and key in GIVEN]
    given = ", ".join(f"{key}: {GIVEN[key]}" for key in needed)
    return (
        f"cnncalc: 1\nname: {name}\ninput: [64, 56, 56]\nuse: [std]\nlayers:\n"
        f"  - {f'{name}: {{{given}}}' if given else name}\n"
    )


def networks() -> list[dict[str, str]]:
    """Return what can be chosen to start from: the shipped blocks, and the zoo by task."""
    from cnncalc import zoo
    from cnncalc.language.standard import standard
    from cnncalc.language.tree import Map

    blocks = standard().get("blocks")
    names = [key.text for key, _ in blocks.entries] if isinstance(blocks, Map) else []
    empty = "cnncalc: 1\nname: net\ninput: [3, 32, 32]\nlayers:\n  - conv: {out: 16, kernel: 3, padding: half}\n"
    tasks = [*zoo.TASKS]
    files = sorted(zoo.files(), key=lambda file: tasks.index(zoo.task(file)))
    return [
        {"name": "new spec", "group": "empty", "text": empty},
        *({"name": file.stem, "group": zoo.task(file), "file": f"specs/{file.name}"} for file in files),
        *({"name": f"std: {name}", "group": "shipped blocks", "text": block_spec(name)} for name in names),
    ]


def digest(text: str) -> str:
    """Return a script's place in a policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def build(out: Path) -> None:
    """Write the site into a folder, which is empty or holds an earlier one.

    Raises:
        ValueError: it holds something else.
    """
    from cnncalc import zoo
    from cnncalc._version import __version__
    from cnncalc.page import report
    from tools.playground import engine

    if out.is_dir() and any(out.iterdir()):
        if not (out / "packages.tar.xz").is_file():
            raise ValueError(f"{out} holds something that is no page of ours")
        shutil.rmtree(out)
    installed = modules()
    (out / "python").mkdir(parents=True)
    for name in PYTHON:
        shutil.copyfile(installed / "pyodide" / name, out / "python" / name)
    (out / "packages.tar.xz").write_bytes(packages())
    (out / "specs").mkdir()
    for file in zoo.files():
        (out / "specs" / file.name).write_text(shown_text(file), encoding="utf-8")
    bundle(installed, out)
    text = shown_text(zoo.folder() / f"{START}.yaml")
    first = {
        "name": START, "text": text, "networks": networks(), "version": __version__,
        "answer": json.loads(engine.answer("analyse", json.dumps({"text": text}))),
    }  # fmt: skip
    script = (Path(report.__file__).parent / "report.js").read_text(encoding="utf-8")
    page = (WEB / "index.html").read_text(encoding="utf-8")
    shown = json.dumps(first, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    page = page.replace("{{style}}", report.style()).replace("{{report}}", digest(script)).replace("{{start}}", shown)
    (out / "index.html").write_text(page, encoding="utf-8")
    shutil.copyfile(WEB / "page.css", out / "page.css")
    again = (WEB / "src" / "again.js").read_text(encoding="utf-8")
    (out / "again.js").write_text(again.replace("{{build}}", name_of(out)), encoding="utf-8")


def name_of(out: Path) -> str:
    """Return a name for what a folder holds: another where a byte is another."""
    whole = hashlib.sha256()
    for file in sorted(file for file in out.rglob("*") if file.is_file()):
        whole.update(file.relative_to(out).as_posix().encode() + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()[:16]


def bundle(installed: Path, out: Path) -> None:
    """Put the scripts together; Python's own loader stays a file of its own."""
    tool = installed / ".bin" / "esbuild"
    common = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--legal-comments=eof", "--log-level=warning"]
    for name in ("page", "worker"):
        line = [str(tool), f"src/{name}.js", *common, "--external:./python/*", f"--outfile={out / name}.js"]
        subprocess.run(line, cwd=WEB, check=True)


def sizes(out: Path) -> dict[str, int]:
    """Return the bytes of what a first visit loads, each file compressed as hosts send it."""
    visited = [file for file in out.rglob("*") if file.is_file() and file.parent.name != "specs"]
    return {str(file.relative_to(out)): len(gzip.compress(file.read_bytes(), 9)) for file in sorted(visited)}


def main() -> int:
    """Build, and say how large it became."""
    parser = argparse.ArgumentParser(prog="python tools/playground/build.py", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    out = parser.parse_args().output.resolve()
    build(out)
    found = sizes(out)
    ours = sum(size for name, size in found.items() if not name.startswith("python/"))
    total = sum(found.values())
    said = f"a first visit loads {total / MEGABYTE:.2f} MB, {ours / MEGABYTE:.2f} MB of it ours"
    sys.stdout.write(f"wrote {out}: {said}\n")
    return 0


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT)]
    sys.exit(main())
