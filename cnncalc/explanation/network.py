"""The layers of a network explained."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from cnncalc._version import __version__
from cnncalc.explanation.layer import explain_layer, setting_of
from cnncalc.explanation.model import Explained
from cnncalc.results.paths import path_hint
from cnncalc.study import Study

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.source import Input, Source


class NoSuchLayer(ValueError):  # noqa: N818 - says what it is
    """No layer has the path that was asked for; `hint` names the nearest."""

    def __init__(self, pattern: str, paths: Sequence[str]) -> None:
        super().__init__(f"no layer matches '{pattern}'")
        self.hint = path_hint(pattern, paths)
        if self.hint:
            self.add_note(f"hint: {self.hint}")


class TooManyLayers(ValueError):  # noqa: N818 - says what it is
    """More layers match than are to be explained at once; `hint` says what to do."""

    def __init__(self, pattern: str, count: int, most: int) -> None:
        super().__init__(f"'{pattern}' matches {count:,} layers, more than {most:,} to explain at once")
        self.hint = "name fewer, or raise --max-layers to ten times as many"


def missing(path: str, paths: Sequence[str]) -> str:
    """Return the message that no layer has a path, with what was meant."""
    hint = path_hint(path, paths)
    return f"no layer is called '{path}'{f'; {hint}' if hint else ''}"


def explain(
    spec: Source | Study,
    pattern: str = "*",
    *,
    input: Input | None = None,  # noqa: A002 - the spec's own word
    variant: str | None = None,
    variables: Mapping[str, object] | None = None,
    convention: str = "exact",
    dtype: str = "fp32",
    batch: int = 1,
    max_layers: int | None = None,
    most: int | None = None,
) -> Explained:
    """Return the layers whose path matches a glob, with the formula of every number that a report has of them.

    Args:
        spec: as for `analyze`.
        pattern: a path, or a glob as `layer4.*`.
        input: as for `analyze`.
        variant: as for `analyze`.
        variables: as for `analyze`.
        convention: as for `analyze`.
        dtype: as for `analyze`.
        batch: as for `analyze`.
        max_layers: as for `analyze`.
        most: so many layers at once.

    Raises:
        SpecError: the spec is wrong.
        NoSuchLayer: nothing matches; a ValueError with a hint.
        TooManyLayers: more than `most` match; a ValueError with a hint.
        ValueError: an argument is not one of the right ones; the message lists them.
    """
    study = Study.of(spec, input=input, variant=variant, variables=variables, convention=convention, dtype=dtype,
                     batch=batch, max_layers=max_layers)  # fmt: skip
    graph, rule = study.graph, study.rule
    chosen = [k for k, node in enumerate(graph.nodes) if node.path == pattern or fnmatchcase(node.path, pattern)]
    if most is not None and len(chosen) > most and not study.expanded.collector.errors:
        raise TooManyLayers(pattern, len(chosen), most)
    report = study.report
    if not chosen:
        raise NoSuchLayer(pattern, [node.path for node in graph.nodes])
    setting = setting_of(graph, study.fields.of, study.line, study.spec.file, rule, study.dtypes, study.batch)
    return Explained(
        version=__version__,
        name=report.name,
        file=study.spec.file,
        convention=rule.name,
        rule=rule.summary,
        dtype=study.question.dtype,
        batch=study.question.batch,
        layers=tuple(explain_layer(setting, k, report.layers[k], study.counts.of[k]) for k in chosen),
        rank=len(next(iter(graph.inputs.values())).spatial) if graph.inputs else 2,
    )
