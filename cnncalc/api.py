"""What the library offers: `load`, `parse`, `analyze`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.language.document import Spec, parse
from cnncalc.source import Input, Source, Text, build_graph, open_source
from cnncalc.study import Study
from cnncalc.values.dtypes import ALIGNMENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from cnncalc.analysis.memory import MemoryReport
    from cnncalc.results.report import Report

__all__ = ["Input", "Source", "Spec", "Text", "analyze", "build_graph", "load", "memory", "parse"]


def load(source: str | PathLike[str]) -> Spec:
    """Return the spec of a file or of a network of the zoo; an existing path wins.

    Raises:
        SpecError: there is no such file or network, or it is no spec.
    """
    spec, collector = open_source(source)
    collector.raise_if_errors()
    return spec


def analyze(
    spec: Source | Study,
    *,
    input: Input | None = None,  # noqa: A002 - the spec's own word
    variant: str | None = None,
    variables: Mapping[str, object] | None = None,
    convention: str = "exact",
    dtype: str = "fp32",
    batch: int = 1,
    max_layers: int | None = None,
    fold_bn: bool = False,
    deploy: bool = False,
    runtime: str | None = None,
    scratch: int | None = None,
) -> Report:
    """Return everything known about a network.

    Args:
        spec: a path, the name of a zoo network, a `Spec`, a `Graph`, a mapping of the same form as the YAML, or
            a `Study`, of which the options given here replace those that it was made with.
        input: another input shape without the batch: `[3, 320, 320]`, `"3x320x320"`, or one per input name.
        variant: one of the spec's variants.
        variables: values for some of the spec's `vars`.
        convention: the rule behind `flops`.
        dtype: what an element is stored as: fp32, fp16, bf16, int8 or int4; `w:int8,a:fp16` for weights and
            activations apart.
        batch: images at once; multiplies work, activations and moved elements, never weights or shapes.
        max_layers: allow more expanded layers than 100,000.
        fold_bn: count the network with batch normalisations folded into the layers before them.
        deploy: count the network as a runtime gets it: norms folded, activations fused into the layer before, what is
            the identity at inference gone; `report.memory` says what of its memory does not depend on a runtime.
        runtime: the memory planner whose arena `report.memory` holds: plain or tflm; includes `deploy`.
        scratch: bytes that the kernels of a board ask for in every step, in place of the runtime's own.

    Raises:
        SpecError: the spec is wrong; carries every finding, and a partial report where there is one.
        ValueError: an argument is not one of the right ones; the message lists them.
    """
    return Study.of(
        spec, input=input, variant=variant, variables=variables, convention=convention, dtype=dtype, batch=batch,
        max_layers=max_layers, fold_bn=fold_bn, deploy=deploy, runtime=runtime, scratch=scratch,
    ).report  # fmt: skip


def memory(
    spec: Source | Study,
    *,
    input: Input | None = None,  # noqa: A002
    variant: str | None = None,
    variables: Mapping[str, object] | None = None,
    dtype: str = "fp32",
    batch: int = 1,
    max_layers: int | None = None,
    fold_bn: bool = False,
    optimizer: str = "adam",
    alignment: int = ALIGNMENT,
) -> MemoryReport:
    """Return the memory of a network: live activations, an arena for them, and what a training step keeps.

    Args:
        spec: as for `analyze`.
        input: as for `analyze`.
        variant: as for `analyze`.
        variables: as for `analyze`.
        dtype: as for `analyze`.
        batch: as for `analyze`.
        max_layers: as for `analyze`.
        fold_bn: the network as it is deployed; then there is no training step.
        optimizer: sgd, momentum or adam.
        alignment: of every tensor in the arena, in bytes.

    Raises:
        SpecError: the spec is wrong.
        ValueError: an argument is not one of the right ones; the message lists them.
    """
    study = Study.of(spec, input=input, variant=variant, variables=variables, dtype=dtype, batch=batch,
                     max_layers=max_layers, fold_bn=fold_bn)  # fmt: skip
    return study.memory(optimizer, alignment)
