"""`cnncalc check`."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli.check_forms import FORMS, emit, outputs_of, say
from cnncalc.cli.common import (
    amount,
    everything,
    fail,
    refuse_precious,
    settings,
    shapes,
    spec_file,
)
from cnncalc.cli.forms import completed
from cnncalc.cli.options import (
    MOST_LAYERS,
    DeployOption,
    FoldOption,
    InputOption,
    MaxLayersOption,
    RuntimeOption,
    ScratchOption,
    SetOption,
    VariantOption,
)
from cnncalc.cli.session import CURRENT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from cnncalc.gate.budget import Bound, Limit
    from cnncalc.gate.outcome import Options, Run

EPILOG = """\
Exit codes: 0 within, 1 over, 2 error: something cannot be judged (a bad spec, an unknown metric, a pattern without a
layer, git trouble, nothing to check), which never passes.

  cnncalc check specs/                                    by the budgets in specs and configuration

  cnncalc check net.yaml --max macs=300M --min rf=224     by limits of your own

  cnncalc check specs/ --against origin/main              by what a branch changes

  cnncalc check specs/ --format sarif=out.sarif --format text
"""


SpecsOption = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SPEC|FOLDER...", help="Spec files, folders of specs, - for standard input, or zoo networks."
    ),
]


def command(
    specs: SpecsOption = None,
    maximum: Annotated[
        list[str] | None,
        typer.Option("--max", metavar="METRIC=LIMIT", help="At most this much: macs=300M; repeatable."),
    ] = None,
    minimum: Annotated[
        list[str] | None, typer.Option("--min", metavar="METRIC=LIMIT", help="At least this much: rf=224; repeatable.")
    ] = None,
    max_increase: Annotated[
        list[str] | None,
        typer.Option(
            "--max-increase", metavar="METRIC=AMOUNT", help="May grow by 2% or 1M since --against or --baseline."
        ),
    ] = None,
    budget: Annotated[
        list[str] | None, typer.Option("--budget", metavar="FILE", help="A YAML file in the form of budgets:.")
    ] = None,
    config: Annotated[
        str | None, typer.Option("--config", metavar="FILE", help="Use this configuration, not the nearest one.")
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="REF", help="Compare with the specs of a git commit.")
    ] = None,
    no_compare: Annotated[
        bool, typer.Option("--no-compare", help="Leave limits on changes out, where there is nothing to compare with.")
    ] = False,
    baseline: Annotated[
        str | None, typer.Option("--baseline", metavar="FILE", help="No number may be worse than recorded here.")
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Record the numbers in the baseline file.")
    ] = False,
    variant: VariantOption = None,
    all_variants: Annotated[
        bool, typer.Option("--all-variants", help="Judge the spec and each of its variants.")
    ] = False,
    input: InputOption = None,  # noqa: A002
    set: SetOption = None,  # noqa: A002
    flops: Annotated[
        str | None,
        typer.Option("--flops", metavar="RULE", help="The counting rule behind FLOPs, where no budget fixes it."),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option("--dtype", metavar="TYPE", help="fp32, fp16, bf16, int8 or int4, where no budget fixes it."),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Activations, normalisations and adds may reuse their operand.")
    ] = False,
    fold_bn: FoldOption = False,
    deploy: DeployOption = False,
    runtime: RuntimeOption = None,
    scratch: ScratchOption = None,
    device: Annotated[
        str | None, typer.Option("--device", metavar="NAME", help="Flash and SRAM of that device are limits.")
    ] = None,
    max_layers: MaxLayersOption = MOST_LAYERS,
    warn_at: Annotated[
        str | None, typer.Option("--warn-at", metavar="PART", help="Warn from this part of a limit on, such as 95%.")
    ] = None,
    format: Annotated[  # noqa: A002
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORM[=FILE]",
            help="text, json, github, junit, sarif, markdown or gitlab; repeatable, each with a file of its own.",
            autocompletion=completed(FORMS),
        ),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Write the form that has no file here.")
    ] = None,
    report: Annotated[
        str | None,
        typer.Option("--report", metavar="FILE.html", help="Also write a page: drawings, tables, how budgets stand."),
    ] = None,
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help="Pass where there is nothing to check.")] = False,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", metavar="CODE", help="Pass with this warning, as input-channels; repeatable."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings of a spec are errors: it does not pass.")] = False,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit with 0 where a limit is over; what cannot be judged exits with 2.")
    ] = False,
) -> None:
    """Fail when a design leaves its budget."""
    from cnncalc.gate.outcome import Options
    from cnncalc.gate.run import check

    outputs = outputs_of(format or (), output)
    _refuse_conflicts(specs, variant, against, baseline, all_variants=all_variants, no_compare=no_compare,
                      update=update_baseline, max_increase=max_increase, allow_empty=allow_empty)  # fmt: skip
    limits = [
        *_limits("--max", maximum, "max"),
        *_limits("--min", minimum, "min"),
        *_limits("--max-increase", max_increase, "max_increase"),
        *_device(device),
    ]
    rule, element = _checked_rules(flops, dtype)
    options = Options(
        limits=tuple(limits),
        budgets=tuple(budget or ()),
        config=config,
        against=against,
        no_compare=no_compare,
        baseline=baseline,
        update_baseline=update_baseline,
        variant=variant,
        all_variants=all_variants,
        input=shapes(input),
        variables=settings(set),
        convention=rule,
        dtype=element,
        in_place=in_place,
        max_layers=max_layers,
        fold_bn=fold_bn,
        deploy=deploy,
        runtime=_runtime(runtime),
        scratch=_bytes(scratch, runtime),
        warn_at=_part(warn_at),
        allow_empty=allow_empty,
        accept=_accepted(accept, strict=strict),
        strict=strict,
    )
    session = CURRENT.get()
    session.reads += [spec_file(name) for name in specs or () if name != "-"]
    session.reads += [name for name in (config, *(budget or ()), baseline) if name is not None]
    for out in outputs:
        if out.file not in {None, "-"}:
            refuse_precious(str(out.file))
    if report is not None:
        refuse_precious(report)
    run = check(specs or (), options, stdin=_standard_input)
    unwritten = report is not None and not _page(run, options, report)
    code = max(emit(run, outputs), 2 if unwritten else 0)
    session.verdict = True
    raise typer.Exit(0 if exit_zero and code == 1 else code)


def _accepted(codes: Sequence[str] | None, *, strict: bool) -> frozenset[str]:
    """Return `--accept` options; stop with exit code 2 for what is no warning that fails a check."""
    from cnncalc.gate.subject import DOUBTFUL

    for code in codes or ():
        if code not in DOUBTFUL and not (strict and re.fullmatch("[a-z0-9]+(-[a-z0-9]+)+", code)):
            hint = "with --strict any warning's code may stand here"
            fail(f"--accept wants {' or '.join(sorted(DOUBTFUL))}, got '{code}'", None if strict else hint)
    return frozenset(codes or ())


def _standard_input() -> bytes:
    """Return all of standard input; nothing where it is closed."""
    return everything(sys.stdin) if sys.stdin is not None else b""


def _page(run: Run, options: Options, file: str) -> bool:
    """Write the page of a run, and return whether that went well; what did not is said."""
    from cnncalc.cli.check_report import write_page

    try:
        write_page(run, options, file)
    except OSError as error:
        say(f"error: cannot write '{file}': {error.strerror or error}")
        return False
    return True


def _refuse_conflicts(
    specs: Sequence[str] | None, variant: str | None, against: str | None, baseline: str | None, *, all_variants: bool,
    no_compare: bool, update: bool, max_increase: Sequence[str] | None, allow_empty: bool,
) -> None:  # fmt: skip
    if not specs and not allow_empty:
        fail("no spec is named", "name specs or a folder: cnncalc check specs/")
    if variant is not None and all_variants:
        fail("--variant and --all-variants exclude each other", "give one of the two")
    if no_compare and (against is not None or baseline is not None):
        fail("--no-compare leaves out what --against and --baseline compare", "give one of the two")
    if update and baseline is None:
        fail("--update-baseline wants to know the file", "add --baseline FILE")
    if max_increase and against is None and baseline is None:
        fail("--max-increase has nothing to compare with", "add --against REF or --baseline FILE")
    if specs and list(specs).count("-") > 1:
        fail("standard input can be read once", "name - once")


def _limits(option: str, given: Sequence[str] | None, bound: Bound) -> list[Limit]:
    """Return `--max METRIC=LIMIT` options as limits; stop with exit code 2 for what is none."""
    from cnncalc.gate.budget import Limit, Origin
    from cnncalc.gate.form import read_change, read_limit
    from cnncalc.gate.metrics import METRICS, find_metric, in_unit
    from cnncalc.gate.quantity import QuantityError
    from cnncalc.values.diagnostics import did_you_mean

    found: dict[str, Limit] = {}
    for text in given or ():
        name, equals, written = text.partition("=")
        name = name.strip()
        metric = find_metric(name)
        if not equals:
            fail(f"{option} wants METRIC=LIMIT, got '{text}'", f"write {option} macs=300M")
        if metric is None:
            fail(
                f"{option}: there is no metric '{name}'",
                did_you_mean(name, METRICS, f"metrics are {', '.join(METRICS)}"),
            )
        metric = in_unit(metric, written)
        try:
            value, relative = read_change(written, metric) if bound == "max_increase" else read_limit(written, metric)
        except QuantityError as error:
            fail(f"{option} {name}: {error.message}", error.hint)
        if metric.name in found:
            fail(f"{option} {metric.name} is given twice", "give it once")
        origin = Origin(kind="command line", name=f"{option} {metric.name}={written.strip()}")
        found[metric.name] = Limit(metric=metric.name, bound=bound, value=value, relative=relative, origin=origin)
    return list(found.values())


def _checked_rules(flops: str | None, dtype: str | None) -> tuple[str | None, str | None]:
    """Return the rules that flags name; stop with exit code 2 where there is no such rule."""
    from cnncalc.rules import convention
    from cnncalc.values.dtypes import parse_dtypes

    try:
        return (convention(flops).name if flops is not None else None,
                str(parse_dtypes(dtype)) if dtype is not None else None)  # fmt: skip
    except ValueError as error:
        fail(str(error))


def _runtime(name: str | None) -> str | None:
    """Return the name of a runtime; stop with exit code 2 where there is none."""
    from cnncalc.deployment.runtimes import find_runtime

    try:
        return None if name is None else find_runtime(name).name
    except ValueError as error:
        fail(str(error))


def _bytes(text: str | None, runtime: str | None) -> int | None:
    """Return the bytes of `--scratch`; stop with exit code 2 for what is none."""
    if text is not None and runtime is None:
        fail("--scratch goes with --runtime", "name the runtime: --runtime tflm")
    try:
        return amount(text)
    except ValueError as error:
        fail(str(error))


def _device(name: str | None) -> list[Limit]:
    """Return what a device limits; stop with exit code 2 where it is none."""
    from cnncalc.devices import DeviceError
    from cnncalc.gate.budget import Origin
    from cnncalc.gate.form import device_limits

    try:
        return [] if name is None else list(device_limits(name, Origin(kind="command line", name=f"--device {name}")))
    except DeviceError as error:
        fail(str(error))


def _part(text: str | None) -> Fraction | None:
    from fractions import Fraction

    from cnncalc.gate.quantity import QuantityError, Unit, parse_quantity

    if text is None:
        return None
    try:
        return Fraction(parse_quantity(text, Unit.SHARE))
    except QuantityError as error:
        fail(f"--warn-at: {error.message}", error.hint)
