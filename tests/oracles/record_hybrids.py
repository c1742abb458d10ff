"""Record the layers of networks with attention, from timm's code: `python record_hybrids.py > hybrids.json`.

Needs torch and timm; nothing of cnncalc. Models are built on the meta device in eval mode and run once with batch 1,
attention written out as products. Per network `layers` are the convolutions, linear layers and norms that run, in
order, as `[operator, in, out, params, macs]`, and `products` the multiply-accumulates of two activations with each
other in each attention module, in order (`torch.utils.flop_counter.FlopCounterMode`, halved). Maps are `[C, H, W]`;
what works on rows is `[C, positions]`, those of all groups together.
"""

from __future__ import annotations

import json
import sys
from math import prod
from typing import TYPE_CHECKING, Any

import timm
import torch
from timm.layers import set_fused_attn
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

if TYPE_CHECKING:
    from torch import Tensor

set_fused_attn(enable=False)
NETWORKS = {
    "mobilevit_xxs": 256, "mobilevit_xs": 256, "mobilevit_s": 256, "mobilenetv4_hybrid_medium": 256,
    "mobilenetv4_hybrid_large": 384, "coatnet_0_rw_224": 224, "coatnet_1_rw_224": 224, "efficientformer_l1": 224,
    "efficientformer_l3": 224, "efficientformer_l7": 224,
}  # fmt: skip
KINDS = {nn.Conv2d: "conv", nn.Linear: "linear", nn.BatchNorm2d: "batch_norm", nn.LayerNorm: "layer_norm"}


def shape(x: Tensor, rows: bool) -> list[int]:
    """Return channels and extents, without the batch."""
    if rows and x.dim() > 2:
        return [x.shape[-1], prod(x.shape[:-1])]
    return list(x.shape[1:])


def record(name: str, size: int) -> dict[str, Any]:
    """Return what runs in a network."""
    with torch.device("meta"):
        model: Any = timm.create_model(name).eval()
    layers: list[list[Any]] = []

    def seen(module: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> None:
        kind = next(kind for cls, kind in KINDS.items() if isinstance(module, cls))
        rows = kind == "linear" or (kind == "layer_norm" and given[0].dim() == 3)
        macs = 0
        if kind == "conv":
            macs = out.numel() * prod(module.weight.shape[1:])
        elif kind == "linear":
            macs = out.numel() * module.in_features
        params = sum(p.numel() for p in module.parameters(recurse=False))
        layers.append([kind, shape(given[0], rows), shape(out, rows), params, macs])

    for module in model.modules():
        if any(isinstance(module, cls) for cls in KINDS):
            module.register_forward_hook(seen)
    with torch.no_grad(), FlopCounterMode(display=False) as flops:
        model(torch.zeros(1, 3, size, size, device="meta"))
    counts = flops.get_flop_counts()
    products = {}
    for path, found in counts.items():  # a product of two activations is a bmm; the innermost module has it first
        number = sum(n for op, n in found.items() if str(op) == "aten.bmm")
        inner = [other for other in counts if other.startswith(f"{path}.") and any(
            str(op) == "aten.bmm" for op in counts[other])]  # fmt: skip
        if number and not inner and path != "Global":
            products[path] = number // 2
    total = sum(row[4] for row in layers) + sum(products.values())
    assert total == flops.get_total_flops() // 2, (name, total, flops.get_total_flops() // 2)
    return {"input": [3, size, size], "layers": layers, "products": list(products.values())}


def main() -> None:
    """Write the records."""
    lines = [f"{json.dumps(name)}: {json.dumps(record(name, size))}" for name, size in NETWORKS.items()]
    sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
