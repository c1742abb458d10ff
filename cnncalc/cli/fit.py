"""`cnncalc fit`."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnncalc.cli.common import fail, settings, shapes, usage_errors, write_output, write_result
from cnncalc.cli.forms import completed, form_named
from cnncalc.cli.options import (
    MOST_LAYERS,
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
from cnncalc.cli.sweep import VaryOption, pairs, sources_of
from cnncalc.render.format import percent
from cnncalc.values.diagnostics import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.search.fit import Design, Fitted

FORMS = {"text": "", "json": ""}
METRIC_NAMES = {"bytes": "memory_access_bytes"}
NO_METRIC = ("buffers",)
"""What `check` calls a total, and what it has no limit for."""
EPILOG = """\
Examples:

cnncalc fit mobilenet_v2 --vary width=0.25..1.5:0.05 --max macs=200M

cnncalc fit net.yaml --vary width=16..128:8 --vary input=96..320:32 --max macs=300M --max params=4M

cnncalc fit net.yaml --vary width=16..128 --min macs=100M --maximise=-params
"""


def command(
    specs: SpecsArgument,
    vary: VaryOption = None,
    most: Annotated[
        list[str] | None, typer.Option("--max", metavar="TOTAL=QUANTITY", help="At most, as macs=200M; repeatable.")
    ] = None,
    least: Annotated[
        list[str] | None, typer.Option("--min", metavar="TOTAL=QUANTITY", help="At least; repeatable.")
    ] = None,
    maximise: Annotated[
        str | None,
        typer.Option("--maximise", "--maximize", metavar="EXPR",
                     help="What is best: macs, -params, macs/params; the first --max otherwise."),
    ] = None,
    frontier: Annotated[
        str, typer.Option("--frontier", metavar="TOTALS", help="In place of a best design all that no other beats: "
                          "macs,+params (+: more is better).")
    ] = "",
    form: Annotated[
        str, typer.Option("--format", metavar="FORM", help="text or json.", autocompletion=completed(FORMS))
    ] = "text",
    output: OutputOption = None,
    flops: FlopsOption = "exact",
    dtype: DtypeOption = "fp32",
    batch: BatchOption = 1,
    fold_bn: FoldOption = False,
    input: InputOption = None,  # noqa: A002 - the option's name
    variant: VariantOption = None,
    variables: SetOption = None,
    max_layers: MaxLayersOption = MOST_LAYERS,
) -> None:  # fmt: skip
    """Find the design of a grid that is best within limits, and prove it: every other box of designs and its bound."""
    from cnncalc.search.fit import FitSearch
    from cnncalc.search.plain import command_of

    form_named(form, FORMS)
    fixed: dict[str, Any] = {
        "input": shapes(input), "variant": variant, "variables": settings(variables), "convention": flops,
        "dtype": dtype, "batch": batch, "fold_bn": fold_bn, "max_layers": max_layers,
    }  # fmt: skip
    with usage_errors():
        fixed.update(most=limits(most, "--max"), least=limits(least, "--min"))
        if frontier and maximise:
            fail("--frontier and --maximise exclude each other")
        search: FitSearch
        if frontier:
            from cnncalc.search.frontier import FrontierSearch

            goals = [part.strip() for part in frontier.split(",") if part.strip()]
            search = FrontierSearch(sources_of(specs), pairs(vary), goals, **fixed)
        else:
            search = FitSearch(sources_of(specs), pairs(vary), maximise=maximise, **fixed)
        found = search.run()
    spec = specs[0]
    own = options(flops=flops, dtype=dtype, batch=batch, fold_bn=fold_bn, input=input, variant=variant, set=variables)
    if found.best is None and found.nearest is None and not found.front:
        first = shlex.join(["cnncalc", "show", *command_of(spec, found.axes, (0,) * len(found.axes)), *own])
        value = "" if found.objective.removeprefix("-").isidentifier() else f" with a value of {found.objective}"
        fail(f"none of the {found.size:,} designs is a network{value}", f"see why: {first}")
    if form == "json":
        write_output(to_json(found, specs, own), output)
    else:
        write_result(to_text(found, spec, own), output)
    if found.best is None and not found.front:
        raise typer.Exit(1)


def limits(given: Sequence[str] | None, option: str) -> dict[str, int]:
    """Return `--max macs=200M` options as whole numbers.

    Raises:
        ValueError: one is no pair, or no quantity.
    """
    from cnncalc.gate.quantity import QuantityError, Unit, parse_quantity
    from cnncalc.search.columns import RECORDED, column

    found: dict[str, int] = {}
    for pair in given or ():
        name, equals, quantity = pair.partition("=")
        if not equals:
            raise ValueError(f"{option} wants TOTAL=QUANTITY, got '{pair}'")
        name = column(name.strip(), RECORDED)
        try:
            unit = Unit.BYTES if name in ("bytes", "model_size") else Unit.COUNT
            number = parse_quantity(quantity.strip(), unit)
        except QuantityError as error:
            raise ValueError(f"{option} {name}: {error}") from None
        found[name] = int(number) if option == "--max" else -int(-number // 1)
    return found


def options(**given: Any) -> list[str]:
    """Return the options of this run as `show` and `check` take them."""
    words: list[str] = []
    usual = {"flops": "exact", "dtype": "fp32", "batch": 1, "fold_bn": False}
    for name, value in given.items():
        if value is None or value == usual.get(name):
            continue
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(flag)
        else:
            for one in value if isinstance(value, list) else [value]:
                words += [flag, str(one)]
    return words


def show_line(found: Fitted, spec: str, own: Sequence[str], design: Design) -> str:
    """Return the command that shows a design."""
    from cnncalc.search.plain import command_of

    return shlex.join(["cnncalc", "show", *command_of(spec, found.axes, design.places), *own])


def check_line(found: Fitted, spec: str, own: Sequence[str], design: Design) -> str:
    """Return the command that holds a design to its limits."""
    from cnncalc.search.plain import command_of

    words = [word for limit in found.limits if limit.name not in NO_METRIC
             for word in ("--max" if limit.sign > 0 else "--min",
                          f"{METRIC_NAMES.get(limit.name, limit.name)}={limit.number}")]  # fmt: skip
    return shlex.join(["cnncalc", "check", *command_of(spec, found.axes, design.places), *own, *words])


def written(found: Fitted, design: Design) -> dict[str, Any]:
    """Return a design as JSON has it: what varies as numbers and texts, and its totals."""
    from cnncalc.render.sweep import plain_choice

    variables = {axis.name: plain_choice(axis.choices[place], axis.texts[place])
                 for axis, place in zip(found.axes, design.places, strict=True)}  # fmt: skip
    return {"variables": variables, **design.totals}


def to_json(found: Fitted, specs: Sequence[str], own: Sequence[str]) -> str:
    """Return everything as JSON, the certificate with it."""
    from cnncalc._version import __version__

    spec = specs[0]
    data: dict[str, Any] = {
        "schema": 1,
        "cnncalc": __version__,
        "spec": spec if len(specs) == 1 else list(specs),
        "designs": found.size,
        "computed": found.computed,
        "maximise": found.objective,
        "limits": [str(limit) for limit in found.limits],
        "best": None if found.best is None else {
            **written(found, found.best), "value": float(found.best.value),
            "show": show_line(found, spec, own, found.best), "check": check_line(found, spec, own, found.best),
        },
        "nearest": None if found.nearest is None else {
            **written(found, found.nearest), "excess": float(found.nearest.value),
            "show": show_line(found, spec, own, found.nearest),
        },
        "certificate": found.certificate(),
    }  # fmt: skip
    if found.of_front:
        del data["best"]
        data["front"] = [{**written(found, design), "show": show_line(found, spec, own, design)}
                         for design in found.front]  # fmt: skip
    return json.dumps(data, ensure_ascii=False)


def to_text(found: Fitted, spec: str, own: Sequence[str]) -> str:
    """Return what was found in a few lines."""
    limits = ", ".join(map(str, found.limits)) or "no limits"
    if found.front:
        head = f"{plural(found.size, 'design')}, {limits}, {len(found.front):,} that none beats in {found.objective}"
        names = [*(axis.name for axis in found.axes), *found.front[0].totals]
        rows = [[*(axis.texts[place] for axis, place in zip(found.axes, design.places, strict=True)),
                 *(f"{number:,}" for number in design.totals.values())] for design in found.front]  # fmt: skip
        widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
        lines = ["  ".join(part.rjust(width) for part, width in zip(row, widths, strict=True))
                 for row in (names, *rows)]  # fmt: skip
        return "\n".join([head, *lines, proof(found)]) + "\n"
    lines = [f"{plural(found.size, 'design')}, {limits}, best by {found.objective}"]
    design = found.best or found.nearest
    if found.best is None:
        lines.append("nothing fits; nearest is")
    if design is not None:
        chosen = ", ".join(f"{axis.name} {axis.texts[place]}"
                           for axis, place in zip(found.axes, design.places, strict=True))  # fmt: skip
        totals = ", ".join(f"{name} {number:,}" for name, number in design.totals.items())
        lines += [f"  {chosen}", f"  {totals}"]
        if found.best is None:
            lines.append(f"  {percent(*design.value.as_integer_ratio())} beyond its limits")
    lines.append(proof(found))
    if design is not None:
        lines.append(show_line(found, spec, own, design))
    if found.best is not None:
        lines.append(check_line(found, spec, own, found.best))
    return "\n".join(lines) + "\n"


def proof(found: Fitted) -> str:
    """Return in one line why all other designs are out."""
    why: dict[str, list[int]] = {}
    for box in found.discarded:
        entry = why.setdefault(box.why, [0, 0])
        entry[0] += 1
        entry[1] += box.box.size
    parts = [f"{designs:,} {REASONS[reason]} ({boxes:,} {'box' if boxes == 1 else 'boxes'})"
             for reason, (boxes, designs) in why.items()]  # fmt: skip
    return f"proof: {', '.join(parts)}"


REASONS = {"over": "over a limit", "under": "under a limit", "beaten": "no better", "refused": "no network",
           "computed": "computed one by one"}  # fmt: skip
