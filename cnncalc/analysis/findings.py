"""Warnings about a whole network: misaligned paths, arguments that are hardly meant; and those that are accepted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cnncalc.ops.arguments import shown
from cnncalc.ops.windows import axis_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.analysis.receptive import Misalignment
    from cnncalc.graph.graph import Graph
    from cnncalc.values.diagnostics import Collector, Diagnostic


def report_misalignments(graph: Graph, found: Sequence[Misalignment], collector: Collector) -> None:
    """Record that two paths into a merge look at different places: of each line of the spec the largest offset."""
    pairs: dict[tuple[int, tuple[int, int], str], list[Misalignment]] = {}
    for finding in found:
        pairs.setdefault((finding.node, finding.inputs, finding.source), []).append(finding)
    lines: dict[Any, list[list[Misalignment]]] = {}
    for (index, _, _), findings in pairs.items():
        place = graph.nodes[index].span
        lines.setdefault(index if place is None else (place.line, place.column), []).append(findings)
    for several in lines.values():
        worst = max(several, key=lambda findings: max(abs(finding.offset) for finding in findings))
        _misaligned(graph, worst, len(several) - 1, collector)


def _misaligned(graph: Graph, findings: list[Misalignment], more: int, collector: Collector) -> None:
    node = graph.nodes[findings[0].node]
    first, second = (graph.name(node.inputs[k]) for k in findings[0].inputs)
    said: dict[str, list[str]] = {}
    for finding in findings:
        axis = axis_name(finding.axis, len(node.out_shapes[0]) - 1)
        said.setdefault(how_misaligned(finding, first, second), []).append(axis)
    parts = [f"on {' and '.join(axes)}, {message}" for message, axes in said.items()]
    if more:
        parts.append(f"and {more} more at this line")
    hint = "give both paths the same total stride, upsampling included"
    if all(finding.kind == "centre" for finding in findings):
        hint = "check padding, strides and resizing of both paths: even kernels and resizing shift by half a unit"
    collector.add("misaligned-merge", f"layer '{node.path}' ({node.op.name}): {'; '.join(parts)}", node.span,
                  severity="warning", path=node.path, hint=hint)  # fmt: skip


def report_suspicions(graph: Graph, collector: Collector) -> None:
    """Record arguments that are allowed and hardly ever meant, once for each line of the spec."""
    said = set()
    for node in graph.nodes:
        found = node.op.suspicion(node.in_shapes)
        if found is not None and (node.span is None or (found[0], node.span) not in said):
            said.add((found[0], node.span))
            code, message, hint = found
            collector.add(code, f"layer '{node.path}' ({node.op.name}) {message}", node.span, severity="warning",
                          path=node.path, hint=hint)  # fmt: skip


OF_THE_QUESTION = frozenset({"input-channels"})
"""Warnings that depend on what is asked of a spec: accepting one is not in vain because it does not come up."""


def set_accepted_apart(graph: Graph, collector: Collector) -> tuple[Diagnostic, ...]:
    """Return the warnings that are meant, taken out of the collector; one that is accepted in vain is told."""
    if not graph.accepts or collector.errors:
        return ()
    places = {node.path: index for index, node in enumerate(graph.nodes)}
    met: set[tuple[str, Any]] = set()
    accepted = []
    for finding in list(collector.found):
        if finding.severity != "warning":
            continue
        index = places.get(finding.path or "")
        for accept in graph.accepts:
            inside = accept.stop is None or (index is not None and accept.start <= index < accept.stop)
            if inside and finding.code in accept.codes:
                met.add((finding.code, accept.span))
                if finding in collector.found:
                    collector.found.remove(finding)
                    accepted.append(replace(finding, severity="accepted"))
    told: set[tuple[str, Any]] = set()
    for accept in graph.accepts:
        for code in accept.codes:
            if (code, accept.span) not in met | told and code not in OF_THE_QUESTION:
                told.add((code, accept.span))
                collector.add("unused-accept", f"there is no warning '{code}' to accept here", accept.span,
                              severity="warning", hint="remove it from accept:")  # fmt: skip
    return tuple(accepted)


def how_misaligned(finding: Misalignment, first: str, second: str) -> str:
    """Return in words how two paths differ on one axis."""
    if finding.kind == "jump":
        jump, other = map(shown, finding.jumps)
        return f"'{first}' advances {jump} pixels a unit and '{second}' {other}"
    return f"'{second}' looks {shown(finding.offset)} pixels beside '{first}'"
