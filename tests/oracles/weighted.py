"""Which weighted layers a report has, named as `record_frameworks.py` names those that it sees in PyTorch."""

from __future__ import annotations

from collections import Counter, defaultdict
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import cnncalc
    from cnncalc.results.layer import Layer

VIEWS = frozenset({"flatten", "reshape", "permute", "identity", "dropout", "drop_path"})
"""What makes no tensor of its own in PyTorch, while it evaluates."""
WINDOWS = frozenset({"conv", "depthwise", "conv_transpose"})


def weighted(report: cnncalc.Report) -> dict[str, int]:
    """Return how often each weighted layer runs; one-point layers that read one tensor count as one."""
    layers = {layer.path: layer for layer in report.layers}
    windows: Counter[str] = Counter()
    points: dict[tuple[str, int, int], int] = defaultdict(int)
    for layer in report.layers:
        if layer.op in WINDOWS and (label := window(layer)):
            windows[label] += 1
        elif layer.weighted:
            outs, ins, count = point(layer)
            points[source(layer, layers), ins, count] += outs
    found = windows + Counter(f"{outs}<-{ins} @{count}" for (_, ins, count), outs in points.items())
    return dict(sorted(found.items()))


def window(layer: Layer) -> str | None:
    """Return the label of a convolution, None for one of a single point."""
    (ins, *axes), (out, *map_) = layer.in_shapes[0], layer.out_shapes[0]
    arguments = dict(layer.arguments)
    kernel = arguments["kernel"]
    kernel = tuple(kernel) if isinstance(kernel, tuple | list) else (kernel,) * len(axes)
    groups = ins if layer.op == "depthwise" else arguments.get("groups", 1)
    if layer.op == "conv_transpose":
        weight: tuple[int, ...] = (ins, out // groups, *kernel)
        return f"T{'x'.join(map(str, weight))} g{groups} @{'x'.join(map(str, map_))}"
    if prod(kernel) == 1 and groups == 1:
        return None
    weight = (out, ins // groups, *kernel)
    return f"{'x'.join(map(str, weight))} g{groups} @{'x'.join(map(str, map_))}"


def point(layer: Layer) -> tuple[int, int, int]:
    """Return the outputs and inputs of a layer of single points, and how many points there are."""
    if layer.op == "linear":
        outs = dict(layer.arguments)["out"]
        count = layer.out_shapes[0].elements // outs
        return outs, layer.in_shapes[0].elements // count, count
    (ins, *_), (outs, *axes) = layer.in_shapes[0], layer.out_shapes[0]
    return outs, ins, prod(axes)


def source(layer: Layer, layers: dict[str, Layer]) -> str:
    """Return the tensor that a layer reads, through views."""
    name = layer.inputs[0]
    while name in layers and layers[name].op in VIEWS:
        name = layers[name].inputs[0]
    return name
