"""A network held against the same one elsewhere: exported, in a file, or in somebody's own code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncalc.interop.exporting.verifying import Side, compared, mine
from cnncalc.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnncalc.graph.graph import Graph
    from cnncalc.interop.exporting.verifying import Verification


def matched(study: Study, other: Any, *, field: bool = False) -> Verification:
    """Return the verdict on a network and another.

    Args:
        study: the network.
        other: `torch`, `keras` or `onnx` for what is exported there; `torch:package.module:factory` or
            `keras:package.module:factory` for what a function of one's own makes; a file or a network's name; or a
            model of PyTorch or Keras, or a function that makes one.
        field: measure receptive fields too, of what is exported to PyTorch.

    Raises:
        SpecError: the network or a layer of it cannot be held against the other.
        ValueError: the other is none, or does not run.
    """
    graph = study.graph
    study.expanded.collector.raise_if_errors()
    if not isinstance(other, str | Path):
        return compared(graph, model_side(graph, other))
    word = str(other)
    if word in EXPORTED:
        side = EXPORTED[word](study)
    elif word.partition(":")[0] in ("torch", "keras") and ":" in word:
        side = named_side(graph, word)
    else:
        side = network_side(study, word)
    verdict = compared(graph, side)
    if field and word == "torch":
        from cnncalc.interop.exporting.torch_side import torch_fields

        verdict.fields = torch_fields(graph, study.name, study.spec.file, study.line)
    return verdict


def onnx(study: Study) -> Side:
    """Return the network as an ONNX model."""
    from cnncalc.interop.exporting.onnx_side import onnx_side

    return onnx_side(study.graph, study.name, study.spec.file)


def torch(study: Study) -> Side:
    """Return the network as source for PyTorch."""
    from cnncalc.interop.exporting.torch_side import torch_side

    return torch_side(study.graph, study.name, study.spec.file, study.line)


def keras(study: Study) -> Side:
    """Return the network as source for Keras."""
    from cnncalc.interop.exporting.keras_side import keras_side

    return keras_side(study.graph, study.name, study.spec.file, study.line)


EXPORTED: Mapping[str, Callable[[Study], Side]] = {"onnx": onnx, "torch": torch, "keras": keras}


def network_side(study: Study, name: str) -> Side:
    """Return a network of a file, of any format that is read."""
    question = study.question
    there = Study.of(name, input=question.input, max_layers=question.max_layers)
    graph = there.graph
    there.expanded.collector.raise_if_errors()
    totals = there.report.totals
    outputs = [tuple(graph.shape(ref)) for ref in graph.outputs.values()]
    return Side(name, mine(graph), False, outputs, totals.params, totals.macs // graph.batch)


def named_side(graph: Graph, word: str) -> Side:
    """Return the model that a function of one's own makes; it runs that code."""
    system, _, reference = word.partition(":")
    if system == "torch":
        from cnncalc.interop.exporting.torch_side import own_side

        return own_side(reference, [tuple(s) for s in graph.inputs.values()])
    from cnncalc.interop.exporting.keras_side import own_keras_side
    from cnncalc.interop.exporting.running import imported

    return own_keras_side(imported(reference)(), reference)


def model_side(graph: Graph, model: Any) -> Side:
    """Return a model of PyTorch or Keras, or what a function makes."""
    kinds = {base.__module__.partition(".")[0] for base in type(model).__mro__}
    if "torch" not in kinds and "keras" not in kinds and callable(model):
        from cnncalc.interop.exporting.torch_side import made_side

        try:
            made = made_side(model, [tuple(s) for s in graph.inputs.values()])
        except ValueError:
            if "keras" not in sys.modules:  # a model of Keras is not made on PyTorch's meta device
                raise
            made = None
        if made is not None:
            return made
        model = model()
        kinds = {base.__module__.partition(".")[0] for base in type(model).__mro__}
    if "keras" in kinds:
        from cnncalc.interop.exporting.keras_side import own_keras_side

        return own_keras_side(model, model.name)
    if "torch" in kinds:
        from cnncalc.interop.exporting.torch_side import model_side as of_torch

        return of_torch(model, [tuple(s) for s in graph.inputs.values()])
    raise ValueError(f"'{type(model).__name__}' is neither a model of PyTorch or Keras nor a file")
