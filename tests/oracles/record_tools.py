"""Record what counters of PyTorch code print for the operators with products of activations, recurrences and kin.

    python tests/oracles/record_tools.py > tests/oracles/tools.jsonl

Needs torch, torchvision, timm, fvcore, thop, ptflops, torchinfo, calflops (with transformers) and torchscan. A line per
case: `item` as a spec writes it, `inputs` without the batch, `code` of the module, and the `numbers` by rule. Counters
that patch functions are run in processes of their own; what a counter cannot take is null, with its reason in `fails`.
torchvision's operators are compiled against one build of torch; where they do not load, `roi_align` gets a kernel that
returns zeros: counters go by the operator's name and shapes, not by values.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

import torch
import torchvision
from timm.layers import ScaledStdConv2d
from timm.layers.grn import GlobalResponseNorm
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - as everybody writes it
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

if TYPE_CHECKING:
    from collections.abc import Callable

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)


def flopcounter(module: nn.Module, xs: list[Tensor]) -> int:
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter, torch.no_grad():
        module(*xs)
    return int(counter.get_total_flops())


def fvcore(module: nn.Module, xs: list[Tensor]) -> int:
    from fvcore.nn import FlopCountAnalysis

    return int(FlopCountAnalysis(module, tuple(xs)).total())


def thop(module: nn.Module, xs: list[Tensor]) -> int:
    from thop import profile

    return int(profile(module, inputs=tuple(xs), verbose=False)[0])


def ptflops(module: nn.Module, xs: list[Tensor]) -> int:
    from ptflops import get_model_complexity_info

    named = dict(zip("xyz", xs, strict=False))
    found, _ = get_model_complexity_info(
        module, tuple(xs[0].shape[1:]), input_constructor=lambda _: named, as_strings=False, backend="pytorch",
        print_per_layer_stat=False, verbose=False,
    )  # fmt: skip
    return int(found)


def torchinfo(module: nn.Module, xs: list[Tensor]) -> int:
    from torchinfo import summary

    return int(summary(module, input_data=xs, verbose=0).total_mult_adds)


def calflops(module: nn.Module, xs: list[Tensor]) -> int:
    from calflops import calculate_flops

    found, _, _ = calculate_flops(
        module, args=xs, output_as_string=False, print_results=False, include_backPropagation=False
    )
    return int(found)


def torchscan(module: nn.Module, xs: list[Tensor]) -> int:
    from torchscan.crawler import crawl_module

    shapes = [tuple(x.shape[1:]) for x in xs]
    found = crawl_module(module, shapes[0] if len(xs) == 1 else shapes)["totals"]["macs"]
    return int(found["known_value"])  # what it does not know makes its total "partial"


TOOLS = (flopcounter, fvcore, thop, ptflops, torchinfo, calflops, torchscan)


class Code(nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
    """A module whose forward is one line; `w` and `b` are its parameters, `m` a module."""

    def __init__(self, text: str, **parts: Any) -> None:
        super().__init__()
        self.one = nn.Parameter(torch.ones(1))  # calflops takes the device from a parameter
        for name, value in parts.items():
            setattr(self, name, nn.Parameter(value) if isinstance(value, Tensor) else value)
        names = text.partition(":")[0].strip()
        self.run = eval(f"lambda self, {names}: {text.partition(':')[2]}", {"torch": torch, "F": F,  # noqa: S307
                                                                            "ops": torchvision.ops})  # fmt: skip
        self.arity = names.count(",") + 1


class Code1(Code):
    def forward(self, x: Tensor) -> Tensor:
        return self.run(self, x)


class Code2(Code):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.run(self, x, y)


class Code3(Code):
    def forward(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        return self.run(self, x, y, z)


def rand(*shape: int) -> Tensor:
    return torch.rand(shape)


Q, K, V = (6, 5), (6, 7), (4, 7)
HEADS = "{}.transpose(1, 2).unflatten(2, (2, -1)).transpose(1, 2)"
QKV = [HEADS.format(name) for name in "xyz"]
SCALED = f"{QKV[0]} @ {QKV[1]}.transpose(2, 3) * 0.5"
FUNCTION = f"torch.matmul({QKV[0]}, {QKV[1]}.transpose(2, 3)) * 0.5"
SHIFTED = "F.unfold(y, 3, padding=1).view(1, 6, 9, 12).permute(0, 3, 1, 2)"
BOXES = torch.tensor([[0.0, 0, 0, 3, 3], [0, 1, 1, 4, 4], [0, 1, 1, 4, 5]])
Row = tuple[dict[str, Any], list[tuple[int, ...]], str, dict[str, Any]]
ROWS: list[Row] = [
    ({"attention": {"heads": 2}}, [Q, K, V], f"x, y, z: ({SCALED}).softmax(-1) @ {QKV[2]}", {}),
    ({"attention": {"heads": 2, "call": "function"}}, [Q, K, V],
     f"x, y, z: torch.matmul(F.softmax({FUNCTION}, -1), {QKV[2]})", {}),
    ({"attention": {"heads": 2, "call": "fused"}}, [Q, K, V],
     f"x, y, z: F.scaled_dot_product_attention({', '.join(QKV)})", {}),
    ({"attention": {"heads": 2, "bias": 35}}, [Q, K, V],
     f"x, y, z: ({SCALED} + self.b.view(2, 5, 7)).softmax(-1) @ {QKV[2]}", {"b": rand(70)}),
    ({"matmul": {}}, [(3, 4), (4, 5)], "x, y: x @ y", {}),
    ({"matmul": {"call": "function"}}, [(3, 4), (4, 5)], "x, y: torch.matmul(x, y)", {}),
    ({"matmul": {"batch": True, "call": "function"}}, [(2, 3, 4), (2, 4, 5)], "x, y: torch.matmul(x, y)", {}),
    ({"permute": [1, 0]}, [(3, 4)], "x: x.permute(0, 2, 1)", {}),
    ({"affine": {"scale": "channel", "offset": "channel"}}, [(3, 4)], "x: x * self.w + self.b",
     {"w": rand(3, 1), "b": rand(3, 1)}),
    ({"affine": {"offset": "all"}}, [(3, 4)], "x: x + self.table", {"table": rand(1, 3, 4)}),
    ({"tokens": 2}, [(3, 4)], "x: torch.cat((self.t.expand(1, -1, -1), x), 2)", {"t": rand(1, 3, 2)}),
    ({"lstm": {"hidden": 5, "layers": 2, "bidirectional": True}}, [(6, 4)], "x: self.m(x.transpose(1, 2))[0]",
     {"m": nn.LSTM(6, 5, 2, bidirectional=True, batch_first=True)}),
    ({"lstm": {"hidden": 3}}, [(4, 7)], "x: self.m(x.transpose(1, 2))[0]", {"m": nn.LSTM(4, 3, batch_first=True)}),
    ({"gru": {"hidden": 5, "layers": 2, "bidirectional": True}}, [(6, 4)], "x: self.m(x.transpose(1, 2))[0]",
     {"m": nn.GRU(6, 5, 2, bidirectional=True, batch_first=True)}),
    ({"gru": {"hidden": 3}}, [(4, 7)], "x: self.m(x.transpose(1, 2))[0]", {"m": nn.GRU(4, 3, batch_first=True)}),
    ({"rms_norm": {}}, [(6, 4)], "x: self.m(x.transpose(1, 2)).transpose(1, 2)", {"m": nn.RMSNorm(6)}),
    ({"rms_norm": {"affine": False}}, [(6, 4)], "x: self.m(x.transpose(1, 2)).transpose(1, 2)",
     {"m": nn.RMSNorm(6, elementwise_affine=False)}),
    ({"l2_norm": {}}, [(6, 4, 3)], "x: F.normalize(x) * self.w", {"w": rand(6, 1, 1)}),
    ({"l2_norm": {"affine": False}}, [(6, 4, 3)], "x: F.normalize(x)", {}),
    ({"grn": {}}, [(6, 4, 3)], "x: self.m(x)", {"m": GlobalResponseNorm(6, channels_last=False)}),
    ({"roll": {"shift": [1, 2]}}, [(6, 4, 3)], "x: x.roll((1, 2), (2, 3))", {}),
    ({"repeat_channels": 2}, [(6, 4, 3)], "x: x.repeat_interleave(2, 1)", {}),
    ({"unfold": {"kernel": 3, "padding": 1}}, [(6, 4, 3)], "x: self.m(x)", {"m": nn.Unfold(3, padding=1)}),
    ({"grid_sample": {}}, [(6, 4, 3), (2, 5, 2)],
     "x, y: F.grid_sample(x, y.permute(0, 2, 3, 1), align_corners=False)", {}),
    ({"grid_sample": {"mode": "nearest"}}, [(6, 4, 3), (2, 5, 2)],
     "x, y: F.grid_sample(x, y.permute(0, 2, 3, 1), mode='nearest', align_corners=False)", {}),
    ({"grid_sample": {"mode": "bicubic"}}, [(6, 4, 3), (2, 5, 2)],
     "x, y: F.grid_sample(x, y.permute(0, 2, 3, 1), mode='bicubic', align_corners=False)", {}),
    ({"grid_sample": {}}, [(6, 4, 3, 2), (3, 5, 2, 2)],
     "x, y: F.grid_sample(x, y.permute(0, 2, 3, 4, 1), align_corners=False)", {}),
    ({"roi_align": {"size": [2, 3], "regions": 3}}, [(6, 7, 8)],
     "x: self.m(x, self.boxes)", {"m": torchvision.ops.RoIAlign((2, 3), 1.0, 2), "boxes": BOXES}),
    ({"correlation": {}}, [(6, 7, 8), (6, 3, 2)], "x, y: F.conv2d(x, y)", {}),
    ({"correlation": {"depthwise": True}}, [(6, 7, 8), (6, 3, 2)],
     "x, y: F.conv2d(x, y.transpose(0, 1), groups=6)", {}),
    ({"correlation": {"displacement": 1}}, [(6, 4, 3), (6, 4, 3)],
     f"x, y: x.flatten(2).transpose(1, 2)[:, :, None] @ {SHIFTED}", {}),
    ({"softmax": {"axis": "last"}}, [(4, 7, 8)], "x: self.m(x)", {"m": nn.Softmax(-1)}),
    ({"softmax": {"axis": "last", "call": "function"}}, [(4, 7, 8)], "x: F.softmax(x, -1)", {}),
    ({"log_softmax": {"axis": 1}}, [(4, 7, 8)], "x: self.m(x)", {"m": nn.LogSoftmax(2)}),
    ({"channel_mean": {"axis": 1}}, [(4, 7, 8)], "x: x.mean(2, keepdim=True)", {}),
    ({"slice": {"range": [1, 5], "axis": 1}}, [(4, 7, 8)], "x: x[:, :, 1:5]", {}),
    ({"conv": {"out": 6, "kernel": 3, "gain": True}}, [(4, 7, 8)], "x: self.m(x)",
     {"m": ScaledStdConv2d(4, 6, 3, padding=0)}),
    ({"conv": {"out": 6, "kernel": [3, 2], "stride": 2, "bias": False, "gain": True}}, [(4, 7, 8)], "x: self.m(x)",
     {"m": ScaledStdConv2d(4, 6, (3, 2), 2, padding=0, bias=False)}),
]  # fmt: skip


def stand_in() -> None:
    """Give torchvision's `roi_align` a kernel where its own does not load."""
    if torchvision.extension._has_ops():
        return
    library = torch.library.Library("torchvision", "FRAGMENT")
    library.impl("roi_align", lambda x, boxes, _scale, h, w, *_: x.new_zeros(len(boxes), x.shape[1], h, w), "CPU")
    KEPT.append(library)
    for module in (torchvision.extension, sys.modules["torchvision.ops.roi_align"]):
        vars(module)["_has_ops"] = lambda: True


KEPT: list[Any] = []


def apart(tool: Callable[[nn.Module, list[Tensor]], int], module: nn.Module, xs: list[Tensor]) -> int | str:
    """Return what a tool prints in a process of its own, or why it does not."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        try:
            said = json.dumps(tool(module, xs))
        except Exception as error:  # noqa: BLE001 - whatever a tool dies of is what is recorded
            said = json.dumps(f"{type(error).__name__}: {str(error).splitlines()[0][:80] if str(error) else ''}")
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        found: int | str = json.loads(pipe.read())
    os.waitpid(child, 0)
    return found


def main() -> None:
    torch.manual_seed(13)
    torch.set_num_threads(1)
    stand_in()
    for item, inputs, code, parts in ROWS:
        kind = {1: Code1, 2: Code2, 3: Code3}[code.partition(":")[0].count(",") + 1]
        module = kind(code, **parts).eval()
        xs = [rand(1, *shape) for shape in inputs]
        found = {tool.__name__: apart(tool, module, xs) for tool in TOOLS}
        numbers = {name: value if isinstance(value, int) else None for name, value in found.items()}
        fails = {name: value for name, value in found.items() if isinstance(value, str)}
        row = {"item": item, "inputs": inputs, "code": code, "numbers": numbers} | ({"fails": fails} if fails else {})
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
