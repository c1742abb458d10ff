"""`cnncalc import`: a network of another format as a spec."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncalc.cli.common import fail, shapes, source_of, usage_errors, write_error, write_output
from cnncalc.cli.options import MOST_LAYERS, InputOption, MaxLayersOption, OutputOption
from cnncalc.language.inputs import MOST_AXES

EPILOG = """\
Examples:

cnncalc import model.onnx -o net.yaml

cnncalc import yolov3.cfg --input 3x320x320 -o yolov3.yaml
"""


def command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An ONNX model, a Darknet network, ...; - to read it.")],
    input: InputOption = None,  # noqa: A002 - the option's name
    output: OutputOption = None,
    flat: Annotated[bool, typer.Option("--flat", help="A line for each layer, under the names of the file.")] = False,
    max_layers: MaxLayersOption = MOST_LAYERS,
) -> None:
    """Write a spec from a file of another format, as a person would: chains, merges with paths, blocks, repetitions.

    The spec has the same layers and numbers as the file. What the spec language cannot say is an `opaque` layer.
    """
    from cnncalc.interop.foreign import ForeignSpec
    from cnncalc.interop.writing import flat_spec, readable_spec
    from cnncalc.study import Question, Study

    with usage_errors():
        study = Study(Question(spec=source_of(file), input=shapes(input), max_layers=max_layers))
        graph, read = study.graph, study.spec
    if not isinstance(read, ForeignSpec):
        fail(f"'{file}' is a spec already", "cnncalc expand writes it flat")
    wide = next((name for name, shape in graph.inputs.items() if len(shape) > MOST_AXES), None)
    if wide is not None:
        fail(f"the input '{wide}' is {graph.inputs[wide]}, and a spec's has at most {MOST_AXES} axes",
             f"cnncalc show {file} takes the file as it is")  # fmt: skip
    write = flat_spec if flat else readable_spec
    write_output(write(graph, name=study.name, notes=[f"from {read.format}"]), output)
    if output not in {None, "-"}:
        write_error(f"wrote {output}; look at it with: cnncalc show {output}")
