"""`cnncalc report`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncalc.cli.common import fail, refuse_precious, report_findings, save, studied, usage_errors, write_output
from cnncalc.cli.options import (
    MOST_LAYERS,
    BatchOption,
    DeployOption,
    DtypeOption,
    FlopsOption,
    InputOption,
    MaxLayersOption,
    SetOption,
    SpecsArgument,
    VariantOption,
)

EPILOG = """\
Examples:

  cnncalc report resnet50 -o resnet50.html               one file: drawing, table, charts, source

  cnncalc report mobilenet_v2 mobilenet_v3_large -o both.html --device a100

SPEC may be NAME@VARIANT for a variant. The file loads nothing and can be sent to anyone.
"""


def command(
    specs: SpecsArgument,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE.html", help="The file to write; - for standard output.")
    ],
    device: Annotated[
        str | None, typer.Option("--device", metavar="NAME", help="Its roofline too; cnncalc devices lists them.")
    ] = None,
    flops: FlopsOption = "exact",
    dtype: DtypeOption = "fp32",
    batch: BatchOption = 1,
    input: InputOption = None,  # noqa: A002
    variant: VariantOption = None,
    variables: SetOption = None,
    deploy: DeployOption = False,
    max_layers: MaxLayersOption = MOST_LAYERS,
) -> None:
    """Write one HTML file about networks: drawing, table, charts, formulas, budgets and source, linked."""
    from cnncalc.lineup import split
    from cnncalc.page.report import ReportAsked, report_page

    if output != "-":
        refuse_precious(output)
    asked = []
    for spec in specs:
        name, own = split(spec)
        if own is not None and variant is not None:
            fail(f"'{spec}' names a variant, and so does --variant", "give one of the two")
        study = studied(name, input=input, variant=own or variant, variables=variables, convention=flops, dtype=dtype,
                        batch=batch, max_layers=max_layers, deploy=deploy)  # fmt: skip
        report_findings(study.report.warnings)
        asked.append(ReportAsked(study=study, title=study.report.name))
    with usage_errors():
        text = report_page(asked, device=device)
    if output == "-":
        write_output(text, None)
    else:
        save(output, text)
