"""What a runtime needs, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.devices import mapped
from cnncalc.render.format import wrap
from cnncalc.values.diagnostics import one_line

if TYPE_CHECKING:
    from cnncalc.devices import Device
    from cnncalc.results.runtime import RuntimeMemory

LABEL = 22
BAR = 24
KERNELS = {"reference": "with reference kernels", "given": "with the scratch that was given", "none": "no scratch"}


def runtime_text(memory: RuntimeMemory, *, width: int, device: Device | None = None) -> str:
    """Return the memory in a few lines, every number exact, with what is left of a device's SRAM and flash."""
    lines = [title(memory)]
    numbers = (
        ("arena", memory.arena), ("tail", memory.tail), ("sram", memory.sram), ("flash", memory.flash),
        ("largest tensor", memory.largest_tensor), ("live peak", memory.live_peak),
    )  # fmt: skip
    for name, value in numbers:
        if value is not None:
            where = f" at {memory.peak_layer}" if name == "live peak" and memory.peak_layer else ""
            if name == "tail" and device is not None and device.kind == "microcontroller":
                where = " on a 64-bit build, an upper bound on this 32-bit chip"
            lines.append(f"  {name:<{LABEL}}{value:>15,} bytes{where}")
    held = ", ".join(f"{b.name}{' (scratch)' if b.scratch else ''} {b.bytes:,}" for b in memory.alive)
    lines += hanging(f"alive then: {held}", width)
    if device is not None:
        lines += room(memory, device)
    for note in memory.notes:
        lines += hanging(f"note: {note}", width)
    return "\n".join(map(one_line, lines)) + "\n"


def title(memory: RuntimeMemory) -> str:
    """Return whose numbers these are."""
    if memory.runtime is None:
        return "memory of the deployed network, whatever runs it; --runtime names a planner"
    return f"memory under {memory.runtime} ({memory.version}), {KERNELS[memory.kernels]}"


def hanging(text: str, width: int) -> list[str]:
    """Return a sentence in lines, those after the first indented further."""
    return [f"  {'' if not number else '  '}{line}" for number, line in enumerate(wrap(text, max(width - 4, 20)))]


def room(memory: RuntimeMemory, device: Device) -> list[str]:
    """Return a bar each for a device's flash and SRAM, and the verdict with the runtime that it holds for."""
    lines = [f"  on {device.title}"]
    for name, need, have in (("flash", memory.flash, device.flash), ("sram", memory.sram, device.sram)):
        if have is None or need is None:
            continue
        filled = min(need * BAR // have, BAR)
        bar = "#" * filled + "." * (BAR - filled)
        rest = f"{have - need:,} bytes left" if need <= have else f"{need - have:,} bytes too many"
        lines.append(f"  {name:<{LABEL}}{need:>15,} of {have:,} bytes [{bar}] {rest}")
    lines += constraints(memory, device)
    if memory.runtime is not None:
        fits = device.fits(memory)
        lines.append(f"  {verdict(memory, fits=fits)}" if fits is not None else "  no verdict: a size is not known")
    return lines


def constraints(memory: RuntimeMemory, device: Device) -> list[str]:
    """Return what a device asks of a network besides room: what stays on the chip, and what its compiler maps."""
    lines = []
    if device.cache is not None:
        over = memory.flash - device.cache
        text = "all stay on the chip" if over <= 0 else f"{over:,} bytes are streamed in every inference"
        lines.append(f"  {'parameters':<{LABEL}}{memory.flash:>15,} of {device.cache:,} bytes cached: {text}")
    if device.channels is not None:
        lines.append(f"  {'channels':<{LABEL}}{'':>15} maps are padded to multiples of {device.channels} in its memory")
    known = mapped(device)
    if known is not None and memory.operators:
        left = [f"{name} ({many})" for name, many in memory.operators if name not in known.operators]
        text = f"not mapped, left to the processor: {', '.join(left)}" if left else "every operator is mapped"
        lines.append(f"  {'operators':<{LABEL}}{'':>15} {text} (Vela {known.version})")
    return lines


def verdict(memory: RuntimeMemory, *, fits: bool) -> str:
    """Return whether a network fits, and for which runtime and kernels that holds."""
    if not fits:
        return f"does not fit under {memory.runtime}"
    return f"fits under {memory.runtime}, {KERNELS[memory.kernels]}"
