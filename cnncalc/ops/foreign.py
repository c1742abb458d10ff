"""What an operator is elsewhere, as data: its name in another system, its arguments there, and what must be fixed.

Importers and exporters are loops over the registry: `by_foreign_name` finds the operators that a foreign name may stand
for, `Operator.elsewhere` says under which name an operator goes out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

SYSTEMS = ("torch", "torch_function", "onnx", "tflite", "keras", "darknet", "caffe")
"""Where operators have names: PyTorch's modules and functions, ONNX, TensorFlow Lite, Keras, Darknet, Caffe."""
RANKS = (1, 2, 3)
NONE: Mapping[str, Any] = {}


class Foreign(NamedTuple):
    """An operator's name in another system.

    Attributes:
        name: the name there; `{n}` stands for the number of spatial axes. Empty where only a recipe says it.
        arguments: our argument to theirs, for those that mean the same thing; the form of the values (one number or a
            list, the order of paddings) is the system's.
        constants: their arguments that must have this value for the name to mean our operator.
        when: our arguments that must have this value for the name to hold.
        tensors: our tensor (as PyTorch calls it) to theirs, where it has another name.
        recipe: where no one name does: their operators in order, each with what it reads: "x" for the layer's input, a
            number for the result of that step.
    """

    name: str
    arguments: Mapping[str, str] = NONE
    constants: Mapping[str, Any] = NONE
    when: Mapping[str, Any] = NONE
    tensors: Mapping[str, str] = NONE
    recipe: tuple[tuple[str, ...], ...] = ()

    def names(self) -> tuple[str, ...]:
        """Return the name for every number of spatial axes."""
        if not self.name:
            return ()
        return tuple(self.name.format(n=n) for n in RANKS) if "{n}" in self.name else (self.name,)

    def named(self, rank: int) -> str:
        """Return the name for a map with this many spatial axes."""
        return self.name.format(n=rank)

    def holds(self, arguments: Mapping[str, Any]) -> bool:
        """Return whether an operator with these arguments goes by the name."""
        return all(arguments.get(name) == value for name, value in self.when.items())


Elsewhere = dict[str, tuple[Foreign, ...]]
"""By system, the names that an operator has there; the first that holds is the one to write."""


def known_as(**systems: str | Foreign | tuple[Foreign, ...]) -> Elsewhere:
    """Return names by system, each written in the shortest form that says it.

    Raises:
        ValueError: there is no such system.
    """
    unknown = set(systems) - set(SYSTEMS)
    if unknown:
        raise ValueError(f"there is no system {min(unknown)!r} (one of {', '.join(SYSTEMS)})")
    return {
        system: (Foreign(said),) if isinstance(said, str) else (said,) if isinstance(said, Foreign) else said
        for system, said in systems.items()
    }


# Arguments and tensors that several operators share.

TORCH_FILTERS = {
    "out": "out_channels", "kernel": "kernel_size", "stride": "stride", "padding": "padding", "dilation": "dilation",
    "groups": "groups", "bias": "bias",
}  # fmt: skip
TORCH_WINDOW = {"kernel": "kernel_size", "stride": "stride", "padding": "padding", "ceil": "ceil_mode"}
TORCH_STATISTICS = {"affine": "affine", "running_stats": "track_running_stats"}
ONNX_FILTERS = {
    "kernel": "kernel_shape", "stride": "strides", "padding": "pads", "dilation": "dilations", "groups": "group",
}  # fmt: skip
ONNX_WINDOW = {"kernel": "kernel_shape", "stride": "strides", "padding": "pads", "ceil": "ceil_mode"}
ONNX_WEIGHTS = {"weight": "W", "bias": "B"}
ONNX_SCALE = {"weight": "scale", "bias": "B"}
ONNX_NORM = {**ONNX_SCALE, "running_mean": "input_mean", "running_var": "input_var"}
KERAS_FILTERS = {
    "out": "filters", "kernel": "kernel_size", "stride": "strides", "padding": "padding", "dilation": "dilation_rate",
    "bias": "use_bias",
}  # fmt: skip
KERAS_KERNEL = {
    "kernel": "kernel_size", "stride": "strides", "padding": "padding", "dilation": "dilation_rate", "bias": "use_bias",
}  # fmt: skip
KERAS_WINDOW = {"kernel": "pool_size", "stride": "strides", "padding": "padding"}
KERAS_WEIGHTS = {"weight": "kernel"}
KERAS_NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
CAFFE_FILTERS = {
    "out": "num_output", "kernel": "kernel_size", "stride": "stride", "padding": "pad", "dilation": "dilation",
    "groups": "group", "bias": "bias_term",
}  # fmt: skip
CAFFE_WINDOW = {"kernel": "kernel_size", "stride": "stride", "padding": "pad"}
