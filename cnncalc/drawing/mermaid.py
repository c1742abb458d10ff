"""A scene -> Mermaid, which GitHub draws inside Markdown; folded until it keeps within what GitHub takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.drawing import words
from cnncalc.drawing.colours import colouring, tone
from cnncalc.drawing.scene import DEEPEST, scene, walk
from cnncalc.values.diagnostics import one_line

if TYPE_CHECKING:
    from cnncalc.drawing.scene import Scene
    from cnncalc.results.report import Report

MOST_EDGES = 280
MOST_CHARACTERS = 50_000
"""What Mermaid on GitHub takes (its `maxEdges` was 280 before 500)."""
DIRECTIONS = {"down": "TD", "right": "LR"}
UNSAFE = set('"#;&<>`\\{}[]()|%')


def escaped(text: str) -> str:
    """Return text as a Mermaid label has it, within quotes: what means something else there by its number."""
    return "".join(f"#{ord(c)};" if c in UNSAFE or ord(c) < 32 else c for c in one_line(text))


def to_mermaid(report: Report, depth: int | None = None, *, direction: str = "down", color_by: str = "op") -> str:
    """Return a network as a Mermaid flowchart.

    Raises:
        ValueError: there is no such colouring; or the outermost blocks alone are more than GitHub draws.
    """
    made = scene(report, depth)
    level = depth or DEEPEST
    while True:
        text = flowchart(made, direction, color_by)
        if len(made.edges) <= MOST_EDGES and len(text) <= MOST_CHARACTERS:
            return text
        level -= 1
        if level < 1:
            break
        made = scene(report, level)
    raise ValueError(
        f"even with every block folded, '{report.name}' has {len(made.edges):,} edges and {len(text):,} characters; "
        f"Mermaid on GitHub takes {MOST_EDGES} and {MOST_CHARACTERS:,}"
    )


def flowchart(made: Scene, direction: str, color_by: str) -> str:
    """Return a scene as a flowchart, whatever its size."""
    colours = colouring(made.boxes, color_by)

    def node(number: int) -> str:
        box = made.boxes[number]
        lines = [" ".join(filter(None, line)) for line in words.lines(box)]
        work = box.total("macs")
        if work:
            lines[-1] += f", {words.share_text(work, made.report.totals.macs)}"
        label = "<br>".join(map(escaped, lines))
        left, right = ("([", "])") if box.kind in {"input", "output"} else ("[", "]")
        return f'n{number}{left}"{label}"{right}:::{colours.classes[number]}'

    lines = [f"flowchart {DIRECTIONS[direction]}"]
    depth = 1
    for kind, number in walk(made):
        if kind == "box":
            lines.append("  " * depth + node(number))
        elif kind == "open":
            lines.append("  " * depth + f'subgraph s{number}["{escaped(made.frames[number].title) or " "}"]')
            depth += 1
        else:
            depth -= 1
            lines.append("  " * depth + "end")
    lines += [f"  n{edge.source} --> n{edge.target}" for edge in made.edges]
    for name in sorted(set(colours.classes)):
        it = tone(name)
        lines.append(f"  classDef {name} fill:{it.ground},stroke:{it.line},color:#1b222c")
    return "\n".join(lines) + "\n"
