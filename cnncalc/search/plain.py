"""One design, the ordinary way: what every row of a sweep equals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.api import analyze
from cnncalc.search.space import BATCH, DTYPE, INPUT, RULE, VARIANT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.language.document import Spec
    from cnncalc.results.report import Report
    from cnncalc.search.space import Choices

OPTIONS = {INPUT: "input", VARIANT: "variant", BATCH: "batch", DTYPE: "dtype", RULE: "convention"}


def options_of(axes: Sequence[Choices], design: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a design as the arguments of `analyze`."""
    found = dict(options)
    variables = dict(found.get("variables") or {})
    for axis in axes:
        value = design[axis.name]
        if axis.kind in OPTIONS:
            found[OPTIONS[axis.kind]] = value
        else:
            variables[axis.name] = list(value) if isinstance(value, tuple) else value
    if variables:
        found["variables"] = variables
    return found


def report_of(spec: Spec, axes: Sequence[Choices], design: Mapping[str, Any], options: Mapping[str, Any]) -> Report:
    """Return the report of one design.

    Raises:
        SpecError: it is no network.
        ValueError: it is none of this spec.
    """
    return analyze(spec, **options_of(axes, design, options))


def command_of(axes: Sequence[Choices], places: Sequence[int]) -> list[str]:
    """Return a design as options of the command line."""
    words: list[str] = []
    flags = {INPUT: "--input", VARIANT: "--variant", BATCH: "--batch", DTYPE: "--dtype", RULE: "--flops"}
    for axis, place in zip(axes, places, strict=True):
        text = axis.texts[place]
        words += [flags[axis.kind], text] if axis.kind in flags else ["--set", f"{axis.name}={text}"]
    return words
