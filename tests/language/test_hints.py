"""What a hint must say to somebody who comes from PyTorch, Keras, Caffe or Darknet: somewhere true, or nowhere."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app
from cnncalc.ops.hints import operator_hint
from cnncalc.ops.registry import find
from cnncalc.values.words import slips

NOT_HERE = "is not in the language"

OPERATORS = {
    # without case, `_` and digits
    "ReLU": "write relu",
    "Relu": "write relu",
    "ReLU6": "write relu6",
    "Conv2D": "write conv",
    "Conv2d": "write conv",
    "nn.Conv2d": "write conv",
    "torch.nn.Conv2d(3, 64, 3)": "write conv",
    "BatchNorm2d": "write batch_norm",
    "nn.BatchNorm2d": "write batch_norm",
    "MaxPool2D": "write max_pool",
    "MaxPool2d": "write max_pool",
    "AvgPool2d": "write avg_pool",
    "AdaptiveAvgPool2d": "write adaptive_avg_pool",
    "ConvTranspose2d": "write conv_transpose",
    "LeakyReLU": "write leaky_relu",
    "PReLU": "write prelu",
    "SiLU": "write silu",
    "GELU": "write gelu",
    "Hardswish": "write hardswish",
    "hard_swish": "write hardswish",
    "Sigmoid": "write sigmoid",
    "Softmax": "write softmax",
    "LogSoftmax": "write log_softmax",
    "Linear": "write linear",
    "Flatten": "write flatten",
    "Dropout": "write dropout",
    "Dropout2d": "write dropout",
    "Identity": "write identity",
    "GroupNorm": "write group_norm",
    "LayerNorm": "write layer_norm",
    "InstanceNorm2d": "write instance_norm",
    "PixelShuffle": "write pixel_shuffle",
    "Upsample": "write upsample",
    "F.interpolate": "write upsample",
    "torch.cat": "write concat",
    "Conv-2d": "write conv",
    # names of Keras
    "Dense": "write linear",
    "layers.Dense": "write linear",
    "Activation": "activation itself",
    "MaxPooling2D": "write max_pool",
    "AveragePooling2D": "write avg_pool",
    "GlobalAveragePooling2D": "write global_avg_pool",
    "GlobalMaxPooling2D": "write global_max_pool",
    "BatchNormalization": "write batch_norm",
    "Conv2DTranspose": "write conv_transpose",
    "DepthwiseConv2D": "write depthwise",
    "SeparableConv2D": "write separable",
    "UpSampling2D": "write upsample",
    "ZeroPadding2D": "write pad",
    "Cropping2D": "write crop",
    "Concatenate": "write concat",
    "Multiply": "write mul",
    "Add": "write add",
    "SpatialDropout2D": "write dropout",
    "Lambda": NOT_HERE,
    "InputLayer": "write input: [C, H, W]",
    "TimeDistributed": "the layer itself",
    # names of Caffe and Darknet
    "InnerProduct": "write linear",
    "Convolution": "write conv",
    "Deconvolution": "write conv_transpose",
    "Eltwise": "write add or max or mul",
    "Scale": "write affine",
    "SoftmaxWithLoss": "leave it out",
    "convolutional": "write conv",
    "[convolutional]": "write conv",
    "connected": "write linear",
    "route": "write concat",
    "leaky": "write leaky_relu",
    "logistic": "write sigmoid",
    # what has another meaning than what is spelt alike
    "transpose": "permute",
    "bilinear": "write upsample",
    "einsum": NOT_HERE,
    "Embedding": NOT_HERE,
    "RoIPool": NOT_HERE,
    "TransformerEncoderLayer": NOT_HERE,
    "nn.Sequential": "one after the other",
    "residual": "write add: {body",
    "mean": "write global_avg_pool",
    "squeeze": "write reshape",
    "torch.sum": "a sum over an axis is not in the language",
    "nn.Unfold": "write unfold",
    "ops.RoIAlign": "write roi_align",
    "GridSample": "write grid_sample",
    "nn.MultiheadAttention": "which has its projections",
    "SelfAttention": "which has its projections",
    "ReduceMax": "write global_max_pool for the maximum over the map, channel_max",
    # names of MXNet
    "FullyConnected": "write linear",
    "elemwise_add": "write add",
    "broadcast_mul": "write mul",
    "SliceChannel": "write split",
    "slice_axis": "write slice",
    "SwapAxis": "write permute",
    "HybridSequential": "one after the other",
    "SoftmaxOutput": "write softmax",
    "BilinearResize2D": "write upsample",
    "DeformableConvolution": "write deform_conv",
    "BlockGrad": "leave it out",
    "L2Normalization": "write l2_norm",
    "add_n": "write add",
    # names of TensorFlow and its slim
    "slim.conv2d": "write conv",
    "slim.fully_connected": "write linear",
    "slim.repeat": "write repeat: n beside the layer",
    "tf.nn.bias_add": "write affine: {offset: channel}",
    "tf.image.resize_bilinear": "write upsample",
    "fused_batch_norm": "write batch_norm",
    "strided_slice": "write slice",
    "tf.stack": "write concat",
    "tf.unstack": "write split",
    "l2_normalize": "write l2_norm",
    # names of JAX, Flax and Haiku
    "nn.Conv": "write conv",
    "hk.Linear": "write linear",
    "lax.conv_general_dilated": "write conv",
    "nn.DenseGeneral": "write linear",
    "OptimizedLSTMCell": "write lstm",
    "MultiHeadDotProductAttention": "which has its projections",
    "jnp.concatenate": "write concat",
    "nn.WeightNorm": "gain: true",
    "nn.Embed": NOT_HERE,
    # more of Caffe and Darknet
    "Interp": "write upsample",
    "MVN": "write instance_norm",
    "BNLL": "write softplus",
    "CReLU": "write concat: {x: [relu], minus: [relu]}",
    "DepthwiseConvolution": "write depthwise",
    "Silence": "leave it out",
    "PSROIPooling": "write roi_align",
    "deconvolutional": "write conv_transpose",
    "local_avgpool": "write avg_pool",
    "Gaussian_yolo": NOT_HERE,
    # names of ONNX
    "Gemm": "write linear",
    "ReduceSum": NOT_HERE,
    "QuantizeLinear": "leave it out",
    "Cast": "leave it out",
    "QLinearConv": "write conv",
    "MeanVarianceNormalization": "write instance_norm",
    "ScatterND": NOT_HERE,
    "Erf": NOT_HERE,
    # names of PaddlePaddle
    "fluid.layers.fc": "write linear",
    "elementwise_add": "write add",
    "ConvBNLayer": "write conv: {out: .., kernel: .., norm: batch_norm, act: relu}",
    "matmul_v2": "write matmul",
    "nearest_interp_v2": "write upsample",
    "transpose2": "write permute",
    "affine_channel": "write batch_norm",
    "LayerList": "one after the other",
    # more of PyTorch and Keras
    "nn.UpsamplingBilinear2d": "write upsample",
    "nn.LazyConv2d": "write conv",
    "nn.ConstantPad2d": "write pad",
    "nn.Softmin": NOT_HERE,
    "SELayer": "write squeeze_excite of use: [std]",
    "ConvBNReLU": "norm: batch_norm",
    "SpectralNormalization": "gain: true",
    "Resizing": "write upsample",
    # slips of the hand
    "conf": "did you mean 'conv'?",
    "rellu": "did you mean 'relu'?",
    "max_pol": "did you mean 'max_pool'?",
    "flaten": "did you mean 'flatten'?",
    "depthwize": "did you mean 'depthwise'?",
    "batchnrom": "did you mean 'batch_norm'?",
    "conv_transpsoe": "did you mean 'conv_transpose'?",
    "pelu": "see cnncalc ops",
    "frobnicate": "see cnncalc ops",
}

ARGUMENTS = {
    ("conv", "filters"): "write out",
    ("conv", "num_output"): "write out",
    ("conv", "activation"): "write act",
    ("conv", "use_bias"): "write bias",
    ("conv", "strides"): "write stride",
    ("conv", "pad"): "write padding",
    ("conv", "group"): "write groups",
    ("conv", "dilation_rate"): "write dilation",
    ("conv", "ksize"): "write kernel",
    ("conv", "kernelSize"): "did you mean 'kernel'?",
    ("conv", "kernal"): "did you mean 'kernel'?",
    ("conv", "norm_layer"): "write norm",
    ("conv", "in_channels"): "the layer before says the channels",
    ("conv", "kernel_initializer"): "leave it out",
    ("conv", "weight_filler"): "leave it out",
    ("conv", "data_format"): "leave it out",
    ("conv", "name"): "write as: name",
    ("linear", "units"): "write out",
    ("linear", "in_features"): "the layer before says the channels",
    ("relu", "inplace"): "leave it out",
    ("batch_norm", "num_features"): "the layer before says the channels",
    ("batch_norm", "eps"): "leave it out",
    ("batch_norm", "momentum"): "leave it out",
    ("max_pool", "pool_size"): "write kernel",
    ("max_pool", "strides"): "write stride",
    ("upsample", "interpolation"): "write mode",
    ("upsample", "scale_factors"): "did you mean 'scale'?",
    ("dropout", "rate"): "write p",
    ("lstm", "units"): "write hidden",
    ("leaky_relu", "alpha"): "write slope",
    # the same in other terms: the word alone would turn the meaning round
    ("lstm", "return_sequences"): "return_sequences: false is last: true",
    ("conv", "no_bias"): "no_bias: true is bias: false",
    ("dropout", "keep_prob"): "write p: 1 - keep_prob",
    ("avg_pool", "exclusive"): "exclusive: true is count_include_pad: false",
    ("batch_norm", "scale"): "affine: false leaves out scale and offset; for one alone put affine",
    ("batch_norm", "center"): "affine: false leaves out scale and offset; for one alone put affine",
    ("layer_norm", "center"): "write bias: false for a scale without an offset",
    ("layer_norm", "normalized_shape"): "write over: channel, last, or a number of trailing axes",
    ("layer_norm", "begin_norm_axis"): "write over: channel, last, or a number of trailing axes",
    ("local_response_norm", "depth_radius"): "size is 2 * depth_radius + 1",
    ("local_response_norm", "alpha"): "leave it out: constants change no count",
    ("attention", "qkv_bias"): "bias: on the layers that make q, k and v",
    ("attention", "head_dim"): "heads is the channels of q divided by it",
    ("conv_transpose", "output_shape"): "write output_padding",
    ("max_pool", "pool_type"): "the operator says it",
    ("max_pool", "global_pool"): "write global_max_pool or global_avg_pool",
    ("slice", "begin"): "write range: [start, stop]",
    # MXNet, slim, Flax, Haiku, Paddle
    ("conv", "num_filter"): "write out",
    ("linear", "num_hidden"): "write out",
    ("conv_transpose", "adj"): "write output_padding",
    ("local_response_norm", "nsize"): "write size",
    ("conv", "num_outputs"): "write out",
    ("conv", "normalizer_fn"): "write norm",
    ("conv", "weights_initializer"): "leave it out",
    ("conv", "scope"): "leave it out",
    ("conv", "features"): "write out",
    ("conv", "feature_group_count"): "write groups",
    ("conv", "kernel_dilation"): "write dilation",
    ("conv", "output_channels"): "write out",
    ("conv", "filter_size"): "write kernel",
    ("conv", "bias_attr"): "write bias",
    ("conv", "param_attr"): "leave it out",
    ("max_pool", "window_shape"): "write kernel",
    ("max_pool", "pool_stride"): "write stride",
    ("conv", "frobnication"): "its arguments are",
}

VALUES = {
    ("conv", "padding", "SAME"): "write same",
    ("conv", "padding", "VALID"): "write valid",
    ("conv", "padding", "same_upper"): "write same",
    ("conv", "padding_mode", "reflection"): "write reflect",
    ("upsample", "mode", "BILINEAR"): "write bilinear",
    ("conv", "act", "Relu"): "write relu",
    ("conv", "act", "ReLU"): "write relu",
    ("conv", "act", "nn.ReLU"): "write relu",
    ("conv", "act", "LeakyReLU"): "write leaky_relu",
    ("conv", "act", "leaky"): "write leaky_relu",
    ("conv", "act", "linear"): "write none",
    ("conv", "act", "None"): "write none",
    ("conv", "act", "logistic"): "write sigmoid",
    ("conv", "act", "rely"): "did you mean 'relu'?",
    ("conv", "norm", "BatchNorm2d"): "write batch_norm",
    ("conv", "norm", "BatchNormalization"): "write batch_norm",
}
MAIN = {
    "conv": "out: 8, kernel: 3",
    "linear": "out: 8",
    "max_pool": "kernel: 2",
    "upsample": "scale: 2",
    "lstm": "hidden: 4",
    "conv_transpose": "out: 8, kernel: 2",
    "avg_pool": "kernel: 2",
    "local_response_norm": "size: 5",
    "attention": "heads: 1",
    "slice": "channels: [0, 2]",
}


def hint_of(layer: str) -> str:
    """Return the one hint that a layer gives."""
    text = f"cnncalc: 1\ninput: [3, 32, 32]\nlayers:\n  - {layer}\n"
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(cnncalc.parse(text))
    (found,) = caught.value.diagnostics
    return found.hint or ""


@pytest.mark.parametrize("word", OPERATORS)
def test_an_operators_name_elsewhere(word: str) -> None:
    assert find(word) is None, "the language has it: the case is none"
    assert OPERATORS[word] in hint_of(f'"{word}"')


@pytest.mark.parametrize(("operator", "word"), ARGUMENTS)
def test_an_arguments_name_elsewhere(operator: str, word: str) -> None:
    cls = find(operator)
    assert cls is not None
    assert word not in cls.spellings, "the language has it: the case is none"
    given = f"{MAIN[operator]}, " if operator in MAIN else ""
    assert ARGUMENTS[operator, word] in hint_of(f"{operator}: {{{given}{word}: 1}}")


@pytest.mark.parametrize(("operator", "argument", "word"), VALUES)
def test_a_word_elsewhere(operator: str, argument: str, word: str) -> None:
    assert VALUES[operator, argument, word] in hint_of(f'{operator}: {{{MAIN[operator]}, {argument}: "{word}"}}')


def test_the_table_is_long_enough_to_show_the_kinds() -> None:
    assert len(OPERATORS) + len(ARGUMENTS) + len(VALUES) >= 240


@pytest.mark.parametrize("word", ["matmul", "einsum", "mha", "attention", "transpose", "bilinear", "subsample"])
def test_similar_spelling_proposed_another_operation(word: str) -> None:
    wrong = {"matmul": "mul", "einsum": "sum", "mha": "max", "attention": "flatten", "transpose": "conv_transpose",
             "bilinear": "linear", "subsample": "upsample"}  # fmt: skip
    assert f"'{wrong[word]}'" not in operator_hint(word)
    assert not operator_hint(word).startswith(f"write {wrong[word]}")


def test_two_names_that_are_equally_near_are_not_guessed_between() -> None:
    assert "did you mean" not in operator_hint("pelu"), "elu, relu, selu, gelu and celu are one slip away"


@pytest.mark.parametrize(("one", "other", "count"), [("conv", "conf", 1), ("relu", "rleu", 1), ("abc", "abc", 0),
                                                       ("kernal", "kernel", 1), ("abcd", "bcda", 2), ("a", "bcde", 3)])
def test_slips_of_the_hand_are_counted(one: str, other: str, count: int) -> None:
    assert slips(one, other, 2) == count
    assert slips(other, one, 2) == count


def test_the_builder_and_the_command_give_the_same_hint() -> None:
    net = cnncalc.Network(input=[3, 8, 8])
    with pytest.raises(TypeError, match=re.escape("write depthwise")):
        net.layer("DepthwiseConv2D", 3)
    result = CliRunner().invoke(app, ["ops", "DepthwiseConv2D"])
    assert result.exit_code == 2
    assert "write depthwise" in result.output


def test_a_pool_with_causal_padding_was_told_of_channels() -> None:
    for layer in ("max_pool: {kernel: 3, stride: 1, padding: causal}", "avg_pool: {kernel: 3, padding: Causal}"):
        found = told_of(f"input: [8, 100]\nlayers:\n  - {layer}\n")
        assert found.startswith("convolutions alone have it: put {pad: [kernel - 1, 0]} before this layer")
    right = "input: [8, 100]\nlayers:\n  - pad: [2, 0]\n  - max_pool: {kernel: 3, stride: 1}\n"
    assert cnncalc.analyze(cnncalc.parse(right)).layers[-1].out_shape == (8, 100)
    assert told_of("input: [8, 9]\nlayers:\n  - conv: {out: 8, kernel: 3, padding: full}\n") == (
        "write a number or one of valid, half, same, same_lower, causal")
    assert told_of("input: [8, 9]\nvars: {pads: 1}\nlayers:\n  - conv: {out: 8, kernel: 3, padding: pad}\n") == (
        "did you mean 'pads'?")


PATH = """input: [8, 9, 9]
layers:
  - {relu: , as: a}
  - {relu: , as: b}
  - add: {p: {layers: [relu], branches: {w: [a, b]}, from: $w}}
"""
BLOCK = """input: [8, 9, 9]
blocks:
  k: {params: {w: }, layers: [{relu: , from: $w}]}
layers: [{relu: , as: a}, {k: a}]
"""


@pytest.mark.parametrize("text", [PATH, BLOCK, "input: [8, 9, 9]\nlayers: [{relu: , from: $w}]\n"])
def test_a_word_as_a_source_is_told_what_to_write(text: str) -> None:
    assert told_of(text).startswith("no word stands for a label: write a path for each source")


def told_of(text: str) -> str:
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(cnncalc.parse(text))
    (found,) = caught.value.diagnostics
    return found.hint or ""
