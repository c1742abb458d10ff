"""Writes builder_ops.pyi: the operators as typed methods, from their classes, for type checkers and editors.

`python -m cnncalc.builder_stub > cnncalc/builder_ops.pyi`; with `--plugins` those of installed plug-ins too.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any

from cnncalc.language.schema import builtin
from cnncalc.language.write import ordered
from cnncalc.ops import base as ops
from cnncalc.ops.arguments import REFERENCE

HEAD = '''\
"""The operators as methods of a network; written from their classes by `python -m cnncalc.builder_stub`."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Literal, TypeAlias, TypedDict, Unpack, overload

from cnncalc.builder import Branches, Handle, Source, Word

class MergeModifiers(TypedDict, total=False):
    """What may stand beside the sources of a merge."""

    label: str | Sequence[str]
    from_: Source | Sequence[Source]
    each: Mapping[str, object]
    repeat: int | str
    tied: bool
    when: bool | str
    accept: Sequence[str]
    bits: Mapping[str, object]
    density: float | str

class Modifiers(MergeModifiers, total=False):
    """What may stand beside the arguments of a layer."""

    first: Mapping[str, object]
    share: Source
'''
SIMPLE = {"integer": "int", "boolean": "bool", "null": "None", "string": "str"}


def stub(*, plugins: bool = False) -> str:
    """Return the text of the stub file."""
    classes = [cls for cls in ops.operators() if plugins or builtin(cls)]
    parts = [HEAD]
    for role, name in (("act", "Activation"), ("norm", "Normalisation")):
        words = [f'        "{cls.name}",' for cls in classes if cls.role == role]
        lines = [f"{name}: TypeAlias = (", "    Literal[", *words, '        "none",', "    ]"]
        parts.append("\n".join([*lines, "    | Word", "    | Mapping[str, object]", "    | None", ")"]))
    parts.append("\nclass OperatorMethods:")
    for cls in classes:
        parts += _merge(cls) if cls.sources is None else [_method(cls)]
    return "\n".join(parts) + "\n"


def python_type(form: dict[str, Any]) -> str:
    """Return the Python type of what a JSON Schema of an argument accepts."""
    return " | ".join(dict.fromkeys(_alternatives(form)))


def _alternatives(form: dict[str, Any]) -> list[str]:
    if "$ref" in form:
        return [{"act": "Activation", "norm": "Normalisation"}[form["$ref"].rpartition("/")[2]]]
    if "enum" in form:
        words = ", ".join(f'"{text}"' for text in form["enum"])
        return [f"Literal[{words}]"]
    if form == REFERENCE:
        return ["Word"]
    if "anyOf" in form:
        return [kind for inner in form["anyOf"] for kind in _alternatives(inner)]
    if form["type"] == "array":
        return [f"Sequence[{python_type(form['items'])}]"]
    if form["type"] == "number":
        return ["float", "Fraction"]
    if form["type"] == "object":
        return ["Mapping[str, object]"]
    return [SIMPLE[form["type"]]]


def _method(cls: type[ops.Operator]) -> str:
    lines = [f"    def {cls.name}(", "        self,"]
    arguments = ordered(cls)
    lines += [f"        {_parameter(declared)}" for declared in arguments if declared.main]
    others = [f"        {_parameter(declared)}" for declared in arguments if not declared.main]
    if any(declared.like for declared in arguments):
        others.append("        like: Source = ...,")
    if others:
        lines += ["        *,", *others]
    lines.append("        **modifiers: Unpack[Modifiers],")
    return "\n".join([*lines, "    ) -> Handle:", *_docstring(cls)])


def _merge(cls: type[ops.Operator]) -> list[str]:
    own = "".join(f"{_parameter(declared)} " for declared in ordered(cls))
    rest = f"{own}**modifiers: Unpack[MergeModifiers]"
    opened = f"*, {rest}" if own else rest
    joined = f"self, one: Source, two: Source, /, *more: Source, {rest}"
    return [
        "    @overload",
        f"    def {cls.name}(self, {opened}) -> Branches:",
        *_docstring(cls),
        "    @overload",
        f"    def {cls.name}({joined}) -> Handle: ...",
    ]


def _parameter(declared: ops.Arg) -> str:
    return f"{declared.name}: {python_type(declared.kind.schema())} = ...,"


def _docstring(cls: type[ops.Operator]) -> list[str]:
    summary = " ".join(inspect.cleandoc(cls.__doc__ or cls.name).split("\n\n")[0].split())
    return [f'        """{summary}"""', ""]


if __name__ == "__main__":
    sys.stdout.write(stub(plugins="--plugins" in sys.argv[1:]))
