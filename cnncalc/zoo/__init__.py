"""The networks that come with cnncalc: real specs, each documentation and a test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from cnncalc.values.diagnostics import suggest
from cnncalc.zoo.names import OTHER_NAMES, plain


class ZooEntry(NamedTuple):
    """One network of the zoo: its name, its file, and the variant of the file it is (None: the file's own)."""

    name: str
    file: Path
    variant: str | None


STRIDE_FIRST = "the stride of a stage sits on the first 1x1, as in the paper"
STRIDE_MIDDLE = "the stride of a stage sits on the 3x3, as in torchvision (v1.5)"
RELATIVES: dict[str, tuple[tuple[str, str], ...]] = {
    "resnet50": (("resnet50_v1", STRIDE_FIRST), ("se_resnet50", "squeeze-and-excite gates in every block")),
    "resnet101": (("resnet101_v1", STRIDE_FIRST),),
    "resnet152": (("resnet152_v1", STRIDE_FIRST),),
    "resnet50_v1": (("resnet50", STRIDE_MIDDLE),),
    "resnet101_v1": (("resnet101", STRIDE_MIDDLE),),
    "resnet152_v1": (("resnet152", STRIDE_MIDDLE),),
    "se_resnet50": (("resnet50", "no squeeze-and-excite gates"),),
    "alexnet": (("alexnet_2012", "the paper's network: grouped convolutions and a 227x227 input"),),
    "alexnet_2012": (("alexnet", "torchvision's network: no groups and a 224x224 input"),),
    "googlenet": (("googlenet_2014", "the paper's network: true 5x5 windows and no BatchNorm"),),
    "googlenet_2014": (("googlenet", "torchvision's network: 3x3 windows in the 5x5 branch, and BatchNorm"),),
    "fcn_resnet50": (("fcn8s", "the paper's network on VGG-16"),),
}
"""Networks of the zoo that go by one name in the literature, and what tells them apart."""

HEADS = {
    "googlenet": 6_379_984,
    "inception_v3": 3_326_696,
    "fcn_resnet50": 2_365_205,
    "deeplabv3_resnet50": 2_365_205,
}
"""Parameters of the training-only heads that torchvision publishes these networks with."""

CLASSIFICATION = "classification"
TASKS: dict[str, frozenset[str]] = {
    CLASSIFICATION: frozenset(),
    "detection": frozenset({"efficientdet_d0", "fasterrcnn_resnet50_fpn", "panet_resnet50", "retinanet_resnet50_fpn",
                            "ssd300_vgg16", "yolo11n", "yolov2", "yolov3", "yolov5n", "yolov8n"}),
    "segmentation": frozenset({"attention_unet", "deeplabv3_resnet50", "fcn8s", "fcn_resnet50", "unet",
                               "unet_plus_plus", "vnet"}),
    "pose": frozenset({"hourglass_s2", "hourglass_s8"}),
    "video": frozenset({"c3d", "i3d", "r2plus1d_18", "r3d_18", "slowfast_4x16_r50"}),
    "super-resolution": frozenset({"edsr_baseline_x2"}),
    "generation": frozenset({"dcgan_discriminator", "dcgan_generator"}),
    "audio": frozenset({"ds_cnn_s", "wav2vec2_features", "wavenet"}),
    "sequence": frozenset({"tcn_pixels"}),
}  # fmt: skip
"""What networks are for, with the spec files of each task; all others classify images."""


def folder() -> Path:
    """Return the folder of the zoo's specs: inside the installed package, or beside it in a checkout."""
    packaged = Path(__file__).parents[1] / "specs"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "specs"


def files() -> list[Path]:
    """Return the zoo's spec files by name."""
    return sorted(folder().glob("*.yaml"))


def variants(file: Path) -> list[str]:
    """Return the variant names that a spec file declares, read from its lines."""
    text = file.read_text(encoding="utf-8")
    block = re.search(r"^variants:(.*\n(?:(?:[ \t#].*)?\n)*)", text, re.MULTILINE)
    if block is None:
        return []
    one_line = re.match(r" *\{(.*)\}", block[1])
    if one_line is None:
        return re.findall(r"^  ([A-Za-z_][A-Za-z0-9_]*):", block[1], re.MULTILINE)
    names, depth = "", 0
    for letter in one_line[1]:
        depth += letter in "{["
        names += "" if depth else letter
        depth -= letter in "}]"
    return re.findall(r"([A-Za-z_][A-Za-z0-9_]*):", names)


def citation(file: Path) -> str:
    """Return the citation that a spec file opens with, read from its lines."""
    line = re.search(r"^source:(.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return line[1].strip().strip("'") if line else ""


def year(file: Path) -> int:
    """Return the year of the publication that a spec file cites: the first in its citation."""
    found = re.search(r"\b(?:19|20)\d\d\b", citation(file))
    if found is None:
        raise ValueError(f"{file.name}: no year in its source")
    return int(found[0])


def task(file: Path) -> str:
    """Return what the networks of a spec file are for, one of `TASKS`."""
    return next((name for name, stems in TASKS.items() if file.stem in stems), CLASSIFICATION)


def remarks(file: Path) -> str:
    """Return what a spec file says of its networks below its citation, as one line."""
    found = re.search(r"^source:.*\n((?:#.*\n)+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    return " ".join(line.lstrip("# ") for line in found[1].splitlines()) if found else ""


def entries() -> list[ZooEntry]:
    """Return every network of the zoo, variants as networks of their own, in the order of the files."""
    found = []
    for file in files():
        found.append(ZooEntry(file.stem, file, None))
        found += [ZooEntry(variant, file, variant) for variant in variants(file)]
    return found


def find(name: str) -> ZooEntry | None:
    """Return the network of that name, of another spelling of it or of what else it is called, or None."""
    if not re.fullmatch(r"\w[\w+-]{0,63}", name, re.ASCII):
        return None
    file = folder() / f"{name}.yaml"
    if file.is_file():
        return ZooEntry(name, file, None)
    others = {plain(other): there for other, there in OTHER_NAMES.items()}
    known = {plain(entry.name): entry for entry in entries()}
    spelt = plain(name)
    return known.get(spelt) or known.get(plain(others.get(spelt, "")))


def is_network(name: str, file: str | None) -> bool:
    """Return whether a file is one of the zoo's, and the name that of a network in it."""
    entry = None if file is None else find(name)
    return entry is not None and file is not None and entry.file.resolve() == Path(file).resolve()


def nearest(name: str) -> str | None:
    """Return the first network whose name begins with a word, else the one nearest to a misspelt name, or None."""
    names = [entry.name for entry in entries()]
    begun = [known for known in names if name and plain(known).startswith(plain(name))]
    return begun[0] if begun else suggest(name, names)
