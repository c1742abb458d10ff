"""TensorFlow's profiler on a frozen Keras model, as keras-flops calls it: run, and read in flops_registry.py."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncalc.rules.base import (
    BIAS,
    MACS,
    MOVES,
    TWICE,
    Convention,
    Formula,
    RuleTerm,
    counted,
    has_scale,
    ignored,
    inputs,
    per,
    rank,
    when,
)

if TYPE_CHECKING:
    from cnncalc.values.work import Count

UNREGISTERED = "the profiler has no number for this operator of TensorFlow"


def hidden(count: Count) -> int:
    """Return what is lost where groups are no depthwise convolution: Keras wraps these in a function on a CPU."""
    groups = int(count.arguments.get("groups", 1))
    if groups in (1, count.channels) or count.macs is None:
        return 0
    return -2 * count.macs


def transposed(count: Count) -> int | None:
    """Return twice the products at output positions over the stride's area, less twice the multiply-accumulates.

    Of a transposed convolution on three axes the profiler sees the bias alone.
    """
    if count.macs is None:
        return None
    if rank(count) > 2:
        return -2 * count.macs
    before = prod(count.in_shapes[0][1:])
    after = prod(count.out_shapes[0][1:])
    stride = count.arguments.get("stride", 1)
    area = prod(stride) if isinstance(stride, (list, tuple)) else int(stride) ** rank(count)
    return 2 * count.macs * after // (before * area) - 2 * count.macs


def window(count: Count) -> int:
    """Return the window positions of a pool on one or two axes; the profiler has no number for three."""
    return count.taps * count.out_elements if rank(count) < 3 else 0


def joined(count: Count) -> int:
    """Return one operation per output for each further input."""
    return (len(count.in_shapes) - 1) * count.out_elements


def positions(count: Count) -> int:
    """Return how many vectors of channels the input has."""
    return count.in_elements // count.channels


def groups(count: Count) -> int:
    """Return the groups of a group normalisation, each with statistics of its own."""
    return int(count.arguments.get("groups", 32))


def channels(count: Count) -> int:
    """Return the channels."""
    return count.channels


def nearest(count: Count) -> int:
    """Return the two products of sizes inside nearest upsampling; resizing by other modes has no number."""
    return 2 if count.arguments.get("mode", "nearest") == "nearest" else 0


def unscaled(formula: Formula) -> Formula:
    """Return a formula of normalisations without learnable scale."""
    return when(lambda count: not count.affine, formula)


def each(number: int, what: str, formula: Formula = inputs) -> RuleTerm:
    """Return the term of that many operations per element of something."""
    return RuleTerm(label=f"{number} per {what}", formula=per(number, formula))


RULE = Convention(
    name="keras",
    unit="FLOPs",
    source="tf.compat.v1.profiler on the frozen graph, which keras-flops 0.1.2 prints",
    version="Keras 3.15.1, TensorFlow 2.21.0",
    summary="2 per multiply-accumulate, bias, 2 per BatchNorm element, pools, merges; no ReLU, no sigmoid, no tanh",
    table={
        "conv": counted(MACS, TWICE, BIAS, RuleTerm(label="grouped convolutions, which are not seen", formula=hidden)),
        "conv_transpose": counted(
            MACS, TWICE, BIAS, RuleTerm(label="transposed convolutions from their outputs", formula=transposed)
        ),
        "linear": counted(MACS, TWICE, BIAS),
        "matmul": counted(MACS, TWICE),
        "batch_norm": counted(
            each(2, "BatchNorm element"),
            RuleTerm(label="6 per BatchNorm channel", formula=when(has_scale, per(6, channels))),
            RuleTerm(label="5 per BatchNorm channel without scale", formula=unscaled(per(5, channels))),
        ),
        "layer_norm": counted(
            RuleTerm(label="9 per LayerNorm element", formula=when(has_scale, per(9, inputs))),
            RuleTerm(label="7 per LayerNorm element without scale", formula=unscaled(per(7, inputs))),
            each(4, "LayerNorm position", positions),
        ),
        "group_norm": counted(
            each(6, "GroupNorm element"),
            RuleTerm(label="3 per GroupNorm channel", formula=when(has_scale, per(3, channels))),
            each(4, "GroupNorm group", groups),
        ),
        "rms_norm": counted(each(4, "RMSNorm element"), each(3, "RMSNorm position", positions)),
        "gelu": counted(each(4, "GELU element")),
        "silu": counted(each(2, "SiLU element")),
        "hardsigmoid": counted(each(2, "hard sigmoid element")),
        "hardswish": counted(each(3, "hard swish element")),
        "mish": counted(each(1, "Mish element")),
        "prelu": counted(each(3, "PReLU element"), each(1, "PReLU slope", lambda count: count.params)),
        "softmax": counted(each(5, "softmax element")),
        "activation": counted(note=UNREGISTERED),
        "log_softmax": counted(note=UNREGISTERED),
        "max_pool": counted(RuleTerm(label="pools, 1 per position of each window", formula=window)),
        "avg_pool": counted(RuleTerm(label="pools, 1 per position of each window", formula=window)),
        "global_avg_pool": counted(each(1, "input element of global average pooling")),
        "global_max_pool": counted(note=UNREGISTERED),
        "merge": counted(RuleTerm(label="merges, 1 per output and further input", formula=joined)),
        "upsample": counted(RuleTerm(label="2 per nearest upsampling", formula=nearest)),
        **MOVES,
        **ignored("moves elements, computes nothing", "repeat_channels"),
    },
    mistakes=(
        "grouped convolutions that are not depthwise count as 0 on a CPU, where Keras hides them in a function",
        "transposed convolutions are counted at output positions over the stride: too many without `same` padding",
        "ReLU, sigmoid, tanh, global maximum and three-dimensional pools count as 0",
        "a pool's window counts in full, border or not",
    ),
)
