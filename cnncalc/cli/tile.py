"""`cnncalc tile`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncalc.cli.common import amount, settings, shapes, source_of, usage_errors, write_output, write_result
from cnncalc.cli.forms import completed, form_named
from cnncalc.cli.options import (
    MOST_LAYERS,
    DtypeOption,
    InputOption,
    MaxLayersOption,
    OutputOption,
    SetOption,
    SpecArgument,
    VariantOption,
)
from cnncalc.cli.sizes import extents

EPILOG = """\
Examples:

cnncalc tile unet --tile 252                          the halo, and where tiles may start

cnncalc tile net.yaml --tile 256 --image 4096x4096    how many tiles, and what they cost

cnncalc tile net.yaml --image 4096 --memory 8GiB --format json    a plan, by the memory
"""
FORMS = {"text": "", "json": ""}


def command(
    spec: SpecArgument,
    tile: Annotated[
        str | None, typer.Option("--tile", metavar="SIZE", help="Pixels of a tile, halo included: 256, or 256x512.")
    ] = None,
    image: Annotated[
        str | None, typer.Option("--image", metavar="SIZE", help="Pixels of the image: 4096, or 4096x3072.")
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option("--memory", metavar="BYTES", help="What activations and weights of a tile may take, as 8GiB."),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORM", help="text or json.", autocompletion=completed(FORMS))
    ] = "text",
    dtype: DtypeOption = "fp32",
    input: InputOption = None,  # noqa: A002 - the option's name
    variant: VariantOption = None,
    variables: SetOption = None,
    output: OutputOption = None,
    max_layers: MaxLayersOption = MOST_LAYERS,
) -> None:
    """Cut a large image into tiles whose stitched outputs equal the whole bit for bit: halo, steps, work, memory."""
    from cnncalc.render.tile import to_json, to_text
    from cnncalc.search.tile import tile as cut

    form_named(form, FORMS)
    source, values, shape = source_of(spec), settings(variables), shapes(input)
    size, whole = extents("--tile", tile), extents("--image", image)
    with usage_errors():
        found = cut(
            source, tile=size, image=whole, memory=amount(memory, "--memory"), input=shape, variant=variant,
            variables=values, dtype=dtype, max_layers=max_layers,
        )  # fmt: skip
    if form == "json":
        write_output(to_json(found), output)
    else:
        write_result(to_text(found), output)
