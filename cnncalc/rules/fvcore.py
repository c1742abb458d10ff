"""fvcore's FlopCountAnalysis: read in fvcore/nn/flop_count.py and jit_handles.py and run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.rules.base import (
    ACTIVATIONS,
    COPIES,
    MACS,
    MAX_POOLS,
    MOVES,
    PLAIN_NORMS,
    STANDARDISED,
    WEIGHTED,
    Convention,
    Formula,
    RuleTerm,
    counted,
    ignored,
    inputs,
    is_called,
    is_fused,
    outputs,
    per,
    per_element,
    rank,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.values.work import Count


def has_running_stats(count: Count) -> bool:
    """Whether a BatchNorm uses running statistics; without them it is traced as in training."""
    return count.buffers > 0


def batch_norm(running: bool, scaled: int, plain: int) -> tuple[RuleTerm, ...]:
    """Return the terms of BatchNorm with running statistics or without."""
    name = "BatchNorm" if running else "BatchNorm (own statistics)"
    return tuple(
        RuleTerm(label=term.label, formula=when(lambda count: has_running_stats(count) is running, term.formula))
        for term in per_element(name, scaled, plain)
    )


def resized(mode: str) -> Callable[[Count], bool]:
    """Return the condition that a two-dimensional map is upsampled in this mode."""
    return lambda count: rank(count) == 2 and count.arguments.get("mode", "nearest") == mode


def adaptive(formula: Formula) -> Formula:
    """Return the formula for adaptive_avg_pool2d, the only average pooling with a handle."""
    return when(lambda count: rank(count) == 2 and is_called(count), formula)


BATCH_NORM = (*batch_norm(running=True, scaled=2, plain=1), *batch_norm(running=False, scaled=5, plain=4))
POOLED = RuleTerm(label="1 per input element of adaptive average pooling", formula=adaptive(inputs))

RULE = Convention(
    name="fvcore",
    unit="FLOPs",
    source="fvcore.nn.FlopCountAnalysis; timm's gmacs and the mmengine family count alike",
    version="0.1.5.post20221221",
    summary="1 per multiply-accumulate, 2 per BatchNorm element, 1 per input element of adaptive average pooling",
    table={
        **dict.fromkeys(WEIGHTED, counted(MACS)),
        "conv": counted(MACS, STANDARDISED),
        "batch_norm": counted(*BATCH_NORM),
        "instance_norm": counted(*per_element("InstanceNorm", 5, 4)),
        "layer_norm": counted(*per_element("LayerNorm", 5, 4)),
        "group_norm": counted(*per_element("GroupNorm", 5, 4)),
        "adaptive_avg_pool": counted(POOLED, note="only on two-dimensional maps"),
        "global_avg_pool": counted(POOLED, note="only on two-dimensional maps, and not where the code says x.mean()"),
        "upsample": counted(
            RuleTerm(label="1 per output element of nearest upsampling", formula=when(resized("nearest"), outputs)),
            RuleTerm(
                label="4 per output element of bilinear upsampling", formula=when(resized("bilinear"), per(4, outputs))
            ),
            RuleTerm(label="1 per input element of area resizing", formula=when(resized("area"), inputs)),
            note="other modes and ranks are unsupported",
        ),
        "attention": counted(
            RuleTerm(label=MACS.label, formula=when(lambda count: not is_fused(count), MACS.formula)),
            note="products that are written out; fused attention is unsupported, not counted",
        ),
        **dict.fromkeys(("matmul", "correlation"), counted(MACS)),
        "grid_sample": counted(
            RuleTerm(label="4 per output element of grid sampling", formula=per(4, outputs)), note="whatever the mode"
        ),
        **ignored("unsupported, not in the total", "recurrent"),
        **MOVES,
        **COPIES,
        **ignored("unsupported, not in the total", "attention_softmax", "attention_bias", "affine", *PLAIN_NORMS),
        **ignored("reported as unsupported or skipped, not in the total", *ACTIVATIONS, *MAX_POOLS, "avg_pool"),
        **ignored("reported as unsupported or skipped, not in the total", "lp_pool", "channel_pool", "merge"),
        **ignored("reported as unsupported, not in the total", "layer_scale", "local_response_norm", "deform_conv"),
        **ignored("reported as unsupported, not in the total", "roi_align"),
    },
    mistakes=(
        "the number is called FLOPs but a multiply-accumulate is 1, a BatchNorm element 2: two units in one sum",
        "bias is not counted",
        "adaptive average pooling is counted, the same pooling as avg_pool2d, mean() or on other ranks is not",
        "deformable convolutions count as 0",
    ),
)
