"""`cnncalc ops`: the operators of the spec language."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli.common import coloured, fail, screen_width, write_output, write_result
from cnncalc.cli.options import OutputOption

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.render.explain import Line

FORMATS = ("text", "json")
STYLES = {"title": "bold cyan", "heading": "bold", "dim": "dim", "": ""}
EPILOG = """\
Examples:

  cnncalc ops                  every operator, by family

  cnncalc ops conv             arguments, formulas, an example with its numbers

  cnncalc ops --format json    for other programs
"""


def command(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="An operator, by any of its names.")] = None,
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="text or json.")] = "text",
    output: OutputOption = None,
) -> None:
    """List the operators, or show one in full; those of installed plug-ins included."""
    from cnncalc.ops.catalogue import entries, entry
    from cnncalc.ops.hints import operator_hint
    from cnncalc.ops.registry import find
    from cnncalc.render.ops import WIDTH, full, listed, to_json

    if form not in FORMATS:
        fail(f"there is no format '{form}'", f"choose one of {', '.join(FORMATS)}")
    if name is None:
        chosen = entries()
    else:
        cls = find(name)
        if cls is None:
            fail(f"no operator is called '{name}'", operator_hint(name))
        chosen = (entry(cls),)
    if form == "json":
        write_output(to_json(chosen, one=name is not None), output)
        return
    terminal = output is None and sys.stdout.isatty()
    width = screen_width(WIDTH) if output is None else WIDTH
    lines = listed(chosen, width) if name is None else full(chosen[0], width)
    if terminal and coloured(sys.stdout):
        _print(lines)
    else:
        write_result("\n".join(line.text.rstrip() for line in lines), output)


def _print(lines: Iterable[Line]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    for line in lines:
        console.print(Text(line.text, style=STYLES[line.style]), soft_wrap=True)
