"""Records a small network as ONNX Runtime's quantiser writes it, in three forms, with PyTorch's counts of the network.

Run where torch, onnx and onnxruntime are: python tests/data/onnx_quantised/quantise.py
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN204

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

HERE = Path(__file__).parent


class Net(nn.Module):
    """A stem, a residual with a gate, a concatenation, a head."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.deep = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.point = nn.Conv2d(8, 8, 1)
        self.gate = nn.Conv2d(8, 8, 1)
        self.side = nn.Conv2d(8, 4, 3, padding=1)
        self.head = nn.Linear(12, 10)

    def forward(self, x):
        x = self.stem(x).relu()
        y = self.point(self.deep(x).relu())
        y = y * self.gate(y.mean((2, 3), keepdim=True)).sigmoid()
        x = torch.cat([x + y, self.side(x).relu()], 1)
        return self.head(torch.nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))


class Feed(CalibrationDataReader):
    """One random image."""

    def __init__(self):
        self.left = [{"x": np.random.default_rng(0).random((1, 3, 16, 16), np.float32)}]

    def get_next(self):
        return self.left.pop() if self.left else None


def main():
    torch.manual_seed(0)
    net = Net().eval()
    x = torch.rand(1, 3, 16, 16)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(x)
    truth = {"torch": torch.__version__, "onnxruntime": onnxruntime.__version__, "macs": counter.get_total_flops() // 2,
             "params": sum(p.numel() for p in net.parameters()),
             "weights": sum(p.numel() for p in net.parameters() if p.dim() > 1)}  # fmt: skip
    with TemporaryDirectory() as folder:
        plain = f"{folder}/plain.onnx"
        torch.onnx.export(net, (x,), plain, dynamo=False, opset_version=17, input_names=["x"])
        for form in (QuantFormat.QDQ, QuantFormat.QOperator):
            quantize_static(plain, HERE / f"{form.name.lower()}.onnx", Feed(), quant_format=form, per_channel=True,
                            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)  # fmt: skip
        quantize_dynamic(plain, HERE / "dynamic.onnx")
    for file in HERE.glob("*.onnx"):
        onnx.checker.check_model(onnx.load(file)) if file.stem != "qoperator" else None
    (HERE / "truth.json").write_text(json.dumps(truth) + "\n", encoding="utf-8")


main()
