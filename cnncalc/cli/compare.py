"""`cnncalc compare`: several networks as rows of one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli.common import analysed, fail, screen_width, usage_errors, write_output, write_result
from cnncalc.cli.forms import completed, form_named
from cnncalc.cli.options import (
    MOST_LAYERS,
    BatchOption,
    DtypeOption,
    FlopsOption,
    InputOption,
    MaxLayersOption,
    OutputOption,
    SetOption,
    SpecsArgument,
)
from cnncalc.cli.progress import counted

if TYPE_CHECKING:
    from cnncalc.results.report import Report

EPILOG = """\
Examples:

cnncalc compare resnet18 resnet50 specs/vgg.yaml

cnncalc compare resnet50@resnet101 mobilenet_v2 --sort macs

cnncalc compare net.yaml --all-variants --human
"""
FORMS = {"table": "", "csv": "", "json": "", "markdown": ""}


def command(
    specs: SpecsArgument,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="METRIC", help="Smallest first; -METRIC largest first.")
    ] = None,
    all_variants: Annotated[bool, typer.Option("--all-variants", help="Every variant of each spec, too.")] = False,
    human: Annotated[bool, typer.Option("--human/--exact", help="25.6 M or 25,557,032.")] = False,
    form: Annotated[
        str,
        typer.Option("--format", metavar="FORM", help="table, csv, json or markdown.", autocompletion=completed(FORMS)),
    ] = "table",
    input: InputOption = None,  # noqa: A002 - the option's name
    variables: SetOption = None,
    batch: BatchOption = 1,
    dtype: DtypeOption = "fp32",
    flops: FlopsOption = "exact",
    max_layers: MaxLayersOption = MOST_LAYERS,
    output: OutputOption = None,
) -> None:
    """Show several networks as rows of one table, those that no other beats marked.

    SPEC may be NAME@VARIANT for a variant.
    """
    from cnncalc.api import load
    from cnncalc.lineup import lineup, split
    from cnncalc.render.format import NumberFormat
    from cnncalc.render.lineup import to_csv, to_markdown, to_table

    form_named(form, FORMS)
    if specs.count("-") > 1:
        fail("standard input can be read once only")
    wanted: list[tuple[str, str, str | None]] = []
    for spec in specs:
        name, variant = split(spec)
        wanted.append((spec, name, variant))
        if all_variants and variant is None and spec != "-":
            wanted += [(f"{spec}@{each}", spec, each) for each in load(spec).variants]
    reports: list[tuple[str, Report]] = [
        (
            label,
            analysed(
                name, input=input, variant=variant, variables=variables, convention=flops, dtype=dtype, batch=batch,
                max_layers=max_layers,
            ),
        )
        for label, name, variant in counted(wanted, "networks")
    ]  # fmt: skip
    with usage_errors():
        found = lineup(reports, sort=sort)
    if form == "table":
        width = screen_width() if output in {None, "-"} else None
        numbers = NumberFormat.HUMAN if human else NumberFormat.EXACT
        write_result(to_table(found, width=width, numbers=numbers), output)
    else:
        write_output({"csv": to_csv, "json": lambda x: x.to_json(), "markdown": to_markdown}[form](found), output)
