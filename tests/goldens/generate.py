"""Random specs, the same ones for the same seed: chains of maps with merges, blocks, repeats and shared weights."""

from __future__ import annotations

import random

import cnncalc

ACTS = ("relu", "silu", "gelu", "{leaky_relu: 0.1}", "hardswish", "prelu", "none")
NORMS = ("batch_norm", "layer_norm", "instance_norm", "{group_norm: 4}", "none")
LARGEST = 5 * 10**4
"""Elements of a map above which it is not upsampled."""

BLOCKS = """\
blocks:
  unit:
    params: {mid: , out: 4*mid, stride: 1, act: relu}
    layers:
      - conv: {out: mid, kernel: 1, norm: batch_norm, act: $act}
      - conv: {out: mid, kernel: 3, stride: stride, padding: half, norm: batch_norm, act: $act}
      - conv: {out: out, kernel: 1}
      - {add: [prev, x], when: stride == 1 and x.c == out}
  gate:
    params: {ratio: 4}
    layers:
      - mul:
          map: []
          weights:
            - adaptive_avg_pool: 1
            - conv: {out: "max(x.c // ratio, 1)", kernel: 1, act: relu}
            - conv: {out: x.c, kernel: 1, act: sigmoid}
  join:
    inputs: [x, skip]
    params: {out: }
    layers:
      - {upsample: {like: skip}, from: x, as: fine}
      - concat: [fine, skip]
      - conv: {out: out, kernel: 3, padding: half, act: relu}
"""


class Chain:
    """The items of a spec as they are made; each keeps the number of channels a multiple of 4."""

    def __init__(self, rng: random.Random, rank: int) -> None:
        self.rng = rng
        self.rank = rank
        self.items: list[str] = []
        self.labels = 0

    def some(self, *values: object) -> str:
        return str(self.rng.choice(values))

    def channels(self) -> str:
        return self.some(8, 12, 16, 24, 32, 48)

    def label(self) -> str:
        self.labels += 1
        return f"l{self.labels}"

    def kernel(self) -> str:
        """Return a kernel, one number or one per axis."""
        if self.rng.random() < 0.3:
            return str([self.rng.choice((1, 3, 5)) for _ in range(self.rank)])
        return self.some(1, 3, 3, 5)

    def stride(self) -> str:
        if self.rng.random() < 0.2:
            return str([self.rng.choice((1, 2)) for _ in range(self.rank)])
        return self.some(1, 1, 1, 2)

    def conv(self, out: str | None = None, stride: str | None = None) -> str:
        padding = self.some("half", "half", "same", "same_lower", 1 if stride is None else "half")
        return (
            f"conv: {{out: {out or self.channels()}, kernel: {self.kernel()}, stride: {stride or self.stride()}, "
            f"padding: {padding}, groups: {self.some(1, 1, 2, 4)}, dilation: {self.some(1, 1, 1, 2)}, "
            f"norm: {self.some(*NORMS)}, act: {self.some(*ACTS)}}}"
        )

    def add(self, *lines: str) -> None:
        self.items += lines

    def step(self) -> None:
        kinds = (
            self.plain, self.pool, self.separable, self.residual, self.inception, self.gated,
            self.called, self.repeated, self.shared, self.divided, self.enlarged, self.transposed,
            self.elementwise, self.joined, self.odd,
        )  # fmt: skip
        self.rng.choice(kinds)()

    def plain(self) -> None:
        self.add(f"- {self.conv()}")

    def pool(self) -> None:
        kind = self.some("max_pool", "avg_pool", "lp_pool")
        padding = f", padding: {self.some(0, 1)}" if kind != "lp_pool" else ""
        self.add(f"- {kind}: {{kernel: {self.some(2, 3)}, stride: {self.some(1, 2)}{padding}}}")

    def separable(self) -> None:
        kind = self.some("depthwise", "separable")
        out = "" if kind == "depthwise" else f"out: {self.channels()}, "
        self.add(f"- {kind}: {{{out}kernel: {self.kernel()}, padding: half, act: {self.some(*ACTS)}}}")

    def residual(self) -> None:
        label = self.label()
        self.add(
            f"- {{conv: {{out: {self.channels()}, kernel: 1}}, as: {label}}}",
            f"- {self.some('add', 'add', 'sub', 'max', 'concat')}:",
            "    body:",
            f"      - {self.conv(f'{label}.c', '1').replace('padding: 1', 'padding: half')}",
            f"      - conv: {{out: {label}.c, kernel: 3, padding: half, norm: {self.some(*NORMS)}}}",
            "    skip: []",
        )

    def inception(self) -> None:
        stride = self.some(1, 2)
        self.add("- concat:")
        for path in "abcd"[: self.rng.randint(2, 4)]:
            self.add(
                f"    {path}:",
                f"      - conv: {{out: {self.channels()}, kernel: {self.some(1, 3, 5)}, padding: half, act: relu}}",
                f"      - conv: {{out: {self.channels()}, kernel: 3, stride: {stride}, padding: half}}",
            )

    def gated(self) -> None:
        self.add(f"- gate: {self.some(2, 4)}")

    def called(self) -> None:
        arguments = f"mid: {self.channels()}, act: {self.some(*ACTS[:5])}"
        self.add(f"- {{unit: {{{arguments}}}, repeat: {self.some(1, 2, 3)}, first: {{stride: {self.some(1, 2)}}}}}")

    def repeated(self) -> None:
        self.add(
            f"- {{conv: {{out: 8*(i + 1), kernel: 3, padding: half}}, repeat: {self.some(0, 2, 3)}, "
            f"first: {{stride: {self.stride()}}}}}"
        )

    def shared(self) -> None:
        label = self.label()
        self.add(
            f"- {{conv: {{out: c_in, kernel: 3, padding: half, norm: batch_norm}}, as: {label}}}",
            f"- max_pool: {self.some(1, 2)}",
            f"- {{conv: , share: {label}}}",
        )

    def divided(self) -> None:
        one, two, three = self.label(), self.label(), self.label()
        self.add(
            f"- conv: {{out: {self.channels()}, kernel: 1}}",
            f"- {{split: 2, as: [{one}, {two}]}}",
            f"- {{conv: {{out: {one}.c, kernel: 3, padding: half}}, from: {two}, as: {three}}}",
            f"- concat: [{one}, {three}]",
            f"- channel_shuffle: {self.some(2, 4)}",
        )

    def enlarged(self) -> None:
        mode = self.some("nearest", {1: "linear", 2: "bilinear", 3: "trilinear"}[self.rank])
        self.add(f"- {{upsample: {{scale: 2, mode: {mode}}}, when: {self.small()}}}")

    def small(self) -> str:
        label = self.label()
        self.add(f"- {{identity: , as: {label}}}")
        return f"{label}.c*{label}.w < {LARGEST // 100}"

    def transposed(self) -> None:
        kernel = self.some("{out: OUT, kernel: 2, stride: 2}", "{out: OUT, kernel: 4, stride: 2, padding: 1}",
                           "{out: OUT, kernel: 3, stride: 2, padding: 1, output_padding: 1}",
                           "{out: OUT, kernel: 3, padding: same, norm: batch_norm}")  # fmt: skip
        self.add(f"- conv_transpose: {kernel.replace('OUT', self.channels())}")

    def elementwise(self) -> None:
        self.add(f"- {self.some('relu', 'batch_norm', 'softmax', 'dropout', 'layer_scale', 'mish', 'tanh: ')}")

    def joined(self) -> None:
        label = self.label()
        self.add(
            f"- {{conv: {{out: {self.channels()}, kernel: 3, padding: half}}, as: {label}}}",
            f"- {self.conv(None, '2')}",
            f"- {{join: {self.channels()}, from: [prev, {label}]}}",
        )

    def odd(self) -> None:
        self.add(self.some(f"- pad: {self.some(1, 2)}", "- channel_mean", "- {relu: , when: c_in > 16}", "- identity",
                           "- slice: [0, c_in // 2]",
                           f"- {{conv: {{out: {self.channels()}, kernel: 3}}, when: wide == 1}}"))  # fmt: skip


def shape(rng: random.Random, rank: int) -> list[int]:
    extents = {1: (128, 1000), 2: (17, 96), 3: (8, 24)}[rank]
    return [rng.choice((1, 3, 4, 16)), *(rng.randint(*extents) for _ in range(rank))]


def candidate(rng: random.Random, name: str) -> str:
    """Return a spec that may be a good one."""
    rank = rng.choice((1, 2, 2, 2, 3))
    chain = Chain(rng, rank)
    chain.add(f"- conv: {{out: {chain.channels()}, kernel: 3, stride: {chain.stride()}, padding: half}}")
    for _ in range(rng.randint(2, 7)):
        chain.step()
    if rng.random() < 0.5:
        chain.add(*rng.choice((
            ("- global_avg_pool", "- flatten", "- linear: 10"),
            ("- adaptive_max_pool: 2", "- flatten", "- linear: {out: 7, bias: false, act: relu}"),
        )))  # fmt: skip
    head = f"cnncalc: 1\nname: {name}\ninput: {shape(rng, rank)}\nvars: {{wide: {rng.randint(0, 1)}}}\n"
    return head + BLOCKS + "layers:\n" + "".join(f"  {line}\n" for line in chain.items)


def specs(count: int, seed: int = 0) -> dict[str, str]:
    """Return so many good specs by name."""
    rng = random.Random(seed)  # noqa: S311 - not a secret
    found: dict[str, str] = {}
    while len(found) < count:
        name = f"random{len(found):02}"
        text = candidate(rng, name)
        try:
            cnncalc.analyze(cnncalc.parse(text))
        except cnncalc.SpecError:
            continue
        found[name] = text
    return found
