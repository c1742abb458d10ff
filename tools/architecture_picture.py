"""The picture of docs/architecture.md: which room of the package imports which, read from the imports.

A room is a folder or a file directly under `cnncalc/`. Imports for type checkers alone are left out, those inside
functions count; an arrow that others imply is not drawn.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACKAGE = Path(__file__).parent.parent / "cnncalc"
PAGE = PACKAGE.parent / "docs" / "architecture.md"
START, END = "<!-- picture: python tools/renew.py architecture -->\n", "<!-- end of the picture -->\n"
LEFT_OUT = {"", "__main__", "_version", "builder_stub", "pytest_plugin"}
"""What every room may use, or what nobody imports."""


def page() -> str:
    """Return the page with the picture of today."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}{picture()}{END}{after}"


def picture() -> str:
    """Return the rooms and the arrows between them as a Mermaid drawing, the highest room first."""
    edges = reduced(rooms())
    lines = [f"  {room} --> {below}" for room in sorted(edges, key=lambda room: (-depth(room, edges), room))
             for below in sorted(edges[room])]  # fmt: skip
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```", ""])


@cache
def rooms() -> dict[str, set[str]]:
    """Return which rooms each room imports."""
    found: dict[str, set[str]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        here = room_of(file.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", "."))
        for module in imported(ast.parse(file.read_text(encoding="utf-8"))):
            there = room_of(module)
            if here != there and not {here, there} & LEFT_OUT:
                found.setdefault(here, set()).add(there)
                found.setdefault(there, set())
    return found


def room_of(module: str) -> str:
    """Return the room that a module under `cnncalc` is in."""
    return module.removesuffix(".__init__").partition(".")[0].removeprefix("__init__")


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the modules of this package that are imported when the code runs, without the package's name."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            package, _, module = node.module.partition(".")
            if package == "cnncalc":
                yield from [module] if module else [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[2] for alias in node.names if alias.name.startswith("cnncalc."))
        yield from imported(node)


def reduced(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return the arrows without those that a longer way implies.

    Raises:
        ValueError: the arrows go in a circle.
    """
    below = {room: reached(room, edges) for room in edges}
    if circle := [room for room in edges if room in below[room]]:
        raise ValueError(f"these rooms import each other: {', '.join(circle)}")
    return {room: {to for to in edges[room] if not any(to in below[other] for other in edges[room])} for room in edges}


def reached(room: str, edges: Mapping[str, set[str]]) -> set[str]:
    """Return every room that a room imports, directly or through others."""
    found: set[str] = set()
    waiting = list(edges[room])
    while waiting:
        there = waiting.pop()
        if there not in found:
            found.add(there)
            waiting += edges[there]
    return found


def depth(room: str, edges: Mapping[str, set[str]]) -> int:
    """Return how many rooms lie below a room on the longest way."""
    return max((1 + depth(below, edges) for below in edges[room]), default=0)
