"""A scene -> DOT, for Graphviz and what reads its files: boxes with their lines, clusters for frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.drawing import words
from cnncalc.drawing.colours import colouring, tone
from cnncalc.drawing.scene import walk
from cnncalc.values.diagnostics import one_line

if TYPE_CHECKING:
    from cnncalc.drawing.scene import Scene

RANKS = {"down": "TB", "right": "LR"}


def quoted(text: str) -> str:
    """Return text as a string of DOT."""
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def to_dot(scene: Scene, *, direction: str = "down", color_by: str = "op") -> str:
    """Return a scene as DOT; the widths of lines follow the tensors, as in the SVG.

    Raises:
        ValueError: there is no such colouring.
    """
    colours = colouring(scene.boxes, color_by)

    def node(number: int) -> str:
        box = scene.boxes[number]
        lines = "\n".join(" ".join(filter(None, line)) for line in words.lines(box))
        work = box.total("macs")
        if work:
            lines += f"\n{words.share_text(work, scene.report.totals.macs)}"
        it = tone(colours.classes[number])
        label = "\\n".join(quoted(line)[1:-1] for line in lines.split("\n"))
        shape = "ellipse" if box.kind in {"input", "output"} else "box"
        return f'n{number} [label="{label}", shape={shape}, color="{it.line}", fillcolor="{it.ground}"];'

    body = []
    depth = 1
    for kind, number in walk(scene):
        if kind == "box":
            body.append("  " * depth + node(number))
        elif kind == "open":
            label = quoted(scene.frames[number].title)
            body.append("  " * depth + f"subgraph cluster{number} {{ label={label}; style=dashed; color=gray;")
            depth += 1
        else:
            depth -= 1
            body.append("  " * depth + "}")
    head = [f"digraph {quoted(scene.name)} {{", f"  rankdir={RANKS[direction]};",
            '  node [style="filled,rounded", fontname="Helvetica", fontsize=11];',
            "  edge [color=gray45, arrowsize=0.6];"]  # fmt: skip
    edges = [
        f"  n{edge.source} -> n{edge.target} [tooltip={quoted(words.shape_text(edge.shape))}, "
        f"penwidth={1 + min(4, edge.shape.elements.bit_length() / 6):.1f}];"
        for edge in scene.edges
    ]  # fmt: skip
    return "\n".join([*head, *body, *edges, "}"]) + "\n"
