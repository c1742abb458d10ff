"""The `cnncalc` command: reads arguments, calls the library, prints, chooses the exit code.

One module per command, imported when that command runs. A module offers `command`, a function with typer annotations.
Exit codes: 0 fine, 1 a check failed, 2 usage or spec error; 70 a mistake of cnncalc's own, 130 interrupted.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, cast

gc.set_threshold(100_000, 20, 20)  # almost all that a short process makes lives to its end

import typer  # noqa: E402
from typer.core import TyperCommand, TyperGroup  # noqa: E402

from cnncalc._version import __version__  # noqa: E402
from cnncalc.cli.coercion import PlainParameters  # noqa: E402
from cnncalc.cli.help import Helped  # noqa: E402
from cnncalc.cli.progress import CURRENT as PROGRESS  # noqa: E402
from cnncalc.cli.progress import Progress  # noqa: E402
from cnncalc.cli.session import CURRENT, Session  # noqa: E402
from cnncalc.cli.stream import Harmless  # noqa: E402

if TYPE_CHECKING:
    from typing import TextIO

USAGE, INTERNAL, INTERRUPTED, BROKEN_PIPE = 2, 70, 130, 141


class CommandEntry(NamedTuple):
    """Where a command lives, under which heading `--help` lists it, and what it says there."""

    module: str
    panel: str
    summary: str


LOOK, UNDERSTAND, GATE, DRAW = "Look", "Understand", "Gate", "Draw and estimate"
CHOOSE, EXCHANGE, WRITE = "Choose", "Exchange", "Write specs"
COMMANDS = {
    "show": CommandEntry("show", LOOK, "Show every layer: size, field, parameters, operations."),
    "compare": CommandEntry("compare", LOOK, "Show several networks as rows of one table."),
    "graph": CommandEntry("graph", LOOK, "Draw the layers with what each one costs."),
    "report": CommandEntry("report", LOOK, "Write one HTML file with everything about networks."),
    "calc": CommandEntry("calc", LOOK, "Answer a quick question: layers in a line, no file."),
    "zoo": CommandEntry("zoo", LOOK, "List the networks that come with cnncalc, or show one's page."),
    "ops": CommandEntry("ops", LOOK, "List the operators with arguments and formulas."),
    "explain": CommandEntry("explain", UNDERSTAND, "Show the formula behind every number of a layer."),
    "rf": CommandEntry("rf", UNDERSTAND, "Show what part of the input a unit sees."),
    "reconcile": CommandEntry("reconcile", UNDERSTAND, "Explain why tools and papers print other numbers."),
    "error": CommandEntry("error", UNDERSTAND, "Explain the code behind a message."),
    "expand": CommandEntry("expand", UNDERSTAND, "Write the flat network as a spec of its own."),
    "check": CommandEntry("check", GATE, "Fail when a design leaves its budget."),
    "diff": CommandEntry("diff", GATE, "Show what changed between two networks."),
    "verify": CommandEntry("verify", GATE, "Hold a network against the same one in another program."),
    "plot": CommandEntry("plot", DRAW, "Draw work, fields, memory and roofline of a network."),
    "devices": CommandEntry("devices", DRAW, "List devices with their peak rates and memories."),
    "formula": CommandEntry("formula", CHOOSE, "Write totals as formulas in sizes and variables."),
    "sweep": CommandEntry("sweep", CHOOSE, "Compute many designs, one row each."),
    "fit": CommandEntry("fit", CHOOSE, "Find the best design within limits, with the proof."),
    "sizes": CommandEntry("sizes", CHOOSE, "Show which input sizes a network takes."),
    "tile": CommandEntry("tile", CHOOSE, "Cut a large image into tiles that equal the whole."),
    "import": CommandEntry("importing", EXCHANGE, "Write a spec from a file of another format."),
    "export": CommandEntry("export", EXCHANGE, "Write a network in another program's format."),
    "init": CommandEntry("init", WRITE, "Write a commented spec to start from."),
    "schema": CommandEntry("schema", WRITE, "Write the JSON Schema of specs, for editors."),
    "lsp": CommandEntry("lsp", WRITE, "Serve editors: findings and numbers as one types."),
}

OPERATORS_TOO = ("ops", "calc", "schema")
"""Commands without a spec that take operators of a user's own too."""

EXAMPLES = """\
Examples:

  cnncalc show resnet50                      the table of a network of the zoo

  cnncalc show net.yaml --depth 1 --human    blocks as one row each

  cnncalc check specs/ --max macs=300M       exit 1 when over budget

  cnncalc init net.yaml                      a commented spec to start from
"""
SETTINGS = {"help_option_names": ["-h", "--help"]}
WORDS = {"-v": "--version", "-V": "--version", "version": "--version", "help": "--help"}
"""What people type first elsewhere, and the option that it stands for here."""


class Command(Helped, PlainParameters, TyperCommand):
    """One command."""


class Commands(Helped, PlainParameters, TyperGroup):
    """The commands by name, each imported only when it runs; listing them imports none."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Return every command, in the order of the help text."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Return what help and completion say of a command, or None for an unknown name."""
        entry = COMMANDS.get(cmd_name)
        return entry and TyperCommand(cmd_name, help=entry.summary, rich_help_panel=entry.panel)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command to run, with its module imported."""
        name, *rest = args
        if name in COMMANDS:
            return name, load_command(name), rest
        if ctx.resilient_parsing:
            return None, None, rest
        from cnncalc.values.diagnostics import did_you_mean

        hint = did_you_mean(name, COMMANDS)
        return ctx.fail(f"there is no command '{name}'" + (f"; {hint}" if hint else ""))


def load_command(name: str) -> Any:
    """Return one command, ready to run."""
    entry = COMMANDS[name]
    module = import_module(f"cnncalc.cli.{entry.module}")
    single = typer.Typer(add_completion=False, rich_markup_mode="rich", context_settings=SETTINGS)
    options = {"cls": Command, "epilog": getattr(module, "EPILOG", None), **getattr(module, "OPTIONS", {})}
    single.command(name, **options)(module.command)
    built = typer.main.get_command(single)
    built.name = name
    if any(parameter.name == "output" for parameter in built.params):
        built.params.append(_force())
    if name in OPERATORS_TOO or any("SPEC" in (parameter.metavar or "") for parameter in built.params):
        built.params.append(_own_operators())
    if "_CNNCALC_COMPLETE" in os.environ:
        from cnncalc.cli.completing import attach

        attach(built)
    return built


def _load_operators(files: list[str] | None) -> None:
    from cnncalc.ops.own import OperatorFileError, load_operators

    for file in files or ():
        try:
            load_operators(file)
        except OperatorFileError as error:
            raise typer.BadParameter(str(error)) from error


def _with_operators(
    own: Annotated[
        list[str] | None,
        typer.Option(
            "--ops",
            metavar="FILE.py",
            callback=_load_operators,
            expose_value=False,
            help="Run a Python file that registers operators of your own; repeatable.",
        ),
    ] = None,
) -> None:
    """Stand for the option that every command with a spec has."""


def _own_operators() -> Any:
    single = typer.Typer(add_completion=False)
    single.command()(_with_operators)
    return next(option for option in typer.main.get_command(single).params if option.name == "own")


def _allow(wanted: bool) -> None:
    CURRENT.get().force = wanted


def _forcing(
    force: Annotated[
        bool,
        typer.Option("--force", callback=_allow, expose_value=False, help="Overwrite what is there, also a spec."),
    ] = False,
) -> None:
    """Stand for the option that every command with an output has."""


def _force() -> Any:
    single = typer.Typer(add_completion=False)
    single.command()(_forcing)
    return next(option for option in typer.main.get_command(single).params if option.name == "force")


app = typer.Typer(
    cls=Commands,
    invoke_without_command=True,
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
    ctx: typer.Context,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """What a convolutional network is, from its YAML description.

    Sizes, receptive field, parameters, operations and memory access of every layer: exact, and traced to the line.
    """
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())
        raise typer.Exit(USAGE)


UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""What typer raises for wrong arguments; it has no public name of its own."""


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code.

    A user's mistake is one message on standard error, never a traceback; so is a mistake of cnncalc's own, unless
    CNNCALC_DEBUG is set.
    """
    session = Session()
    token = CURRENT.set(session)
    plain = sys.stdout, sys.stderr
    progress = Progress(plain[1])
    shown = PROGRESS.set(progress)
    sys.stdout, sys.stderr = (cast("TextIO", Harmless(stream, progress.stop)) for stream in plain)
    progress.start()
    try:
        code = _run(arguments)
        if code == 0 and arguments[:1] == ["check"] and not session.verdict and not asks_for_help(arguments):
            from cnncalc.cli.common import write_problem

            write_problem("the check ended without a verdict", "an installed package may stop it; nothing was judged")
            return INTERNAL
        return code
    finally:
        progress.stop()
        PROGRESS.reset(shown)
        sys.stdout, sys.stderr = plain
        CURRENT.reset(token)


def asks_for_help(arguments: list[str]) -> bool:
    """Return whether a command line asks what a command does, instead of running it."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return not set(SETTINGS["help_option_names"]).isdisjoint(arguments[:end])


def _run(arguments: list[str]) -> int:
    from cnncalc.cli.common import report_error, report_internal, write_problem
    from cnncalc.values.diagnostics import SpecError

    command = typer.main.get_command(app)
    if arguments and arguments[0] in WORDS:
        arguments = [*arguments[1:], WORDS[arguments[0]]]
    try:
        with command.make_context("cnncalc", arguments) as ctx:
            command.invoke(ctx)
    except typer.Exit as stop:
        return stop.exit_code
    except UsageError as error:
        write_problem(*refusal(error))
        return USAGE
    except SpecError as error:
        report_error(error)
        return USAGE
    except SystemExit as stop:  # how rich ends where a pipe is closed (1) and typer after completion (0)
        return BROKEN_PIPE if stop.code else 0
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        silence()
        return BROKEN_PIPE
    except OSError as error:
        write_problem(str(error))
        return USAGE
    except BaseException as error:  # noqa: BLE001 - the last resort: nothing that ends a run may look like a verdict
        report_internal(error)
        return INTERNAL
    return 0


def refusal(error: Any) -> tuple[str, str]:
    """Return the message and the hint of what typer refused."""
    near = sorted(getattr(error, "possibilities", None) or ())
    message = (error.message if near else error.format_message()).replace("Value error, ", "")
    path = error.ctx.command_path if error.ctx else "cnncalc"
    hint = f"{path} --help lists what there is"
    if getattr(error, "option_name", None):
        from cnncalc.cli.suggestions import option_hint

        hint = option_hint(error) or hint
    elif near:
        hint = f"did you mean {' or '.join(near)}?"
    return message[:1].lower() + message[1:], hint


def silence() -> None:
    """Send what is left of standard output nowhere, so that the interpreter does not try to write it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def main() -> None:
    """Run the command line of this process."""
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - until the process ends
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if "_CNNCALC_COMPLETE" in os.environ:
        app(prog_name="cnncalc")
    try:
        code = run(sys.argv[1:])
    except BaseException as error:  # noqa: BLE001 - exit code 1 is a verdict, which a mistake of ours must not look like
        with suppress(OSError):
            sys.stderr.write(
                f"error: cnncalc made a mistake ({type(error).__name__}: {' '.join(str(error).split())})\n"
            )
        code = INTERNAL
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        silence()
        code = code or BROKEN_PIPE
    except OSError as error:
        from cnncalc.cli.common import write_problem

        write_problem(f"cannot write standard output: {error.strerror or error}")
        silence()
        code = USAGE
    sys.exit(code)
