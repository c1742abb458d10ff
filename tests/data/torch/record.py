"""Records what PyTorch says of models: their exported programs as plain data, FlopCounterMode's count, parameters.

Run where torch, torchvision and timm are: python tests/data/torch/record.py. Everything is on the meta device.
"""

# mypy: ignore-errors
# ruff: noqa: T201, ANN001, ANN201

from __future__ import annotations

import json
import lzma
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent.parent))
warnings.filterwarnings("ignore")

import timm  # noqa: E402
import torch  # noqa: E402
import torchvision  # noqa: E402
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from cnncalc.interop.pytorch import export  # noqa: E402

TORCHVISION = ("resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5", "densenet121", "swin_t", "vit_b_16",
               "convnext_tiny", "efficientnet_b0", "regnet_y_400mf", "mnasnet0_5", "inception_v3")  # fmt: skip
TIMM = ("mobilevit_xxs", "resnest14d", "ecaresnet26t", "mixer_s32_224", "coat_lite_tiny", "repvgg_a0", "ghostnet_050",
        "efficientformer_l1", "poolformer_s12", "nfnet_l0", "vit_tiny_patch16_224", "res2net50_14w_8s")  # fmt: skip


def truth(model, extents):
    """Return half of the operations that FlopCounterMode counts, attention by plain products, and the parameters."""
    bare = export.weightless(model)
    x = torch.empty((1, *extents), device="meta")
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad(), torch.device("meta"):
        bare(x)
    return counter.get_total_flops() // 2, sum(p.numel() for p in model.parameters())


def main():
    export.load_torch()
    found = {"torch": torch.__version__, "torchvision": torchvision.__version__, "timm": timm.__version__, "models": {}}
    makers = {n: (lambda n=n: torchvision.models.get_model(n, weights=None)) for n in TORCHVISION}
    makers |= {n: (lambda n=n: timm.create_model(n)) for n in TIMM}
    for name, make in makers.items():
        model = export.made(make).eval()
        size = getattr(model, "default_cfg", {}).get("input_size") or (3, 299, 299) if name == "inception_v3" else (
            getattr(model, "default_cfg", {}).get("input_size") or (3, 224, 224))  # fmt: skip
        macs, params = truth(model, size)
        program = export.program(model, {"input": (1, *size)})
        found["models"][name] = {"macs": macs, "params": params, "input": size, "program": export.to_data(program)}
        print(name, macs, params, len(program.steps))
    with lzma.open(HERE / "programs.json.xz", "wt", encoding="utf-8") as file:
        json.dump(found, file, separators=(",", ":"))


main()
