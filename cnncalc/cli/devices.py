"""`cnncalc devices`: the devices that a roofline can be drawn for."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cnncalc.cli.common import coloured, fail, screen_width, write_output, write_result
from cnncalc.cli.forms import known_form
from cnncalc.cli.options import OutputOption

FORMATS = ("table", "json")
EPILOG = """\
Examples:

  cnncalc devices                        every device, one row each

  cnncalc devices a100 stm32f746         their numbers with source and date

  cnncalc devices --devices mine.toml    with those of a file of one's own
"""


def command(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Only these, with sources.")] = None,
    file: Annotated[
        str | None, typer.Option("--devices", metavar="FILE", help="A TOML file that merges over the built-in table.")
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="table or json.")] = "table",
    output: OutputOption = None,
) -> None:
    """List devices with their peak rates and memories, as their datasheets promise them."""
    from cnncalc.devices import DeviceError, find, load
    from cnncalc.render.devices import to_json, to_table, with_sources

    known_form(form, FORMATS)
    try:
        chosen = [find(name, file) for name in names] if names else list(load(file).values())
    except DeviceError as error:
        fail(str(error))
    screen = output in {None, "-"}
    width = screen_width() if screen else None
    if form == "json":
        text = to_json(chosen)
    elif names:
        text = with_sources(chosen, width=width)
    else:
        text = to_table(chosen, width=width, colour=screen and coloured(sys.stdout))
    (write_output if form == "json" else write_result)(text, output)
