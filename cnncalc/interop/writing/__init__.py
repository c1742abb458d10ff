"""From a graph to the text of a spec as a person would write it, for every format.

`speakable` puts the graph into the language's words, `draft` makes items of its layers, `structure` nests them into
merges, `standard` finds the shipped blocks, `blocks` what recurs, `runs` what stands in a row, `names` the labels,
`text` writes it. `equal` holds what was written against the graph; what does not come back as the same network is
written with less structure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.interop.writing.blocks import find_blocks
from cnncalc.interop.writing.draft import drafted
from cnncalc.interop.writing.equal import same
from cnncalc.interop.writing.runs import repeat
from cnncalc.interop.writing.speakable import close, speakable
from cnncalc.interop.writing.standard import find_standard
from cnncalc.interop.writing.structure import Nesting
from cnncalc.interop.writing.text import spec_text
from cnncalc.language.document import parse
from cnncalc.language.settings import Overrides
from cnncalc.language.write import expanded
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.graph.graph import Graph

__all__ = ["flat_spec", "readable_spec"]


def flat_spec(graph: Graph, *, name: str, source: str | None = None, notes: Iterable[str] = ()) -> str:
    """Return a spec with a line for each layer."""
    return expanded(speakable(graph), name=name, source=source, notes=notes)


def readable_spec(graph: Graph, *, name: str, source: str | None = None, notes: Iterable[str] = ()) -> str:
    """Return a spec of the same network as a person would write it: chains, merges with paths, blocks, repetitions."""
    said, notes = close(speakable(graph)), list(notes)
    for shipped, blocks, paths in ((True, True, True), (False, True, True), (False, False, True), (False,) * 3):
        draft = drafted(said)
        if paths:
            Nesting(draft).run()
        if shipped:
            find_standard(draft)
            if not draft.standard:
                continue
        if blocks:
            find_blocks(draft)
        known = {block.name: block for block in (*draft.blocks, *draft.standard)}
        outputs = set(draft.outputs.values())
        for items in (draft.items, *(block.items for block in draft.blocks)):
            repeat(items, known, outputs)
        text = spec_text(draft, name=name, source=source, notes=notes)
        if comes_back(text, said):
            open_text = with_sizes(text, said)
            return open_text if open_text != text and comes_back(open_text, said) else text
    return expanded(said, name=name, source=source, notes=notes)


LARGER = 64
"""How much larger a map is tried, in positions."""


def with_sizes(text: str, graph: Graph) -> str:
    """Return a text with the extents of the input's map as variables, where the network takes others.

    It does where a larger map goes through every layer and changes no parameter.
    """
    shapes = list(graph.inputs.values())
    if len(shapes) != 1 or not 1 < len(shapes[0]) < 5 or "\nvars:" in text:
        return text
    shape = shapes[0]
    try:
        spec = parse(text)
        found = spec.collector()
        wanted = (shape[0], *(n + LARGER for n in shape[1:]))
        larger = spec.expand(Overrides(None, None, {"": wanted}, len(graph.nodes) + 1), found)
    except (SpecError, ValueError):
        return text
    before = [node.op.params(node.in_shapes) for node in graph.nodes]
    after = [node.op.params(node.in_shapes) for node in larger.nodes]
    if found.errors or sorted(map(str, before)) != sorted(map(str, after)):
        return text
    names = ["depth", "height", "width"][-len(shape) + 1 :] if 2 < len(shape) < 5 else ["length"]
    if len(set(shape[1:])) == 1 and len(shape) > 2:
        names, known = ["size"] * (len(shape) - 1), {"size": shape[1]}
    else:
        known = dict(zip(names, shape[1:], strict=True))
    line = f"input: [{', '.join(map(str, shape))}]\n"
    values = ", ".join(f"{name}: {value}" for name, value in known.items())
    return text.replace(line, f"input: [{', '.join([str(shape[0]), *names])}]\nvars: {{{values}}}\n", 1)


def comes_back(text: str, graph: Graph) -> bool:
    """Return whether a text is a spec of the same network."""
    try:
        spec = parse(text)
        found = spec.collector()
        again = spec.expand(Overrides(None, None, None, len(graph.nodes) + 1), found)
    except SpecError:
        return False
    return not found.errors and same(graph, again)
