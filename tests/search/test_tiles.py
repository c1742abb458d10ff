"""`cnncalc tile`: networks are run on whole images and on tiles, in whole numbers, and what is stitched is compared."""

from __future__ import annotations

import json
import random
import re
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

import cnncalc
from cnncalc.cli import run
from cnncalc.search.tile import tile
from cnncalc.source import build_graph

pytest.importorskip("numpy")

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from cnncalc.graph.graph import Graph, Node
    from cnncalc.search.tiling import Tiling

Map: TypeAlias = "NDArray[Any]"

# A network that is run: 64-bit whole numbers that wrap around, so that sums do not depend on their order. Extents are
# not those of the library: each layer computes its own, from the arguments' meaning.


def per_axis(value: Any, rank: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple) else (value,) * rank


def padded(x: Map, op: Any, fill: int = 0) -> Map:
    """Pad a map as the argument says: numbers, `half`, or TensorFlow's `same`."""
    rank = x.ndim - 1
    kernels, strides = per_axis(op.kernel, rank), per_axis(op.stride, rank)
    dilations = per_axis(getattr(op, "dilation", 1), rank)
    around: list[tuple[int, int]] = [(0, 0)]
    for axis in range(rank):
        span = dilations[axis] * (kernels[axis] - 1) + 1
        if op.padding == "half":
            around.append((span // 2, span // 2))
        elif op.padding == "same":
            n = x.shape[axis + 1]
            total = max((-(-n // strides[axis]) - 1) * strides[axis] + span - n, 0)
            around.append((total // 2, total - total // 2))
        else:
            amount = 0 if op.padding == "valid" else per_axis(op.padding, rank)[axis]
            around.append((amount, amount))
    if getattr(op, "padding_mode", "zeros") == "reflect":
        return np.pad(x, around, mode="reflect")
    return np.pad(x, around, constant_values=fill)


def windows(x: Map, op: Any) -> tuple[list[tuple[int, ...]], Callable[[tuple[int, ...]], Map]]:
    """Return the taps of a window on a padded map, and what each of them reads."""
    rank = x.ndim - 1
    kernels, strides = per_axis(op.kernel, rank), per_axis(op.stride, rank)
    dilations = per_axis(getattr(op, "dilation", 1), rank)
    outs = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[1:], kernels, strides, dilations, strict=True)]

    def at(tap: tuple[int, ...]) -> Map:
        cut = tuple(
            slice(t * d, t * d + (o - 1) * s + 1, s) for t, d, o, s in zip(tap, dilations, outs, strides, strict=True)
        )
        return x[(slice(None), *cut)]

    return list(product(*map(range, kernels))), at


def convolved(x: Map, op: Any, weights: Map) -> Map:
    """`weights` are `[out, in, *kernel]`; depthwise ones `[channels, 1, *kernel]`."""
    taps, at = windows(padded(x, op), op)
    if weights.shape[1] == 1 != x.shape[0]:
        flat = weights.reshape(*weights.shape, *[1] * (x.ndim - 1))
        return total([one_tap(flat, tap)[:, 0] * at(tap) for tap in taps])
    return total([np.tensordot(one_tap(weights, tap), at(tap), 1) for tap in taps])


def one_tap(weights: Map, tap: tuple[int, ...]) -> Map:
    index: Any = (slice(None), slice(None), *tap)
    made: Map = weights[index]
    return made


def total(maps: list[Map]) -> Map:
    made: Map = np.sum(np.stack(maps), 0)
    return made


def transposed(x: Map, op: Any, weights: Map) -> Map:
    rank = x.ndim - 1
    kernels, strides = per_axis(op.kernel, rank), per_axis(op.stride, rank)
    size = [(n - 1) * s + k for n, s, k in zip(x.shape[1:], strides, kernels, strict=True)]
    full = np.zeros((weights.shape[0], *size), dtype=np.int64)
    for tap in product(*map(range, kernels)):
        cut = tuple(slice(t, t + (n - 1) * s + 1, s) for t, n, s in zip(tap, x.shape[1:], strides, strict=True))
        full[(slice(None), *cut)] += np.tensordot(one_tap(weights, tap), x, 1)
    if op.padding == "same":
        cuts = [((k - s) // 2, n * s) for n, k, s in zip(x.shape[1:], kernels, strides, strict=True)]
    else:
        amounts = per_axis(op.padding, rank)
        cuts = [(p, n - 2 * p) for p, n in zip(amounts, size, strict=True)]
    return full[(slice(None), *(slice(first, first + n) for first, n in cuts))]


def interpolated(x: Map, factor: int) -> Map:
    """Half-pixel linear interpolation, multiplied by 2*factor on each axis so that it stays whole; edges repeat."""
    for axis in range(1, x.ndim):
        n = x.shape[axis]
        rows = []
        for y in range(n * factor):
            below, rest = divmod(2 * y + 1 - factor, 2 * factor)
            low, high = (np.take(x, min(max(k, 0), n - 1), axis) for k in (below, below + 1))
            rows.append(low * (2 * factor - rest) + high * rest)
        x = np.stack(rows, axis)
    return x


def shuffled(x: Map, f: int) -> Map:
    c, h, w = x.shape[0] // (f * f), *x.shape[1:]
    return x.reshape(c, f, f, h, w).transpose(0, 3, 1, 4, 2).reshape(c, h * f, w * f)


def unshuffled(x: Map, f: int) -> Map:
    c, h, w = x.shape[0], x.shape[1] // f, x.shape[2] // f
    return x.reshape(c, h, f, w, f).transpose(0, 2, 4, 1, 3).reshape(c * f * f, h, w)


def weights_of(node: Node, index: int) -> Map:
    """Odd numbers: a product with them loses nothing, even where 64 bits wrap around."""
    op: Any = node.op
    rank = len(node.in_shapes[0]) - 1
    into = 1 if op.name == "depthwise" else node.in_shapes[0][0]
    out = node.out_shapes[0][0]
    rng = np.random.default_rng(index)
    return 2 * rng.integers(-50, 50, (out, into, *per_axis(op.kernel, rank)), dtype=np.int64) + 1


def layer(node: Node, index: int, xs: list[Map]) -> Map:
    op: Any = node.op
    x = xs[0]
    match op.name:
        case "conv" | "depthwise":
            return convolved(x, op, weights_of(node, index))
        case "conv_transpose":
            return transposed(x, op, weights_of(node, index))
        case "max_pool":
            taps, at = windows(padded(x, op, fill=-(2**63)), op)
            made: Map = np.max(np.stack([at(tap) for tap in taps]), 0)
            return made
        case "avg_pool":
            taps, at = windows(padded(x, op), op)
            return total([at(tap) for tap in taps])
        case "upsample":
            if op.mode != "nearest":
                return interpolated(x, op.scale)
            for axis in range(1, x.ndim):
                x = np.repeat(x, op.scale, axis)
            return x
        case "pixel_shuffle":
            return shuffled(x, op.factor)
        case "pixel_unshuffle":
            return unshuffled(x, op.factor)
        case "crop":
            sizes = per_axis(op.size, x.ndim - 1)
            cuts = (slice((n - o) // 2, (n - o) // 2 + o) for n, o in zip(x.shape[1:], sizes, strict=True))
            return x[(slice(None), *cuts)]
        case "leaky_relu":
            return np.where(x > 0, x, x * 3)
        case "batch_norm":
            factors = np.arange(1, 2 * len(x), 2).reshape(-1, *[1] * (x.ndim - 1))
            return x * factors + factors
        case "add":
            return total(xs)
        case "concat":
            return np.concatenate(xs)
    raise AssertionError(op.name)


def outputs(graph: Graph, image: Map) -> dict[str, Map]:
    made: dict[int, Map] = {-1: image}
    with np.errstate(over="ignore"):
        for index, node in enumerate(graph.nodes):
            made[index] = layer(node, index, [made[before] for before, _ in node.inputs])
    return {name: made[ref[0]] for name, ref in graph.outputs.items()}


def network(spec: dict[str, Any], extents: Sequence[int]) -> Graph:
    graph, _, collector = build_graph(spec, input=[spec["input"][0], *extents])
    assert not collector.errors
    return graph


def encoder_decoder(rng: random.Random) -> dict[str, Any]:
    """A random network with skips: strides, pools and shuffles down, transposed convolutions and resizing up."""
    rank, depth = rng.choice([1, 1, 2, 2, 2, 3]), rng.choice([0, 1, 1, 2, 2])
    depth = min(depth, 1) if rank == 3 else depth
    word = rng.choice(["half", "same", "same"])
    valid = rng.random() < 0.2
    layers: list[dict[str, Any] | str] = []

    def conv(out: int) -> dict[str, Any]:
        kernel = rng.choice([1, 3, 3, 3, 5] if word == "half" or valid else [1, 2, 3, 3, 4])
        made: dict[str, Any] = {"out": out, "kernel": kernel, "padding": "valid" if valid else word}
        if rank < 3 and rng.random() < 0.3:
            made["dilation"] = 2
        elif word == "half" and kernel == 3 and not valid and rng.random() < 0.2:
            made["padding_mode"] = "reflect"
        return {"conv": made}

    layers += [conv(2), "leaky_relu"]
    for level in range(depth):
        layers.append({**conv(2), "as": f"skip{level}"})
        down = rng.choice(["max", "avg", "conv", "deep", "unshuffle"] if not valid else ["max", "avg"])
        if down == "conv":
            kernel = rng.choice([2, 3, 4] if word == "same" else [3, 5])
            layers.append({"conv": {"out": 3, "kernel": kernel, "stride": 2, "padding": word}})
        elif down == "deep":
            layers.append({"depthwise": {"kernel": 3, "stride": 2, "padding": word}})
        elif down == "unshuffle" and rank == 2:
            layers.append({"pixel_unshuffle": 2})
        else:
            layers.append({"avg_pool" if down == "avg" else "max_pool": {"kernel": 2, "stride": 2}})
        layers += [conv(3), "batch_norm"]
    for level in reversed(range(depth)):
        up = rng.choice(["nearest", "linear", "transposed", "wide", "shuffle"])
        if up == "nearest":
            layers.append({"upsample": 2})
        elif up == "linear":
            layers.append({"upsample": {"scale": 2, "mode": ["linear", "bilinear", "trilinear"][rank - 1]}})
        elif up == "shuffle" and rank == 2:
            layers += [{"conv": {"out": 4, "kernel": 1}}, {"pixel_shuffle": 2}]
        else:
            wide = up == "wide" and not valid
            layers.append({"conv_transpose": {"out": 2, "kernel": 4 if wide else 2, "stride": 2, "padding": int(wide)}})
        if valid:
            layers += [{"crop": {"like": "fine"}, "from": f"skip{level}", "as": f"cut{level}"}]
            layers[-2] = {**layers[-2], "as": f"up{level}"}  # type: ignore[dict-item]
            layers[-1] = {"crop": {"like": f"up{level}"}, "from": f"skip{level}", "as": f"cut{level}"}
            layers.append({"concat": [f"up{level}", f"cut{level}"]})
        else:
            layers.append({"concat": ["prev", f"skip{level}"]})
        layers.append(conv(2))
    return {"input": [1, *(64,) * rank], "layers": layers}


def stitched(found: Tiling, spec: dict[str, Any], image: Map, shape: tuple[int, ...]) -> Map:
    whole = np.full(shape, -7, dtype=np.int64)
    (name,) = found.outputs
    for strips in product(*(axis.strips for axis in found.axes)):
        part = image[(slice(None), *(slice(*strip.taken) for strip in strips))]
        made = outputs(network(spec, part.shape[1:]), part)[name]
        to = tuple(slice(*strip.placed[0]) for strip in strips)
        kept = tuple(slice(*strip.kept[0]) for strip in strips)
        whole[(slice(None), *to)] = made[(slice(None), *kept)]
    return whole


def least(spec: dict[str, Any], start: int) -> tuple[int, int]:
    """Return a tile that keeps something, and the step: the first that works, or what its error names."""
    size = start
    while size < 600:
        if not build_graph(spec, input=[spec["input"][0], *(size,) * (len(spec["input"]) - 1)])[2].errors:
            try:
                return size, tile(spec, tile=size).axes[0].align
            except ValueError as error:
                named = re.search(r"the least that keeps something is (\d+)", str(error))
                size = int(named[1]) - 1 if named else size
        size += 1
    raise AssertionError


def images(number: int, extents: Sequence[int]) -> list[Map]:
    """Several, because a maximum may hide what a single one shows."""
    return [np.random.default_rng([number, k]).integers(-99, 99, (1, *extents), dtype=np.int64) for k in range(5)]


@pytest.mark.parametrize("number", range(100))
def test_stitched_tiles_equal_the_whole_and_one_pixel_less_does_not(number: int) -> None:
    rng = random.Random(number)  # noqa: S311
    spec = encoder_decoder(rng)
    rank = len(spec["input"]) - 1
    size, align = least(spec, 4)
    size += align * rng.randrange(3) if rank < 3 else 0
    image = size + align * (rng.randint(3, 7) if rank < 3 else 2)
    found = tile(spec, tile=size, image=image)
    graph = network(spec, (image,) * rank)
    pixels = images(number, (image,) * rank)
    expected = [outputs(graph, one)[found.outputs[0]] for one in pixels]
    assert np.array_equal(stitched(found, spec, pixels[0], expected[0].shape), expected[0])

    # A tile that cuts through the image on its first axis: what is said to be right is, and nothing else.
    start = align * ((image - size) // align // 2)
    part = network(spec, (size, *(image,) * (rank - 1)))
    right: Map = np.array([True])
    for one, whole in zip(pixels, expected, strict=True):
        made = outputs(part, one[:, start : start + size])[found.outputs[0]]
        same = made == whole[:, start : start + made.shape[1]]
        right = right & same.swapaxes(0, 1).reshape(made.shape[1], -1).all(1)
    before, after = found.axes[0].halo
    lost = size - len(right)
    first, last = before - lost // 2, size - after - lost // 2
    assert right[first:last].all()
    assert first == 0 or not right[first - 1]
    assert last == len(right) or not right[last]


def command(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = run(["tile", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_u_net_of_the_paper(capsys: pytest.CaptureFixture[str]) -> None:
    """Its convolutions are valid: 92 pixels are lost on each side (572 gives 388), and four pools step by 16."""
    code, out, _ = command("unet", "--tile", "252", "--image", "380x300", "--format", "json", capsys=capsys)
    data = json.loads(out)
    assert code == 0
    for axis in data["axes"]:
        assert (axis["halo"], axis["align"], axis["step"]) == ([92, 92], 16, 64)
    assert (data["halo"], data["align"], data["step"]) == ([[92, 92]] * 2, [16, 16], [64, 64])
    assert [tile["in"] for tile in data["axes"][0]["tiles"]] == [[0, 252], [64, 316], [128, 380]]
    (name,) = data["outputs"]
    assert [tile["out"][name] for tile in data["axes"][1]["tiles"]] == [[0, 68], [68, 116]]
    assert data["tiles"] == len(data["plan"]) == 6
    whole = cnncalc.analyze("unet", input="1x380x300").totals.macs
    each = cnncalc.analyze("unet", input="1x252x252").totals.macs
    extra = float(Fraction(6 * each, whole) - 1)
    assert data["macs"] == {"tile": each, "tiles": 6 * each, "whole": whole, "extra": extra}
    assert "a tile starts at a multiple of 16" in command("unet", "--tile", "252", capsys=capsys)[1]


CHAIN = {"input": [1, 100], "layers": [{"conv": {"out": 1, "kernel": 5, "padding": "half"}}]}


def test_work_of_a_large_image_is_known_without_one() -> None:
    """Tiles of 20 keep 16: a quarter more."""
    found = tile(CHAIN, tile=20)
    assert found.macs_tile == 100
    assert found.macs_whole == 80
    assert found.extra_macs == found.overlap == Fraction(1, 4)


def test_the_memory_chooses_the_tile() -> None:
    """Input and output of n floats and six parameters: 8n + 24 bytes."""
    assert tile(CHAIN, memory=824).axes[0].tile == 100
    assert tile(CHAIN, memory=831).axes[0].tile == 100
    assert tile(CHAIN, tile=100, memory=824).live_peak == 800
    with pytest.raises(ValueError, match="100 is the largest that stays within"):
        tile(CHAIN, tile=101, memory=824)


@pytest.mark.parametrize(("item", "said"), [
    ("global_avg_pool", "sees the whole map"),
    ({"mul": {"body": ["global_avg_pool", "sigmoid"], "skip": []}}, "sees the whole map"),
    ({"group_norm": 2}, "normalises by a mean over the whole map"),
    ({"conv": {"out": 4, "kernel": 3, "padding": 1, "padding_mode": "circular"}}, "reads around the edge"),
    ({"roll": 2}, "reads around the edge"),
    ({"adaptive_avg_pool": 8}, "in another way when the input grows"),
])  # fmt: skip
def test_what_sees_the_whole_map_is_named(item: Any, said: str) -> None:
    with pytest.raises(cnncalc.SpecError) as caught:
        tile({"input": [2, 64, 64], "layers": [{"conv": {"out": 4, "kernel": 1}}, item]}, tile=32)
    (finding,) = caught.value.diagnostics
    assert finding.code == "not-in-tiles"
    assert said in finding.message


@pytest.mark.parametrize(("arguments", "said"), [
    (["unet", "--tile", "100"], "a tile of 100x100 does not work: 188 does"),
    (["unet", "--tile", "252", "--image", "4096"], "tiles of 240 or 256, or pad or crop the image to 4092 or 4108"),
    (["unet", "--tile", "188"], "the least that keeps something is 204"),
    (["unet", "--tile", "big"], "--tile wants a size"),
    (["unet", "--tile", "252", "--memory", "8GB!"], "--memory"),
    (["unet", "--memory", "1kB"], "does not stay within"),
    (["resnet50", "--tile", "224"], "[not-in-tiles]"),
])  # fmt: skip
def test_what_cannot_be_cut_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = command(*arguments, capsys=capsys)
    assert (code, out) == (2, "")
    assert said in err


def test_a_network_without_layers_is_cut_without_a_halo() -> None:
    found = tile({"input": [3, 64, 48], "layers": [{"relu": None, "when": False}]}, tile=(16, 12), image=(64, 48))
    assert [(axis.halo, axis.align, axis.step, len(axis.strips)) for axis in found.axes] == [
        ((0, 0), 1, 16, 4), ((0, 0), 1, 12, 4)
    ]  # fmt: skip
