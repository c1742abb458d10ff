"""Record the scalar operations of norms and attention from PyTorch: `python record_operations.py > operations.jsonl`.

Needs torch and timm; nothing of cnncalc. A module is traced and taken apart by PyTorch's core decompositions; then
every primitive is priced: one for each element that an elementwise operator makes, n - 1 for a sum or a maximum of n,
n for their mean, 2n for the root of a sum of squares, 2K - 1 for an inner product of K; views and constants are free.
A case is `item` as a spec writes it, `inputs` without the batch, and `operations` by primitive with their `total`.
"""

from __future__ import annotations

import json
import sys
from math import prod
from typing import TYPE_CHECKING, Any

import torch
from timm.layers.grn import GlobalResponseNorm
from torch import Tensor, nn
from torch._decomp import core_aten_decompositions, get_decompositions
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn import functional as F  # noqa: N812 - as everybody writes it

if TYPE_CHECKING:
    from collections.abc import Callable

ATEN = torch.ops.aten
TABLE = core_aten_decompositions() | get_decompositions([ATEN._fused_rms_norm, ATEN._softmax])
TABLE.pop(ATEN.addcmul.default, None)  # taken apart it has a product with 1
ELEMENTWISE = {"add", "sub", "mul", "div", "pow", "sqrt", "rsqrt", "exp", "clamp", "clamp_min", "maximum"}
FREE = {"view", "expand", "permute", "transpose", "unsqueeze", "squeeze", "clone", "detach", "full", "reshape",
        "_unsafe_view", "alias", "t", "_to_copy", "expand_as", "scalar_tensor"}  # fmt: skip


def price(name: str, given: list[int], out: int, inner: int) -> int:
    """Return the operations of a primitive: elements of its first input and of its result, the length of a product."""
    if name in FREE:
        return 0
    if name in ELEMENTWISE:
        return out
    return {
        "sum": given[0] - out, "amax": given[0] - out, "mean": given[0], "linalg_vector_norm": 2 * given[0],
        "bmm": out * (2 * inner - 1), "mm": out * (2 * inner - 1), "addcmul": 2 * out,
    }[name]  # fmt: skip


def operations(code: Callable[..., Tensor], xs: list[Tensor]) -> dict[str, int]:
    """Return the operations of a piece of code by primitive."""
    found: dict[str, int] = {}
    graph = make_fx(code, decomposition_table=TABLE)(*xs).graph
    for node in graph.nodes:
        if node.op != "call_function" or "val" not in node.meta:
            continue
        name = str(node.target).split(".")[1].removesuffix("_")
        given = [arg.meta["val"].shape for arg in node.all_input_nodes]
        out = prod(node.meta["val"].shape)
        number = price(name, [prod(shape) for shape in given], out, given[0][-1] if given and given[0] else 1)
        if number:
            found[name] = found.get(name, 0) + number
    return found


def rows(x: Tensor) -> Tensor:
    return x.transpose(1, -1)


def normed(norm: nn.Module) -> Callable[..., Tensor]:
    def code(x: Tensor) -> Tensor:
        y: Tensor = rows(norm(rows(x)))
        return y

    return code


def scaled(scale: Tensor) -> Callable[..., Tensor]:
    def code(x: Tensor) -> Tensor:
        return F.normalize(x) * scale

    return code


def plain(x: Tensor) -> Tensor:
    return F.normalize(x)


def softmax(x: Tensor) -> Tensor:
    return x.softmax(-1)


def called(module: nn.Module) -> Callable[..., Tensor]:
    def code(x: Tensor) -> Tensor:
        y: Tensor = module(x)
        return y

    return code


def attention(heads: int) -> Callable[..., Tensor]:
    def code(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        parts = [x.transpose(1, 2).unflatten(2, (heads, -1)).transpose(1, 2) for x in (q, k, v)]
        scores = parts[0] @ parts[1].transpose(2, 3) * 0.5
        return scores.softmax(-1) @ parts[2]

    return code


def cases() -> list[tuple[dict[str, Any], list[tuple[int, ...]], Callable[..., Tensor]]]:
    """Return items, inputs without the batch, and the code."""
    found: list[tuple[dict[str, Any], list[tuple[int, ...]], Callable[..., Tensor]]] = []
    for c, *extents in ((6, 4), (5, 7), (8, 3, 5), (12, 6, 4), (1, 9)):
        shape = (c, *extents)
        for affine in (True, False):
            norm = nn.RMSNorm(c, eps=1e-6, elementwise_affine=affine)
            found.append(({"rms_norm": {"affine": affine}}, [shape], normed(norm)))
        scale = torch.ones(c, *(1 for _ in extents))
        found.append(({"l2_norm": {}}, [shape], scaled(scale)))
        found.append(({"l2_norm": {"affine": False}}, [shape], plain))
        if len(extents) == 2:
            found.append(({"grn": {}}, [shape], called(GlobalResponseNorm(c, channels_last=False))))
    for heads, q, k, v, s, t in ((2, 6, 6, 4, 5, 7), (1, 3, 3, 5, 4, 4), (4, 8, 8, 12, 3, 6)):
        found.append(({"attention": heads}, [(q, s), (k, t), (v, t)], attention(heads)))
    found.append(({"softmax": {"axis": "last"}}, [(4, 7)], softmax))
    return found


def main() -> None:
    """Write the records."""
    torch.manual_seed(0)
    for item, inputs, code in cases():
        with torch.no_grad():
            found = operations(code, [torch.rand(1, *shape) for shape in inputs])
        row = {"item": item, "inputs": inputs, "total": sum(found.values()), "operations": found}
        sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
