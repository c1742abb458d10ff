"""`cnncalc reconcile`: one network under every counting rule, and what a published figure counted."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cnncalc.cli.common import coloured, fail, screen_width, settings, shapes, source_of, write_output, write_result
from cnncalc.cli.forms import known_form
from cnncalc.cli.options import (
    MOST_LAYERS,
    InputOption,
    MaxLayersOption,
    OutputOption,
    SetOption,
    SpecArgument,
    VariantOption,
)

FORMATS = ("table", "markdown", "json")
EPILOG = """\
Examples:

  cnncalc reconcile resnet50                       every rule and its terms

  cnncalc reconcile resnet50 --claim macs=3.8G     what the paper counted

  cnncalc reconcile net.yaml --claim flops=8.2G --claim params=25.6M

Exit code 1 when a claim has no explanation.
"""


def command(
    spec: SpecArgument,
    claim: Annotated[
        list[str] | None,
        typer.Option("--claim", metavar="WHAT=FIGURE", help="Explain macs=, flops= or params=; repeatable."),
    ] = None,
    input: InputOption = None,  # noqa: A002 - the option's name
    variant: VariantOption = None,
    variables: SetOption = None,
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="table, markdown or json.")] = "table",
    output: OutputOption = None,
    max_layers: MaxLayersOption = MOST_LAYERS,
) -> None:
    """Explain why tools print different numbers for one network, and which reading gives a published figure."""
    from cnncalc.reconciliation.reconcile import reconcile
    from cnncalc.render.reconcile import markdown, table, to_json

    known_form(form, FORMATS)
    source, values, shape = source_of(spec), settings(variables), shapes(input)
    try:
        result = reconcile(
            source, input=shape, variant=variant, variables=values, claims=claim or (), max_layers=max_layers
        )
    except ValueError as error:
        fail(str(error))
    if form == "json":
        text = to_json(result)
    elif form == "markdown":
        text = markdown(result)
    else:
        screen = output in {None, "-"}
        text = table(result, width=screen_width() if screen else None, colour=screen and coloured(sys.stdout))
    (write_output if form == "json" else write_result)(text, output)
    if any(not verdict.matches for verdict in result.verdicts):
        raise typer.Exit(1)
