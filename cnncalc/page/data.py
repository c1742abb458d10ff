"""What the page's script knows of a network, as JSON that no HTML can be made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cnncalc.render.explain import layer_lines
from cnncalc.results.layer import plain

if TYPE_CHECKING:
    from cnncalc.drawing.scene import Scene
    from cnncalc.explanation.model import Explained
    from cnncalc.results.report import Report

FORMULA_WIDTH = 84
MOST_EXPLAINED = 1500
"""Networks of more layers show no formulas: the file would be too large."""
KEYS = ("params", "macs", "flops")


def embedded(data: object) -> str:
    """Return data as JSON inside a script element: no character that could end it or begin another."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for unsafe in "<>&\u2028\u2029":
        text = text.replace(unsafe, f"\\u{ord(unsafe):04x}")
    return text.encode("utf-8", "replace").decode()


def network(report: Report, scene: Scene, explained: Explained | None) -> dict[str, Any]:
    """Return one network: its layers, which of them stand in which box, and the lines of their formulas.

    Lines that several layers have are held once.
    """
    index = {layer.path: number for number, layer in enumerate(report.layers)}
    known: dict[str, int] = {}
    formulas: list[list[int]] = []
    for one in explained.layers if explained is not None else ():
        texts = [line.text for line in layer_lines(one, FORMULA_WIDTH)]
        formulas.append([known.setdefault(text, len(known)) for text in texts[1:]])
    layers = [
        {
            "path": layer.path,
            "text": f"{layer.op} {layer.text}".strip(),
            "in": [index.get(name.rpartition(":")[0] if name not in index else name, -1) for name in layer.inputs],
            "shape": list(layer.out_shape),
            **{key: getattr(layer, key) for key in KEYS},
            "memory": None if layer.memory_access is None else layer.memory_access.total,
            "live": layer.live,
            "rf": list(layer.receptive_field),
            "jump": plain(layer.jump),
            "start": list(layer.start),
            "global": layer.is_global,
            "line": layer.line,
            **({"f": formulas[number]} if formulas else {}),
        }
        for number, layer in enumerate(report.layers)
    ]
    boxes = [[index[layer.path] for layer in box.layers] for box in scene.boxes]
    return {
        "name": report.name, "input": list(report.input[0][1]) if report.input else [], "layers": layers,
        "boxes": boxes, "lines": list(known),
    }  # fmt: skip
