"""What people call the networks of the zoo: other spellings of a name, and short forms of the libraries' long ones."""

from __future__ import annotations

import re

OTHER_NAMES = {
    "coatnet_0": "coatnet_0_rw_224",
    "coatnet_1": "coatnet_1_rw_224",
    "convmixer_768": "convmixer_768_32",
    "convmixer_1536": "convmixer_1536_20",
    "deit_tiny": "deit_tiny_patch16_224",
    "deit_small": "deit_small_patch16_224",
    "deit_base": "deit_base_patch16_224",
    "deit_tiny_distilled": "deit_tiny_distilled_patch16_224",
    "deit_small_distilled": "deit_small_distilled_patch16_224",
    "deit_base_distilled": "deit_base_distilled_patch16_224",
    "ds_cnn": "ds_cnn_s",
    "edsr": "edsr_x2",
    "edsr_baseline": "edsr_baseline_x2",
    "faster_rcnn": "fasterrcnn_resnet50_fpn",
    "fasterrcnn": "fasterrcnn_resnet50_fpn",
    "fasterrcnn_resnet50": "fasterrcnn_resnet50_fpn",
    "fbnet_c": "fbnetc_100",
    "focalnet_tiny": "focalnet_tiny_srf",
    "focalnet_small": "focalnet_small_srf",
    "focalnet_base": "focalnet_base_srf",
    "ghostnet": "ghostnet_100",
    "hourglass": "hourglass_s8",
    "mcunet": "mcunet_in3",
    "mixer_s16": "mixer_s16_224",
    "mixer_b16": "mixer_b16_224",
    "panet": "panet_resnet50",
    "r2plus1d": "r2plus1d_18",
    "res2net50": "res2net50_26w_4s",
    "res2net101": "res2net101_26w_4s",
    "resmlp_12": "resmlp_12_224",
    "resmlp_24": "resmlp_24_224",
    "resmlp_36": "resmlp_36_224",
    "resnest14": "resnest14d",
    "resnest26": "resnest26d",
    "resnest50": "resnest50d",
    "resnest101": "resnest101e",
    "resnest200": "resnest200e",
    "resnest269": "resnest269e",
    "retinanet": "retinanet_resnet50_fpn",
    "retinanet_resnet50": "retinanet_resnet50_fpn",
    "slowfast_r50": "slowfast_4x16_r50",
    "slowfast": "slowfast_4x16_r50",
    "ssd": "ssd300_vgg16",
    "ssd300": "ssd300_vgg16",
    "stacked_hourglass": "hourglass_s8",
    "swin_tiny": "swin_t",
    "swin_small": "swin_s",
    "swin_base": "swin_b",
    "swin_tiny_patch4_window7_224": "swin_t",
    "swin_small_patch4_window7_224": "swin_s",
    "swin_base_patch4_window7_224": "swin_b",
    "tcn": "tcn_pixels",
    "unet++": "unet_plus_plus",
    "vit_tiny": "vit_tiny_patch16_224",
    "vit_small": "vit_small_patch16_224",
    "vit_base": "vit_base_patch16_224",
    "vit_large": "vit_large_patch16_224",
    "vit_b_16": "vit_base_patch16_224",
    "vit_l_16": "vit_large_patch16_224",
    "vovnet39": "ese_vovnet39b",
    "vovnet99": "ese_vovnet99b",
    "wav2vec2": "wav2vec2_features",
    **{f"efficientnet_lite{n}": f"tf_efficientnet_lite{n}" for n in range(5)},
    **{f"mobilenetv4_{size}": f"mobilenetv4_conv_{size}" for size in ("small", "medium", "large")},
    **{f"repvgg_{size}_deploy": f"repvgg_{size}_deployed" for size in ("a0",)},
    **{f"yolov11{size}": f"yolo11{size}" for size in "nsmlx"},
}
"""Names of the zoo by what else they are called; of several networks under one name the one of the paper's results."""


def plain(name: str) -> str:
    """Return a name without case, and without dashes and underscores but for those between digits.

    `ResNet-50` is `resnet50`; `regnet_y_3_2gf` and `regnet_y_32gf` stay two.
    """
    return re.sub(r"(?<!\d)_|_(?!\d)", "", name.lower().replace("-", "_"))
