"""`cnncalc show`: the table of a network."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.analysis.group import RANKED
from cnncalc.cli.common import (
    WIDE,
    coloured,
    fail,
    report_error,
    report_findings,
    screen_width,
    settings,
    source_of,
    studied,
    usage_errors,
    write_output,
)
from cnncalc.cli.forms import completed, form_named
from cnncalc.cli.options import (
    MOST_LAYERS,
    BatchOption,
    DeployOption,
    DtypeOption,
    FlopsOption,
    FoldOption,
    InputOption,
    MaxLayersOption,
    OutputOption,
    PatchesOption,
    RuntimeOption,
    ScratchOption,
    SetOption,
    SpecsArgument,
    VariantOption,
)
from cnncalc.cli.tables import FORMS, By, Choice, Lines, table
from cnncalc.render.columns import ALIASES, COLUMNS, DEFAULT, Column, chosen
from cnncalc.render.format import NumberFormat, hanging
from cnncalc.values.diagnostics import SpecError, did_you_mean
from cnncalc.values.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.cli.watch import Drawn
    from cnncalc.results.report import Report
    from cnncalc.study import Study
    from cnncalc.values.diagnostics import Diagnostic

EPILOG = """\
Examples:

cnncalc show resnet50 --depth 1 --human

cnncalc show net.yaml --watch

cnncalc show net.yaml --sort params --top 10

cnncalc show a.yaml b.yaml --by op --flops mac

cnncalc show resnet50 --format json | jq .totals.macs
"""


def complete_columns(incomplete: str) -> list[str]:
    """Return column lists whose last name begins so; after a `+`, of those that are not shown anyway."""
    plus = "+" if incomplete.startswith("+") else ""
    done, comma, begun = incomplete.removeprefix("+").rpartition(",")
    used = (*done.split(","), *(DEFAULT if plus else ()))
    names = COLUMNS if plus else (*COLUMNS, "all")
    return [f"{plus}{done}{comma}{name}" for name in names if name.startswith(begun) and name not in used]


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
            help=f"Which columns, in this order, of {', '.join(COLUMNS)} (also rf); "
            f"or all; +A,B adds to the usual {len(DEFAULT)}.",
            autocompletion=complete_columns,
        ),
    ] = None,
    depth: Annotated[
        str | None,
        typer.Option(
            "--depth",
            metavar="N|all",
            help="Paths of N parts; deeper layers are summed in one row. On a terminal by "
            "default as deep as its height allows, norm and activation in their layer's row; all: each apart.",
        ),
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
    summary: Annotated[bool, typer.Option("--summary/--no-summary", help="What holds for the whole, below.")] = True,
    form: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORM", help="table, json, csv, markdown or latex.", autocompletion=completed(FORMS)
        ),
    ] = "table",
    input: InputOption = None,  # noqa: A002 - the option's name
    variant: VariantOption = None,
    variables: SetOption = None,
    batch: BatchOption = 1,
    dtype: DtypeOption = "fp32",
    flops: FlopsOption = "exact",
    max_layers: MaxLayersOption = MOST_LAYERS,
    fold_bn: FoldOption = False,
    deploy: DeployOption = False,
    runtime: RuntimeOption = None,
    scratch: ScratchOption = None,
    patches: PatchesOption = None,
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
    watch: Annotated[
        bool, typer.Option("--watch", help="Draw again at each save, with what it changed; ctrl-c ends.")
    ] = False,
) -> None:
    """Show every layer of a network: size, receptive field, parameters, operations, memory access.

    Blocks indent what is inside them; below stand the totals and what holds for the network as a whole.
    Counts are for one image, forward, unless --batch says otherwise.
    """
    form_named(form, FORMS)
    if any("?" in shape for shape in input or ()):
        others = (columns, by, sort, top, human, not summary, dtype != "fp32", flops != "exact", deploy, runtime,
                  scratch, patches, memory, optimizer, device, devices, watch)  # fmt: skip
        if len(specs) > 1 or len(input or ()) > 1 or form == "latex" or any(others):
            fail("a table in letters is of one network and one input, with --depth, --format table, json, csv or "
                 "markdown, --variant, --set, --batch and --fold-bn",
                 "cnncalc formula --per layer writes other totals and forms")  # fmt: skip
        from cnncalc.search.formula import in_letters

        with usage_errors():
            text = in_letters(source_of(specs[0]), (input or [""])[0], variant=variant, variables=settings(variables),
                              batch=batch, fold_bn=fold_bn, max_layers=max_layers, depth=depth_of(depth), form=form,
                              width=screen_width() if output in {None, "-"} else WIDE)  # fmt: skip
        write_output(text, output)
        return
    whole, level = depth == "all", depth_of(depth)
    choice = Choice(
        columns=columns_named(columns), depth=level, whole=whole, by=by, sort=known_sort(sort), top=top,
        numbers=NumberFormat.HUMAN if human else NumberFormat.EXACT, summary=summary,
    )  # fmt: skip
    if by and depth:
        fail("--by and --depth exclude each other")
    if specs.count("-") > 1:
        fail("standard input can be read once only")
    if form == "json" and (shaping := [f"--{name}" for name, value in (
        ("columns", columns), ("depth", depth), ("by", by), ("sort", sort), ("top", top), ("human", human),
        ("no-summary", not summary),
    ) if value]):  # fmt: skip
        fail(f"{' and '.join(shaping)} would change nothing: json holds the whole report")

    if form != "table" and (memory or device):
        fail(f"--{'memory' if memory else 'device'} is a view below the table, {form} has the report alone")
    if optimizer is not None and not memory:
        fail("--optimizer goes with --memory")
    if devices is not None and device is None:
        fail("--devices goes with --device")

    studies: dict[str, Study] = {}

    def analyse(spec: str) -> Report:
        studies[spec] = studied(
            spec, input=input, variant=variant, variables=variables, convention=flops, dtype=dtype, batch=batch,
            max_layers=max_layers, fold_bn=fold_bn, deploy=deploy or patches is not None, runtime=runtime,
            scratch=scratch,
        )  # fmt: skip
        if patches is None:
            return studies[spec].report
        with usage_errors():
            return studies[spec].with_patches(patches)

    def told(views: list[str]) -> str:
        text = "".join(f"\n{view}" for view in views)
        return hanging(text, screen_width()) if output in {None, "-"} else text

    def below(spec: str, report: Report) -> str:
        views = []
        if report.memory is not None:
            from cnncalc.devices import find
            from cnncalc.render.runtime import runtime_text

            with usage_errors():
                board = find(device, devices) if device is not None else None
            width = screen_width() if output in {None, "-"} else WIDE
            views.append(runtime_text(report.memory, width=width, device=board))
        if report.patches is not None:
            from cnncalc.render.patches import patches_text

            views.append(patches_text(report.patches, report.dtype))
        if memory:
            from cnncalc.render.memory import memory_text

            with usage_errors():
                views.append(memory_text(studies[spec].memory(optimizer or "adam")))
        if device is not None:
            from cnncalc.devices import find
            from cnncalc.render.devices import roofline_text

            with usage_errors():
                board = find(device, devices)
                if not board.peak:
                    views.append(f"no peak rate of {board.title} is known, so no bound on its speed\n")
                    return told(views)
                bound = report.roofline(board)
            screen = output in {None, "-"}
            views.append(
                roofline_text(bound, width=screen_width() if screen else WIDE, colour=screen and coloured(sys.stdout))
            )
        return told(views)

    def more(spec: str) -> Lines:
        if studies[spec].spec.budgets is None:
            return ()
        from cnncalc.gate.glance import standing_words

        return (("budgets", said),) if (said := standing_words(studies[spec])) else ()

    task = Task(specs, analyse, below, more, choice)
    if watch:
        from cnncalc.cli.watch import keep_drawing

        if output is not None or "-" in specs:
            fail("--watch draws files on the screen: leave out " + ("--output" if output is not None else "-"))
        keep_drawing(specs, task.drawn, choice.numbers)
    elif code := task.write(form, output):
        raise typer.Exit(code)


def depth_of(text: str | None) -> int | None:
    """Return the number of `--depth`, None without one; stop with exit code 2 for what is none."""
    if text is None or text == "all":
        return None
    if not (text.isascii() and text.isdecimal() and int(text)):
        fail(f"--depth wants a number from 1, or all; got '{text}'")
    return int(text)


def columns_named(text: str | None) -> tuple[Column, ...]:
    """Return the columns of `--columns`, none for the usual ones; stop with exit code 2 for an unknown name."""
    if text is None:
        return ()
    names = [ALIASES.get(name.strip(), name.strip()) for name in text.removeprefix("+").split(",") if name.strip()]
    if not names:
        fail("--columns names no column", f"choose from {', '.join(COLUMNS)}")
    if text.startswith("+"):
        names = [*DEFAULT, *(name for name in names if name not in DEFAULT)]
    try:
        return chosen(list(COLUMNS) if names == ["all"] else names)
    except ValueError as error:
        fail(str(error))


def known_sort(name: str | None) -> str | None:
    """Return the key of `--sort`; stop with exit code 2 for an unknown one."""
    name = name and ALIASES.get(name, name)
    if name is not None and name not in RANKED:
        fail(f"rows cannot be sorted by '{name}'; choose from {', '.join(RANKED)}", did_you_mean(name, RANKED))
    return name


@record
class Task:
    """What to show.

    Attributes:
        specs: SPEC arguments.
        analyse: from one to its report.
        below: from one and its report to what stands below its table.
        more: from one to further lines of its summary.
        choice: which rows and columns.
    """

    specs: Sequence[str]
    analyse: Callable[[str], Report]
    below: Callable[[str, Report], str]
    more: Callable[[str], Lines]
    choice: Choice

    def drawn(self, *, progress: Callable[[str, Sequence[Diagnostic]], None] | None = None) -> Drawn:
        """Return the tables of all specs for the screen; each is handed to `progress` as it comes."""
        from cnncalc.cli.watch import Drawn

        texts: list[str] = []
        found: list[Diagnostic] = []
        reports: list[Report] = []
        failed = False
        for spec in self.specs:
            text = ""
            findings: tuple[Diagnostic, ...] = ()
            try:
                report = self.analyse(spec)
            except SpecError as error:
                failed, findings = True, tuple(error.diagnostics)
                if error.partial is not None:
                    text = table(error.partial, self.choice, below=bool(texts), partial=True)
            else:
                view = self.below(spec, report)
                text = table(report, self.choice, below=bool(texts), under=view.count("\n"), more=self.more(spec))
                text += view
                findings = tuple(report.warnings)
                reports.append(report)
            if progress is not None:
                progress(text, findings)
            texts += [text] if text else []
            found += findings
        return Drawn("".join(texts), tuple(found), tuple(reports), 2 if failed else 0)

    def write(self, form: str, output: str | None) -> int:
        """Write the reports in a form and return the exit code; findings go to standard error."""

        def tell(text: str, findings: Sequence[Diagnostic]) -> None:
            if text:
                write_output(text, None)
            report_findings(findings)

        if form == "table" and output in {None, "-"}:
            return self.drawn(progress=tell).code
        reports: list[Report] = []
        views: list[str] = []
        more: list[Lines] = []
        failed = False
        for spec in self.specs:
            try:
                report = self.analyse(spec)
            except SpecError as error:
                report_error(error)
                failed = True
                continue
            views.append(self.below(spec, report))
            more.append(self.more(spec))
            reports.append(report)
            if form != "json":
                report_findings(report.warnings)
        if not failed:
            write_output(FORMS[form](reports, self.choice, views, more), output)
        return 2 if failed else 0
