"""What the library offers: `load`, `parse`, `analyze`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from cnncalc import zoo
from cnncalc._version import __version__
from cnncalc.analysis.assemble import build_report
from cnncalc.graph.graph import Graph
from cnncalc.interop import formats
from cnncalc.language.document import Spec, parse, read_spec
from cnncalc.language.settings import Overrides
from cnncalc.language.yaml_text import MAX_BYTES, MAX_EXPANDED_BYTES
from cnncalc.results.report import Report
from cnncalc.rules import convention as find_convention
from cnncalc.values.diagnostics import MAX_REPORTED, Collector, Diagnostic, Span, SpecError
from cnncalc.values.dtypes import ALIGNMENT, parse_dtypes

if TYPE_CHECKING:
    from cnncalc.analysis.memory import MemoryReport


class Text(NamedTuple):
    """The text of a spec that is not in a file of its own, with the name that diagnostics print."""

    data: str | bytes
    file: str


Source: TypeAlias = str | PathLike[str] | Spec | Graph | Mapping[str, object] | Text
Input: TypeAlias = str | Sequence[int] | Mapping[str, str | Sequence[int]]

__all__ = ["Input", "Source", "Spec", "Text", "analyze", "build_graph", "load", "memory", "parse"]


def load(source: str | PathLike[str]) -> Spec:
    """Return the spec of a file or of a network of the zoo; an existing path wins.

    Raises:
        SpecError: there is no such file or network, or it is no spec.
    """
    spec, collector = _open(source)
    collector.raise_if_errors()
    return spec


def analyze(
    spec: Source,
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
        spec: a path, the name of a zoo network, a `Spec`, a `Graph`, or a mapping of the same form as the YAML.
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
    rule = find_convention(convention)
    dtypes = parse_dtypes(dtype)
    check_count("batch", batch)
    graph, read, collector = build_graph(spec, input=input, variant=variant, variables=variables,
                                         max_layers=max_layers)  # fmt: skip
    batch = graph.batch if batch == 1 else batch
    planner = None
    if runtime is not None:
        from cnncalc.deployment.runtimes import find_runtime

        planner = find_runtime(runtime)
    if scratch is not None:
        check_count("scratch", scratch)
        if planner is None:
            raise ValueError("scratch goes with a runtime")
    deploy = deploy or planner is not None
    if not collector.errors:
        if deploy:
            from cnncalc.graph.deploy import deployed, padded_apart

            graph = deployed(graph)
            graph = padded_apart(graph) if planner is not None and planner.pads else graph
        elif fold_bn:
            from cnncalc.graph.fold import fold_batch_norm

            graph = fold_batch_norm(graph)
    report = build_report(
        graph, name=name_of(read, variant), source=read.source, file=read.file, variant=variant or read.variant,
        version=__version__, convention=rule, dtypes=dtypes, batch=batch, collector=collector,
        fold_bn=fold_bn or deploy, deploy=deploy,
    )  # fmt: skip
    if deploy and not collector.errors:
        from cnncalc.deployment.runtimes import Deployment, memory_of

        asked = Deployment(graph, dtypes, batch, scratch, read.file)
        report = dataclasses.replace(report, memory=memory_of(planner, asked))
    if errors := collector.errors:
        errors.sort(key=lambda d: d.span or Span(0, 0))
        raise SpecError(errors[:MAX_REPORTED], before(report, graph))
    return report


def memory(
    spec: Source,
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
    from cnncalc.analysis.memory import build_memory
    from cnncalc.graph.fold import fold_batch_norm

    dtypes = parse_dtypes(dtype)
    check_count("batch", batch)
    graph, read, collector = build_graph(spec, input=input, variant=variant, variables=variables,
                                         max_layers=max_layers)  # fmt: skip
    batch = graph.batch if batch == 1 else batch
    collector.raise_if_errors()
    return build_memory(
        fold_batch_norm(graph) if fold_bn else graph, name=name_of(read, variant), dtypes=dtypes, batch=batch,
        fold_bn=fold_bn, optimizer=optimizer, alignment=alignment,
    )  # fmt: skip


def name_of(spec: Spec, variant: str | None = None) -> str:
    """Return what a network is called: its variant of the zoo, its own name, or its file's."""
    stem = Path(spec.file).stem if spec.file and spec.file != "-" else "network"
    return (spec.variant if variant is None else None) or spec.name or stem


def check_count(name: str, count: object) -> None:
    """Raise ValueError unless it is a whole number of at least 1."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {count!r}")


def before(report: Report, graph: Graph) -> Report | None:
    """Return a report of the layers before the first that failed, or None where there are none."""
    kept = report.layers[: graph.whole]
    if not kept:
        return None
    values = {key: getattr(report, key) for key in report.__slots__}
    return Report(**{**values, "layers": kept, "outputs": ()})


def build_graph(
    spec: Source,
    *,
    input: Input | None = None,  # noqa: A002
    variant: str | None = None,
    variables: Mapping[str, object] | None = None,
    max_layers: int | None = None,
) -> tuple[Graph, Spec, Collector]:
    """Return the expanded network, the spec it is from, and the findings; with errors the graph is incomplete.

    Raises:
        SpecError: the spec cannot even be read.
        ValueError: there is no such variant, variable or input, or a value cannot be one.
        TypeError: it is nothing that a spec can be given as.
    """
    if max_layers is not None:
        check_count("max_layers", max_layers)
    shapes = input_shapes(input)
    read, collector = _open(spec)
    chosen = variant if variant is not None else read.variant
    try:
        graph = read.expand(Overrides(chosen, variables, shapes, max_layers), collector)
    except ValueError:
        collector.raise_if_errors()
        raise
    return graph, read, collector


def _open(source: Source) -> tuple[Spec, Collector]:
    if isinstance(source, Spec):
        return opened(source)
    if isinstance(source, Graph):
        from cnncalc.interop.foreign import of_graph

        return opened(of_graph(source))
    if isinstance(source, Mapping):
        spec = Spec(source)
        return spec, spec.collector()
    if isinstance(source, Text):
        data = source.data
        if isinstance(data, bytes) and (format_ := formats.find(data[: formats.HEAD])) is not None:
            return opened(formats.read(format_, data, source.file))
        return read_spec(data, source.file)
    if not isinstance(source, str | PathLike):
        raise TypeError(f"a spec is a path, the name of a zoo network, a mapping, or what parse() returns; "
                        f"got {type(source).__name__}")  # fmt: skip
    name = fspath(source)
    entry = None if _exists(name) else zoo.find(name)
    path = Path(name) if entry is None else entry.file
    try:
        data = _bytes_of(path)
    except (OSError, ValueError) as error:
        raise SpecError([_unreadable(name, path, error)]) from None
    if entry is None and (format_ := formats.find(data[: formats.HEAD])) is not None:
        return opened(formats.read(format_, path, name))
    spec, collector = read_spec(data, str(path) if entry else name)
    if entry is not None and entry.variant is not None:
        spec = spec.with_variant(entry.variant)
    return spec, collector


def opened(spec: Spec) -> tuple[Spec, Collector]:
    """Return a spec with an empty collector for findings about it."""
    return spec, spec.collector()


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False


def _bytes_of(path: Path) -> bytes:
    """Return what a file holds, of one that is too large for a spec only as much as shows it."""
    with path.open("rb") as file:
        head = file.read(MAX_BYTES + 1)
        return head if len(head) <= MAX_BYTES else head + file.read(MAX_EXPANDED_BYTES - MAX_BYTES)


def _unreadable(name: str, path: Path, error: Exception) -> Diagnostic:
    if not _exists(name):
        if "\n" in name:
            short = f"{name.strip().splitlines()[0][:40] if name.strip() else ''}..."
            return Diagnostic(code="no-such-spec", message=f"there is no file '{short}'", file=short,
                              hint="give the text of a spec to cnncalc.parse first")  # fmt: skip
        near = zoo.nearest(name)
        hint = f"did you mean '{near}'?" if near else "run cnncalc zoo for the networks that come with it"
        message = f"there is no file or zoo network '{name if len(name) <= 200 else name[:197] + '...'}'"
        return Diagnostic(code="no-such-spec", message=message, file=name, hint=hint)
    reason = error.strerror if isinstance(error, OSError) else None
    if not name:
        return Diagnostic(code="no-such-spec", message="the name of the spec is empty", file=name, hint="name a file")
    what = "is a folder" if path.is_dir() else f"cannot be read: {reason or error}"
    return Diagnostic(code="unreadable-file", message=f"'{name}' {what}", file=name, hint="name a spec file")


def input_shapes(given: Input | None) -> dict[str, tuple[int, ...]] | None:
    """Return the shapes of `input=` by input name; a single shape without a name stands under the empty name.

    Raises:
        ValueError: it is no shape.
    """
    if given is None:
        return None
    if isinstance(given, Mapping):
        return {str(name): _shape(shape) for name, shape in given.items()}
    return {"": _shape(given)}


def _shape(given: Any) -> tuple[int, ...]:
    if isinstance(given, str):
        if not re.fullmatch(r"[0-9]{1,18}([x,][0-9]{1,18})*", given.strip()):
            raise ValueError(f"an input shape is written like 3x224x224, got '{given}'")
        return tuple(int(part) for part in re.split("[x,]", given.strip()))
    shape = tuple(given) if isinstance(given, Iterable) else ()
    if not shape or any(isinstance(n, bool) or not isinstance(n, int) for n in shape):
        raise ValueError(f"an input shape is a list of whole numbers, got {given!r}")
    return shape
