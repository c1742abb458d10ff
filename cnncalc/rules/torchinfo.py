"""torchinfo: read in torchinfo/layer_info.py and run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.rules.base import (
    BIAS,
    COPIES,
    FROM_OUTPUT,
    MACS,
    MAX_POOLS,
    MEAN_POOLS,
    MOVES,
    Convention,
    FamilyRule,
    RuleTerm,
    counted,
    ignored,
)

if TYPE_CHECKING:
    from cnncalc.values.work import Count


def params(count: Count) -> int | None:
    """Return the learnable values."""
    return count.params


def per_step(count: Count) -> int | None:
    """Return the parameters of a recurrent layer at every step of the sequence."""
    return None if count.params is None else count.params * count.in_shapes[0][1]


def once(count: Count) -> int | None:
    """Return what a linear layer on a map loses by being counted at one position."""
    if count.macs is None:
        return None
    _, after = linear_positions(count)
    return count.macs // after - count.macs


def linear_positions(count: Count) -> tuple[int, int]:
    """Return the outputs' features and the positions that a linear layer acts on."""
    features: int = count.arguments.get("out", count.out_channels)
    return features, count.out_elements // features


def by_params(name: str) -> FamilyRule:
    """Return the entry of a layer counted by its parameters, whatever the size of the map."""
    return counted(RuleTerm(label=f"1 per {name} parameter", formula=params))


BIAS_ONCE = RuleTerm(label="bias, 1 per linear output feature", formula=lambda count: count.biases)
OPAQUE = "has no parameters of its own, so no mult-adds"

RULE = Convention(
    name="torchinfo",
    unit="mult-adds",
    source="torchinfo.summary, total_mult_adds",
    version="1.8.0",
    summary="every parameter once, those of convolutions at every output position",
    table={
        "conv": counted(MACS, BIAS),
        "deform_conv": counted(MACS, BIAS),
        "conv_transpose": counted(MACS, FROM_OUTPUT, BIAS),
        "linear": counted(
            MACS,
            RuleTerm(label="linear layers on a map counted at one position", formula=once),
            BIAS_ONCE,
        ),
        "batch_norm": by_params("BatchNorm"),
        "instance_norm": by_params("InstanceNorm"),
        "layer_norm": by_params("LayerNorm"),
        "group_norm": by_params("GroupNorm"),
        "prelu": by_params("PReLU"),
        "rms_norm": by_params("RMSNorm"),
        "grn": by_params("GRN"),
        "recurrent": counted(RuleTerm(label="recurrent parameters, once per step", formula=per_step)),
        **MOVES,
        **COPIES,
        **ignored(OPAQUE, "attention", "attention_softmax", "attention_bias", "matmul", "correlation"),
        **ignored(OPAQUE, "grid_sample", "roi_align"),
        **ignored("its parameters are not called weight or bias", "affine", "l2_norm"),
        **ignored(OPAQUE, "activation", "softmax", "log_softmax", "merge", "upsample", "channel_pool"),
        **ignored(OPAQUE, *MAX_POOLS, *MEAN_POOLS, "lp_pool", "local_response_norm"),
        **ignored("its parameter is not called weight or bias", "layer_scale"),
    },
    mistakes=(
        "normalisations and PReLU count once per parameter, whatever the size of the map",
        "transposed convolutions are counted at output positions: 4 times too many at stride 2",
        "a linear layer on a map counts at one position",
        "multiplied by the batch",
    ),
)
