"""Which module each name of a file is, and how its settings are scaled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.interop.ultralytics import anchored, attention, blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.graph.graph import Ref


class Module(NamedTuple):
    """A module.

    Attributes:
        make: adds it, given its place, what it reads, and its settings.
        least: how many settings it has at least.
        scaled: whether the first setting is channels out, which the width scales.
        deep: whether it repeats inside itself, at this place of its settings; None: it stands in a row.
        newer: whether a head after it has the branch of classes of YOLO11.
    """

    make: Callable[..., Ref | tuple[Ref, ...]]
    least: int = 0
    scaled: bool = True
    deep: int | None = None
    newer: bool = False


def _plain(name: str, *names: str) -> Callable[..., Ref]:
    """Return the entry of a layer of PyTorch whose settings stand in this order."""

    def entry(y: Any, x: Ref, *given: Any) -> Ref:
        arguments = {ours: value for ours, value in zip(names, given, strict=False) if value is not None}
        found: Ref = y.add(name, x, **arguments)
        return found

    return entry


def _upsample(y: Any, x: Ref, size: Any = None, scale: Any = None, mode: Any = "nearest") -> Ref:
    found: Ref = y.add("upsample", x, mode=mode, **({"size": size} if scale is None else {"scale": scale}))
    return found


def _pad(y: Any, x: Ref, sides: Any) -> Ref:
    """nn.ZeroPad2d: left, right, top, bottom."""
    left, right, top, bottom = sides if isinstance(sides, list) else [sides] * 4
    found: Ref = y.add("pad", x, amount=(top, bottom, left, right))
    return found


MODULES: dict[str, Module] = {
    "Conv": Module(blocks.conv, 1),
    "DWConv": Module(blocks.depthwise, 1),
    "GhostConv": Module(blocks.ghost, 1),
    "GhostBottleneck": Module(blocks.ghost_bottleneck, 1),
    "Bottleneck": Module(lambda y, x, out, shortcut=True, g=1, k=(3, 3), e=0.5: blocks.bottleneck(
        y, x, out, shortcut, g, tuple(k), e), 1),
    "C2": Module(blocks.c2, 1, deep=1),
    "C2f": Module(blocks.c2f, 1, deep=1),
    "C3": Module(blocks.c3, 1, deep=1),
    "C3k": Module(blocks.c3k, 1, deep=1),
    "Focus": Module(anchored.focus, 1),
    "BottleneckCSP": Module(anchored.bottleneck_csp, 1, deep=1),
    "C3Ghost": Module(blocks.c3_ghost, 1, deep=1),
    "C3k2": Module(attention.c3k2, 1, deep=1, newer=True),
    "C2fCIB": Module(blocks.c2f_cib, 1, deep=1),
    "C2PSA": Module(attention.c2_psa, 1, deep=1),
    "C2fPSA": Module(attention.c2f_psa, 1, deep=1),
    "PSA": Module(attention.psa, 1),
    "A2C2f": Module(attention.a2_c2f, 1, deep=1, newer=True),
    "SPP": Module(blocks.spp, 1),
    "SPPF": Module(blocks.sppf, 1),
    "SPPELAN": Module(blocks.spp_elan, 2),
    "SCDown": Module(blocks.sc_down, 1),
    "AConv": Module(blocks.a_conv, 1),
    "ADown": Module(blocks.a_down, 1),
    "ELAN1": Module(blocks.elan1, 3),
    "RepNCSPELAN4": Module(blocks.rep_elan, 3),
    "RepC3": Module(blocks.rep_c3, 1, deep=1),
    "RepConv": Module(lambda y, x, out, k=3, s=1: blocks.rep_conv(y, x, out, s), 1),
    "Classify": Module(blocks.classify, 1),
    "CBLinear": Module(blocks.cb_linear, 1, scaled=False),
    "HGStem": Module(blocks.hg_stem, 2, scaled=False),
    "HGBlock": Module(blocks.hg_block, 2, scaled=False, deep=3),
    "ResNetLayer": Module(lambda y, x, entering, *given: blocks.resnet_layer(y, x, *given), 2, scaled=False),
    "AIFI": Module(attention.aifi, 1, scaled=False),
    "nn.ConvTranspose2d": Module(blocks.transposed, 1),
    "nn.Conv2d": Module(_plain("conv", "out", "kernel", "stride", "padding"), 2),
    "nn.BatchNorm2d": Module(_plain("batch_norm"), scaled=False),
    "nn.Identity": Module(_plain("identity"), scaled=False),
    "nn.MaxPool2d": Module(_plain("max_pool", "kernel", "stride", "padding"), 1, scaled=False),
    "nn.Upsample": Module(_upsample, 2, scaled=False),
    "nn.ZeroPad2d": Module(_pad, 1, scaled=False),
}  # fmt: skip
"""Modules that read one tensor."""

HEADS = frozenset(
    ("Detect", "v10Detect", "Segment", "Segment26", "Pose", "Pose26", "OBB", "OBB26", "WorldDetect", "YOLOEDetect",
     "YOLOESegment", "YOLOESegment26", "RTDETRDecoder", "SemanticSegment", "Depth")
)  # fmt: skip
"""Modules that end a network."""
