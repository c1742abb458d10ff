"""What stood in one module: see `operator`, `registry` and `windows`. Kept for operators written against it."""

from cnncalc.ops.operator import (
    INPUTS,
    MASK,
    OUTPUT,
    POSITIONS,
    REQUIRED,
    Arg,
    Called,
    Composite,
    Operator,
    Part,
    Shapes,
    arg,
    expanded,
)
from cnncalc.ops.registry import (
    broken_plugins,
    built_in,
    by_foreign_name,
    find,
    load_plugins,
    names,
    operators,
    register,
)
from cnncalc.ops.windows import (
    AXES,
    AxisValue,
    axis_name,
    fitting,
    only_rank,
    padding_apart,
    pads,
    per_axis,
    spatial_rank,
    starts_earlier,
    windows,
)

__all__ = [
    "AXES", "INPUTS", "MASK", "OUTPUT", "POSITIONS", "REQUIRED", "Arg", "AxisValue", "Called", "Composite",
    "Operator", "Part", "Shapes", "arg", "axis_name", "broken_plugins", "built_in", "by_foreign_name",
    "expanded", "find", "fitting", "load_plugins", "names", "only_rank", "operators", "padding_apart", "pads",
    "per_axis", "register", "spatial_rank", "starts_earlier", "windows",
]  # fmt: skip
