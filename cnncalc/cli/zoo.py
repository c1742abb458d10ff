"""`cnncalc zoo`: the networks that come with cnncalc."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli.common import coloured, fail, screen_width, write_error, write_output, write_result
from cnncalc.cli.options import OutputOption

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cnncalc.gate.metrics import Metric
    from cnncalc.language.literals import Number
    from cnncalc.render.zoo import ZooRow
    from cnncalc.zoo import ZooEntry

FORMATS = ("table", "json", "csv", "markdown")
SHOWN = ("params", "macs")
EPILOG = """\
Examples:

  cnncalc zoo                              every network

  cnncalc zoo mobile --max macs=300M       the small MobileNets

  cnncalc zoo --min receptive_field=500 --sort params

  cnncalc show efficientnet_b4             any of them in full
"""


def command(
    query: Annotated[
        list[str] | None, typer.Argument(metavar="QUERY", help="Words in the name or the citation.")
    ] = None,
    most: Annotated[
        list[str] | None, typer.Option("--max", metavar="METRIC=QUANTITY", help="At most, as macs=600M; repeatable.")
    ] = None,
    least: Annotated[
        list[str] | None, typer.Option("--min", metavar="METRIC=QUANTITY", help="At least; repeatable.")
    ] = None,
    sort: Annotated[
        str, typer.Option("--sort", metavar="METRIC", help="By this metric, smallest first; -METRIC largest first.")
    ] = "",
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="table, json, csv or markdown.")] = "table",
    human: Annotated[bool, typer.Option("--human/--exact", help="25.6 M instead of 25,557,032.")] = False,
    output: OutputOption = None,
) -> None:
    """List the networks that come with cnncalc, with parameters, multiply-accumulates and source."""
    from cnncalc.render.format import Numbers
    from cnncalc.render.zoo import to_csv, to_json, to_markdown, to_table
    from cnncalc.values.diagnostics import one_line
    from cnncalc.zoo import nearest

    if form not in FORMATS:
        fail(f"there is no format '{form}'; choose one of {', '.join(FORMATS)}")
    limits = [*_limits(most, "--max", 1), *_limits(least, "--min", -1)]
    descending, word = sort.startswith("-"), sort.removeprefix("-")
    key = None if word in ("", "name") else _metric(word, "--sort")
    chosen = _matching(query or [])
    if not chosen:
        words = one_line(" ".join(query or []))
        near = nearest(words)
        hint = f"\n  = hint: did you mean '{near}'?" if near else ""
        write_error(f"no network of the zoo matches '{words}'{hint}")
    rows = _rows(chosen, limits, key)
    if key is not None:
        rows.sort(key=lambda row: row.numbers[key.name], reverse=descending)
    elif word == "name":
        rows.sort(key=lambda row: row.report.name, reverse=descending)
    numbers = Numbers.HUMAN if human else Numbers.EXACT
    if form == "json":
        text = to_json(rows)
    elif form == "csv":
        text = to_csv(rows)
    elif form == "markdown":
        text = to_markdown(rows, numbers)
    else:
        screen = output in {None, "-"}
        width = screen_width() if screen else None
        text = to_table(rows, numbers, width=width, colour=screen and coloured(sys.stdout))
    (write_result if form == "table" else write_output)(text, output)


def _metric(name: str, option: str) -> Metric:
    from cnncalc.gate.metrics import METRICS, find_metric
    from cnncalc.values.diagnostics import did_you_mean

    found = find_metric(name)
    if found is None:
        fail(f"{option}: there is no metric '{name}'", did_you_mean(name, METRICS, f"known: {', '.join(METRICS)}"))
    return found


def _limits(given: Sequence[str] | None, option: str, sign: int) -> list[tuple[Metric, Number, int]]:
    """Return the limits of an option: metric, quantity, and 1 for a maximum or -1 for a minimum."""
    from cnncalc.gate.quantity import QuantityError, parse_quantity

    limits = []
    for text in given or ():
        name, equals, quantity = text.partition("=")
        if not equals:
            fail(f"{option} wants METRIC=QUANTITY, got '{text}'", f"for example {option} macs=600M")
        metric = _metric(name.strip(), option)
        try:
            limits.append((metric, parse_quantity(quantity.strip(), metric.unit), sign))
        except QuantityError as error:
            fail(f"{option} {name}: {error.message}", error.hint)
    return limits


def _matching(words: Sequence[str]) -> list[ZooEntry]:
    """Return the networks that have every word in their name or citation, in the order of the files."""
    from cnncalc.zoo import entries

    citations: dict[Path, str] = {}
    found = []
    for entry in entries():
        if words and entry.file not in citations:
            line = re.search(r"^source:(.*)$", entry.file.read_text(encoding="utf-8"), re.MULTILINE)
            citations[entry.file] = line[1].lower() if line else ""
        text = f"{entry.name.lower()} {citations.get(entry.file, '')}"
        if all(word.lower() in text for word in words):
            found.append(entry)
    return found


def _rows(chosen: Sequence[ZooEntry], limits: Sequence[tuple[Metric, Number, int]], key: Metric | None) -> list[ZooRow]:
    from cnncalc.api import analyze, load
    from cnncalc.gate.metrics import METRICS
    from cnncalc.language.document import Spec
    from cnncalc.render.zoo import ZooRow

    asked = [metric for metric, _, _ in limits] + ([key] if key else [])
    shown = list(dict.fromkeys([*(METRICS[name] for name in SHOWN), *asked]))
    specs: dict[Path, Spec] = {}
    rows = []
    for entry in chosen:
        spec = specs.get(entry.file)
        if spec is None:
            spec = specs[entry.file] = load(entry.file)
        report = analyze(spec if entry.variant is None else spec.with_variant(entry.variant))
        if any(sign * metric.total(report).low > sign * limit for metric, limit, sign in limits):
            continue
        rows.append(ZooRow(report=report, numbers={metric.name: metric.total(report).low for metric in shown}))
    return rows
