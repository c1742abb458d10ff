"""Receptive fields measured in PyTorch: the gradient of one unit with respect to the inputs, where it is not zero.

Weights are positive, so that nothing cancels; maxima are means over the same windows and activations the identity, so
that no gradient stops. What statistics and attention read is in the gradient: it is the true field, on the actual map.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from cnncalc.analysis.receptive import map_fields
from cnncalc.interop.exporting.verifying import Box, FieldRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.graph.graph import Graph

KEPT = ("Softmax", "LogSoftmax", "MultiheadAttention")
"""Modules beside the activations that are none of a single element."""


def measured_fields(graph: Graph, model: Any, modules: Mapping[str, str]) -> list[FieldRow]:
    """Return what the middle unit of every layer that is a module sees, here and by gradients.

    Layers that see what the one before them sees are left out, and those whose field is not known here.

    Args:
        graph: the network.
        model: the same in PyTorch, with weights.
        modules: by our path of a layer, its module there.
    """
    import torch

    smooth(model)
    wanted = asked(graph, modules)
    results: dict[str, Any] = {}
    handles = [found.register_forward_hook(keeping(results, name))
               for name, found in model.named_modules() if name in {module for _, module, _ in wanted}]  # fmt: skip
    inputs = [torch.rand(1, *shape, dtype=torch.float64).add_(0.5).requires_grad_() for shape in graph.inputs.values()]
    with without_maxima(), torch.enable_grad():
        model(*inputs)
    for handle in handles:
        handle.remove()
    found = []
    for path, module, boxes in wanted:
        out = results.get(module)
        if out is None or not hasattr(out, "shape"):
            continue
        unit = tuple(n // 2 for n in out.shape[2:])
        grads = torch.autograd.grad(out[(0, slice(None), *unit)].sum(), inputs, retain_graph=True, allow_unused=True)
        for source, grad in zip(graph.inputs, grads, strict=True):
            if source in boxes:
                found.append(FieldRow(path, unit, source, boxes[source], extent(grad, len(boxes[source]))))
    return found


def asked(graph: Graph, modules: Mapping[str, str]) -> list[tuple[str, str, dict[str, Box]]]:
    """Return the layers to measure: path, module and, by network input, what the middle unit sees."""
    fields = map_fields(graph)
    found = []
    seen: dict[int, dict[str, Box] | None] = {}
    for index, node in enumerate(graph.nodes):
        shape = node.out_shapes[0]
        seen[index] = boxes = middle(fields[index], tuple(n // 2 for n in shape.spatial))
        before = [seen.get(ref[0]) for ref in node.inputs if graph.shape(ref).spatial == shape.spatial]
        if node.path in modules and boxes and node.shares is None and boxes not in before:
            found.append((node.path, modules[node.path], boxes))
    lent = {node.shares for node in graph.nodes}
    places = {node.path: index for index, node in enumerate(graph.nodes)}
    return [row for row in found if places[row[0]] not in lent]


def middle(axes: Mapping[str, Any], unit: tuple[int, ...]) -> dict[str, Box] | None:
    """Return what a unit sees of each network input; None where it is not known."""
    found: dict[str, Box] = {}
    for name, fields in axes.items():
        try:
            found[name] = tuple(
                field.at(unit[at] if len(fields) == len(unit) else 0) for at, field in enumerate(fields)
            )
        except ValueError:
            return None
    return found


def extent(grad: Any, rank: int) -> Box:
    """Return the first and last place on each axis at which a gradient `[1, C, *S]` is not zero."""
    if grad is None:
        return (None,) * rank
    there = (grad[0] != 0).any(dim=0)
    found: list[tuple[int, int] | None] = []
    for axis in range(rank):
        others = tuple(a for a in range(rank) if a != axis)
        places = (there.any(dim=others) if others else there).nonzero().flatten().tolist()
        found.append((places[0], places[-1]) if places else None)
    return tuple(found)


def keeping(results: dict[str, Any], name: str) -> Any:
    """Return a hook that keeps a module's result."""

    def keep(_module: Any, _ins: Any, out: Any) -> None:
        results.setdefault(name, out[0] if isinstance(out, tuple | list) else out)

    return keep


def smooth(model: Any) -> None:
    """Make a model's weights positive and of a size that keeps values where they are, its activations the identity."""
    import torch

    model.double().eval()
    for parameter in model.parameters():
        share = parameter[0].numel() if parameter.ndim > 1 else 1
        with torch.no_grad():
            parameter.uniform_(0.5, 1.5).div_(max(share, 1))
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if type(child).__module__ == "torch.nn.modules.activation" and type(child).__name__ not in KEPT:
                setattr(module, name, torch.nn.Identity())


@contextmanager
def without_maxima() -> Iterator[None]:
    """Let maxima over windows, of maps and of several tensors be means and sums for a while."""
    import torch
    from torch.nn import functional

    pools = {f"max_pool{n}d": mean_pool(n) for n in (1, 2, 3)}
    pools |= {f"adaptive_max_pool{n}d": getattr(functional, f"adaptive_avg_pool{n}d") for n in (1, 2, 3)}
    with patch.multiple(functional, **pools), patch.object(torch, "maximum", torch.add):
        yield


def mean_pool(rank: int) -> Any:
    """Return the mean over the windows of a maximum pool of so many axes."""
    from torch.nn import functional

    real = getattr(functional, f"max_pool{rank}d")

    def pool(x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
             **more: Any) -> Any:  # fmt: skip
        extents = real(x.detach(), kernel_size, stride, padding, dilation, **more).shape[-rank:]
        kernels, steps, around, apart = ((n,) * rank if isinstance(n, int) else tuple(n)
                                         for n in (kernel_size, stride or kernel_size, padding, dilation))  # fmt: skip
        for axis, out in enumerate(extents):
            place = x.ndim - rank + axis
            span = (kernels[axis] - 1) * apart[axis] + 1
            behind = max((out - 1) * steps[axis] + span - x.shape[place] - around[axis], 0)
            sides = [0] * (2 * (x.ndim - place - 1)) + [around[axis], behind]
            x = functional.pad(x, sides).unfold(place, span, steps[axis])[..., :: apart[axis]].mean(-1)
            x = x.narrow(place, 0, out)
        return x

    return pool
