"""The memory of a network at inference and in training, brought together in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.analysis.arena import Arena, arrange, storages
from cnncalc.analysis.liveness import Peak, peak_activation
from cnncalc.analysis.training import OPTIMISERS, Backward, backward
from cnncalc.results.views import view
from cnncalc.values.diagnostics import one_line
from cnncalc.values.dtypes import ALIGNMENT, Dtypes, tensor_bytes

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cnncalc.graph.graph import Graph

POSITION_BYTES = 8
"""An index of a max pool; PyTorch keeps 64-bit integers."""
MASK_BYTES = 1
"""A flag of a dropout mask."""


class MemoryLayer(NamedTuple):
    """What one layer means for memory, the batch multiplied.

    Attributes:
        path: unique dotted path.
        op: the operator's canonical name.
        live: activation elements alive while it runs.
        live_in_place: the same when activations, normalisations and elementwise merges write over an operand.
        training_activations: elements kept for the backward pass because of this layer; None if unknown or folded.
        positions: indices that a max pool keeps.
        mask: flags that a dropout keeps.
        macs_backward: multiply-accumulates of its backward pass; None if unknown or folded.
    """

    path: str
    op: str
    live: int
    live_in_place: int
    training_activations: int | None
    positions: int
    mask: int
    macs_backward: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return the layer as JSON has it."""
        return self._asdict()


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """A training step.

    Attributes:
        optimizer: sgd, momentum or adam.
        activations: elements kept for the backward pass.
        positions: indices that max pools keep, 8 bytes each.
        mask: flags that dropouts keep, a byte each.
        activation_bytes: all three in bytes.
        gradient_elements: one per parameter.
        state_elements: what the optimiser keeps: 0, 1 or 2 per parameter.
        parameter_bytes: parameters, their gradients and the optimiser's state.
        bytes: parameter_bytes + activation_bytes.
        macs_forward: multiply-accumulates of the forward pass.
        macs_backward: multiply-accumulates of the backward pass.
        lower_bounds: names of the sums that leave out an unknown part.
    """

    optimizer: str
    activations: int
    positions: int
    mask: int
    activation_bytes: int
    gradient_elements: int
    state_elements: int
    parameter_bytes: int
    bytes: int
    macs_forward: int
    macs_backward: int
    lower_bounds: tuple[str, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a whole step."""
        return self.macs_forward + self.macs_backward

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON has them."""
        return {
            "optimizer": self.optimizer,
            "activations": self.activations,
            "positions": self.positions,
            "mask": self.mask,
            "activation_bytes": self.activation_bytes,
            "gradient_elements": self.gradient_elements,
            "state_elements": self.state_elements,
            "parameter_bytes": self.parameter_bytes,
            "bytes": self.bytes,
            "macs_forward": self.macs_forward,
            "macs_backward": self.macs_backward,
            "macs": self.macs,
            "lower_bounds": list(self.lower_bounds),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryReport:
    """The memory of one network: what `cnncalc.memory` returns.

    Attributes:
        name: the network's name.
        batch: images at once; activations are multiplied by it, parameters are not.
        dtype: what an element is stored as.
        fold_bn: batch normalisations are folded into the layers before them.
        params: learnable values.
        model_size: the parameters in bytes.
        tensors: elements of the network inputs and of everything that layers write, kept side by side.
        peak: the most elements alive at once when every layer writes a tensor of its own; for one image.
        peak_in_place: the same when activations, normalisations and elementwise merges write over an operand.
        peak_bytes: `peak` in bytes, the batch multiplied, each tensor rounded up.
        peak_in_place_bytes: `peak_in_place` likewise.
        arena: all tensors in one stretch of memory.
        arena_in_place: the same, with tensors written over one another.
        training: a training step; None for a folded network, which is not trained.
        layers: the layers in execution order.
        lower_bounds: names of the sums that leave out an unknown part.
        rank: spatial axes of the first input: two are an image.
    """

    name: str
    batch: int
    dtype: str
    fold_bn: bool
    params: int
    model_size: int
    tensors: int
    peak: Peak
    peak_in_place: Peak
    peak_bytes: int
    peak_in_place_bytes: int
    arena: Arena
    arena_in_place: Arena
    training: Training | None
    layers: tuple[MemoryLayer, ...]
    lower_bounds: tuple[str, ...] = ()
    rank: int = 2

    def __repr__(self) -> str:
        return one_line(
            f"<MemoryReport {self.name}: {self.model_size:,} bytes of parameters, live peak {self.peak_bytes:,} bytes, "
            f"in place {self.peak_in_place_bytes:,} ({self.dtype}, batch {self.batch:,})>"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data; `peak` and `tensors` with the batch multiplied."""
        return {
            "name": self.name,
            "batch": self.batch,
            "dtype": self.dtype,
            "fold_bn": self.fold_bn,
            "params": self.params,
            "model_size": self.model_size,
            "tensors": self.tensors,
            "peak": self._moment(self.peak, self.peak_bytes),
            "peak_in_place": self._moment(self.peak_in_place, self.peak_in_place_bytes),
            "arena": _arrangement(self.arena),
            "arena_in_place": _arrangement(self.arena_in_place),
            "training": self.training.to_dict() if self.training else None,
            "layers": [layer.to_dict() for layer in self.layers],
            "lower_bounds": list(self.lower_bounds),
        }

    def to_html(self) -> str:
        """Return the memory as an HTML table: inline style, light and dark, no script, names escaped."""
        text: str = view("memory.html")(self)
        return text

    def to_markdown(self) -> str:
        """Return the memory as a Markdown table."""
        text: str = view("memory.markdown")(self)
        return text

    def plot(self, kind: str = "live", *, ax: Any = None, theme: str = "light") -> Any:
        """Draw the memory over execution and return the matplotlib Axes.

        Args:
            kind: `live` for the elements alive during each layer, plain and in place; `arena` for where every tensor
                lies; `arena_in_place` for the same with tensors written over one another.
            ax: the Axes to draw on; by default a new figure.
            theme: light or dark.

        Raises:
            ImportError: matplotlib is missing; the message names the extra.
            ValueError: there is no such kind or theme.
        """
        return view("memory.plot")(self, kind, ax=ax, theme=theme)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        forms: dict[str, Any] = view("mimebundle")(self, include, exclude)
        return forms

    def _moment(self, peak: Peak, size: int) -> dict[str, Any]:
        live = [{"name": name, "elements": elements * self.batch} for name, elements in peak.live]
        return {"elements": peak.elements * self.batch, "bytes": size, "path": peak.path, "live": live}


def _arrangement(arena: Arena) -> dict[str, Any]:
    tensors = [
        {"name": p.name, "offset": p.offset, "bytes": p.bytes, "first": p.first, "last": p.last}
        for p in arena.placements
    ]
    return {"bytes": arena.bytes, "alignment": arena.alignment, "tensors": tensors}


def build_memory(
    graph: Graph,
    *,
    name: str,
    dtypes: Dtypes,
    batch: int = 1,
    fold_bn: bool = False,
    optimizer: str = "adam",
    alignment: int = ALIGNMENT,
) -> MemoryReport:
    """Return the memory of a graph, which is folded already if `fold_bn` says so.

    Raises:
        ValueError: there is no such optimiser, or the alignment is below 1.
    """
    if optimizer not in OPTIMISERS:
        raise ValueError(f"there is no optimizer '{optimizer}'; choose one of {', '.join(OPTIMISERS)}")
    peak, saving = peak_activation(graph), peak_activation(graph, in_place=True)
    steps = None if fold_bn else backward(graph)
    bits = dtypes.activation_bits
    own = [node.op.params(node.in_shapes) for node in graph.nodes if node.shares is None]
    params = sum(count for count in own if count is not None)
    needs = storages(graph)
    return MemoryReport(
        name=name,
        batch=batch,
        rank=next((len(shape.spatial) for shape in graph.inputs.values()), 0),
        dtype=str(dtypes),
        fold_bn=fold_bn,
        params=params,
        model_size=tensor_bytes(params, dtypes.weight_bits),
        tensors=batch * sum(need.elements for need in needs),
        peak=peak,
        peak_in_place=saving,
        peak_bytes=sum(tensor_bytes(n * batch, bits) for _, n in peak.live),
        peak_in_place_bytes=sum(tensor_bytes(n * batch, bits) for _, n in saving.live),
        arena=arrange(needs, bits=bits, batch=batch, alignment=alignment),
        arena_in_place=arrange(storages(graph, in_place=True), bits=bits, batch=batch, alignment=alignment),
        training=None if steps is None else _training(graph, steps, params, optimizer, dtypes, batch),
        layers=tuple(
            MemoryLayer(
                path=node.path,
                op=node.op.name,
                live=live * batch,
                live_in_place=tight * batch,
                training_activations=None if step is None or step.unknown else step.kept * batch,
                positions=step.positions * batch if step else 0,
                mask=step.mask * batch if step else 0,
                macs_backward=None if step is None or step.macs is None else step.macs * batch,
            )
            for node, live, tight, step in zip(
                graph.nodes, peak.profile, saving.profile, steps or [None] * len(graph.nodes), strict=True
            )
        ),
        lower_bounds=("model_size", "params") if None in own else (),
    )


def _training(  # noqa: PLR0917 - one call
    graph: Graph, steps: Sequence[Backward], params: int, optimizer: str, dtypes: Dtypes, batch: int
) -> Training:
    forward = [node.op.macs(node.in_shapes, node.out_shapes) for node in graph.nodes]
    unknown: set[str] = set()
    if any(step.unknown for step in steps):
        unknown |= {"activations", "activation_bytes", "bytes"}
    if any(node.op.params(node.in_shapes) is None for node in graph.nodes):
        unknown |= {"gradient_elements", "state_elements", "parameter_bytes", "bytes"}
    if None in forward:
        unknown |= {"macs_forward", "macs_backward", "macs"}
    activations = batch * sum(step.kept for step in steps)
    positions = batch * sum(step.positions for step in steps)
    mask = batch * sum(step.mask for step in steps)
    kept = tensor_bytes(activations, dtypes.activation_bits) + POSITION_BYTES * positions + MASK_BYTES * mask
    parameter_bytes = (2 + OPTIMISERS[optimizer]) * tensor_bytes(params, dtypes.weight_bits)
    return Training(
        optimizer=optimizer,
        activations=activations,
        positions=positions,
        mask=mask,
        activation_bytes=kept,
        gradient_elements=params,
        state_elements=OPTIMISERS[optimizer] * params,
        parameter_bytes=parameter_bytes,
        bytes=parameter_bytes + kept,
        macs_forward=batch * sum(macs or 0 for macs in forward),
        macs_backward=batch * sum(step.macs or 0 for step in steps),
        lower_bounds=tuple(sorted(unknown)),
    )
