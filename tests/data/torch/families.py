"""Records one network of each model family of timm, its smallest: what cnncalc, timm and FlopCounterMode say of it.

Run where torch and timm are (an hour or so): python tests/data/torch/families.py. Everything is on the meta device.
"""

# mypy: ignore-errors
# ruff: noqa: T201, ANN001, ANN201, BLE001

from __future__ import annotations

import json
import logging
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent.parent))
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import timm  # noqa: E402
import torch  # noqa: E402
from timm.models import _registry as registry  # noqa: E402
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

import cnncalc  # noqa: E402
from cnncalc.interop.pytorch import export  # noqa: E402


def size_of(model):
    """Return the parameters of a model."""
    return sum(p.numel() for p in model.parameters())


def smallest(module):
    """Return the name of the smallest model of a family."""
    found = []
    for name in sorted(registry._module_to_models[module]):
        try:
            found.append((size_of(export.made(lambda name=name: timm.create_model(name))), name))
        except Exception as error:
            print("left out:", name, error)
    return min(found)[1]


def truth(model, extents):
    """Return half of the operations that FlopCounterMode counts; attention is counted by its plain products."""
    bare = export.weightless(model).requires_grad_(False)
    x = torch.empty((1, *extents), device="meta")
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad(), torch.device("meta"):
        bare(x)
    return counter.get_total_flops() // 2


def main():
    export.load_torch()
    found = {"torch": torch.__version__, "timm": timm.__version__, "models": {}}
    for module in sorted(registry._module_to_models):
        name = smallest(module)
        model = export.made(lambda name=name: timm.create_model(name)).eval()
        extents = (model.default_cfg or {}).get("input_size") or (3, 224, 224)
        totals = cnncalc.analyze(cnncalc.from_torch(model, extents)).totals
        found["models"][name] = row = {
            "input": list(extents), "params": size_of(model), "macs": truth(model, extents),
            "ours": [totals.params, totals.macs], "bounds": list(totals.lower_bounds),
        }  # fmt: skip
        print(module, name, row)
    text = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in found.pop("models").items())
    head = json.dumps(found)[:-1]
    (HERE / "families.json").write_text(f'{head}, "models": {{\n{text}\n}}}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
