"""A MemoryReport as text, Markdown and JSON, and the rows of its table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cnncalc.render.format import image
from cnncalc.render.markdown import code, escape
from cnncalc.values.diagnostics import one_line, plural

if TYPE_CHECKING:
    from cnncalc.analysis.arena import Arena
    from cnncalc.analysis.liveness import Peak
    from cnncalc.analysis.memory import MemoryReport, Training


def to_json(report: MemoryReport) -> str:
    """Return everything, layers and arenas included."""
    return json.dumps(report.to_dict(), indent=2, ensure_ascii=False)


def memory_text(report: MemoryReport) -> str:
    """Return the memory of a network in a few lines, every number exact."""
    title = f"{report.name}, {plural(report.batch, image(report.rank))}, {report.dtype}"
    lines = [
        title + (", batch normalisation folded" if report.fold_bn else ""),
        f"  parameters            {_sum(report, 'params'):>17} elements {_sum(report, 'model_size'):>17} bytes",
        f"  all tensors           {report.tensors:>17,} elements",
        *_moment("live peak", report.peak, report.peak_bytes, report.batch),
        *_moment("live peak in place", report.peak_in_place, report.peak_in_place_bytes, report.batch),
        _stretch("arena", report.arena),
        _stretch("arena in place", report.arena_in_place),
    ]
    if report.training is not None:
        lines += _training(report.training)
    return "\n".join(map(one_line, lines)) + "\n"


HEADINGS = ("Memory", "elements", "bytes", "")


def rows(report: MemoryReport) -> list[tuple[str, str, str, str]]:
    """Return what a table shows: the memory's name, elements, bytes, a note."""

    def moment(what: str, peak: Peak, size: int) -> tuple[str, str, str, str]:
        held = ", ".join(f"{name} {elements * report.batch:,}" for name, elements in peak.live)
        where = f"at {peak.path}; alive then: {held}" if peak.path else f"alive: {held}"
        return what, f"{peak.elements * report.batch:,}", f"{size:,}", where

    found = [
        ("Parameters", _sum(report, "params"), _sum(report, "model_size"), ""),
        ("All tensors", f"{report.tensors:,}", "", "the input and everything that layers write"),
        moment("Live peak", report.peak, report.peak_bytes),
        moment("Live peak in place", report.peak_in_place, report.peak_in_place_bytes),
        *(
            (what, "", f"{arena.bytes:,}", f"aligned to {plural(arena.alignment, 'byte')}")
            for what, arena in (("Arena", report.arena), ("Arena in place", report.arena_in_place))
        ),
    ]
    if (step := report.training) is None:
        return found
    lower = step.lower_bounds

    def known(key: str, value: int) -> str:
        return f"{'>= ' if key in lower else ''}{value:,}"

    macs = f"forward {known('macs_forward', step.macs_forward)}, backward {known('macs_backward', step.macs_backward)}"
    stored = known("activations", step.activations), known("activation_bytes", step.activation_bytes)
    return [
        *found,
        ("Stored activations", *stored, "kept for the backward pass"),
        ("Parameters, gradients, state", "", known("parameter_bytes", step.parameter_bytes), step.optimizer),
        ("Training step", "", known("bytes", step.bytes), f"multiply-accumulates: {macs}"),
    ]


def memory_markdown(report: MemoryReport) -> str:
    """Return the memory of a network as a Markdown table."""
    folded = ", batch normalisation folded" if report.fold_bn else ""
    many = plural(report.batch, image(report.rank))
    lines = [f"### {code(report.name)}", "", escape(f"{many}, {report.dtype}{folded}"), ""]
    lines += [f"| {' | '.join(HEADINGS)} |", "| --- | ---: | ---: | --- |"]
    lines += [f"| {' | '.join(map(escape, row))} |" for row in rows(report)]
    return "\n".join(lines) + "\n"


def _sum(report: MemoryReport, key: str) -> str:
    return f"{'>= ' if key in report.lower_bounds else ''}{getattr(report, key):,}"


def _moment(name: str, peak: Peak, size: int, batch: int) -> list[str]:
    held = ", ".join(f"{name} {elements * batch:,}" for name, elements in peak.live)
    where = f" at {peak.path}" if peak.path else ""
    return [f"  {name:<21} {peak.elements * batch:>17,} elements {size:>17,} bytes{where}", f"    alive then: {held}"]


def _stretch(name: str, arena: Arena) -> str:
    return f"  {name:<21} {'':>26} {arena.bytes:>17,} bytes, aligned to {arena.alignment}"


def _training(step: Training) -> list[str]:
    def amount(key: str, value: int) -> str:
        return f"{'>= ' if key in step.lower_bounds else ''}{value:,}"

    kept, state = amount("activations", step.activations), amount("state_elements", step.state_elements)
    kept_bytes, both = amount("activation_bytes", step.activation_bytes), amount("bytes", step.bytes)
    parameters = amount("parameter_bytes", step.parameter_bytes)
    forward, backward = amount("macs_forward", step.macs_forward), amount("macs_backward", step.macs_backward)
    return [
        f"  training with {step.optimizer}",
        f"    stored activations  {kept:>17} elements {kept_bytes:>17} bytes",
        f"    optimiser state     {state:>17} elements",
        f"    parameters, gradients and state {'':>14} {parameters:>17} bytes",
        f"    together {'':>37} {both:>17} bytes",
        f"    multiply-accumulates: forward {forward}, backward {backward}",
    ]
