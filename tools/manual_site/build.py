"""Build the documentation as a site: `python tools/manual_site/build.py -o FOLDER`.

Needs zensical, 0.0.73 or later of 0.0. With `--play FOLDER`, a page that `tools/playground/build.py` wrote goes along,
and networks lead to it. The site asks no other host. Links that lead nowhere end the build with exit code 1.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DOCS = ROOT / "docs"
SPLIT = {"operators.md", "diagnostics.md", "zoo.md"}
"""Pages whose sections become pages."""
START = "lenet5"
PLAY = "play"
NAVIGATION = {
    "Home": ("index.md",),
    "Language": ("language.md", "blocks.md", "own-operators.md", "graph.md", "counting.md"),
    "Operators": ("operators/index.md",),
    "Zoo": ("zoo/index.md", "coverage.md"),
    "See and understand": ("drawing.md", "report.md", "browser.md", "explain.md", "receptive-fields.md", "reconcile.md",
                           "sizes.md"),
    "Gate": ("check.md",),
    "Deploy and choose": ("memory.md", "deployment.md", "devices.md", "designs.md"),
    "Exchange": ("formats.md", "exporting.md"),
    "Work with it": ("commands.md", "editor.md", "notebook.md", "builder.md"),
    "Diagnostics": ("diagnostics/index.md",),
    "About": ("reliability.md", "cross-examined.md", "architecture.md"),
}  # fmt: skip
LAST = "About"
CONFIG = """\
[project]
site_name = "cnncalc"
site_description = "What a convolutional network is: sizes, receptive field, parameters, operations."
docs_dir = "docs"
site_dir = "site"
use_directory_urls = false
extra_css = ["site.css"]
nav = {nav}

[project.theme]
font = false
language = "en"
features = ["navigation.tabs", "navigation.top", "search.highlight", "content.code.copy", "toc.follow"]

[[project.theme.palette]]
media = "(prefers-color-scheme: light)"
scheme = "default"
toggle.icon = "lucide/sun"
toggle.name = "dark"

[[project.theme.palette]]
media = "(prefers-color-scheme: dark)"
scheme = "slate"
toggle.icon = "lucide/moon"
toggle.name = "light"
"""


def sources(*, play: bool) -> dict[str, str | bytes]:
    """Return the files that the site is made of, Markdown with its drawings and pictures.

    Args:
        play: whether the page for browsers is on the site.

    Raises:
        ValueError: an example does not say what its page says.
    """
    from cnncalc import zoo
    from tools.manual_site import pages
    from tools.manual_site.links import relinked

    read = {file.name: file.read_text(encoding="utf-8") for file in sorted(DOCS.glob("*.md"))}
    made: dict[str, str | bytes] = {name: text for name, text in read.items() if name not in SPLIT}
    made["index.md"] = front(play=play)
    made["site.css"] = (HERE / "site.css").read_text(encoding="utf-8")
    made |= {f"img/{file.name}": file.read_bytes() for file in (DOCS / "img").iterdir()}
    made |= {file.name: file.read_bytes() for file in DOCS.glob("*.json")}
    for part in (pages.operators(read["operators.md"]), pages.diagnostics(read["diagnostics.md"]),
                 pages.networks(read["zoo.md"])):  # fmt: skip
        made |= dict(part)
    specs = {file.stem for file in zoo.files()}
    for name, text in made.items():
        if name.endswith(".md") and isinstance(text, str):
            stem = name.removeprefix("zoo/").removesuffix(".md")
            link = f'; <a href="../{PLAY}/index.html#zoo={stem}">open it in the browser</a>' if play else ""
            page = f"{name.partition('/')[0]}.md" if "/" in name else name
            made[name] = relinked(text.replace("{{play}}", link), name, page, made.keys(), specs)
    return made


def front(*, play: bool) -> str:
    """Return the first page, with what its commands print."""
    from cnncalc import zoo
    from cnncalc.cli import run
    from cnncalc.rules import CONVENTIONS
    from cnncalc.zoo.figures import figures

    shown = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    os.environ["COLUMNS"] = "110"
    with redirect_stdout(shown):
        run(["show", START])
    shown.seek(0)
    text = (zoo.folder() / f"{START}.yaml").read_text(encoding="utf-8")
    spec = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    link = f'<p><a class="md-button md-button--primary" href="{PLAY}/index.html">Try it in this browser</a></p>\n\n'
    put = {
        "play": link if play else "", "spec": spec, "name": START, "shown": shown.read().rstrip(),
        "files": len(zoo.files()), "networks": len(zoo.entries()), "figures": len(figures()),
        "rules": len(CONVENTIONS),
    }  # fmt: skip
    page = (HERE / "front.md").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: str(put[found[1]]), page)


def navigation(made: dict[str, str | bytes]) -> str:
    """Return the navigation as TOML; pages of `docs/` that have no place in it stand at its end."""
    listed = {page for group in NAVIGATION.values() for page in group}
    others = [name for name in sorted(made) if name.endswith(".md") and "/" not in name and name not in listed]
    groups = []
    for title, group in {**NAVIGATION, LAST: (*NAVIGATION[LAST], *others)}.items():
        inside = ", ".join(f"{{{json.dumps(heading(made[page]))} = {json.dumps(page)}}}" for page in group)
        groups.append(f"{{{json.dumps(title)} = [{inside}]}}")
    return f"[{', '.join(groups)}]"


def heading(page: str | bytes) -> str:
    """Return the heading of a page."""
    found = re.search(r"^# (.+)$", str(page), re.MULTILINE)
    return found[1].replace("`", "") if found else "?"


def build(out: Path, play: Path | None = None) -> list[str]:
    """Write the site into a folder, which is empty or holds an earlier one, and return the links that lead nowhere.

    Raises:
        ValueError: the folder holds something else, or an example does not say what its page says.
        CalledProcessError: the generator has failed.
    """
    from tools.manual_site.links import broken

    if out.is_dir() and any(out.iterdir()) and not (out / "search.json").is_file():
        raise ValueError(f"{out} holds something that is no site of ours")
    made = sources(play=play is not None)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name, data in made.items():
            file = work / "docs" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
        (work / "zensical.toml").write_text(CONFIG.format(nav=navigation(made)), encoding="utf-8")
        subprocess.run([sys.executable, "-m", "zensical", "build"], cwd=work, check=True, stdout=sys.stderr)
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(work / "site", out)
    if play is not None:
        shutil.copytree(play, out / PLAY)
    return broken(out)


def main() -> int:
    """Build, and say what leads nowhere."""
    parser = argparse.ArgumentParser(prog="python tools/manual_site/build.py", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--play", type=Path, metavar="FOLDER", help="the page for browsers, built before")
    asked = parser.parse_args()
    found = build(asked.output.resolve(), asked.play)
    for link in found:
        sys.stdout.write(f"leads nowhere: {link}\n")
    pages = len(list(asked.output.rglob("*.html")))
    sys.stdout.write(f"wrote {pages} pages to {asked.output}, {len(found)} links lead nowhere\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT)]
    sys.exit(main())
