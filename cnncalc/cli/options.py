"""The arguments and options that several commands take, written once, with what a shell completes them to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cnncalc.rules import CONVENTIONS

CONVENTION_NAMES = " or ".join(", ".join(CONVENTIONS).rsplit(", ", 1))


def complete_spec(incomplete: str) -> list[str]:
    """Return the spec files, the folders and the networks of the zoo that begin so."""
    from cnncalc import zoo

    start = Path(incomplete)
    folder = start if incomplete.endswith("/") else start.parent
    found = []
    if folder.is_dir():
        found = [
            f"{path}/" if path.is_dir() else str(path)
            for path in sorted(folder.iterdir())
            if (path.is_dir() or path.suffix in {".yaml", ".yml"}) and not path.name.startswith(".")
        ]
    names = found + [entry.name for entry in zoo.entries()]
    return [name for name in names if name.startswith(incomplete)]


def complete_convention(incomplete: str) -> list[str]:
    """Return the counting rules that begin so."""
    return [name for name in CONVENTIONS if name.startswith(incomplete)]


def complete_operator(incomplete: str) -> list[str]:
    """Return the operators that begin so."""
    from cnncalc.ops.catalogue import entries

    return [entry.name for entry in entries() if entry.name.startswith(incomplete)]


def complete_runtime(incomplete: str) -> list[str]:
    """Return the runtimes that begin so."""
    from cnncalc.deployment.runtimes import RUNTIMES

    return [name for name in RUNTIMES if name.startswith(incomplete)]


def complete_dtype(incomplete: str) -> list[str]:
    """Return the element types that begin so."""
    return [name for name in ("fp32", "fp16", "bf16", "int8", "int4") if name.startswith(incomplete)]


SpecArgument = Annotated[
    str,
    typer.Argument(
        metavar="SPEC", help="A spec file, - for standard input, or a zoo network.", autocompletion=complete_spec
    ),
]
SpecsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="SPEC", help="Spec files, - for standard input, or zoo networks.", autocompletion=complete_spec
    ),
]
InputOption = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="SHAPE", help="Another input, as 3x320x320; NAME=SHAPE where there are several."),
]
VariantOption = Annotated[str | None, typer.Option("--variant", metavar="NAME", help="One of the spec's variants.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Set one of the spec's variables; repeatable.")
]
DtypeOption = Annotated[
    str,
    typer.Option(
        "--dtype",
        metavar="TYPE",
        help="fp32, fp16, bf16, int8 or int4; w:int8,a:fp16 for weights and activations apart.",
        autocompletion=complete_dtype,
    ),
]
FlopsOption = Annotated[
    str,
    typer.Option(
        "--flops",
        metavar="RULE",
        help=f"The counting rule behind FLOPs: {CONVENTION_NAMES}.",
        autocompletion=complete_convention,
    ),
]
BatchOption = Annotated[int, typer.Option("--batch", min=1, metavar="N", help="Images at once.")]
MOST_LAYERS = 20_000
"""What a command takes without being asked for more, so that it ends soon on any file; the library takes 100,000."""
MaxLayersOption = Annotated[int, typer.Option("--max-layers", min=1, metavar="N", help="Allow more expanded layers.")]
OutputOption = Annotated[
    str | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead of standard output.")
]
FoldOption = Annotated[
    bool, typer.Option("--fold-bn", help="As deployed: each batch_norm folded into the layer directly before it.")
]
DeployOption = Annotated[
    bool,
    typer.Option("--deploy", help="As a runtime gets it: norms folded, activations fused, what does nothing gone."),
]
RuntimeOption = Annotated[
    str | None,
    typer.Option(
        "--runtime",
        metavar="NAME",
        help="Whose memory planner to ask: plain or tflm; includes --deploy.",
        autocompletion=complete_runtime,
    ),
]
PatchesOption = Annotated[
    str | None,
    typer.Option(
        "--patches",
        metavar="NxM[@LAYER]",
        help="Run the first stage patch by patch: 2x2, 4x4@block3, best, best@10% more work; includes --deploy.",
    ),
]
ScratchOption = Annotated[
    str | None,
    typer.Option(
        "--scratch", metavar="BYTES", help="For --runtime: what a board's kernels ask for in a step, as 20KiB."
    ),
]
