"""`cnncalc show`."""

from __future__ import annotations

from cnncalc.cli.common import analysed, write_output
from cnncalc.cli.options import InputOption, SpecsArgument, VariantOption


def command(specs: SpecsArgument, input: InputOption = None, variant: VariantOption = None) -> None:  # noqa: A002
    """Show every layer of a network: size, receptive field, parameters, operations, memory access."""
    for spec in specs:
        write_output(analysed(spec, input=input, variant=variant).to_json(), None)
