"""Darknet networks (`.cfg`): sections in order, each a layer that reads the one before it.

Follows the program of AlexeyAB/darknet: a value is the number that its text begins with, what follows is a remark.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from cnncalc.graph.build import GraphBuilder
from cnncalc.interop.darknet_steps import STEPS
from cnncalc.interop.darknet_text import CfgSection, parsed
from cnncalc.interop.foreign import Cost, Declared, DeclaredProduct, ForeignSpec
from cnncalc.ops.registry import find
from cnncalc.values.diagnostics import Diagnostic, Span, SpecError
from cnncalc.values.shape import Shape
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.graph.graph import Graph, Ref
    from cnncalc.language.settings import Overrides
    from cnncalc.ops.operator import Operator
    from cnncalc.values.diagnostics import Collector

MAX_BYTES = 2**20
MAX_LAYERS = 20_000
LARGEST = 2**40
NETWORK = ("net", "network")
NUMBER = re.compile(r"\s*([+-]?\d+(?:\.\d*)?)")
ACTIVATIONS = {
    "relu": "relu", "relu6": "relu6", "leaky": "leaky_relu", "logistic": "sigmoid", "tanh": "tanh", "swish": "silu",
    "mish": "mish", "elu": "elu", "selu": "selu", "gelu": "gelu", "hardtan": "hardtanh", "relie": "leaky_relu",
}  # fmt: skip
"""The activations that are operators of the language; `linear` is none."""
SLOPES = {"leaky": Fraction(1, 10), "relie": Fraction(1, 100)}
ELEMENTWISE = {
    "ramp": Work(multiplications=2, additions=1, comparisons=1), "loggy": Work(additions=2, divisions=1, special=1),
    "plse": Work(multiplications=1, additions=1, comparisons=2), "lhtan": Work(multiplications=1, additions=1,
    comparisons=2), "revleaky": Work(multiplications=1, comparisons=1),
}  # fmt: skip
"""What an activation without an operator does to each element (`activations.h`)."""
HEADS = frozenset({"yolo", "region", "detection", "gaussian_yolo", "iseg", "cost", "dropout", "contrastive", "empty"})
"""Sections that leave the shape as it is, and have no weights."""


def times(work: Work, n: int) -> Work:
    """Return what is done to `n` elements."""
    return Work(**{kind: n * count for kind, count in work.to_dict().items()})


def read(source: Path | bytes, file: str | None) -> ForeignSpec:
    """Return the network of a Darknet file, or of its bytes.

    Raises:
        SpecError: it cannot be read.
    """
    data = source if isinstance(source, bytes) else source.read_bytes()
    if len(data) > MAX_BYTES:
        raise SpecError([Diagnostic(code="file-too-large", message="a network description has at most 1 MiB",
                                    span=Span(1, 1), file=file, hint="name a .cfg file")])  # fmt: skip
    sections = parsed(data.decode("utf-8", "replace"), file)

    def build(overrides: Overrides, collector: Collector) -> Graph:
        return CfgReader(sections, file, overrides, collector).run()

    name = Path(file).stem if file and file != "-" else None
    return ForeignSpec(build, name=name, format="a Darknet network", file=file)


class CfgReader:
    """One way through the sections of a file."""

    def __init__(
        self, sections: list[CfgSection], file: str | None, overrides: Overrides, collector: Collector
    ) -> None:
        self.sections = sections
        self.file = file
        self.overrides = overrides
        self.collector = collector
        self.builder = GraphBuilder(file)
        self.results: list[Ref] = []
        self.paths: list[str] = []
        self.section = sections[0] if sections else CfgSection("net", 1, 1)

    def run(self) -> Graph:
        """Return the network."""
        if not self.sections or self.sections[0].kind not in NETWORK:
            self.fail("the first section is not [net]", hint="name a Darknet network")
        if len(self.sections) > MAX_LAYERS:
            self.fail(f"has more than {MAX_LAYERS:,} sections", code="too-many-layers")
        current = self.builder.input("input", self.input())
        for index, section in enumerate(self.sections[1:]):
            self.section = section
            current = self.layer(index, section, current)
            self.results.append(current)
        if not self.results or self.results[-1][0] < 0:
            self.fail("has no layers", code="no-layers", hint="name a network with layers")
        graph = self.builder.graph()
        graph.outputs.clear()
        read = {ref for node in graph.nodes for ref in node.inputs}
        for path, ref in zip(self.paths, self.results, strict=True):
            if ref not in read:
                graph.outputs.setdefault(path, ref)
        return graph

    def input(self) -> Shape:
        """Return the shape of the input: what was asked for, else that of the file."""
        given = next(iter((self.overrides.inputs or {}).values()), None)
        if given is not None:
            return Shape(given)
        size = [self.number(key) for key in ("channels", "height", "width")]
        if not any(size[1:]):
            values = self.number("inputs")
            if values < 1:
                self.fail("has neither width, height and channels nor inputs", hint="say --input 3x416x416")
            return Shape((values,))
        for key, extent in zip(("channels", "height", "width"), size, strict=True):
            if extent < 1:
                self.fail(f"has {key}={extent}", key=key, hint="say --input 3x416x416")
        return Shape(size)

    def fail(
        self, message: str, *, key: str | None = None, code: str = "bad-model", hint: str | None = None
    ) -> NoReturn:
        """Give the file up, at a section or one of its values."""
        span = self.section.values[key][1] if key in self.section.values else self.section.span
        raise SpecError([Diagnostic(code=code, message=f"[{self.section.kind}] {message}", span=span, file=self.file,
                                    hint=hint)])  # fmt: skip

    # Values.

    def number(self, key: str, default: int = 0) -> int:
        """Return a whole number; as the program does, what follows the number is not read."""
        text = self.section.values.get(key)
        if text is None:
            return default
        match = NUMBER.match(text[0])
        value = int(float(match[1])) if match else 0
        if abs(value) > LARGEST:
            self.fail(f"{key}={text[0][:20]} is too large", key=key)
        return value

    def at_least(self, key: str, default: int, least: int = 1) -> int:
        """Return a whole number that must not be smaller."""
        value = self.number(key, default)
        if value < least:
            self.fail(f"{key} is at least {least}, got {value}", key=key)
        return value

    def word(self, key: str, default: str) -> str:
        """Return a word."""
        text = self.section.values.get(key)
        return text[0].split("#")[0].split()[0] if text and text[0].split("#")[0].split() else default

    def layers(self, key: str, index: int) -> list[int]:
        """Return layers by number: counted from here where negative."""
        text = self.section.values.get(key)
        if text is None:
            self.fail(f"says no {key}", hint=f"write {key}=-1")
        numbers = []
        for part in text[0].split("#")[0].split(","):
            match = NUMBER.match(part)
            if match is None:
                continue
            value = int(float(match[1]))
            place = index + value if value < 0 else value
            if not 0 <= place < index:
                self.fail(f"{key} names layer {value}, which is not before layer {index}", key=key,
                          hint="name a layer before this one")  # fmt: skip
            numbers.append(place)
        if not numbers:
            self.fail(f"{key} names no layer", key=key, hint=f"write {key}=-1")
        return numbers

    # Layers.

    def layer(self, index: int, section: CfgSection, x: Ref) -> Ref:
        """Add what one section stands for."""
        self.path = self.builder.free(f"{section.kind}_{index}")
        self.paths.append(self.path)
        kind = section.kind
        if kind in HEADS:
            return self.add("identity", [x])
        if kind in STEPS:
            return STEPS[kind](self, x)
        make: Callable[[int, Ref], Ref] | None = getattr(self, f"_{kind}", None) if kind.isidentifier() else None
        if make is None:
            return self.unknown(x, f"[{kind}] is a section that nobody here knows")
        return make(index, x)

    def add(
        self, name: str, inputs: list[Ref], path: str | None = None, shares: str | None = None, **arguments: Any
    ) -> Ref:
        """Add an operator of the language."""
        cls = find(name)
        if cls is None:
            self.fail(f"needs the operator '{name}', which is not there")
        try:
            op: Operator = cls(**arguments)
        except ValueError as error:
            self.fail(str(error))
        return self.builder.add(op, inputs, path or self.path, span=self.section.span, shares=shares)[0]

    def declare(self, inputs: list[Ref], cost: Cost, reason: str = "", *, product: bool = False) -> Ref:
        """Add a layer that no operator of the language is."""
        cls = DeclaredProduct if product else Declared
        op = cls.of(cost, self.section.kind, reason)
        return self.builder.add(op, inputs, self.path, span=self.section.span)[0]

    def unknown(self, x: Ref, reason: str) -> Ref:
        """Add a layer of unknown cost, of the shape that enters."""
        self.collector.add("unknown-cost", f"layer '{self.path}': {reason}; totals are lower bounds", self.section.span,
                           severity="warning", hint="read the sums as at least so much")  # fmt: skip
        return self.declare([x], Cost(outs=(self.builder.shape(x),), params=None, macs=None, work=None), reason)

    def activated(self, x: Ref, default: str = "logistic") -> Ref:
        """Add the section's activation."""
        word = self.word("activation", default)
        if word == "linear":
            return x
        known = ACTIVATIONS.get(word)
        path = f"{self.path}.{word}"
        if not known:
            shape = self.builder.shape(x)
            each = ELEMENTWISE.get(word)
            cost = Cost(outs=(shape,), work=each and times(each, shape.elements), same=True)
            op = Declared.of(cost, word, "" if each else f"the activation {word} has no operator")
            return self.builder.add(op, [x], path, span=self.section.span)[0]
        return self.add(known, [x], path, slope=SLOPES[word]) if word in SLOPES else self.add(known, [x], path)

    def normed(self, x: Ref, path: str | None = None, shares: str | None = None) -> Ref:
        """Add the section's batch normalisation."""
        if not self.number("batch_normalize"):
            return x
        return self.add("batch_norm", [x], f"{path or self.path}.norm", shares=shares and f"{shares}.norm")

    def map(self, x: Ref) -> Ref:
        """Return a map; a vector becomes one of a single position."""
        shape = self.builder.shape(x)
        return x if len(shape) == 3 else self.add("reshape", [x], f"{self.path}.map", shape=(shape[0], 1, 1))

    def vector(self, x: Ref) -> Ref:
        """Return a vector."""
        return x if len(self.builder.shape(x)) == 1 else self.add("flatten", [x], f"{self.path}.flatten")

    def _convolutional(self, index: int, x: Ref) -> Ref:
        x = self.map(x)
        filters, size = self.at_least("filters", 1), self.at_least("size", 1)
        stride = self.at_least("stride", 1)
        strides = self.at_least("stride_y", stride), self.at_least("stride_x", stride)
        blurred = bool(self.number("antialiasing"))
        dilation = self.at_least("dilation", 1) if size > 1 else 1
        padding = size // 2 if self.number("pad") else self.at_least("padding", 0, 0)
        shares = None
        if "share_index" in self.section.values:
            (lender,) = self.layers("share_index", index)[:1]
            shares = self.paths[lender]
        out = self.add(
            "conv", [x], shares=shares, out=filters, kernel=size, stride=1 if blurred else strides,
            padding=padding * dilation, dilation=dilation, groups=self.at_least("groups", 1),
            bias=not self.number("batch_normalize"),
        )  # fmt: skip
        made = self.activated(self.normed(out, shares=shares))
        return self.blurred(made, strides) if blurred else made

    def blurred(self, x: Ref, strides: tuple[int, int]) -> Ref:
        """Add the fixed filter of each channel that strides for the layer: 3x3, or 2x2 where it says 2."""
        shape, size = self.builder.shape(x), 2 if self.number("antialiasing") == 2 else 3
        extents = [(n + 2 * (size == 3) - size) // s + 1 for n, s in zip(shape[1:], strides, strict=True)]
        if min(extents) < 1:
            self.fail(f"a window of {size} does not fit the input {shape}", code="window-does-not-fit")
        out = Shape((shape[0], *extents))
        macs = out.elements * size * size
        cost = Cost(outs=(out,), macs=macs, work=Work(multiplications=macs, additions=macs - out.elements))
        op = DeclaredProduct.of(cost, "antialiasing")
        return self.builder.add(op, [x], f"{self.path}.blur", span=self.section.span)[0]

    def _connected(self, index: int, x: Ref) -> Ref:
        out = self.add("linear", [self.vector(x)], out=self.at_least("output", 1),
                       bias=not self.number("batch_normalize"))  # fmt: skip
        return self.activated(self.normed(out))

    def _local(self, index: int, x: Ref) -> Ref:
        x = self.map(x)
        shape = self.builder.shape(x)
        filters, size, stride = self.at_least("filters", 1), self.at_least("size", 1), self.at_least("stride", 1)
        padded = bool(self.number("pad"))
        extents = [(n - 1 if padded else n - size) // stride + 1 for n in shape[1:]]
        if min(extents) < 1:
            self.fail(f"a window of {size} does not fit the input {shape}", code="window-does-not-fit")
        places, depth = prod(extents), size * size * shape[0]
        weights, biases = depth * filters * places, filters * places
        out = self.declare(
            [x], Cost(outs=(Shape((filters, *extents)),), params=weights + biases, biases=biases, macs=weights,
                      work=Work(multiplications=weights, additions=weights)), product=True,
        )  # fmt: skip
        return self.activated(out)

    def _maxpool(self, index: int, x: Ref) -> Ref:
        return self.pooled(x, "max_pool")

    def _local_avgpool(self, index: int, x: Ref) -> Ref:
        return self.pooled(x, "avg_pool")

    def pooled(self, x: Ref, name: str) -> Ref:
        """Add a pool: padded by its size less one in all, the smaller half before."""
        shape = self.builder.shape(x)
        if self.number("maxpool_depth"):
            out = Shape((self.at_least("out_channels", 1), *shape[1:]))
            work = Work(comparisons=max(shape.elements - out.elements, 0))
            return self.declare([x], Cost(outs=(out,), work=work, same=True))
        stride = self.at_least("stride", 1)
        strides = self.at_least("stride_y", stride), self.at_least("stride_x", stride)
        if self.number("antialiasing"):
            return self.blurred(self.windowed(x, name, (1, 1), stride), strides)
        return self.windowed(x, name, strides, stride)

    def windowed(self, x: Ref, name: str, strides: tuple[int, int], stride: int) -> Ref:
        """Add a pool's windows."""
        size = self.at_least("size", stride)
        padding = self.at_least("padding", size - 1, 0)
        before, after = padding // 2, padding - padding // 2
        if after <= size // 2:
            return self.add(name, [x], kernel=size, stride=strides, padding=(before, after, before, after))
        wide = self.add("pad", [x], f"{self.path}.pad", amount=(before, after, before, after))
        return self.add(name, [wide], kernel=size, stride=strides)

    def _avgpool(self, index: int, x: Ref) -> Ref:
        return self.add("global_avg_pool", [x])

    def _upsample(self, index: int, x: Ref) -> Ref:
        stride = self.number("stride", 2)
        if stride < 0:  # the other way: the sum of each window
            shape = self.builder.shape(x)
            out = Shape((shape[0], *(max(n // -stride, 1) for n in shape[1:])))
            work = Work(additions=max(shape.elements - out.elements, 0))
            return self.declare([x], Cost(outs=(out,), work=work))
        return self.add("upsample", [x], scale=self.at_least("stride", 2))

    def _reorg(self, index: int, x: Ref) -> Ref:
        name = "pixel_shuffle" if self.number("reverse") else "pixel_unshuffle"
        return self.add(name, [x], factor=self.at_least("stride", 1))

    _reorg3d = _reorg

    def _route(self, index: int, x: Ref) -> Ref:
        sources = [self.results[n] for n in self.layers("layers", index)]
        groups, group = self.at_least("groups", 1), self.number("group_id")
        parts = []
        for number, ref in enumerate(sources):
            if groups == 1:
                parts.append(ref)
                continue
            channels = self.builder.shape(ref)[0]
            if channels % groups or not 0 <= group < groups:
                self.fail(f"groups={groups} do not part {channels} channels, or have no group {group}", key="groups")
            width = channels // groups
            path = self.path if len(sources) == 1 else f"{self.path}.{number}"
            parts.append(self.add("slice", [ref], path, channels=(group * width, (group + 1) * width)))
        if len(parts) == 1:
            return self.add("identity", parts) if groups == 1 else parts[0]
        return self.add("concat", parts)

    def _shortcut(self, index: int, x: Ref) -> Ref:
        sources = [x, *(self.results[n] for n in self.layers("from", index))]
        shape = self.builder.shape(x)
        others = [self.builder.shape(ref) for ref in sources[1:]]
        for number, other in enumerate(others):
            if other[1:] != shape[1:]:
                self.strided(self.paths[self.layers("from", index)[number]], other, shape)
        if self.word("weights_type", "none") != "none":
            kind = self.word("weights_type", "none")
            values = len(sources) * (shape[0] if kind == "per_channel" else 1)
            work = Work(multiplications=shape.elements * len(sources), additions=shape.elements * len(others))
            return self.activated(
                self.declare(sources, Cost(outs=(shape,), params=values, work=work, same=True)), "linear"
            )
        if all(other == shape for other in others):
            return self.activated(self.add("add", sources), "linear")
        common = sum(prod(min(n, m) for n, m in zip(shape, other, strict=True)) for other in others)
        cost = Cost(outs=(shape,), work=Work(additions=common), same=all(o[1:] == shape[1:] for o in others))
        return self.activated(self.declare(sources, cost), "linear")

    def strided(self, path: str, other: Shape, shape: Shape) -> None:
        """Warn of an addend of another size: the first program takes places of the larger map at equal steps.

        Raises:
            SpecError: the sizes are no whole multiple of each other, the same one on both axes.
        """
        said = f"adds '{path}' of {other} to a map of {shape}: their sizes differ"
        if len(other) != 3 or len(shape) != 3:
            self.fail(said, key="from", code="shape-mismatch")
        ratios = {Fraction(n, m) for n, m in zip(other[1:], shape[1:], strict=True)}
        whole = len(ratios) == 1 and min(ratio := ratios.pop(), 1 / ratio).numerator == 1
        if not whole:
            self.fail(said, key="from", code="shape-mismatch", hint="the program refuses it too")
        self.collector.add("strided-shortcut", f"[shortcut] {said}; every place of the smaller one is added, as "
                           "pjreddie/darknet does (AlexeyAB/darknet refuses it)", self.section.values["from"][1],
                           severity="warning", hint="stride the other branch too")  # fmt: skip

    def _scale_channels(self, index: int, x: Ref) -> Ref:
        (source,) = self.layers("from", index)[:1]
        return self.activated(self.add("mul", [self.results[source], x]), "linear")

    def _sam(self, index: int, x: Ref) -> Ref:
        (source,) = self.layers("from", index)[:1]
        return self.activated(self.add("mul", [x, self.results[source]]), "linear")

    def _softmax(self, index: int, x: Ref) -> Ref:
        return self.add("softmax", [self.vector(x)])

    def _normalization(self, index: int, x: Ref) -> Ref:
        return self.add("local_response_norm", [x], size=self.at_least("size", 5))

    def _batch_normalize(self, index: int, x: Ref) -> Ref:
        return self.add("batch_norm", [x])

    def _activation(self, index: int, x: Ref) -> Ref:
        return self.activated(x, "linear")

    def _crop(self, index: int, x: Ref) -> Ref:
        return self.add("crop", [x], size=(self.at_least("crop_height", 1), self.at_least("crop_width", 1)))
