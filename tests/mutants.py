"""Mutation testing of the arithmetic and the judge: small faults put into functions, one at a time, and who notices.

    python tests/mutants.py [--count 500] [--seed 1] [--output mutants.json] [--jobs N] [--only ID] [--again FILE]

The tests are collected once. Each mutant is one changed expression or statement in one function; a forked process
swaps that function's code and runs the tests that call the function, quickest first, until one fails; where it runs
only at import, a changed copy of the files is tried in a process of its own. Sampled alike
from four areas: sizes (`values/axis.py`), operators (`ops/`), the judge of the gate, and units. A share of mutants
that change nothing is run as well, and must survive. Texts, annotations and what stands outside functions are left
alone. Not part of the suite: a run takes half an hour.
"""

from __future__ import annotations

import argparse
import ast
import gc
import json
import os
import pickle
import random
import re
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, FrameType, FunctionType
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).parent.parent
AREAS: dict[str, tuple[str, ...]] = {
    "sizes": ("values/axis.py",),
    "operators": ("ops/*.py",),
    "judge": ("gate/judge.py", "gate/compare.py", "gate/outcome.py"),
    "units": ("gate/quantity.py", "gate/metrics.py", "values/dtypes.py"),
}
ASIDE = {"catalogue.py", "hints.py", "foreign.py"}  # pages and hints about operators: texts
TESTS = (
    "api", "axes", "axis", "bits", "budget", "budget_quantity", "builder", "catalogue", "check", "check_accepted",
    "check_forms", "check_holes", "check_lines", "check_quiet", "conventions", "deployed", "describe",
    "devices", "diff", "display", "einsum", "explain", "exporting", "forms", "formula", "frames", "gate_kinds",
    "glance", "goldens", "hints", "hybrids", "importing", "input_sizes", "language", "letters", "liveness", "memory",
    "notebook_objects", "opaque", "operator_facts", "operator_properties", "operator_views", "ops", "ops_command",
    "oracle_graphs", "oracle_hybrids", "oracle_layers", "oracle_operators", "oracle_receptive_fields", "own_operators",
    "patches", "paths", "plugin", "receptive", "reconcile", "recurrent", "rf", "schema", "show", "sizes",
    "standard_blocks", "tflite_reader", "tflm", "traps",
)
CPU_LIMIT, MEMORY_LIMIT = 150, 6 * 2**30
COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
Calls: TypeAlias = dict[tuple[str, str], list[tuple[float, int]]]
"""The tests that call a function of a file, each with its time."""
AFRESH = b"to be tried in a process of its own"
CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: where it is, what it does, and which of the function's places and alternatives it is."""

    area: str
    file: str
    function: str
    line: int
    what: str
    place: int
    choice: int

    @property
    def name(self) -> str:
        """What it is called in reports."""
        return f"{self.file}:{self.line} {self.function}: {self.what}"


def alternatives(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield what may stand in a node's place, with a word for the change."""
    match node:
        case ast.Compare(ops=[op, *rest]) if type(op) in COMPARED:
            other = COMPARED[type(op)]
            yield f"{type(op).__name__} to {other.__name__}", ast.Compare(node.left, [other(), *rest], node.comparators)
        case ast.BinOp(op=op) if type(op) in COMPUTED and not texts(node):
            yield f"{type(op).__name__} to {COMPUTED[type(op)].__name__}", ast.BinOp(
                node.left, COMPUTED[type(op)](), node.right
            )
        case ast.BoolOp(op=op):
            yield "and to or" if isinstance(op, ast.And) else "or to and", ast.BoolOp(
                ast.Or() if isinstance(op, ast.And) else ast.And(), node.values
            )
        case ast.UnaryOp(op=ast.Not()):
            yield "without not", node.operand
        case ast.Constant(value=bool() as value):
            yield f"{value} to {not value}", ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield f"{value} to {value + 1}", ast.Constant(value + 1)
        case ast.Call(func=ast.Name(id=name)) if name in CALLED:
            yield f"{name} to {CALLED[name]}", ast.Call(ast.Name(CALLED[name], ast.Load()), node.args, node.keywords)
        case ast.IfExp():
            yield "the other branch", ast.IfExp(node.test, node.orelse, node.body)
        case ast.If():
            yield "if to if not", ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.Return(value=ast.expr()) if not isinstance(node.value, ast.Constant):
            yield "return None", ast.Return(ast.Constant(None))
        case ast.AugAssign(op=op) if type(op) in COMPUTED:
            yield f"{type(op).__name__} to {COMPUTED[type(op)].__name__}", ast.AugAssign(
                node.target, COMPUTED[type(op)](), node.value
            )
        case ast.Raise():
            yield "without raise", ast.Pass()
        case ast.Expr(value=ast.Call()):
            yield "without the call", ast.Pass()
        case ast.Continue():
            yield "continue to break", ast.Break()
        case ast.Break():
            yield "break to continue", ast.Continue()
        case _:
            return


def texts(node: ast.AST) -> bool:
    """Whether it puts texts together, or shifts types in an annotation."""
    return any(
        isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in ast.walk(node)
    )


def places(function: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Yield every node inside a function that may be changed: parent, field, index, node; in one order always."""
    for name, value in ast.iter_fields(function):
        if name in {"annotation", "returns", "decorator_list", "type_params", "args"}:
            continue
        for at, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr | ast.Assert):
                continue
            yield function, name, at if isinstance(value, list) else None, child
            if not isinstance(child, ast.Raise):  # the words of an error are texts
                yield from places(child)


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the functions of a module and of its classes, with their qualified names; not those inside functions."""

    def inside(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
        for node in body:
            if isinstance(node, ast.FunctionDef):
                yield prefix + node.name, node
            elif isinstance(node, ast.ClassDef):
                yield from inside(node.body, f"{prefix}{node.name}.")

    yield from inside(tree.body, "")


def mutants(area: str, file: Path) -> Iterator[Mutant]:
    """Yield every mutant of a file."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for name, function in functions(tree):
        for place, (_, _, _, node) in enumerate(places(function)):
            for choice, (what, _) in enumerate(alternatives(node)):
                line = getattr(node, "lineno", function.lineno)
                yield Mutant(area, str(file.relative_to(ROOT)), name, line, what, place, choice)


def source_of(mutant: Mutant) -> tuple[ast.Module, ast.FunctionDef]:
    """Return a mutant's module and its function, as they are."""
    tree = ast.parse((ROOT / mutant.file).read_text(encoding="utf-8"))
    return tree, next(f for name, f in functions(tree) if name == mutant.function and covers(f, mutant.line))


def whole(mutant: Mutant, *, nothing: bool = False) -> ast.Module:
    """Return a mutant's module, with the fault or, for comparison, without."""
    tree, function = source_of(mutant)
    if not nothing:
        parent, name, at, node = list(places(function))[mutant.place]
        new = ast.copy_location(list(alternatives(node))[mutant.choice][1], node)
        if at is None:
            setattr(parent, name, new)
        else:
            getattr(parent, name)[at] = new
    return ast.fix_missing_locations(tree)


def changed(mutant: Mutant, *, nothing: bool = False) -> CodeType:
    """Return the code of a mutant's function, with the fault or, for comparison, without."""
    start = first(source_of(mutant)[1])
    module = compile(whole(mutant, nothing=nothing), str(ROOT / mutant.file), "exec", dont_inherit=True)
    return next(
        code for code in codes(module) if code.co_qualname == mutant.function and code.co_firstlineno == start
    )


def first(function: ast.FunctionDef) -> int:
    """Return the line that Python says a function starts on: that of its first decorator."""
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])


def covers(function: ast.FunctionDef, line: int) -> bool:
    """Whether a line is one of a function's."""
    return first(function) <= line <= (function.end_lineno or function.lineno)


def codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and those inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


def put(changed: CodeType) -> int:
    """Swap the code of a function, and of those inside it that were made, in this process.

    Returns:
        How many had it; 0 where one keeps other variables of the function around it than before.
    """
    new = {(code.co_filename, code.co_qualname, code.co_firstlineno): code for code in codes(changed)}
    found = 0
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType):
            old = thing.__code__
            code = new.get((old.co_filename, old.co_qualname, old.co_firstlineno))
            if code is not None:
                if code.co_freevars != old.co_freevars:
                    return 0
                thing.__code__ = code
                found += 1
    return found


def afresh(mutant: Mutant) -> bytes:
    """Return which test of its package kills a mutant of a function that only runs at import: on a changed copy."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", "node_modules", "__pycache__", "*_cache"),
                        dirs_exist_ok=True)  # fmt: skip
        (folder / mutant.file).write_text(ast.unparse(whole(mutant)), encoding="utf-8")
        tests = f"tests/{Path(mutant.file).parts[1]}"
        line = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", tests]
        environment = os.environ | {"PYTHONPATH": name}
        done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
        return f"killed: {found[1] if found else 'at import'}".encode() if done.returncode else b"survived"


class Trial:
    """A pytest plug-in that tries mutants instead of running the tests once."""

    def __init__(self, sample: list[Mutant], nothing: list[Mutant], output: Path, jobs: int) -> None:
        self.sample, self.nothing, self.output, self.jobs = sample, nothing, output, jobs
        self.results: list[dict[str, Any]] = []

    def pytest_configure(self) -> None:
        """Let generated tests be the same each time, and as slow as tracing makes them."""
        from hypothesis import HealthCheck, settings

        checks = list(HealthCheck)
        settings.register_profile("mutants", deadline=None, derandomize=True, database=None,
                                  suppress_health_check=checks)  # fmt: skip
        settings.load_profile("mutants")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try every mutant."""
        calls: Calls = defaultdict(list)
        for said in apart([partial(profiled, session, at, self.jobs) for at in range(self.jobs)]):
            for key, found in pickle.loads(said).items():  # noqa: S301
                calls[key] += found
        print(f"{len(session.items)} tests, {len(calls)} functions called", flush=True)  # noqa: T201
        print(*(": ".join(key) for key in calls if not key[0].endswith(".py")), sep="\n", flush=True)  # noqa: T201
        works = [partial(self.tried, session, calls, at) for at in range(self.jobs)]
        for said in apart(works, quiet=False):
            self.results += pickle.loads(said)  # noqa: S301
        self.output.write_text(json.dumps(self.results, indent=1), encoding="utf-8")
        return True

    def tried(self, session: pytest.Session, calls: Calls, share: int) -> bytes:
        """Return what became of every mutant of a share."""
        results: list[dict[str, Any]] = []
        for number, mutant in list(enumerate([*self.nothing, *self.sample]))[share :: self.jobs]:
            same = number < len(self.nothing)
            tests = calling(calls, mutant)
            started = time.monotonic()
            (said,) = apart([partial(verdict, session, mutant, tests, nothing=same)]) if tests or same else (AFRESH,)
            if said == AFRESH:
                (said,) = apart([partial(afresh, mutant)])
            answer = said.decode() or "killed: limit"
            results.append({
                "area": "nothing" if same else mutant.area, "mutant": mutant.name, "tests": len(tests),
                "verdict": answer, "seconds": round(time.monotonic() - started, 1),
            })  # fmt: skip
            if "killed" not in answer or same:
                print(f"{number}: {answer}: {mutant.name}", flush=True)  # noqa: T201
        return pickle.dumps(results)


def calling(calls: Calls, mutant: Mutant) -> list[int]:
    """Return the tests that call a mutant's function, or one inside it, quickest first; of one run at import none."""
    if (mutant.file, mutant.function) not in calls:
        return []
    inside = f"{mutant.function}.<locals>."
    found: dict[int, float] = {}
    for (file, function), tests in calls.items():
        if file == mutant.file and (function == mutant.function or function.startswith(inside)):
            found |= {at: seconds for seconds, at in tests}
    return sorted(found, key=lambda at: found[at])


def apart(works: Sequence[Callable[[], bytes]], *, quiet: bool = True) -> list[bytes]:
    """Return what forked processes answer, working at the same time, "" of one that was ended; `quiet` drops output."""
    children: list[tuple[int, int]] = []
    for work in works:
        read, write = os.pipe()
        child = os.fork()
        if not child:
            os.close(read)
            if quiet:
                sink = os.open(os.devnull, os.O_WRONLY)
                os.dup2(sink, 1)
                os.dup2(sink, 2)
            try:
                with os.fdopen(write, "wb") as answer:
                    answer.write(work())
            finally:
                os._exit(0)
        os.close(write)
        children.append((child, read))
    answers = []
    for child, read in children:
        with os.fdopen(read, "rb") as answer:
            answers.append(answer.read())
        os.waitpid(child, 0)
    return answers


def profiled(session: pytest.Session, share: int, shares: int) -> bytes:
    """Run a share of the tests once; return which functions of the package each calls, and how long it takes."""
    calls: Calls = defaultdict(list)
    prefix = str(ROOT) + "/"
    for at in range(share, len(session.items), shares):
        seen: set[CodeType] = set()

        def note(frame: FrameType, _: str, __: object, seen: set[CodeType] = seen) -> None:
            seen.add(frame.f_code)

        started = time.process_time()
        sys.settrace(note)  # without an answer, only calls are told
        failed = fails(session, at, at + shares)
        sys.settrace(None)
        if failed:
            calls["fails by itself", session.items[at].nodeid] = []  # and so says nothing
            continue
        for code in seen:
            if code.co_filename.startswith(prefix):
                key = code.co_filename.removeprefix(prefix), code.co_qualname
                calls[key].append((time.process_time() - started, at))
    return pickle.dumps(dict(calls))


def fails(session: pytest.Session, at: int, following: int) -> bool:
    """Run one test; return whether it fails."""
    item = session.items[at]
    after = session.items[following] if following < len(session.items) else None
    before = session.testsfailed
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
    return session.testsfailed > before


def verdict(session: pytest.Session, mutant: Mutant, tests: list[int], *, nothing: bool) -> bytes:
    """Return which test kills a mutant, or that none does."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT, CPU_LIMIT))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    if not put(changed(mutant, nothing=nothing)):
        return AFRESH
    for number, at in enumerate(tests):
        following = tests[number + 1] if number + 1 < len(tests) else len(session.items)
        if fails(session, at, following):
            return f"killed: {session.items[at].nodeid}".encode()
    return b"survived"


def main() -> None:
    """Sample, try, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nothing", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many processes work at once")
    parser.add_argument("--output", type=Path, default=Path("mutants.json"))
    parser.add_argument("--only", help="the mutants whose name holds this, of the sample")
    parser.add_argument("--again", type=Path, metavar="FILE", help="those that survived in an earlier run's output")
    parser.add_argument("--tests", default=",".join(TESTS), metavar="A,B", help="of which files, without test_")
    given = parser.parse_args()
    rng = random.Random(given.seed)  # noqa: S311
    sample: list[Mutant] = []
    for area, patterns in AREAS.items():
        files = sorted(f for p in patterns for f in (ROOT / "cnncalc").glob(p) if f.name not in ASIDE)
        every = [mutant for file in files for mutant in mutants(area, file)]
        print(f"{area}: {len(every)} mutants")  # noqa: T201
        sample += every if given.again else rng.sample(every, min(len(every), given.count // len(AREAS)))
    rng.shuffle(sample)
    nothing = rng.sample(sample, given.nothing)
    if given.only:
        sample, nothing = [m for m in sample if given.only in m.name], []
    if given.again:
        earlier = json.loads(given.again.read_text("utf-8"))
        survivors = {row["mutant"] for row in earlier if row["area"] != "nothing" and row["verdict"] == "survived"}
        sample, nothing = [m for m in sample if m.name in survivors], []
    trial = Trial(sample, nothing, given.output, given.jobs)
    tests = [str(file) for name in given.tests.split(",") for file in (ROOT / "tests").glob(f"*/test_{name}.py")]
    pytest.main(["-p", "no:cacheprovider", "-p", "no:randomly", "--tb=no", "-qq", *tests], plugins=[trial])
    told = Counter((result["area"], result["verdict"].split(":")[0]) for result in trial.results)
    for (area, answer), number in sorted(told.items()):
        print(f"{area:10} {answer:10} {number}")  # noqa: T201


if __name__ == "__main__":
    main()
