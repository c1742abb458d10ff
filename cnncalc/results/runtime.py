"""What a named runtime needs for a network: an arena, a tail, flash; frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """One buffer at the busiest moment.

    Attributes:
        name: the layer or input that fills it; the layer that asks for it where it is scratch.
        bytes: its size in the arena.
        scratch: whether a kernel asks for it.
    """

    name: str
    bytes: int
    scratch: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the buffer as JSON has it."""
        return {"name": self.name, "bytes": self.bytes, "scratch": self.scratch}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeMemory:
    """The memory that a runtime plans for a network; bytes.

    Attributes:
        runtime: its name: plain or tflm; None where none was named.
        version: of the runtime whose planner this is, with its kernels.
        arena: one stretch of memory for activations and scratch; None without a runtime, as what follows of it.
        tail: what the interpreter keeps beside it; None for a runtime without one.
        sram: arena and tail.
        flash: weights and biases, and the scales of quantised ones.
        largest_tensor: the largest activation.
        live_peak: bytes alive at the busiest moment; the arena is at least as large.
        peak_layer: the layer that runs then.
        alive: what is alive then, in the order of making.
        kernels: whose scratch is in the arena: `reference`, `given` or `none`.
        notes: what was taken differently from the spec, as sentences.
        operators: how often each operator of the runtime occurs, by name; none where its program is not known.
    """

    runtime: str | None
    version: str | None
    arena: int | None
    tail: int | None
    sram: int | None
    flash: int
    largest_tensor: int
    live_peak: int
    peak_layer: str
    alive: tuple[Alive, ...]
    kernels: str
    notes: tuple[str, ...] = ()
    operators: tuple[tuple[str, int], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON has them."""
        return {
            "runtime": self.runtime,
            "version": self.version,
            "arena": self.arena,
            "tail": self.tail,
            "sram": self.sram,
            "flash": self.flash,
            "largest_tensor": self.largest_tensor,
            "live_peak": self.live_peak,
            "peak_layer": self.peak_layer,
            "alive": [buffer.to_dict() for buffer in self.alive],
            "kernels": self.kernels,
            "notes": list(self.notes),
            **({"operators": dict(self.operators)} if self.operators else {}),
        }
