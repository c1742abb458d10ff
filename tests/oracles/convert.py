"""Recorded PyTorch cases as spec mappings: what `cnncalc.analyze` takes, in cnncalc's names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from . import Graph, LayerRecord, Shape

Arguments = dict[str, Any]
LABEL = "it"

OWN_NAMES = {
    "out_channels": "out",
    "out_features": "out",
    "kernel_size": "kernel",
    "ceil_mode": "ceil",
    "output_size": "size",
    "scale_factor": "scale",
    "upscale_factor": "factor",
    "downscale_factor": "factor",
    "num_groups": "groups",
    "num_parameters": "parameters",
    "elementwise_affine": "affine",
    "track_running_stats": "running_stats",
}

NAMES = {
    "Conv1d": "conv",
    "Conv2d": "conv",
    "Conv3d": "conv",
    "ConvTranspose2d": "conv_transpose",
    "MaxPool2d": "max_pool",
    "AvgPool2d": "avg_pool",
    "AdaptiveAvgPool2d": "adaptive_avg_pool",
    "Upsample": "upsample",
    "PixelShuffle": "pixel_shuffle",
    "PixelUnshuffle": "pixel_unshuffle",
    "ZeroPad2d": "pad",
    "BatchNorm2d": "batch_norm",
    "LayerNorm": "layer_norm",
    "GroupNorm": "group_norm",
    "Linear": "linear",
    "Flatten": "flatten",
    "Dropout": "dropout",
    "PReLU": "prelu",
    "ReLU": "relu",
    "ReLU6": "relu6",
    "LeakyReLU": "leaky_relu",
    "SiLU": "silu",
    "Sigmoid": "sigmoid",
    "Hardswish": "hardswish",
    "Hardsigmoid": "hardsigmoid",
    "Softmax": "softmax",
    "Add": "add",
    "Mul": "mul",
    "Concat": "concat",
}

RANKS = {"1d": 1, "2d": 2, "3d": 3}


class Kind(Enum):
    """What a recorded layer demands of cnncalc."""

    NUMBERS = "shape, parameters, buffers and multiply-accumulates as recorded"
    REFUSED = "an error, as in PyTorch"
    REFUSED_ON_PURPOSE = "an error where PyTorch goes on"
    ACCEPTED_ON_PURPOSE = "accepted where PyTorch refuses"
    UNWRITABLE = "no spec says this"


@dataclass(frozen=True, slots=True)
class LayerCase:
    """A recorded layer as a spec whose only layer is called `it`; `out_shape` is without the batch."""

    kind: Kind
    reason: str
    spec: Mapping[str, Any] | None = None
    out_shape: Shape | None = None


class UnwritableError(Exception):
    """A spec has no words for this."""


def _fixed_channels(key: str) -> Callable[[Arguments, Shape], None]:
    def check(arguments: Arguments, x: Shape) -> None:
        if arguments.pop(key, x[0]) != x[0]:
            raise UnwritableError(f"{key} contradicts the input")

    return check


def _linear(arguments: Arguments, x: Shape) -> None:
    if arguments.pop("in_features", x[-1]) != x[-1]:
        raise UnwritableError("in_features contradicts the input")
    if len(x) > 1:
        arguments["axis"] = "last"


def _layer_norm(arguments: Arguments, x: Shape) -> None:
    shape = arguments.pop("normalized_shape")
    trailing = tuple(shape) if isinstance(shape, list) else (shape,)
    if trailing != x[-len(trailing) :]:
        raise UnwritableError("normalized_shape contradicts the input")
    arguments["over"] = len(trailing)


def _flatten(arguments: Arguments, x: Shape) -> None:
    """PyTorch counts the batch as axis 0; a spec has no batch, so axes from the front are one less."""
    for theirs, ours in (("start_dim", "start"), ("end_dim", "end")):
        axis = arguments.pop(theirs, None)
        if axis is None:
            continue
        if axis in {0, -len(x) - 1}:
            raise UnwritableError("flattens the batch axis")
        arguments[ours] = axis - 1 if axis > 0 else axis


def _zero_pad(arguments: Arguments, _: Shape) -> None:
    """PyTorch: left, right, top, bottom; here axis by axis: top, bottom, left, right."""
    amount = arguments.pop("padding")
    if isinstance(amount, list):
        left, right, top, bottom = amount
        amount = [top, bottom, left, right]
    arguments["amount"] = amount


def _upsample(arguments: Arguments, _: Shape) -> None:
    if "mode" in arguments:
        arguments["mode"] = arguments["mode"].replace("-", "_")


def _drop(*keys: str) -> Callable[[Arguments, Shape], None]:
    def drop(arguments: Arguments, _: Shape) -> None:
        for key in keys:
            arguments.pop(key, None)

    return drop


REWRITES: dict[str, Callable[[Arguments, Shape], None]] = {
    "Conv1d": _fixed_channels("in_channels"),
    "Conv2d": _fixed_channels("in_channels"),
    "Conv3d": _fixed_channels("in_channels"),
    "ConvTranspose2d": _fixed_channels("in_channels"),
    "BatchNorm2d": _fixed_channels("num_features"),
    "GroupNorm": _fixed_channels("num_channels"),
    "Linear": _linear,
    "LayerNorm": _layer_norm,
    "Flatten": _flatten,
    "ZeroPad2d": _zero_pad,
    "Upsample": _upsample,
    "Softmax": _drop("dim"),
    "Concat": _drop("dim"),
}


def operator(op: str, attributes: Mapping[str, Any], x: Shape, *, own_names: bool = True) -> tuple[str, Arguments]:
    """The operator key and its arguments for a PyTorch module on an input `x` (without the batch).

    With `own_names=False` the arguments keep PyTorch's names, which cnncalc takes as aliases.

    Raises:
        UnwritableError: the case contradicts what a spec infers, or touches the batch.
    """
    if RANKS.get(op[-2:], len(x) - 1) != len(x) - 1:
        raise UnwritableError("the operator's rank contradicts the input")
    arguments = dict(attributes)
    if op in REWRITES:
        REWRITES[op](arguments, x)
    if own_names:
        arguments = {OWN_NAMES.get(key, key): value for key, value in arguments.items()}
    return NAMES[op], arguments


def _per_axis(value: Any, rank: int) -> list[Any]:
    return list(value) if isinstance(value, list) else [value] * rank


def _same(record: LayerRecord, x: Shape) -> tuple[Kind, str, Shape | None] | None:
    """What `padding: same` means where PyTorch refuses it, or None where the refusal has another ground.

    An output padding beside `same` has one: the word settles the output's size.
    """
    given = record.attributes
    if given.get("padding") != "same":
        return None
    transposed = record.op.startswith("ConvTranspose")
    rank = len(x) - 1
    strides = _per_axis(given.get("stride", 1), rank)
    positive = [*strides, *_per_axis(given["kernel_size"], rank), *_per_axis(given.get("dilation", 1), rank)]
    ground = "must be tuple of ints" if transposed else "not supported for strided"
    settled = any(_per_axis(given.get("output_padding", 0), rank))
    if ground not in str(record.error) or min(positive) < 1 or settled:
        return None
    extents = [n * s if transposed else -(-n // s) for n, s in zip(x[1:], strides, strict=True)]
    return Kind.ACCEPTED_ON_PURPOSE, "`same` with a stride", (given["out_channels"], *extents)


def layer_case(record: LayerRecord, *, own_names: bool = True) -> LayerCase:
    """The spec of one recorded layer and what it must give."""
    x = record.in_shape[1:]
    try:
        name, arguments = operator(record.op, record.attributes, x, own_names=own_names)
    except UnwritableError as error:
        return LayerCase(Kind.UNWRITABLE, str(error))
    spec = {"cnncalc": 1, "input": list(x), "layers": [{name: arguments, "as": LABEL}]}
    if record.op == "ZeroPad2d" and min(_per_axis(arguments["amount"], 4)) < 0:
        return LayerCase(Kind.REFUSED_ON_PURPOSE, "a negative amount is a crop", spec)
    if record.quirk:
        return LayerCase(Kind.REFUSED_ON_PURPOSE, "an empty map", spec)
    if record.error:
        kind, reason, shape = _same(record, x) or (Kind.REFUSED, record.error, None)
        return LayerCase(kind, reason, spec, shape)
    assert record.out_shape is not None
    return LayerCase(Kind.NUMBERS, "", spec, record.out_shape[1:])


def label(name: str) -> str:
    """A recorded node's name as a label: letters, digits and underscores, never a digit first."""
    return re.sub(r"\W", "_", name) if name[0].isalpha() else "n_" + re.sub(r"\W", "_", name)


def graph_case(graph: Graph) -> dict[str, Any]:
    """The spec of a recorded network: one labelled item per node, in the recorded order.

    `from:` stands where a node does not follow the item before it. A concatenation of one tensor, as densely
    connected networks record it, is the identity.
    """
    shapes = {"input": graph.input}
    labels = {"input": "input"}
    items: list[dict[str, Any]] = []
    before = "input"
    for node in graph.nodes:
        labels[node.name] = label(node.name)
        sources = [labels[name] for name in node.inputs]
        name, arguments = operator(node.op, node.attributes, shapes[node.inputs[0]])
        if name in {"add", "mul", "concat"}:
            item: dict[str, Any] = {name: sources} if len(sources) > 1 else {"identity": {}}
        else:
            item = {name: arguments}
        if len(sources) == 1 and node.inputs[0] != before:
            item["from"] = sources[0]
        items.append(item | {"as": labels[node.name]})
        shapes[node.name] = node.out_shape
        before = node.name
    if len(set(labels.values())) != len(labels):
        raise ValueError(f"two nodes of {graph.id} would have one label")
    return {
        "cnncalc": 1,
        "name": graph.id,
        "input": list(graph.input),
        "layers": items,
        "outputs": [labels[before]],
    }


def mismatch_summary(what: str, mismatches: list[str], total: int, shown: int = 25) -> str:
    """One readable assertion message for many compared cases."""
    rest = len(mismatches) - shown
    more = [f"... and {rest} more"] if rest > 0 else []
    return "\n".join([f"{what}: {len(mismatches)} of {total} differ", *mismatches[:shown], *more])
