"""Activations: layers of their own, and those that other layers carry as a name or as settings."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from cnncalc.interop.keras.call import KerasMisfitError, LayerCall, fraction, integers, make
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.graph.graph import Ref

NAMES = {
    "relu": "relu", "relu6": "relu6", "selu": "selu", "sigmoid": "sigmoid", "silu": "silu", "swish": "silu",
    "tanh": "tanh", "hard_sigmoid": "hardsigmoid", "hard_silu": "hardswish", "hard_swish": "hardswish",
    "hard_tanh": "hardtanh", "mish": "mish", "softplus": "softplus", "softsign": "softsign",
    "leaky_relu": "leaky_relu", "elu": "elu", "celu": "celu", "gelu": "gelu", "softmax": "softmax",
    "log_softmax": "log_softmax",
}  # fmt: skip
"""The operators of Keras' activations."""
SLOPE = {"leaky_relu": {"slope": fraction(0.2)}}
"""What Keras has by default where the operator has another: the functions, not the layers."""
WORK = {
    "exponential": {"special": 1}, "log_sigmoid": {"special": 2, "additions": 1}, "tanh_shrink": {"special": 1,
    "additions": 1}, "soft_shrink": {"comparisons": 2, "additions": 1}, "hard_shrink": {"comparisons": 1}, "threshold":
    {"comparisons": 1}, "squareplus": {"multiplications": 2, "additions": 2, "special": 1}, "sparse_plus":
    {"comparisons": 2, "multiplications": 2, "additions": 1}, "sparse_sigmoid": {"comparisons": 2, "multiplications": 1,
    "additions": 1},
}  # fmt: skip
"""Operations of activations that no operator stands for, for each element."""


def activated(call: LayerCall, ref: Ref) -> Ref:
    """Return a tensor after the activation that a layer carries."""
    given = call.config.get("activation")
    return ref if given in (None, "linear") else applied(call, given, ref, ".act")


def activation(call: LayerCall) -> Ref:
    """A layer that is an activation."""
    given = call.config.get("activation")
    return call.add(make("identity")) if given in (None, "linear") else applied(call, given, call.x, "")


def applied(call: LayerCall, given: Any, ref: Ref, suffix: str) -> Ref:
    """Add an activation: a name, a function of Keras as settings, or a layer."""
    if isinstance(given, dict):
        kind, inner = given.get("class_name"), given.get("config")
        if kind == "function" and isinstance(inner, str):
            given = inner
        elif kind in ACTIVATIONS and isinstance(inner, dict):
            from dataclasses import replace

            layer = replace(call.layer, kind=kind, config=inner)
            found: Ref = ACTIVATIONS[kind](replace(call, layer=layer, ins=[ref], base=call.base + suffix,
                                          lender=call.lender and call.lender + suffix))  # fmt: skip
            return found
        else:
            given = given.get("registered_name") or kind
    name = str(given)
    if name == "linear":
        return ref
    if name in NAMES:
        return call.add(make(NAMES[name], **SLOPE.get(name, {})), ref, suffix=suffix)
    x = call.shape(ref)
    known = WORK.get(name)
    work = None if known is None else Work(**{kind: n * x.elements for kind, n in known.items()})
    reason = "" if known is not None else f"what the activation '{name[:60]}' computes is not known"
    return call.declare(x, ins=[ref], work=work, same=True, reason=reason, suffix=suffix)[0]


def relu(call: LayerCall) -> Ref | Sequence[Ref]:
    """ReLU with its limits."""
    top, slope = call.config.get("max_value"), call.config.get("negative_slope") or 0
    threshold = call.config.get("threshold") or 0
    if threshold == 0 and slope == 0 and top in (None, 6):
        return call.add(make("relu6" if top else "relu"))
    if threshold == 0 and top is None:
        return call.add(make("leaky_relu", slope=fraction(slope)))
    x = call.shape(call.x)
    many = {"comparisons": x.elements * (1 + (top is not None)), "multiplications": x.elements if slope else 0}
    return call.declare(x, ins=[call.x], work=Work(**many), same=True)


def leaky_relu(call: LayerCall) -> Ref:
    """LeakyReLU with its slope, `alpha` in Keras 2."""
    slope = call.config.get("negative_slope", call.config.get("alpha", 0.3))
    return call.add(make("leaky_relu", slope=fraction(slope)))


def elu(call: LayerCall) -> Ref:
    """ELU with its scale."""
    return call.add(make("elu", alpha=fraction(call.config.get("alpha", 1.0))))


def prelu(call: LayerCall) -> Ref | Sequence[Ref]:
    """PReLU with a slope for each element, less the axes that share them."""
    extents = list(call.extents)
    for axis in integers(call.config.get("shared_axes") or [], "shared_axes"):
        if axis > len(extents):
            raise KerasMisfitError(f"shares the axis {axis} of {call.shape(call.x)}")
        extents[axis - 1] = 1
    parameters = prod(extents)
    x = call.shape(call.x)
    if parameters == 1 or call.ours(extents) == (x.channels, *(1,) * call.rank):
        return call.add(make("prelu", parameters=parameters))
    return call.declare(x, ins=[call.x], params=parameters, same=True,
                        work=Work(comparisons=x.elements, multiplications=x.elements))  # fmt: skip


def softmax(call: LayerCall) -> Ref | Sequence[Ref]:
    """Softmax along one axis, or several."""
    axes = call.config.get("axis", -1)
    x = call.shape(call.x)
    places = {call.place(axis, len(x)) for axis in (axes if isinstance(axes, list) else [axes])}
    if places == {0}:
        return call.add(make("softmax"), call.x)
    n, rows = x.elements, x.elements // prod(x[at] for at in places)
    work = Work(comparisons=n - rows, additions=n + n - rows, special=n, divisions=n)
    return call.declare(x, ins=[call.x], work=work)


ACTIVATIONS: dict[str, Callable[[LayerCall], Any]] = {
    "ReLU": relu, "LeakyReLU": leaky_relu, "ELU": elu, "PReLU": prelu, "Softmax": softmax,
}  # fmt: skip
"""Layers that are activations, by Keras' name."""
