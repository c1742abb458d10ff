"""Functions of TensorFlow in models of Keras 2: `TFOpLambda`, `SlicingOpLambda`, `TensorFlowOpLayer`.

Each becomes the function of `keras.ops` that does the same, with the settings under their names of today.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnncalc.interop.keras.structure import CallReads, KerasLayer

KINDS = frozenset(("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"))
OPS = "keras.src.ops.numpy"
TODAY = {
    "add": "Add", "addv2": "Add", "biasadd": "Add", "multiply": "Multiply", "mul": "Multiply", "subtract": "Subtract",
    "sub": "Subtract", "truediv": "Divide", "divide": "Divide", "realdiv": "Divide", "div": "Divide",
    "maximum": "Maximum", "minimum": "Minimum", "matmul": "Matmul", "batchmatmulv2": "Matmul", "reduce_mean": "Mean",
    "mean": "Mean", "reduce_sum": "Sum", "sum": "Sum", "reduce_max": "Max", "max": "Max", "reduce_min": "Min",
    "reduce_prod": "Prod", "argmax": "Argmax", "reshape": "Reshape", "transpose": "Transpose", "concat": "Concatenate",
    "concatv2": "Concatenate", "stack": "Stack", "pack": "Stack", "expand_dims": "ExpandDims", "expanddims":
    "ExpandDims", "squeeze": "Squeeze", "split": "Split", "pad": "Pad", "tile": "Tile", "cast": "Cast", "getitem":
    "GetItem", "relu": "Relu", "relu6": "Relu6", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax", "silu":
    "Silu", "swish": "Silu", "gelu": "Gelu", "elu": "Elu", "selu": "Selu", "softplus": "Softplus", "leaky_relu":
    "LeakyRelu", "sqrt": "Sqrt", "rsqrt": "Rsqrt", "square": "Square", "exp": "Exp", "log": "Log", "pow": "Power",
    "abs": "Absolute", "negative": "Negative", "neg": "Negative", "clip_by_value": "Clip", "resize": "Resize",
    "identity": "Cast", "stop_gradient": "Cast", "einsum": "Einsum", "roll": "Roll", "reverse": "Flip",
}  # fmt: skip
"""What a function of TensorFlow, or the operator behind it, is called today."""
RENAMED = {"axes": "axis", "perm": "axes", "paddings": "pad_width", "num_or_size_splits": "indices_or_sections",
           "multiples": "repeats", "equation": "subscripts", "method": "interpolation"}  # fmt: skip
SECOND = {"Mean": "axis", "Sum": "axis", "Max": "axis", "Argmax": "axis", "Reshape": "newshape", "Transpose": "axes",
          "ExpandDims": "axis", "Pad": "pad_width", "Tile": "repeats"}  # fmt: skip
"""The setting that an operator of TensorFlow reads as its second tensor."""


def of_today(layer: KerasLayer, reads: CallReads) -> tuple[KerasLayer, list[Any] | None]:
    """Return a layer as a function of today, and what it indexes by; as it is where nothing says what it does."""
    config, keys = dict(layer.config), reads.keys
    if layer.kind == "TensorFlowOpLayer":
        word, given = operator(config)
    else:
        word = str(config.get("function") or config.get("name") or "").rpartition(".")[2]
        given = dict(reads.settings)
    kind = TODAY.get(word.lower().strip("_"))
    if kind is None:
        return layer, keys
    spec = given.pop("slice_spec", None)
    if kind == "GetItem" and isinstance(spec, list):
        keys = [slice(*(key.get(end) for end in ("start", "stop", "step"))) if isinstance(key, dict) else key
                for key in spec]  # fmt: skip
    settings = {RENAMED.get(name, name): value for name, value in given.items()}
    if layer.kind == "TFOpLambda" and kind == "Reshape":
        settings["newshape"] = settings.pop("shape", None)
    if kind == "Transpose" and "axis" in settings:
        settings["axes"] = settings.pop("axis")
    return replace(layer, kind=kind, config=settings, module=OPS), keys


def operator(config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the operator of a `TensorFlowOpLayer`, and the settings among its constants."""
    node = config.get("node_def")
    if isinstance(node, str):
        try:
            node = json.loads(node)
        except ValueError:
            return "", {}
    word = str(node.get("op", "")) if isinstance(node, dict) else ""
    constants = config.get("constants")
    kind = TODAY.get(word.lower())
    setting = SECOND.get(kind or "")
    found: dict[str, Any] = {}
    if setting and isinstance(constants, dict):
        found[setting] = constants.get("1")
        attributes = node.get("attr", {}) if isinstance(node, dict) else {}
        keep = attributes.get("keep_dims", {}) if isinstance(attributes, dict) else {}
        found["keepdims"] = bool(keep.get("b")) if isinstance(keep, dict) else False
    return word, found
