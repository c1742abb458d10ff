"""What `cnncalc check` writes: its forms, each to a file of its own or to standard output."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.cli.common import WIDE, coloured, fail, report_findings, screen_width, write_error
from cnncalc.cli.forms import known_form
from cnncalc.values.files import write_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.gate.outcome import Run

FORMS = {
    "text": "check_text",
    "json": "check_json",
    "github": "github",
    "junit": "junit",
    "sarif": "sarif",
    "markdown": "check_markdown",
    "gitlab": "gitlab",
}
LINES = {"text", "github"}
"""Forms that can share standard output."""


class Output(NamedTuple):
    """One form and where it goes; None is standard output."""

    form: str
    file: str | None


def outputs_of(formats: Sequence[str], output: str | None) -> list[Output]:
    """Return the forms of a run and where they go; stop with exit code 2 for what does not go together."""
    found = []
    for text in formats:
        form, equals, file = text.partition("=")
        known_form(form, FORMS)
        if equals and not file:
            fail(f"--format {form}= names no file", f"write --format {form}=FILE")
        found.append(Output(form, file or None))
    if not found:
        found = [Output("github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text", None)]
    homeless = [out for out in found if out.file is None]
    if output is not None:
        if len(homeless) != 1:
            fail(f"--output is for the one form without a file, here are {len(homeless)}", "write --format FORM=FILE")
        found = [out if out.file is not None else Output(out.form, output) for out in found]
    elif len(homeless) > 1 and not {out.form for out in homeless} <= LINES:
        fail("several forms want standard output", "give all but one a file: --format sarif=out.sarif")
    files = [os.path.realpath(out.file) for out in found if out.file not in {None, "-"}]
    if len(set(files)) != len(files) or len(set(found)) != len(found):
        fail("two forms go to the same place", "give each a file of its own")
    return found


def emit(run: Run, outputs: Sequence[Output]) -> int:
    """Write every form, then what concerns the run, and return the exit code; what cannot be written is a doubt."""
    code = run.exit_code
    for notice in run.notices:
        say(f"notice: {notice}")
    if not any(out.form in LINES and out.file in {None, "-"} for out in outputs):
        doubts = [*run.doubts, *(doubt for subject in run.subjects for doubt in subject.doubts)]
        report_findings(replace(doubt, file=doubt.file and _harmless(doubt.file)) for doubt in doubts)
    for out in sorted(outputs, key=lambda out: out.file in {None, "-"}):
        try:
            write_form(_rendered(run, out), out.file, commands=out.form == "github")
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            say(f"error: cannot write '{out.file or 'standard output'}': {error.strerror or error}")
            code = 2
    if any(out.form == "github" for out in outputs):
        _step_summary(run)
    return code


def _harmless(file: str) -> str:
    """Return a file's name such that no log takes the line that starts with it for a command."""
    from cnncalc.render.check_shared import safe

    text = safe(file)
    return f"./{text}" if text.lstrip().startswith("::") else text


def _rendered(run: Run, out: Output) -> str:
    from cnncalc.render.format import hanging

    module = import_module(f"cnncalc.render.{FORMS[out.form]}")
    if out.form != "text":
        return str(module.render(run))
    terminal = out.file in {None, "-"} and sys.stdout.isatty()
    encoding = sys.stdout.encoding if out.file in {None, "-"} else "utf-8"
    try:
        "✓█░".encode(encoding or "utf-8")
        plain = False
    except (UnicodeEncodeError, LookupError):
        plain = True
    width = screen_width() if out.file in {None, "-"} else None
    text = str(module.render(run, width=width, colour=terminal and coloured(sys.stdout), plain=plain))
    return hanging(text, width) if width is not None and width < WIDE else text


def write_form(text: str, file: str | None, *, commands: bool = False) -> None:
    """Write a form in full, to a file or to standard output; what an encoding does not have is escaped.

    Args:
        text: the form.
        file: where it goes; None and `-` are standard output.
        commands: it is made of commands to a CI service, which are then left as they are.

    Raises:
        OSError: it cannot be written.
    """
    text = text if text.endswith("\n") else f"{text}\n"
    if file is None or file == "-":
        stream = getattr(sys.stdout, "plain", sys.stdout) if commands else sys.stdout
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    else:
        write_file(file, text)


def _step_summary(run: Run) -> None:
    """Append the Markdown form to the step summary, where the environment names one."""
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    from cnncalc.render import check_markdown

    try:
        with Path(file).open("ab") as summary:
            summary.write(f"{check_markdown.render(run)}\n".encode("utf-8", "backslashreplace"))
    except OSError as error:
        say(f"warning: cannot write the step summary '{file}': {error.strerror or error}")


def say(text: str) -> None:
    """Write a line to standard error, without what a terminal would take for a command."""
    from cnncalc.render.check_shared import safe

    write_error(safe(text))
