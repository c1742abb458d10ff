"""Through the rows of a model file: what each reads, how wide and how deep its module is."""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

from cnncalc.interop.making import Maker
from cnncalc.interop.ultralytics import anchored, attention, blocks, decoder, heads
from cnncalc.interop.ultralytics.place import ModulePlace
from cnncalc.interop.ultralytics.reading import LARGEST, Scaling
from cnncalc.interop.ultralytics.table import HEADS, MODULES
from cnncalc.interop.ultralytics.vision import vision
from cnncalc.values.diagnostics import SpecError
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Graph, Ref
    from cnncalc.interop.ultralytics.reading import ModelFile, ModuleRow
    from cnncalc.language.settings import Overrides
    from cnncalc.values.diagnostics import Collector

ACTIVATION = re.compile(r"(?:torch\.)?nn\.(\w+)\(.*\)$")
NAMES = {"SiLU": "silu", "ReLU": "relu", "LeakyReLU": "leaky_relu", "Hardswish": "hardswish", "GELU": "gelu",
         "Mish": "mish", "ELU": "elu", "ReLU6": "relu6", "Identity": ""}  # fmt: skip
CLASSIFIES = "Classify"
TEXT_WIDTH = 512
READS_TEXT = frozenset(("C2fAttn", "ImagePoolingAttn", "WorldDetect", "YOLOEDetect", "YOLOESegment", "YOLOESegment26"))
DEEPER = frozenset("mlx")
"""The variants whose C3k2 holds C3k throughout."""
RESIDUAL = frozenset("lx")
"""The variants whose A2C2f adds its input."""


def whole_eights(channels: Fraction) -> int:
    """Return channels rounded up to a multiple of 8."""
    return ceil(channels / 8) * 8


class RowReader:
    """One way through the rows of a file."""

    def __init__(self, model: ModelFile, variant: str, overrides: Overrides, collector: Collector) -> None:
        self.model = model
        self.overrides = overrides
        self.maker = Maker(model.file, collector)
        self.variant = variant
        self.scaling: Scaling = model.scales.get(self.variant, model.base)
        self.classes = self.count(overrides.variables.get("nc", model.classes))
        self.values: list[Ref | tuple[Ref, ...]] = []
        self.legacy = True
        self.image: Ref = (-1, 0)
        self.text: Ref | None = None

    def count(self, value: object) -> int:
        """Return a number of classes."""
        text = str(value)
        if not text.isdecimal() or not 0 < int(text) <= LARGEST:
            raise ValueError(f"variable 'nc': needs a whole number of classes, got {text[:40]}")
        return int(text)

    def run(self) -> Graph:
        """Return the network."""
        model = self.model
        self.act = self.activation()
        self.inputs()
        for number, row in enumerate(model.rows):
            self.maker.span, self.maker.who = row.span, row.module
            try:
                self.values.append(self.row(number, row))
            except SpecError:
                raise
            except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError):
                self.maker.fail("has settings that do not go together", hint="compare the row with the module's")
        for number, found in enumerate(self.values):
            for port, ref in enumerate((found,) if isinstance(found[0], int) else found):
                self.maker.results.setdefault(f"model.{number}" if not port else f"model.{number}.{port}",
                                              ref) # fmt: skip
        graph = self.maker.finished()
        graph.variables["nc"] = self.classes
        return graph

    @property
    def anchored(self) -> bool:
        """Whether the file is one of YOLOv5's repository, where boxes are counted by anchors."""
        return "anchors" in self.model.values

    def activation(self) -> str:
        """Return the activation that the file sets for all convolutions."""
        word = self.model.values.get("activation")
        if word is None:
            return "silu"
        match = ACTIVATION.match(str(word))
        found = NAMES.get(match[1]) if match else None
        if found is None:
            self.maker.fail(f"activation '{str(word)[:40]}' is not known",
                            hint=f"one of {', '.join(f'nn.{n}()' for n in NAMES)}")  # fmt: skip
        return found

    def inputs(self) -> None:
        """Give the network its image, and the embeddings of its prompts where a row reads them."""
        modules = {row.module for row in self.model.rows}
        size = 224 if CLASSIFIES in modules else 640
        channels = self.embedding(self.model.values.get("ch", 3))
        shapes: dict[str, tuple[int, ...]] = {"image": (channels, size, size)}
        if modules & READS_TEXT:
            shapes["text"] = (self.classes, TEXT_WIDTH)
        given = dict(self.overrides.inputs or {})
        if "" in given:
            given["image"] = given.pop("")
        for name in given:
            if name not in shapes:
                raise ValueError(f"there is no input '{name}'; this model has {', '.join(shapes)}")
        for name, shape in shapes.items():
            found = given.get(name, shape)
            if len(found) != len(shape) or not all(isinstance(n, int) and n > 0 for n in found):
                raise ValueError(f"the input '{name}' has {len(shape)} axes, got {Shape(found)}")
            ref = self.maker.builder.input(name, Shape(found))
            if name == "text":
                self.text = ref
            else:
                self.image = ref

    def source(self, place: int, number: int) -> Ref | tuple[Ref, ...]:
        """Return what a row reads: an earlier row's result, counted from here where negative."""
        at = number + place if place < 0 else place
        if at == -1 and place == -1:
            return self.image
        if not 0 <= at < number:
            self.maker.fail(f"reads row {place}, which is not before row {number}", hint="name a row above this one")
        return self.values[at]

    def one(self, found: Ref | tuple[Ref, ...]) -> Ref:
        """Return the only tensor of a result."""
        if not isinstance(found[0], int):
            if len(found) != 1:
                self.maker.fail("reads a row that makes several tensors", hint="only CBFuse picks one of them")
            return found[0]
        return found

    def named(self, setting: Any) -> Any:
        """Return a setting, or the file's value of its name."""
        if setting == "nc":
            return self.classes
        if isinstance(setting, str) and setting in self.model.values:
            return self.model.values[setting]
        return setting

    def width(self, channels: Any) -> int:
        """Return channels at the variant's width."""
        if isinstance(channels, bool) or not isinstance(channels, int) or channels < 1:
            self.maker.fail(f"needs a whole number of channels, got {channels}")
        scaling = self.scaling
        most = channels if scaling.most is None else min(channels, scaling.most)
        return whole_eights(most * scaling.width)

    def depth(self, repeats: int) -> int:
        """Return how often a module stands in a row at the variant's depth."""
        return max(round(repeats * self.scaling.depth), 1) if repeats > 1 else repeats

    def row(self, number: int, row: ModuleRow) -> Ref | tuple[Ref, ...]:
        """Add what one row stands for."""
        kind, settings = row.module, [self.named(s) for s in row.settings]
        y = ModulePlace(self.maker, f"model.{number}", self.act)
        sources = [self.source(place, number) for place in row.sources]
        if kind == "CBFuse":
            return blocks.cb_fuse(y, sources, settings[0])
        if kind == "Index":
            parts = sources[0]
            return self.one(parts if isinstance(parts[0], int) else parts[settings[-1]])
        xs = [self.one(found) for found in sources]
        if kind == "Concat":
            return y.joined(xs, "") if len(xs) > 1 else xs[0]
        if kind in HEADS:
            return self.head(kind, y, xs, settings)
        if kind == "C2fAttn":
            return self.text_block(y, xs[0], row, settings)
        if kind == "ImagePoolingAttn":
            self.text = attention.image_pooling(y, xs, self.prompts(), self.embedding(settings[0]))
            return self.text
        if kind == "TorchVision":
            return vision(y, xs[0], settings)
        return self.module(kind, y, xs, row, settings)

    def module(
        self, kind: str, y: ModulePlace, xs: Sequence[Ref], row: ModuleRow, settings: list[Any]
    ) -> Ref | tuple[Ref, ...]:
        """Add a module that reads one tensor, as often as the row says."""
        known = MODULES.get(kind)
        if known is None:
            self.maker.fail("is a module that nobody here knows", code="unknown-module",
                            hint="the modules of the published models are known")  # fmt: skip
        if len(settings) < known.least:
            self.maker.fail(f"has {len(settings)} settings, and needs {known.least}")
        n = self.depth(row.repeats)
        if kind == "Bottleneck" and self.anchored:  # its first convolution is 1x1 there
            settings = [settings[0], *(settings[1:3] or [True]), *[1] * (len(settings) < 3), [1, 3]]
        if known.scaled:
            settings[0] = settings[0] if kind == CLASSIFIES else self.width(settings[0])
        self.legacy &= not known.newer
        if kind == "C3k2" and self.variant in DEEPER:
            settings[1:2] = [True]
        if kind == "A2C2f" and self.variant in RESIDUAL:
            settings += [4][len(settings) - 2 :] if len(settings) == 2 else []
            settings += [True, Fraction(6, 5)]
        x: Ref | tuple[Ref, ...] = xs[0] if kind != CLASSIFIES or len(xs) == 1 else tuple(xs)
        if known.deep is not None:
            before = settings[: known.deep]
            if kind == "HGBlock":
                before = settings[:3] if len(settings) > 2 else [*settings, 3]
            return known.make(y, x, *before, n, *settings[len(before) :])
        for count in range(n):
            x = known.make(y if n == 1 else y.at(count), self.one(x) if kind != CLASSIFIES else x, *settings)
        return x

    # Text.

    def prompts(self) -> Ref:
        """Return the embeddings of the prompts."""
        assert self.text is not None
        return self.text

    def embedding(self, channels: Any) -> int:
        """Return the channels of an embedding, which no variant scales."""
        if isinstance(channels, bool) or not isinstance(channels, int) or channels < 1:
            self.maker.fail(f"needs a whole number of channels, got {channels}")
        return channels

    def text_block(self, y: ModulePlace, x: Ref, row: ModuleRow, settings: list[Any]) -> Ref:
        """Add a C2fAttn, whose embedding and heads the variant scales too."""
        out, embed, times = settings
        most = self.scaling.most or LARGEST
        embed = whole_eights(min(embed, most // 2) * self.scaling.width)
        if times > 1:
            times = int(max(round(min(times, most // 2 // 32)) * self.scaling.width, 1))
        if embed % times:
            self.maker.fail(f"has {times} heads, which do not divide its {embed} channels of embedding")
        return attention.c2f_attn(y, x, self.prompts(), self.width(out), self.depth(row.repeats), embed, times)

    # Heads.

    def wanted(self, *, newer: bool = False) -> heads.Wanted:
        """Return what the file wants of its head."""
        values = self.model.values
        bins, twice = values.get("reg_max", 16), values.get("end2end", False)
        shape = values.get("kpt_shape", [17, 3])
        if isinstance(bins, bool) or not isinstance(bins, int) or not 0 < bins <= 1024:
            self.maker.fail(f"needs a whole number of bins, got reg_max: {bins}")
        if not isinstance(shape, list) or len(shape) != 2 or not all(
            isinstance(n, int) and 0 < n <= LARGEST for n in shape
        ) or shape[1] not in (2, 3):  # fmt: skip
            self.maker.fail(f"needs two numbers, points and values of each, got kpt_shape: {shape}")
        return heads.Wanted(self.classes, self.legacy and not newer, bins, twice is True, (shape[0], shape[1]))  # type: ignore[arg-type]

    def head(self, kind: str, y: ModulePlace, xs: Sequence[Ref], settings: list[Any]) -> Ref:
        """Add what ends the network."""
        newer, anchors = kind.endswith("26"), anchored.anchors_of(settings)
        if self.anchored and anchors is not None and kind == "Detect":
            return anchored.detect(y, xs, self.classes + 5, anchors)
        if self.anchored and anchors is not None and kind == "Segment":
            masks, hidden = self.embedding(settings[2]), self.width(settings[3])
            return anchored.segment(y, xs, self.classes, anchors, masks, hidden)
        if kind == "RTDETRDecoder":
            return decoder.rt_detr(y, xs, self.classes, *settings[1:])
        if kind == "SemanticSegment":
            return heads.semantic(y, xs, self.classes)
        if kind == "Depth":
            return heads.depth(y, xs, settings[0])
        want = self.wanted(newer=kind == "v10Detect")
        if kind == "v10Detect":
            want = heads.Wanted(want.classes, legacy=False, bins=want.bins, twice=True)
        if kind.startswith(("Segment", "YOLOESegment")):
            masks, hidden = self.embedding(settings[1]), self.width(settings[2])
            if kind.startswith("YOLOE"):
                return heads.yoloe_segment(y, xs, self.prompts(), want, masks, hidden, normed=settings[4] is True,
                                           newer=newer)  # fmt: skip
            return heads.segment(y, xs, want, masks, hidden, newer=newer)
        if kind in ("WorldDetect", "YOLOEDetect"):
            make = heads.world if kind == "WorldDetect" else heads.yoloe
            return make(y, xs, self.prompts(), want, normed=settings[2] is True)
        if kind.startswith("Pose"):
            return heads.pose(y, xs, want, newer=newer)
        if kind.startswith("OBB"):
            return heads.oriented(y, xs, want, self.embedding(settings[1]) if len(settings) > 1 else 1)
        return heads.detect(y, xs, want)
