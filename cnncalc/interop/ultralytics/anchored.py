"""Heads and modules of YOLOv5's own repository and what followed it, which count boxes by anchors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.interop.ultralytics import blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Ref
    from cnncalc.interop.ultralytics.place import ModulePlace

MOST = 1000
"""Anchors of a level are at most so many."""


def anchors_of(settings: Sequence[Any]) -> int | None:
    """Return how many anchors each level of a head has; None for a head without: `[nc, anchors]`, lists or a number."""
    if len(settings) < 2:
        return None
    given = settings[1]
    if isinstance(given, list) and given and all(isinstance(level, list) and len(level) > 1 for level in given):
        return len(given[0]) // 2
    return given if isinstance(given, int) and not isinstance(given, bool) and 0 < given <= MOST else None


def detect(y: ModulePlace, xs: Sequence[Ref], values: int, anchors: int) -> Ref:
    """Detect: at each level a 1x1 convolution, so many values for each anchor; over all levels `[values, boxes]`."""
    inner = y.at("m")
    levels: list[Ref] = []
    for level, x in enumerate(xs):
        made = inner.plain(level, x, anchors * values)
        shape = y.shape(made)
        flat = y.add("reshape", made, f"flat.{level}", shape=(values, anchors * shape.elements // shape[0]))
        levels.append(y.add("permute", flat, f"turn.{level}", axes=(1, 0)))
    return y.add("sigmoid", y.add("permute", y.joined(levels), "back", axes=(1, 0)), "sigmoid")


def segment(y: ModulePlace, xs: Sequence[Ref], classes: int, anchors: int, masks: int, hidden: int) -> Ref:
    """Segment: boxes with a factor for each mask, and the masks of the first level at twice its size."""
    z = y.at("proto")
    x = z.add("upsample", z.conv("cv1", xs[0], hidden, 3), "upsample", scale=2)
    y.maker.results[f"{y.path}.masks"] = z.conv("cv3", z.conv("cv2", x, hidden, 3), masks)
    return detect(y, xs, classes + 5 + masks, anchors)


def focus(y: ModulePlace, x: Ref, out: int, k: int = 1, s: int = 1, p: int | None = None, g: int = 1,
          act: Any = True) -> Ref: # fmt: skip
    """Focus: each 2x2 window in channels, then Conv."""
    return y.conv("conv", y.add("pixel_unshuffle", x, "focus", factor=2), out, k, s, p, g, act=act)


def bottleneck_csp(y: ModulePlace, x: Ref, out: int, n: int = 1, shortcut: bool = True, g: int = 1,
                   e: Any = 0.5) -> Ref: # fmt: skip
    """BottleneckCSP: one way with bottlenecks, one without, joined before a norm (arXiv:1911.11929)."""
    hidden = int(out * e)
    main = blocks.repeated(y.at("m"), y.conv("cv1", x, hidden), n, lambda z, v: blocks.bottleneck(
        z, v, hidden, shortcut, g, (1, 3)))  # fmt: skip
    joined = y.joined([y.plain("cv3", main, hidden, bias=False), y.plain("cv2", x, hidden, bias=False)])
    normed = y.add(y.act, y.add("batch_norm", joined, "bn"), "act")
    return y.conv("cv4", normed, out)
