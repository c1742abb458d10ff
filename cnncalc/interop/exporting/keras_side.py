"""The network in Keras: the exported source, built, with the numbers that Keras' layers have of themselves."""

from __future__ import annotations

import os
from importlib.util import find_spec
from math import prod
from typing import TYPE_CHECKING, Any

from cnncalc.interop.exporting.keras_source import keras_source
from cnncalc.interop.exporting.running import loaded
from cnncalc.interop.exporting.source_writer import BIAS
from cnncalc.interop.exporting.verifying import Numbers, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnncalc.graph.graph import Graph
    from cnncalc.values.diagnostics import Span

BACKENDS = ("tensorflow", "jax", "torch")
"""What Keras runs on, in the order in which one is taken where nobody says which."""


def keras_side(graph: Graph, name: str, file: str | None, line: Callable[[Span | None], str | None]) -> Side:
    """Return the numbers of the network as Keras builds the exported source.

    Raises:
        SpecError: a layer has no form in Keras.
    """
    written = keras_source(graph, name=name, file=file, line=line)
    if "KERAS_BACKEND" not in os.environ:
        os.environ["KERAS_BACKEND"] = next((b for b in BACKENDS if find_spec(b) is not None), BACKENDS[0])
    import keras

    model = loaded(written.text)()
    made = {layer.name: layer for layer in model.layers}
    lent = {graph.nodes[node.shares].path for node in graph.nodes if node.shares is not None}
    sharing = {node.path for node in graph.nodes if node.shares is not None}
    biases = {node.path for node in graph.nodes if node.op.name == BIAS}  # [.., heads, queries, keys] there
    layers: dict[str, Numbers] = {}
    for path, module in written.modules.items():
        if path in sharing:
            continue
        last = made.get(f"{module}_crop") or made.get(f"{module}_turn_2") or made.get(f"{module}_turn") or made[module]
        shape = None if isinstance(last.output, list) else channels_first(last.output.shape)
        params = sum(prod(w.shape) for w in made[module].trainable_weights)
        layers[path] = Numbers(None if path in lent or path in biases else shape, params,
                               None if path in lent else products(made[module]))  # fmt: skip
    outputs = [channels_first(t.shape) for t in model.outputs]
    params = sum(prod(w.shape) for w in model.trainable_weights)
    return Side(f"Keras {keras.__version__}", layers, True, outputs, params, sum(whole(model)))


def own_keras_side(model: Any, name: str) -> Side:
    """Return the numbers of a model of one's own, every call of a layer in the order of the calls."""
    import keras

    layers: dict[str, Numbers] = {}
    for layer in getattr(model, "operations", model.layers):  # a Sequential has layers alone
        if type(layer).__name__ == "InputLayer":
            continue
        for number, node in enumerate(layer._inbound_nodes):  # noqa: SLF001 - the tensors of each call
            shape = channels_first(node.output_tensors[0].shape)
            learned = 0 if number else sum(prod(w.shape) for w in getattr(layer, "trainable_weights", ()))
            layers[f"{layer.name}{f':{number}' if number else ''}"] = Numbers(shape, learned, products(layer, number))
    outputs = [channels_first(t.shape) for t in model.outputs]
    params = sum(prod(w.shape) for w in model.trainable_weights)
    macs = sum(n.macs or 0 for n in layers.values())
    return Side(f"{name} (Keras {keras.__version__})", layers, False, outputs, params, macs)


def channels_first(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    """Return the extents of a tensor as `[C, *S]`."""
    extents = [n or 1 for n in shape[1:]]
    return (extents[-1], *extents[:-1])


def whole(model: Any) -> Iterator[int]:
    """Yield the multiply-accumulates of every call of every layer."""
    for layer in model.operations:
        calls = max(len(layer._inbound_nodes), 1)  # noqa: SLF001 - Keras says nowhere else how often
        if type(layer).__name__ != "InputLayer":
            for number in range(calls):
                yield products(layer, number)


def products(layer: Any, call: int = 0) -> int:
    """Return the multiply-accumulates of one call of a layer: its kernel's elements at every position."""
    node = layer._inbound_nodes[call]  # noqa: SLF001 - the tensors of that call
    ins, outs = node.input_tensors, node.output_tensors
    if type(layer).__name__ == "DotProductAttention":
        q, k, v = (tensor.shape[1:] for tensor in ins[:3])
        return int(prod(q) * k[0] + q[0] * q[1] * k[0] * v[-1])
    if type(layer).__name__ == "Matmul":
        return int(prod(outs[0].shape[1:]) * ins[0].shape[-1])
    if hasattr(layer, "cell"):
        return int(ins[0].shape[1] * (prod(layer.cell.kernel.shape) + prod(layer.cell.recurrent_kernel.shape)))
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return 0
    place = ins[0] if type(layer).__name__.endswith("Transpose") else outs[0]
    return int(prod(kernel.shape) * prod(place.shape[1:-1]))
