"""Imports run one way. Read from the source, so that a shortcut shows before it is used."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from modules import parsed, parts_of

from cnncalc.results.views import VIEWS, view

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[2] / "cnncalc"

LEVELS = (
    {"values", "numbers", "_version"},
    {"ops"},
    {"graph"},
    {"language", "analysis", "results", "rules", "devices", "zoo", "deployment", "interop"},
    {"source"},
    {"study"},
    {"api"},
    {"render", "drawing", "page", "gate", "search", "explanation", "reconciliation"}
    | {"builder", "builder_lists", "builder_stub", "builder_ops"}
    | {"matching", "testing", "pytest_plugin", "lineup", "manual"},
    {"editor"},
    {"server"},
    {"cli"},
)  # fmt: skip
"""From the bottom up: a module imports from its own level and from those below."""

OUTSIDE = {"__init__", "__main__"}
ONLY_IN = {
    "yaml": {"language"}, "rich": {"render", "cli"}, "typer": {"cli"}, "pygls": {"server"}, "lsprotocol": {"server"},
}  # fmt: skip


class Import(NamedTuple):
    """One import statement: where it stands, what it names, and whether it waits for a call."""

    file: Path
    line: int
    module: str
    in_function: bool
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.file.relative_to(PACKAGE.parent)}:{self.line} imports {self.module}"


def part(file: Path) -> str:
    """Return the package or module directly under cnncalc that a file belongs to."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def level(name: str) -> int:
    return next(number for number, names in enumerate(LEVELS) if name in names)


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports(file: Path) -> list[Import]:
    """Return what a module imports when it runs; what only a type checker sees is left out."""
    found: list[Import] = []

    def walk(node: ast.AST, *, inside: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if is_type_checking(child):
                continue
            if isinstance(child, ast.Import):
                found.extend(Import(file, child.lineno, alias.name, inside) for alias in child.names)
            elif isinstance(child, ast.ImportFrom) and child.module:
                assert child.level == 0, f"{file}: a relative import"
                names = [child.module]
                if child.module == "cnncalc":
                    names = [f"cnncalc.{a.name}" if (PACKAGE / a.name).exists() or (PACKAGE / f"{a.name}.py").exists()
                             else "cnncalc" for a in child.names]  # fmt: skip
                imported = tuple(alias.name for alias in child.names)
                found.extend(Import(file, child.lineno, name, inside, imported) for name in names)
            walk(child, inside=inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))

    walk(parsed(file), inside=False)
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


@cache
def every_import() -> list[Import]:
    """Return the imports of all modules."""
    return [entry for file in FILES for entry in imports(file)]


def test_every_module_has_its_level() -> None:
    parts = {part(file) for file in FILES} - OUTSIDE
    assert parts <= set().union(*LEVELS), "say in LEVELS where the new module stands"


def test_imports_run_downwards() -> None:
    """Inside functions too: results are shown through a table of names."""
    wrong = []
    for entry in every_import():
        here = part(entry.file)
        if here in OUTSIDE or not entry.module.startswith("cnncalc."):
            continue
        there = entry.module.split(".")[1]
        if level(there) <= level(here):
            continue
        wrong.append(str(entry))
    assert not wrong, "\n".join(wrong)


def module(file: Path) -> str:
    """Return the dotted name of a file."""
    return ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def test_no_modules_import_each_other() -> None:
    """Not through others either, and not inside functions: a circle is where nothing can be read first."""
    modules = {module(file) for file in FILES}
    reads: dict[str, set[str]] = {name: set() for name in modules}
    for entry in every_import():
        exact = {f"{entry.module}.{name}" for name in entry.names} & modules
        reads[module(entry.file)] |= exact or {entry.module} & modules
    assert sum(map(len, reads.values())) > len(modules), "the imports are no longer found"
    while reads:
        free = [name for name, needed in reads.items() if not needed & reads.keys()]
        assert free, f"a circle among {sorted(reads)}"
        for name in free:
            del reads[name]


FILE, CLASS = 500, 300
"""A module has at most so many lines, a class likewise; 400 and 250 are the guide."""
LONG = {
    "CfgReader", "Emitter", "Operator",
}  # fmt: skip
"""Modules and classes that are longer; no further one may be, and what no longer is goes off the list."""


def lengths(file: Path) -> dict[str, int]:
    """Return the lines of a module, by its path, and of each of its classes, by their names."""
    text = file.read_text(encoding="utf-8")
    classes = [node for node in parts_of(file) if isinstance(node, ast.ClassDef)]
    return {str(file.relative_to(PACKAGE)): len(text.splitlines()),
            **{node.name: (node.end_lineno or node.lineno) - node.lineno + 1 for node in classes}}  # fmt: skip


def test_a_module_and_a_class_are_read_in_one_sitting() -> None:
    found = {name: lines for file in FILES for name, lines in lengths(file).items()}
    long = {name: lines for name, lines in found.items() if lines > (FILE if name.endswith(".py") else CLASS)}
    further = {name: lines for name, lines in long.items() if name not in LONG}
    assert not further, f"part these by idea, one idea a module: {further}"
    assert long.keys() == LONG, f"no longer long: {sorted(LONG - long.keys())}"


def test_every_form_of_a_result_is_there() -> None:
    for name in VIEWS:
        assert callable(view(name)), name


@pytest.mark.parametrize("library", ONLY_IN)
def test_libraries_stay_in_their_places(library: str) -> None:
    used = {part(entry.file) for entry in every_import() if entry.module.split(".")[0] == library}
    assert used <= ONLY_IN[library]


def test_the_interface_does_not_reach_around_the_library() -> None:
    """Commands use what api, render and the other tools offer; they do not build operators or shapes."""
    wrong = [
        str(e)
        for e in every_import()
        if part(e.file) == "cli" and e.module in {"cnncalc.values.axis", "cnncalc.values.work", "cnncalc.values.shape"}
    ]
    assert not wrong, "\n".join(wrong)


def test_operators_know_no_file_and_no_neighbour() -> None:
    below = {"numbers", "values", "ops"}
    wrong = [
        str(entry)
        for entry in every_import()
        if part(entry.file) == "ops" and entry.module.startswith("cnncalc.") and entry.module.split(".")[1] not in below
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_evaluated_or_looked_up_by_name() -> None:
    for file in FILES:
        for node in parts_of(file):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec"}, f"{file}:{node.lineno}"


LISTING = {"append", "extend", "insert", "clear", "pop", "remove", "sort", "reverse"}
"""What changes a list."""


def changes_graphs(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield where a module makes a layer or a graph by itself, changes a graph's layers, or renumbers them."""

    def layers(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr in {"nodes", "_nodes"}

    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called, given = node.func, {keyword.arg for keyword in node.keywords}
            if isinstance(called, ast.Name) and called.id in {"Node", "Graph"}:
                yield node.lineno, f"makes a {called.id}"
            if isinstance(called, ast.Name | ast.Attribute) and "nodes" in given and "replace" in ast.unparse(called):
                yield node.lineno, "gives a graph other layers"
            if isinstance(called, ast.Attribute) and called.attr in LISTING and layers(called.value):
                yield node.lineno, "changes the layers of a graph"
        targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else []
        if isinstance(node, ast.AugAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Subscript) and layers(target.value):
                yield target.lineno, "changes the layers of a graph"


@pytest.mark.parametrize(
    "text",
    ["Node(path, op)", "Graph({}, [])", "dataclasses.replace(graph, nodes=found)", "graph.nodes.append(node)",
     "del self.graph.nodes[3:]", "graph.nodes[1] = node", "graph.nodes[:] += more"],
)  # fmt: skip
def test_the_search_for_makers_of_graphs_finds_them(text: str) -> None:
    assert list(changes_graphs(ast.parse(text)))


def test_layers_enter_a_graph_in_one_place() -> None:
    """Elsewhere they would miss what `graph/build` and `graph/rewrite` see to."""
    wrong = []
    for file in FILES:
        named = any(isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cnncalc.graph")
                    for node in parts_of(file))  # fmt: skip
        if named and file.relative_to(PACKAGE).as_posix() not in {"graph/build.py", "graph/rewrite.py"}:
            wrong += [f"{file.relative_to(PACKAGE)}:{line} {what}" for line, what in changes_graphs(parsed(file))]
    assert not wrong, "\n".join(wrong)
