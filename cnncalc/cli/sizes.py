"""`cnncalc sizes`."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from cnncalc.cli.common import fail, settings, shapes, source_of, usage_errors, write_output, write_result
from cnncalc.cli.forms import completed, form_named
from cnncalc.cli.options import (
    MOST_LAYERS,
    InputOption,
    MaxLayersOption,
    OutputOption,
    SetOption,
    SpecArgument,
    VariantOption,
)

EPILOG = """\
Examples:

cnncalc sizes resnet50                 the step, the smallest, what loses no border

cnncalc sizes unet --around 512        the nearest sizes that work

cnncalc sizes net.yaml --around 720x1280 --format json
"""
FORMS = {"text": "", "json": ""}


def command(
    spec: SpecArgument,
    around: Annotated[
        str | None, typer.Option("--around", metavar="SIZE", help="The size of interest: 224, or 720x1280.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORM", help="text or json.", autocompletion=completed(FORMS))
    ] = "text",
    input: InputOption = None,  # noqa: A002 - the option's name
    variant: VariantOption = None,
    variables: SetOption = None,
    output: OutputOption = None,
    max_layers: MaxLayersOption = MOST_LAYERS,
) -> None:
    """Show which input sizes a network takes, which of them lose no border, the step between them, and the smallest."""
    from cnncalc.render.sizes import to_json, to_text
    from cnncalc.search.sizes import input_sizes

    form_named(form, FORMS)
    source, values, shape, sizes = source_of(spec), settings(variables), shapes(input), extents("--around", around)
    with usage_errors():
        found = input_sizes(source, around=sizes, input=shape, variant=variant, variables=values, max_layers=max_layers)
    if form == "json":
        write_output(to_json(found), output)
    else:
        write_result(to_text(found), output)


def extents(option: str, text: str | None) -> tuple[int, ...] | None:
    """Return `256` or `256x512` as numbers; stop with exit code 2 for what is no size."""
    if text is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,8}([x,][1-9][0-9]{0,8})*", text.strip()):
        fail(f"{option} wants a size like 256 or 256x512, got '{text}'")
    return tuple(int(part) for part in re.split("[x,]", text.strip()))
