"""The `cnncalc` command: reads arguments, calls the library, prints, chooses the exit code.

One module per command, imported when that command runs. A module offers `command`, a function with typer annotations.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from cnncalc._version import __version__


class Entry(NamedTuple):
    """Where a command lives and under which heading `--help` lists it."""

    module: str
    panel: str


LOOK, UNDERSTAND, GATE, DRAW, WRITE = "Look", "Understand", "Gate", "Draw and estimate", "Write specs"
COMMANDS = {
    "show": Entry("show", LOOK),
    "zoo": Entry("zoo", LOOK),
    "ops": Entry("ops", LOOK),
    "explain": Entry("explain", UNDERSTAND),
    "rf": Entry("rf", UNDERSTAND),
    "reconcile": Entry("reconcile", UNDERSTAND),
    "expand": Entry("expand", UNDERSTAND),
    "check": Entry("check", GATE),
    "diff": Entry("diff", GATE),
    "plot": Entry("plot", DRAW),
    "devices": Entry("devices", DRAW),
    "init": Entry("init", WRITE),
    "schema": Entry("schema", WRITE),
}

EXAMPLES = """\
Examples:

  cnncalc show resnet50                      the table of a network of the zoo

  cnncalc show net.yaml --depth 1 --human    blocks as one row each

  cnncalc check specs/ --max macs=300M       exit 1 when a design leaves its budget

  cnncalc init net.yaml                      a commented spec to start from
"""


class Commands(TyperGroup):
    """The commands by name, each imported only when it is needed."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Return every command, in the order of the help text."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Return one command, or None for an unknown name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = import_module(f"cnncalc.cli.{entry.module}")
        single = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=SETTINGS)
        options = getattr(module, "OPTIONS", {})
        single.command(cmd_name, rich_help_panel=entry.panel, epilog=getattr(module, "EPILOG", None), **options)(
            module.command
        )
        built = typer.main.get_command(single)
        built.name = cmd_name
        return built


SETTINGS = {"help_option_names": ["-h", "--help"]}
app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
    epilog=EXAMPLES,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"cnncalc {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """What a convolutional network is, from its YAML description.

    Sizes, receptive field, parameters, operations and memory access of every layer: exact, and traced to the line.
    """


def main() -> None:
    """Run the command line; a user's mistake is one message on standard error and exit code 2, never a traceback."""
    from cnncalc.diagnostics import SpecError

    try:
        app(prog_name="cnncalc")
    except SpecError as error:
        from cnncalc.cli.common import report_error

        report_error(error)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
