"""Record whole networks from the code of frameworks: in `tests/`, `python -m oracles.record_frameworks > NEW.json`.

One run records all of them; names as arguments record these alone, to look at. It needs torch, torchvision and timm,
effdet for the EfficientDet networks, MONAI for V-Net and ultralytics for the YOLO networks; nothing of cnncalc. What
no library has is written in `written_networks.py`, from the papers and the authors' code.

Models run once on the meta device, in eval mode with batch 1 (those of ultralytics are made on the CPU, for they run
while they are made). A record has the learnable parameters, the multiply-accumulates
(`torch.utils.flop_counter.FlopCounterMode` divided by 2: convolutions, matrix products, attention as its two
products), the shapes of what the model returns, without the batch, and how often each weighted layer runs, seen by
what PyTorch dispatches: `32x16x3x3 g2 @56x56` is a convolution's weight, its groups and the map it makes (T:
transposed), `64<-16 @3136` a linear layer or a convolution of one point and the number of its points. Such layers
that read one tensor count as one, so that a layer for queries, keys and values is three or one.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from functools import cache, partial
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from importlib.util import find_spec
from math import prod
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import MagicMock

import timm
import torch
import torchvision
from timm.layers import set_fused_attn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from oracles import written_networks as written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

set_fused_attn(enable=False)
IMAGE = (3, 224, 224)
PROCESSES = 6
TIMM = """
vit_tiny_patch16_224 vit_small_patch16_224 vit_base_patch16_224 vit_large_patch16_224 deit_tiny_patch16_224
deit_small_patch16_224 deit_base_patch16_224 deit_tiny_distilled_patch16_224 deit_small_distilled_patch16_224
deit_base_distilled_patch16_224 convnextv2_atto convnextv2_femto convnextv2_pico convnextv2_nano convnextv2_tiny
convnextv2_base convnextv2_large mobilenetv4_conv_small mobilenetv4_conv_medium mobilenetv4_conv_large repvgg_a0
repvgg_a1 repvgg_a2 repvgg_b0 repvgg_b1 repvgg_b2 repvgg_b3 ghostnet_050 ghostnet_100 ghostnet_130 res2net50_26w_4s
res2net101_26w_4s convmixer_768_32 convmixer_1024_20_ks9_p14 convmixer_1536_20 poolformer_s12 poolformer_s24
poolformer_s36 poolformer_m36 poolformer_m48 ese_vovnet39b ese_vovnet99b cspdarknet53 darknet53 mixnet_s mixnet_m
mixnet_l hrnet_w18_small hrnet_w18_small_v2 hrnet_w18 hrnet_w30 hrnet_w32 hrnet_w40 hrnet_w44 hrnet_w48 hrnet_w64
mixer_s16_224 mixer_b16_224 xception resmlp_12_224 resmlp_24_224 resmlp_36_224 dla34 selecsls42b mobileone_s0
mobileone_s1 starnet_s1 starnet_s2 starnet_s3 starnet_s4 fasternet_t0 fasternet_t1 fasternet_t2 fasternet_s
tf_efficientnet_lite0 tf_efficientnet_lite1 tf_efficientnet_lite2 tf_efficientnet_lite3 tf_efficientnet_lite4
spnasnet_100 fbnetc_100 lcnet_100 resnest14d resnest26d resnest50d resnest101e resnest200e resnest269e focalnet_tiny_srf
focalnet_small_srf focalnet_base_srf focalnet_tiny_lrf focalnet_small_lrf focalnet_base_lrf fastvit_t8 fastvit_t12
fastvit_s12 mobilevit_xxs mobilevit_xs mobilevit_s mobilenetv4_hybrid_medium mobilenetv4_hybrid_large coatnet_0_rw_224
coatnet_1_rw_224 efficientformer_l1 efficientformer_l3 efficientformer_l7
""".split()  # noqa: SIM905


class Asked(NamedTuple):
    """One network to record: where it is from, what makes it, its inputs, how it runs, and where."""

    source: str
    make: Callable[[], Any]
    shapes: dict[str, tuple[int, ...]]
    run: Callable[..., Any] | None = None
    device: str = "meta"


class Weighted(TorchDispatchMode):  # type: ignore[misc]
    """Sees which weighted layers run."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.weights = {p.untyped_storage()._cdata: p for p in model.parameters()}
        self.held: list[Any] = []
        self.windows: Counter[str] = Counter()
        self.points: dict[Any, list[int]] = defaultdict(lambda: [0])

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in {"convolution", "_convolution"}:
            self.window(args[0], args[1], args[6], args[8], out)
        elif name in {"addmm", "mm", "bmm", "baddbmm", "linear"}:
            x, weight = args[1:3] if name in {"addmm", "baddbmm"} else args[:2]
            for a, b in ((x, weight), (weight, x)):
                told = self.weights.get(b.untyped_storage()._cdata)
                if told is not None and a.untyped_storage()._cdata not in self.weights:
                    outs = told.shape[0] if told.dim() > 1 else 1
                    self.point(a, outs, told.numel() // outs, out.numel() // outs)
                    break
        return out

    def window(self, x: Any, weight: Any, transposed: bool, groups: int, out: Any) -> None:
        kernel = weight.shape[2:]
        if prod(kernel) == 1 and groups == 1 and not transposed:
            self.point(x, weight.shape[0], weight.shape[1], out[0, 0].numel())
        else:
            self.windows[f"{'T' * transposed}{'x'.join(map(str, weight.shape))} g{groups} "
                         f"@{'x'.join(map(str, out.shape[2:]))}"] += 1  # fmt: skip

    def point(self, x: Any, outs: int, ins: int, points: int) -> None:
        self.held.append(x)  # so that no other tensor takes its place in memory
        self.points[x.untyped_storage()._cdata, x.storage_offset(), ins, points][0] += outs

    def layers(self) -> dict[str, int]:
        """Return how often each layer runs."""
        points = Counter(f"{outs}<-{ins} @{points}" for (*_, ins, points), (outs,) in self.points.items())
        return dict(sorted((self.windows + points).items()))


def record(asked: Asked) -> dict[str, Any]:
    """Return what is recorded of a network."""
    with torch.device(asked.device):
        model = asked.make().eval()
    inputs = [torch.zeros(1, *shape, device="meta") for shape in asked.shapes.values()]
    seen = Weighted(model)
    with torch.no_grad(), FlopCounterMode(display=False) as flops, seen:
        out = model(*inputs) if asked.run is None else asked.run(model, *inputs)
    shapes: Any = {name: list(shape) for name, shape in asked.shapes.items()}
    return {
        "from": asked.source,
        "input": shapes["input"] if list(shapes) == ["input"] else shapes,
        "params": sum(p.numel() for p in model.parameters()),
        "macs": flops.get_total_flops() // 2,
        "outputs": [list(t.shape[1:]) for t in tensors(out)],
        "layers": seen.layers(),
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
    return model.head(list(model.backbone(x).values()))


def two_stages(model: Any, x: Any) -> Any:
    """Run Faster R-CNN: backbone, pyramid, what proposes regions, and the head on as many as it keeps at most."""
    features = list(model.backbone(x).values())
    regions = torch.zeros(1000, 256, 7, 7, device=x.device)
    found = model.roi_heads.box_predictor(model.roi_heads.box_head(regions))
    return [*model.rpn.head(features), *(out.unsqueeze(0) for out in found)]


def yolo(name: str) -> Any:
    """Build a detection network of ultralytics by the name of its table, such as yolov8n; images are never read."""
    for module in ("cv2", "cv2.typing", "matplotlib", "matplotlib.pyplot", "pandas", "seaborn", "psutil", "polars"):
        if module not in sys.modules and find_spec(module.partition(".")[0]) is None:
            sys.modules[module] = MagicMock(__version__="4.0.0", __spec__=ModuleSpec(module, None))
    from ultralytics.nn.tasks import DetectionModel

    model = DetectionModel(f"{name}.yaml", verbose=False)
    strides = model.model[-1].stride
    model.to("meta").model[-1].stride = strides
    return model


def efficientdet(name: str) -> Any:
    """Build a network of effdet without reading weights."""
    import effdet

    return effdet.EfficientDet(effdet.get_efficientdet_config(name), pretrained_backbone=False)


def vnet() -> Any:
    """Build MONAI's V-Net."""
    from monai.networks.nets import VNet

    return VNet(spatial_dims=3, in_channels=1, out_channels=1)


def from_timm() -> Iterator[tuple[str, Asked]]:
    """Yield the networks of timm, each at the size that it was trained for."""
    for name in TIMM:
        config = timm.get_pretrained_cfg(name)
        shape = IMAGE if config is None else config.input_size
        yield name, Asked(f"timm {version('timm')}", partial(timm.create_model, name), {"input": shape})


def from_torchvision() -> Iterator[tuple[str, Asked]]:
    """Yield the networks of torchvision that `models/` does not have."""
    source, models = f"torchvision {version('torchvision')}", torchvision.models
    for name in ("r3d_18", "mc3_18", "r2plus1d_18"):
        yield name, Asked(source, getattr(models.video, name), {"input": (3, 16, 112, 112)})
    for name, shape in (("retinanet_resnet50_fpn", (3, 800, 800)), ("ssd300_vgg16", (3, 300, 300))):
        make = partial(getattr(models.detection, name), weights=None, weights_backbone=None)
        yield name, Asked(source, make, {"input": shape}, detector)
    make = partial(models.detection.fasterrcnn_resnet50_fpn, weights=None, weights_backbone=None)
    yield "fasterrcnn_resnet50_fpn", Asked(source, make, {"input": (3, 800, 800)}, two_stages)
    for name in ("swin_t", "swin_s", "swin_b"):
        yield name, Asked(source, getattr(models, name), {"input": IMAGE})


def from_elsewhere() -> Iterator[tuple[str, Asked]]:
    """Yield the networks of effdet, MONAI and ultralytics."""
    for name in ("efficientdet_d0", "tf_efficientdet_d0"):
        yield name, Asked(f"effdet {version('effdet')}", partial(efficientdet, name), {"input": (3, 512, 512)})
    yield "vnet", Asked("MONAI 1.6.1", vnet, {"input": (1, 128, 128, 64)})
    for name in (f"{family}{size}" for family in ("yolov8", "yolo11", "yolov5") for size in "nsmlx"):
        yield name, Asked(f"ultralytics {version('ultralytics')}", partial(yolo, name), {"input": (3, 640, 640)},
                          lambda model, x: model(x)[0], "cpu")  # fmt: skip


def from_papers() -> Iterator[tuple[str, Asked]]:
    """Yield what is written here."""

    def one(make: Callable[..., Any], *arguments: Any, shape: tuple[int, ...]) -> Asked:
        return Asked("written_networks.py", partial(make, *arguments), {"input": shape})

    yield "dcgan_generator", one(written.dcgan_generator, shape=(100, 1, 1))
    yield "dcgan_discriminator", one(written.dcgan_discriminator, shape=(3, 64, 64))
    for scale in (2, 3, 4):
        small = (3, 720 // scale, 1280 // scale)
        yield f"edsr_baseline_x{scale}", one(written.edsr, scale, shape=small)
        yield f"edsr_x{scale}", one(written.edsr, scale, 256, 32, 0.1, shape=small)
    yield "mcunet_in3", one(written.mcunet, shape=(3, 176, 176))
    yield "c3d", one(written.c3d, shape=(3, 16, 112, 112))
    yield "i3d", one(written.I3D, shape=(3, 64, 224, 224))
    for name, frames, alpha, fusion in (("slowfast_4x16_r50", 4, 8, 5), ("slowfast_8x8_r50", 8, 4, 7)):
        clips: dict[str, tuple[int, ...]] = {"slow": (3, frames, 256, 256), "fast": (3, 32, 256, 256)}
        yield name, Asked("written_networks.py", partial(written.SlowFast, alpha, fusion), clips)
    yield "unet_plus_plus", one(written.UNetPlusPlus, shape=(3, 96, 96))
    yield "attention_unet", one(written.AttentionUNet, shape=(3, 256, 256))
    for stacks in (2, 8):
        yield f"hourglass_s{stacks}", one(written.StackedHourglass, stacks, shape=(3, 256, 256))
    yield "tcn_pixels", one(written.TCN, shape=(1, 784))
    for name, stacks in (("wavenet", 3), ("wavenet_10", 1), ("wavenet_20", 2), ("wavenet_40", 4)):
        yield name, one(written.WaveNet, stacks, shape=(256, 16000))
    yield "panet_resnet50", one(written.PANet, shape=(3, 800, 800))
    yield "wav2vec2_features", one(written.wav2vec2_features, shape=(1, 16000))
    large = partial(written.wav2vec2_features, each=True)
    yield "wav2vec2_features_large", one(large, shape=(1, 16000))
    yield "ds_cnn_s", one(written.ds_cnn, 64, (2, 2), 1, 4, shape=(1, 49, 10))
    yield "ds_cnn_m", one(written.ds_cnn, 172, (2, 1), 2, 4, shape=(1, 49, 10))
    yield "ds_cnn_l", one(written.ds_cnn, 276, (2, 1), 2, 5, shape=(1, 49, 10))


@cache
def networks() -> dict[str, Asked]:
    """Return everything to record, by name."""
    sources = (from_timm, from_torchvision, from_elsewhere, from_papers)
    return {name: asked for source in sources for name, asked in source()}


def recorded(name: str) -> dict[str, Any]:
    """Return what is recorded of a network."""
    return record(networks()[name])


def main() -> None:
    """Write the records, or stop at the first network that cannot be recorded."""
    found = {}
    wanted = [name for name in networks() if name in sys.argv[1:] or not sys.argv[1:]]
    torch.set_num_threads(1)
    with get_context("fork").Pool(PROCESSES) as pool:
        for name, row in zip(wanted, pool.imap(recorded, wanted, chunksize=1), strict=True):
            found[name] = row
            sys.stderr.write(f"{name}\n")
    how = " ".join((__doc__ or "").split("\n\n", 1)[1].split())
    header = {"recorded with": f"torch {torch.__version__}", "how": how}
    rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in found.items())
    sys.stdout.write(f'{{\n"about": {json.dumps(header)},\n"networks": {{\n{rows}\n}}\n}}\n')


if __name__ == "__main__":
    main()
