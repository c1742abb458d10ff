"""PyTorch's FlopCounterMode: read in torch/utils/flop_counter.py and run."""

from __future__ import annotations

from cnncalc.rules.base import (
    ACTIVATIONS,
    MACS,
    MAX_POOLS,
    MEAN_POOLS,
    MOVES,
    NORMS,
    TWICE,
    WEIGHTED,
    Convention,
    counted,
    ignored,
)

RULE = Convention(
    name="flopcounter",
    unit="FLOPs",
    source="torch.utils.flop_counter.FlopCounterMode",
    version="torch 2.13.0",
    summary="2 per multiply-accumulate of convolutions, linear layers and matrix products, nothing else",
    table={
        **dict.fromkeys(WEIGHTED, counted(MACS, TWICE)),
        "attention": counted(MACS, TWICE, note="with the math kernel; the fused kernel of a CPU has no formula"),
        "matmul": counted(MACS, TWICE),
        "gru": counted(MACS, TWICE),
        **ignored("the CPU's own kernel has no formula", "lstm"),
        **MOVES,
        **ignored("moves elements, computes nothing", "tokens"),
        **ignored("only matrix products and convolutions have a formula", "attention_softmax", "attention_bias"),
        **ignored("only matrix products and convolutions have a formula", "affine"),
        **ignored("only matrix products and convolutions have a formula", *NORMS, "local_response_norm"),
        **ignored("only matrix products and convolutions have a formula", *ACTIVATIONS, "merge", "layer_scale"),
        **ignored("only matrix products and convolutions have a formula", *MAX_POOLS, *MEAN_POOLS, "lp_pool"),
        **ignored("only matrix products and convolutions have a formula", "channel_pool", "upsample"),
        **ignored("torchvision's own operator, which has no formula there", "deform_conv"),
    },
    mistakes=("deformable convolutions count as 0",),
)
