"""`cnncalc export`: a network in another program's format."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncalc.cli.common import fail, report_findings, save, settings, shapes, source_of, usage_errors
from cnncalc.cli.options import MOST_LAYERS, InputOption, MaxLayersOption, SetOption, VariantOption, complete_spec

FORMATS = {"tflite": "cnncalc.interop.tflite_out"}
"""Each format and the module that writes it: a function `export(study, file)`."""

EPILOG = """\
Examples:

cnncalc export tflite net.yaml --input 3x96x96 -o net.tflite
"""


def complete_format(incomplete: str) -> list[str]:
    """Return the formats that begin so."""
    return [name for name in FORMATS if name.startswith(incomplete)]


def command(
    format: Annotated[  # noqa: A002 - the argument's name
        str, typer.Argument(metavar="FORMAT", help=f"{', '.join(FORMATS)}.", autocompletion=complete_format)
    ],
    spec: Annotated[
        str, typer.Argument(metavar="SPEC", help="A spec file or a zoo network.", autocompletion=complete_spec)
    ],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")],
    input: InputOption = None,  # noqa: A002 - the option's name
    variant: VariantOption = None,
    variables: SetOption = None,
    dtype: Annotated[str, typer.Option("--dtype", metavar="TYPE", help="For tflite: int8 or fp32.")] = "int8",
    max_layers: MaxLayersOption = MOST_LAYERS,
) -> None:
    """Write a network in another program's format.

    tflite: a TensorFlow Lite file with the network's shapes and weights of zeros, as TensorFlow Lite Micro and Arm's
    Vela take it: batch norms folded, rectifiers fused.
    """
    if format not in FORMATS:
        fail(f"there is no format '{format}'", f"choose {' or '.join(FORMATS)}")
    from cnncalc.deployment.runtimes import Deployment, program_of
    from cnncalc.graph.deploy import deployed
    from cnncalc.interop.tflite_out import to_tflite
    from cnncalc.study import Question, Study
    from cnncalc.values.diagnostics import SpecError
    from cnncalc.values.dtypes import parse_dtypes

    with usage_errors():
        study = Study(
            Question(spec=source_of(spec), input=shapes(input), variant=variant, variables=settings(variables),
                     max_layers=max_layers)
        )
        graph = study.graph
        report_findings([finding for finding in study.expanded.collector.found if finding.severity == "warning"])
        try:
            program = program_of(Deployment(deployed(graph), parse_dtypes(dtype), file=study.spec.file))
        except SpecError as error:
            raise study.located(error) from None
        data = to_tflite(program)
    save(output, data)
