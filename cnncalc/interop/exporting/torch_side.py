"""The network in PyTorch, on the meta device: the exported source, or a model of the user's own."""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from cnncalc.interop.exporting.running import imported, loaded
from cnncalc.interop.exporting.source_writer import BIAS
from cnncalc.interop.exporting.torch_field import measured_fields
from cnncalc.interop.exporting.torch_source import torch_source
from cnncalc.interop.exporting.verifying import Numbers, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cnncalc.graph.graph import Graph
    from cnncalc.interop.exporting.verifying import FieldRow
    from cnncalc.values.diagnostics import Span

PARAMETRISED = "parametrizations"
"""Where PyTorch keeps the parts that a module's weights are made of, such as those of a weight norm."""


def torch_side(graph: Graph, name: str, file: str | None, line: Callable[[Span | None], str | None]) -> Side:
    """Return the numbers of the network as the exported source runs it.

    Raises:
        SpecError: a layer has no form in PyTorch.
    """
    import torch

    written = torch_source(graph, name=name, file=file, line=line)
    make = loaded(written.text)
    with torch.device("meta"):
        model = make()
    found, outputs, total = measured(model, [tuple(shape) for shape in graph.inputs.values()])
    lent = {node.path for node in graph.nodes if node.shares is not None}
    layers: dict[str, Numbers] = {}
    biases = {node.path for node in graph.nodes if node.op.name == BIAS}
    once: set[str] = set()
    for path, module in written.modules.items():
        if module in found and path not in lent and module not in once:
            once.add(module)
            shared = [n for n in graph.nodes if n.shares is not None and graph.nodes[n.shares].path == path]
            numbers = found[module]
            layers[path] = numbers._replace(macs=None) if shared else numbers
            if path in biases:
                layers[path] = numbers._replace(shape=None)  # [heads, queries, keys] there
    params = sum(p.numel() for p in model.parameters())
    return Side(f"PyTorch {torch.__version__.split('+')[0]}", layers, True, outputs, params, total)


def torch_fields(graph: Graph, name: str, file: str | None, line: Callable[[Span | None], str | None]
                 ) -> list[FieldRow]:  # fmt: skip
    """Return the receptive fields of the layers, here and as gradients of the exported source say.

    Raises:
        SpecError: a layer has no form in PyTorch.
    """
    written = torch_source(graph, name=name, file=file, line=line)
    return measured_fields(graph, loaded(written.text)(), written.modules)


def own_side(reference: str, inputs: Sequence[tuple[int, ...]]) -> Side:
    """Return the numbers of a model that a function of the user's makes, `package.module:factory`; it runs their code.

    Raises:
        ValueError: there is no such module or function, or what it gives is no model.
    """
    side = made_side(imported(reference), inputs, reference)
    if side is None:
        raise ValueError(f"'{reference}' makes no model of PyTorch")
    return side


def made_side(make: Callable[[], Any], inputs: Sequence[tuple[int, ...]], name: str = "") -> Side | None:
    """Return the numbers of the model that a function makes on the meta device; None where it is none of PyTorch.

    Raises:
        ValueError: it does not run there.
    """
    try:
        import torch
    except ImportError:
        return None
    called = name or getattr(make, "__name__", "the model")
    try:
        with torch.device("meta"):
            model = make()
    except Exception as error:
        raise ValueError(f"'{called}' does not run on the meta device: {error}") from error
    return model_side(model, inputs, called) if isinstance(model, torch.nn.Module) else None


def model_side(model: Any, inputs: Sequence[tuple[int, ...]], name: str = "") -> Side:
    """Return the numbers of a model, which stays as it is.

    Raises:
        ValueError: it does not run on the meta device.
    """
    import torch

    called = name or type(model).__name__
    try:
        found, outputs, total = measured(deepcopy(model), inputs)
    except Exception as error:
        raise ValueError(f"'{called}' does not run on the meta device: {error}") from error
    params = sum(p.numel() for p in model.parameters())
    return Side(f"{called} (PyTorch {torch.__version__.split('+')[0]})", found, False, outputs, params, total)


@contextmanager
def plain_attention() -> Iterator[None]:
    """Let attention be plain products, which are counted."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    with sdpa_kernel(SDPBackend.MATH):
        yield


def measured(model: Any, inputs: Sequence[tuple[int, ...]]
             ) -> tuple[dict[str, Numbers], list[tuple[int, ...]], int]:  # fmt: skip
    """Return the numbers of every module without others in it, in the order of the calls, of the outputs and in all."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    model = model.to("meta").eval()
    shapes: dict[str, tuple[int, ...] | None] = {}
    params: dict[str, int] = {}
    handles = []
    known: set[int] = set()
    for name, module in model.named_modules():
        if name and PARAMETRISED not in name.split(".") and {n for n, _ in module.named_children()} <= {PARAMETRISED}:
            own = [p for p in module.parameters() if id(p) not in known]
            known.update(id(p) for p in own)
            params[name] = sum(p.numel() for p in own)

            def keep(_module: Any, _ins: Any, out: Any, name: str = name) -> None:
                # recurrent layers give all steps and the last states, with the axes in another order
                shapes.setdefault(name, None if isinstance(out, tuple | list) else tuple(out.shape[1:]))

            handles.append(module.register_forward_hook(keep))
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), plain_attention(), counter:
        out = model(*(torch.empty(1, *shape, device="meta") for shape in inputs))
    for handle in handles:
        handle.remove()
    counts = counter.get_flop_counts()
    top = type(model).__name__
    layers = {name: Numbers(shape, params[name], sum(counts.get(f"{top}.{name}", {}).values()) // 2)
              for name, shape in shapes.items()}  # fmt: skip
    values = out.values() if isinstance(out, dict) else out if isinstance(out, tuple | list) else (out,)
    return layers, [tuple(v.shape[1:]) for v in values if hasattr(v, "shape")], counter.get_total_flops() // 2
