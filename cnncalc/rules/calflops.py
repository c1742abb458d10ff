"""calflops: read in calflops/pytorch_ops.py and run."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncalc.numbers.doors import exactly
from cnncalc.rules.base import (
    BIAS,
    COPIES,
    MACS,
    MAX_POOLS,
    MEAN_POOLS,
    MOVES,
    PLAIN_NORMS,
    STANDARDISED,
    TWICE,
    Convention,
    RuleTerm,
    counted,
    ignored,
    inputs,
    is_called,
    is_function,
    is_module,
    per,
    per_element,
    rank,
    states,
    when,
)
from cnncalc.rules.functional import area, inside_lp_pool, inside_response_norm
from cnncalc.rules.fvcore import BATCH_NORM

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.values.work import Count


def each_axis(value: object, axes: int) -> tuple[int, ...]:
    """Return an argument that is one number or one per axis as one per axis."""
    return value if isinstance(value, tuple) else (value,) * axes  # type: ignore[return-value]


def forward_sizes(count: Count, pads: tuple[int, ...]) -> tuple[int, ...]:
    """Return the output sizes of a convolution with these windows, padded alike on both sides."""
    axes = rank(count)
    kernels, strides, dilations = (each_axis(count.arguments[name], axes) for name in ("kernel", "stride", "dilation"))
    sizes = zip(count.in_shapes[0][1:], pads, kernels, strides, dilations, strict=True)
    return tuple((n + 2 * p - (d * (k - 1) + 1)) // s + 1 for n, p, k, s, d in sizes)


def groups_twice(count: Count) -> int | None:
    """Return what a grouped transposed convolution loses: its products are divided by the groups twice."""
    groups = int(count.arguments["groups"])
    if count.macs is None:
        return None
    filters = count.out_channels // groups
    return 2 * (exactly(count.macs, filters) * (filters // groups) - count.macs)


def transposed_bias(count: Count) -> int | None:
    """Return the bias of one group at the output positions of the forward convolution; None where PyTorch has none."""
    if not count.bias_outputs:
        return 0
    axes, groups, padding = rank(count), int(count.arguments["groups"]), count.arguments["padding"]
    kernels, dilations = (each_axis(count.arguments[name], axes) for name in ("kernel", "dilation"))
    if padding == "half":
        padding = tuple((d * (k - 1) + 1) // 2 for k, d in zip(kernels, dilations, strict=True))
    elif padding == "valid":
        padding = 0
    if isinstance(padding, str) or (isinstance(padding, tuple) and len(padding) != axes):
        return None
    return exactly(count.out_channels, groups) * prod(forward_sizes(count, each_axis(padding, axes)))


def upsample(count: Count) -> int | None:
    """Return the input's elements for a factor, the size's positions without channels for a size."""
    size, scale = count.arguments.get("size"), count.arguments.get("scale")
    if size is not None:
        return prod(size) if isinstance(size, tuple) else int(size)
    return None if isinstance(scale, tuple) else count.in_elements


def is_template(count: Count) -> bool:
    """Whether a correlation is a convolution by a template, not a comparison of shifted maps."""
    return count.arguments.get("displacement") is None


def twice(condition: Callable[[Count], bool]) -> tuple[RuleTerm, RuleTerm]:
    """Return the terms of two operations per multiply-accumulate, where a condition holds."""
    return (
        RuleTerm(label=MACS.label, formula=when(condition, MACS.formula)),
        RuleTerm(label=TWICE.label, formula=when(condition, TWICE.formula)),
    )


SAID = twice(is_function)
ACTIVATION = RuleTerm(label="1 per activation element", formula=inputs)
POOL = RuleTerm(label="1 per pooling input element", formula=when(is_called, inputs))

RULE = Convention(
    name="calflops",
    unit="FLOPs",
    source="calflops.calculate_flops",
    version="0.3.2",
    summary="2 per multiply-accumulate, bias of convolutions, 2 per BatchNorm element, activations, pooling inputs",
    table={
        "conv": counted(MACS, TWICE, BIAS, STANDARDISED),
        **dict.fromkeys(("attention", "matmul"), counted(*SAID, note="the operator @ and fused calls are not seen")),
        "attention_softmax": counted(RuleTerm(label=ACTIVATION.label, formula=when(is_function, inputs))),
        "correlation": counted(
            *twice(is_template), note="a template is a convolution; shifts are multiplied by @, which is not seen"
        ),
        "lstm": counted(MACS, TWICE, RuleTerm(label="10 per state of an LSTM", formula=per(10, states))),
        "gru": counted(MACS, TWICE, RuleTerm(label="7 per state of a GRU", formula=per(7, states))),
        "conv_transpose": counted(
            MACS,
            TWICE,
            RuleTerm(label="products of transposed convolutions divided by the groups twice", formula=groups_twice),
            RuleTerm(label="bias of transposed convolutions at forward positions", formula=transposed_bias),
        ),
        "linear": counted(MACS, TWICE, note="without bias"),
        "batch_norm": counted(*BATCH_NORM),
        "instance_norm": counted(*per_element("InstanceNorm", 5, 4)),
        "layer_norm": counted(*per_element("LayerNorm", 5, 4)),
        "group_norm": counted(*per_element("GroupNorm", 5, 4)),
        "local_response_norm": counted(
            RuleTerm(label="inside local response normalisation", formula=inside_response_norm)
        ),
        **dict.fromkeys(("relu", "leaky_relu", "prelu", "elu", "gelu", "silu", "softmax"), counted(ACTIVATION)),
        "relu6": counted(
            RuleTerm(label=ACTIVATION.label, formula=when(lambda count: not is_module(count), inputs)),
            note="the module runs hardtanh, which is not patched",
        ),
        **dict.fromkeys((*MAX_POOLS, *MEAN_POOLS), counted(POOL)),
        "lp_pool": counted(RuleTerm(label="inside power-average pooling", formula=inside_lp_pool)),
        "upsample": counted(
            RuleTerm(label="upsampling: inputs for a factor, positions for a size", formula=upsample),
            RuleTerm(label="adaptive pooling inside area resizing", formula=area),
        ),
        **MOVES,
        **COPIES,
        **ignored("not patched", "attention_bias", "affine", "grid_sample", "roi_align", *PLAIN_NORMS),
        **ignored("not patched", "activation", "log_softmax", "channel_pool", "layer_scale", "deform_conv"),
        **ignored("the operators + and * are not patched; torch.add and torch.mul would be, 1 per element", "merge"),
    },
    mistakes=(
        "bias counts for convolutions, not for linear layers",
        "grouped transposed convolutions are divided by their groups twice, down to 0",
        "the bias of a transposed convolution counts one group at the sizes of the forward convolution",
        "ReLU6 modules count as 0, ReLU as 1 per element",
        "upsampling to a size counts positions without channels, by a factor the input's elements",
    ),
)
