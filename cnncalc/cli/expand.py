"""`cnncalc expand`: the flat network."""

from __future__ import annotations

from cnncalc.cli.common import fail, settings, shapes, source_of, write_output
from cnncalc.cli.options import InputOption, MaxLayersOption, OutputOption, SetOption, SpecArgument, VariantOption

EPILOG = """\
Examples:

  cnncalc expand resnet50                       a line for each layer

  cnncalc expand net.yaml --set width=32 -o flat.yaml

  cnncalc expand net.yaml | cnncalc show -      the same numbers
"""


def command(
    spec: SpecArgument,
    input: InputOption = None,  # noqa: A002 - the option's name
    variant: VariantOption = None,
    variables: SetOption = None,
    output: OutputOption = None,
    max_layers: MaxLayersOption = None,
) -> None:
    """Write the flat network: a spec without blocks, repetitions and variables, with the same layers and numbers."""
    from cnncalc.api import build_graph
    from cnncalc.interop.writing import flat_spec
    from cnncalc.ops.arguments import shown

    source, values, shape = source_of(spec), settings(variables), shapes(input)
    try:
        graph, read, collector = build_graph(
            source, input=shape, variant=variant, variables=values, max_layers=max_layers
        )
    except ValueError as error:
        fail(str(error))
    collector.raise_if_errors()
    chosen = variant or read.variant
    notes = [f"variant: {chosen}"] if chosen else []
    if graph.variables:
        notes.append("vars: " + ", ".join(f"{name}={shown(value)}" for name, value in graph.variables.items()))
    write_output(flat_spec(graph, name=read.title(variant), source=read.source, notes=notes), output)
