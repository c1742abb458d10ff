"""What the pages on diagnostics and on the gate say of every code, for reading without a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HEADING = re.compile(r"^### `([a-z0-9-]+)`$")
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (.+) \|$")


@dataclass(frozen=True, slots=True)
class CodePage:
    """What is said of one code: Markdown paragraphs and blocks of examples, and the page it is from."""

    text: str
    source: str

    @property
    def summary(self) -> str:
        """The first sentence."""
        first = self.text.split("\n\n", 1)[0].replace("\n", " ")
        return re.split(r"(?<=[.;]) ", first, maxsplit=1)[0].rstrip(";.") + "."


def folder() -> Path:
    """Return the folder of the pages: inside the installed package, or beside it in a checkout."""
    packaged = Path(__file__).parent / "docs"
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "docs"


@cache
def codes() -> dict[str, CodePage]:
    """Return every code with its text, those of specs first, then those of the gate."""
    found: dict[str, CodePage] = {}
    code, lines = "", list[str]()

    def close() -> None:
        if code:
            found[code] = CodePage("\n".join(lines).strip(), "docs/diagnostics.md")

    for line in (folder() / "diagnostics.md").read_text(encoding="utf-8").splitlines():
        heading = HEADING.match(line)
        if heading or line.startswith(("# ", "## ")):
            close()
            code, lines = heading[1] if heading else "", []
        else:
            lines.append(line)
    close()
    _, _, gate = (folder() / "check.md").read_text(encoding="utf-8").partition("### Codes")
    for line in gate.partition("\n## ")[0].splitlines():
        if row := ROW.match(line):
            sentence = row[2][:1].upper() + row[2][1:] + "."
            found.setdefault(row[1], CodePage(f"{sentence} `cnncalc check` says so.", "docs/check.md"))
    return found
