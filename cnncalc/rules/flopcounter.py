"""PyTorch's FlopCounterMode: read in torch/utils/flop_counter.py and run."""

from __future__ import annotations

from cnncalc.rules.base import (
    ACTIVATIONS,
    COPIES,
    MACS,
    MAX_POOLS,
    MEAN_POOLS,
    MOVES,
    NORMS,
    PLAIN_NORMS,
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
        **dict.fromkeys(("matmul", "correlation"), counted(MACS, TWICE)),
        "gru": counted(MACS, TWICE),
        **ignored("the CPU's own kernel has no formula", "lstm"),
        **MOVES,
        **COPIES,
        **ignored("only matrix products and convolutions have a formula", "attention_softmax", "attention_bias"),
        **ignored("only matrix products and convolutions have a formula", "affine", "grid_sample", *PLAIN_NORMS),
        **ignored("only matrix products and convolutions have a formula", *NORMS, "local_response_norm"),
        **ignored("only matrix products and convolutions have a formula", *ACTIVATIONS, "merge", "layer_scale"),
        **ignored("only matrix products and convolutions have a formula", *MAX_POOLS, *MEAN_POOLS, "lp_pool"),
        **ignored("only matrix products and convolutions have a formula", "channel_pool", "upsample"),
        **ignored("torchvision's own operator, which has no formula there", "deform_conv", "roi_align"),
    },
    mistakes=("deformable convolutions count as 0",),
)
