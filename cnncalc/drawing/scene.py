"""A report -> what is drawn: boxes for layers and folded blocks, edges for tensors, frames around opened blocks.

Boxes stand in the order of execution, so every edge points to a later box.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.drawing.repetition import DrawnRun, LayerSpan, Wiring, runs
from cnncalc.ops.registry import find

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.results.layer import Layer
    from cnncalc.results.report import Report
    from cnncalc.values.shape import Shape

ENOUGH = 100
"""Without a depth, blocks are opened as long as the picture has no more boxes than this."""
DEEPEST = 8
MERGED = {"normalisation", "activation", "regularisation"}
"""Operators of these groups stand in the box of the layer that they follow."""
JOINING = {"merge"}
"""Boxes of these groups are as wide as their words, not as their column."""


@dataclass(slots=True, kw_only=True)
class Box:
    """One box of the picture.

    Attributes:
        kind: input, layer, block or output.
        layers: the layers in it, those of all repetitions.
        size: how many of them are drawn, the first: the layers of one time.
        head: the layer that gives the box its name, in a box of layers.
        path: dotted path of the layer or block; the name of an input or output.
        name: the path inside the frame that it stands in.
        shape: what it makes.
        last: what the last repetition makes, where that differs.
        times: repetitions that it stands for.
    """

    kind: str
    layers: tuple[Layer, ...] = ()
    size: int = 0
    head: Layer | None = None
    path: str = ""
    name: str = ""
    shape: Shape | None = None
    last: Shape | None = None
    times: int = 1

    @property
    def shown(self) -> tuple[Layer, ...]:
        """The layers of the first time."""
        return self.layers[: self.size]

    @property
    def group(self) -> str:
        """The family of its operator: what it is coloured by."""
        return self.kind if self.head is None else family(self.head.op)

    def total(self, key: str) -> int | None:
        """Return the sum of a number over its layers; None where one is unknown."""
        amounts = [getattr(layer, key) for layer in self.layers]
        return None if None in amounts else sum(amounts)


class Edge(NamedTuple):
    """A tensor on its way: from one box to another, by number, and its shape."""

    source: int
    target: int
    shape: Shape


class BlockFrame(NamedTuple):
    """A line around the boxes from `start` to before `stop`: an opened block or what is repeated."""

    start: int
    stop: int
    label: str
    times: int
    level: int

    @property
    def title(self) -> str:
        """Its name and how often it is repeated."""
        return " ".join(filter(None, (self.label, f"\N{MULTIPLICATION SIGN}{self.times}" if self.times > 1 else "")))


@dataclass(slots=True)
class Scene:
    """What is drawn of a network."""

    name: str
    report: Report
    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    frames: list[BlockFrame] = field(default_factory=list)


class ScenePart(NamedTuple):
    """A layer with what follows it, or a block with its parts, in a scope."""

    start: int
    stop: int
    path: str = ""
    level: int = 0

    @property
    def span(self) -> LayerSpan:
        """Its layers."""
        return LayerSpan(self.start, self.stop)


class Again(NamedTuple):
    """How a part is repeated: how often, layers from one time to the next, the path of the last, and who says so."""

    times: int
    step: int
    last: str
    marked: bool

    @property
    def mark(self) -> int:
        """How often, as the part itself says it; 1 where the frame around says it."""
        return self.times if self.marked else 1


def family(op: str) -> str:
    """Return the group of an operator, as `cnncalc ops` lists it."""
    found = find(op)
    return "other" if found is None else found.group


def scene(report: Report, depth: int | None = None, *, whole: bool = False) -> Scene:
    """Return what is drawn of a report.

    Args:
        report: the network.
        depth: blocks inside so many others are one box each, 1 for the outermost; None for what is readable.
        whole: every layer in a box of its own, nothing folded.
    """
    maker = SceneMaker(report)
    if whole:
        return maker.make(DEEPEST, merging=False)
    if depth is not None:
        return maker.make(depth)
    deepest = max((len(layer.calls) for layer in report.layers), default=0) + 1
    for level in range(min(deepest, DEEPEST), 1, -1):
        made = maker.make(level)
        if len(made.boxes) <= ENOUGH:
            return made
    return maker.make(1)


class SceneMaker:
    """Makes scenes of one report."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.layers = report.layers
        self.wiring = Wiring(report.layers, [name for name, _ in report.input], report.output_tensors)

    def make(self, depth: int, *, merging: bool = True) -> Scene:
        """Return the scene with blocks opened down to a depth."""
        made = Scene(self.report.name, self.report)
        self.depth, self.merging, self.made = depth, merging, made
        self.place = [-1] * len(self.layers)
        for name, shape in self.report.input:
            made.boxes.append(Box(kind="input", path=name, shape=shape))
        self.emit(self.parts(LayerSpan(0, len(self.layers)), 0), 0)
        self.connect()
        return made

    def parts(self, span: LayerSpan, level: int) -> list[ScenePart]:
        """Return the parts of a scope: its layers, each with the norms and activations behind it, and its blocks."""
        found: list[ScenePart] = []
        at = span.start
        while at < span.stop:
            calls = self.layers[at].calls
            stop = at + 1
            if len(calls) > level:
                while stop < span.stop and self.layers[stop].calls[level : level + 1] == calls[level : level + 1]:
                    stop += 1
                found.append(ScenePart(at, stop, calls[level], level + 1))
            elif self.merging and found and not found[-1].path and self.follows(found[-1], at):
                found[-1] = ScenePart(found[-1].start, stop)
            else:
                found.append(ScenePart(at, stop))
            at = stop
        return found

    def follows(self, part: ScenePart, layer: int) -> bool:
        """Return whether a layer stands in the box of the one before it."""
        last = part.stop - 1
        return self.wiring.sources[layer] == (last,) and self.wiring.read_only_by(last, layer) and self.minor(layer)

    def minor(self, layer: int) -> bool:
        """Return whether a layer needs no box of its own: it scales, bends or renames values."""
        it = self.layers[layer]
        group = family(it.op)
        renames = group == "shape" and not it.params and [s.elements for s in it.in_shapes] == [it.out_shape.elements]
        return len(it.inputs) == 1 and (group in MERGED or renames)

    def single(self, span: LayerSpan) -> int | None:
        """Return the layer that a chain is about: the only one that is more than a norm or an activation, or None."""
        major = [layer for layer in range(span.start, span.stop) if not self.minor(layer)]
        if len(major) != 1:
            return None
        chained = all(
            self.wiring.sources[layer] == (layer - 1,) and self.wiring.read_only_by(layer - 1, layer)
            for layer in range(span.start + 1, span.stop)
        )
        return major[0] if chained else None

    def emit(self, parts: Sequence[ScenePart], level: int) -> None:
        """Add the boxes and frames of a scope."""
        found = {run.first: run for run in runs([part.span for part in parts], self.wiring)} if self.merging else {}
        at = 0
        while at < len(parts):
            run = found.get(at, DrawnRun(at, 1, 1))
            members = parts[at : at + run.parts]
            step = members[-1].stop - members[0].start
            last = parts[at + run.times - 1].path if run.parts == 1 else ""
            again = Again(run.times, step, last, marked=run.parts == 1)
            start = len(self.made.boxes)
            for member in members:
                self.part(member, level, again)
            if run.parts > 1:
                self.made.frames.append(BlockFrame(start, len(self.made.boxes), "", run.times, level))
            at += run.parts * run.times

    def part(self, part: ScenePart, level: int, again: Again) -> None:
        """Add one part: a box, or the boxes of an opened block in a frame."""
        head = self.single(part.span) if self.merging else None
        if not part.path or head is not None:
            self.box("layer", part, again, part.start if head is None else head)
        elif part.level >= self.depth:
            self.box("block", part, again, None)
        else:
            start = len(self.made.boxes)
            self.emit(self.parts(part.span, level + 1), level + 1)
            for box in self.made.boxes[start:]:
                self.repeat(box, again)
            if len(self.made.boxes) - start > 2 or again.mark > 1:
                label = part.path if again.mark == 1 else joined(part.path, again.last)
                self.made.frames.append(BlockFrame(start, len(self.made.boxes), label, again.mark, level))
                for box in self.made.boxes[start:]:
                    box.name = box.name or box.path.removeprefix(f"{part.path}.")
        for time in range(1, again.times):
            for number in range(part.start, part.stop):
                self.place[number + again.step * time] = self.place[number]

    def repeat(self, box: Box, again: Again) -> None:
        """Let a box inside what is repeated stand for all repetitions."""
        if again.times == 1:
            return
        own = [self.wiring.index[layer.path] for layer in box.layers]
        box.layers += tuple(self.layers[n + again.step * time] for time in range(1, again.times) for n in own)
        end = self.layers[own[box.size - 1] + again.step * (again.times - 1)].out_shape
        box.last = end if end != box.shape else box.last

    def box(self, kind: str, part: ScenePart, again: Again, head: int | None) -> None:
        """Add a box of some layers, all that stand in it repeated."""
        own = range(part.start, part.stop)
        path = joined(part.path, again.last) if again.mark > 1 else part.path
        box = Box(
            kind=kind, layers=tuple(self.layers[n] for n in own), size=len(own), times=again.mark,
            path=path if head is None else self.layers[head].path,
            shape=self.layers[part.stop - 1].out_shape,
            head=None if head is None else self.layers[head],
        )  # fmt: skip
        self.repeat(box, again)
        for number in own:
            self.place[number] = len(self.made.boxes)
        self.made.boxes.append(box)

    def connect(self) -> None:
        """Add the edges, and the outputs of the network."""
        made = self.made
        known: set[tuple[int, int]] = set()
        for number, box in enumerate(made.boxes):
            for layer in box.shown:
                for source, shape in self.reads(layer):
                    start = -1 - source if source < 0 else self.place[source]
                    if start < number and (start, number) not in known:
                        known.add((start, number))
                        made.edges.append(Edge(start, number, shape))
        for (name, shape), tensor in zip(self.report.outputs, self.report.output_tensors, strict=True):
            source = self.wiring.number(tensor)
            made.edges.append(Edge(-1 - source if source < 0 else self.place[source], len(made.boxes), shape))
            made.boxes.append(Box(kind="output", path=name, shape=shape))

    def reads(self, layer: Layer) -> Iterator[tuple[int, Shape]]:
        """Yield what a layer reads: number and shape."""
        number = self.wiring.index[layer.path]
        yield from zip(self.wiring.sources[number], layer.in_shapes, strict=True)


def walk(made: Scene) -> Iterator[tuple[str, int]]:
    """Yield a scene from its first box to its last: `open` and `close` with a frame's number, `box` with a box's."""
    waiting = sorted(range(len(made.frames)), key=lambda n: (made.frames[n].start, -made.frames[n].stop, n))[::-1]
    inside: list[int] = []
    for number in range(len(made.boxes)):
        while waiting and made.frames[waiting[-1]].start == number:
            inside.append(waiting.pop())
            yield "open", inside[-1]
        yield "box", number
        while inside and made.frames[inside[-1]].stop == number + 1:
            yield "close", inside.pop()


def joined(first: str, last: str) -> str:
    """Return the paths of repetitions as one: `layer1.1`, `layer1.3` -> `layer1.1-3`."""
    stem, dot, end = last.rpartition(".")
    if dot and first.rpartition(".")[0] == stem:
        return f"{first}-{end}"
    return first if first == last or not last else f"{first} to {last}"
