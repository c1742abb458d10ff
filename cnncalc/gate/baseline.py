"""Recorded numbers that may not get worse: a JSON file with one metric a line, written only when asked to."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from cnncalc import zoo
from cnncalc._version import __version__
from cnncalc.gate.metrics import METRICS
from cnncalc.values.diagnostics import Diagnostic, SpecError
from cnncalc.values.files import write_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SCHEMA = 1
_ADVICE = "write it anew with --update-baseline after deleting it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What the numbers of a baseline depend on beside the specs."""

    convention: str = "exact"
    dtype: str = "fp32"
    in_place: bool = False
    input: str | None = None
    variables: dict[str, str] = field(default_factory=dict)

    def words(self) -> str:
        """Return the rule in a few words."""
        shape = f", input {self.input}" if self.input else ""
        chosen = "".join(f", {name}={value}" for name, value in self.variables.items())
        return f"FLOPs by '{self.convention}', {self.dtype}{', in place' if self.in_place else ''}{shape}{chosen}"


@dataclass(slots=True)
class Baseline:
    """The recorded numbers, by spec and metric.

    Attributes:
        file: where they are.
        rule: how they were counted.
        version: the version of this program that wrote them.
        specs: for each spec, its metrics.
    """

    file: str
    rule: Rule
    version: str = __version__
    specs: dict[str, dict[str, int]] = field(default_factory=dict)

    def key(self, name: str, file: Path | None, variant: str | None) -> str:
        """Return the name that a spec has in the file: its path from the file's folder."""
        if file is None:
            text = "-"
        elif not Path(name).exists():
            text = f"zoo:{name}"
        else:
            folder = Path(self.file).resolve().parent
            text = Path(os.path.relpath(file.resolve(), folder)).as_posix()
        return f"{text}@{variant}" if variant else text

    def gone(self) -> list[str]:
        """Return the recorded specs that are no longer there."""
        folder = Path(self.file).resolve().parent
        missing = []
        for key in self.specs:
            path = key.partition("@")[0]
            there = zoo.find(path[4:]) is not None if path.startswith("zoo:") else (folder / path).exists()
            if not there and path != "-" and not (folder / key).exists():
                missing.append(key)
        return missing

    def update(self, recorded: dict[str, dict[str, int]], gone: Iterable[str]) -> None:
        """Record numbers and forget specs that are gone, without losing what another run records meanwhile.

        Raises:
            SpecError: it cannot be written, or holds numbers by another rule by now.
        """
        try:
            with locked(Path(self.file).absolute().parent):
                if Path(self.file).exists():
                    latest = read_baseline(self.file)
                    if latest.rule != self.rule:
                        _refuse(self.file, f"has {latest.rule.words()} by now", "run again")
                    self.specs = latest.specs
                for key in gone:
                    self.specs.pop(key, None)
                self.specs.update(recorded)
                self.write()
        except OSError as error:
            _refuse(self.file, f"cannot be written: {error.strerror or error}", "check the folder and its permissions")

    def write(self) -> None:
        """Write the file, in one step, so that nobody reads half of it.

        Raises:
            OSError: it cannot be written.
        """
        rule = self.rule
        content = {
            "schema": SCHEMA,
            "cnncalc": __version__,
            "convention": rule.convention,
            "dtype": rule.dtype,
            "in_place": rule.in_place,
            "input": rule.input,
            "variables": rule.variables,
            "specs": {key: self.specs[key] for key in sorted(self.specs)},
        }
        write_file(self.file, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time in; on a system without such locks, everybody."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system that knows no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _refuse(file: str, problem: str, hint: str = _ADVICE, code: str = "bad-baseline") -> NoReturn:
    raise SpecError([Diagnostic(code=code, message=f"baseline '{file}' {problem}", file=file, hint=hint)])


def read_baseline(file: str) -> Baseline:
    """Return the numbers of a baseline file.

    Raises:
        SpecError: it is missing, is not of this form, or has a metric that there is not.
    """
    try:
        text = Path(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        _refuse(file, "does not exist", "write it with --update-baseline", "unreadable-file")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        _refuse(file, f"cannot be read: {reason}", "check the file", "unreadable-file")
    try:
        data: Any = json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        _refuse(file, f"is no JSON: {error}")
    if not isinstance(data, dict) or "schema" not in data:
        _refuse(file, "has no schema number")
    if data["schema"] != SCHEMA or type(data["schema"]) is not int:
        _refuse(file, f"has schema {data['schema']!r}, this program reads {SCHEMA}", "use the version that wrote it")
    in_place, shape, variables = data.get("in_place", False), data.get("input"), data.get("variables", {})
    if not isinstance(in_place, bool) or not isinstance(shape, str | None) or not isinstance(variables, dict):
        _refuse(file, "does not say its rule in the form that this program writes")
    rule = Rule(convention=_text(file, data, "convention"), dtype=_text(file, data, "dtype"), in_place=in_place,
                input=shape, variables={name: str(value) for name, value in variables.items()})  # fmt: skip
    specs = data.get("specs")
    if not isinstance(specs, dict):
        _refuse(file, "has no specs")
    return Baseline(file, rule, _text(file, data, "cnncalc"), {key: _numbers(file, key, specs[key]) for key in specs})


def _text(file: str, data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        _refuse(file, f"does not say its '{key}'")
    return value


def _numbers(file: str, spec: str, recorded: Any) -> dict[str, int]:
    if not isinstance(recorded, dict) or not recorded:
        _refuse(file, f"records nothing for '{spec}'")
    for name, value in recorded.items():
        if name not in METRICS:
            _refuse(file, f"records '{name}' for '{spec}', which is no metric", code="unknown-metric")
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            _refuse(file, f"records {value!r} as {name} of '{spec}', which is no count")
    return dict(recorded)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found
