"""One design, the ordinary way: what every row of a sweep equals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.search.space import BATCH, DEVICE, DTYPE, INPUT, RULE, SPEC, VARIANT
from cnncalc.study import Study

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.language.document import Spec
    from cnncalc.search.space import Choices

OPTIONS = {INPUT: "input", VARIANT: "variant", BATCH: "batch", DTYPE: "dtype", RULE: "convention",
           DEVICE: "device"}  # fmt: skip


def options_of(axes: Sequence[Choices], design: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a design as the arguments of `analyze`."""
    found = dict(options)
    variables = dict(found.get("variables") or {})
    for axis in axes:
        value = design[axis.name]
        if axis.kind == SPEC:
            continue
        if axis.kind in OPTIONS:
            found[OPTIONS[axis.kind]] = value
        else:
            variables[axis.name] = list(value) if isinstance(value, tuple) else value
    if variables:
        found["variables"] = variables
    return found


def study_of(spec: Spec, options: Mapping[str, Any]) -> Study:
    """Return the study of one design.

    Raises:
        ValueError: it is none of this spec.
    """
    return Study.of(spec, **{name: value for name, value in options.items() if name != "device"})


def command_of(spec: str, axes: Sequence[Choices], places: Sequence[int]) -> list[str]:
    """Return a design as the spec and options of the command line."""
    words: list[str] = [spec]
    flags = {INPUT: "--input", VARIANT: "--variant", BATCH: "--batch", DTYPE: "--dtype", RULE: "--flops",
             DEVICE: "--device"}  # fmt: skip
    for axis, place in zip(axes, places, strict=True):
        if axis.kind == SPEC:
            words[0] = axis.texts[place]
            continue
        text = axis.texts[place]
        words += [flags[axis.kind], text] if axis.kind in flags else ["--set", f"{axis.name}={text}"]
    return words
