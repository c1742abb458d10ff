"""Darknet's BFLOPs: read in src/convolutional_layer.c, maxpool_layer.c and shortcut_layer.c of AlexeyAB/darknet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.rules.base import MACS, MOVES, TWICE, Convention, RuleTerm, counted, ignored

if TYPE_CHECKING:
    from cnncalc.values.work import Count


def windows(count: Count) -> int:
    """Return the window positions of a pool: its size on every axis times its outputs."""
    return count.taps * count.out_elements


def added(count: Count) -> int:
    """Return one operation per output for each further input of a sum."""
    return (len(count.in_shapes) - 1) * count.out_elements


POOL = counted(RuleTerm(label="pools, 1 per position of each window", formula=windows))
SILENT = "its line prints no operations"

RULE = Convention(
    name="darknet",
    unit="FLOPs",
    source="the BF column of Darknet (AlexeyAB/darknet, src/*_layer.c)",
    version="2020-06 and later",
    summary="2 per multiply-accumulate of convolutions, window size x outputs of pools, 1 per output of a shortcut",
    table={
        "conv": counted(MACS, TWICE),
        "max_pool": POOL,
        "avg_pool": POOL,
        "add": counted(RuleTerm(label="shortcuts, 1 per output and further input", formula=added)),
        **MOVES,
        **ignored(SILENT, "linear", "activation", "softmax", "upsample", "global_avg_pool", "mul"),
        **ignored("part of its convolution, counted with none of it", "batch_norm"),
    },
    mistakes=(
        "linear layers count as 0, so AlexNet and VGG come out too low",
        "a pool's window counts in full, border or not",
        "normalisations and activations count as 0",
    ),
)
