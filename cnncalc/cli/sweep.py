"""`cnncalc sweep`."""

from __future__ import annotations

import csv
import json
import os
import sys
import time
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from cnncalc.cli.common import (
    amount,
    encodable,
    fail,
    refuse_precious,
    screen_width,
    settings,
    shapes,
    source_of,
    usage_errors,
    write_error,
    write_output,
)
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
    RuntimeOption,
    ScratchOption,
    SetOption,
    SpecsArgument,
    VariantOption,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Executor

    from cnncalc.search.sweep import Batch, Sweep

FORMS = {"table": "", "csv": "", "jsonl": "", "parquet": ""}
EPILOG = """\
Examples:

cnncalc sweep mobilenet_v2 --vary width=0.25..1.5:0.05 --vary input=96..224:32

cnncalc sweep net.yaml --vary width=16..64:8 --where 'macs < 300M' --pareto macs,+params

cnncalc sweep net.yaml --vary width=0.1..2:0.001 --vary input=32..512 --format csv -o designs.csv --resume
"""
VaryOption = Annotated[
    list[str] | None,
    typer.Option("--vary", metavar="NAME=VALUES", help="What varies: width=0.25..2.0:0.05, input=96,128; repeatable."),
]
TotalsOption = Annotated[
    str, typer.Option("--of", metavar="TOTALS", help="The totals of each design, as macs,params; `all` for every one.")
]


def command(
    specs: SpecsArgument,
    vary: VaryOption = None,
    of: TotalsOption = "",
    where: Annotated[
        str | None, typer.Option("--where", metavar="EXPR", help="Keep designs for which this holds: 'macs < 300M'.")
    ] = None,
    pareto: Annotated[
        str, typer.Option("--pareto", metavar="COLUMNS", help="Keep what no other beats; +NAME: more is better.")
    ] = "",
    sample: Annotated[int | None, typer.Option("--sample", min=1, metavar="N", help="So many, at random.")] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of --sample.")] = 0,
    form: Annotated[
        str,
        typer.Option("--format", metavar="FORM", help="table, csv, jsonl or parquet.", autocompletion=completed(FORMS)),
    ] = "table",
    output: OutputOption = None,
    resume: Annotated[
        bool, typer.Option("--resume/--anew", help="Continue the file of --output where it ends.")
    ] = False,
    flops: FlopsOption = "exact",
    dtype: DtypeOption = "fp32",
    batch: BatchOption = 1,
    fold_bn: FoldOption = False,
    input: InputOption = None,  # noqa: A002 - the option's name
    variant: VariantOption = None,
    variables: SetOption = None,
    max_layers: MaxLayersOption = MOST_LAYERS,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=256, metavar="N", help="Processes at work.")] = 1,
    compiled: Annotated[
        bool, typer.Option("--compiled/--interpreted", help="As machine code by Numba, for many millions of designs.")
    ] = False,
    runtime: RuntimeOption = None,
    scratch: ScratchOption = None,
    device: Annotated[str | None, typer.Option("--device", metavar="NAME", help="For the column `seconds`.")] = None,
) -> None:
    """Compute many designs of a network, one row each, every row as `show` gives it."""
    from cnncalc.search.columns import RECORDED
    from cnncalc.search.sweep import DEFAULT, Sweep

    form_named(form, FORMS)
    if form == "parquet" and output in (None, "-"):
        fail("Parquet goes to a file", "name one with -o")
    if resume and (output in (None, "-") or form not in ("csv", "jsonl") or pareto):
        fail("--resume continues a file of csv or jsonl", "name it with -o, and leave --pareto out")
    totals = RECORDED if of == "all" else tuple(part.strip() for part in of.split(",")) if of else DEFAULT
    with usage_errors(), missing_extras():
        found = Sweep(
            sources_of(specs), pairs(vary), of=totals, where=where, pareto=[p for p in pareto.split(",") if p],
            sample=sample, seed=seed, input=shapes(input), variant=variant, variables=settings(variables),
            convention=flops, dtype=dtype, batch=batch, fold_bn=fold_bn, max_layers=max_layers,
            runtime=runtime, scratch=amount(scratch), device=device, compiled=compiled,
        )  # fmt: skip
    with usage_errors(), workers(jobs) as found.executor:
        if form == "table":
            _table(found, output)
        elif form == "parquet":
            _parquet(found, str(output))
        else:
            _stream(found, form, None if output == "-" else output, resume=resume)


@contextmanager
def missing_extras() -> Iterator[None]:
    """Stop with exit code 2 and one line where an optional library is missing."""
    try:
        yield
    except ImportError as error:
        fail(str(error))


@contextmanager
def workers(jobs: int) -> Iterator[Executor | None]:
    """Give so many processes, none where one is enough; they are stopped at the end, whatever they still do."""
    if jobs == 1:
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def sources_of(specs: Sequence[str]) -> list[Any]:
    """Return the specs of a command line; stop with exit code 2 where standard input is to be read twice."""
    if specs.count("-") > 1:
        fail("standard input can be read once only")
    return [source_of(spec) for spec in specs]


def pairs(vary: Sequence[str] | None) -> dict[str, Any]:
    """Return `--vary name=values` options as a mapping; stop with exit code 2 for what is no pair."""
    found: dict[str, Any] = {}
    for pair in vary or ():
        name, equals, values = pair.partition("=")
        if not equals or not name.strip() or not values.strip():
            fail(f"--vary wants NAME=VALUES, got '{pair}'", "write it like width=0.25..2.0:0.05 or input=96,128")
        if name.strip() in found:
            fail(f"--vary is given twice for {name.strip()}", "give all its values at once, with commas")
        found[name.strip()] = values.strip()
    return found


class SweepProgress:
    """How far a sweep is, on standard error where that is a terminal."""

    def __init__(self, whole: int, done: int = 0) -> None:
        self.whole, self.start, self.done = whole, done, done
        self.begin = self.last = time.monotonic()
        self.shown = False

    def add(self, count: int) -> None:
        """Count designs; say so at most twice a second."""
        self.done += count
        now = time.monotonic()
        if now - self.last >= 0.5 and sys.stderr.isatty():
            self.last, self.shown = now, True
            rate = (self.done - self.start) / (now - self.begin)
            left = (self.whole - self.done) / rate if rate else 0
            sys.stderr.write(f"\r{self.done:,} of {self.whole:,} designs, {rate:,.0f}/s, {left:,.0f} s left \x1b[K")
            sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def batches(found: Sweep, first: int = 0) -> Iterator[Batch]:
    """Yield the batches of a sweep, with progress; Ctrl-C ends them with exit code 130, no network at all with 2."""
    progress = SweepProgress(len(found), first)
    networks, why = first, ""
    try:
        for batch in found.batches(first):
            yield batch
            progress.add(batch.done)
            networks += len(batch) - len(batch.errors)
            why = why or next(iter(batch.errors.values()), "")
    except KeyboardInterrupt:
        progress.end()
        write_error(f"stopped after {progress.done:,} of {progress.whole:,} designs; what is written stays")
        raise typer.Exit(130) from None
    progress.end()
    if why and not networks:
        fail(f"no design is a network: {why}")


def _table(found: Sweep, output: str | None) -> None:
    from cnncalc.render.sweep import MOST_ROWS, cells, table

    rows = list(islice((row for batch in batches(found) for row in cells(found, batch)), MOST_ROWS + 1))
    text = table(found, rows[:MOST_ROWS], screen_width())
    write_output(text, output)
    if len(rows) > MOST_ROWS:
        write_error(f"the first {MOST_ROWS:,} of more designs; --format csv -o FILE writes all of them")


def _stream(found: Sweep, form: str, output: str | None, *, resume: bool) -> None:
    """Write rows as they come."""
    from cnncalc.render.sweep import csv_batch, csv_head, jsonl_batch

    first = 0
    if output is None:
        stream: TextIO = sys.stdout
    else:
        refuse_precious(output)
        try:
            first = _done(found, form, output) if resume else 0
            stream = Path(output).open("a" if first else "w", encoding="utf-8", newline="")  # noqa: SIM115 - closed below
        except OSError as error:
            fail(f"cannot write '{output}': {error.strerror or error}")
    try:
        if form == "csv" and not first:
            stream.write(csv_head(found))
        for batch in batches(found, first):
            text = csv_batch(found, batch) if form == "csv" else jsonl_batch(found, batch)
            stream.write(text if output is not None else encodable(text, stream))
            stream.flush()
    finally:
        if output is not None:
            stream.close()


def _done(found: Sweep, form: str, output: str) -> int:
    """Return how many designs a file has behind it, and cut off a last line that is not whole."""
    from cnncalc.render.sweep import plain_choice

    file = Path(output)
    if not file.exists() or not file.stat().st_size:
        return 0
    with file.open("rb+") as stream:
        stream.seek(0, os.SEEK_END)
        end = stream.tell()
        stream.seek(max(0, end - 65_536))
        tail = stream.read()
        cut = tail.rfind(b"\n") + 1
        stream.truncate(end - len(tail) + cut)
        stream.seek(0)
        head = stream.readline().decode("utf-8")
    lines = tail[:cut].decode("utf-8", "replace").splitlines()
    if not lines:
        return 0
    if form == "csv" and next(csv.reader([head]), None) != list(found.names):
        fail(f"'{output}' has other columns than this sweep", "start another file")
    if form == "csv" and end == len(tail) and len(lines) == 1:
        return 0
    last: list[Any] = next(csv.reader([lines[-1]])) if form == "csv" else []
    if form == "jsonl":
        row = json.loads(lines[-1])
        if list(row) != list(found.names):
            fail(f"'{output}' has other columns than this sweep", "start another file")
        last = list(row.values())
    places = []
    for axis, text in zip(found.axes, last, strict=False):
        known: list[Any] = list(axis.texts)
        if form == "jsonl":
            known = [plain_choice(choice, word) for choice, word in zip(axis.choices, axis.texts, strict=True)]
        if text not in known:
            fail(f"'{output}' ends with {axis.name}={text}, which is no design of this sweep", "start another file")
        places.append(known.index(text))
    return found.position(places) + 1


def _parquet(found: Sweep, output: str) -> None:
    """Write row groups as they come."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        fail("Parquet needs pyarrow", "pip install 'cnncalc[arrow]'")
    refuse_precious(output)
    writer = None
    try:
        for batch in batches(found):
            part = pa.table(
                [pa.array(values, _kind(pa, found, name)) for name, values in found.frame(batch).items()],
                names=list(found.names),
            )
            writer = writer or parquet.ParquetWriter(output, part.schema)
            writer.write_table(part)
    except OSError as error:
        fail(f"cannot write '{output}': {error.strerror or error}")
    finally:
        if writer is not None:
            writer.close()


def _kind(pa: Any, found: Sweep, name: str) -> Any:
    """Return the type of a column in a file: whole numbers, floats, truth values or texts."""
    for axis in found.axes:
        if axis.name == name and axis.kind != "input":
            kinds = {type(choice) for choice in axis.choices}
            if kinds <= {int, Fraction}:
                return pa.int64() if kinds == {int} else pa.float64()
            return pa.bool_() if kinds == {bool} else pa.string()
    return pa.int64() if name in found.of else pa.string()
