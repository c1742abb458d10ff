"""The blocks that come with cnncalc, of `use: [std]`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cnncalc.language.tree import Map, Node, Scalar, Seq
from cnncalc.language.yaml_text import read

FILE = Path(__file__).parent / "std" / "blocks.yaml"


@cache
def standard() -> Map:
    """Return the shipped blocks as a file; without places, so that a mistake in a call is located at the call."""
    root, collector = read(FILE.read_bytes(), str(FILE))
    collector.raise_if_errors()
    key = Scalar("blocks", plain=True, text="blocks")
    return Map({"blocks": (key, _placeless(root))})


def standard_block(name: str) -> dict[str, str] | None:
    """Return the parameters of a shipped block with the texts of their defaults; None where there is no such block."""
    blocks = standard().get("blocks")
    body = blocks.get(name) if isinstance(blocks, Map) else None
    if not isinstance(body, Map):
        return None
    params = body.get("params")
    if not isinstance(params, Map):
        return {}
    return {key.text: value.text if isinstance(value, Scalar) else "" for key, value in params.entries}


def _placeless(node: Node) -> Node:
    if isinstance(node, Map):
        return Map({key.text: (_bare(key), _placeless(value)) for key, value in node.entries})
    return Seq([_placeless(entry) for entry in node.items]) if isinstance(node, Seq) else _bare(node)


def _bare(node: Scalar) -> Scalar:
    return Scalar(node.value, plain=node.plain, text=node.text)
