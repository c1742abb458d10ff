"""`cnncalc show`: the table of a network."""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cnncalc import zoo
from cnncalc.analysis.group import RANKED, by_operator, first, ranked, tree
from cnncalc.cli.common import (
    WIDE,
    analysed,
    ascii_only,
    coloured,
    fail,
    report_error,
    report_findings,
    screen_width,
    settings,
    shapes,
    source_of,
    usage_errors,
    write_output,
)
from cnncalc.cli.options import (
    BatchOption,
    DtypeOption,
    FlopsOption,
    FoldOption,
    InputOption,
    MaxLayersOption,
    OutputOption,
    SetOption,
    SpecsArgument,
    VariantOption,
)
from cnncalc.render.columns import COLUMNS, DEFAULT, Column, chosen, fitting
from cnncalc.render.format import Numbers
from cnncalc.values.diagnostics import SpecError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.analysis.group import Row
    from cnncalc.results.report import Report

EPILOG = """\
Examples:

cnncalc show resnet50 --depth 1 --human

cnncalc show net.yaml --watch

cnncalc show net.yaml --sort params --top 10

cnncalc show a.yaml b.yaml --by op --flops mac

cnncalc show resnet50 --format json | jq .totals.macs
"""
POLL_SECONDS = 0.2


class Form(StrEnum):
    """What `--format` takes."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"


class By(StrEnum):
    """What `--by` takes."""

    OP = "op"


class Choice(NamedTuple):
    """Which rows and columns to show."""

    columns: tuple[Column, ...]
    depth: int | None
    by: By | None
    sort: str | None
    top: int | None
    numbers: Numbers

    def rows(self, report: Report) -> tuple[Row, ...]:
        """Return a report's rows."""
        rows = by_operator(report.layers) if self.by else tree(report.layers, self.depth)
        if self.sort or self.top or self.by:
            rows = ranked(rows, self.sort or "macs")
        return first(rows, self.top) if self.top else rows


def complete_columns(incomplete: str) -> list[str]:
    """Return column lists whose last name begins so."""
    done, comma, begun = incomplete.rpartition(",")
    used = done.split(",")
    return [f"{done}{comma}{name}" for name in (*COLUMNS, "all") if name.startswith(begun) and name not in used]


def complete_sort(incomplete: str) -> list[str]:
    """Return what rows can be sorted by."""
    return [name for name in RANKED if name.startswith(incomplete)]


def command(
    specs: SpecsArgument,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            metavar="A,B,...",
            help=f"Which columns, in this order, of {', '.join(COLUMNS)}; or all. Without it the first {len(DEFAULT)}.",
            autocompletion=complete_columns,
        ),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option("--depth", min=1, metavar="N", help="Paths of N parts; deeper layers are summed in one row."),
    ] = None,
    by: Annotated[By | None, typer.Option("--by", metavar="op", help="One row per operator.")] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort", metavar="COLUMN", help=f"The largest first: {', '.join(RANKED)}.", autocompletion=complete_sort
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option("--top", min=1, metavar="N", help="The N largest rows (by MACs unless sorted), the rest as one."),
    ] = None,
    human: Annotated[bool, typer.Option("--human/--exact", help="25.6 M or 25,557,032.")] = False,
    form: Annotated[
        Form, typer.Option("--format", metavar="FORM", help="table, json, csv, markdown or latex.")
    ] = Form.TABLE,
    input: InputOption = None,  # noqa: A002 - the option's name
    variant: VariantOption = None,
    variables: SetOption = None,
    batch: BatchOption = 1,
    dtype: DtypeOption = "fp32",
    flops: FlopsOption = "exact",
    max_layers: MaxLayersOption = None,
    fold_bn: FoldOption = False,
    memory: Annotated[
        bool, typer.Option("--memory", help="Below the table: live peak, arena, and what a training step keeps.")
    ] = False,
    optimizer: Annotated[
        str | None, typer.Option("--optimizer", metavar="NAME", help="For --memory: sgd, momentum or adam (default).")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option("--device", metavar="NAME", help="Below the table: the roofline's lower bounds on that device."),
    ] = None,
    devices: Annotated[
        str | None, typer.Option("--devices", metavar="FILE", help="For --device: devices of your own, as TOML.")
    ] = None,
    output: OutputOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Draw again whenever a spec is saved; ctrl-c ends.")] = False,
) -> None:
    """Show every layer of a network: size, receptive field, parameters, operations, memory access.

    Blocks indent what is inside them; below stand the totals and what holds for the network as a whole.
    Counts are for one image, forward, unless --batch says otherwise.
    """
    choice = Choice(
        columns_named(columns), depth, by, known_sort(sort), top, Numbers.HUMAN if human else Numbers.EXACT
    )
    if by and depth:
        fail("--by and --depth exclude each other")
    if specs.count("-") > 1:
        fail("standard input can be read once only")
    if form is Form.JSON and (shaping := [f"--{name}" for name, value in (
        ("columns", columns), ("depth", depth), ("by", by), ("sort", sort), ("top", top), ("human", human)
    ) if value]):  # fmt: skip
        fail(f"{' and '.join(shaping)} would change nothing: json holds the whole report")

    if form is not Form.TABLE and (memory or device):
        fail(f"--{'memory' if memory else 'device'} is a view below the table, {form} has the report alone")
    if optimizer is not None and not memory:
        fail("--optimizer goes with --memory")
    if devices is not None and device is None:
        fail("--devices goes with --device")

    def analyse(spec: str) -> Report:
        return analysed(
            spec, input=input, variant=variant, variables=variables, convention=flops, dtype=dtype, batch=batch,
            max_layers=max_layers, fold_bn=fold_bn,
        )  # fmt: skip

    def below(spec: str, report: Report) -> str:
        views = []
        if memory:
            from cnncalc import api
            from cnncalc.render.memory import memory_text

            with usage_errors():
                views.append(memory_text(api.memory(
                    source_of(spec), input=shapes(input), variant=variant, variables=settings(variables), dtype=dtype,
                    batch=batch, max_layers=max_layers, fold_bn=fold_bn, optimizer=optimizer or "adam",
                )))  # fmt: skip
        if device is not None:
            from cnncalc.render.devices import roofline_text

            with usage_errors():
                bound = report.roofline(device, devices=devices)
            screen = output in {None, "-"}
            views.append(
                roofline_text(bound, width=screen_width() if screen else WIDE, colour=screen and coloured(sys.stdout))
            )
        return "".join(f"\n{view}" for view in views)

    def show() -> int:
        return draw(specs, analyse, form, choice, output, below)

    if watch:
        if output is not None or "-" in specs:
            fail("--watch draws files on the screen: leave out " + ("--output" if output is not None else "-"))
        keep_drawing(specs, show)
    elif code := show():
        raise typer.Exit(code)


def columns_named(text: str | None) -> tuple[Column, ...]:
    """Return the columns of `--columns`, none for the usual ones; stop with exit code 2 for an unknown name."""
    if text is None:
        return ()
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        fail("--columns names no column", f"choose from {', '.join(COLUMNS)}")
    try:
        return chosen(list(COLUMNS) if names == ["all"] else names)
    except ValueError as error:
        fail(str(error))


def known_sort(name: str | None) -> str | None:
    """Return the key of `--sort`; stop with exit code 2 for an unknown one."""
    if name is not None and name not in RANKED:
        fail(f"rows cannot be sorted by '{name}'; choose from {', '.join(RANKED)}", did_you_mean(name, RANKED))
    return name


def draw(
    specs: Sequence[str],
    analyse: Callable[[str], Report],
    form: Form,
    choice: Choice,
    output: str | None,
    below: Callable[[str, Report], str],
) -> int:
    """Write the reports of some specs and return the exit code; findings go to standard error.

    Args:
        specs: what to show.
        analyse: from a SPEC argument to its report.
        form: the form of output.
        choice: which rows and columns.
        output: a file, or None for standard output.
        below: from a SPEC argument and its report to what stands below its table.
    """
    reports: list[Report] = []
    views: list[str] = []
    failed = printed = False
    on_screen = form is Form.TABLE and output in {None, "-"}
    for spec in specs:
        try:
            report = analyse(spec)
        except SpecError as error:
            if on_screen and error.partial is not None:
                write_output(table(error.partial, choice, below=printed, partial=True), None)
                printed = True
            report_error(error)
            failed = True
            continue
        view = below(spec, report)
        if on_screen:
            write_output(table(report, choice, below=printed) + view, None)
            printed = True
        if form is not Form.JSON:
            report_findings(report.warnings)
        reports.append(report)
        views.append(view)
    if failed:
        return 2
    if not on_screen:
        write_output(written(reports, form, choice, views), output)
    return 0


def table(report: Report, choice: Choice, *, below: bool = False, partial: bool = False, plain: bool = False) -> str:
    """Return a table for the screen, or for a file if `plain`; after an empty line if `below` another."""
    from cnncalc.render.table import View, render

    view = View(rows=choice.rows(report), columns=choice.columns, numbers=choice.numbers, partial=partial)
    if plain:
        text = render(report, view, width=WIDE)
    else:
        text = render(
            report, view, width=screen_width(), colour=coloured(sys.stdout), ascii_only=ascii_only(sys.stdout)
        )
    return f"\n{text}" if below else text


def written(reports: Sequence[Report], form: Form, choice: Choice, views: Sequence[str]) -> str:
    """Return reports in one of the forms, one after the other; views stand below tables."""
    if form is Form.TABLE:
        tables = (table(report, choice, plain=True) for report in reports)
        return "\n".join(text + view for text, view in zip(tables, views, strict=True))
    if form is Form.JSON:
        from cnncalc.render.data import json_text

        return json_text(reports)
    parts = [(report, rows := choice.rows(report), choice.columns or fitting(rows)) for report in reports]
    if form is Form.CSV:
        from cnncalc.render.data import csv_text

        return csv_text(parts, several=len(reports) > 1)
    if form is Form.MARKDOWN:
        from cnncalc.render.markdown import markdown

        return "\n".join(markdown(*part, choice.numbers) for part in parts)
    from cnncalc.render.latex import latex

    return "\n".join(latex(*part, choice.numbers) for part in parts)


def keep_drawing(specs: Sequence[str], show: Callable[[], int]) -> None:
    """Draw, and draw again whenever one of the files is saved, until interrupted; errors in a spec do not end it."""
    files = [watched(spec) for spec in specs]
    begun = False
    try:
        while True:
            seen = stamps(files)
            if sys.stdout.isatty():
                sys.stdout.write("\x1b[H\x1b[2J\x1b[3J")
            try:
                show()
            except typer.Exit:
                if not begun:
                    raise
            begun = True
            sys.stdout.flush()
            while None in (now := stamps(files)) or now == seen:
                time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        sys.stdout.write("\n")


def watched(spec: str) -> Path:
    """Return the file behind a SPEC argument."""
    path = Path(spec)
    entry = None if path.exists() else zoo.find(spec)
    return entry.file if entry else path


def stamps(files: Sequence[Path]) -> list[tuple[int, int, int] | None]:
    """Return what changes when a file is saved, None for a file that is not there (an editor may be replacing it)."""
    found: list[tuple[int, int, int] | None] = []
    for file in files:
        try:
            state = file.stat()
        except OSError:
            found.append(None)
        else:
            found.append((state.st_mtime_ns, state.st_size, state.st_ino))
    return found
