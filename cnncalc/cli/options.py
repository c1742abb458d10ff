"""The arguments and options that several commands take, written once."""

from __future__ import annotations

from typing import Annotated

import typer

SpecArgument = Annotated[str, typer.Argument(metavar="SPEC", help="A spec file, - for standard input, or a zoo network.")]
SpecsArgument = Annotated[
    list[str], typer.Argument(metavar="SPEC...", help="Spec files, - for standard input, or zoo networks.")
]
InputOption = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="SHAPE", help="Another input, as 3x320x320; NAME=SHAPE where there are several."),
]
VariantOption = Annotated[str | None, typer.Option("--variant", metavar="NAME", help="One of the spec's variants.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Set one of the spec's variables; repeatable.")
]
DtypeOption = Annotated[str, typer.Option("--dtype", metavar="TYPE", help="fp32, fp16, bf16, int8 or int4.")]
FlopsOption = Annotated[str, typer.Option("--flops", metavar="RULE", help="The counting rule behind FLOPs.")]
BatchOption = Annotated[int, typer.Option("--batch", min=1, metavar="N", help="Images at once.")]
MaxLayersOption = Annotated[
    int | None, typer.Option("--max-layers", min=1, metavar="N", help="Allow more expanded layers than 100,000.")
]
OutputOption = Annotated[
    str | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead of standard output.")
]
