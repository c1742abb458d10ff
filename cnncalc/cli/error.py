"""`cnncalc error`: what a diagnostic means, from the pages that come with the program."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncalc.cli.common import fail, screen_width, write_result
from cnncalc.cli.options import OutputOption


def complete_code(incomplete: str) -> list[str]:
    """Return the codes that begin so."""
    from cnncalc.manual import codes

    return [code for code in codes() if code.startswith(incomplete)]


EPILOG = """\
Examples:

  cnncalc error                          every code, with its first sentence

  cnncalc error window-does-not-fit      one, with a spec that fails so
"""


def command(
    code: Annotated[
        str | None,
        typer.Argument(metavar="CODE", help="What stands in brackets behind a message.", autocompletion=complete_code),
    ] = None,
    output: OutputOption = None,
) -> None:
    """Explain a diagnostic: what is wrong, a spec that fails so, what is said of it."""
    from cnncalc.manual import codes
    from cnncalc.render.manual import listed, page
    from cnncalc.values.diagnostics import did_you_mean

    known = codes()
    if code is None:
        write_result(listed(known, screen_width()), output)
        return
    wanted = code.strip("[]").lower()
    if wanted not in known:
        fail(f"there is no code '{code}'", did_you_mean(wanted, known, "cnncalc error lists them"))
    write_result(page(wanted, known[wanted], screen_width()), output)
