"""`cnncalc verify`: a network held against the same one in another program."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import Annotated

import typer

from cnncalc.cli.common import fail, settings, shapes, source_of, usage_errors, write_output
from cnncalc.cli.options import (
    MOST_LAYERS,
    InputOption,
    MaxLayersOption,
    OutputOption,
    SetOption,
    VariantOption,
    complete_spec,
)

EPILOG = """\
Examples:

cnncalc verify net.yaml --with torch

cnncalc verify net.yaml --with keras

cnncalc verify net.yaml --with torch:models.net:build

cnncalc verify net.yaml --with exported.onnx --format json
"""
PACKAGES = {"torch": "torch", "onnx": "onnx", "keras": "keras"}
FORMS = ("text", "json")


def command(
    spec: Annotated[
        str, typer.Argument(metavar="SPEC", help="A spec file or a zoo network.", autocompletion=complete_spec)
    ],
    other: Annotated[
        str, typer.Option("--with", metavar="OTHER", help="torch, keras, onnx, FILE, or torch:pkg.module:factory.")
    ] = "onnx",
    input: InputOption = None,  # noqa: A002 - the option's name
    variant: VariantOption = None,
    variables: SetOption = None,
    field: Annotated[
        bool, typer.Option("--field", help="With torch: receptive fields too, by gradients; takes longer.")
    ] = False,
    format: Annotated[str, typer.Option("--format", metavar="FORM", help="text or json.")] = "text",  # noqa: A002
    output: OutputOption = None,
    max_layers: MaxLayersOption = MOST_LAYERS,
) -> None:
    """Hold a network against the same one in another program, layer by layer; exit code 1 where they differ.

    torch, keras and onnx: the network as `cnncalc export` writes it, with the shapes, parameters and
    multiply-accumulates that PyTorch (on its meta device), Keras or ONNX's shape inference say. FILE: a network of any
    format that is read. torch:pkg.module:factory: the model that your function makes; it runs your code.
    """
    if format not in FORMS:
        fail(f"there is no form '{format}'", f"choose {' or '.join(FORMS)}")
    if field and other != "torch":
        fail("receptive fields are measured in PyTorch alone", "write --with torch --field")
    package = PACKAGES.get(other.partition(":")[0])
    if package and find_spec(package) is None:
        wanted = "'cnncalc[onnx]'" if package == "onnx" else package
        fail(f"verifying with {package} needs the package {package}", f"pip install {wanted}")
    from cnncalc.matching import matched
    from cnncalc.render.verdict import told
    from cnncalc.study import Study

    with usage_errors():
        study = Study.of(source_of(spec), input=shapes(input), variant=variant, variables=settings(variables),
                         max_layers=max_layers)  # fmt: skip
        verdict = matched(study, other, field=field)
    text = json.dumps(verdict.to_dict(), indent=2) + "\n" if format == "json" else told(verdict)
    write_output(text, output)
    if not verdict.holds:
        raise typer.Exit(1)
