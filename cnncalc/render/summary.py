"""The network in a few lines: what stands under the table of `show`, as pairs of a label and its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.analysis.group import total
from cnncalc.render import format as fmt
from cnncalc.rules import CONVENTIONS
from cnncalc.values.diagnostics import plural

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cnncalc.render.format import NumberFormat
    from cnncalc.results.report import Report

AXES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
BITS = {"fp32": "4 bytes", "fp16": "2 bytes", "bf16": "2 bytes", "int8": "1 byte", "int4": "half a byte"}
ODD_SHOWN = 3
"""So many layers with channels that are no multiple of 8 are named."""
TOTALS = (("parameters", "params"), ("MACs", "macs"), ("FLOPs", "flops"), ("memory access", "memory_access"))


def facts(report: Report, numbers: NumberFormat, told: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return label and text of everything that holds for the network as a whole.

    Args:
        report: the network.
        numbers: how counts are written.
        told: names of the totals that stand in a total row already.
    """
    summary, depth = report.summary, report.summary.depth
    found = [
        ("depth", f"{depth.layers:,} weighted layers on the longest path, {depth.weighted_layers:,} in all"),
        ("blocks", f"{depth.blocks:,}"),
        ("width", "-" if summary.width is None else plural(summary.width, "channel")),
    ]  # fmt: skip
    if summary.last_map is not None:
        found += [
            ("total stride", f"{fmt.axes(summary.stride)}{resolution(report)}"),
            ("last map", f"{summary.last_map} ({summary.last_map_path})"),
            ("receptive field", receptive_field(report)),
        ]
    found += [(label, total_text(report, key, numbers)) for label, key in TOTALS if key not in told]
    if report.totals.buffers and not {"params", "buffers"}.isdisjoint(told):
        found += [] if "buffers" in told else [("buffers", f"{numbers.write(report.totals.buffers)} kept, not learned")]
    found += [
        ("model size", model_size(report, numbers)),
        ("peak activation", peak(report, numbers)),
        ("linear layers", linear_share(report)),
        *odd_channels(report),
        ("counting", convention(report)),
    ]
    return found + widths(report, numbers) + declared(report)


def widths(report: Report, numbers: NumberFormat) -> list[tuple[str, str]]:
    """Return what the bits of numbers and the zeros among weights come to; nothing where no layer says them."""
    found = report.totals.precision
    if found is None:
        return []
    rows = [("model bits", f"{numbers.write(found.model_bits)} bits of parameters")]
    if found.bops:
        rows.append(("binary ops", f"{numbers.write(found.bops)} BOPs: MACs by bits of weight and activation"))
    if found.bops and isinstance(found.ops, int):
        rows.append(("OPs", f"{numbers.write(found.ops)}: MACs, 64 of single bits as one"))
    if found.nonzero != found.weights:
        kept = f"{numbers.write(found.nonzero)} of {numbers.write(found.weights)} weights"
        stored = numbers.write(found.sparse_bits), numbers.write(found.sparse_bits_indexed)
        rows += [
            ("effective MACs", f"{numbers.write(found.effective_macs)} with weights that are not zero"),
            ("sparse weights", f"{kept}; {stored[0]} bits without an index, {stored[1]} with one bit a weight"),
        ]
    return rows


def declared(report: Report) -> list[tuple[str, str]]:
    """Return which layers have numbers that the spec states; nothing where all are computed."""
    found = [f"{', '.join(layer.declared)} of {layer.path}" for layer in report.layers if layer.declared]
    more = f"; and {len(found) - ODD_SHOWN:,} more layers" if len(found) > ODD_SHOWN else ""
    return [("declared", "; ".join(found[:ODD_SHOWN]) + more)] if found else []


def brief(report: Report) -> str:
    """Return the same in a line or two, for a screen that has no room for more."""
    summary = report.summary
    model = total(report.totals, "model_size")
    words = [
        f"depth {summary.depth.layers:,}",
        plural(summary.depth.blocks, "block"),
        f"width {summary.width:,}" if summary.width else "",
        f"stride {fmt.axes(summary.stride)}" if summary.last_map is not None else "",
        f"field {fmt.axes(summary.receptive_field)}" if summary.last_map is not None else "",
        f"model {in_bytes(model.value, fmt.NumberFormat.HUMAN, bound=model.lower_bound)} as {report.dtype}",
        f"peak {fmt.stored(summary.peak_activation.bytes)}" if summary.peak_activation.path else "",
        f"counting {report.convention}",
    ]
    return ", ".join(word for word in words if word)


def total_text(report: Report, key: str, numbers: NumberFormat) -> str:
    """Return one of the totals with its unit."""
    text = fmt.amount(total(report.totals, key), numbers)
    if key == "params" and report.totals.buffers:
        text += f", and {numbers.write(report.totals.buffers)} buffers"
    if key == "macs":
        text += ", what most papers call FLOPs"
    if key == "memory_access":
        text += " elements read, written, and of weights and bias"
    return text


def resolution(report: Report) -> str:
    """Return the input's extents as k*2^n, 2^n the total stride: `, 224 = 7*2^5`."""
    summary = report.summary
    extents = report.input[0][1].spatial if report.input else ()
    if None in summary.resolution_n:
        return ", no power of 2: r = k*2^n has no n"
    texts = []
    for extent, k, n in zip(extents, summary.resolution_k, summary.resolution_n, strict=False):
        texts.append(f"{extent} is no multiple of 2^{n}" if k is None else f"{extent} = {k}*2^{n}")
    if len(set(texts)) == 1:
        return f", r = k*2^n: {texts[0]}"
    names = AXES.get(len(texts), ())
    return f", r = k*2^n: {', '.join(f'{name} {text}' for name, text in zip(names, texts, strict=False))}"


def shares_of(field: Sequence[int | None], extents: Sequence[int]) -> str:
    """Return a field as a share of the input, per axis: `190.6 %`; "" where the axes differ."""
    if len(field) != len(extents):
        return ""
    texts = [fmt.UNKNOWN if f is None else fmt.percent(f, r) for f, r in zip(field, extents, strict=False) if r]
    return texts[0] if len(set(texts)) == 1 else " x ".join(texts)


def receptive_field(report: Report) -> str:
    """Return what a unit of the last map sees, and what else is true of it."""
    summary = report.summary
    extents = report.input[0][1].spatial if report.input else ()
    if summary.receptive_field and all(size is None for size in summary.receptive_field):
        return f"{fmt.UNKNOWN} (a layer on the way has no field)"
    size = fmt.axes(summary.receptive_field)
    text = f"{size} {fmt.pixels(len(extents), size)}"
    if share := shares_of(summary.receptive_field, extents):
        text += f", {share} of the input's extent"
    if summary.receptive_field_min != summary.receptive_field:
        text += f"; at some positions {fmt.axes(summary.receptive_field_min)}"
    if summary.receptive_field_true != summary.receptive_field:
        whole = tuple(summary.receptive_field_true) == tuple(extents)
        text += f"; with gates {'the whole input' if whole else fmt.axes(summary.receptive_field_true)}"
    return text


def model_size(report: Report, numbers: NumberFormat) -> str:
    """Return the parameters in bytes of the dtype."""
    size = total(report.totals, "model_size")
    text = in_bytes(size.value, numbers, bound=size.lower_bound)
    each = f" ({BITS[report.dtype]} each)" if report.dtype in BITS else ""
    return f"{text} as {report.dtype}{each}, batch {report.batch:,}"


def in_bytes(size: int | None, numbers: NumberFormat, *, bound: bool = False) -> str:
    """Return a number of bytes, the exact one first: `102,228,128 bytes (97.5 MiB)`."""
    if size is None:
        return fmt.UNKNOWN
    mark, short = ">= " if bound else "", fmt.stored(size)
    if numbers is fmt.NumberFormat.HUMAN or size < 1024:
        return mark + short
    return f"{mark}{numbers.write(size)} bytes ({short})"


def peak(report: Report, numbers: NumberFormat) -> str:
    """Return the most activations alive at once, in bytes and elements, and where."""
    moment = report.summary.peak_activation
    bound = "peak_activation" in report.totals.lower_bounds
    where = f" at {moment.path}" if moment.path else ""
    size = in_bytes(moment.bytes, numbers, bound=bound)
    return f"{size}, {'>= ' if bound else ''}{numbers.write(moment.elements)} elements alive{where}"


def odd_channels(report: Report) -> list[tuple[str, str]]:
    """Return the layers whose channels are no multiple of 8, which hardware pads; nothing where there are none."""
    found = report.summary.odd_channels
    if not found:
        return []
    named = [f"{path} {channels}" for path, channels in found[:ODD_SHOWN]]
    more = f" and {len(found) - ODD_SHOWN:,} more" if len(found) > ODD_SHOWN else ""
    return [("not times 8", f"channels of {', '.join(named)}{more}")]


def linear_share(report: Report) -> str:
    """Return the share of linear layers in parameters and work."""
    summary, totals, words = report.summary, report.totals, []
    parts = ((summary.fc_params, totals.params, "params"), (summary.fc_macs, totals.macs, "MACs"))
    for part, whole, noun in parts:
        if noun.lower() in totals.lower_bounds:
            words.append(f"{fmt.UNKNOWN} of {noun}")
        elif whole:
            words.append(f"{fmt.percent(part, whole)} of {noun}")
    return ", ".join(words) or fmt.NOTHING


def convention(report: Report) -> str:
    """Return the name of the counting rule behind FLOPs and what it means."""
    rule = CONVENTIONS[report.convention]
    text = f"{rule.name}: {rule.summary}" + (", batch_norm folded" if report.fold_bn else "")
    if rule.unit != "FLOPs":
        text += f" (its own word is {rule.unit})"
    return text


def heading(report: Report) -> list[str]:
    """Return name, input, variant and citation, the parts of the title line."""
    inputs = ", ".join(str(shape) if len(report.input) == 1 else f"{name} {shape}" for name, shape in report.input)
    parts = [report.name, f"input {inputs}"]
    if report.variant is not None and report.variant != report.name:
        parts.append(f"variant {report.variant}")
    if report.batch > 1:
        parts.append(f"batch {report.batch:,}")
    if report.source:
        parts.append(report.source)
    return parts
