"""Record totals of whole networks from the code of frameworks: `python record_frameworks.py > ../data/frameworks.json`.

Needs torch, torchvision and timm, effdet for the EfficientDet networks and ultralytics for the YOLO networks; nothing
of cnncalc. Models are built on the meta device (those of ultralytics on the CPU: they run while they are built) in eval
mode and run once with batch 1. A record has the learnable parameters, the multiply-accumulates
(`torch.utils.flop_counter.FlopCounterMode` divided by 2: convolutions, matrix products, attention as its two products),
and the shapes of what the model returns, without the batch.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import timm
import torch
import torchvision
from timm.layers import set_fused_attn
from torch.utils.flop_counter import FlopCounterMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

set_fused_attn(enable=False)
TIMM = """
vit_tiny_patch16_224 vit_small_patch16_224 vit_base_patch16_224 deit_tiny_patch16_224 deit_tiny_distilled_patch16_224
deit_small_patch16_224 deit_small_distilled_patch16_224 deit_base_patch16_224 deit_base_distilled_patch16_224
swin_tiny_patch4_window7_224 convnextv2_atto convnextv2_femto convnextv2_pico convnextv2_nano convnextv2_tiny
convnextv2_base convnextv2_large convnextv2_huge mobilenetv4_conv_small mobilenetv4_conv_medium mobilenetv4_conv_large
repvgg_a0 repvgg_a1 repvgg_a2 repvgg_b0 repvgg_b1 repvgg_b2 repvgg_b3 ghostnet_050 ghostnet_100 ghostnet_130
res2net50_26w_4s res2net50_26w_6s res2net50_26w_8s res2net101_26w_4s convmixer_768_32 convmixer_1024_20_ks9_p14
convmixer_1536_20 poolformer_s12 poolformer_s24 poolformer_s36 poolformer_m36 poolformer_m48 ese_vovnet19b_dw
ese_vovnet39b ese_vovnet99b cspdarknet53 darknet53 mixnet_s mixnet_m mixnet_l mixnet_xl hrnet_w18_small
hrnet_w18_small_v2 hrnet_w18 hrnet_w30 hrnet_w32 hrnet_w40 hrnet_w44 hrnet_w48 hrnet_w64 mixer_s16_224 mixer_b16_224
xception resmlp_12_224 resmlp_24_224 resmlp_36_224 inception_v4 dla34 selecsls42b hardcorenas_a legacy_senet154
rexnet_100 mobileone_s0 mobileone_s1 eca_resnet33ts repvit_m1 starnet_s1 starnet_s2 starnet_s3 starnet_s4 fasternet_t0
fasternet_t1 fasternet_t2 fasternet_s tf_efficientnet_lite0 semnasnet_100 spnasnet_100 fbnetc_100 tinynet_a lcnet_100
mobilevit_xxs mobilevit_xs mobilevit_s mobilenetv4_hybrid_medium mobilenetv4_hybrid_large coatnet_0_rw_224
coatnet_1_rw_224 efficientformer_l1 efficientformer_l3 efficientformer_l7
""".split()  # noqa: SIM905
VIDEO = ("r3d_18", "mc3_18", "r2plus1d_18")
DETECTION = {"retinanet_resnet50_fpn": (3, 800, 800), "retinanet_resnet50_fpn_v2": (3, 800, 800),
             "ssd300_vgg16": (3, 300, 300), "ssdlite320_mobilenet_v3_large": (3, 320, 320)}  # fmt: skip


def record(model: Any, shape: tuple[int, ...], run: Callable[[Any, Any], Any] | None = None,
           device: str = "meta") -> dict[str, Any]:  # fmt: skip
    """Return the totals of a model for one input."""
    model = model.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as flops:
        x = torch.zeros(1, *shape, device=device)
        out = model(x) if run is None else run(model, x)
    return {
        "input": list(shape),
        "params": sum(p.numel() for p in model.parameters()),
        "macs": flops.get_total_flops() // 2,
        "outputs": [list(t.shape[1:]) for t in tensors(out)],
    }


def tensors(out: Any) -> Iterator[Any]:
    """Yield the tensors of a model's result."""
    if isinstance(out, torch.Tensor):
        yield out
    elif isinstance(out, dict):
        for value in out.values():
            yield from tensors(value)
    elif isinstance(out, list | tuple):
        for value in out:
            yield from tensors(value)


def detector(model: Any, x: Any) -> Any:
    """Run a detector of torchvision without its pre- and post-processing: backbone, pyramid and heads."""
    features = list(model.backbone(x).values())
    return model.head(features)


def yolo(name: str) -> Any:
    """Build a detection network of ultralytics by the name of its table, such as yolov8n; images are never read."""
    for module in ("cv2", "cv2.typing", "matplotlib", "matplotlib.pyplot", "pandas", "seaborn", "psutil", "polars"):
        if module not in sys.modules and find_spec(module.partition(".")[0]) is None:
            sys.modules[module] = MagicMock(__version__="4.0.0", __spec__=ModuleSpec(module, None))
    from ultralytics.nn.tasks import DetectionModel

    return DetectionModel(f"{name}.yaml", verbose=False)


def main() -> None:
    """Write the records."""
    found: dict[str, Any] = {}
    only = set(sys.argv[1:])

    def add(name: str, source: str, make: Callable[[], Any], shape: tuple[int, ...],
            run: Callable[[Any, Any], Any] | None = None) -> None:  # fmt: skip
        if only and name not in only:
            return
        try:
            with torch.device("meta"):
                model = make()
            found[name] = {"from": source, **record(model, shape, run)}
            sys.stderr.write(f"{name}: {found[name]}\n")
        except Exception as error:  # noqa: BLE001 - one model that cannot be built stops no other
            sys.stderr.write(f"{name}: {type(error).__name__}: {error}\n")

    for name in TIMM:
        config = timm.get_pretrained_cfg(name) if timm.is_model(name) else None
        size = config.input_size if config is not None else (3, 224, 224)
        add(name, f"timm {version('timm')}", partial(timm.create_model, name), size)
    source = f"torchvision {version('torchvision')}"
    for name in VIDEO:
        add(name, source, getattr(torchvision.models.video, name), (3, 16, 112, 112))
    for name, shape in DETECTION.items():
        build = getattr(torchvision.models.detection, name)
        add(name, source, partial(build, weights=None, weights_backbone=None), shape, detector)
    for name in ("swin_t", "swin_s", "swin_b", "vit_b_16", "maxvit_t"):
        add(name, source, getattr(torchvision.models, name), (3, 224, 224))
    try:
        import effdet
    except ImportError as error:
        sys.stderr.write(f"effdet: {error}\n")
    else:
        for name, size in (("tf_efficientdet_d0", 512), ("efficientdet_d0", 512)):
            config = effdet.get_efficientdet_config(name)
            add(name, f"effdet {version('effdet')}", partial(effdet.EfficientDet, config, pretrained_backbone=False),
                (3, size, size))  # fmt: skip
    for name in (f"{family}{size}" for family in ("yolov8", "yolo11", "yolov5") for size in "nsmlx"):
        if not only or name in only:
            found[name] = {"from": f"ultralytics {version('ultralytics')}",
                           **record(yolo(name), (3, 640, 640), lambda model, x: model(x)[0], "cpu")}  # fmt: skip
    header = {"recorded with": f"torch {torch.__version__}", "how": __doc__.split("\n\n", 1)[1]}
    rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in found.items())
    sys.stdout.write(f'{{\n"about": {json.dumps(header)},\n"networks": {{\n{rows}\n}}\n}}\n')


if __name__ == "__main__":
    main()
