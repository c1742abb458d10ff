"""torchscan, its multiply-accumulates: read in torchscan/modules/macs.py and _pooling.py and run."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncalc.rules.base import (
    COPIES,
    FROM_OUTPUT,
    MACS,
    MOVES,
    PLAIN_NORMS,
    Convention,
    RuleTerm,
    counted,
    ignored,
    is_module,
    per_element,
    rank,
    when,
)

if TYPE_CHECKING:
    from cnncalc.values.work import Count

UNSUPPORTED = "unsupported: a warning, 0 in the total, which torchscan then calls partial"


def window(count: Count) -> int:
    """Return the taps of a pool as torchscan sees them: of `kernel: 3` one axis only."""
    kernel = count.arguments["kernel"]
    return prod(kernel) if isinstance(kernel, tuple) else int(kernel)


def max_pool(count: Count) -> int:
    """Return a comparison less than those taps per output."""
    return count.out_elements * (window(count) - 1)


def avg_pool(count: Count) -> int:
    """Return the additions of those taps and one more per axis, per output."""
    return count.out_elements * (window(count) - 1 + rank(count))


def ratio(count: Count) -> int:
    """Return the product over the axes of in/out where it is whole, else of the rest plus one."""
    sizes = zip(count.in_shapes[0][1:], count.out_shapes[0][1:], strict=True)
    return prod(n // o if n % o == 0 else n % o + 1 for n, o in sizes)


def adaptive_max(count: Count) -> int:
    """Return a comparison less than the window's elements per output."""
    return count.out_elements * (ratio(count) - 1)


def adaptive_avg(count: Count) -> int:
    """Return the additions of the window's elements and one more per axis, per output."""
    return count.out_elements * (ratio(count) - 1 + rank(count))


MAX_POOL = RuleTerm(label="max pooling, window less 1 per output", formula=when(is_module, max_pool))
AVG_POOL = RuleTerm(label="average pooling, window less 1 plus rank per output", formula=when(is_module, avg_pool))
ADAPTIVE_MAX = RuleTerm(label="adaptive max pooling, window less 1 per output", formula=when(is_module, adaptive_max))
ADAPTIVE_AVG = RuleTerm(
    label="adaptive average pooling, window less 1 plus rank per output", formula=when(is_module, adaptive_avg)
)

RULE = Convention(
    name="torchscan",
    unit="MACs",
    source="torchscan.crawl_module, its macs (not its FLOPs)",
    version="0.2.0",
    summary="1 per multiply-accumulate, 2 per BatchNorm element, pooling",
    table={
        "conv": counted(MACS),
        "linear": counted(MACS),
        "conv_transpose": counted(
            MACS,
            FROM_OUTPUT,
            RuleTerm(label="4 per axis of a transposed convolution", formula=lambda count: 4 * rank(count)),
        ),
        "batch_norm": counted(*per_element("BatchNorm", 2, 1)),
        "max_pool": counted(MAX_POOL),
        "min_pool": counted(MAX_POOL),
        "avg_pool": counted(AVG_POOL),
        "adaptive_max_pool": counted(ADAPTIVE_MAX),
        "global_max_pool": counted(ADAPTIVE_MAX),
        "adaptive_avg_pool": counted(ADAPTIVE_AVG),
        "global_avg_pool": counted(ADAPTIVE_AVG),
        **MOVES,
        **COPIES,
        **ignored(UNSUPPORTED, "attention_softmax", "attention_bias", "affine", "recurrent", *PLAIN_NORMS),
        **ignored("functions are not seen", "attention", "matmul", "correlation", "grid_sample", "roi_align"),
        **ignored("counted as 0", "relu", "elu", "leaky_relu", "relu6", "tanh", "sigmoid"),
        **ignored(UNSUPPORTED, "activation", "softmax", "log_softmax", "upsample", "lp_pool", "deform_conv"),
        **ignored(UNSUPPORTED, "instance_norm", "layer_norm", "group_norm", "local_response_norm"),
        **ignored("functions are not seen", "merge", "layer_scale", "channel_pool"),
    },
    mistakes=(
        "a pool with `kernel: 3` counts a window of 3, with `kernel: [3, 3]` one of 9",
        "transposed convolutions are counted at output positions: 4 times too many at stride 2; 4 more per axis",
        "adaptive windows that do not divide the map are the rest plus one",
        "division by the window counts once per axis; layers it does not know count as 0",
    ),
)
