"""A report as JSON text, piece by piece: a layer is written when its turn comes, what layers share is worded once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cnncalc.results.layer import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.results.layer import Layer
    from cnncalc.results.report import Report

MOST_KEPT = 4096
"""How many texts of a group are kept: layers that are alike stand close to each other."""

encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


class Rows:
    """Writes layers, each as an object on one line; what is equal from layer to layer is looked up."""

    def __init__(self) -> None:
        self._kept: list[dict[Any, str]] = [{} for _ in GROUPS]

    def text(self, layer: Layer) -> str:
        """Return the layer's `to_dict()` as JSON."""
        parts = []
        for (key_of, entries), kept in zip(GROUPS, self._kept, strict=True):
            if key_of is None:
                parts.append(encode(entries(layer))[1:-1])
                continue
            key = key_of(layer)
            text = kept.get(key)
            if text is None:
                if len(kept) >= MOST_KEPT:
                    kept.clear()
                text = kept[key] = encode(entries(layer))[1:-1]
            parts.append(text)
        return f"{{{', '.join(filter(None, parts))}}}"


def json_lines(report: Report) -> Iterator[str]:
    """Yield a report's JSON, one key a line and one layer a line: short, quick, and kind to `diff`."""
    before = "{\n"
    for key, value in report.entries():
        yield f"{before}  {encode(key)}: "
        before = ",\n"
        if key == "layers" and report.layers:
            row, last = Rows().text, len(report.layers) - 1
            yield "[\n"
            for index, layer in enumerate(report.layers):
                yield f"    {row(layer)}{',' if index < last else ''}\n"
            yield "  ]"
        elif isinstance(value, list) and value:
            yield "[\n    " + ",\n    ".join(map(encode, value)) + "\n  ]"
        else:
            yield encode(value)
    yield "\n}"
