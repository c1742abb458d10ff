"""What a shell completes options and arguments to: layers, variants and variables of the very spec on the line.

One table for all commands, by the option or by what the help calls an argument; it is read only when a shell asks.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cnncalc.cli.options import complete_convention, complete_dtype, complete_runtime, complete_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Words = Callable[[Any, str], Iterable[str]]

MOST = 2_000
"""So many words are offered at most."""


def attach(command: Any) -> None:
    """Give every option and argument of a command that has none yet what a shell completes it to."""
    for parameter in command.params:
        words = words_of(parameter)
        if words is not None and parameter._custom_shell_complete is None:  # noqa: SLF001 - typer has no public door
            parameter._custom_shell_complete = completer(words)  # noqa: SLF001


def words_of(parameter: Any) -> Words | None:
    """Return what gives the words of an option or an argument."""
    options = [option for option in parameter.opts if option.startswith("--")]
    return BY_OPTION.get(options[0]) if options else BY_METAVAR.get(parameter.metavar or "")


def completer(words: Words) -> Callable[[Any, Any, str], list[str]]:
    """Return a shell's question answered: the words that begin as what is typed, none where they cannot be found."""

    def complete(ctx: Any, parameter: Any, incomplete: str) -> list[str]:  # noqa: ARG001 - as typer calls it
        try:
            found = [word for word in words(ctx, incomplete) if word.startswith(incomplete)]
        except Exception:  # noqa: BLE001 - a spec that is being written is often wrong, and a shell wants no messages
            return []
        return found[:MOST]

    return complete


def spec_of(ctx: Any) -> str:
    """Return the spec that a command line names so far; behind an option without its value it is not yet taken in."""
    given = ctx.params
    specs = given.get("spec") or given.get("specs") or given.get("after") or given.get("before") or ctx.args
    return specs if isinstance(specs, str) else list(specs)[-1]


def layers(ctx: Any, incomplete: str) -> Iterable[str]:  # noqa: ARG001
    """Return the paths of the spec's layers, and of the blocks around them, which a command takes as well."""
    from cnncalc.source import build_graph

    given = ctx.params
    variables = dict(text.split("=", 1) for text in given.get("variables") or ())
    graph, _, _ = build_graph(spec_of(ctx), variant=given.get("variant"), variables=variables or None)
    return dict.fromkeys([*graph.calls, *(node.path for node in graph.nodes)])


def variants(ctx: Any, incomplete: str) -> Iterable[str]:  # noqa: ARG001
    """Return the spec's variants."""
    from cnncalc.source import open_source

    return open_source(spec_of(ctx))[0].variants


def variables(ctx: Any, incomplete: str) -> Iterable[str]:  # noqa: ARG001
    """Return the spec's variables, each up to its value."""
    from cnncalc.source import open_source

    return [f"{name}=" for name in open_source(spec_of(ctx))[0].variables]


def limits(ctx: Any, incomplete: str) -> Iterable[str]:  # noqa: ARG001
    """Return the metrics that a limit can be set on, each up to its value."""
    return [f"{name}=" for name in metrics(ctx, "")]


def metrics(ctx: Any, incomplete: str) -> Iterable[str]:  # noqa: ARG001
    """Return the metrics."""
    from cnncalc.gate.metrics import METRICS

    return METRICS


def orders(ctx: Any, incomplete: str) -> Iterable[str]:
    """Return the metrics that networks are sorted by, the largest first behind a minus."""
    sign = "-" if incomplete.startswith("-") else ""
    return [f"{sign}{name}" for name in ("name", *metrics(ctx, ""))]


def devices(ctx: Any, incomplete: str) -> Iterable[str]:  # noqa: ARG001
    """Return the devices, those of one's own file too where the line names it."""
    from cnncalc.devices import load

    return load(ctx.params.get("devices"))


def forms(ctx: Any, incomplete: str) -> Iterable[str]:  # noqa: ARG001
    """Return the forms that a command writes, as its module has them."""
    module = import_module(ctx.command.callback.__module__)
    found: Iterable[str] = getattr(module, "FORMS", None) or module.FORMATS
    return found


def kinds(ctx: Any, incomplete: str) -> Iterable[str]:  # noqa: ARG001
    """Return what can be drawn."""
    from cnncalc.render.plot import KINDS

    return KINDS


def claims(ctx: Any, incomplete: str) -> Iterable[str]:  # noqa: ARG001
    """Return what a claim can be about."""
    from cnncalc.reconciliation.claims import METRICS

    return [f"{name}=" for name in METRICS]


def accepted(ctx: Any, incomplete: str) -> Iterable[str]:  # noqa: ARG001
    """Return the codes of warnings that fail a check."""
    from cnncalc.gate.subject import DOUBTFUL

    return sorted(DOUBTFUL)


def words(*known: str) -> Words:
    """Return fixed words."""
    return lambda ctx, incomplete: known  # noqa: ARG005


def alone(complete: Callable[[str], list[str]]) -> Words:
    """Return what completes without the rest of the line."""
    return lambda ctx, incomplete: complete(incomplete)  # noqa: ARG005


BY_OPTION: dict[str, Words] = {
    "--variant": variants,
    "--variant-before": variants,
    "--variant-after": variants,
    "--set": variables,
    "--max": limits,
    "--min": limits,
    "--max-increase": limits,
    "--sort": orders,
    "--device": devices,
    "--format": forms,
    "--kind": kinds,
    "--claim": claims,
    "--accept": accepted,
    "--by": words("layer", "block"),
    "--theme": words("light", "dark"),
    "--optimizer": words("sgd", "momentum", "adam"),
    "--patches": words("best", "2x2", "3x3", "4x4"),
    "--flops": alone(complete_convention),
    "--dtype": alone(complete_dtype),
    "--runtime": alone(complete_runtime),
    "--from": alone(complete_spec),
    "--with": alone(complete_spec),
}
BY_METAVAR: dict[str, Words] = {
    "SPEC": alone(complete_spec),
    "SPEC|FOLDER...": alone(complete_spec),
    "[LAYER]": layers,
    "[LAYERS]": layers,
    "[NAME...]": devices,
}
