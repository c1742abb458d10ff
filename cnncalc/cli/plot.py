"""`cnncalc plot`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncalc.cli.common import fail, refuse_precious, report_findings, studied, usage_errors
from cnncalc.cli.options import (
    MOST_LAYERS,
    BatchOption,
    DeployOption,
    DtypeOption,
    FlopsOption,
    InputOption,
    MaxLayersOption,
    PatchesOption,
    RuntimeOption,
    SetOption,
    SpecArgument,
    VariantOption,
)

EPILOG = """\
Kinds: macs, flops, params, memory_access (by layer or block), receptive_field, memory, operators, roofline,
patches.

Examples:

cnncalc plot resnet50 --kind receptive_field -o field.svg

cnncalc plot resnet50 --kind roofline --device a100 -o roofline.png
"""


def command(
    spec: SpecArgument,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="A .png, .svg or .pdf file to write.")],
    kind: Annotated[str, typer.Option("--kind", "-k", metavar="KIND", help="What to draw.")] = "macs",
    by: Annotated[str | None, typer.Option("--by", metavar="WHAT", help="Bars by layer or by block.")] = None,
    device: Annotated[
        str | None, typer.Option("--device", metavar="NAME", help="For the roofline; cnncalc devices lists them.")
    ] = None,
    devices: Annotated[
        str | None, typer.Option("--devices", metavar="FILE", help="A TOML file of devices over the built-in table.")
    ] = None,
    theme: Annotated[
        str | None,
        typer.Option("--theme", metavar="NAME", help="light or dark; SVG without it follows the page around it."),
    ] = None,
    input: InputOption = None,  # noqa: A002
    variant: VariantOption = None,
    variables: SetOption = None,
    batch: BatchOption = 1,
    dtype: DtypeOption = "fp32",
    flops: FlopsOption = "exact",
    max_layers: MaxLayersOption = MOST_LAYERS,
    deploy: DeployOption = False,
    runtime: RuntimeOption = None,
    patches: PatchesOption = None,
) -> None:
    """Draw a network: work and parameters, receptive field, activation memory, roofline, share by operator."""
    from cnncalc.render import plot

    refuse_precious(output)
    if patches is not None and kind != "patches":
        fail("--patches goes with --kind patches")
    split = kind == "patches"
    study = studied(spec, input=input, variant=variant, variables=variables, convention=flops, dtype=dtype,
                    batch=batch, max_layers=max_layers, deploy=deploy or split, runtime=runtime)  # fmt: skip
    with usage_errors():
        report = study.with_patches(patches or "best") if split else study.report
    report_findings(report.warnings)
    given = {"by": by, "device": device, "devices": devices}
    options = {name: value for name, value in given.items() if value is not None}
    try:
        plot.save(report, kind, output, theme=theme, **options)
    except (ImportError, ValueError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"cannot write '{output}': {error.strerror or error}")
