"""What to write instead of an operator, an argument or a word that there is not: somewhere true, or nowhere.

Names are compared in this order: without case, `_` and digits; as names of PyTorch, Keras, Caffe, Darknet, ONNX and
TensorFlow Lite, which the operators know of themselves (`Operator.elsewhere`), and of the tables here; at last by slips
of the hand. What the language lacks is said to be lacking, with the two ways out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.ops.foreign import SYSTEMS
from cnncalc.ops.registry import find, names, operators
from cnncalc.values.words import bare, fold, misspelt, same

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.ops.operator import Operator

WAYS_OUT = "write opaque: {out: [C, H, W]} for it, or register an operator of your own (--ops FILE.py)"

ADVICE = {
    "transpose": "write permute: [..] to reorder axes, conv_transpose for the transposed convolution",
    "mean": "write global_avg_pool for the mean over the map, channel_mean over the channels",
    "reducemean": "write global_avg_pool for the mean over the map, channel_mean over the channels",
    "average": "write add, and a factor costs nothing that is counted",
    "pool": "write max_pool or avg_pool",
    "norm": "write batch_norm, group_norm, layer_norm or instance_norm",
    "normalization": "write batch_norm, group_norm, layer_norm or instance_norm",
    "activation": "write the activation itself, for example relu",
    "act": "write the activation itself, for example relu",
    "scale": "write affine: {scale: channel, offset: channel}",
    "bias": "write affine: {offset: channel}",
    "sequential": "write the layers one after the other, or as a block under blocks:",
    "modulelist": "write the layers one after the other, or use repeat:",
    "module": "write it as a block under blocks:",
    "residual": "write add: {body: [..], skip: []}",
    "skip": "write add: {body: [..], skip: []}",
    "input": "write input: [C, H, W] above layers:, it is no layer",
    "inputlayer": "write input: [C, H, W] above layers:, it is no layer",
    "data": "write input: [C, H, W] above layers:, it is no layer",
    "net": "write input: [C, H, W] above layers:, it is no layer",
    "output": "name it under outputs:",
    "squeeze": "write reshape: [..] with the shape that is left",
    "unsqueeze": "write reshape: [..] with the new shape",
    "expanddims": "write reshape: [..] with the new shape",
    "timedistributed": "write the layer itself: on a map with one more axis it is the same",
    "bidirectional": "write lstm: {hidden: .., bidirectional: true}",
    "spatialdropout": "write dropout",
    "alphadropout": "write dropout",
    "gaussiannoise": "leave it out: at inference it does nothing",
    "rescaling": "leave it out: it is preparation of the data",
    "syncbatchnorm": "write batch_norm",
    "frozenbatchnorm": "write batch_norm",
    "hswish": "write hardswish",
    "hsigmoid": "write hardsigmoid",
    "lrelu": "write leaky_relu",
    "leaky": "write leaky_relu",
    "maxpooling": "write max_pool",
    "globalpool": "write global_avg_pool or global_max_pool",
    "adaptivepool": "write adaptive_avg_pool or adaptive_max_pool",
    "atrousconv": "write conv with dilation: 2",
    "dilatedconv": "write conv with dilation: 2",
    "groupconv": "write conv with groups: n",
    "pointwise": "write conv: {out: .., kernel: 1}",
    "pointwiseconv": "write conv: {out: .., kernel: 1}",
    "local": "write opaque: {out: [C, H, W]}: a layer without shared weights is not in the language",
    "se": "write mul: {x: [], gate: [global_avg_pool, {conv: ..}, relu, {conv: ..}, sigmoid]}",
    "squeezeexcite": "write mul: {x: [], gate: [global_avg_pool, {conv: ..}, relu, {conv: ..}, sigmoid]}",
    "squeezeexcitation": "write mul: {x: [], gate: [global_avg_pool, {conv: ..}, relu, {conv: ..}, sigmoid]}",
    **dict.fromkeys(("bilinear", "nearest", "bicubic", "trilinear"), "write upsample: {scale: 2, mode: ..}"),
    **dict.fromkeys(
        ("softmaxwithloss", "crossentropyloss", "mseloss", "loss", "cost", "accuracy"),
        "leave it out: losses are not part of the network",
    ),
}
"""By folded name, what to write where no one operator has the same meaning."""

LACKING = frozenset((
    "einsum", "embedding", "roialign", "roipool", "roipooling", "nms", "nonmaxsuppression", "gridsample",
    "gridsampler", "affinegrid", "spatialtransformer", "fft", "rfft", "irfft", "stft", "istft", "topk", "sort",
    "gather", "gathernd", "scatter", "cumsum", "argmax", "argmin", "onehot", "rnn", "simplernn", "convlstm",
    "transformer", "transformerencoder", "transformerencoderlayer", "transformerdecoder", "transformerdecoderlayer",
    "correlation", "costvolume", "capsule", "lambda", "unfold", "fold", "where", "exp", "log", "sqrt", "pow", "abs",
    "neg", "div", "clamp", "sin", "cos", "tile", "repeatvector", "masking", "priorbox", "detectionoutput", "yolo",
    "region", "detection", "proposal", "cosinesimilarity", "cdist", "instancenormalizationlayer", "spectralnorm",
    "mamba", "ssm", "crf", "crnn", "locallyconnected", "pixelnorm", "upfirdn", "maxout", "glu", "rotary", "dot",
    "dotproduct", "pairwisedistance", "involution", "bilstm", "bigru",
))  # fmt: skip
"""Folded names of well-known operations for which nothing in the language stands."""

SAME_MEANING: dict[str, tuple[str, ...]] = {
    "out": (
        "filters", "num_output", "units", "out_features", "out_channels", "out_planes", "planes", "out_ch", "oc", "nf",
        "n_filters", "num_filters", "channels", "features", "width", "output", "nb_filter", "hidden_units", "dim_out",
        "out_dim", "classes", "num_classes",
    ),
    "hidden": ("units", "hidden_size", "hidden_dim", "num_units", "out"),
    "kernel": (
        "kernel_size", "ksize", "k", "size", "filter_size", "kernel_shape", "pool_size", "window", "kernel_h",
        "filter", "kernel_dim",
    ),
    "stride": ("strides", "subsample", "s", "step", "stride_h", "stride_x", "subsampling"),
    "padding": ("pad", "pads", "p", "border_mode", "pad_h", "pad_type"),
    "amount": ("padding", "pads", "size", "paddings"),
    "dilation": ("dilation_rate", "dilations", "d", "atrous_rate", "rate", "hole"),
    "groups": ("group", "num_group", "num_groups", "g", "cardinality"),
    "bias": ("use_bias", "bias_term", "with_bias", "biases"),
    "act": ("activation", "act_layer", "act_fn", "nonlinearity", "act_func", "activation_fn", "act_cfg", "relu"),
    "norm": (
        "normalization", "norm_layer", "batch_norm", "bn", "batch_normalize", "use_bn", "norm_cfg", "normalizer_fn",
        "batchnorm",
    ),
    "multiplier": ("depth_multiplier", "channel_multiplier", "expansion"),
    "ceil": ("ceil_mode", "rounding", "round_mode"),
    "slope": ("negative_slope", "alpha", "leak"),
    "p": ("rate", "drop_rate", "prob", "dropout_ratio", "keep_prob", "probability", "drop_prob"),
    "scale": ("scale_factor", "factor", "size", "stride", "ratio", "upscale_factor"),
    "factor": ("upscale_factor", "downscale_factor", "scale", "block_size", "scale_factor", "r"),
    "mode": ("interpolation", "method", "interp", "algorithm"),
    "size": ("output_size", "target_size", "out_size", "local_size", "n", "bins"),
    "axis": ("axes",),
    "axes": ("dims", "dim", "perm", "permutation", "order"),
    "shape": ("target_shape", "dims", "newshape", "view"),
    "heads": ("num_heads", "nhead", "n_heads", "num_attention_heads"),
    "affine": ("elementwise_affine", "learnable"),
    "running_stats": ("track_running_stats",),
    "parts": ("chunks", "num_or_size_splits", "sections", "n"),
    "last": ("return_sequences",),
    "layers": ("num_layers",),
}
"""By argument, the words for it elsewhere; a word under several is the first that the operator has."""

NOT_COUNTED = {
    "in": "leave it out: the layer before says the channels",
    "values": "leave it out: initial values and training change no count",
    "run": "leave it out: it changes no size and no count",
}
NO_MEANING = {
    **dict.fromkeys(
        map(fold, ("in_channels", "in_features", "input_shape", "input_dim", "in_planes", "num_features", "inp",
                   "in_ch",
                   "input_size", "embed_dim", "normalized_shape", "c1", "in_dim", "num_channels",
                   "batch_input_shape")),
        NOT_COUNTED["in"],
    ),
    **dict.fromkeys(
        map(fold, ("kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer", "initializer",
                   "weight_filler", "bias_filler", "depthwise_initializer", "pointwise_initializer", "momentum",
                   "trainable",
                   "kernel_constraint", "bias_constraint", "gamma_initializer", "beta_initializer", "lr_mult",
                   "decay_mult", "activity_regularizer", "param", "seed", "training", "weight_decay", "init")),
        NOT_COUNTED["values"],
    ),
    **dict.fromkeys(
        map(fold, ("eps", "epsilon", "inplace", "in_place", "data_format", "dtype", "device", "engine", "name_scope",
                   "return_indices", "noise_shape", "top", "bottom", "type", "batch_first", "reuse",
                   "divisor_override")),
        NOT_COUNTED["run"],
    ),
    "name": "write as: name beside the operator",
}
"""By folded argument, what to do with one that says nothing about sizes or counts."""


def plain(word: str) -> str:
    """Return the name in what may be a path or a call: `nn.Conv2d(3, 64, 3)` is `Conv2d`, `[maxpool]` is `maxpool`."""
    head = re.split(r"[(\s]", word.strip().strip("[]"), maxsplit=1)[0]
    return head.rsplit(".", 1)[-1] or word


def elsewhere(word: str, role: str | None = None) -> list[str]:
    """Return the operators that go by a name in some other system, those of a role where one is asked for."""
    for form in (fold, bare):
        wanted = form(word)
        found = [
            cls.name
            for cls in operators()
            if role in {None, cls.role}
            and any(form(name) == wanted for system in SYSTEMS for said in cls.elsewhere.get(system, ())
                    for name in said.names())
        ]  # fmt: skip
        if found:
            return list(dict.fromkeys(found))
    return []


def operator_hint(word: str, blocks: Iterable[str] = ()) -> str:
    """Return what to write instead of an operator or block that there is not."""
    name, own = plain(word), list(blocks)
    known = [*own, *names()]
    exact = name if name != word and name in known else same(name, known)
    if exact is not None:
        cls = None if exact in own else find(exact)
        return f"write {cls.name if cls else exact}"
    for form in (fold, bare):
        if form(name) in ADVICE:
            return ADVICE[form(name)]
    if form_of := elsewhere(name):
        return f"write {' or '.join(form_of[:3])}"
    if fold(name) in LACKING or bare(name) in LACKING:
        return f"'{name}' is not in the language: {WAYS_OUT}"
    near = misspelt(name, own + [cls.name for cls in operators()]) or misspelt(name, known)
    meant = {cls.name if word not in own and (cls := find(word)) else word for word in near}
    if len(meant) == 1:
        return f"did you mean '{near[0]}'?"
    return f"see cnncalc ops for the operators; for what the language lacks, {WAYS_OUT}"


def role_hint(word: str, role: str) -> str:
    """Return what to write instead of an activation or normalisation that there is not."""
    name = plain(word)
    known = [known for known in names() if (cls := find(known)) is not None and cls.role == role]
    if fold(name) in {"none", "linear", "identity", "null", "false"}:
        return "write none"
    exact = name if name != word and name in known else same(name, known)
    if exact is not None:
        cls = find(exact)
        return f"write {cls.name if cls else exact}"
    if found := elsewhere(name, role):
        return f"write {' or '.join(found[:3])}"
    advised = ADVICE.get(fold(name), "").removeprefix("write ")
    if advised in known:
        return f"write {advised}"
    near = misspelt(name, [*known, "none"])
    if len({cls.name if (cls := find(word)) else word for word in near}) == 1:
        return f"did you mean '{near[0]}'?"
    return f"write one of {', '.join(dict.fromkeys(cls.name for k in known if (cls := find(k)) is not None))}, or none"


def argument_hint(word: str, cls: type[Operator]) -> str | None:
    """Return what to write instead of an argument that an operator does not have; None where nothing is known of it."""
    spellings = cls.spellings
    exact = same(word, spellings)
    if exact is not None:
        return f"did you mean '{spellings[exact]}'?"
    folded = fold(word)
    if folded in {"dim", "dims"} and "axis" in cls.args:
        return "write axis: channel, last, or an axis without the batch: dim 1 of PyTorch is axis 0"
    for said in (said for names_ in cls.elsewhere.values() for said in names_):
        for ours, theirs in said.arguments.items():
            if fold(theirs) == folded and ours in cls.args:
                return f"write {ours}"
    for ours, words in SAME_MEANING.items():
        if ours in cls.args and any(fold(other) == folded for other in words):
            return f"write {ours}"
    if folded in {"dim", "axis"} and cls.role:
        return "leave it out: it is taken over the channels"
    if folded in NO_MEANING:
        return NO_MEANING[folded]
    near = {spellings[name] for name in misspelt(word, spellings, 3)}
    return f"did you mean '{near.pop()}'?" if len(near) == 1 else None
