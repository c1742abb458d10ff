"""`cnncalc diff`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli.common import coloured, fail, screen_width, settings, shapes, source_of, write_output
from cnncalc.cli.forms import known_form
from cnncalc.cli.options import (
    MOST_LAYERS,
    DeployOption,
    DtypeOption,
    FlopsOption,
    InputOption,
    MaxLayersOption,
    OutputOption,
    RuntimeOption,
    SetOption,
)

if TYPE_CHECKING:
    from cnncalc.api import Source

EPILOG = """\
  cnncalc diff old.yaml new.yaml                  two files

  cnncalc diff resnet18 resnet50                  two networks of the zoo

  cnncalc diff old.yaml new.yaml --format svg -o changes.svg

  cnncalc diff main:specs/net.yaml specs/net.yaml --format markdown
"""
FORMATS = ("table", "json", "markdown", "svg")

_Side = Annotated[str, typer.Argument(metavar="SPEC", help="A file, a zoo network, or REF:PATH for a version in git.")]


def command(
    before: _Side,
    after: _Side,
    variant: Annotated[str | None, typer.Option("--variant", metavar="NAME", help="A variant that both have.")] = None,
    variant_before: Annotated[
        str | None, typer.Option("--variant-before", metavar="NAME", help="A variant of the first.")
    ] = None,
    variant_after: Annotated[
        str | None, typer.Option("--variant-after", metavar="NAME", help="A variant of the second.")
    ] = None,
    input: InputOption = None,  # noqa: A002
    set: SetOption = None,  # noqa: A002
    flops: FlopsOption = "exact",
    dtype: DtypeOption = "fp32",
    max_layers: MaxLayersOption = MOST_LAYERS,
    deploy: DeployOption = False,
    runtime: RuntimeOption = None,
    format: Annotated[  # noqa: A002
        str, typer.Option("--format", "-f", metavar="FORM", help="table, json, markdown or svg.")
    ] = "table",
    top: Annotated[int, typer.Option("--top", min=0, metavar="N", help="So many layers, those that moved most.")] = 20,
    all: Annotated[bool, typer.Option("--all", help="Every layer that differs.")] = False,  # noqa: A002
    output: OutputOption = None,
) -> None:
    """Show what changed between two networks: totals and layers side by side, what moved most first."""
    from cnncalc.api import analyze
    from cnncalc.gate.compare import compare
    from cnncalc.render import diff as forms

    known_form(format, FORMATS)
    if before == after == "-":
        fail("standard input can be read once", "name - once")
    reports = []
    for name, chosen in ((before, variant_before), (after, variant_after)):
        try:
            reports.append(
                analyze(source(name), input=shapes(input), variant=chosen or variant, variables=settings(set),
                        convention=flops, dtype=dtype, max_layers=max_layers, deploy=deploy, runtime=runtime)
            )  # fmt: skip
        except ValueError as error:
            fail(f"'{name}': {error}")
    old, new = reports
    sides = forms.Sides(names=(before, after), before=old, after=new, comparison=compare(old, new))
    limit = None if all else top
    if format == "json":
        text = forms.to_json(sides)
    elif format == "svg":
        from cnncalc.drawing.contrast import contrast_svg

        text = contrast_svg(old, new, sides.comparison)
    elif format == "markdown":
        text = forms.to_markdown(sides, top=limit)
    else:
        from cnncalc.render.diff_text import to_text

        screen = output in {None, "-"}
        width = screen_width(0) if screen else None
        text = to_text(sides, top=limit, colour=screen and coloured(sys.stdout), width=width)
    write_output(text, output)


def source(name: str) -> Source:
    """Return what an argument names: an existing file, a network, or `REF:PATH` out of git."""
    from cnncalc.api import parse
    from cnncalc.gate.git import GitError, shown_at

    ref, colon, path = name.partition(":")
    if name == "-" or not colon or not path or Path(name).exists():
        return source_of(name)
    try:
        text, beside = shown_at(Path(), ref, path)
        return parse(text, name, beside=beside)
    except GitError as error:
        fail(f"'{name}': {error.message}", error.hint)
