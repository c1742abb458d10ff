"""The roofline: how fast a network could run at most on a device (Williams et al. 2009, doi:10.1145/1498765.1498785).

A layer takes at least as long as its arithmetic at the peak rate, and as its memory access at the peak bandwidth.
Nothing here predicts a latency: every time is a lower bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.devices import Device, find
from cnncalc.results.views import view
from cnncalc.values.dtypes import parse_dtypes, tensor_bytes

if TYPE_CHECKING:
    from os import PathLike

    from cnncalc.results.layer import Layer
    from cnncalc.results.report import Report

COMPUTE, MEMORY = "compute", "memory"


class LayerBound(NamedTuple):
    """How long one layer takes at least.

    Attributes:
        path: unique dotted path.
        op: the operator's canonical name.
        operations: of all kinds, each counted as one, a multiply-accumulate as two; None if unknown.
        bytes: moved between memory and the device; None if unknown.
        intensity: operations per byte; None if unknown or nothing is moved.
        seconds: the lower bound; None if unknown.
        bound: what sets it, `compute` or `memory`; None for a layer that does nothing, or if unknown.
    """

    path: str
    op: str
    operations: int | None
    bytes: int | None
    intensity: float | None
    seconds: float | None
    bound: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the layer as JSON has it."""
        values = self._asdict()
        values["lower_bound_seconds"] = values.pop("seconds")
        return values


class Fit(NamedTuple):
    """Whether a need of the network fits into a memory of the device.

    Attributes:
        what: `activations`, `weights`, or `weights and activations`.
        memory: `sram`, `flash` or `memory`.
        needed: bytes; the peak of live activations, nothing in place, or the parameters.
        available: bytes.
        fits: it does, as far as these two go; a program needs room for itself too.
    """

    what: str
    memory: str
    needed: int
    available: int
    fits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Roofline:
    """The lower bounds of a network on a device.

    Attributes:
        device: the device's name.
        title: its maker's name for it.
        network: the network's name.
        batch: images at once.
        dtype: what the network's elements are stored as.
        computed_in: the type whose peak rate is used.
        peak: operations per second.
        bandwidth: bytes per second; None if the device's is unknown.
        ridge: operations per byte at which the two bounds meet; None without a bandwidth.
        seconds: the layers one after another, each operand moved once per layer: the sum of their lower bounds.
        fused_seconds: any fusion of layers: all arithmetic, or weights, inputs and outputs moved once.
        compute_seconds: the part of `seconds` in compute-bound layers.
        memory_seconds: the part of `seconds` in memory-bound layers.
        fits: what the device can hold.
        layers: the layers in execution order.
        lower_bounds: names of the sums that leave out layers of unknown work; they are lower bounds even so.
        rank: spatial axes of the network's first input: two are an image.
    """

    device: str
    title: str
    network: str
    batch: int
    dtype: str
    computed_in: str
    peak: int
    bandwidth: int | None
    ridge: float | None
    seconds: float
    fused_seconds: float
    compute_seconds: float
    memory_seconds: float
    fits: tuple[Fit, ...]
    layers: tuple[LayerBound, ...]
    lower_bounds: tuple[str, ...]
    rank: int = 2

    def __str__(self) -> str:
        return str(view("roofline.text")(self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 - as IPython calls it
        printer.text(str(self).rstrip("\n"))

    @property
    def images_per_second(self) -> float | None:
        """The most images per second that the layer-by-layer bound allows; None if the bound is zero."""
        return self.batch / self.seconds if self.seconds else None

    def to_dict(self) -> dict[str, Any]:
        """Return the bounds as JSON has them."""
        return {
            "device": self.device,
            "title": self.title,
            "network": self.network,
            "batch": self.batch,
            "dtype": self.dtype,
            "computed_in": self.computed_in,
            "peak": self.peak,
            "bandwidth": self.bandwidth,
            "ridge": self.ridge,
            "lower_bound_seconds": self.seconds,
            "fused_lower_bound_seconds": self.fused_seconds,
            "compute_seconds": self.compute_seconds,
            "memory_seconds": self.memory_seconds,
            "upper_bound_images_per_second": self.images_per_second,
            "fits": [fit._asdict() for fit in self.fits],
            "lower_bounds": [name.replace("seconds", "lower_bound_seconds") for name in self.lower_bounds],
            "layers": [layer.to_dict() for layer in self.layers],
        }


def roofline_on(report: Report, device: str | Device, file: str | PathLike[str] | None = None) -> Roofline:
    """Return how fast a network could run at most on a device, given or found by its name.

    Raises:
        DeviceError: there is no such device, or the file of devices is wrong.
    """
    return roofline(report, device if isinstance(device, Device) else find(device, file))


def roofline(report: Report, device: Device) -> Roofline:
    """Return the lower bounds of a report's network on a device.

    Operations are those of the convention `exact`, whatever the report's; they run at the device's peak rate for the
    wider of the two types of elements.
    """
    dtypes = parse_dtypes(report.dtype)
    computed_in, peak = device.rate(dtypes.wider)
    layers = tuple(_bound(layer, peak, device.bandwidth) for layer in report.layers)
    operations = sum(layer.operations or 0 for layer in layers)
    ends = (*report.input, *report.outputs)
    moved = report.totals.model_size
    moved += sum(tensor_bytes(shape.elements * report.batch, dtypes.activation_bits) for _, shape in ends)
    unknown = any(layer.seconds is None for layer in layers)
    return Roofline(
        device=device.name,
        title=device.title,
        network=report.name,
        batch=report.batch,
        dtype=report.dtype,
        computed_in=computed_in,
        peak=peak,
        bandwidth=device.bandwidth,
        ridge=peak / device.bandwidth if device.bandwidth else None,
        seconds=sum(layer.seconds or 0.0 for layer in layers),
        fused_seconds=max(operations / peak, moved / device.bandwidth if device.bandwidth else 0.0),
        compute_seconds=sum(layer.seconds or 0.0 for layer in layers if layer.bound == COMPUTE),
        memory_seconds=sum(layer.seconds or 0.0 for layer in layers if layer.bound == MEMORY),
        fits=tuple(_fits(report, device)),
        layers=layers,
        lower_bounds=("seconds", "fused_seconds") if unknown else (),
        rank=len(report.input[0][1].spatial) if report.input else 0,
    )


def _bound(layer: Layer, peak: int, bandwidth: int | None) -> LayerBound:
    operations = layer.work.total if layer.work is not None else None
    moved = layer.bytes
    intensity = operations / moved if operations is not None and moved else None
    if operations is None or moved is None:
        return LayerBound(layer.path, layer.op, operations, moved, intensity, None, None)
    working, moving = operations / peak, moved / bandwidth if bandwidth else 0.0
    bound = None if not operations and not moved else MEMORY if moving > working or not operations else COMPUTE
    return LayerBound(layer.path, layer.op, operations, moved, intensity, max(working, moving), bound)


def _fits(report: Report, device: Device) -> list[Fit]:
    live, weights = report.summary.peak_activation.bytes, report.totals.model_size
    found = []
    for what, memory, needed in (
        ("activations", "sram", live),
        ("weights", "flash", weights),
        ("weights and activations", "memory", live + weights),
    ):
        available = getattr(device, memory)
        if available is not None:
            found.append(Fit(what, memory, needed, available, needed <= available))
    return found
