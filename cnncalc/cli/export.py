"""`cnncalc export`: a network in another program's format."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli.common import fail, report_findings, save, settings, shapes, source_of, usage_errors
from cnncalc.cli.forms import known_form
from cnncalc.cli.options import MOST_LAYERS, InputOption, MaxLayersOption, SetOption, VariantOption, complete_spec

if TYPE_CHECKING:
    from cnncalc.study import Study

FORMATS = ("keras", "onnx", "scalesim", "tflite", "timeloop", "torch", "zigzag")
FOLDERS = frozenset(("timeloop",))
"""What is a file for each layer."""
WEIGHTS = ("none", "zeros")
LIBRARIES = ("torchvision",)
"""Whose names modules may have."""
PACKAGES = {"onnx": "onnx", "tflite": "flatbuffers"}
"""What a format needs, in the extra of its own name."""

BITS = {"int8": 8, "fp32": 32}

EPILOG = """\
Examples:

cnncalc export torch net.yaml -o net.py

cnncalc export torch resnet50 --names torchvision -o resnet50.py

cnncalc export onnx net.yaml -o net.onnx --weights zeros

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
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The file, for timeloop the folder.")],
    input: InputOption = None,  # noqa: A002 - the option's name
    variant: VariantOption = None,
    variables: SetOption = None,
    dtype: Annotated[str, typer.Option("--dtype", metavar="TYPE", help="For tflite, zigzag: int8 or fp32.")] = "int8",
    max_layers: MaxLayersOption = MOST_LAYERS,
    weights: Annotated[
        str, typer.Option("--weights", metavar="WHICH", help="For onnx: none, or zeros.")
    ] = "none",
    batch: Annotated[int, typer.Option("--batch", metavar="N", min=1, help="For onnx: images at once.")] = 1,
    names: Annotated[
        str | None, typer.Option("--names", metavar="LIBRARY", help="For torch: whose names modules have, torchvision.")
    ] = None,
) -> None:
    """Write a network in another program's format.

    torch: source for PyTorch, a class for each block and a function `build()`; it needs nothing of cnncalc.

    keras: source for Keras 3, a function for each block and a function `build()`.

    onnx: an ONNX model with the network's shapes; its weights are left out, or zeros.

    scalesim, timeloop, zigzag: the layers that multiply, as these simulators read them; timeloop's is a folder.

    tflite: a TensorFlow Lite file with the network's shapes and weights of zeros, as TensorFlow Lite Micro and Arm's
    Vela take it: batch norms folded, rectifiers fused.
    """
    known_form(format, FORMATS)
    if weights not in WEIGHTS:
        fail(f"there are no weights '{weights}'", f"choose {' or '.join(WEIGHTS)}")
    if names is not None and (names not in LIBRARIES or format != "torch"):
        fail(f"there are no names of '{names}' for {format}", f"choose export torch --names {' or '.join(LIBRARIES)}")
    from cnncalc.study import Question, Study
    from cnncalc.values.diagnostics import SpecError

    with usage_errors():
        study = Study(
            Question(spec=source_of(spec), input=shapes(input), variant=variant, variables=settings(variables),
                     max_layers=max_layers)
        )  # fmt: skip
        study.graph  # noqa: B018 - what is wrong with the spec is said first
        report_findings([finding for finding in study.expanded.collector.found if finding.severity == "warning"])
        try:
            data = written(study, format, dtype, batch, zeros=weights == "zeros", names=names)
        except SpecError as error:
            raise study.located(error) from None
    if isinstance(data, dict) and format in FOLDERS:
        Path(output).mkdir(parents=True, exist_ok=True)
        for name, text in data.items():
            save(str(Path(output) / name), text)
    else:
        save(output, next(iter(data.values())) if isinstance(data, dict) else data)


def written(study: Study, form: str, dtype: str, batch: int, *, zeros: bool, names: str | None = None
            ) -> bytes | str | dict[str, str]:  # fmt: skip
    """Return a network in a format."""
    if names is not None:
        from cnncalc.interop.exporting.torch_named import torchvision_source

        return torchvision_source(study.graph, network=study.spec.name or "", name=study.name, file=study.spec.file,
                                  line=study.line).text  # fmt: skip
    if form == "torch":
        from cnncalc.interop.exporting.torch_source import torch_source

        return torch_source(study.graph, name=study.name, file=study.spec.file, line=study.line).text
    if form == "keras":
        from cnncalc.interop.exporting.keras_source import keras_source

        return keras_source(study.graph, name=study.name, file=study.spec.file, line=study.line).text
    if form == "onnx":
        need(form)
        from cnncalc.interop.exporting.onnx_model import onnx_model

        model = onnx_model(study.graph, name=study.name, file=study.spec.file, batch=batch, zeros=zeros).model
        data: bytes = model.SerializeToString()
        return data
    from cnncalc.interop.exporting.simulators import SIMULATORS

    if form in SIMULATORS:
        return SIMULATORS[form](study.graph, study.name, study.spec.file, BITS.get(dtype, 8))
    from cnncalc.deployment.runtimes import Deployment, program_of
    from cnncalc.graph.deploy import deployed
    from cnncalc.interop.tflite_out import to_tflite
    from cnncalc.values.dtypes import parse_dtypes

    program = program_of(Deployment(deployed(study.graph), parse_dtypes(dtype), file=study.spec.file))
    need(form)  # what cannot be expressed is said first
    return to_tflite(program)


def need(form: str) -> None:
    """End the command where the package of a format is missing."""
    package = PACKAGES[form]
    if find_spec(package) is None:
        fail(f"the format {form} needs the package {package}", f"pip install 'cnncalc[{form}]'")
