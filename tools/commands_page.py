"""docs/commands.md: every command with its options, its output forms and its examples, from the program itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.cli import COMMANDS, load_command

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = """\
# Commands

Every command with its arguments and options, written from the program by `python tools/renew.py commands`. Exit codes:
0 it went well, 1 a design is over its budget, 2 a mistake in a spec or on the command line, 70 a mistake of cnncalc.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([HEAD, *(line for name in COMMANDS for line in section(name))]).rstrip() + "\n"


def section(name: str) -> Iterator[str]:
    """Yield the lines about one command."""
    command = load_command(name)
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    arguments = [parameter for parameter in shown if parameter.param_type_name == "argument"]
    words = [*(metavar(argument) for argument in arguments), "[OPTIONS]"]
    yield f"## {name}\n"
    yield f"`cnncalc {name} {' '.join(words)}`\n"
    yield (command.help or "").strip() + "\n"
    yield "| option | what it says |"
    yield "| --- | --- |"
    for parameter in shown:
        if parameter not in arguments:
            yield f"| {spelled(parameter)} | {cell(parameter.help or '')} |"
    yield ""
    if examples := [line.strip() for line in (command.epilog or "").splitlines() if line.strip()]:
        yield "```text"
        yield from (line for line in examples if line != "Examples:")
        yield "```\n"


def metavar(parameter: Any) -> str:
    """Return what stands for the value of a parameter."""
    return str(parameter.metavar or parameter.name.upper())


def spelled(option: Any) -> str:
    """Return an option as it is typed."""
    value = "" if option.is_flag or option.count else f" {metavar(option)}"
    names = [*option.opts, *option.secondary_opts]
    return ", ".join(f"`{word}{value if word.startswith('--') else ''}`" for word in names).replace("|", "\\|")


def cell(text: str) -> str:
    """Return text as a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
