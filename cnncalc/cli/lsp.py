"""`cnncalc lsp`: the server that editors start."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from cnncalc.cli.common import fail, write_output

EPILOG = """\
Examples:

  cnncalc lsp               what an editor starts

  cnncalc lsp --settings    what it can choose, with defaults
"""
PACKAGE = "pygls"


def command(
    stdio: Annotated[  # noqa: ARG001 - there is no other way
        bool, typer.Option("--stdio", help="Speak over standard input and output, as it does anyway.")
    ] = False,
    settings: Annotated[
        bool, typer.Option("--settings", help="Print what an editor can choose, as JSON, and stop.")
    ] = False,
) -> None:
    """Serve an editor: findings as one types, numbers beside the lines, completion, hover, renaming, formatting."""
    if settings:
        from cnncalc.editor.settings import CHOICES, Settings

        write_output(json.dumps({"cnncalc": asdict(Settings()), "hints": CHOICES}, indent=2), None)
        return
    try:
        from cnncalc.server.lsp import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {PACKAGE, "lsprotocol"}:
            raise
        fail(f"cnncalc lsp needs the package {PACKAGE}", 'pip install "cnncalc[lsp]"')
    if sys.stdin is None or sys.stdin.isatty():
        fail("an editor starts cnncalc lsp and speaks to it, there is nothing to type",
             "docs/editor.md has the settings of VS Code, Neovim and Helix")  # fmt: skip
    with os.fdopen(os.dup(sys.stdin.fileno()), "rb") as reader, os.fdopen(os.dup(1), "wb") as writer:
        serve(reader, writer)
