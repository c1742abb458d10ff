"""`cnncalc verify`: a network held against the same one in another program."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any

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

if TYPE_CHECKING:
    from cnncalc.interop.exporting.verifying import Numbers, Verdict

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
    package = PACKAGES.get(other.partition(":")[0])
    if package and find_spec(package) is None:
        wanted = "'cnncalc[onnx]'" if package == "onnx" else package
        fail(f"verifying with {package} needs the package {package}", f"pip install {wanted}")
    with usage_errors():
        verdict = verified(spec, other, shapes(input), variant, settings(variables), max_layers)
    text = json.dumps(verdict.to_dict(), indent=2) + "\n" if format == "json" else told(verdict)
    write_output(text, output)
    if not verdict.holds:
        raise typer.Exit(1)


def verified(
    spec: str, other: str, given: Any, variant: str | None, variables: dict[str, object], max_layers: int | None = None
) -> Verdict:
    """Return the verdict on a network and another."""
    from cnncalc.interop.exporting.verifying import Side, compared, mine
    from cnncalc.study import Study

    study = Study.of(source_of(spec), input=given, variant=variant, variables=variables, max_layers=max_layers)
    graph = study.graph
    study.expanded.collector.raise_if_errors()
    if other == "onnx":
        from cnncalc.interop.exporting.onnx_side import onnx_side

        return compared(graph, onnx_side(graph, study.name, study.spec.file))
    if other == "torch":
        from cnncalc.interop.exporting.torch_side import torch_side

        return compared(graph, torch_side(graph, study.name, study.spec.file, study.line))
    if other == "keras":
        from cnncalc.interop.exporting.keras_side import keras_side

        return compared(graph, keras_side(graph, study.name, study.spec.file, study.line))
    if other.startswith("torch:"):
        from cnncalc.interop.exporting.torch_side import own_side

        return compared(graph, own_side(other.removeprefix("torch:"), [tuple(s) for s in graph.inputs.values()]))
    there = Study.of(source_of(other), input=given, max_layers=max_layers)
    graph_there = there.graph
    there.expanded.collector.raise_if_errors()
    totals = there.report.totals
    outputs = [tuple(graph_there.shape(ref)) for ref in graph_there.outputs.values()]
    side = Side(other, mine(graph_there), False, outputs, totals.params, totals.macs // graph_there.batch)
    return compared(graph, side)


def told(verdict: Verdict) -> str:
    """Return a verdict as text: every layer, then the whole."""

    def numbers(found: Numbers | None) -> list[str]:
        if found is None:
            return ["-"] * 3
        shape = "-" if found.shape is None else "x".join(map(str, found.shape))
        return [shape, *("-" if n is None else f"{n:,}" for n in (found.params, found.macs))]

    rows = [["Layer", "Output", "Params", "MACs", ""]]
    for row in verdict.rows:
        name = row.path or f"({row.there})"
        if not row.differs:
            rows.append([name, *numbers(row.mine), "ok"])
            continue
        rows.append([name, *numbers(row.mine), f"differs: {', '.join(row.differs)}"])
        rows.append([f"  there {row.there if row.there != row.path else ''}".rstrip(), *numbers(row.theirs), ""])
    widths = [max(len(said[k]) for said in rows) for k in range(4)]
    lines = [f"against {verdict.title}", ""]
    for said in rows:
        cells = [said[0].ljust(widths[0]), *(said[k].rjust(widths[k]) for k in (1, 2, 3)), said[4]]
        lines.append("  ".join(cells).rstrip())
    lines.append("")
    for name, mine, theirs in verdict.totals:
        here, there = (", ".join(v) if isinstance(v, list) else f"{v:,}" for v in (mine, theirs))
        lines.append(f"{name}: {here}, the same there" if mine == theirs else f"{name}: {here} here, {there} there")
    wrong = len(verdict.wrong)
    if verdict.holds:
        lines.append(f"no difference in {len(verdict.rows)} layers")
    else:
        some = f"{wrong} of {len(verdict.rows)} layers differ"
        lines.append(some if wrong else "the layers are equal, the whole is not")
    return "\n".join(lines) + "\n"
