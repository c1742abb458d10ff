"""Record what TensorFlow's profiler counts for single Keras layers: `python record_keras_flops.py > FILE`.

Needs tensorflow and keras (recorded with TensorFlow 2.21.0, Keras 3.15.1, on a CPU); nothing of cnncalc. A record is
the layer as a spec item, the input without batch in the order `[C, H, W]`, and the floating-point operations that
`tf.compat.v1.profiler` finds in the frozen graph, which is what keras-flops does.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import tensorflow as tf
from keras import layers
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2_as_graph


def operations(model: Any) -> int:
    """Return the profiler's floating-point operations of a model, for one image."""
    shapes = [tf.TensorSpec([1, *x.shape[1:]], tf.float32) for x in model.inputs]
    run = tf.function(lambda *args: model(list(args) if len(args) > 1 else args[0], training=False))
    _, frozen = convert_variables_to_constants_v2_as_graph(run.get_concrete_function(*shapes))
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(frozen, name="")
        options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
        options["output"] = "none"
        found = tf.compat.v1.profiler.profile(graph=graph, run_meta=tf.compat.v1.RunMetadata(), options=options)
    return int(found.total_float_ops)


MAP, LONG, VOLUME, VECTOR = [8, 12, 10], [8, 20], [4, 6, 7, 8], [24]


def cases() -> Any:
    """Yield spec item, input shape `[C, ...]` and the Keras layer."""
    for size in (MAP, LONG, VOLUME):
        conv = {2: layers.Conv1D, 3: layers.Conv2D, 4: layers.Conv3D}[len(size)]
        back = {2: layers.Conv1DTranspose, 3: layers.Conv2DTranspose, 4: layers.Conv3DTranspose}[len(size)]
        most = {2: layers.MaxPool1D, 3: layers.MaxPool2D, 4: layers.MaxPool3D}[len(size)]
        mean = {2: layers.AveragePooling1D, 3: layers.AveragePooling2D, 4: layers.AveragePooling3D}[len(size)]
        yield {"conv": {"out": 6, "kernel": 3, "padding": "same"}}, size, conv(6, 3, padding="same")
        yield {"conv": {"out": 6, "kernel": 3, "stride": 2, "bias": False}}, size, conv(6, 3, 2, use_bias=False)
        yield {"conv_transpose": {"out": 6, "kernel": 3, "stride": 2}}, size, back(6, 3, 2)
        yield (
            {"conv_transpose": {"out": 6, "kernel": 3, "stride": 2, "padding": "same", "bias": False}},
            size,
            back(6, 3, 2, padding="same", use_bias=False),
        )
        yield {"max_pool": {"kernel": 2}}, size, most(2)
        yield {"avg_pool": {"kernel": 2}}, size, mean(2)
    yield {"max_pool": {"kernel": 3, "stride": 2, "padding": "same"}}, MAP, layers.MaxPool2D(3, 2, padding="same")
    yield {"conv": {"out": 8, "kernel": 3, "groups": 4}}, MAP, layers.Conv2D(8, 3, groups=4)
    yield {"conv": {"out": 6, "kernel": 3, "dilation": 2}}, MAP, layers.Conv2D(6, 3, dilation_rate=2)
    yield {"depthwise_conv": {"kernel": 3, "bias": False}}, MAP, layers.DepthwiseConv2D(3, use_bias=False)
    yield (
        {"depthwise_conv": {"kernel": 3, "multiplier": 2}},
        MAP,
        layers.DepthwiseConv2D(3, depth_multiplier=2),
    )
    yield {"linear": 7}, VECTOR, layers.Dense(7)
    yield {"linear": {"out": 7, "bias": False}}, VECTOR, layers.Dense(7, use_bias=False)
    yield {"batch_norm": None}, MAP, layers.BatchNormalization()
    yield {"batch_norm": None}, VECTOR, layers.BatchNormalization()
    yield {"batch_norm": {"affine": False}}, MAP, layers.BatchNormalization(center=False, scale=False)
    yield {"layer_norm": {"over": "channel"}}, MAP, layers.LayerNormalization()
    yield {"group_norm": {"groups": 4}}, MAP, layers.GroupNormalization(4)
    yield {"rms_norm": None}, MAP, layers.RMSNormalization()
    for ours, theirs in (
        *((name, name) for name in ("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "sigmoid", "tanh", "mish")),
        *((name, name) for name in ("softplus", "softsign", "softmax", "log_softmax", "silu")),
        ("hardsigmoid", "hard_sigmoid"),
        ("hardswish", "hard_silu"),
    ):
        yield {ours: None}, MAP, layers.Activation(theirs)
    yield {"prelu": {"parameters": 8}}, MAP, layers.PReLU(shared_axes=[1, 2])
    yield {"global_avg_pool": None}, MAP, layers.GlobalAveragePooling2D(keepdims=True)
    yield {"global_max_pool": None}, MAP, layers.GlobalMaxPool2D(keepdims=True)
    yield {"upsample": {"scale": 2}}, MAP, layers.UpSampling2D(2)
    yield {"upsample": {"scale": 2, "mode": "bilinear"}}, MAP, layers.UpSampling2D(2, interpolation="bilinear")
    yield {"zero_pad": 1}, MAP, layers.ZeroPadding2D(1)
    yield {"flatten": None}, MAP, layers.Flatten()
    yield {"dropout": None}, MAP, layers.Dropout(0.5)
    merges = {"add": layers.Add, "mul": layers.Multiply, "max": layers.Maximum,
              "concat": layers.Concatenate}  # fmt: skip
    for name, layer in merges.items():
        for inputs in (2, 3):
            yield {name: ["input"] * inputs}, MAP, layer()
    yield {"sub": ["input"] * 2}, MAP, layers.Subtract()


for item, size, layer in cases():
    keras.backend.clear_session()
    ((_, value),) = item.items()
    xs = [keras.Input((*size[1:], size[0])) for _ in range(len(value) if isinstance(value, list) else 1)]
    model = keras.Model(xs, layer(xs if len(xs) > 1 else xs[0]))
    sys.stdout.write(json.dumps({"item": item, "input": size, "number": operations(model)}) + "\n")
