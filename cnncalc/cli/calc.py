"""`cnncalc calc`: a line of layers, answered with a line for each."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cnncalc.cli.common import fail, shapes, usage_errors, write_output, write_result
from cnncalc.cli.forms import completed, form_named
from cnncalc.cli.options import DtypeOption, FlopsOption, InputOption, OutputOption

EPILOG = """\
An item is OPERATOR MAIN kN sN pN dN gN; k3x5 per axis, p half, name=value.

Examples:

cnncalc calc 'conv 64 k3 s2 p1' --input 3x32x32

cnncalc calc 'conv 64 k3 s2 p1; max_pool 2; conv 128 k3' --input 3x32x32

cnncalc calc 'conv 32 k3 p half + batch_norm + relu' --input 3x224x224
"""
FORMS = {"text": "", "json": ""}


def command(
    layers: Annotated[str, typer.Argument(metavar="LAYERS", help="As 'conv 64 k3 s2 p1; max_pool 2'.")],
    input: InputOption = None,  # noqa: A002 - the option's name
    flops: FlopsOption = "exact",
    dtype: DtypeOption = "fp32",
    form: Annotated[
        str, typer.Option("--format", metavar="FORM", help="text or json.", autocompletion=completed(FORMS))
    ] = "text",
    output: OutputOption = None,
) -> None:
    """Answer a quick question without a file: size with its formula, field, params and MACs of layers in a line."""
    from cnncalc.explanation.network import explain
    from cnncalc.language.shorthand import spec_of

    form_named(form, FORMS)
    shape = shapes(input)
    if not isinstance(shape, str):
        fail("calc wants one input shape without the batch", "add --input 3x32x32")
    with usage_errors():
        try:
            size = [int(part) for part in shape.replace(",", "x").split("x")]
        except ValueError:
            fail(f"an input shape is written like 3x224x224, got '{shape}'")
        spec = spec_of(layers, size)
        found = explain(spec, convention=flops, dtype=dtype)
    if form == "json":
        from cnncalc.api import analyze

        report = analyze(spec, convention=flops, dtype=dtype)
        write_output(json.dumps(report.to_dict(), indent=2, ensure_ascii=False, allow_nan=False), output)
        return
    from cnncalc.api import analyze
    from cnncalc.render.calc import to_text

    write_result(to_text(analyze(spec, convention=flops, dtype=dtype), found), output)
