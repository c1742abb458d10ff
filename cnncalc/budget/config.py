"""Budgets that are not in a spec: `[tool.cnncalc]` of pyproject.toml, `cnncalc.toml`, and budget files."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncalc.budget.form import Budget, Origin, read_budget
from cnncalc.diagnostics import Collector, Diagnostic, SpecError, did_you_mean
from cnncalc.spec.tree import Map, from_python, read

if TYPE_CHECKING:
    from collections.abc import Iterable

OWN_FILE = "cnncalc.toml"
PROJECT_FILE = "pyproject.toml"
_BUDGETS_HINT = 'write [tool.cnncalc.budgets."specs/*.yaml"], or [budgets."specs/*.yaml"] in cnncalc.toml'


@dataclass(slots=True)
class Config:
    """One configuration file.

    Attributes:
        file: where it is.
        name: how it is printed.
        budgets: the budgets by glob of specs, in the file's order; later ones outrank earlier ones.
        used: the globs that applied to a spec of this run.
    """

    file: Path
    name: str
    budgets: list[tuple[str, Budget]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def applying(self, spec: Path) -> list[Budget]:
        """Return the budgets for a spec, the lowest first."""
        try:
            inside = spec.resolve().relative_to(self.file.parent.resolve()).as_posix()
        except ValueError:
            return []
        found = [(glob, budget) for glob, budget in self.budgets if glob_pattern(glob).fullmatch(inside)]
        self.used.update(glob for glob, _ in found)
        return [budget for _, budget in found]

    def stale(self) -> list[str]:
        """Return the globs that no file under the configuration's folder matches: budgets that nobody reads."""
        open_globs = {glob: glob_pattern(glob) for glob, _ in self.budgets if glob not in self.used}
        root = self.file.parent
        for top, folders, files in os.walk(root):
            if not open_globs:
                break
            folders[:] = [name for name in folders if not name.startswith(".")]
            base = Path(top).relative_to(root)
            paths = [(base / name).as_posix() for name in files]
            open_globs = {
                glob: pattern for glob, pattern in open_globs.items() if not any(map(pattern.fullmatch, paths))
            }
        return list(open_globs)


def glob_pattern(glob: str) -> re.Pattern[str]:
    """Return the pattern of a glob of paths: `*` and `?` stay in a folder, `**` does not; without `/`, any folder."""
    text = glob.removeprefix("./")
    if "/" not in text:
        text = f"**/{text}"
    out = ""
    place = 0
    while place < len(text):
        if text.startswith("**/", place):
            out, place = out + "(?:.*/)?", place + 3
        elif text.startswith("**", place):
            out, place = out + ".*", place + 2
        else:
            character = text[place]
            out += {"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character))
            place += 1
    return re.compile(out, re.DOTALL)


def find_config(start: Path) -> Path | None:
    """Return the nearest configuration file in a folder or above it, up to the top of the repository.

    Raises:
        SpecError: one folder has two.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        own, project = folder / OWN_FILE, folder / PROJECT_FILE
        has_own, has_project = own.is_file(), project.is_file() and _mentions_tool(project)
        if has_own and has_project:
            raise SpecError(
                [
                    Diagnostic(
                        code="two-configurations",
                        message=f"'{folder}' has both {OWN_FILE} and [tool.cnncalc] in {PROJECT_FILE}",
                        file=str(own),
                        hint="keep one of the two: nobody would read the other",
                    )
                ]
            )
        if has_own or has_project:
            return own if has_own else project
        if (folder / ".git").exists():
            return None
    return None


def _mentions_tool(project: Path) -> bool:
    data = _bytes(project)
    return b"cnncalc" in data and _table(project, data) is not None


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SpecError(
            [
                Diagnostic(
                    code="unreadable-file",
                    message=f"'{file}' cannot be read: {error.strerror or error}",
                    file=str(file),
                    hint="check the file's name and permissions",
                )
            ]
        ) from None


def _number(text: str) -> Fraction | str:
    """Return a TOML float exactly; inf and nan stay text, which no limit accepts."""
    try:
        return Fraction(text.replace("_", ""))
    except ValueError:
        return text


def _table(file: Path, data: bytes) -> Any:
    """Return what a configuration file says about this program, or None."""
    try:
        content: Any = tomllib.loads(data.decode(), parse_float=_number)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SpecError(
            [Diagnostic(code="bad-budget", message=f"not TOML: {error}", file=str(file), hint="repair the file")]
        ) from None
    return content if file.name == OWN_FILE else content.get("tool", {}).get("cnncalc")


def read_config(file: Path, name: str | None = None) -> Config:
    """Return the budgets of a configuration file.

    Raises:
        SpecError: it cannot be read, or says what it cannot mean.
    """
    shown = name or _shown(file)
    table = _table(file, _bytes(file))
    collector = Collector(file=shown)
    config = Config(file, shown)
    if not isinstance(table, dict):
        collector.add("bad-budget", f"'{shown}' has no table [tool.cnncalc]", hint=_BUDGETS_HINT)
        table = {}
    for key, value in table.items():
        if key != "budgets" or not isinstance(value, dict):
            hint = _BUDGETS_HINT if key == "budgets" else did_you_mean(key, ["budgets"], _BUDGETS_HINT)
            collector.add("unknown-key", f"{shown}: '{key}' is not a table of budgets by glob", hint=hint)
            continue
        for glob, budget in value.items():
            if isinstance(budget, dict):
                origin = Origin(kind="config", name=shown)
                config.budgets.append((glob, _from_data(budget, origin, collector, shown)))
            else:
                collector.add(
                    "bad-budget", f"{shown}: budgets are by glob of specs, '{glob}' is none", hint=_BUDGETS_HINT
                )
    collector.raise_if_errors()
    return config


def _from_data(data: dict[str, Any], origin: Origin, collector: Collector, name: str) -> Budget:
    """Return the budget of plain data."""
    try:
        tree = from_python(data)
    except SpecError as error:
        for finding in error.diagnostics:
            collector.add(finding.code, f"{name}: {finding.message}", hint=finding.hint)
        return Budget(origin=origin)
    return read_budget(tree, origin, collector)


def read_budget_file(name: str) -> Budget:
    """Return a budget file: YAML in the form of `budgets:`, or with that key at its top.

    Raises:
        SpecError: it cannot be read, or limits nothing.
    """
    tree, collector = read(_bytes(Path(name)), name)
    inner = tree.get("budgets") if list(tree.keys()) == ["budgets"] else tree
    if not isinstance(inner, Map):
        collector.add("bad-budget", "budgets are a mapping of metrics to limits", tree.span, hint="write macs: 300M")
        collector.raise_if_errors()
        return Budget(origin=Origin(kind="file", name=name))
    budget = read_budget(inner, Origin(kind="file", name=name), collector)
    if not collector.errors and not budget.limits_something:
        collector.add("nothing-to-check", "the budget file limits nothing", tree.span, hint="write macs: 300M")
    collector.raise_if_errors()
    return without_places(budget)


def without_places(budget: Budget) -> Budget:
    """Return a budget whose limits have no line: lines of a finding are those of the spec."""
    from dataclasses import replace

    return replace(
        budget,
        limits=tuple(replace(limit, span=None) for limit in budget.limits),
        variants={name: without_places(inner) for name, inner in budget.variants.items()},
    )


def read_call(data: dict[str, object], name: str) -> Budget:
    """Return the budget of a Python mapping in the form of `budgets:`.

    Raises:
        SpecError: it cannot mean a budget.
    """
    collector = Collector(file=name)
    budget = read_budget(from_python(data), Origin(kind="call", name=name), collector)
    collector.raise_if_errors()
    return budget


def _shown(file: Path) -> str:
    """Return a path from the current folder where it is inside, else in full."""
    here = Path.cwd()
    full = file.resolve()
    return str(full.relative_to(here)) if full.is_relative_to(here) else str(full)


def configurations(
    specs: Iterable[Path | None], given: str | None
) -> tuple[dict[Path | None, Config | None], list[Config]]:
    """Return the configuration of each spec, and every configuration of the run.

    The nearest above a spec holds for it; a configuration that is given holds for all. A spec without a file is looked
    after by the configuration of the current folder.

    Raises:
        SpecError: a configuration is wrong.
    """
    if given is not None:
        config = read_config(Path(given), given)
        return dict.fromkeys(specs, config), [config]
    known: dict[Path, Config] = {}
    nearest: dict[Path, Path | None] = {}
    result: dict[Path | None, Config | None] = {}
    for spec in (*specs, None):
        folder = spec.resolve().parent if spec is not None else Path.cwd()
        if folder not in nearest:
            nearest[folder] = find_config(folder)
        file = nearest[folder]
        if file is not None and file not in known:
            known[file] = read_config(file)
        result[spec] = known[file] if file is not None else None
    return result, list(known.values())
