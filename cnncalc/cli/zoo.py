"""`cnncalc zoo`: the networks that come with cnncalc."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli.common import coloured, fail, screen_width, write_error, write_output, write_result
from cnncalc.cli.forms import completed, form_named
from cnncalc.cli.options import OutputOption
from cnncalc.cli.progress import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cnncalc.gate.metrics import Metric
    from cnncalc.language.document import Spec
    from cnncalc.language.literals import Number
    from cnncalc.render.format import NumberFormat
    from cnncalc.render.zoo import ZooRow
    from cnncalc.render.zoo_page import ZooPage
    from cnncalc.zoo import ZooEntry
    from cnncalc.zoo.totals import NetworkTotals

FORMATS = dict.fromkeys(("table", "json", "csv", "markdown"))
SHOWN = ("params", "macs")
MORE_SORTS = ("name", "year")
YEARS = re.compile(r"(\d{4})?(-)?(\d{4})?")
EPILOG = """\
Examples:

  cnncalc zoo                              every network

  cnncalc zoo yolov8n                      one: source, table, published figures

  cnncalc zoo --task detection --max params=5M

  cnncalc zoo mobile --year 2017-2019 --max macs=300M --sort year

  cnncalc zoo --min receptive_field=500 --sort=-params
"""


def complete_network(incomplete: str) -> list[str]:
    """Return the networks of the zoo that begin so."""
    from cnncalc.zoo import entries

    return [entry.name for entry in entries() if entry.name.startswith(incomplete)]


def complete_task(incomplete: str) -> list[str]:
    """Return the tasks that begin so."""
    from cnncalc.zoo import TASKS

    return [task for task in TASKS if task.startswith(incomplete)]


def complete_metric(incomplete: str) -> list[str]:
    """Return the metrics of a limit that begin so, as far as the equals sign."""
    from cnncalc.gate.metrics import METRICS

    return [f"{name}=" for name in METRICS if name.startswith(incomplete)]


def complete_sort(incomplete: str) -> list[str]:
    """Return what networks can be sorted by, largest first behind a minus."""
    from cnncalc.gate.metrics import METRICS

    sign = "-" if incomplete.startswith("-") else ""
    return [f"{sign}{name}" for name in (*METRICS, *MORE_SORTS) if name.startswith(incomplete.removeprefix("-"))]


def command(
    query: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUERY", help="A network, or words in names and citations.", autocompletion=complete_network
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option("--task", metavar="TASK", help="For this alone, as detection.", autocompletion=complete_task),
    ] = None,
    years: Annotated[
        str | None, typer.Option("--year", metavar="YEAR", help="Published then: 2019, 2017-2019, 2020- or -2015.")
    ] = None,
    most: Annotated[
        list[str] | None,
        typer.Option(
            "--max", metavar="METRIC=QUANTITY", help="At most, as macs=600M; repeatable.",
            autocompletion=complete_metric,
        ),
    ] = None,
    least: Annotated[
        list[str] | None,
        typer.Option(
            "--min", metavar="METRIC=QUANTITY", help="At least; repeatable.", autocompletion=complete_metric
        ),
    ] = None,
    sort: Annotated[
        str,
        typer.Option(
            "--sort", metavar="METRIC", help="By this metric, year or name, smallest first; -METRIC largest first.",
            autocompletion=complete_sort,
        ),
    ] = "",
    form: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORM", help="table, json, csv or markdown.", autocompletion=completed(FORMATS)
        ),
    ] = "table",
    human: Annotated[bool, typer.Option("--human/--exact", help="25.6 M instead of 25,557,032.")] = False,
    output: OutputOption = None,
) -> None:  # fmt: skip
    """List the networks that come with cnncalc, or show one's page: its source, its table, its published figures."""
    from cnncalc.render.format import NumberFormat
    from cnncalc.values.diagnostics import one_line
    from cnncalc.zoo import find, nearest

    form_named(form, FORMATS)
    limits = [*_limits(most, "--max", 1), *_limits(least, "--min", -1)]
    descending, word = sort.startswith("-"), sort.removeprefix("-")
    key = None if word in ("", *MORE_SORTS) else _metric(word, "--sort")
    period = _years(years)
    numbers = NumberFormat.HUMAN if human else NumberFormat.EXACT
    narrowed = bool(limits or sort or task is not None or years is not None)
    one = find(query[0]) if query and len(query) == 1 and not narrowed else None
    if one is not None:
        _write_page(one, form, numbers, output)
        return
    words = one_line(" ".join(query or []))
    chosen = _matching(query or [])
    if not chosen:
        near = nearest(words)
        hint = f"\n  = hint: did you mean '{near}'?" if near else ""
        write_error(f"no network of the zoo matches '{words}'{hint}")
    rows = _rows([entry for entry in chosen if _is_wanted(entry, task, period)], limits, key)
    if key is not None:
        rows.sort(key=lambda row: row.numbers[key.name], reverse=descending)
    elif word:
        rows.sort(key=lambda row: row.year if word == "year" else row.network.name, reverse=descending)
    _write(rows, form, numbers, output)


def _write(rows: Sequence[ZooRow], form: str, numbers: NumberFormat, output: str | None) -> None:
    from cnncalc.render.zoo import to_csv, to_json, to_markdown, to_table

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


def _write_page(entry: ZooEntry, form: str, numbers: NumberFormat, output: str | None) -> None:
    """Write what is told about one network."""
    from cnncalc.api import analyze
    from cnncalc.cli.tables import Choice, markdown, table
    from cnncalc.render.format import hanging
    from cnncalc.render.zoo import to_csv, to_json

    rows = [] if form in {"table", "markdown"} else _rows([entry], [], None)
    if form == "csv":
        write_output(to_csv(rows), output)
        return
    page = _page(entry)
    if form == "json":
        write_output(to_json(rows, [page]), output)
        return
    choice = Choice(depth=1, numbers=numbers)
    report = analyze(_spec(entry))
    if form == "markdown":
        write_output(f"{markdown([report], choice, [], [])}\n{page.markdown()}", output)
        return
    screen = output in {None, "-"}
    told = page.text()
    write_result(
        f"{table(report, choice, plain=not screen)}\n{hanging(told, screen_width()) if screen else told}",
        output,
    )


def _page(entry: ZooEntry) -> ZooPage:
    from cnncalc.api import analyze
    from cnncalc.render.zoo_page import ZooPage, measured
    from cnncalc.zoo import RELATIVES, citation, entries, remarks, task, year
    from cnncalc.zoo.figures import published

    spec = _spec(entry)
    return ZooPage(
        name=entry.name,
        task=task(entry.file),
        year=year(entry.file),
        source=citation(entry.file),
        remarks=remarks(entry.file),
        file=entry.file.name,
        siblings=[other.name for other in entries() if other.file == entry.file and other.name != entry.name],
        relatives=RELATIVES.get(entry.name, ()),
        published=[
            (figure, measured(analyze(spec, input=figure.shape, convention=figure.convention), figure.metric))
            for figure in published(entry.name)
        ],
    )


def _spec(entry: ZooEntry, known: Spec | None = None) -> Spec:
    """Return the spec of a network, from that of its file where it is known."""
    from cnncalc.api import load

    spec = load(entry.file) if known is None else known
    return spec if entry.variant is None else spec.with_variant(entry.variant)


def _years(text: str | None) -> tuple[int, int]:
    """Return the first and the last year of `--year`."""
    if text is None:
        return 0, 9999
    found = YEARS.fullmatch(text.strip())
    if found is None or not (found[1] or found[3]) or (found[1] and found[3] and not found[2]):
        fail(
            f"--year wants a year or a period, got '{text}'",
            "for example --year 2019, --year 2017-2019 or --year 2020-",
        )
    first, to, last = found.groups()
    return (int(first or 0), int(last or 9999)) if to else (int(first or last), int(first or last))


def _is_wanted(entry: ZooEntry, wanted: str | None, period: tuple[int, int]) -> bool:
    """Return whether a network is for a task and of a period; stop with exit code 2 for an unknown task."""
    from cnncalc.values.diagnostics import did_you_mean
    from cnncalc.zoo import TASKS, task, year

    if wanted is not None and wanted not in TASKS:
        fail(f"--task: there is no task '{wanted}'", did_you_mean(wanted, TASKS, f"known: {', '.join(TASKS)}"))
    return wanted in (None, task(entry.file)) and period[0] <= year(entry.file) <= period[1]


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
    from cnncalc.zoo import citation, entries

    citations: dict[Path, str] = {}
    found = []
    for entry in entries():
        if words and entry.file not in citations:
            citations[entry.file] = citation(entry.file).lower()
        text = f"{entry.name.lower()} {citations.get(entry.file, '')}"
        if all(word.lower() in text for word in words):
            found.append(entry)
    return found


def _rows(chosen: Sequence[ZooEntry], limits: Sequence[tuple[Metric, Number, int]], key: Metric | None) -> list[ZooRow]:
    from cnncalc.render.zoo import ZooRow
    from cnncalc.zoo import task, year

    asked = [metric.name for metric, _, _ in limits] + ([key.name] if key else [])
    shown = list(dict.fromkeys([*SHOWN, *asked]))
    specs: dict[Path, Spec] = {}
    rows = []
    for entry in counted(chosen, "networks"):
        network = _totals(entry, shown, specs)
        if any(sign * network.number(metric.name) > sign * limit for metric, limit, sign in limits):
            continue
        numbers = {name: network.number(name) for name in shown}
        rows.append(ZooRow(network=network, numbers=numbers, task=task(entry.file), year=year(entry.file)))
    return rows


def _totals(entry: ZooEntry, metrics: Sequence[str], specs: dict[Path, Spec]) -> NetworkTotals:
    """Return what a network comes to: as it is stored, or analysed where that is of another spec or lacks a metric."""
    from cnncalc.zoo.totals import stored, totals_of

    known = stored(entry)
    if known is not None and all(metric in known.numbers for metric in metrics):
        return known
    from cnncalc.api import analyze, load
    from cnncalc.gate.metrics import lows

    if entry.file not in specs:
        specs[entry.file] = load(entry.file)
    report = analyze(_spec(entry, specs[entry.file]))
    return totals_of(report, lows(report))
