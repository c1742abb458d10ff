"""Source of what exported code for Keras brings along: small classes and functions that Keras has not."""

from __future__ import annotations

HELPERS = {
    "Shared": '''\
class Shared(dict[str, layers.Layer]):
    """Layers by name: one whose name is there already is the one that is there."""

    def __call__(self, layer: layers.Layer) -> layers.Layer:
        return self.setdefault(layer.name, layer)
''',
    "channel_shuffle": '''\
def channel_shuffle(x: KerasTensor, groups: int) -> KerasTensor:
    """Interleave the channels of groups."""
    *extents, channels = x.shape[1:]
    x = layers.Reshape((-1, groups, channels // groups))(x)
    x = layers.Permute((1, 3, 2))(x)
    return layers.Reshape((*extents, channels))(x)
''',
    "pixel_shuffle": '''\
def pixel_shuffle(x: KerasTensor, factor: int) -> KerasTensor:
    """Move channels to space, the factors of height before those of width."""
    height, width, channels = x.shape[1:]
    x = layers.Reshape((height, width, channels // factor**2, factor, factor))(x)
    x = layers.Permute((1, 4, 2, 5, 3))(x)
    return layers.Reshape((height * factor, width * factor, channels // factor**2))(x)
''',
    "pixel_unshuffle": '''\
def pixel_unshuffle(x: KerasTensor, factor: int) -> KerasTensor:
    """Move space to channels, the channels before the places of height and width."""
    height, width, channels = x.shape[1:]
    x = layers.Reshape((height // factor, factor, width // factor, factor, channels))(x)
    x = layers.Permute((1, 3, 5, 2, 4))(x)
    return layers.Reshape((height // factor, width // factor, channels * factor**2))(x)
''',
    "attend": '''\
def attend(
    q: KerasTensor, k: KerasTensor, v: KerasTensor, heads: int, causal: bool = False
) -> KerasTensor:
    """Let every position of the queries mix the values, head by head."""
    places = q.shape[1:-1]
    q, k, v = (layers.Reshape((-1, heads, x.shape[-1] // heads))(x) for x in (q, k, v))
    mixed = ops.dot_product_attention(q, k, v, is_causal=causal)
    return layers.Reshape((*places, heads * v.shape[-1]))(mixed)
''',
    "attend_wide": '''\
def attend_wide(q: KerasTensor, k: KerasTensor, v: KerasTensor, heads: int) -> KerasTensor:
    """Let every position of the queries mix values that are wider or narrower."""
    *places, channels = q.shape[1:]
    q, k, v = (
        ops.swapaxes(layers.Reshape((-1, heads, x.shape[-1] // heads))(x), 1, 2)
        for x in (q, k, v)
    )
    scores = ops.matmul(q, ops.swapaxes(k, 2, 3)) * (channels // heads) ** -0.5
    mixed = ops.swapaxes(ops.matmul(ops.softmax(scores), v), 1, 2)
    return layers.Reshape((*places, heads * v.shape[-1]))(mixed)
''',
    "attend_parts": '''\
def attend_parts(
    q: KerasTensor,
    k: KerasTensor,
    v: KerasTensor,
    heads: int,
    shared: int,
    size: tuple[int, ...] = (),
    bias: layers.Layer | None = None,
) -> KerasTensor:
    """Let positions mix the values in their window, or all; heads may share keys."""
    extents = q.shape[1:-1]
    rank, per_group = len(size) or 1, heads // shared

    def parts(x: KerasTensor, each: int) -> KerasTensor:
        *places, channels = x.shape[1:]
        if len(places) != rank:
            places = [math.prod(places)]
        spans = size or places
        cuts = [n for e, s in zip(places, spans) for n in (e // s, s)]
        x = layers.Reshape((*cuts, shared, each, channels // (shared * each)))(x)
        outer, inner = range(1, 2 * rank, 2), range(2, 2 * rank + 1, 2)
        places = (*outer, 2 * rank + 1, 2 * rank + 2, *inner, 2 * rank + 3)
        x = ops.transpose(x, (0, *places))
        return layers.Reshape((-1, shared, each, math.prod(spans), x.shape[-1]))(x)

    queries, keys, values = parts(q, per_group), parts(k, 1), parts(v, 1)
    scores = ops.matmul(queries, ops.swapaxes(keys, -1, -2)) * queries.shape[-1] ** -0.5
    if bias is not None:
        scores = bias(scores)
    mixed = ops.matmul(ops.softmax(scores), values)
    places = extents if len(extents) == rank else (math.prod(extents),)
    spans = size or places
    counts = [e // s for e, s in zip(places, spans)]
    mixed = layers.Reshape((*counts, shared, per_group, *spans, mixed.shape[-1]))(mixed)
    turns = [n for axis in range(rank) for n in (1 + axis, 3 + rank + axis)]
    mixed = ops.transpose(mixed, (0, *turns, 1 + rank, 2 + rank, 3 + 2 * rank))
    return layers.Reshape((*extents, heads * mixed.shape[-1]))(mixed)
''',
    "ScoreBias": '''\
@keras.saving.register_keras_serializable(package="spec")
class ScoreBias(layers.Layer):
    """A learned bias of attention's scores, for each head and distance between positions."""

    def __init__(
        self, heads: int, extents: tuple[int, ...], signed: bool = True, **more: Any
    ) -> None:
        super().__init__(**more)
        self.heads, self.extents, self.signed = heads, tuple(extents), signed
        counts = [2 * n - 1 if signed else n for n in extents]
        places = np.indices(self.extents).reshape(len(counts), -1)
        apart = places[:, :, None] - places[:, None]
        shifts = np.array(self.extents).reshape(-1, 1, 1) - 1
        apart = apart + shifts if signed else np.abs(apart)
        self.index = np.ravel_multi_index(tuple(apart), counts)
        self.count = math.prod(counts)

    def build(self, shape: tuple[int, ...]) -> None:
        self.table = self.add_weight(shape=(self.count, self.heads), name="table")

    def call(self, scores: KerasTensor) -> KerasTensor:
        bias = ops.transpose(ops.take(self.table, self.index, axis=0), (2, 0, 1))
        return scores + ops.reshape(bias, scores.shape[-4:])

    def get_config(self) -> dict[str, Any]:
        own = {"heads": self.heads, "extents": self.extents, "signed": self.signed}
        return {**super().get_config(), **own}
''',
    "response_norm": '''\
def response_norm(x: KerasTensor, size: int) -> KerasTensor:
    """Divide by the strength of the channels around each."""
    channels = x.shape[-1]
    sides = [(0, 0)] * (len(x.shape) - 1) + [(size // 2, (size - 1) // 2)]
    squares = ops.pad(ops.square(x), sides)
    total = sum(squares[..., n : n + channels] for n in range(size))
    return x / (1 + 1e-4 / size * total) ** 0.75
''',
    "LayerScale": '''\
@keras.saving.register_keras_serializable(package="spec")
class LayerScale(layers.Layer):
    """One learned factor per channel."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones", name="scale")

    def call(self, x: KerasTensor) -> KerasTensor:
        return x * self.scale
''',
    "Affine": '''\
@keras.saving.register_keras_serializable(package="spec")
class Affine(layers.Layer):
    """Learned factors and summands, each along some of the axes: none, one, channel or all."""

    def __init__(self, scale: str = "none", offset: str = "none", **more: Any) -> None:
        super().__init__(**more)
        self.kinds = {"scale": scale, "offset": offset}

    def build(self, shape: tuple[int, ...]) -> None:
        extents = {"one": (1,), "channel": (shape[-1],), "all": shape[1:]}
        for name, kind in self.kinds.items():
            made = "ones" if name == "scale" else "zeros"
            learned = None if kind == "none" else self.add_weight(extents[kind], made, name=name)
            setattr(self, name, learned)

    def call(self, x: KerasTensor) -> KerasTensor:
        if self.scale is not None:
            x = x * self.scale
        return x if self.offset is None else x + self.offset

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.kinds}
''',
    "GlobalResponseNorm": '''\
@keras.saving.register_keras_serializable(package="spec")
class GlobalResponseNorm(layers.Layer):
    """Each channel by its strength among all of them, with learned factors and summands."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.axes = tuple(range(1, len(shape) - 1))
        self.gamma = self.add_weight((shape[-1],), "zeros", name="gamma")
        self.beta = self.add_weight((shape[-1],), "zeros", name="beta")

    def call(self, x: KerasTensor) -> KerasTensor:
        strength = ops.norm(x, axis=self.axes, keepdims=True)
        share = strength / (ops.mean(strength, axis=-1, keepdims=True) + 1e-6)
        return x + self.gamma * (x * share) + self.beta
''',
    "UnitNorm": '''\
@keras.saving.register_keras_serializable(package="spec")
class UnitNorm(layers.Layer):
    """The channels of every position at length one, with a learned factor for each."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.scale = self.add_weight((shape[-1],), "ones", name="scale")

    def call(self, x: KerasTensor) -> KerasTensor:
        return ops.normalize(x, axis=-1) * self.scale
''',
    "Tokens": '''\
@keras.saving.register_keras_serializable(package="spec")
class Tokens(layers.Layer):
    """Learned vectors before a sequence."""

    def __init__(self, count: int, **more: Any) -> None:
        super().__init__(**more)
        self.count = count

    def build(self, shape: tuple[int, ...]) -> None:
        self.tokens = self.add_weight((1, self.count, shape[-1]), "zeros", name="tokens")

    def call(self, x: KerasTensor) -> KerasTensor:
        return ops.concatenate([ops.repeat(self.tokens, ops.shape(x)[0], axis=0), x], axis=1)

    def compute_output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0], shape[1] + self.count, shape[2])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "count": self.count}
''',
}  # fmt: skip
"""By name; a file holds those that it uses."""
