"""The operators, one class each, grouped by family. Importing this package registers the built-in ones."""

from cnncalc.ops import (
    activation,
    arrange,
    attention,
    channels,
    conv,
    conv_transpose,
    factorised,
    learned,
    linear,
    merge,
    norm,
    opaque,
    pool,
    recurrent,
    resize,
    sampling,
)
from cnncalc.ops.operator import Operator
from cnncalc.ops.registry import find, names, operators, register

__all__ = [
    "Operator",
    "activation",
    "arrange",
    "attention",
    "channels",
    "conv",
    "conv_transpose",
    "factorised",
    "find",
    "learned",
    "linear",
    "merge",
    "names",
    "norm",
    "opaque",
    "operators",
    "pool",
    "recurrent",
    "register",
    "resize",
    "sampling",
]
