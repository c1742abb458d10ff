"""thop (pytorch-OpCounter): read in thop/vision/basic_hooks.py and calc_func.py and run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.rules.base import (
    COPIES,
    FROM_OUTPUT,
    MACS,
    MAX_POOLS,
    MOVES,
    Convention,
    FamilyRule,
    Formula,
    RuleTerm,
    along,
    counted,
    has_no_gain,
    ignored,
    inputs,
    is_module,
    outputs,
    per,
    per_element,
    states,
    when,
)

if TYPE_CHECKING:
    from cnncalc.values.work import Count

UNSEEN = "no hook: elementwise work and functions are not seen"


def seen(label: str, formula: Formula, note: str = "") -> FamilyRule:
    """Return an entry that counts modules and not functions, which no hook sees."""
    return counted(RuleTerm(label=label, formula=when(is_module, formula)), note=note)


def softmax(count: Count) -> int:
    """Return the exponentials, divisions and additions over an axis of n values: 3n - 1 per row."""
    return 3 * count.in_elements - count.in_elements // along(count)


def upsample(count: Count) -> int:
    """Return the operations per output element of each mode."""
    each = {"nearest": 1, "linear": 5, "bilinear": 11, "bicubic": 259}
    return each.get(count.arguments.get("mode", "nearest"), 0) * count.out_elements


def pooled(count: Count) -> int:
    """Return one addition per input element and one division per output of average pooling to a given size."""
    return count.in_elements + count.out_elements


RULE = Convention(
    name="thop",
    unit="MACs",
    source="thop.profile (Lyken17/pytorch-OpCounter)",
    version="0.1.1.post2209072238",
    summary="1 per multiply-accumulate, 4 per BatchNorm element, average pooling",
    table={
        "conv": counted(
            RuleTerm(label=MACS.label, formula=when(has_no_gain, MACS.formula)),
            note="a convolution with a gain is a class of its own, which has no hook",
        ),
        "conv_transpose": counted(MACS, FROM_OUTPUT),
        "linear": counted(MACS),
        "batch_norm": counted(*per_element("BatchNorm", 4, 2)),
        "instance_norm": counted(*per_element("InstanceNorm", 4, 2)),
        "layer_norm": counted(*per_element("LayerNorm", 4, 2)),
        "prelu": seen("1 per PReLU element", inputs),
        "softmax": seen("softmax, 3n - 1 over n channels", softmax),
        "avg_pool": seen("1 per output element of average pooling", outputs, "whatever the window"),
        "adaptive_avg_pool": seen("inputs and outputs of adaptive average pooling", pooled),
        "global_avg_pool": seen("inputs and outputs of adaptive average pooling", pooled),
        "upsample": seen("upsampling, per output element: nearest 1, linear 5, bilinear 11, bicubic 259", upsample),
        "lstm": counted(MACS, RuleTerm(label="16 per state of an LSTM", formula=per(16, states))),
        "gru": counted(MACS, RuleTerm(label="13 per state of a GRU", formula=per(13, states))),
        **MOVES,
        **COPIES,
        **ignored(UNSEEN, "attention", "attention_softmax", "attention_bias", "matmul", "correlation", "affine"),
        **ignored(UNSEEN, "grid_sample", "l2_norm"),
        **ignored(UNSEEN, "activation", "log_softmax", "merge", "layer_scale", "channel_pool", "lp_pool"),
        **ignored("has a hook that counts 0", *MAX_POOLS),
        **ignored("no hook", "rms_norm", "grn", "roi_align", "group_norm", "local_response_norm", "deform_conv"),
    },
    mistakes=(
        "the number is called MACs but counts 4 per BatchNorm element, where 2 are computed and none is one of these",
        "transposed convolutions are counted at output positions: 4 times too many at stride 2",
        "average pooling costs 1 per output whatever its window",
        "nearest upsampling, which computes nothing, costs 1 per output",
        "bias, activations, GroupNorm and everything called as a function count as 0",
    ),
)
