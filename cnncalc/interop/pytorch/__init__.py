"""PyTorch models: exported by the user's own torch on the meta device, no weights allocated.

`export` asks torch and leaves plain data, `walk` makes the graph of it, `operators` says which operator of the spec
language stands for each operation.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from cnncalc.interop.foreign import ForeignSpec, failure
from cnncalc.values.diagnostics import SpecError
from cnncalc.values.inputs import input_shapes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.graph.graph import Graph
    from cnncalc.language.settings import Overrides
    from cnncalc.values.diagnostics import Collector
    from cnncalc.values.inputs import Input

__all__ = ["PREFIX", "from_torch", "read_factory"]

PREFIX = "torch:"
"""How a model that Python code makes is written where a spec is named: `torch:package.module:factory`."""


def from_torch(model: Any, input: Input | None = None, *, name: str | None = None) -> ForeignSpec:  # noqa: A002 - the spec's word
    """Return a PyTorch model wherever a spec is taken; it is exported in evaluation mode, without its weights.

    Args:
        model: a `torch.nn.Module`; it is not changed.
        input: the extents without the batch: `[3, 224, 224]`, `"3x224x224"`, or by the names of forward's arguments.
        name: what the network is called; the model's class where nobody says.

    Raises:
        SpecError: torch is not there, or cannot export the model.
        ValueError: `input` is no shape.
    """
    return spec_of(lambda: model, input_shapes(input), name or type(model).__name__.lower(), None)


def read_factory(text: str) -> ForeignSpec:
    """Return the model of `torch:package.module:factory`: what the factory returns, or a module of that name.

    Raises:
        SpecError: it is not written so.
    """
    module, colon, factory = text.removeprefix(PREFIX).rpartition(":")
    if not colon or not module or not factory:
        raise failure(text, "names no model", code="no-such-spec", hint="write torch:package.module:factory")

    def model() -> Any:
        from cnncalc.interop.pytorch import export

        export.load_torch()
        found: Any = imported(text, module)
        try:
            for part in factory.split("."):
                found = getattr(found, part)
            return found if hasattr(found, "named_parameters") and not isinstance(found, type) else export.made(found)
        except Exception as error:
            raise failure(text, f"gives no model: {said(error)}", code="bad-model", hint="name a function that takes "
                          "no arguments and returns a torch.nn.Module") from error  # fmt: skip

    return spec_of(model, None, factory.rpartition(".")[2], text)


def imported(text: str, module: str) -> Any:
    """Return the module of the user's code; the current folder is looked in too."""
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        return import_module(module)
    except Exception as error:
        raise failure(text, f"cannot be imported: {said(error)}", code="no-such-spec",
                      hint="name a module that Python finds from here") from error  # fmt: skip


def spec_of(model: Any, inputs: Mapping[str, tuple[int, ...]] | None, name: str, file: str | None) -> ForeignSpec:
    """Return the network of what makes a model."""
    if find_spec("torch") is None:
        raise failure(file, "a PyTorch model needs the package torch", code="missing-extra",
                      hint="install torch: pip install torch")  # fmt: skip
    made: list[Any] = []

    def build(overrides: Overrides, collector: Collector) -> Graph:
        from cnncalc.interop.pytorch import export
        from cnncalc.interop.pytorch.walk import TorchWalk

        export.load_torch()
        given = overrides.inputs or inputs
        if not given:
            raise failure(file, "a PyTorch model does not say the size of its input", code="open-input",
                          hint="say it without the batch: --input 3x224x224")  # fmt: skip
        made[:] = made or [model()]
        extents = {key or "input": (1, *shape) for key, shape in given.items()}
        try:
            program = export.program(made[0], extents)
        except SpecError:
            raise
        except Exception as error:
            raise failure(file, f"torch cannot export it: {said(error)}", code="bad-model",
                          hint="check the input's size; or export it to ONNX") from error  # fmt: skip
        graph = TorchWalk(program, collector).run(list(extents))
        if not graph.nodes:
            raise failure(file, "no layer depends on the network's inputs", code="no-layers", hint="name another model")
        return graph

    return ForeignSpec(build, name=name, format="a PyTorch model", file=file)


def said(error: Exception) -> str:
    """Return the first line of what an error says."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]
