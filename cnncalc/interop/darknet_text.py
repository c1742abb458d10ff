"""The text of a Darknet network: sections in order, each with its values."""

from __future__ import annotations

from cnncalc.values.diagnostics import Diagnostic, Span, SpecError

SHORT = {
    "conv": "convolutional", "conn": "connected", "max": "maxpool", "avg": "avgpool", "norm": "normalization",
    "batchnorm": "batch_normalize", "soft": "softmax", "lrn": "normalization", "local_avg": "local_avgpool",
}  # fmt: skip
"""Other names of sections."""


class CfgSection:
    """One section of a file: its type, its place, and its values by name."""

    def __init__(self, kind: str, line: int, length: int) -> None:
        self.kind = SHORT.get(kind, kind)
        self.line = line
        self.span = Span(line, 1, length)
        self.values: dict[str, tuple[str, Span]] = {}


def parsed(text: str, file: str | None) -> list[CfgSection]:
    """Return the sections of a text.

    Raises:
        SpecError: a line is neither a section nor a value of one.
    """
    found: list[CfgSection] = []
    for number, row in enumerate(text.splitlines(), 1):
        line = row.strip()
        if not line or line[0] in "#;":
            continue
        if line.startswith("["):
            kind = line.partition("]")[0][1:].strip()
            found.append(CfgSection(kind.lower(), number, len(row.rstrip())))
            continue
        key, equals, value = line.partition("=")
        if not equals or not found:
            message = f"'{line[:40]}' is no 'key=value' of a section"
            raise SpecError([Diagnostic(code="bad-model", message=message, span=Span(number, 1, len(row.rstrip())),
                                        file=file, hint="write [section] first, then key=value")])  # fmt: skip
        at = row.index("=") + 2
        found[-1].values[key.strip()] = value.strip(), Span(number, at, max(len(row.rstrip()) - at + 1, 1))
    return found
