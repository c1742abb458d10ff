"""Layers that go through a sequence step by step: LSTM, GRU, SimpleRNN, their cells, and those of convolutions."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from cnncalc.interop.keras.call import KerasMisfitError, integer, integers
from cnncalc.interop.keras.declared import opaque
from cnncalc.ops.recurrent import GRU, LSTM
from cnncalc.values.shape import Shape
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Ref
    from cnncalc.interop.keras.call import LayerCall

GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
EACH = {"LSTM": LSTM.each, "GRU": GRU.each, "SimpleRNN": Work(special=1)}
"""What a step does to each value of the state beside the products and their sums, with the usual activations."""
USUAL = ("tanh", "sigmoid", None)


def recurrent(call: LayerCall) -> Sequence[Ref]:
    """LSTM, GRU, SimpleRNN over a sequence: both weight matrices at every step."""
    return recur(call, call.kind, call.config, 1)


def bidirectional(call: LayerCall) -> Sequence[Ref]:
    """Two recurrent layers, one of which reads the sequence backwards."""
    inner = call.config["layer"]
    if inner["class_name"] not in GATES:
        return opaque(call, f"what a {call.kind} of {str(inner['class_name'])[:60]} computes is not known")
    return recur(call, inner["class_name"], inner["config"], 2)


def costs(kind: str, config: dict[str, Any], entering: int) -> tuple[int, int]:
    """Return the values of a cell's matrices, and its biases."""
    gates, units = GATES[kind], integer(config["units"], "units")
    bias = 0
    if config.get("use_bias", True):
        bias = gates * units * (2 if kind == "GRU" and config.get("reset_after", True) else 1)
    return gates * units * (entering + units), bias


def work_of(kind: str, config: dict[str, Any], steps: int, matrices: int, bias: int) -> Work | None:
    """Return the operations of a cell over a sequence; None with activations of one's own."""
    names = (config.get("activation", "tanh"), config.get("recurrent_activation", "sigmoid"))
    if any(not isinstance(name, str | None) or name not in USUAL for name in names):
        return None
    units, each = integer(config["units"], "units"), EACH[kind]
    macs, states = steps * matrices, steps * units
    sums = macs + steps * bias - states * GATES[kind]
    return Work(multiplications=macs + states * each.multiplications, additions=sums + states * each.additions,
                divisions=states * each.divisions, special=states * each.special)  # fmt: skip


def recur(call: LayerCall, kind: str, config: dict[str, Any], ways: int) -> Sequence[Ref]:
    """Add a recurrent layer that goes one or two ways."""
    units = integer(config["units"], "units")
    if len(call.extents) != 2:
        raise KerasMisfitError(f"wants a sequence, got {call.shape(call.x)}")
    steps, entering = call.extents
    matrices, bias = costs(kind, config, entering)
    work = work_of(kind, config, steps, matrices, bias)
    joined = ways == 2 and call.config.get("merge_mode", "concat") in ("concat", None)
    width = units * (2 if joined else 1)
    outs = [call.ours((steps, width)) if config.get("return_sequences") else Shape((width,))]
    if config.get("return_state"):
        outs += [Shape((units,))] * ways * (2 if kind == "LSTM" else 1)
    if work is not None and ways == 2:
        merged = 0 if joined else outs[0].elements
        work = work + work + Work(additions=merged)
    return call.declare(*outs, ins=[call.x], product=True, params=ways * (matrices + bias), biases=ways * bias,
                        macs=ways * steps * matrices, work=work)  # fmt: skip


def cells(call: LayerCall) -> Sequence[Ref]:
    """RNN of a cell, or of several on each other."""
    given = call.config["cell"]
    listed = given["config"]["cells"] if given["class_name"] == "StackedRNNCells" else [given]
    kinds = [str(cell["class_name"]).removesuffix("Cell") for cell in listed]
    if any(kind not in GATES for kind in kinds) or len(call.extents) != 2 or not listed:
        return opaque(call, f"what a {call.kind} of {str(given['class_name'])[:60]} computes is not known")
    steps, width = call.extents
    weights = biases = 0
    work: Work | None = Work()
    states: list[Shape] = []
    for kind, cell in zip(kinds, listed, strict=True):
        matrices, bias = costs(kind, cell["config"], width)
        more = work_of(kind, cell["config"], steps, matrices, bias)
        weights, biases = weights + matrices, biases + bias
        work = None if work is None or more is None else work + more
        width = integer(cell["config"]["units"], "units")
        states += [Shape((width,))] * (2 if kind == "LSTM" else 1)
    outs = [call.ours((steps, width)) if call.config.get("return_sequences") else Shape((width,))]
    outs += states if call.config.get("return_state") else []
    return call.declare(*outs, ins=[call.x], product=True, params=weights + biases, biases=biases,
                        macs=steps * weights, work=work)  # fmt: skip


def convolved(call: LayerCall) -> Sequence[Ref]:
    """ConvLSTM: four gates, each a convolution of what enters and one of the state, which keeps its extents."""
    config, x = call.config, call.extents
    rank = int(call.kind[-2])
    if call.walk.first or len(x) != rank + 2:
        return opaque(call, f"what a {call.kind} with these settings computes is not known")
    names = ("kernel_size", "strides", "dilation_rate")
    kernel, stride, dilation = (integers(config.get(name) or [1] * rank, name) for name in names)
    same, filters = config.get("padding") == "same", integer(config["filters"], "filters")
    extents = [-(-n // s) if same else (n - d * (k - 1) - 1) // s + 1
               for n, k, s, d in zip(x[1:-1], kernel, stride, dilation, strict=True)]  # fmt: skip
    weights, bias = prod(kernel) * (x[-1] + filters) * 4 * filters, 4 * filters if config.get("use_bias", True) else 0
    inner = (*extents, filters)
    outs = [call.ours((x[0], *inner) if config.get("return_sequences") else inner)]
    outs += [call.ours(inner)] * 2 if config.get("return_state") else []
    macs, states = weights * prod(extents) * x[0], prod(inner) * x[0]
    each = LSTM.each
    usual = config.get("activation", "tanh") == "tanh" and config.get("recurrent_activation") in ("sigmoid", None)
    work = Work(multiplications=macs + states * each.multiplications,
                additions=macs + x[0] * prod(extents) * bias - 4 * states + states * each.additions,
                divisions=states * each.divisions, special=states * each.special) if usual else None  # fmt: skip
    return call.declare(*outs, ins=[call.x], product=True, params=weights + bias, biases=bias, macs=macs, work=work)
