"""`cnncalc expand`: the flat network."""

from __future__ import annotations

from cnncalc.cli.common import settings, shapes, source_of, usage_errors, write_output
from cnncalc.cli.options import (
    MOST_LAYERS,
    InputOption,
    MaxLayersOption,
    OutputOption,
    SetOption,
    SpecArgument,
    VariantOption,
)

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
    max_layers: MaxLayersOption = MOST_LAYERS,
) -> None:
    """Write the flat network: a spec without blocks, repetitions and variables, with the same layers and numbers."""
    from cnncalc.interop.writing import flat_spec
    from cnncalc.ops.arguments import shown
    from cnncalc.study import Question, Study

    study = Study(Question(spec=source_of(spec), input=shapes(input), variant=variant, variables=settings(variables),
                           max_layers=max_layers))  # fmt: skip
    with usage_errors():
        graph = study.graph
    notes = [f"variant: {study.variant}"] if study.variant else []
    if graph.variables:
        notes.append("vars: " + ", ".join(f"{name}={shown(value)}" for name, value in graph.variables.items()))
    write_output(flat_spec(graph, name=study.name, source=study.spec.source, notes=notes), output)
