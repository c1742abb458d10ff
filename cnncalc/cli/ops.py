"""`cnncalc ops`: the operators of the spec language."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli.common import coloured, fail, screen_width, shapes, usage_errors, write_output, write_result
from cnncalc.cli.forms import known_form
from cnncalc.cli.options import InputOption, OutputOption, complete_operator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.render.explain import Line

FORMATS = ("text", "json")
STYLES = {"title": "bold cyan", "heading": "bold", "dim": "dim", "": ""}
EPILOG = """\
Examples:

  cnncalc ops                  every operator, by family

  cnncalc ops conv             arguments, formulas, an example with its numbers

  cnncalc ops conv out=64 kernel=3 --input 3x32x32    the formulas with these numbers

  cnncalc ops --format json    for other programs
"""


def command(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="An operator, by any of its names.", autocompletion=complete_operator),
    ] = None,
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="ARG=VALUE", help="Its arguments, for its formulas with numbers.")
    ] = None,
    input: InputOption = None,  # noqa: A002 - the option's name
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="text or json.")] = "text",
    output: OutputOption = None,
) -> None:
    """List the operators, or show one in full; those of installed plug-ins included."""
    from cnncalc.ops.catalogue import entries, entry
    from cnncalc.ops.hints import operator_hint
    from cnncalc.ops.registry import find
    from cnncalc.render.ops import WIDTH, full, listed, to_json

    known_form(form, FORMATS)
    if name is not None and (arguments or input):
        _with_numbers(name, arguments or [], input, form, output)
        return
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
        _print(lines, width)
    else:
        write_result("\n".join(line.text.rstrip() for line in lines), output)


def _with_numbers(name: str, arguments: list[str], given: list[str] | None, form: str, output: str | None) -> None:
    """Show the formulas of one layer, as `explain` does; without an input, on that of the operator's example."""
    from cnncalc.explanation.network import explain
    from cnncalc.language.shorthand import layers_of
    from cnncalc.ops.hints import operator_hint
    from cnncalc.ops.registry import find
    from cnncalc.render import explain as render

    cls = find(name)
    if cls is None:
        fail(f"no operator is called '{name}'", operator_hint(name))
    with usage_errors():
        shape = shapes(given)
        if shape is None and len(cls.example_input) == 1:
            shape = "x".join(map(str, cls.example_input[0]))
        if not isinstance(shape, str):
            fail(f"the numbers of '{name}' want one input shape without the batch", "add --input 3x32x32")
        found = explain({"name": cls.name, "layers": layers_of(" ".join([name, *arguments]))}, input=shape)
    write_output(render.to_json(found) if form == "json" else render.to_text(found, screen_width()), output)


def _print(lines: Iterable[Line], width: int) -> None:
    from rich.console import Console
    from rich.text import Text

    from cnncalc.render.format import hanging

    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    for line in lines:
        console.print(Text(hanging(line.text.rstrip(), width), style=STYLES[line.style]), soft_wrap=True)
