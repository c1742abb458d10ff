"""Modules of convolutions: what each block of the published networks holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.graph.graph import Ref
    from cnncalc.interop.ultralytics.place import ModulePlace

Inner = "Callable[[ModulePlace, Ref], Ref]"
"""A module inside another, as a function of its place and what it reads."""


def conv(y: ModulePlace, x: Ref, out: int, k: int = 1, s: int = 1, p: int | None = None, g: int = 1, d: int = 1,
         act: Any = True) -> Ref: # fmt: skip
    """Conv: convolution, normalisation, activation."""
    return y.conv("", x, out, k, s, p, g, d, act)


def depthwise(y: ModulePlace, x: Ref, out: int, k: int = 1, s: int = 1, d: int = 1, act: Any = True) -> Ref:
    """DWConv: as many groups as channels."""
    return y.depthwise("", x, out, k, s, d, act)


def transposed(y: ModulePlace, x: Ref, out: int, k: int = 2, s: int = 2, p: int = 0) -> Ref:
    """nn.ConvTranspose2d."""
    return y.add("conv_transpose", x, out=out, kernel=k, stride=s, padding=p)


def light(y: ModulePlace, x: Ref, out: int, k: int, act: Any = "relu") -> Ref:
    """LightConv: pointwise without an activation, then depthwise."""
    return y.depthwise("conv2", y.conv("conv1", x, out, act=False), out, k, act=act)


def ghost(y: ModulePlace, x: Ref, out: int, k: int = 1, s: int = 1, g: int = 1, act: Any = True) -> Ref:
    """GhostConv: half the channels, and a cheap 5x5 of each (arXiv:1911.11907)."""
    half = y.conv("cv1", x, out // 2, k, s, None, g, act=act)
    return y.joined([half, y.conv("cv2", half, out // 2, 5, 1, None, out // 2, act=act)])


def ghost_bottleneck(y: ModulePlace, x: Ref, out: int, k: int = 3, s: int = 1) -> Ref:
    """GhostBottleneck: ghost, depthwise where it strides, ghost without an activation, and the input."""
    inner, shortcut = y.at("conv"), x
    main = ghost(inner.at(0), x, out // 2)
    if s == 2:
        main = inner.depthwise(1, main, out // 2, k, s, act=False)
        side = y.at("shortcut")
        shortcut = side.conv(1, side.depthwise(0, x, y.channels(x), k, s, act=False), out, act=False)
    return y.sum([ghost(inner.at(2), main, out, act=False), shortcut])


def bottleneck(y: ModulePlace, x: Ref, out: int, shortcut: bool = True, g: int = 1, k: tuple[int, int] = (3, 3),
               e: Any = 1, *, first: Any = None) -> Ref: # fmt: skip
    """Bottleneck: two convolutions, and the input where it fits."""
    hidden = int(out * e)
    inner = y.conv("cv1", x, hidden, k[0]) if first is None else first(y.at("cv1"), x, hidden)
    inner = y.conv("cv2", inner, out, k[1], 1, None, g)
    return y.sum([x, inner]) if shortcut and y.channels(x) == out else inner


def repeated(y: ModulePlace, x: Ref, n: int, inner: Callable[[ModulePlace, Ref], Ref]) -> Ref:
    """Put a module n times in a row."""
    for number in range(n):
        x = inner(y.at(number), x)
    return x


# Cross-stage blocks: one way with bottlenecks, one without (arXiv:1911.11929).


def csp(y: ModulePlace, x: Ref, out: int, n: int, inner: Callable[[ModulePlace, Ref, int], Ref], e: Any) -> Ref:
    """C3 and its kin: two 1x1 ways, bottlenecks on one, a third 1x1 over both."""
    hidden = int(out * e)
    main = repeated(y.at("m"), y.conv("cv1", x, hidden), n, lambda z, v: inner(z, v, hidden))
    return y.conv("cv3", y.joined([main, y.conv("cv2", x, hidden)]), out)


def c3(y: ModulePlace, x: Ref, out: int, n: int = 1, shortcut: bool = True, g: int = 1, e: Any = 0.5,
       k: tuple[int, int] = (1, 3)) -> Ref: # fmt: skip
    """C3."""
    return csp(y, x, out, n, lambda z, v, c: bottleneck(z, v, c, shortcut, g, k), e)


def c3k(y: ModulePlace, x: Ref, out: int, n: int = 1, shortcut: bool = True, g: int = 1, e: Any = 0.5,
        k: int = 3) -> Ref: # fmt: skip
    """C3k: C3 with kernels of one size."""
    return c3(y, x, out, n, shortcut, g, e, (k, k))


def c3_ghost(y: ModulePlace, x: Ref, out: int, n: int = 1, shortcut: bool = True, g: int = 1,
             e: Any = 0.5) -> Ref: # fmt: skip
    """C3Ghost: C3 with ghost bottlenecks."""
    return csp(y, x, out, n, ghost_bottleneck, e)


def c2(y: ModulePlace, x: Ref, out: int, n: int = 1, shortcut: bool = True, g: int = 1, e: Any = 0.5) -> Ref:
    """C2: a split, bottlenecks on one half."""
    hidden = int(out * e)
    a, b = y.halves(y.conv("cv1", x, 2 * hidden))
    a = repeated(y.at("m"), a, n, lambda z, v: bottleneck(z, v, hidden, shortcut, g))
    return y.conv("cv2", y.joined([a, b]), out)


def fanned(
    y: ModulePlace, x: Ref, out: int, n: int, inner: Callable[[ModulePlace, Ref, int], Ref], e: Any = 0.5
) -> Ref:
    """C2f and its kin: a split, and every module's result beside the halves."""
    hidden = int(out * e)
    ways = list(y.halves(y.conv("cv1", x, 2 * hidden)))
    for number in range(n):
        ways.append(inner(y.at("m").at(number), ways[-1], hidden))
    return y.conv("cv2", y.joined(ways), out)


def c2f(y: ModulePlace, x: Ref, out: int, n: int = 1, shortcut: bool = False, g: int = 1, e: Any = 0.5) -> Ref:
    """C2f."""
    return fanned(y, x, out, n, lambda z, v, c: bottleneck(z, v, c, shortcut, g), e)


def inverted(y: ModulePlace, x: Ref, out: int, shortcut: bool = True, lk: bool = False) -> Ref:
    """CIB: depthwise and pointwise in turn; with `lk` the middle one is a large kernel (arXiv:2405.14458)."""
    entering, z = y.channels(x), y.at("cv1")
    v = z.conv(0, x, entering, 3, g=entering)
    v = z.conv(1, v, 2 * out)
    if lk:
        large = z.at(2)
        both = [large.conv("conv", v, 2 * out, 7, 1, 3, 2 * out, act=False),
                large.conv("conv1", v, 2 * out, 3, 1, 1, 2 * out, act=False)]  # fmt: skip
        v = large.add(y.act, large.sum(both), "act")
    else:
        v = z.conv(2, v, 2 * out, 3, g=2 * out)
    v = z.conv(4, z.conv(3, v, out), out, 3, g=out)
    return y.sum([x, v]) if shortcut and entering == out else v


def c2f_cib(y: ModulePlace, x: Ref, out: int, n: int = 1, shortcut: bool = False, lk: bool = False, g: int = 1,
            e: Any = 0.5) -> Ref: # fmt: skip
    """C2fCIB."""
    return fanned(y, x, out, n, lambda z, v, c: inverted(z, v, c, shortcut, lk), e)


# Down-sampling.


def sc_down(y: ModulePlace, x: Ref, out: int, k: int = 3, s: int = 2) -> Ref:
    """SCDown: pointwise, then depthwise with a stride."""
    return y.conv("cv2", y.conv("cv1", x, out), out, k, s, g=out, act=False)


def a_conv(y: ModulePlace, x: Ref, out: int) -> Ref:
    """AConv: a mean over 2x2, then a strided convolution (arXiv:2402.13616)."""
    return y.conv("cv1", y.add("avg_pool", x, "pool", kernel=2, stride=1), out, 3, 2, 1)


def a_down(y: ModulePlace, x: Ref, out: int) -> Ref:
    """ADown: of the mean one half through a strided convolution, one through a maximum (arXiv:2402.13616)."""
    a, b = y.halves(y.add("avg_pool", x, "pool", kernel=2, stride=1))
    a = y.conv("cv1", a, out // 2, 3, 2, 1)
    b = y.conv("cv2", y.add("max_pool", b, "max", kernel=3, stride=2, padding=1), out // 2)
    return y.joined([a, b])


# Pyramids of pools.


def pooled(y: ModulePlace, x: Ref, k: int, n: int) -> list[Ref]:
    """Return a tensor and n maxima of it, each over the one before."""
    ways = [x]
    for number in range(n):
        ways.append(y.add("max_pool", ways[-1], f"m_{number + 1}", kernel=k, stride=1, padding=k // 2))
    return ways


def spp(y: ModulePlace, x: Ref, out: int, sizes: Sequence[int] = (5, 9, 13)) -> Ref:
    """SPP: maxima over windows of several sizes, beside each other (arXiv:1406.4729)."""
    v = y.conv("cv1", x, y.channels(x) // 2)
    ways = [v, *(y.add("max_pool", v, f"m.{i}", kernel=k, stride=1, padding=k // 2) for i, k in enumerate(sizes))]
    return y.conv("cv2", y.joined(ways), out)


def sppf(y: ModulePlace, x: Ref, out: int, k: int = 5, n: int = 3, shortcut: bool = False) -> Ref:
    """SPPF: maxima in a row, beside each other."""
    ways = pooled(y, y.conv("cv1", x, y.channels(x) // 2, act=False), k, n)
    v = y.conv("cv2", y.joined(ways), out)
    return y.sum([v, x]) if shortcut and y.channels(x) == out else v


def spp_elan(y: ModulePlace, x: Ref, out: int, hidden: int, k: int = 5) -> Ref:
    """SPPELAN."""
    return y.conv("cv5", y.joined(pooled(y, y.conv("cv1", x, hidden), k, 3)), out)


# Layer aggregation (arXiv:2402.13616).


def rep_conv(y: ModulePlace, x: Ref, out: int, s: int = 1) -> Ref:
    """RepConv before it is merged: a 3x3 and a 1x1 beside each other."""
    both = [y.conv("conv1", x, out, 3, s, 1, act=False), y.conv("conv2", x, out, 1, s, 0, act=False)]
    return y.add(y.act, y.sum(both), "act")


def rep_csp(y: ModulePlace, x: Ref, out: int, n: int) -> Ref:
    """RepCSP: C3 whose bottlenecks begin with a RepConv."""
    return csp(y, x, out, n, lambda z, v, c: bottleneck(z, v, c, first=rep_conv), 0.5)


def rep_elan(y: ModulePlace, x: Ref, out: int, c3: int, c4: int, n: int = 1) -> Ref:
    """RepNCSPELAN4."""
    return elan(y, x, out, c3, lambda z, v: z.conv(1, rep_csp(z.at(0), v, c4, n), c4, 3))


def elan1(y: ModulePlace, x: Ref, out: int, c3: int, c4: int) -> Ref:
    """ELAN1."""
    return elan(y, x, out, c3, lambda z, v: z.conv("", v, c4, 3))


def elan(y: ModulePlace, x: Ref, out: int, c3: int, step: Callable[[ModulePlace, Ref], Ref]) -> Ref:
    """Put two steps on one half, and the results of both beside the halves."""
    ways = list(y.halves(y.conv("cv1", x, c3)))
    ways.append(step(y.at("cv2"), ways[-1]))
    ways.append(step(y.at("cv3"), ways[-1]))
    return y.conv("cv4", y.joined(ways), out)


def cb_linear(y: ModulePlace, x: Ref, outs: Sequence[int], k: int = 1, s: int = 1) -> tuple[Ref, ...]:
    """CBLinear: one convolution, cut into parts."""
    return y.parts(y.plain("conv", x, sum(outs), k, s), outs)


def cb_fuse(y: ModulePlace, xs: Sequence[Ref | tuple[Ref, ...]], picks: Sequence[int]) -> Ref:
    """CBFuse: a part of each input at the last one's size, summed with it."""
    *before, last = xs
    size = y.shape(last)[1:]  # type: ignore[arg-type]
    ways: list[Ref] = []
    for number, (given, pick) in enumerate(zip(before, picks, strict=True)):
        if not given or isinstance(given[0], int) or not 0 <= pick < len(given):
            y.fail(f"takes part {pick} of row {number} of those that it reads, which does not have it")
        part: Ref = given[pick]
        same = y.shape(part)[1:] == size
        ways.append(part if same else y.add("upsample", part, f"resize_{number}", size=tuple(size)))
    return y.sum([*ways, last])  # type: ignore[list-item]


# RT-DETR's backbones and necks (arXiv:2304.08069).


def rep_c3(y: ModulePlace, x: Ref, out: int, n: int = 3, e: Any = 1) -> Ref:
    """RepC3: RepConvs on one 1x1 way, summed with another."""
    hidden = int(out * e)
    main = repeated(y.at("m"), y.conv("cv1", x, hidden), n, lambda z, v: rep_conv(z, v, hidden))
    both = y.sum([main, y.conv("cv2", x, hidden)])
    return both if hidden == out else y.conv("cv3", both, out)


def hg_stem(y: ModulePlace, x: Ref, middle: int, out: int) -> Ref:
    """HGStem."""
    v = y.conv("stem1", x, middle, 3, 2, act="relu")
    v = y.add("pad", v, "pad_1", amount=(0, 1, 0, 1))
    a = y.conv("stem2a", v, middle // 2, 2, 1, 0, act="relu")
    a = y.conv("stem2b", y.add("pad", a, "pad_2", amount=(0, 1, 0, 1)), middle, 2, 1, 0, act="relu")
    b = y.add("max_pool", v, "pool", kernel=2, stride=1, ceil=True)
    return y.conv("stem4", y.conv("stem3", y.joined([b, a]), middle, 3, 2, act="relu"), out, act="relu")


def hg_block(y: ModulePlace, x: Ref, middle: int, out: int, k: int = 3, n: int = 6, lightly: bool = False,
             shortcut: bool = False) -> Ref: # fmt: skip
    """HGBlock: every result beside the input, squeezed and widened."""
    ways = [x]
    for number in range(n):
        z = y.at("m").at(number)
        ways.append(light(z, ways[-1], middle, k) if lightly else z.conv("", ways[-1], middle, k, act="relu"))
    v = y.conv("ec", y.conv("sc", y.joined(ways), out // 2, act="relu"), out, act="relu")
    return y.sum([v, x]) if shortcut and y.channels(x) == out else v


def resnet_layer(y: ModulePlace, x: Ref, width: int, s: int = 1, first: bool = False, n: int = 1, e: int = 4) -> Ref:
    """ResNetLayer: the stem, or n bottlenecks (arXiv:1512.03385)."""
    z = y.at("layer")
    if first:
        return z.add("max_pool", z.conv(0, x, width, 7, 2, 3), "1", kernel=3, stride=2, padding=1)
    for number in range(n):
        block, stride, out = z.at(number), s if number == 0 else 1, e * width
        v = block.conv("cv2", block.conv("cv1", x, width), width, 3, stride, 1)
        v = block.conv("cv3", v, out, act=False)
        if stride != 1 or block.channels(x) != out:
            x = block.at("shortcut").conv(0, x, out, 1, stride, act=False)
        x = block.add("relu", block.sum([v, x]), "act")
    return x


def classify(y: ModulePlace, x: Ref | Sequence[Ref], classes: int, k: int = 1, s: int = 1) -> Ref:
    """Classify: 1280 channels, their mean, one linear layer, a softmax."""
    if not isinstance(x[0], int):
        x = y.joined(list(x), "concat")  # type: ignore[arg-type]
    v = y.add("global_avg_pool", y.conv("conv", x, 1280, k, s), "pool")  # type: ignore[arg-type]
    v = y.add("linear", y.add("flatten", v, "flatten"), "linear", out=classes)
    return y.add("softmax", v, "softmax")
