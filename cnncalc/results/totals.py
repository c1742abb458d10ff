"""What holds for a network as a whole: sums over its layers, its depth, its widest moment, its shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnncalc.results.layer import Axis, as_json, plain
from cnncalc.results.listing import as_html, as_text
from cnncalc.values.record import record
from cnncalc.values.work import MemoryAccess, Work

if TYPE_CHECKING:
    from cnncalc.results.precision import Precision
    from cnncalc.values.shape import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over all layers: of each number of `results.measures` that adds up, which says what it is.

    Attributes:
        lower_bounds: names of the sums that leave out an unknown part.
        precision: what widths and zeros come to; None where no layer says them. JSON has it among the totals.
        more: further numbers of that table, which have no place of their own here, as (name, value).
    """

    layers: int
    params: int
    buffers: int
    macs: int
    flops: int
    work: Work
    memory_access: MemoryAccess
    memory_access_weighted: int
    bytes: int
    model_size: int
    activations: int
    connections: int
    peak_activation: int
    lower_bounds: tuple[str, ...]
    precision: Precision | None = None
    more: tuple[tuple[str, int], ...] = ()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> int:
            more = {} if name.startswith("__") else dict(self.more)
            if name not in more:
                raise AttributeError(f"totals have no '{name}'", name=name, obj=self)
            return more[name]

    def number(self, name: str) -> int:
        """Return one of the sums; memory access as its total, in elements."""
        value: Any = getattr(self, name)
        return value.total if isinstance(value, MemoryAccess) else value

    @property
    def bops(self) -> int | None:
        """Macs by the bits of weight and activation, over the layers with `bits:`; None where there are none."""
        return None if self.precision is None else self.precision.bops

    @property
    def ops(self) -> int | float | None:
        """Operations as papers on binary networks count them; None without `bits:`, or with other widths than one."""
        return None if self.precision is None else self.precision.ops

    @property
    def model_bits(self) -> int | None:
        """Bits of all parameters; None where no layer says widths."""
        return None if self.precision is None else self.precision.model_bits

    def __str__(self) -> str:
        return as_text("totals", self.to_dict())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 - as IPython calls it
        printer.text(str(self))

    def _repr_html_(self) -> str:
        return as_html("totals", self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return the totals as JSON has them."""
        return {
            **{name: as_json(getattr(self, name)) for name in SUMS},
            **dict(self.more),
            **(self.precision.to_dict() if self.precision else {}),
            "lower_bounds": [*self.lower_bounds, *(self.precision.lower_bounds if self.precision else ())],
        }


SUMS = tuple(Totals.__slots__[: Totals.__slots__.index("lower_bounds")])
"""The sums that have a place of their own, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakActivation:
    """The moment at which the most activations are alive while the layers run in order, nothing in place.

    Attributes:
        elements: activation elements alive then, the batch multiplied.
        bytes: the same in the report's dtype, each tensor rounded up.
        path: the layer that runs then; "" for a network without layers.
        live: what is alive then, as (name of the layer or input that made it, elements).
        profile: elements alive during each layer, in execution order.
    """

    elements: int
    bytes: int
    path: str
    live: tuple[tuple[str, int], ...]
    profile: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the moment as JSON has it."""
        live = [{"name": name, "elements": elements} for name, elements in self.live]
        return {"elements": self.elements, "bytes": self.bytes, "path": self.path, "live": live}


@record(kw_only=True)
class Depth:
    """How deep a network is.

    Attributes:
        layers: most convolutions, transposed convolutions and linear layers on any path from input to output.
        weighted_layers: their number on all paths together.
        blocks: outermost block calls, repetitions counted.
    """

    layers: int
    weighted_layers: int
    blocks: int

    def to_dict(self) -> dict[str, int]:
        """Return the numbers as JSON has them."""
        return {"layers": self.layers, "weighted_layers": self.weighted_layers, "blocks": self.blocks}


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The network as designers speak of it.

    Attributes:
        width: most channels of any weighted layer's output, the network's outputs left out; None without one.
        stride: input pixels per unit of the last map, per axis.
        resolution_k: k in r = k*2^n, r the input's extents and 2^n the stride; None where there is no such whole k.
        resolution_n: n in the same.
        last_map: shape of the last map with a spatial extent, `[C, *S]`.
        last_map_path: the layer that makes it.
        receptive_field: its receptive field.
        peak_activation: when the most activations are alive, and which.
        fc_params: parameters in linear layers, as far as known.
        fc_macs: multiply-accumulates in linear layers, as far as known.
        fc_share_params: part of the parameters in linear layers; None where the whole is unknown or nothing.
        fc_share_macs: part of the multiply-accumulates in linear layers; None likewise.
        odd_channels: weighted layers whose output channels are no multiple of 8, outputs left out, as (path, channels).
    """

    depth: Depth
    width: int | None
    stride: tuple[Axis, ...]
    resolution_k: tuple[int | None, ...]
    resolution_n: tuple[int | None, ...]
    last_map: Shape | None
    last_map_path: str | None
    receptive_field: tuple[int | None, ...]
    receptive_field_min: tuple[int | None, ...]
    receptive_field_true: tuple[int | None, ...]
    peak_activation: PeakActivation
    fc_params: int
    fc_macs: int
    fc_share_params: float | None
    fc_share_macs: float | None
    odd_channels: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        return as_text("summary", self.to_dict())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 - as IPython calls it
        printer.text(str(self))

    def _repr_html_(self) -> str:
        return as_html("summary", self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as JSON has it."""
        return {
            "depth": self.depth.to_dict(),
            "weighted_layers": self.depth.weighted_layers,
            "width": self.width,
            "stride": plain(self.stride),
            "resolution": {"k": list(self.resolution_k), "n": list(self.resolution_n)},
            "last_map": list(self.last_map) if self.last_map is not None else None,
            "last_map_path": self.last_map_path,
            "receptive_field": list(self.receptive_field),
            "receptive_field_min": list(self.receptive_field_min),
            "receptive_field_true": list(self.receptive_field_true),
            "peak_activation": self.peak_activation.to_dict(),
            "fc_params": self.fc_params,
            "fc_macs": self.fc_macs,
            "fc_share_params": self.fc_share_params,
            "fc_share_macs": self.fc_share_macs,
            "odd_channels": [{"path": path, "channels": channels} for path, channels in self.odd_channels],
        }
