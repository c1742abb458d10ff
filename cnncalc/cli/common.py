"""What commands share: reading their options, running an analysis, and saying what went wrong."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import typer

from cnncalc.cli.session import CURRENT
from cnncalc.values.diagnostics import Diagnostic, SpecError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.results.report import Report
    from cnncalc.source import Source
    from cnncalc.study import Study

SEVERITY_COLOUR = {"error": "1;31", "warning": "1;33"}
WIDE = 10_000
"""The width of a line where there is no terminal."""


def coloured(stream: Any) -> bool:
    """Return whether a stream is a terminal that may be coloured; NO_COLOR and FORCE_COLOR decide where set."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (bool(stream.isatty()) and os.environ.get("TERM") != "dumb")


def screen_width(otherwise: int = WIDE) -> int:
    """Return the characters in a line of standard output: the terminal's, or COLUMNS; elsewhere as many as it takes."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal():
        return shutil.get_terminal_size().columns
    return otherwise


def screen_height() -> int | None:
    """Return the lines of the terminal that standard output is, None where it is a pipe or a file."""
    return shutil.get_terminal_size().lines if sys.stdout.isatty() else None


def ascii_only(stream: Any) -> bool:
    """Return whether a stream cannot show lines and bars."""
    try:
        "─█▏╭…".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def encodable(text: str, stream: Any) -> str:
    """Return text with what the stream's encoding lacks as escapes."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def write_error(text: str) -> None:
    """Write lines to standard error, whatever its encoding, never wrapped."""
    with suppress(OSError):
        sys.stdout.flush()
    try:
        sys.stderr.write(encodable(text, sys.stderr) + "\n")
        sys.stderr.flush()
    except OSError:  # full or closed: nobody can be told, and the exit code says the rest
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def write_problem(message: str, hint: str | None = None) -> None:
    """Write a problem that is in no spec to standard error: one line, and its hint."""
    word = f"\x1b[{SEVERITY_COLOUR['error']}merror:\x1b[0m" if coloured(sys.stderr) else "error:"
    write_error(f"{word} {one_line(message)}" + (f"\n  = hint: {one_line(hint)}" if hint else ""))


def report_internal(error: BaseException) -> None:
    """Write that cnncalc itself went wrong; the traceback only where CNNCALC_DEBUG is set."""
    if os.environ.get("CNNCALC_DEBUG", "0") not in {"", "0"}:
        import traceback

        write_error("".join(traceback.format_exception(error)).rstrip())
    write_problem(
        f"cnncalc made a mistake ({type(error).__name__}: {error}); please report it with the spec and the command",
        "CNNCALC_DEBUG=1 shows where",
    )


def report_findings(findings: Iterable[Diagnostic]) -> None:
    """Write diagnostics to standard error."""
    colour = coloured(sys.stderr)
    for finding in findings:
        text = finding.render()
        if colour:
            word = f"{finding.severity}:"
            text = text.replace(word, f"\x1b[{SEVERITY_COLOUR[finding.severity]}m{word}\x1b[0m", 1)
        write_error(text)


def report_error(error: SpecError) -> None:
    """Write everything that a SpecError carries to standard error."""
    report_findings(error.diagnostics)


def fail(message: str, hint: str | None = None) -> NoReturn:
    """Write one line (and a hint) to standard error and stop with exit code 2."""
    write_problem(message, hint)
    raise typer.Exit(2)


@contextmanager
def usage_errors() -> Iterator[None]:
    """Stop with exit code 2 and one line where the library is asked for something that there is not."""
    try:
        yield
    except ValueError as error:
        fail(str(error))


def source_of(name: str) -> Source:
    """Return what a SPEC argument names: `-` is read from standard input."""
    if name.startswith("torch:"):
        write_error(f"runs the Python code of {name.removeprefix('torch:')}")
    if name != "-":
        CURRENT.get().reads.append(spec_file(name))
        return name
    from cnncalc.source import Text

    if sys.stdin is None:
        fail("standard input is closed", "name a file, or give the spec on standard input")

    return Text(everything(sys.stdin), "-")


def spec_file(name: str) -> str:
    """Return the file behind a SPEC argument: its own, or that of a network of the zoo."""
    from cnncalc import zoo

    entry = None if os.path.exists(name) else zoo.find(name)  # noqa: PTH110 - any text may be named
    return name if entry is None else str(entry.file)


@cache
def everything(stream: TextIO) -> bytes:
    """Return all of a stream, which can be read once only."""
    return stream.buffer.read()


def settings(pairs: Sequence[str] | None) -> dict[str, object]:
    """Return `--set name=value` options as a mapping; stop with exit code 2 for what is no pair."""
    values: dict[str, object] = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            fail(f"--set wants NAME=VALUE, got '{pair}'")
        values[name.strip()] = value.strip()
    return values


def shapes(given: Sequence[str] | None) -> Any:
    """Return `--input` options in the form that `analyze` takes; stop with exit code 2 for what is no shape."""
    if not given:
        return None
    named: dict[str, str] = {}
    for text in given:
        name, equals, shape = text.rpartition("=")
        if name in named:
            fail(f"--input is given twice{f' for {name}' if equals else ''}")
        named[name] = shape
    return named[""] if list(named) == [""] else named


def studied(
    name: str,
    *,
    input: Sequence[str] | None = None,  # noqa: A002
    variant: str | None = None,
    variables: Sequence[str] | None = None,
    convention: str = "exact",
    dtype: str = "fp32",
    batch: int = 1,
    max_layers: int | None = None,
    fold_bn: bool = False,
    deploy: bool = False,
    runtime: str | None = None,
    scratch: str | None = None,
) -> Study:
    """Return the study of a SPEC argument under the usual options, with its report made.

    Raises:
        SpecError: the spec is wrong.
        typer.Exit: an option is wrong; the message is out, the exit code is 2.
    """
    from cnncalc.study import Question, Study

    source, chosen, shape = source_of(name), settings(variables), shapes(input)
    with usage_errors():
        study = Study(Question(
            spec=source, input=shape, variant=variant, variables=chosen, convention=convention, dtype=dtype,
            batch=batch, max_layers=max_layers, fold_bn=fold_bn, deploy=deploy, runtime=runtime,
            scratch=amount(scratch),
        ))  # fmt: skip
        _ = study.report
    return study


def analysed(name: str, **options: Any) -> Report:
    """Return the report of a SPEC argument under options, as `studied` takes them.

    Raises:
        SpecError: the spec is wrong.
        typer.Exit: an option is wrong; the message is out, the exit code is 2.
    """
    return studied(name, **options).report


def amount(text: str | None, option: str = "--scratch") -> int | None:
    """Return the bytes of `20KiB`, or None.

    Raises:
        ValueError: it is no number of bytes.
    """
    if text is None:
        return None
    from cnncalc.gate.quantity import QuantityError, Unit, parse_quantity

    try:
        return int(parse_quantity(text, Unit.BYTES))
    except QuantityError as error:
        raise ValueError(f"{option}: {error}") from None


def write_output(text: str | Iterable[str], file: str | None) -> None:
    """Write text to a file, or to standard output; stop with exit code 2 where the file cannot be written.

    Text that comes in pieces is written as it comes; its last line has an end.
    """
    if isinstance(text, str) and not text.endswith("\n"):
        text += "\n"
    if file is None or file == "-":
        from cnncalc.values.files import gathered

        for piece in (text,) if isinstance(text, str) else gathered(text):
            sys.stdout.write(encodable(piece, sys.stdout))
        return
    save(file, text)


def save(file: str, data: bytes | str | Iterable[str]) -> None:
    """Write a file whole or not at all; stop with exit code 2 where it cannot be, or where it is not to be replaced.

    What the run reads, specs and baselines are replaced with --force alone.
    """
    from cnncalc.values.files import write_file

    refuse_precious(file)
    try:
        write_file(file, data)
    except OSError as error:
        fail(f"cannot write '{file}': {error.strerror or error}")


def refuse_precious(file: str) -> None:
    """Stop with exit code 2 before a file is replaced that this run reads, or that is a spec or a baseline."""
    from cnncalc.gate.specs import is_precious
    from cnncalc.values.files import same_file

    session = CURRENT.get()
    if session.force:
        return
    read = same_file(file, session.reads)
    what = f"is read by this run as '{read}'" if read is not None and read != file else "is read by this run"
    if read is None:
        kind = is_precious(Path(file))
        if kind is None:
            return
        what = f"is a {kind}"
    fail(f"'{file}' {what} and would be overwritten", "choose another name, or overwrite it with --force")


def write_result(text: str, file: str | None) -> None:
    """Write what people read: on a screen of known width broken at spaces with a hanging indent, in a file as it is."""
    if file in {None, "-"} and (width := screen_width()) < WIDE:
        from cnncalc.render.format import hanging

        text = hanging(text, width)
    write_output(text, file)


__all__ = ["WIDE", "analysed", "ascii_only", "coloured", "encodable", "fail", "report_error", "report_findings",
           "report_internal", "screen_height", "screen_width", "settings", "shapes", "source_of", "write_error",
           "write_output", "write_problem", "write_result"]  # fmt: skip
