"""The headings of a layer's numbers and of what else a row says, in the order of `show --columns all`."""

from __future__ import annotations

HEADINGS = {
    "layer": ("Layer", ""),
    "operator": ("Operator", ""),
    "output": ("Output", ""),
    "receptive_field": ("Receptive", "field"),
    "params": ("Params", ""),
    "macs": ("MACs", ""),
    "flops": ("FLOPs", ""),
    "memory_access": ("Memory", "access"),
    "share_macs": ("Share of MACs", ""),
    "layers": ("Layers", ""),
    "input": ("Input", ""),
    "receptive_field_min": ("Smallest", "field"),
    "receptive_field_true": ("Field", "with gates"),
    "jump": ("Jump", "positions"),
    "start": ("Start", "positions"),
    "buffers": ("Buffers", ""),
    "bytes": ("Moved", "bytes"),
    "intensity": ("Intensity", "FLOPs/byte"),
    "activations": ("Activations", "elements"),
    "connections": ("Connections", ""),
    "live": ("Live", "elements"),
    "share_params": ("Share of params", ""),
    "line": ("Line", ""),
}
"""By the name that `--columns` takes: the heading, and its second line, more of the name or what the numbers count."""
