"""`cnncalc explain`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli.common import coloured, fail, screen_width, settings, shapes, source_of, write_output
from cnncalc.cli.forms import known_form
from cnncalc.cli.options import (
    MOST_LAYERS,
    BatchOption,
    DtypeOption,
    FlopsOption,
    InputOption,
    MaxLayersOption,
    OutputOption,
    SetOption,
    SpecArgument,
    VariantOption,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.render.explain import Line

EPILOG = """\
Examples:

  cnncalc explain resnet50 conv1                  every number of one layer

  cnncalc explain resnet50 'layer1.0.*'           of one block

  cnncalc explain net.yaml head --flops fvcore    flops by another rule
"""
FORMATS = ("text", "json", "markdown")
STYLES = {"title": "bold cyan", "heading": "bold", "dim": "dim", "": ""}


def command(
    spec: SpecArgument,
    layers: Annotated[str, typer.Argument(metavar="[LAYERS]", help="A layer's path, or a glob: 'layer4.*'.")] = "*",
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="text, json or markdown.")] = "text",
    flops: FlopsOption = "exact",
    dtype: DtypeOption = "fp32",
    batch: BatchOption = 1,
    input: InputOption = None,  # noqa: A002 - the option's name
    variant: VariantOption = None,
    variables: SetOption = None,
    output: OutputOption = None,
    max_layers: MaxLayersOption = MOST_LAYERS,
) -> None:
    """Show every number of a layer as its formula: in letters, with the numbers put in, worked out, and its result."""
    from cnncalc.explanation.network import NoSuchLayer, TooManyLayers, explain
    from cnncalc.render import explain as render

    known_form(form, FORMATS)
    source, values, shape = source_of(spec), settings(variables), shapes(input)
    try:
        found = explain(
            source, layers, input=shape, variant=variant, variables=values, convention=flops, dtype=dtype,
            batch=batch, max_layers=max_layers, most=max_layers // 10,
        )  # fmt: skip
    except (NoSuchLayer, TooManyLayers) as error:
        fail(str(error), error.hint)
    except ValueError as error:
        fail(str(error))
    if form == "json":
        write_output(render.to_json(found), output)
    elif form == "markdown":
        write_output(render.to_markdown(found), output)
    elif output is None and coloured(sys.stdout):
        _print(render.lines(found, screen_width()))
    else:
        write_output(render.to_text(found, screen_width()), output)


def _print(lines: Iterable[Line]) -> None:
    """Print lines in colour, as they are broken already."""
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    for line in lines:
        console.print(Text(line.text, style=STYLES[line.style]), soft_wrap=True)
