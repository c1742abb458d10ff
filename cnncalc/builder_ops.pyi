"""The operators as methods of a network; written from their classes by `python -m cnncalc.builder_stub`."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Literal, TypeAlias, TypedDict, Unpack, overload

from cnncalc.builder import Branches, Handle, Source, Word

class MergeModifiers(TypedDict, total=False):
    """What may stand beside the sources of a merge."""

    label: str | Sequence[str]
    from_: Source | Sequence[Source]
    each: Mapping[str, object]
    repeat: int | str
    tied: bool
    when: bool | str
    accept: Sequence[str]
    bits: Mapping[str, object]
    density: float | str

class Modifiers(MergeModifiers, total=False):
    """What may stand beside the arguments of a layer."""

    first: Mapping[str, object]
    share: Source

Activation: TypeAlias = (
    Literal[
        "relu",
        "relu6",
        "selu",
        "sigmoid",
        "silu",
        "tanh",
        "hardsigmoid",
        "hardswish",
        "hardtanh",
        "mish",
        "softplus",
        "softsign",
        "leaky_relu",
        "prelu",
        "elu",
        "celu",
        "gelu",
        "softmax",
        "log_softmax",
        "none",
    ]
    | Word
    | Mapping[str, object]
    | None
)
Normalisation: TypeAlias = (
    Literal[
        "batch_norm",
        "instance_norm",
        "layer_norm",
        "group_norm",
        "local_response_norm",
        "rms_norm",
        "l2_norm",
        "grn",
        "none",
    ]
    | Word
    | Mapping[str, object]
    | None
)

class OperatorMethods:
    def relu(
        self,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`max(x, 0)`, elementwise on `[C, *S]` (doi:10.5555/3104322.3104425)."""

    def relu6(
        self,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`min(max(x, 0), 6)`, elementwise on `[C, *S]` (arXiv:1704.04861)."""

    def selu(
        self,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Scaled ELU with its fixed constants, elementwise on `[C, *S]` (arXiv:1706.02515)."""

    def sigmoid(
        self,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`1/(1 + exp(-x))`: exponential, addition, division, elementwise on `[C, *S]` (doi:10.1007/BF00344251)."""

    def silu(
        self,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`x*sigmoid(x)`, elementwise on `[C, *S]` (arXiv:1702.03118)."""

    def tanh(
        self,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`(exp(2x) - 1)/(exp(2x) + 1)`, elementwise on `[C, *S]` (doi:10.1109/5.726791)."""

    def hardsigmoid(
        self,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`min(max(x + 3, 0), 6)/6`, elementwise on `[C, *S]` (arXiv:1905.02244)."""

    def hardswish(
        self,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`x*hardsigmoid(x)`, elementwise on `[C, *S]` (arXiv:1905.02244)."""

    def hardtanh(
        self,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`min(max(x, -1), 1)`, elementwise on `[C, *S]` (PyTorch's Hardtanh)."""

    def mish(
        self,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`x*tanh(softplus(x))`, elementwise on `[C, *S]` (arXiv:1908.08681)."""

    def softplus(
        self,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`log(1 + exp(x))`: exponential, addition, logarithm, elementwise on `[C, *S]` (doi:10.5555/3008751.3008817)."""

    def softsign(
        self,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`x/(1 + |x|)`: comparison, addition, division, elementwise on `[C, *S]` (PyTorch's Softsign)."""

    def leaky_relu(
        self,
        slope: float | Fraction | str = ...,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`x` or `slope*x` below zero, elementwise on `[C, *S]` (Maas et al. 2013; arXiv:1505.00853)."""

    def prelu(
        self,
        parameters: Literal["channel"] | int | str = ...,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Leaky ReLU with learnable slopes, one for all or one per channel, on `[C, *S]` (arXiv:1502.01852)."""

    def elu(
        self,
        alpha: float | Fraction | str = ...,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`x` or `alpha*(exp(x) - 1)` below zero, elementwise on `[C, *S]` (arXiv:1511.07289)."""

    def celu(
        self,
        alpha: float | Fraction | str = ...,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`x` or `alpha*(exp(x/alpha) - 1)` below zero, elementwise on `[C, *S]` (arXiv:1704.07483)."""

    def gelu(
        self,
        *,
        approximate: Literal["none", "tanh"] | Word = ...,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`x/2*(1 + erf(x/sqrt(2)))`, elementwise on `[C, *S]` (arXiv:1606.08415)."""

    def softmax(
        self,
        *,
        axis: Literal["channel", "last"] | int | str = ...,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`exp(x - max)/sum` over the n channels of each position of `[C, *S]`: 5n - 2 operations (PyTorch's Softmax)."""

    def log_softmax(
        self,
        *,
        axis: Literal["channel", "last"] | int | str = ...,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`x - max - log(sum of exp)` over the n channels of each position of `[C, *S]` (PyTorch's LogSoftmax)."""

    def conv(
        self,
        out: int | str = ...,
        *,
        kernel: int | str | Sequence[int | str] = ...,
        stride: int | str | Sequence[int | str] = ...,
        padding: Literal["valid", "half", "same", "same_lower", "causal"] | int | str | Sequence[int | str] = ...,
        dilation: int | str | Sequence[int | str] = ...,
        gain: bool | str = ...,
        groups: int | str = ...,
        padding_mode: Literal["zeros", "reflect", "replicate", "circular"] | Word = ...,
        bias: bool | str = ...,
        norm: Normalisation = ...,
        act: Activation = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Grouped cross-correlation, `[C_in, *S] -> [C_out, *S']` in 1-D, 2-D or 3-D (arXiv:1603.07285)."""

    def depthwise(
        self,
        kernel: int | str | Sequence[int | str] = ...,
        *,
        stride: int | str | Sequence[int | str] = ...,
        padding: Literal["valid", "half", "same", "same_lower", "causal"] | int | str | Sequence[int | str] = ...,
        dilation: int | str | Sequence[int | str] = ...,
        gain: bool | str = ...,
        multiplier: int | str = ...,
        bias: bool | str = ...,
        norm: Normalisation = ...,
        act: Activation = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Depthwise convolution, one filter (or `multiplier` filters) per channel, `[C, *S] -> [m*C, *S']`."""

    def linear(
        self,
        out: int | str = ...,
        *,
        axis: Literal["channel", "last"] | Word = ...,
        bias: bool | str = ...,
        norm: Normalisation = ...,
        act: Activation = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Fully connected layer, `[C_in] -> [C_out]`; on a map along one axis at every position of the others."""

    def flatten(
        self,
        start: int | str = ...,
        *,
        end: int | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Merge the axes `start` to `end`, counted without the batch, `[C, H, W] -> [C*H*W]` (PyTorch's Flatten)."""

    def reshape(
        self,
        shape: Sequence[int | str] | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """The same elements as another shape, `[C, *S] -> [C', *S']`; one extent may be -1 (PyTorch's reshape)."""

    def identity(
        self,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """The input unchanged, `[C, *S] -> [C, *S]` (PyTorch's Identity)."""

    def dropout(
        self,
        p: float | Fraction | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Dropout, the identity at inference, `[C, *S] -> [C, *S]` (arXiv:1207.0580)."""

    def drop_path(
        self,
        p: float | Fraction | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Stochastic depth, the identity at inference, `[C, *S] -> [C, *S]` (arXiv:1603.09382)."""

    def permute(
        self,
        axes: Sequence[int | str] | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """The same elements with the axes in another order, `[A, B, C] -> [C, A, B]`, counted without the batch."""

    def tokens(
        self,
        n: int | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """`n` learned vectors before a sequence, `[C, S] -> [C, n + S]`; n*C parameters (arXiv:2010.11929)."""

    def roll(
        self,
        shift: int | str | Sequence[int | str] = ...,
        *,
        axis: Literal["channel", "last"] | int | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """A map moved by `shift` along its axes, what leaves it entering at the other side, `[C, *S] -> [C, *S]`."""

    def repeat_channels(
        self,
        times: int | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Every channel `times` times, `[C, *S] -> [times*C, *S]`; copies (PyTorch's repeat_interleave over channels)."""

    def attention(
        self,
        heads: int | str = ...,
        *,
        kv_heads: int | str = ...,
        window: int | str | Sequence[int | str] = ...,
        tokens_per_group: int | str = ...,
        causal: bool | str = ...,
        bias: bool | int | str = ...,
        call: Literal["operator", "function", "fused"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Softmax of scaled queries times keys, times values, `[C_q, *S], [C_k, *T], [C_v, *T] -> [h*C_v/h_kv, *S]`."""

    def matmul(
        self,
        transpose: Literal["none", "left", "right", "both"] | Word = ...,
        *,
        batch: bool | str = ...,
        call: Literal["operator", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """The product of two matrices, `[M, K], [K, N] -> [M, N]`; with `batch: true` `[B, M, K], [B, K, N] -> [B, M, N]`."""

    def channel_shuffle(
        self,
        groups: int | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Transpose the channels' groups, `[C, *S] -> [C, *S]`; reads and writes everything (arXiv:1707.01083)."""

    def split(
        self,
        parts: int | str = ...,
        *,
        axis: Literal["channel", "last"] | int | str = ...,
        sizes: Sequence[int | str] | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Cut the channels into several outputs, `[C, *S] -> [C_1, *S], [C_2, *S], ..`; views that move nothing."""

    def slice(
        self,
        channels: Sequence[int | str] | str = ...,
        *,
        axis: Literal["channel", "last"] | int | str = ...,
        range: Sequence[int | str] | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """The channels from `start` up to, not including, `stop`, `[C, *S] -> [stop - start, *S]`; moves nothing."""

    def channel_mean(
        self,
        *,
        axis: Literal["channel", "last"] | int | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Mean over channels, `[C, *S] -> [1, *S]`; C - 1 additions and a division per position (arXiv:1807.06521)."""

    def channel_max(
        self,
        *,
        axis: Literal["channel", "last"] | int | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Maximum over channels, `[C, *S] -> [1, *S]`; C - 1 comparisons per position (arXiv:1807.06521)."""

    def conv_transpose(
        self,
        out: int | str = ...,
        *,
        kernel: int | str | Sequence[int | str] = ...,
        stride: int | str | Sequence[int | str] = ...,
        padding: Literal["valid", "half", "same", "same_lower", "causal"] | int | str | Sequence[int | str] = ...,
        dilation: int | str | Sequence[int | str] = ...,
        gain: bool | str = ...,
        groups: int | str = ...,
        output_padding: int | str | Sequence[int | str] = ...,
        padding_mode: Literal["zeros"] | Word = ...,
        bias: bool | str = ...,
        norm: Normalisation = ...,
        act: Activation = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Transposed convolution, `[C_in, *S] -> [C_out, *S']`, S' = (S-1)*s - p - p' + k_eff + op (arXiv:1603.07285)."""

    def deform_conv(
        self,
        out: int | str = ...,
        *,
        kernel: int | str | Sequence[int | str] = ...,
        stride: int | str | Sequence[int | str] = ...,
        padding: Literal["valid", "half", "same", "same_lower", "causal"] | int | str | Sequence[int | str] = ...,
        dilation: int | str | Sequence[int | str] = ...,
        gain: bool | str = ...,
        groups: int | str = ...,
        padding_mode: Literal["zeros"] | Word = ...,
        offset_groups: int | str = ...,
        mask: bool | str = ...,
        bias: bool | str = ...,
        norm: Normalisation = ...,
        act: Activation = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Deformable convolution, `[C_in, H, W] -> [C_out, H', W']`: v1 arXiv:1703.06211, v2 with a mask arXiv:1811.11168."""

    def separable(
        self,
        out: int | str = ...,
        *,
        kernel: int | str | Sequence[int | str] = ...,
        stride: int | str | Sequence[int | str] = ...,
        padding: Literal["valid", "half", "same", "same_lower", "causal"] | int | str | Sequence[int | str] = ...,
        dilation: int | str | Sequence[int | str] = ...,
        gain: bool | str = ...,
        multiplier: int | str = ...,
        bias: bool | str = ...,
        norm: Normalisation = ...,
        act: Activation = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Depthwise convolution, then a 1x1 convolution, `[C_in, *S] -> [C_out, *S']` (arXiv:1610.02357, arXiv:1704.04861)."""

    def spatially_separable(
        self,
        out: int | str = ...,
        *,
        kernel: int | str | Sequence[int | str] = ...,
        stride: int | str | Sequence[int | str] = ...,
        padding: Literal["valid", "half", "same", "same_lower", "causal"] | int | str | Sequence[int | str] = ...,
        dilation: int | str | Sequence[int | str] = ...,
        gain: bool | str = ...,
        bias: bool | str = ...,
        norm: Normalisation = ...,
        act: Activation = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """A K x 1 convolution, then a 1 x K convolution, `[C_in, H, W] -> [C_out, H', W']` (arXiv:1512.00567)."""

    def batch_norm(
        self,
        *,
        affine: bool | str = ...,
        running_stats: bool | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Batch normalisation at inference, `[C, *S] -> [C, *S]`, a multiplication and an addition per element."""

    def instance_norm(
        self,
        *,
        affine: bool | str = ...,
        running_stats: bool | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Instance normalisation, `[C, *S] -> [C, *S]`, each channel by its own mean and deviation (arXiv:1607.08022)."""

    def layer_norm(
        self,
        over: Literal["channel", "all", "last"] | int | str = ...,
        *,
        affine: bool | str = ...,
        bias: bool | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Layer normalisation, `[C, *S] -> [C, *S]`, over each position's channels or trailing axes (arXiv:1607.06450)."""

    def group_norm(
        self,
        groups: int | str = ...,
        *,
        affine: bool | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Group normalisation, `[C, *S] -> [C, *S]`: groups of channels by their own statistics (arXiv:1803.08494)."""

    def local_response_norm(
        self,
        size: int | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Local response normalisation across `size` channels, `[C, *S] -> [C, *S]` (doi:10.1145/3065386)."""

    def layer_scale(
        self,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """One learnable factor per channel, `[C, *S] -> [C, *S]` (arXiv:2103.17239)."""

    def affine(
        self,
        scale: Literal["none", "one", "channel", "all"] | Word = ...,
        *,
        offset: Literal["none", "one", "channel", "all"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Learned `x*scale + offset`, `[C, *S] -> [C, *S]`: one value, one per channel or one per element of either."""

    def rms_norm(
        self,
        *,
        affine: bool | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Each position's channels divided by their root mean square, `[C, *S] -> [C, *S]` (arXiv:1910.07467)."""

    def l2_norm(
        self,
        *,
        affine: bool | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Each position's channels divided by their length, `[C, *S] -> [C, *S]`, and a factor each (arXiv:1506.04579)."""

    def grn(
        self,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Global response normalisation, `[C, *S] -> [C, *S]`: x + gamma*x*g + beta (arXiv:2301.00808)."""

    @overload
    def add(self, *, broadcast: bool | str = ..., **modifiers: Unpack[MergeModifiers]) -> Branches:
        """Elementwise sum of m sources, `[C, *S], .. -> [C, *S]`; m - 1 additions per element (arXiv:1512.03385)."""

    @overload
    def add(self, one: Source, two: Source, /, *more: Source, broadcast: bool | str = ..., **modifiers: Unpack[MergeModifiers]) -> Handle: ...
    @overload
    def sub(self, *, broadcast: bool | str = ..., **modifiers: Unpack[MergeModifiers]) -> Branches:
        """The first of m sources less the others, `[C, *S], .. -> [C, *S]`; m - 1 subtractions each (PyTorch's sub)."""

    @overload
    def sub(self, one: Source, two: Source, /, *more: Source, broadcast: bool | str = ..., **modifiers: Unpack[MergeModifiers]) -> Handle: ...
    @overload
    def max(self, *, broadcast: bool | str = ..., **modifiers: Unpack[MergeModifiers]) -> Branches:
        """Elementwise maximum of m sources, `[C, *S], .. -> [C, *S]`; m - 1 comparisons per element (arXiv:1302.4389)."""

    @overload
    def max(self, one: Source, two: Source, /, *more: Source, broadcast: bool | str = ..., **modifiers: Unpack[MergeModifiers]) -> Handle: ...
    @overload
    def mul(self, *, broadcast: bool | str = ..., **modifiers: Unpack[MergeModifiers]) -> Branches:
        """Elementwise product of m sources, `[C, *S], .. -> [C, *S]`; m - 1 multiplications per element."""

    @overload
    def mul(self, one: Source, two: Source, /, *more: Source, broadcast: bool | str = ..., **modifiers: Unpack[MergeModifiers]) -> Handle: ...
    @overload
    def concat(self, *, axis: Literal["channel", "last"] | int | str = ..., **modifiers: Unpack[MergeModifiers]) -> Branches:
        """Concatenation of channels, `[C_1, *S], [C_2, *S], .. -> [C_1 + C_2 + .., *S]` (arXiv:1409.4842)."""

    @overload
    def concat(self, one: Source, two: Source, /, *more: Source, axis: Literal["channel", "last"] | int | str = ..., **modifiers: Unpack[MergeModifiers]) -> Handle: ...
    def opaque(
        self,
        out: Sequence[int | str] | Sequence[Sequence[int | str]] = ...,
        *,
        params: int | str = ...,
        buffers: int | str = ...,
        macs: int | str = ...,
        flops: int | str = ...,
        memory_access: int | str = ...,
        field: Literal["whole", "same"] | Word | Mapping[str, object] | Sequence[Literal["whole", "same"] | Word | Mapping[str, object]] = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """A layer known by its outputs' shapes, `[C, *S], .. -> out`; declared costs are used, the rest is unknown."""

    def max_pool(
        self,
        kernel: int | str | Sequence[int | str] = ...,
        *,
        stride: int | str | Sequence[int | str] = ...,
        padding: Literal["valid", "half", "same", "same_lower"] | int | str | Sequence[int | str] = ...,
        ceil: bool | str = ...,
        dilation: int | str | Sequence[int | str] = ...,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Maximum over a sliding window, `[C, *S] -> [C, *S']`; taps - 1 comparisons per output (PyTorch's MaxPool)."""

    def min_pool(
        self,
        kernel: int | str | Sequence[int | str] = ...,
        *,
        stride: int | str | Sequence[int | str] = ...,
        padding: Literal["valid", "half", "same", "same_lower"] | int | str | Sequence[int | str] = ...,
        ceil: bool | str = ...,
        dilation: int | str | Sequence[int | str] = ...,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Minimum over a sliding window, `[C, *S] -> [C, *S']`; sized and counted as PyTorch's max pooling."""

    def avg_pool(
        self,
        kernel: int | str | Sequence[int | str] = ...,
        *,
        stride: int | str | Sequence[int | str] = ...,
        padding: Literal["valid", "half", "same", "same_lower"] | int | str | Sequence[int | str] = ...,
        ceil: bool | str = ...,
        count_include_pad: bool | str = ...,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Mean over a sliding window, `[C, *S] -> [C, *S']` (PyTorch's AvgPool)."""

    def lp_pool(
        self,
        kernel: int | str | Sequence[int | str] = ...,
        *,
        stride: int | str | Sequence[int | str] = ...,
        padding: Literal["valid", "half", "same", "same_lower"] | int | str | Sequence[int | str] = ...,
        ceil: bool | str = ...,
        p: float | Fraction | str = ...,
        count_include_pad: bool | str = ...,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """p-norm over a sliding window, `[C, *S] -> [C, *S']`, `(sum x^p)^(1/p)` (PyTorch's LPPool)."""

    def max_unpool(
        self,
        kernel: int | str | Sequence[int | str] = ...,
        *,
        stride: int | str | Sequence[int | str] = ...,
        padding: Literal["valid", "half"] | int | str | Sequence[int | str] = ...,
        size: int | str | Sequence[int | str] = ...,
        like: Source = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Put each value back where a max pool found it, zeros elsewhere, `[C, *S] -> [C, *S']` (arXiv:1311.2901)."""

    def adaptive_avg_pool(
        self,
        size: int | str | Sequence[int | str | None] = ...,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Mean over windows that part the map into `size`, `[C, *S] -> [C, *size]` (PyTorch's AdaptiveAvgPool)."""

    def adaptive_max_pool(
        self,
        size: int | str | Sequence[int | str | None] = ...,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Maximum over windows that part the map into `size`, `[C, *S] -> [C, *size]` (PyTorch's AdaptiveMaxPool)."""

    def global_avg_pool(
        self,
        *,
        call: Literal["module", "function", "mean"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Mean over the whole map, `[C, H, W] -> [C, 1, 1]` (arXiv:1312.4400)."""

    def global_max_pool(
        self,
        *,
        call: Literal["module", "function"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Maximum over the whole map, `[C, H, W] -> [C, 1, 1]` (arXiv:1807.06521)."""

    def lstm(
        self,
        hidden: int | str = ...,
        *,
        layers: int | str = ...,
        bidirectional: bool | str = ...,
        last: bool | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Long short-term memory, `[C, T] -> [directions*h, T]`, the last state `[directions*h]` with `last: true`."""

    def gru(
        self,
        hidden: int | str = ...,
        *,
        layers: int | str = ...,
        bidirectional: bool | str = ...,
        last: bool | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Gated recurrent unit, `[C, T] -> [directions*h, T]`, the last state `[directions*h]` with `last: true`."""

    def crop(
        self,
        size: int | str | Sequence[int | str] = ...,
        *,
        offset: int | str | Sequence[int | str] = ...,
        like: Source = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """The middle of a map, or the part from `offset` on, `[C, *S] -> [C, *size]`; a view that moves nothing."""

    def pad(
        self,
        amount: int | str | Sequence[int | str] = ...,
        *,
        mode: Literal["zeros", "reflect", "replicate", "circular"] | Word = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Add positions around a map, `[C, *S] -> [C, *(S + before + after)]`, filled as PyTorch's padding layers do."""

    def upsample(
        self,
        scale: float | Fraction | str | Sequence[float | Fraction | str] = ...,
        *,
        size: int | str | Sequence[int | str] = ...,
        mode: Literal["nearest", "nearest_exact", "linear", "bilinear", "trilinear", "bicubic", "area"] | Word = ...,
        align_corners: bool | str = ...,
        recompute_scale_factor: bool | str = ...,
        call: Literal["module", "function"] | Word = ...,
        like: Source = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Resize a map, `[C, *S] -> [C, *floor(S*scale)]` or `[C, *size]`, as PyTorch's Upsample does."""

    def pixel_shuffle(
        self,
        factor: int | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Move channels to space, `[C*f*f, H, W] -> [C, H*f, W*f]` (arXiv:1609.05158)."""

    def pixel_unshuffle(
        self,
        factor: int | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Move space to channels, `[C, H*f, W*f] -> [C*f*f, H, W]`; YOLO's passthrough (arXiv:1612.08242)."""

    def unfold(
        self,
        kernel: int | str | Sequence[int | str] = ...,
        *,
        stride: int | str | Sequence[int | str] = ...,
        padding: Literal["valid", "half", "same", "same_lower"] | int | str | Sequence[int | str] = ...,
        dilation: int | str | Sequence[int | str] = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Every window as a column, `[C, *S] -> [K*C, L]`: K taps of each channel at L window positions, copied."""

    def grid_sample(
        self,
        mode: Literal["nearest", "bilinear", "bicubic"] | Word = ...,
        *,
        align_corners: bool | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """A map read between its pixels where a second source says, `[C, *S], [r, *S'] -> [C, *S']` (arXiv:1506.02025)."""

    def roi_align(
        self,
        size: int | str | Sequence[int | str] = ...,
        *,
        regions: int | str = ...,
        samples: int | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Regions of a map, each resampled to one size, `[C, H, W] -> [C, R, h, w]`, one region as `[C, h, w]`."""

    def correlation(
        self,
        *,
        displacement: int | str = ...,
        step: int | str = ...,
        depthwise: bool | str = ...,
        **modifiers: Unpack[Modifiers],
    ) -> Handle:
        """Products of two maps: a search and a template, `[C, *S], [C, *T] -> [1, *S - T + 1]` (arXiv:1606.09549)."""

