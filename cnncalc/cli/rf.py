"""`cnncalc rf`."""

from __future__ import annotations

import re
import sys
from typing import Annotated

import typer

from cnncalc.cli.common import ascii_only, fail, screen_width, settings, shapes, source_of, write_output, write_result
from cnncalc.cli.forms import known_form
from cnncalc.cli.options import MOST_LAYERS, InputOption, MaxLayersOption, SetOption, SpecArgument, VariantOption

EPILOG = """\
Examples:

  cnncalc rf resnet50                             the field of every layer

  cnncalc rf resnet50 layer3                      what its centre unit sees

  cnncalc rf unet conv1 --at 0,0 -o corner.svg    another unit, as a picture
"""
FORMATS = ("text", "json")


def command(
    spec: SpecArgument,
    layer: Annotated[
        str | None, typer.Argument(metavar="[LAYER]", help="A layer's path, or a block: its last layer.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="Y,X", help="The unit; by default the centre of the layer's map.")
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="text or json.")] = "text",
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE.svg", help="Save a picture of what the unit sees.")
    ] = None,
    input: InputOption = None,  # noqa: A002 - the option's name
    variant: VariantOption = None,
    variables: SetOption = None,
    max_layers: MaxLayersOption = MOST_LAYERS,
) -> None:
    """Show the part of the input that one unit of a layer sees; without a layer, the receptive field of every layer."""
    known_form(form, FORMATS)
    position = _position(at)
    source, values, shape = source_of(spec), settings(variables), shapes(input)
    if layer is None:
        if at is not None or output is not None:
            fail(f"{'--at' if at is not None else '--output'} needs a layer", "name one after the spec")
        from cnncalc.api import analyze
        from cnncalc.render.rf import table

        try:
            report = analyze(source, input=shape, variant=variant, variables=values, max_layers=max_layers)
        except ValueError as error:
            fail(str(error))
        if form == "json":
            write_output(_fields(report), None)
        else:
            write_result(table(report, screen_width()), None)
        return
    from cnncalc.explanation.network import NoSuchLayer
    from cnncalc.explanation.unit import view_unit
    from cnncalc.render import rf as render

    try:
        view = view_unit(source, layer, position, input=shape, variant=variant, variables=values, max_layers=max_layers)
    except NoSuchLayer as error:
        fail(str(error), error.hint)
    except ValueError as error:
        fail(str(error))
    if output is not None:
        from cnncalc.render.rf_svg import to_svg

        write_output(to_svg(view), output)
        if output == "-":
            return
    if form == "json":
        write_output(render.to_json(view), None)
    else:
        marks = render.ASCII if ascii_only(sys.stdout) else render.UNICODE
        write_result(render.to_text(view, screen_width(), marks), None)


def _position(text: str | None) -> tuple[int, ...] | None:
    """Return `--at` as numbers; stop with exit code 2 for what is no position."""
    if text is None:
        return None
    if not re.fullmatch(r"\s*\d+(\s*,\s*\d+)*\s*", text, re.ASCII):
        fail(f"--at wants a position like 3,5, got '{text}'")
    return tuple(int(part) for part in text.split(","))


def _fields(report: object) -> str:
    """Return the receptive fields of all layers as JSON, under the keys of `show --format json`."""
    import json

    from cnncalc.results.report import Report

    assert isinstance(report, Report)  # noqa: S101 - narrows the type without importing it for every command
    keys = ("path", "op", "out_shape", "receptive_field", "receptive_field_min", "receptive_field_true",
            "receptive_fields", "jump", "start", "global")  # fmt: skip
    whole = report.to_dict()
    layers = [{key: layer[key] for key in keys} for layer in whole["layers"]]
    kept = {key: whole[key] for key in ("schema", "cnncalc", "name", "file", "input", "variant")}
    return json.dumps({**kept, "layers": layers}, indent=2, ensure_ascii=False, allow_nan=False)
