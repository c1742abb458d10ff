"""Record how large ELK draws networks of the zoo: `python tests/oracles/record_elk.py`.

ELK gets the boxes, the lines and the frames of our drawing, the same room between rows and within frames, and lays
them out anew. Needs elkjs: npm ci in tools/playground/web.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cnncalc

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FILE = HERE / "elk_areas.json"
FOLDED = (
    "lenet5", "resnet50", "googlenet", "densenet121", "unet", "yolov8n", "hrnet_w18", "swin_t", "mobilenet_v2",
    "inception_v3", "resnet18", "efficientnet_b0", "unet_plus_plus", "yolov3", "squeezenet1_0", "ssd300_vgg16",
    "deeplabv3_resnet50", "vit_tiny_patch16_224",
)  # fmt: skip
FULL = ("lenet5", "resnet50", "googlenet", "unet", "yolov8n", "swin_t", "inception_v3", "mobilenet_v2")
ROOM = {"between": 26, "label": 15, "inside": 7}
"""Pixels between rows, for a frame's name, within a frame: what our drawings have."""


def drawn(name: str, *, whole: bool) -> Any:
    """Return our layout of a network, folded or with a box for every layer."""
    return cnncalc.analyze(name).graph(whole=whole).layout


def asked() -> dict[str, Any]:
    """Return the layouts that are judged, by name."""
    found = {name: drawn(name, whole=False) for name in FOLDED}
    return found | {f"{name} --full": drawn(name, whole=True) for name in FULL}


def problem(layout: Any) -> dict[str, Any]:
    """Return what ELK is to lay out."""
    frames = sorted(layout.scene.frames, key=lambda frame: (frame.level, frame.start))
    return {
        "boxes": [[round(place.width, 1), round(place.height, 1)] for place in layout.places],
        "edges": [[edge.source, edge.target] for edge in layout.scene.edges],
        "frames": [[frame.start, frame.stop] for frame in frames], **ROOM,
    }  # fmt: skip


def filled(layout: Any) -> int:
    """Return the area of the boxes alone."""
    return int(sum(place.width * place.height for place in layout.places))


def main() -> int:
    """Record."""
    layouts = asked()
    lines = "\n".join(json.dumps(problem(layout)) for layout in layouts.values())
    line = [shutil.which("node") or "node", str(HERE / "record_elk.mjs"), str(ROOT / "tools" / "playground" / "web")]
    done = subprocess.run(line, input=lines, text=True, capture_output=True, check=True)
    package = ROOT / "tools" / "playground" / "web" / "node_modules" / "elkjs" / "package.json"
    version = json.loads(package.read_text(encoding="utf-8"))["version"]
    rows = {
        name: [len(layout.places), filled(layout), *json.loads(found)]
        for (name, layout), found in zip(layouts.items(), done.stdout.splitlines(), strict=True)
    }
    body = ",\n".join(f"    {json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
    columns = json.dumps(["boxes", "area of the boxes", "width", "height"])
    head = f'"elkjs": "{version}",\n  "columns": {columns}'
    FILE.write_text(f'{{\n  {head},\n  "drawings": {{\n{body}\n  }}\n}}\n', encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
