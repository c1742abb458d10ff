"""What networks end in: boxes, classes, masks, key points, angles, depth, from maps of several sizes."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING

from cnncalc.interop.foreign import Cost
from cnncalc.values.shape import Shape
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.graph.graph import Ref
    from cnncalc.interop.ultralytics.place import ModulePlace

ONE = "one2one_"
"""The second set of branches of a head that needs no suppression."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a file wants of its detection head.

    Attributes:
        classes: what it tells apart.
        legacy: whether its branch of classes is of whole convolutions, as before YOLO11.
        bins: the bins of a box's side.
        twice: whether there is a second set of branches, which the output is from.
        keypoints: their number and the values of each.
    """

    classes: int
    legacy: bool = True
    bins: int = 16
    twice: bool = False
    keypoints: tuple[int, int] = (17, 3)


@dataclass(slots=True)
class HeadBranches:
    """What every level of a head has; `extra` names further branches, each with its channels in and out."""

    y: ModulePlace
    xs: Sequence[Ref]
    want: Wanted
    extra: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def box_width(self) -> int:
        """Channels inside the branch of boxes."""
        return max(16, self.y.channels(self.xs[0]) // 4, 4 * self.want.bins)

    @property
    def class_width(self) -> int:
        """Channels inside the branch of classes."""
        return max(self.y.channels(self.xs[0]), min(self.want.classes, 100))

    def three(self, z: ModulePlace, x: Ref, hidden: int, out: int) -> Ref:
        """Add two 3x3 convolutions and a 1x1 that ends them."""
        return z.plain(2, z.conv(1, z.conv(0, x, hidden, 3), hidden, 3), out)

    def boxes(self, z: ModulePlace, x: Ref) -> Ref:
        """Add the branch of boxes at one level."""
        return self.three(z, x, self.box_width, 4 * self.want.bins)

    def classes(self, z: ModulePlace, x: Ref, out: int) -> Ref:
        """Add the branch of classes at one level."""
        width = self.class_width
        if self.want.legacy:
            return self.three(z, x, width, out)
        for number in (0, 1):
            inner, entering = z.at(number), z.channels(x)
            x = inner.conv(1, inner.depthwise(0, x, entering, 3), width)
        return z.plain(2, x, out)

    def all(self, prefix: str, score: Callable[[str, int, Ref], Ref] | None = None, out: int | None = None
            ) -> dict[str, Ref]:  # fmt: skip
        """Add one set of branches and return boxes, scores and the rest, each over all levels `[C, A]`."""
        found: dict[str, list[Ref]] = {"boxes": [], "scores": []}
        for level, x in enumerate(self.xs):
            found["boxes"].append(self.boxes(self.y.at(f"{prefix}cv2").at(level), x))
            v = self.classes(self.y.at(f"{prefix}cv3").at(level), x, out or self.want.classes)
            found["scores"].append(v if score is None else score(prefix, level, v))
            for name, (hidden, wide) in self.extra.items():
                z = self.y.at(f"{prefix}{name}").at(level)
                if wide:
                    v = self.three(z, x, hidden, wide)
                else:  # the key points' branch, whose last convolutions stand apart
                    v = z.conv(1, z.conv(0, x, hidden, 3), hidden, 3)
                    self.y.idle(f"{prefix}{name}_sigma.{level}", v, self.sigmas)
                    v = self.y.plain(f"{prefix}{name}_kpts.{level}", v, prod(self.want.keypoints))
                found.setdefault(name, []).append(v)
        return {name: self.y.positions_joined(refs, f"{prefix}{name}") for name, refs in found.items()}

    def sigmas(self, z: ModulePlace, x: Ref) -> Ref:
        """Add the convolution that training reads the key points' uncertainties from."""
        return z.plain("conv", x, 2 * self.want.keypoints[0])

    def both(self, score: Callable[[str, int, Ref], Ref] | None = None, out: int | None = None) -> dict[str, Ref]:
        """Add the branches, or both sets of them, and return those that the output is from."""
        found = self.all("", score, out)
        if not self.want.twice:
            return found
        for name, ref in found.items():
            self.y.maker.results[f"{self.y.path}.one2many.{name}"] = ref
        return self.all(ONE, score, out)


def decoded(y: ModulePlace, found: dict[str, Ref], want: Wanted) -> list[Ref]:
    """Add what makes boxes of bins, and probabilities of scores."""
    boxes = found["boxes"]
    places = y.shape(boxes)[1]
    if want.bins > 1:
        v = y.add("reshape", boxes, "dfl.bins", shape=(4, want.bins, places))
        v = y.add("softmax", y.add("permute", v, "dfl.turn", axes=(1, 0, 2)), "dfl.softmax")
        v = y.add("conv", v, "dfl.conv", out=1, kernel=1, bias=False)
        boxes = y.add("reshape", v, "dfl.sides", shape=(4, places))
    n = 2 * places
    boxes = y.each(boxes, "decode", "boxes", Shape((4, places)), additions=4 * n, divisions=n, multiplications=2 * n)
    return [boxes, y.add("sigmoid", found["scores"], "sigmoid")]


def detect(y: ModulePlace, xs: Sequence[Ref], want: Wanted) -> Ref:
    """Detect, v10Detect: `[4 + classes, A]` over all positions of all levels."""
    return y.joined(decoded(y, HeadBranches(y, xs, want).both(), want))


def proto(y: ModulePlace, x: Ref, masks: int, hidden: int) -> Ref:
    """Proto: the masks' prototypes at twice the size (arXiv:1904.02689)."""
    v = y.conv("cv1", x, hidden, 3)
    v = y.add("conv_transpose", v, "upsample", out=hidden, kernel=2, stride=2)
    return y.conv("cv3", y.conv("cv2", v, hidden, 3), masks)


def proto26(y: ModulePlace, xs: Sequence[Ref], masks: int, hidden: int, classes: int) -> Ref:
    """Proto26: prototypes of all levels; a branch of classes works in training only."""
    first, size = xs[0], tuple(y.shape(xs[0])[1:])
    width = y.channels(first)
    ways = [first]
    for number, x in enumerate(xs[1:]):
        v = y.at("feat_refine").conv(number, x, width)
        ways.append(y.add("upsample", v, f"resize.{number}", size=size))
    v = y.conv("feat_fuse", y.sum(ways), hidden, 3)
    y.idle("semseg", first, lambda z, r: z.plain(2, z.conv(1, z.conv(0, r, hidden, 3), hidden, 3), classes))
    return proto(y, v, masks, hidden)


def segment(y: ModulePlace, xs: Sequence[Ref], want: Wanted, masks: int, hidden: int, *, newer: bool = False,
            texts: Ref | None = None, normed: bool = True) -> Ref:  # fmt: skip
    """Segment: boxes, classes and mask coefficients, and the prototypes as a second output."""
    name = "cv4" if texts is None else "cv5"
    branches = HeadBranches(y, xs, want, {name: (max(y.channels(xs[0]) // 4, masks), masks)})
    found = prompted(branches, texts, normed=normed) if texts is not None else branches.both()
    z = y.at("proto")
    y.maker.results[z.path] = (proto26(z, xs, masks, hidden, want.classes) if newer
                               else proto(z, xs[0], masks, hidden))  # fmt: skip
    return y.joined([*decoded(y, found, want), found[name]])


def pose(y: ModulePlace, xs: Sequence[Ref], want: Wanted, *, newer: bool = False) -> Ref:
    """Pose: boxes, classes and key points; the newer one has uncertainties and a flow for training beside them."""
    points, values = want.keypoints
    first = y.channels(xs[0]) // 4
    extra = (max(first, points * (values + 2)), 0) if newer else (max(first, points * values), points * values)
    found = HeadBranches(y, xs, want, {"cv4": extra}).both()
    if newer:
        flow(y.at("flow_model"), xs[0])
    keys = found["cv4"]
    shape = y.shape(keys)
    n = points * shape[1]
    keys = y.each(keys, "decode_keypoints", "keypoints", shape, multiplications=4 * n, additions=2 * n,
                  special=n * (values - 2), divisions=n * (values - 2))  # fmt: skip
    return y.joined([*decoded(y, found, want), keys])


FLOW_STEPS, FLOW_WIDTH = 6, 64


def flow(y: ModulePlace, x: Ref) -> None:
    """Add the weights of the flow that training fits the key points' errors with (arXiv:1605.08803)."""
    layer = FLOW_WIDTH * 3 + FLOW_WIDTH * (FLOW_WIDTH + 1) + 2 * (FLOW_WIDTH + 1)
    cost = Cost(outs=(y.shape(x),), params=2 * FLOW_STEPS * layer, biases=2 * FLOW_STEPS * (2 * FLOW_WIDTH + 2),
                buffers=2 + 4 + 2 * FLOW_STEPS, moved=False, same=True)  # fmt: skip
    y.maker.declare("idle", [x], y.path, cost)


def oriented(y: ModulePlace, xs: Sequence[Ref], want: Wanted, values: int = 1) -> Ref:
    """OBB: boxes, classes and angles."""
    found = HeadBranches(y, xs, want, {"cv4": (max(y.channels(xs[0]) // 4, values), values)}).both()
    angle = found["cv4"]
    n = y.shape(angle).elements
    angle = y.each(angle, "decode_angle", "angle", y.shape(angle), special=n, additions=2 * n, divisions=n,
                   multiplications=n)  # fmt: skip
    return y.joined([*decoded(y, found, want), angle])


# Classes by text (arXiv:2401.17270, arXiv:2503.07465).


def prompted(branches: HeadBranches, text: Ref, *, normed: bool) -> dict[str, Ref]:
    """Add branches whose scores are the likeness of a position to each prompt of `text`, `[prompts, width]`."""
    y = branches.y
    prompts, width = y.shape(text)

    def score(prefix: str, level: int, v: Ref) -> Ref:
        z = y.at(f"{prefix}cv4").at(level)
        shape = z.shape(v)
        v = z.add("batch_norm", v, "norm") if normed else each_length(z, v, "unit")
        flat = z.add("reshape", v, "flat", shape=(width, prod(shape[1:])))
        likeness = z.add("matmul", (each_length(z, text, "text"), flat), "scores")
        out = z.shape(likeness)
        cost = Cost(outs=(out,), params=2, biases=1, same=True,
                    work=Work(multiplications=out.elements, additions=out.elements))  # fmt: skip
        scaled = y.maker.declare("scale", [likeness], f"{z.path}.scale", cost)[0]
        return z.add("reshape", scaled, "map", shape=(prompts, *shape[1:]))

    return branches.both(score, width)


def each_length(z: ModulePlace, x: Ref, name: str) -> Ref:
    """Add what brings every vector to length one."""
    n = z.shape(x).elements
    vectors = n // (z.shape(x)[0] if len(z.shape(x)) == 3 else z.shape(x)[-1])
    return z.each(x, name, "normalize", z.shape(x), multiplications=n, additions=n - vectors, special=vectors,
                  divisions=n)  # fmt: skip


def world(y: ModulePlace, xs: Sequence[Ref], text: Ref, want: Wanted, *, normed: bool) -> Ref:
    """WorldDetect."""
    return y.joined(decoded(y, prompted(HeadBranches(y, xs, want), text, normed=normed), want))


def yoloe(y: ModulePlace, xs: Sequence[Ref], text: Ref, want: Wanted, *, normed: bool) -> Ref:
    """YOLOEDetect."""
    prompt_encoders(y, xs, text, want)
    return world(y, xs, text, want, normed=normed)


def yoloe_segment(y: ModulePlace, xs: Sequence[Ref], text: Ref, want: Wanted, masks: int, hidden: int, *, normed: bool,
                  newer: bool = False) -> Ref:  # fmt: skip
    """YOLOESegment."""
    prompt_encoders(y, xs, text, want)
    return segment(y, xs, want, masks, hidden, newer=newer, texts=text, normed=normed)


def prompt_encoders(y: ModulePlace, xs: Sequence[Ref], text: Ref, want: Wanted) -> None:
    """Add the weights that make prompts ready before the first image, for text and for marked boxes."""
    width = y.shape(text)[1]
    hidden = HeadBranches(y, xs, want).class_width

    def adapt(z: ModulePlace, x: Ref) -> None:
        wide = z.add("linear", x, "w12", out=4 * width, axis="last")
        z.add("linear", z.add("slice", z.add("permute", wide, "turn", axes=(1, 0)), "half", channels=(0, 2 * width)),
              "w3", out=width, axis="channel")  # fmt: skip

    y.idle("reprta", text, adapt)
    for level, x in enumerate(xs):
        y.idle(f"savpe.cv1.{level}", x, lambda z, r: z.conv(1, z.conv(0, r, hidden, 3), hidden, 3))
        y.idle(f"savpe.cv2.{level}", x, lambda z, r: z.conv(0, r, hidden))
    inside = 16

    def encode(z: ModulePlace, x: Ref) -> None:
        z.plain("cv3", x, width)
        features = z.plain("cv4", x, inside, 3)
        marks = z.plain("cv5", z.add("slice", x, "marks", channels=(0, 1)), inside, 3)
        z.plain("cv6.1", z.conv("cv6.0", z.joined([features, marks], "both"), inside, 3), inside, 3)

    y.idle("savpe", xs[0], encode, Shape((len(xs) * hidden, *y.shape(xs[0])[1:])))


# Dense results.


def semantic(y: ModulePlace, xs: Sequence[Ref], classes: int) -> Ref:
    """SemanticSegment: classes at every position of the first map; the second has a branch for training."""
    width, z = y.channels(xs[0]), y.at("classifier")
    if len(xs) > 1:
        y.idle("aux_head", xs[1], lambda p, r: p.plain(1, p.conv(0, r, width, 3), classes))
    return z.plain(1, z.conv(0, xs[0], width, 3), classes)


def depth(y: ModulePlace, xs: Sequence[Ref], middle: int) -> Ref:
    """Depth: levels fused from the smallest up, and one value at twice the size of the largest."""
    ways = [y.at("proj").conv(number, x, middle) for number, x in enumerate(xs)]
    v = ways[-1]
    for number in range(len(ways) - 2, -1, -1):
        up = y.add("upsample", v, f"up.{number}", size=tuple(y.shape(ways[number])[1:]), mode="bilinear")
        z = y.at("refine").at(number)
        v = z.conv(1, z.conv(0, y.sum([ways[number], up], f"fuse.{number}"), middle, 3), middle, 3)
    z = y.at("head")
    v = z.add("conv_transpose", z.conv(0, v, middle // 2, 3), "1", out=middle // 2, kernel=2, stride=2)
    v = z.plain(3, z.conv(2, v, middle // 4, 3), 1)
    out = y.shape(v)
    cost = Cost(outs=(out,), buffers=2, same=True,
                work=Work(multiplications=out.elements, additions=out.elements, special=out.elements))  # fmt: skip
    return y.maker.declare("calibrate", [v], f"{y.path}.calibrate", cost)[0]
