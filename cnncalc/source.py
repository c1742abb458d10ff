"""The doors through which networks come in: files, names, texts, mappings, graphs built by hand."""

from __future__ import annotations

import os
from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import NamedTuple, TypeAlias

from cnncalc import zoo
from cnncalc.graph.graph import Graph
from cnncalc.interop import formats
from cnncalc.language.document import Spec, read_spec
from cnncalc.language.settings import Overrides
from cnncalc.language.used import Beside, Folder
from cnncalc.language.yaml_text import MAX_BYTES, MAX_EXPANDED_BYTES
from cnncalc.values import inputs
from cnncalc.values.diagnostics import Collector, Diagnostic, SpecError


class Text(NamedTuple):
    """The text of a spec that is not in a file of its own, with the name that diagnostics print.

    Attributes:
        data: the text.
        file: the name.
        beside: where the files that it uses are read from; without one it may use the shipped blocks alone.
    """

    data: str | bytes
    file: str
    beside: Beside | None = None


Input: TypeAlias = inputs.Input
input_shapes = inputs.input_shapes
Source: TypeAlias = str | PathLike[str] | Spec | Graph | Mapping[str, object] | Text


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
    asked = overrides(input=input, variant=variant, variables=variables, max_layers=max_layers)
    read, collector = open_source(spec)
    return expand(read, collector, asked), read, collector


def overrides(
    *, input: Input | None, variant: str | None, variables: Mapping[str, object] | None, max_layers: int | None  # noqa: A002
) -> Overrides:
    """Return what replaces a spec's own settings.

    Raises:
        ValueError: a value cannot be one.
    """
    if max_layers is not None:
        check_count("max_layers", max_layers)
    return Overrides(variant, variables, input_shapes(input), max_layers)


def expand(read: Spec, collector: Collector, asked: Overrides) -> Graph:
    """Return the network of a spec that has been read; with errors among the findings it is incomplete.

    Raises:
        SpecError: the spec is wrong, and there is no graph at all.
        ValueError: there is no such variant, variable or input.
    """
    if asked.variant is None:
        asked.variant = read.variant
    try:
        graph = read.expand(asked, collector)
    except ValueError:
        collector.raise_if_errors()
        raise
    if collector.errors:
        from cnncalc.language.trials import with_sizes

        with_sizes(read, asked, graph, collector)
    return graph


def open_source(source: Source) -> tuple[Spec, Collector]:
    """Return the spec behind any form of a network, of another format told by its content, and the findings so far.

    Raises:
        SpecError: it cannot even be read.
        TypeError: it is nothing that a spec can be given as.
    """
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
        return read_spec(data, source.file, source.beside)
    if not isinstance(source, str | PathLike):
        raise TypeError(f"a spec is a path, the name of a zoo network, a mapping, or what parse() returns; "
                        f"got {type(source).__name__}")  # fmt: skip
    name = fspath(source)
    if name.startswith("torch:") and not _exists(name):
        from cnncalc.interop.pytorch import read_factory

        return opened(read_factory(name))
    entry = None if _exists(name) else zoo.find(name)
    path = Path(name) if entry is None else entry.file
    try:
        data = _bytes_of(path)
    except (OSError, ValueError) as error:
        raise SpecError([_unreadable(name, path, error)]) from None
    if entry is None and (format_ := formats.find(data[: formats.HEAD])) is not None:
        return opened(formats.read(format_, path, name))
    shown = str(path) if entry else name
    spec, collector = read_spec(data, shown, Folder(path.parent, os.path.dirname(shown)))  # noqa: PTH120 - a shown name
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
        base, at, variant = name.rpartition("@")
        if at and (_exists(base) or zoo.find(base) is not None):
            hint = f"compare alone takes NAME@VARIANT: write {base} --variant {variant}, in Python variant='{variant}'"
        message = f"there is no file or zoo network '{name if len(name) <= 200 else name[:197] + '...'}'"
        return Diagnostic(code="no-such-spec", message=message, file=name, hint=hint)
    reason = error.strerror if isinstance(error, OSError) else None
    if not name:
        return Diagnostic(code="no-such-spec", message="the name of the spec is empty", file=name, hint="name a file")
    what = "is a folder" if path.is_dir() else f"cannot be read: {reason or error}"
    return Diagnostic(code="unreadable-file", message=f"'{name}' {what}", file=name, hint="name a spec file")


def check_count(name: str, count: object) -> None:
    """Raise ValueError unless it is a whole number of at least 1."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {count!r}")
