"""ptflops, backend `pytorch`: read in ptflops/pytorch_ops.py and pytorch_engine.py and run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.rules.base import (
    BIAS,
    COPIES,
    MACS,
    MAX_POOLS,
    MEAN_POOLS,
    MOVES,
    PLAIN_NORMS,
    WEIGHTED,
    Convention,
    FamilyRule,
    Formula,
    RuleTerm,
    counted,
    has_no_gain,
    ignored,
    inputs,
    is_called,
    is_function,
    is_module,
    outputs,
    per,
    per_element,
    states,
    when,
)
from cnncalc.rules.functional import area, inside_lp_pool, inside_response_norm

if TYPE_CHECKING:
    from cnncalc.values.work import Count


def hooked(label: str, formula: Formula, *, module: bool = True, function: bool = True) -> FamilyRule:
    """Return an entry counted by a module's hook, by a patched function, or by both."""
    terms = []
    if module:
        terms.append(RuleTerm(label=label, formula=when(is_module, formula)))
    if function:
        again = f"{label}, again inside the module" if module else label
        terms.append(RuleTerm(label=again, formula=when(is_module, formula)))
        terms.append(RuleTerm(label=label, formula=when(called_alone, formula)))
    return counted(*terms)


def called_alone(count: Count) -> bool:
    """Whether the reference code calls the layer as a function: its hook does not fire, the patched function does."""
    return not is_module(count) and is_called(count)


def sampled(count: Count) -> int:
    """Return the flat price of sampling: 24 per tap and position, 25 with a mask."""
    each = 25 if count.arguments.get("mask", True) else 24
    return each * count.taps * (count.out_elements // count.out_channels)


POOL = "1 per pooling input element"
ACTIVATION = "1 per activation element"

RULE = Convention(
    name="ptflops",
    unit="MACs",
    source="ptflops.get_model_complexity_info(backend='pytorch'), the module-hook backend",
    version="0.7.5",
    summary="1 per multiply-accumulate and bias, 2 per BatchNorm element, activations and pools twice",
    table={
        **dict.fromkeys(WEIGHTED, counted(MACS, BIAS)),
        "conv": counted(
            RuleTerm(label=MACS.label, formula=when(has_no_gain, MACS.formula)),
            RuleTerm(label=BIAS.label, formula=when(has_no_gain, BIAS.formula)),
            note="a convolution with a gain is a class of its own, which has no hook",
        ),
        **dict.fromkeys(
            ("attention", "matmul"),
            counted(
                RuleTerm(label=MACS.label, formula=when(is_function, MACS.formula)),
                note="the operator @ and fused attention are not seen",
            ),
        ),
        "attention_softmax": counted(RuleTerm(label=ACTIVATION, formula=when(is_function, inputs))),
        "deform_conv": counted(MACS, RuleTerm(label="24 per tap, 25 with a mask", formula=sampled), BIAS),
        "batch_norm": counted(*per_element("BatchNorm", 2, 1)),
        "instance_norm": counted(*per_element("InstanceNorm", 2, 1)),
        "group_norm": counted(*per_element("GroupNorm", 2, 1)),
        "layer_norm": counted(RuleTerm(label="1 per LayerNorm element", formula=inputs)),
        "local_response_norm": counted(
            RuleTerm(label="inside local response normalisation", formula=inside_response_norm)
        ),
        "relu": hooked(ACTIVATION, inputs),
        "elu": hooked(ACTIVATION, inputs),
        "gelu": hooked(ACTIVATION, inputs),
        "prelu": hooked(ACTIVATION, inputs),
        "relu6": counted(RuleTerm(label=ACTIVATION, formula=inputs)),
        "leaky_relu": hooked(ACTIVATION, inputs, function=False),
        "silu": hooked(ACTIVATION, inputs, module=False),
        "softmax": hooked(ACTIVATION, inputs, module=False),
        **dict.fromkeys((*MAX_POOLS, *MEAN_POOLS), hooked(POOL, inputs)),
        "lp_pool": counted(RuleTerm(label="inside power-average pooling", formula=inside_lp_pool)),
        "upsample": counted(
            *hooked("1 per upsampling output element", outputs).terms,
            RuleTerm(label="adaptive pooling inside area resizing", formula=area),
        ),
        "lstm": counted(MACS, RuleTerm(label="18 per state of an LSTM", formula=per(18, states))),
        "gru": counted(MACS, RuleTerm(label="13 per state of a GRU", formula=per(13, states))),
        **MOVES,
        **COPIES,
        **ignored("neither hook nor patched function", "affine", "attention_bias", *PLAIN_NORMS),
        **ignored("neither hook nor patched function", "correlation", "grid_sample", "roi_align"),
        **ignored("neither hook nor patched function", "activation", "log_softmax", "channel_pool", "layer_scale"),
        **ignored("the operators + and * are not patched; torch.add and torch.mul would be, 1 per element", "merge"),
    },
    mistakes=(
        "modules of ReLU, ELU, GELU, PReLU, pools and upsampling count twice, by their hook and by the function inside",
        "the number is called MACs but adds elements of BatchNorm, activations and pools",
        "LayerNorm with a scale costs half of what BatchNorm does",
        "SiLU counts, Hardswish, Sigmoid and Tanh do not",
        "timm's module of attention has a hook of its own: products, softmax, scaling, but no linear layers in it",
    ),
)
