"""Budgets that are not in a spec: `[tool.cnncalc]` of pyproject.toml, `cnncalc.toml`, and budget files."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncalc.gate.budget import Budget, Origin
from cnncalc.gate.form import read_budget
from cnncalc.gate.specs import files_under, is_network
from cnncalc.language.python_data import from_python
from cnncalc.language.tree import Map
from cnncalc.language.yaml_text import read
from cnncalc.values.diagnostics import Collector, Diagnostic, SpecError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

OWN_FILE = "cnncalc.toml"
PROJECT_FILE = "pyproject.toml"
MAX_BYTES = 2**20
"""No spec is larger."""

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
        folder = self.file.parent
        names = [
            name
            for name in (_inside(spec.absolute(), folder.absolute()), _inside(spec.resolve(), folder.resolve()))
            if name is not None
        ]
        found = [(glob, budget) for glob, budget in self.budgets if any(map(glob_pattern(glob).fullmatch, names))]
        self.used.update(glob for glob, _ in found)
        return [budget for _, budget in found]

    def stale(self) -> list[str]:
        """Return the globs that no spec under the configuration's folder matches: budgets that nobody reads."""
        unread = {glob: glob_pattern(glob) for glob, _ in self.budgets if glob not in self.used}
        root = self.file.parent
        for file in files_under(root) if unread else ():
            path = file.relative_to(root).as_posix()
            met = [glob for glob, pattern in unread.items() if pattern.fullmatch(path)]
            if met and _carries_signature(file):
                for glob in met:
                    del unread[glob]
            if not unread:
                break
        return list(unread)


def _inside(file: Path, folder: Path) -> str | None:
    """Return the path of a file from a folder, or None for one outside."""
    path = Path(os.path.normpath(file))
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else None


def _carries_signature(file: Path) -> bool:
    try:
        return file.stat().st_size <= MAX_BYTES and is_network(file.read_bytes())
    except OSError:
        return False


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


def find_configs(start: Path) -> list[Path]:
    """Return the configuration files in a folder and above it, up to the top of the repository, the nearest last.

    Raises:
        SpecError: one folder has two.
    """
    found: list[Path] = []
    for folder in (start, *start.parents):
        own, project = folder / OWN_FILE, folder / PROJECT_FILE
        for file in (own, project):
            if os.path.lexists(file) and not file.is_file():
                what = "no file that can be read" if file.exists() else "a link to nothing"
                raise SpecError([Diagnostic(code="unreadable-file", message=f"'{file}' is {what}", file=str(file),
                                            hint="repair it, or remove it")])  # fmt: skip
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
            found.insert(0, own if has_own else project)
        if is_repository(folder):
            break
    return found


def is_repository(folder: Path) -> bool:
    """Return whether a folder is the top of a git working tree; an empty `.git` folder makes none."""
    mark = folder / ".git"
    return mark.is_file() or (mark / "HEAD").exists()


def _mentions_tool(project: Path) -> bool:
    data = _bytes(project)
    if b"cnncalc" not in data and b"\\" not in data:
        return False
    return _table(project, data) is not None


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
    """Return a TOML float exactly; inf, nan and what has separators in it stay text, which no limit accepts."""
    try:
        return text if "_" in text else Fraction(text)
    except ValueError:
        return text


_INTEGERS = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'{3}.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\#[^\n]*'''
    r"|(?<![\w.+-])(?P<number>[+-]?(?:[0-9]+(?:_[0-9]+)+|0[xob][0-9A-Fa-f_]+)(?![\w.+:-]))",
    re.DOTALL,
)
"""Strings and comments of TOML, which stay, and integers that a quantity may not look like."""


def _as_written(text: str) -> str:
    """Return TOML in which integers such as `1_000` and `0x10` are text, which no limit accepts."""
    return _INTEGERS.sub(lambda found: f'"{found[0]}"' if found["number"] else found[0], text)


def _table(file: Path, data: bytes) -> Any:
    """Return what a configuration file says about this program, or None."""
    try:
        text = data.decode()
        tomllib.loads(text)
        content: Any = tomllib.loads(_as_written(text), parse_float=_number)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SpecError(
            [Diagnostic(code="bad-budget", message=f"not TOML: {error}", file=str(file), hint="repair the file")]
        ) from None
    if file.name == OWN_FILE:
        return content
    tools = content.get("tool")
    return tools.get("cnncalc") if isinstance(tools, dict) else None


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


def _places(spec: Path | None) -> list[Path]:
    """Return the folders from which a spec's configurations are looked for: of the file, and of a link to it."""
    return [Path.cwd()] if spec is None else [spec.resolve().parent, Path(os.path.normpath(spec.absolute())).parent]


def configurations(
    specs: Iterable[Path | None], given: str | None
) -> tuple[dict[Path | None, list[Config]], list[Config]]:
    """Return the configurations of each spec, the lowest first, and every configuration of the run.

    Those in the folders above a spec hold for it, a nearer one outranks a farther one; a configuration that is given
    holds for all, alone.

    Raises:
        SpecError: a configuration is wrong.
    """
    if given is not None:
        config = read_config(Path(given), given)
        return {spec: [config] for spec in specs}, [config]
    known: dict[Path, Config] = {}
    above: dict[Path, list[Path]] = {}
    result: dict[Path | None, list[Config]] = {}
    for spec in (*specs, None):
        holding: dict[Path, Config] = {}
        for folder in _places(spec):
            if folder not in above:
                above[folder] = find_configs(folder)
            for file in above[folder]:
                key = file.resolve()
                if key not in known:
                    known[key] = read_config(file)
                holding[key] = known[key]
        result[spec] = list(holding.values())
    return result, list(known.values())
