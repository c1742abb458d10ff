"""From Python data to a tree without places: the form of `Spec(mapping)` and of the builder."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import NoReturn, cast

from cnncalc.language.literals import LiteralError, check_magnitude, exact
from cnncalc.language.tree import MAX_NESTING, SURROGATE, Map, Node, Scalar, Seq
from cnncalc.values.diagnostics import MAX_REPORTED, Collector, SpecError

MAX_PYTHON_NODES = 2_000_000
"""A Python mapping may stand for at most this many nodes, shared parts counted at every place where they appear."""
_MAX_DENOMINATOR_BITS = 1400


def from_python(data: Mapping[str, object]) -> Map:
    """Turn a Python mapping of the same form as a spec into a tree without places.

    Floats become the exact number that they print as: 0.1 is 1/10.

    Raises:
        SpecError: it contains anything but mappings with string keys, lists, tuples, strings, numbers, booleans and
            None; contains itself; or exceeds a limit of specs.
    """
    found = Collector()
    if not isinstance(data, Mapping):
        found.add("not-a-mapping", f"a spec is a mapping at its top level, this is a {type(data).__name__}",
                  hint="give a dict with 'input' and 'layers'")
        raise SpecError(found.errors)
    root = _Converter(found).convert(data, "", 1)[0]
    found.raise_if_errors()
    return cast("Map", root)


class _Converter:
    """Converts Python data; a container that appears at several places is converted once."""

    __slots__ = ("_done", "_found", "_open")

    def __init__(self, found: Collector) -> None:
        self._found = found
        self._open: set[int] = set()
        self._done: dict[int, tuple[object, tuple[Node, int, int]]] = {}

    def convert(self, data: object, where: str, depth: int) -> tuple[Node, int, int]:
        """Return the node, the number of nodes that it stands for, and its nesting."""
        if not isinstance(data, Mapping | list | tuple):
            try:
                return _scalar_from(data), 1, 0
            except LiteralError as error:
                self._error(error.code, f"{_shown(where)}: {error.message}", error.hint)
                return Scalar(None, True, "null"), 1, 0
        identity = id(data)
        if identity in self._open:
            self._stop("cycle", f"{_shown(where)} contains itself", "break the cycle")
        if identity in self._done:
            result = self._done[identity][1]
        else:
            self._check_nesting(depth, where)
            self._open.add(identity)
            result = self._map(data, where, depth) if isinstance(data, Mapping) else self._seq(data, where, depth)
            self._open.remove(identity)
            self._done[identity] = (data, result)
        _, count, nesting = result
        self._check_nesting(depth + nesting - 1, where)
        if count > MAX_PYTHON_NODES:
            self._stop("file-too-large", f"{_shown(where)} has more than {MAX_PYTHON_NODES:,} values",
                       "use blocks and repeat for what recurs")
        return result

    def _map(self, data: Mapping[object, object], where: str, depth: int) -> tuple[Node, int, int]:
        count, nesting = 1, 0
        by_text: dict[str, tuple[Scalar, Node]] = {}
        for key, value in data.items():
            if not isinstance(key, str):
                self._error("bad-key", f"{_shown(where)}: keys are strings, this one is {_described(key)}",
                            "turn the key into a string")
                continue
            text = str.__str__(key)
            node, nodes, levels = self.convert(value, f"{where}.{text}" if where else text, depth + 1)
            count, nesting = count + nodes, max(nesting, levels)
            by_text[text] = (Scalar(text, False, text), node)
        return Map(by_text), count, nesting + 1

    def _seq(self, data: list[object] | tuple[object, ...], where: str, depth: int) -> tuple[Node, int, int]:
        count, nesting = 1, 0
        items: list[Node] = []
        for index, value in enumerate(data):
            node, nodes, levels = self.convert(value, f"{where}[{index}]", depth + 1)
            count, nesting = count + nodes, max(nesting, levels)
            items.append(node)
        return Seq(items), count, nesting + 1

    def _check_nesting(self, depth: int, where: str) -> None:
        if depth > MAX_NESTING:
            self._stop("too-deep", f"{_shown(where)} is nested more than {MAX_NESTING} deep",
                       "name the inner parts under 'blocks'")

    def _error(self, code: str, message: str, hint: str) -> None:
        self._found.add(code, message, hint=hint)
        if len(self._found.found) >= MAX_REPORTED:
            self._found.raise_if_errors()

    def _stop(self, code: str, message: str, hint: str) -> NoReturn:
        self._found.add(code, message, hint=hint)
        raise SpecError(self._found.errors)


def _scalar_from(data: object) -> Scalar:
    """Return one Python value as a leaf; raise LiteralError when a spec cannot contain it."""
    if data is None:
        return Scalar(None, True, "null")
    if isinstance(data, bool):
        return Scalar(data, True, "true" if data else "false")
    if isinstance(data, str):
        text = str.__str__(data)
        if not text.isascii() and re.search(SURROGATE, text):
            raise LiteralError("control-character", "a surrogate is not a character", "decode the text as UTF-8")
        return Scalar(text, False, text)
    if isinstance(data, float):
        text = float.__repr__(data)
        if not math.isfinite(data):
            raise LiteralError("not-finite", f"{text} is not a finite number", "give a finite number")
        return Scalar(check_magnitude(exact(Fraction(text)), text), True, text)
    if isinstance(data, int | Fraction):
        if data.denominator.bit_length() > _MAX_DENOMINATOR_BITS:
            raise LiteralError("number-too-large", "the denominator of a fraction is too large", "round the fraction")
        value = check_magnitude(exact(Fraction(data)), "given here")
        return Scalar(value, True, str(value))
    raise LiteralError("bad-type", f"a spec cannot contain {_described(data)}",
                       "use dicts, lists, strings, numbers, booleans and None")


def _described(data: object) -> str:
    kind = type(data)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    return f"a value of type {name}"


def _shown(where: str) -> str:
    return (where if len(where) <= 80 else "..." + where[-77:]) or "the spec"
