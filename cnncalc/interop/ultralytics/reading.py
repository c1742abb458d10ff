"""From the text of a model file to its rows, each value with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from cnncalc.language.tree import Map, Scalar, Seq
from cnncalc.language.yaml_text import read
from cnncalc.values.diagnostics import Diagnostic, SpecError

if TYPE_CHECKING:
    from pathlib import Path

    from cnncalc.language.tree import Node
    from cnncalc.values.diagnostics import Span

Setting: TypeAlias = "bool | int | Fraction | str | list[Setting] | None"
"""A value of a row: a number, a word, nothing, or a list of these."""
MAX_ROWS = 1000
LARGEST = 2**20
"""No channel count, kernel or repeat of a file is larger."""
SECTIONS = ("backbone", "head")
SCALE = re.compile(r"yolo(?:e-)?v?\d+([nslmxb])(?![a-z0-9])|(?<![a-z])(?:yolo|rtdetr)[a-z0-9-]*-([nslmxb])$")
"""Where the name of a file says its scale: behind the version, or at the end."""
DEFAULT_CLASSES = 80


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """One line of a file: what it reads, how often its module stands in a row, and the module with its settings."""

    sources: tuple[int, ...]
    repeats: int
    module: str
    settings: tuple[Setting, ...]
    span: Span | None
    places: tuple[Span | None, ...]


@dataclass(frozen=True, slots=True)
class Scaling:
    """How much of the written depth and width a variant has, and its most channels before the scaling."""

    depth: Fraction = Fraction(1)
    width: Fraction = Fraction(1)
    most: int | None = None


@dataclass(frozen=True, slots=True)
class ModelFile:
    """What a file says.

    Attributes:
        file: its name.
        rows: backbone and head.
        scales: its variants.
        base: the scaling without a variant.
        classes: what it tells apart.
        values: its other settings by name.
        span: the place of its first key.
    """

    file: str | None
    rows: tuple[ModuleRow, ...]
    scales: dict[str, Scaling]
    base: Scaling
    classes: int
    values: dict[str, Setting]
    span: Span | None


def scale_named(name: str, scales: dict[str, Scaling]) -> str:
    """Return the variant that a file's name says, else the first."""
    match = SCALE.search(name.lower())
    letter = next((group for group in match.groups() if group), None) if match else None
    return letter if letter in scales else next(iter(scales))


def load(source: Path | bytes, file: str | None) -> ModelFile:
    """Return what a model file says.

    Raises:
        SpecError: it is no YAML, or says something else.
    """
    tree, _ = read(source if isinstance(source, bytes) else source.read_bytes(), file)
    return _Loading(tree, file).model()


class _Loading:
    """One way through the tree of a file."""

    def __init__(self, tree: Map, file: str | None) -> None:
        self.tree = tree
        self.file = file

    def fail(self, message: str, node: Node | None = None, hint: str | None = None) -> NoReturn:
        span = node.span if node is not None else self.tree.span
        raise SpecError([Diagnostic(code="bad-model", message=message, span=span, file=self.file, hint=hint)])

    def model(self) -> ModelFile:
        rows: list[ModuleRow] = []
        for section in SECTIONS:
            node = self.tree.get(section)
            if node is None:
                self.fail(f"has no '{section}:'", hint="write backbone: and head:, each a list of rows")
            if isinstance(node, Scalar) and node.value is None:
                continue
            rows += [self.row(item) for item in self.items(node, section)]
        if not rows:
            self.fail("has no rows", hint="write [from, repeats, module, settings]")
        if len(rows) > MAX_ROWS:
            self.fail(f"has more than {MAX_ROWS:,} rows")
        known = {key.text: self.value(node) for key, node in self.tree.entries
                 if key.text not in (*SECTIONS, "scales")}  # fmt: skip
        classes = known.get("nc", DEFAULT_CLASSES)
        if isinstance(classes, bool) or not isinstance(classes, int) or not 0 < classes <= LARGEST:
            self.fail(f"needs a whole number of classes, got nc: {classes}", self.tree.get("nc"))
        base = Scaling(self.factor("depth_multiple"), self.factor("width_multiple"))
        return ModelFile(self.file, tuple(rows), self.scales(), base, classes, known, self.tree.span)

    def items(self, node: Node, what: str) -> list[Node]:
        if not isinstance(node, Seq):
            self.fail(f"'{what}' is a list of rows", node, "write [from, repeats, module, settings]")
        return node.items

    def factor(self, key: str) -> Fraction:
        node = self.tree.get(key)
        return Fraction(1) if node is None else self.number(node, key)

    def number(self, node: Node, what: str) -> Fraction:
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | Fraction) or not 0 < value <= LARGEST:
            self.fail(f"needs a positive number for '{what}'", node)
        return Fraction(value)

    def scales(self) -> dict[str, Scaling]:
        node = self.tree.get("scales")
        if node is None:
            return {}
        if not isinstance(node, Map):
            self.fail("'scales' gives depth, width and most channels by letter", node, "n: [0.33, 0.25, 1024]")
        found = {}
        for key, entry in node.entries:
            if not isinstance(entry, Seq) or len(entry.items) != 3:
                self.fail(f"scale '{key.text}' is [depth, width, most channels]", entry, "n: [0.33, 0.25, 1024]")
            depth, width, most = (self.number(item, key.text) for item in entry.items)
            found[key.text] = Scaling(depth, width, int(most))
        return found

    def row(self, node: Node) -> ModuleRow:
        if not isinstance(node, Seq) or len(node.items) != 4:
            self.fail("a row is [from, repeats, module, settings]", node, "as [-1, 1, Conv, [64, 3, 2]]")
        sources, repeats, module, settings = node.items
        listed = sources.items if isinstance(sources, Seq) else [sources]
        times = self.value(repeats)
        if isinstance(times, bool) or not isinstance(times, int) or not 0 < times <= MAX_ROWS:
            self.fail(f"a module stands 1 to {MAX_ROWS} times in a row, got {times}", repeats)
        if not isinstance(module, Scalar) or not isinstance(module.value, str):
            self.fail("the third of a row is the name of a module", module)
        if not isinstance(settings, Seq):
            self.fail("the last of a row is the list of its module's settings", settings, "write [] for none")
        reads = []
        for item in listed:
            place = self.value(item)
            if isinstance(place, bool) or not isinstance(place, int):
                self.fail("a row reads rows by number, -1 for the one before", item)
            reads.append(place)
        if not reads:
            self.fail("a row reads at least one row", sources, "write -1 for the one before")
        values, spans = tuple(map(self.value, settings.items)), tuple(item.span for item in settings.items)
        return ModuleRow(tuple(reads), times, module.value, values, node.span, spans)

    def value(self, node: Node) -> Setting:
        """Return a value: `None` is nothing."""
        if isinstance(node, Seq):
            return [self.value(item) for item in node.items]
        if not isinstance(node, Scalar):
            return None
        if node.plain and node.value == "None":
            return None
        value = node.value
        if isinstance(value, int | Fraction) and not isinstance(value, bool) and not -LARGEST <= value <= LARGEST:
            self.fail(f"{node.text[:20]} is too large", node)
        return value
