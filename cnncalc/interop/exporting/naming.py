"""A network's layers by the names that another library gives them, in the modules that it nests them in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.graph.rewrite import Rewrite
from cnncalc.interop.exporting.refusing import refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.graph.graph import Graph, Trace

PARTS = (r"", r"\.norm", r"\.act")
"""A layer, its norm and its activation."""


class Scheme:
    """Keys for paths, by lines of a pattern and a key; see `torchvision_names`."""

    def __init__(self, lines: str) -> None:
        self.rules: list[tuple[re.Pattern[str], str]] = []
        for line in filter(None, map(str.strip, lines.splitlines())):
            pattern, key = line.split()
            text = pattern.replace(".*", "*").replace(".", r"\.").replace("*", ".*").replace("@", r"\d+")
            head, brace, rest = key.partition("{")
            parts, _, tail = rest.partition("}")
            keys = [head + part + tail if part else "" for part in parts.split(",")] if brace else [key]
            self.rules += [(re.compile(text + part), one) for part, one in zip(PARTS, keys, strict=False) if one]
        self.units: dict[str, dict[str, int]] = {}

    def key(self, path: str) -> str | None:
        """Return the key of a layer, or None; the layers of a network are asked for in their order."""
        for pattern, key in self.rules:
            match = pattern.fullmatch(path)
            if match is not None:
                return self.filled(match, key)
        return None

    def filled(self, match: re.Match[str], key: str) -> str:
        """Return a key with what its signs stand for."""
        found = ""
        for sign, group, other in re.findall(r"([#+\\])(\d)|([^#+\\]+)", key):
            if not sign:
                found += other
            elif sign == "\\":
                found += match[int(group)]
            else:
                known = self.units.setdefault(found, {})
                found += str(known.setdefault(match.string[: match.end(int(group))], len(known)) + (sign == "+"))
        return found


def renamed(graph: Graph, lines: str, library: str, file: str | None) -> Graph:
    """Return a network whose paths and calls of blocks are another library's.

    Args:
        graph: the network.
        lines: the library's names; see `torchvision_names`.
        library: what it is called.
        file: the spec's, for errors.

    Raises:
        SpecError: a layer with weights has no name there.
    """
    scheme = Scheme(lines)
    keys: list[str] = []
    for node in graph.nodes:
        key = scheme.key(node.path)
        if key is None and node.op.tensors(node.in_shapes):
            raise refused(node, f"it has no name in {library}", file)
        own = node.path.rpartition(".")[2]
        keys.append(own if key is None else f"{key}{own}" if key.endswith(".") else key)
    calls: dict[str, list[Trace]] = {}
    for node, key in zip(graph.nodes, keys, strict=True):
        for scope in scopes_of(key):
            calls.setdefault(scope, []).append(node.trace)
    shared = {scope: common(traces) for scope, traces in calls.items()}
    made = Rewrite(graph)
    for index, key in enumerate(keys):
        made.keep(index, path=key, trace=around(key, shared))
    return made.done()


def scopes_of(key: str) -> list[str]:
    """Return the modules around a layer, outermost first."""
    parts = key.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def common(traces: Iterable[Trace]) -> Trace:
    """Return the calls that all of several layers are in."""
    first, *others = traces
    count = min([len(first), *(sum(1 for _ in same(first, other)) for other in others)])
    return first[:count]


def same(one: Trace, other: Trace) -> Iterable[str]:
    """Yield the calls that two layers are in."""
    for (path, _), (there, _) in zip(one, other, strict=False):
        if path != there:
            return
        yield path


def around(key: str, shared: dict[str, Trace]) -> Trace:
    """Return the modules around a layer; one is of the block that all of it, and not all around it, came from."""
    found, depth = [], 0
    for scope in scopes_of(key):
        calls = shared[scope]
        found.append((scope, calls[-1][1] if len(calls) > depth else None))
        depth = len(calls)
    return tuple(found)
