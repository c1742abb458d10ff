"""`cnncalc graph`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncalc.cli.common import fail, refuse_precious, report_findings, save, studied, usage_errors, write_output
from cnncalc.cli.forms import known_form
from cnncalc.cli.options import (
    MOST_LAYERS,
    BatchOption,
    DeployOption,
    FoldOption,
    InputOption,
    MaxLayersOption,
    SetOption,
    SpecArgument,
    VariantOption,
)

EPILOG = """\
Examples:

  cnncalc graph resnet50 -o resnet50.svg                blocks once, with how often they are repeated

  cnncalc graph resnet50 --depth 1 --color-by macs -o resnet50.png

  cnncalc graph unet --format mermaid                   for a README on GitHub
"""


def command(
    spec: SpecArgument,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="A .svg, .png, .dot, .mmd or .html file to write."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="FORM", help="svg, png, dot, mermaid or html; by the file, or svg."),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option("--depth", min=1, metavar="N", help="1 folds the outermost blocks, 2 the blocks inside them."),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Every layer in a box of its own, nothing folded.")] = False,
    color_by: Annotated[
        str, typer.Option("--color-by", metavar="WHAT", help="op, macs, params, memory or rf.")
    ] = "op",
    direction: Annotated[
        str, typer.Option("--direction", metavar="WAY", help="Where the network runs: down or right.")
    ] = "down",
    field: Annotated[bool, typer.Option("--field", help="Receptive fields in the boxes.")] = False,
    theme: Annotated[str, typer.Option("--theme", metavar="NAME", help="light, dark, or auto for both.")] = "auto",
    input: InputOption = None,  # noqa: A002
    variant: VariantOption = None,
    variables: SetOption = None,
    batch: BatchOption = 1,
    fold_bn: FoldOption = False,
    deploy: DeployOption = False,
    max_layers: MaxLayersOption = MOST_LAYERS,
) -> None:
    """Draw the layers of a network with what each one costs."""
    from cnncalc.drawing.picture import FORMS, form_of

    file = None if output == "-" else output
    if file is not None:
        refuse_precious(file)
    with usage_errors():
        chosen = form or ("svg" if file is None else form_of(file))
    known_form(chosen, FORMS)
    if chosen == "png" and file is None:
        fail("a PNG is no text", "name a file with --output")
    report = studied(spec, input=input, variant=variant, variables=variables, batch=batch, max_layers=max_layers,
                     fold_bn=fold_bn, deploy=deploy).report  # fmt: skip
    report_findings(report.warnings)
    try:
        made = report.graph(depth=depth, whole=full, color_by=color_by, direction=direction, theme=theme, field=field)
        content = made.render(chosen)
    except (ImportError, ValueError) as error:
        fail(str(error))
    if isinstance(content, bytes) or file is not None:
        save(file or "", content)
    else:
        write_output(content.rstrip("\n"), None)
