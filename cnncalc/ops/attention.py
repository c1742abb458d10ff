"""Products of activations with each other: attention, and the plain product of two matrices."""

from __future__ import annotations

from math import prod

from cnncalc.numbers.doors import exactly
from cnncalc.ops.arguments import Boolean, Integer, Kind, PerAxis, Word, whole
from cnncalc.ops.foreign import Foreign, known_as
from cnncalc.ops.operator import INPUTS, OUTPUT, Composite, Operator, Part, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.ops.windows import AxisValue, per_axis
from cnncalc.values.axis import IDENTITY, WHOLE, Parts, Reach, Table
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.record import record
from cnncalc.values.shape import Shape
from cnncalc.values.tensor import Tensor
from cnncalc.values.work import Work


@record
class Past:
    """The windows of a causal axis: every position reads itself and what lies before it."""

    def __getitem__(self, x: int) -> tuple[int, int]:
        return 0, x


class _Bias(Kind):
    """Whether a learned bias is added to the scores, or how many values of it each head has."""

    def check(self, value: object, name: str) -> bool | int:
        return value if isinstance(value, bool) else whole(value, name, 1)

    def schema(self) -> dict[str, object]:
        return {"anyOf": [{"type": "boolean"}, *Integer(1).schema()["anyOf"]]}

    def describe(self) -> str:
        return "true, false, or the number of values per head"


class _Attending(Operator):
    """What attention and the layers that it stands for share: the arguments, the groups of keys, and who sees whom."""

    group = "attention"

    heads: int = arg(Integer(1), default=1, main=True, aliases=("num_heads",), symbol="h", doc="heads of the queries")
    kv_heads: int | None = arg(
        Integer(1), default=None, aliases=("num_kv_heads",), doc="heads of keys and values; as the queries by default"
    )
    window: AxisValue | None = arg(
        PerAxis(1), default=None, symbol="w", doc="size per axis of the windows in which positions see each other"
    )
    tokens_per_group: int | None = arg(
        Integer(1), default=None, symbol="n", doc="positions of each group that see each other, wherever they lie"
    )
    bias: bool | int = arg(_Bias(), default=False, doc="learn a bias of the scores: true is one per head and distance")
    causal: bool = arg(Boolean(), default=False, doc="a position sees itself and those before it; the work stays")
    call: str = arg(
        Word(("operator", "function", "fused")), default="operator",
        doc="what the code has: @, torch.matmul, or one fused call; only rules of tools ask",
    )

    def check(self) -> None:
        if self.window is not None and self.tokens_per_group is not None:
            raise ArgumentError(
                f"{self.name} takes 'window' or 'tokens_per_group', got both",
                argument="tokens_per_group",
                code="conflicting-arguments",
            )
        if self.heads % self.shared_heads:
            raise ArgumentError(
                f"{self.name} has kv_heads={self.kv_heads}, which does not divide its {self.heads} heads",
                argument="kv_heads",
                code="groups-do-not-divide",
                hint=f"choose a divisor of {self.heads}",
            )

    @property
    def shared_heads(self) -> int:
        """The heads of keys and values, h_kv."""
        return self.heads if self.kv_heads is None else self.kv_heads

    def windowed(self, x: Shape) -> tuple[int, ...]:
        """Return the window on each axis of a map; raise ArgumentError where it does not divide it."""
        sizes = per_axis(self.window or 1, len(x) - 1, "window")
        for size, extent in zip(sizes, x.spatial, strict=True):
            if extent % size:
                raise ArgumentError(
                    f"attention has windows of {'x'.join(map(str, sizes))}, which do not divide the map {x}",
                    argument="window",
                    code="does-not-divide",
                    hint="pad the map before it to a multiple of the window, and crop it after",
                )
        return sizes

    def seen(self, x: Shape) -> int:
        """Return how many keys each query sees, for the keys' shape."""
        if self.window is not None:
            return prod(self.windowed(x))
        if self.tokens_per_group is not None:
            return self.tokens_per_group
        return x.positions

    def sight(self, keys: Shape, rank: int) -> tuple[Reach, ...]:
        """Return what one position reads of the keys or values on each of its axes."""
        if len(keys) - 1 != rank:
            return (WHOLE,) * rank
        if self.window is not None:
            return tuple(Parts(size) for size in self.windowed(keys))
        return (Table(Past()) if self.causal else WHOLE,) * rank


class Scores(_Attending):
    """Queries times keys, `[h*d, *S], [h_kv*d, *T] -> [h*T, *S]`: one scaled product per head, query and seen key."""

    name = "attention_scores"
    family = "attention"
    sources = 2
    keeps = (INPUTS,)

    def infer(self, ins: Shapes) -> Shapes:
        q, k = ins
        name = "attention"
        if len(q) < 2 or len(k) < 2:
            raise ArgumentError(
                f"{name} wants sequences [C, S] or maps, got {q} and {k}", code="wrong-rank", hint="reshape them first"
            )
        for what, x, heads in (("queries", q, self.heads), ("keys", k, self.shared_heads)):
            if x.channels % heads:
                raise ArgumentError(
                    f"{name} has {heads} heads, which do not divide the {x.channels} channels of its {what} {x}",
                    argument="heads" if what == "queries" or self.kv_heads is None else "kv_heads",
                    code="groups-do-not-divide",
                    hint=f"choose a divisor of {x.channels}",
                )
        if q.channels * self.shared_heads != k.channels * self.heads:
            raise ArgumentError(
                f"{name} needs queries and keys with as many channels per head, got {q} with {self.heads} heads "
                f"and {k} with {self.shared_heads}",
                code="shape-mismatch",
                hint="give both the same number of channels per head",
            )
        parted = self.window is not None or self.tokens_per_group is not None or self.causal
        if parted and q.spatial != k.spatial:
            raise ArgumentError(
                f"{name} in windows, in groups or causal needs queries and keys of equal extents, got {q} and {k}",
                code="shape-mismatch",
                hint="leave out window, tokens_per_group and causal, or give both the same extents",
            )
        if self.causal and len(q) != 2:
            raise ArgumentError(
                f"{name} is causal on sequences [C, S], got the map {q}",
                argument="causal",
                code="wrong-rank",
                hint="reshape the map to a sequence first",
            )
        if self.tokens_per_group is not None and q.positions % self.tokens_per_group:
            raise ArgumentError(
                f"{name} has tokens_per_group={self.tokens_per_group}, which does not divide the {q.positions} "
                f"positions of {q}",
                argument="tokens_per_group",
                code="does-not-divide",
                hint="pad before it to a multiple",
            )
        return (Shape((self.heads * self.seen(k), *q.spatial)),)

    def macs(self, ins: Shapes, outs: Shapes) -> int:
        q, k = ins
        return q.positions * self.seen(k) * q.channels

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        macs = self.macs(ins, outs)
        return Work(multiplications=macs + outs[0].elements, additions=macs - outs[0].elements)

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        rank = len(outs[0]) - 1
        return (IDENTITY,) * rank, self.sight(ins[1], rank)


class ScoreBias(_Attending):
    """A learned bias of the scores, `[h*T, *S] -> [h*T, *S]`, one addition each."""

    name = "attention_bias"
    family = "attention_bias"
    keeps = ()
    in_place = True

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        if self.bias is not True:
            return (Tensor("bias_table", (int(self.bias), self.heads)),)
        extents = ins[0].spatial if self.window is None else self.windowed(ins[0])
        return (Tensor("bias_table", (prod(2 * n - 1 for n in extents), self.heads)),)

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(additions=outs[0].elements)


class AttentionSoftmax(_Attending):
    """The softmax of the scores over the seen keys, `[h*T, *S] -> [h*T, *S]`: 5T - 2 operations per head and query."""

    name = "attention_softmax"
    family = "attention_softmax"
    keeps = (OUTPUT,)
    in_place = True

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        n, rows = ins[0].elements, self.heads * ins[0].positions
        return Work(comparisons=n - rows, additions=n + n - rows, special=n, divisions=n)


class Mix(_Attending):
    """The weights times the values, `[h*T, *S], [h_kv*e, *T] -> [h*e, *S]`."""

    name = "attention"
    elsewhere = {}  # noqa: RUF012 - declared in Operator
    family = "attention"
    sources = 2
    keeps = (INPUTS,)

    def infer(self, ins: Shapes) -> Shapes:
        weights, v = ins
        if v.channels % self.shared_heads:
            raise ArgumentError(
                f"{self.name} has {self.shared_heads} heads, which do not divide the {v.channels} channels of its "
                f"values {v}",
                code="groups-do-not-divide",
                hint=f"choose a divisor of {v.channels}",
            )
        seen = exactly(weights.channels, self.heads)
        if len(v) < 2 or self.seen(v) != seen or (self.grouped and v.positions != weights.positions):
            raise ArgumentError(
                f"{self.name} needs as many values as keys, got values {v} for {seen} keys per query in the scores "
                f"{weights}",
                code="shape-mismatch",
                hint="take keys and values from maps of equal extents",
            )
        return (Shape((self.heads * exactly(v.channels, self.shared_heads), *weights.spatial)),)

    @property
    def grouped(self) -> bool:
        """Whether queries see a part of the keys only."""
        return self.window is not None or self.tokens_per_group is not None

    def macs(self, ins: Shapes, outs: Shapes) -> int:
        return self.seen(ins[1]) * outs[0].elements

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        macs = self.macs(ins, outs)
        return Work(multiplications=macs, additions=macs - outs[0].elements)

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        rank = len(outs[0]) - 1
        return (IDENTITY,) * rank, self.sight(ins[1], rank)


@register("attention", aliases=("multi_head_attention", "mha", "scaled_dot_product_attention"))
class Attention(Composite, Mix):
    """Softmax of scaled queries times keys, times values, `[C_q, *S], [C_k, *T], [C_v, *T] -> [h*C_v/h_kv, *S]`.

    Sources are queries, keys and values, sequences `[C, S]` or maps; projections are layers of their own. Stands for
    the layers `scores`, `bias` if there is one, `softmax` and `mix`; S*T*(C_q + h*C_v/h_kv) multiply-accumulates.
    Each score is scaled once. Source: arXiv:1706.03762; `kv_heads` arXiv:2305.13245; `window` and its `bias`
    arXiv:2103.14030.
    """

    family = "attention"
    sources = 3
    example = "attention: {heads: 2}"
    advice = dict.fromkeys(
        ("qkv_bias", "use_bias", "bias_qkv", "add_bias_kv"),
        "say bias: on the layers that make q, k and v; bias: here is a table of relative positions",
    )
    example_input = ((8, 4, 6), (8, 4, 6), (12, 4, 6))
    elsewhere = known_as(
        torch_function=Foreign("scaled_dot_product_attention", {"causal": "is_causal"}),
    )

    def parts(self) -> tuple[Part, ...]:
        given = self.arguments()
        parts = [Part("scores", Scores(**given), (0, -1))]
        if self.bias:
            parts.append(Part("bias", ScoreBias(**given)))
        parts.append(Part("softmax", AttentionSoftmax(**given)))
        return (*parts, Part("mix", Mix(**given), (len(parts), -2)))


SIDES = ("none", "left", "right", "both")


@register("matmul", aliases=("bmm",))
class MatMul(Operator):
    """The product of two matrices, `[M, K], [K, N] -> [M, N]`; with `batch: true` `[B, M, K], [B, K, N] -> [B, M, N]`.

    More axes than one may count the matrices. M*K*N multiply-accumulates per matrix. `transpose` turns the left or the
    right one, or both, before (PyTorch's matmul).
    """

    group = "attention"
    family = "matmul"
    sources = 2
    keeps = (INPUTS,)
    example = "matmul: {transpose: right}"
    example_input = ((6, 12), (10, 12))
    elsewhere = known_as(
        torch_function=(Foreign("matmul"), Foreign("bmm", when={"batch": True})),
        onnx=Foreign("MatMul", when={"transpose": "none"}),
        tflite="BATCH_MATMUL",
    )

    transpose: str = arg(Word(SIDES), default="none", main=True, doc="which of the two is turned before")
    batch: bool = arg(Boolean(), default=False, doc="all axes but two count matrices that are multiplied one by one")
    call: str = arg(
        Word(("operator", "function")), default="operator",
        doc="what the code has: @ or torch.matmul; only rules of tools ask",
    )

    def extents(self, ins: Shapes) -> tuple[int, int, int, int, int]:
        """Return M, K of the left, K of the right, N, and the number of matrices."""
        left, right = ins
        many = prod(left[:-2]) if self.batch else 1
        (m, k), (shared, n) = left[-2:], right[-2:]
        if self.transpose in ("left", "both"):
            m, k = k, m
        if self.transpose in ("right", "both"):
            shared, n = n, shared
        return m, k, shared, n, many

    def infer(self, ins: Shapes) -> Shapes:
        left, right = ins
        if len(left) != len(right) or (len(left) < 3 if self.batch else len(left) != 2):
            wanted = "[B, M, K] and [B, K, N]" if self.batch else "matrices [M, K] and [K, N]"
            raise ArgumentError(
                f"{self.name} wants {wanted}, got {left} and {right}",
                code="wrong-rank",
                hint="use attention, or reshape maps to [C, H*W] first; batch: true multiplies one by one",
            )
        m, k, shared, n, many = self.extents(ins)
        if k != shared or left[:-2] != right[:-2]:
            turned = "" if self.transpose == "none" else f" with transpose: {self.transpose}"
            raise ArgumentError(
                f"{self.name} cannot multiply {left} by {right}{turned}: {k} columns meet {shared} rows"
                + (f", {many} matrices meet {prod(right[:-2])}" if self.batch else ""),
                code="shape-mismatch",
                hint="say transpose: left, right or both, or check the sources",
            )
        return (Shape((*left[:-2], m, n)),)

    def macs(self, ins: Shapes, outs: Shapes) -> int:
        return self.extents(ins)[1] * outs[0].elements

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        macs = self.macs(ins, outs)
        return Work(multiplications=macs, additions=macs - outs[0].elements)

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        row: Reach = IDENTITY if self.transpose in ("none", "right") else WHOLE
        column: Reach = IDENTITY if self.transpose in ("none", "left") else WHOLE
        if self.batch:
            before = (IDENTITY,) * (len(outs[0]) - 3)
            return (*before, row, WHOLE), (*before, WHOLE, column)
        return (WHOLE,), (column,)
