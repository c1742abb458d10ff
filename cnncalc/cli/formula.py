"""`cnncalc formula`."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from cnncalc.cli.common import settings, shapes, source_of, usage_errors, write_output, write_result
from cnncalc.cli.forms import completed, form_named
from cnncalc.cli.options import (
    MOST_LAYERS,
    BatchOption,
    DtypeOption,
    FlopsOption,
    FoldOption,
    InputOption,
    MaxLayersOption,
    OutputOption,
    SetOption,
    SpecArgument,
    VariantOption,
)

EPILOG = """\
Examples:

cnncalc formula resnet50 --in H,W --of macs

cnncalc formula mobilenet_v2 --in width,k --of macs,params --format latex

cnncalc formula net.yaml --in H,W --of macs --per layer --format python -o net_macs.py
"""
FORMS = {"text": "to_text", "latex": "to_latex", "python": "to_python", "numpy": "to_numpy", "json": "to_dict"}


def command(
    spec: SpecArgument,
    letters: Annotated[
        str, typer.Option("--in", metavar="LETTERS", help="H, W, L, D, R (all alike), k (steps), C, N, variables.")
    ] = "",
    of: Annotated[
        str, typer.Option("--of", metavar="TOTALS", help="macs, params, .., output, receptive_field.")
    ] = "macs,params",
    per: Annotated[str, typer.Option("--per", metavar="PART", help="layer or block: formulas for each besides.")] = "",
    form: Annotated[
        str,
        typer.Option("--format", metavar="FORM", help="text, latex, python, numpy or json.",
                     autocompletion=completed(FORMS)),
    ] = "text",
    flops: FlopsOption = "exact",
    dtype: DtypeOption = "fp32",
    batch: BatchOption = 1,
    fold_bn: FoldOption = False,
    input: InputOption = None,  # noqa: A002 - the option's name
    variant: VariantOption = None,
    variables: SetOption = None,
    output: OutputOption = None,
    max_layers: MaxLayersOption = MOST_LAYERS,
) -> None:  # fmt: skip
    """Write totals of a network as exact formulas in its input's size, its batch and its variables, with conditions."""
    from cnncalc.search.formula import formula

    write = form_named(form, FORMS)
    with usage_errors():
        found = formula(
            source_of(spec), named(letters), named(of), per=per, input=shapes(input), variant=variant,
            variables=settings(variables), convention=flops, dtype=dtype, batch=batch, fold_bn=fold_bn,
            max_layers=max_layers,
        )  # fmt: skip
        text: Any = getattr(found, write)()
    if form == "json":
        text = json.dumps(text, ensure_ascii=False, indent=2)
    (write_result if form == "text" else write_output)(text, output)


def named(text: str) -> list[str]:
    """Return the words between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]
