"""Recordings as machine code: loops over a grid that Numba compiles, where it is installed (extra `compiled`)."""

from __future__ import annotations

from importlib.abc import InspectLoader
from importlib.util import find_spec, module_from_spec, spec_from_loader
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncalc.numbers.arrays import Compiled, Pass
from cnncalc.numbers.node import INPUT
from cnncalc.numbers.source import DEFINED, PYTHON, CodeWriter, NotWritableError, binary, collected, dependencies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from cnncalc.numbers.node import Range
    from cnncalc.numbers.recording import Assigned, Recording
    from cnncalc.numbers.source import Axes

Array = Any
WARM = 4_000_000
"""Designs of a recording that are computed without machine code: as long as making it takes, a second or two."""


class CompiledLoops(Compiled):
    """A recording for arrays, as loops over the axes of a grid; each step stands in the outermost loop that knows it.

    Numbers that 64 bits might not hold, and functions that have no short form, are computed as without compilation, and
    so are the first designs: most recordings of a space never have so many that machine code for them would pay.
    """

    def __init__(
        self, recording: Recording, ranges: Mapping[str, Range], axes: Mapping[str, Axes] | None = None
    ) -> None:
        super().__init__(recording, ranges, axes)
        self._loops: dict[tuple[tuple[str, int], ...], Callable[..., None]] = {}
        self._cold = WARM
        self._short = all(step.kind == INPUT or step.function is None or step.function in {*PYTHON, *DEFINED}
                          for step in recording.steps)  # fmt: skip

    def run(self, given: Mapping[str, Array]) -> Pass:
        """Return the results for integer arrays that broadcast together."""
        if self.exact or not self._short:
            return super().run(given)
        arrays = {name: np.asarray(array) for name, array in given.items()}
        shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
        if self._cold > 0:
            self._cold -= prod(shape)
            return super().run(given)
        along: dict[str, int] = {}
        for name, array in arrays.items():
            wide = [len(shape) - array.ndim + k for k, extent in enumerate(array.shape) if extent > 1]
            if len(wide) > 1:
                return super().run(given)
            along[name] = wide[0] if wide else -1
        key = tuple(along.items())
        try:
            loops = self._loops[key] = self._loops.get(key) or compiled(self.recording, along, len(shape))
        except NotWritableError:
            self._short = False
            return super().run(given)
        holds = np.empty(shape, np.bool_)
        outputs = {name: np.empty(shape, np.int64) for name in self.recording.outputs}
        loops(np.array(shape, dtype=np.int64), holds.reshape(-1), *(array.reshape(-1) for array in arrays.values()),
              *(array.reshape(-1) for array in outputs.values()))  # fmt: skip
        return Pass(holds, outputs)


def loops_of(recording: Recording, along: Mapping[str, int], depth: int) -> str:
    """Return the function that computes a recording over a grid.

    Args:
        recording: what to compute.
        along: for each input the axis that it differs along, -1 where it is the same everywhere.
        depth: the number of axes.

    Raises:
        NotWritableError: a step has no form in code.
    """
    own = {name: frozenset({str(axis)} if axis >= 0 else ()) for name, axis in along.items()}
    depends = dependencies(recording, own)
    names = {step.number: f"x{step.number}" for step in recording.steps}
    writer = CodeWriter(names)
    arrays = {name: f"a{k}" for k, name in enumerate(along)}
    levels: list[list[str]] = [[] for _ in range(depth + 1)]
    for step in recording.steps:
        level = max((int(axis) + 1 for axis in depends[step.number]), default=0)
        text = f"{arrays[step.name]}[{f'i{along[step.name]}' if along[step.name] >= 0 else 0}]" \
            if step.kind == INPUT else step_text(writer, step, depends)  # fmt: skip
        levels[level].append(f"{names[step.number]} = {text}")
    inner = levels[depth]
    checks = []
    for condition in recording.conditions:
        sign = ("<" if condition.truth else ">=") if condition.less else ("==" if condition.truth else "!=")
        checks.append(f"({writer.text(collected(condition.difference, depends))}) {sign} 0")
    inner.append(f"holds[at] = {' and '.join(checks) or 'True'}")
    for k, polynomial in enumerate(recording.outputs.values()):
        inner.append(f"o{k}[at] = {writer.text(collected(polynomial, depends))}")
    results = [f"o{k}" for k in range(len(recording.outputs))]
    lines = [f"def loops({', '.join(['shape', 'holds', *arrays.values(), *results])}):", "    at = 0"]
    for level, body in enumerate(levels):
        lines += ["    " * (level + 1) + line for line in body]
        if level < depth:
            lines.append("    " * (level + 1) + f"for i{level} in range(shape[{level}]):")
    lines.append("    " * (depth + 1) + "at += 1")
    return "\n".join(lines) + "\n"


def step_text(writer: CodeWriter, step: Assigned, depends: Mapping[int, Axes]) -> str:
    """Return what a step computes; numbers are 64-bit ones, so that quotients are floors."""
    args = [writer.text(collected(arg, depends)) if isinstance(arg, dict) else repr(float(arg)) for arg in step.args]
    if step.function is None:
        return binary(step.kind, args)
    form = PYTHON.get(step.function)
    if form is None:
        return f"{step.function.__name__}({', '.join(args)})"
    return form.format(", ".join(args)) if form.endswith("({})") else form.format(*(f"({arg})" for arg in args))


def check_installed() -> None:
    """Raise ImportError with the name of the extra where Numba is missing."""
    if find_spec("numba") is None:
        raise ImportError("compiled sweeps need Numba: pip install 'cnncalc[compiled]'")


def compiled(recording: Recording, along: Mapping[str, int], depth: int) -> Callable[..., None]:
    """Return the same function as machine code."""
    import numba

    module = loaded("from math import gcd\n\n" + "\n\n".join([*DEFINED.values(), loops_of(recording, along, depth)]))
    for function in DEFINED:
        setattr(module, function.__name__, numba.njit(getattr(module, function.__name__)))
    loops: Callable[..., None] = numba.njit(error_model="numpy", boundscheck=False)(module.loops)
    return loops


class _CodeInMemory(InspectLoader):
    """Loads a module from a text: one that was written here, of numbered names, whole numbers and known functions."""

    def __init__(self, text: str) -> None:
        self.text = text

    def get_source(self, fullname: str) -> str:  # noqa: ARG002 - as Python asks for it
        return self.text


def loaded(text: str) -> ModuleType:
    """Return a text as a module."""
    found = spec_from_loader("cnncalc_loops", _CodeInMemory(text))
    assert found is not None  # noqa: S101 - there is a loader
    assert found.loader is not None  # noqa: S101
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module
