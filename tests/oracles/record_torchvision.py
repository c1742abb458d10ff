"""Write `torchvision_keys.json.xz`: the state dicts of torchvision's networks that the zoo has, as keys with shapes.

    python tests/oracles/record_torchvision.py

It needs torchvision, and makes every network on the meta device, without auxiliary classifiers.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import torch
from torchvision import models
from torchvision.models.regnet import BlockParams

from cnncalc import zoo

HERE = Path(__file__).parent
WITHOUT: dict[str, dict[str, Any]] = {
    "googlenet": {"aux_logits": False, "init_weights": False},
    "inception_v3": {"aux_logits": False, "init_weights": False},
}
DETECTORS = ("fcn", "deeplab", "retinanet", "fasterrcnn", "ssd")


def widths_on_the_processor() -> None:
    """Let RegNet find its widths, for which it needs numbers."""
    found = BlockParams.from_init_params.__func__

    def reckoned(cls: Any, *given: Any, **named: Any) -> Any:
        with torch.device("cpu"):
            return found(cls, *given, **named)

    BlockParams.from_init_params = classmethod(reckoned)


def main() -> None:
    widths_on_the_processor()
    wanted = {name for file in zoo.files() for name in (file.stem, *zoo.variants(file))}
    keys = {}
    for name in sorted(wanted & set(models.list_models())):
        given = dict(WITHOUT.get(name, {}))
        if name.startswith(DETECTORS):
            given["weights_backbone"] = None
        with torch.device("meta"):
            network = models.get_model(name, **given)
        keys[name] = {key: list(value.shape) for key, value in network.state_dict().items()}
    data = lzma.compress(json.dumps(keys, separators=(",", ":")).encode(), preset=9)
    (HERE / "torchvision_keys.json.xz").write_bytes(data)


if __name__ == "__main__":
    main()
