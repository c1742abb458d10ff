"""Source of what exported code for PyTorch brings along: small classes and functions that PyTorch has not."""

from __future__ import annotations

HELPERS = {
    "LayerScale": '''\
class LayerScale(nn.Module):
    """One learned factor per channel."""

    def __init__(self, channels: int, axes: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((channels,) + (1,) * axes, 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale
''',
    "Affine": '''\
class Affine(nn.Module):
    """Learned factors and summands, each of a shape of its own or left out."""

    def __init__(
        self, scale: tuple[int, ...] | None, offset: tuple[int, ...] | None
    ) -> None:
        super().__init__()
        self.scale = None if scale is None else nn.Parameter(torch.ones(scale))
        self.offset = None if offset is None else nn.Parameter(torch.zeros(offset))

    def forward(self, x: Tensor) -> Tensor:
        if self.scale is not None:
            x = x * self.scale
        return x if self.offset is None else x + self.offset
''',
    "channel_factors": '''\
def channel_factors(channels: int, axes: int) -> nn.Parameter:
    """Return one learned factor per channel."""
    return nn.Parameter(torch.full((channels,) + (1,) * axes, 1e-6))
''',
    "ChannelLinear": '''\
class ChannelLinear(nn.Linear):
    """A linear layer over the channels of every position."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
''',
    "ChannelNorm": '''\
class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of every position."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
''',
    "GlobalResponseNorm": '''\
class GlobalResponseNorm(nn.Module):
    """Each channel by its strength among all of them, with learned factors and summands."""

    def __init__(self, channels: int, axes: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros((channels,) + (1,) * axes))
        self.beta = nn.Parameter(torch.zeros((channels,) + (1,) * axes))
        self.axes = tuple(range(2, 2 + axes))

    def forward(self, x: Tensor) -> Tensor:
        strength = torch.linalg.vector_norm(x, dim=self.axes, keepdim=True)
        share = strength / (strength.mean(dim=1, keepdim=True) + 1e-6)
        return x + self.gamma * (x * share) + self.beta
''',
    "UnitNorm": '''\
class UnitNorm(nn.Module):
    """The channels of every position at length one, with a learned factor for each."""

    def __init__(self, channels: int, axes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones((channels,) + (1,) * axes))

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x, dim=1) * self.weight
''',
    "Tokens": '''\
class Tokens(nn.Module):
    """Learned vectors before a sequence."""

    def __init__(self, channels: int, count: int) -> None:
        super().__init__()
        self.tokens = nn.Parameter(torch.zeros(1, channels, count))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((self.tokens.expand(x.shape[0], -1, -1), x), dim=2)
''',
    "channel_shuffle": '''\
def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Interleave the channels of groups."""
    return x.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)
''',
    "attend": '''\
def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    heads: int,
    shared: int = 0,
    bias: Tensor | None = None,
    causal: bool = False,
) -> Tensor:
    """Let every position of the queries mix the values, head by head."""
    extents = q.shape[2:]
    counts = (heads, shared or heads, shared or heads)
    q, k, v = (
        x.flatten(2).unflatten(1, (n, -1)).transpose(2, 3)
        for x, n in zip((q, k, v), counts, strict=True)
    )
    mixed = F.scaled_dot_product_attention(
        q, k, v, attn_mask=bias, is_causal=causal, enable_gqa=shared > 0
    )
    return mixed.transpose(2, 3).flatten(1, 2).unflatten(2, extents)
''',
    "windows": '''\
def windows(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut maps into windows, which join the batch."""
    x = x.unflatten(3, (-1, size[1])).unflatten(2, (-1, size[0]))
    return x.permute(0, 2, 4, 1, 3, 5).flatten(0, 2)


def unwindows(x: Tensor, height: int, width: int) -> Tensor:
    """Put windows together again."""
    x = x.unflatten(0, (-1, height // x.shape[2], width // x.shape[3]))
    return x.permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)
''',
    "token_groups": '''\
def token_groups(x: Tensor, size: int) -> Tensor:
    """Cut the positions of maps into groups, which join the batch."""
    return x.flatten(2).unflatten(2, (-1, size)).transpose(1, 2).flatten(0, 1)


def ungrouped(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Put groups together again."""
    return x.unflatten(0, (shape[0], -1)).transpose(1, 2).reshape(*shape)
''',
    "ScoreBias": '''\
class ScoreBias(nn.Module):
    """A learned bias of the scores, for each head and distance between two positions."""

    index: Tensor

    def __init__(
        self, heads: int, extents: tuple[int, ...], signed: bool = True
    ) -> None:
        super().__init__()
        grid = torch.meshgrid(*(torch.arange(n) for n in extents), indexing="ij")
        index = torch.zeros((), dtype=torch.long)
        count = 1
        for n, places in zip(extents, grid, strict=True):
            apart = places.flatten()[:, None] - places.flatten()
            apart = apart + n - 1 if signed else apart.abs()
            values = 2 * n - 1 if signed else n
            index = index * values + apart
            count *= values
        self.table = nn.Parameter(torch.zeros(count, heads))
        self.register_buffer("index", index, persistent=False)

    def forward(self) -> Tensor:
        return self.table[self.index].permute(2, 0, 1)
''',
}
"""By name; a file holds those that it uses."""
