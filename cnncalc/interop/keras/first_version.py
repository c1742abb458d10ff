"""Layers of Keras 1 as those of today: other names of classes and of settings, sizes one by one."""

from __future__ import annotations

from typing import Any

CLASSES = {
    **{f"Convolution{n}D": f"Conv{n}D" for n in (1, 2, 3)}, "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D", "Deconvolution2D": "Conv2DTranspose", "Deconvolution3D": "Conv3DTranspose",
    "SeparableConvolution2D": "SeparableConv2D", "TimeDistributedDense": "Dense",
}  # fmt: skip
SETTINGS = {
    "nb_filter": "filters", "subsample": "strides", "border_mode": "padding", "bias": "use_bias", "atrous_rate":
    "dilation_rate", "inner_activation": "recurrent_activation", "filter_length": "kernel_size", "subsample_length":
    "strides", "pool_length": "pool_size", "stride": "strides", "length": "size",
}  # fmt: skip
SIDES = ("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3")
ORDERS = {"th": "channels_first", "tf": "channels_last"}
WIDE = frozenset(("Dense", "LSTM", "GRU", "SimpleRNN"))
"""Layers whose `output_dim` is called `units` today; a table of vectors keeps the name."""
MERGES = {"sum": "Add", "mul": "Multiply", "concat": "Concatenate", "ave": "Average", "max": "Maximum"}
OLD = frozenset((*SETTINGS, *SIDES[0], *SIDES[1], "dim_ordering", "concat_axis"))
"""Settings that only Keras 1 has, but for `size` and the like, which both have."""


def of_today(kind: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a layer's class and settings by the names of today; those of later versions as they are."""
    if kind == "Merge" and config.get("mode") in MERGES:
        return MERGES[config["mode"]], {**config, "axis": config.get("concat_axis", -1)}
    old = kind in CLASSES or bool(OLD & set(config)) or (kind in WIDE and "output_dim" in config)
    old = old or (kind.endswith("Dropout") and "p" in config and "rate" not in config)
    if not old:
        return kind, config
    made = CLASSES.get(kind, kind)
    found = {SETTINGS.get(key, key): value for key, value in config.items()}
    for names in SIDES:
        if all(name in config for name in names):
            found["kernel_size"] = [config[name] for name in names]
    rank = int(made[made.index("D") - 1]) if made[-1:] == "D" and made[-2:-1].isdigit() else 0
    rank = rank or (int(made[4]) if made.startswith("Conv") and made[4:5].isdigit() else 0)
    if rank and made.startswith(("Conv", "Separable")):
        found.setdefault("dilation_rate", [1] * rank)
        found.setdefault("groups", 1)
        for key in ("kernel_size", "strides", "dilation_rate"):
            if isinstance(found.get(key), int):
                found[key] = [found[key]] * rank
        if made.startswith("Separable"):
            found.setdefault("depth_multiplier", 1)
    if rank == 1 and "pool" in made.lower():
        for key in ("pool_size", "strides"):
            if isinstance(found.get(key), int):
                found[key] = [found[key]]
    if config.get("dim_ordering") in ORDERS:
        found["data_format"] = ORDERS[config["dim_ordering"]]
    if made in WIDE and "output_dim" in config:
        found["units"] = config["output_dim"]
    if made.endswith("Dropout") and "p" in config:
        found["rate"] = config["p"]
    return made, found
