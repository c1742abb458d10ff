"""The rules that are no tool's: every operation, multiply-accumulates, and twice those."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.rules.base import (
    ACTIVATIONS,
    BIAS,
    MACS,
    MAX_POOLS,
    MEAN_POOLS,
    TWICE,
    Convention,
    FamilyRule,
    RuleTerm,
    counted,
)

if TYPE_CHECKING:
    from cnncalc.values.work import Count


def total(count: Count) -> int | None:
    """Return all operations."""
    return None if count.work is None else count.work.total


def beyond_macs(count: Count) -> int | None:
    """Return the operations that are neither multiply-accumulates nor bias."""
    if count.work is None or count.macs is None:
        return None
    return count.work.total - count.macs - count.bias_outputs


def everything(label: str, *families: str) -> dict[str, FamilyRule]:
    """Return the entries of families whose operations stand under one label."""
    return dict.fromkeys(families, counted(RuleTerm(label=label, formula=total)))


SUMS = counted(MACS, RuleTerm(label="additions of products, one less per sum", formula=beyond_macs), BIAS)

EXACT = Convention(
    name="exact",
    unit="FLOPs",
    source="the table of docs/counting.md",
    version="",
    summary="every scalar operation of every layer, each kind counted as one",
    table={
        "conv": SUMS,
        "conv_transpose": SUMS,
        "linear": SUMS,
        "attention": SUMS,
        "matmul": SUMS,
        "correlation": SUMS,
        **everything("recurrent layers", "recurrent"),
        **everything("attention's softmax and bias", "attention_softmax", "attention_bias"),
        "deform_conv": counted(
            MACS, RuleTerm(label="sampling between pixels and additions", formula=beyond_macs), BIAS
        ),
        **everything("BatchNorm", "batch_norm"),
        **everything("other normalisations", "instance_norm", "layer_norm", "group_norm", "local_response_norm"),
        **everything("other normalisations", "rms_norm", "l2_norm", "grn"),
        **everything("activations", *ACTIVATIONS),
        **everything("pooling", *MAX_POOLS, *MEAN_POOLS, "lp_pool", "channel_pool"),
        **everything("merges", "merge"),
        **everything("upsampling", "upsample"),
    },
    otherwise=counted(RuleTerm(label="all other layers", formula=total)),
)

TWO_PER_MAC = Convention(
    name="2mac",
    unit="FLOPs",
    source="the usual reading of a multiply-accumulate as two operations",
    version="",
    summary="2 per multiply-accumulate, nothing else",
    otherwise=counted(MACS, TWICE),
)

MAC = Convention(
    name="mac",
    unit="FLOPs",
    source="the `_ops` that torchvision publishes with its weights, and most papers",
    version="torchvision 0.28",
    summary="1 per multiply-accumulate, nothing else: what papers mostly call FLOPs",
    otherwise=counted(MACS),
)
