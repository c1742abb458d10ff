"""Formulas of networks as text, LaTeX, plain data, and as modules of functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cnncalc._version import __version__
from cnncalc.numbers.node import INPUT
from cnncalc.numbers.source import DEFINED, DEFINED_ON_ARRAYS, ON_ARRAYS, PYTHON, CodeWriter, own_source, python_step
from cnncalc.numbers.words import LATEX, TEXT, Words, named_steps

if TYPE_CHECKING:
    from cnncalc.numbers.recording import Assigned
    from cnncalc.numbers.words import Style
    from cnncalc.search.formula import Formulas


def _words(found: Formulas, style: Style) -> Words:
    return Words(found.network, {letter.name: letter.under for letter in found.letters}, style)


def wanted(found: Formulas, words: Words) -> list[Assigned]:
    """Return the steps that results, and conditions that are no bounds of letters, are written with."""
    texts = [words.polynomial(p) for p in found.network.outputs.values()] + words.requirements()
    names = {name: number for number, name in words.names.items()}
    pattern = re.compile("|".join(sorted(map(re.escape, names), key=len, reverse=True)) or "$^")
    needed: set[int] = set()
    while texts:
        for name in pattern.findall(texts.pop()):
            step = words.steps[names[name]]
            if step.number not in needed and step.kind != INPUT:
                needed.add(step.number)
                texts.append(words.step(step))
    return [step for step in found.network.steps if step.number in needed]


def to_text(found: Formulas) -> str:
    """Return formulas, the steps they are written with, and what must hold."""
    words = _words(found, TEXT)
    lines = [f"{found.name} in " + ", ".join(f"{one.name} ({one.meaning})" for one in found.letters), ""]
    for name, polynomial in found.network.outputs.items():
        bound = " >=" if name in found.unknown else " ="
        lines.append(f"{name.replace(':', ' ')}{bound} {words.polynomial(polynomial)}")
    steps = wanted(found, words)
    if steps:
        lines += ["", "with", *(f"  {words.names[step.number]} = {words.step(step)}" for step in steps)]
    needed = words.requirements()
    lines += ["", f"for {', '.join(needed)}" if needed else "for all sizes"]
    return "\n".join(lines) + "\n"


def to_latex(found: Formulas) -> str:
    """Return the same as an environment of amsmath."""
    words = _words(found, LATEX)

    def text(name: str) -> str:
        return r"\mathrm{" + name.replace(":", r"\ ").replace("_", r"\_") + "}"

    lines = [f"  {text(name)} &= {words.polynomial(p)}" for name, p in found.network.outputs.items()]
    lines += [f"  {words.names[step.number]} &= {words.step(step)}" for step in wanted(found, words)]
    lines += [f"  &{need}" for need in words.requirements()]
    body = " \\\\\n".join(lines)
    return "\\begin{align*}\n" + body + "\n\\end{align*}\n"


def to_dict(found: Formulas) -> dict[str, Any]:
    """Return everything as plain data."""
    words = _words(found, TEXT)
    return {
        "schema": 1,
        "cnncalc": __version__,
        "name": found.name,
        "letters": [
            {"name": one.name, "value": float(one.value) if one.under > 1 else int(one.value), "step": 1 / one.under,
             "meaning": one.meaning} for one in found.letters
        ],
        "formulas": {name: words.polynomial(p) for name, p in found.network.outputs.items()},
        "steps": {words.names[step.number]: words.step(step) for step in wanted(found, words)},
        "conditions": words.requirements(),
        "lower_bounds": list(found.unknown),
    }  # fmt: skip


class FormulaModule:
    """Writes a module of functions; `arrays` for those of NumPy arrays."""

    def __init__(self, found: Formulas, *, arrays: bool) -> None:
        self.found = found
        self.arrays = arrays
        self.names = named_steps(found.network)
        self.writer = CodeWriter(self.names)
        self.letters = ", ".join(one.name for one in found.letters)
        self.atoms = "".join(f"{name}, " for name in self.names.values()).strip()
        self.needed = ", ".join(_words(found, TEXT).requirements())

    def text(self) -> str:
        """Return the module.

        Raises:
            NotWritableError: a function of the recording has no short form.
        """
        found = self.found
        lines = [f'"""Totals of {found.name} as functions; written by cnncalc {__version__}.', "",
                 *(f"{one.name}: {one.meaning}." for one in found.letters),
                 f"For {self.needed or 'all sizes'}.", '"""', ""]  # fmt: skip
        lines += ["from math import gcd", "", "import numpy as np"] if self.arrays else STANDARD
        used = {step.function for step in found.network.steps}
        for function, text in (DEFINED_ON_ARRAYS if self.arrays else DEFINED).items():
            if function in used:
                lines += ["", "", *text.splitlines()]
        others = {f.__name__: f for f in used if f is not None and f not in DEFINED and f not in PYTHON}
        for name in sorted(others):
            lines += [line for text in own_source(others[name]) for line in ("", "", *text.splitlines())]
            if self.arrays:
                lines += ["", "", f"{name} = np.vectorize({name}, otypes=[np.int64])"]
        lines += ["", "", *(WHOLE_ARRAYS if self.arrays else WHOLE).splitlines(), *self._steps()]
        for name in found.names:
            result = self._result(self.writer.expression(found.network.outputs[name]))
            title = re.sub(r"[^0-9A-Za-z_]", "_", name)
            lines += ["", "", f"def {title}({self.letters}):",
                      f'    """Return {name.replace("_", " ")}."""', *self._taken(),
                      f"    return {result}"]  # fmt: skip
        return "\n".join([*lines, *self._parts()]) + "\n"

    def _steps(self) -> list[str]:
        lines = ["", "", f"def _steps({self.letters}):",
                 '    """Work out what the formulas have in common; ValueError where they do not hold."""']  # fmt: skip
        lines += [f"    {one.name} = _whole({one.name!r}, {one.name}, {one.under})" for one in self.found.letters]
        forms = ON_ARRAYS if self.arrays else None
        lines += [f"    {self.names[step.number]} = {python_step(self.writer, step, forms)}"
                  for step in self.found.network.steps if step.kind != INPUT]  # fmt: skip
        for condition in self.found.network.conditions:
            sign = ("<" if condition.truth else ">=") if condition.less else ("==" if condition.truth else "!=")
            check = f"{self.writer.expression(condition.difference)} {sign} 0"
            lines += [f"    if not {f'np.all({check})' if self.arrays else check}:",
                      f"        raise ValueError({f'holds for {self.needed}'!r})"]  # fmt: skip
        return [*lines, f"    return ({self.atoms})" if self.atoms else "    return ()"]

    def _taken(self) -> list[str]:
        return [f"    ({self.atoms}) = _steps({self.letters})" if self.atoms else f"    _steps({self.letters})"]

    def _result(self, text: str) -> str:
        inner = self.atoms.rstrip(",")
        return f"_exact(lambda {inner}: {text}, {self.atoms.rstrip(',')})" if self.arrays and self.atoms else text

    def _parts(self) -> list[str]:
        outputs = self.found.network.outputs
        inner = [name for name in outputs if ":" in name]
        if not inner:
            return []
        lines = ["", "", f"def parts({self.letters}):", '    """Return the totals of each part, by its path."""',
                 *self._taken(), "    return {"]  # fmt: skip
        for part in dict.fromkeys(name.rpartition(":")[0] for name in inner):
            own = ", ".join(f"{name.rpartition(':')[2]!r}: {self._result(self.writer.expression(outputs[name]))}"
                            for name in inner if name.rpartition(":")[0] == part)  # fmt: skip
            lines.append(f"        {part!r}: {{{own}}},")
        return [*lines, "    }"]


def to_python(found: Formulas) -> str:
    """Return a module with a function for each result; it needs nothing else."""
    return FormulaModule(found, arrays=False).text()


def to_numpy(found: Formulas) -> str:
    """Return a module with a function of NumPy arrays for each result, exact at any size."""
    return FormulaModule(found, arrays=True).text()


STANDARD = ["from fractions import Fraction", "from math import gcd"]
WHOLE = f'''def _whole(name, value, under=1):
    """Return a value as a whole number of units."""
    number = Fraction(str(value))*under
    if number.denominator != 1 or not 1 <= number <= {2**16}*under:
        raise ValueError(f"{{name}} is a multiple of 1/{{under}} above 0 and up to {2**16}, got {{value}}")
    return int(number)
'''
WHOLE_ARRAYS = f'''def _whole(name, values, under=1):
    """Return values as whole numbers of units."""
    scaled = np.asarray(values)*under
    numbers = np.rint(scaled).astype(np.int64)
    if np.any(abs(numbers - scaled) > 1e-6) or np.any(numbers < 1) or np.any(numbers > {2**16}*under):
        raise ValueError(f"{{name}} is a multiple of 1/{{under}} above 0 and up to {2**16}")
    return numbers


def _exact(function, *atoms):
    """Return a sum of products: in 64 bits where no term can be larger, else in Python's integers."""
    sizes = [np.abs(np.asarray(atom)).max(initial=1).astype(float) for atom in atoms]
    if abs(function(*sizes)) < 2.0**60:
        return function(*atoms)
    return function(*(np.asarray(atom).astype(object) for atom in atoms))
'''
