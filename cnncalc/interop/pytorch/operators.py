"""Which operator of the spec language stands for which of PyTorch's operations.

`named` reads it from the operators' own names elsewhere; `TABLE` has what needs more than a name: what the weights say,
what is moved, cut, joined, reduced. Both are checked against PyTorch's own shapes.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cnncalc.interop.pytorch.call import Entry, TorchCall, TorchPlan, TorchValue, along, image, make, place
from cnncalc.ops.registry import by_foreign_name
from cnncalc.values.diagnostics import ArgumentError

if TYPE_CHECKING:
    from cnncalc.ops.operator import Operator

IGNORED = frozenset(("train", "training", "inplace", "dtype", "memory_format", "generator", "divisor_override",
                     "cudnn_enabled", "momentum", "eps", "non_blocking", "copy"))  # fmt: skip
"""Arguments that change no number here."""
SAME = frozenset(("contiguous", "clone", "alias", "detach", "_to_copy", "to", "lift_fresh_copy", "lift_fresh",
                  "type_as", "positive", "resolve_conj", "feature_dropout", "alpha_dropout", "expand",
                  "expand_as"))  # fmt: skip
"""Operations that are no layers where they change no extent."""
VIEWS = frozenset(("view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "_unsafe_view", "view_as",
                   "reshape_as"))  # fmt: skip


def exact(value: Any) -> Any:
    """Return an argument as the language has it: exact numbers, one number for equal ones, tuples for lists."""
    if isinstance(value, float):
        return Fraction(f"{value:.6g}")
    if isinstance(value, list):
        return exact(value[0]) if len(set(value)) == 1 else tuple(map(exact, value))
    return value


def named(call: TorchCall) -> TorchPlan | None:
    """Return what an operator's own name in PyTorch says: an operation of one tensor and no weights."""
    step = call.step
    if not call.alone() or len(call.tensors) != 1 or len(step.outs) != 1:
        return None
    given = {name: exact(v) for name, v in step.given.items() if not hasattr(v, "name") and v not in (None, [])}
    for cls, said in by_foreign_name("torch_function", step.kind):
        known = {theirs: ours for ours, theirs in said.arguments.items()}
        if any(given.get(name) != value for name, value in said.constants.items()):
            continue
        if step.unusual - set(known) - set(said.constants) - IGNORED:
            continue
        arguments = {known[name]: value for name, value in given.items() if name in known}
        try:
            op = cls(**arguments)
        except ArgumentError:
            continue
        if said.holds(op.arguments()):
            return TorchPlan((op,), (call.x,))
    return None


def filters(call: TorchCall) -> dict[str, Any]:
    """Return the window of a convolution."""
    found = {name: exact(call.given(name, [1])) for name in ("stride", "dilation")}
    padding = call.given("padding", [0])
    found["padding"] = {"same": "half", "valid": 0}.get(padding, 0) if isinstance(padding, str) else exact(padding)
    return found


def conv(call: TorchCall) -> TorchPlan | None:
    """conv1d, conv2d, conv3d and `convolution`."""
    w, turned = call.tensor("weight"), call.step.kind.startswith("conv_transpose") or call.given("transposed", False)
    if w is None or w.ref is not None or not call.alone() or call.x.shape[0] != 1 or len(call.x.shape) != len(w.shape):
        return None
    groups, bias = call.given("groups", 1), call.tensor("bias") is not None
    kernel = exact(list(w.shape[2:]))
    if turned:
        op = make("conv_transpose", out=w.shape[1] * groups, kernel=kernel, groups=groups, bias=bias,
                  output_padding=exact(call.given("output_padding", [0])), **filters(call))  # fmt: skip
    else:
        op = make("conv", out=w.shape[0], kernel=kernel, groups=groups, bias=bias, **filters(call))
    return TorchPlan((op,), (call.x,))


def linear(call: TorchCall) -> TorchPlan | None:
    """Linear and addmm with stored weights."""
    w, x = call.tensor("weight"), call.x
    bias = call.tensor("bias") is not None
    if call.step.kind in {"addmm", "mm"}:
        w, bias = call.tensor("mat2"), call.step.kind == "addmm"
        x = call.tensor("mat1") or call.x
    if w is None or w.ref is not None or x.ref is None or len(w.shape) != 2:
        return None
    out = w.shape[1] if call.step.kind in {"addmm", "mm"} else w.shape[0]
    where = {} if len(image(x.shape)) == 1 else {"axis": "last"}
    return TorchPlan((make("linear", out=out, bias=bias, **where),), (x,))


def norm(name: str) -> Entry:
    """Return the entry of a normalisation of channels with its statistics."""

    def entry(call: TorchCall) -> TorchPlan | None:
        affine = call.tensor("weight") is not None
        extra: dict[str, Any] = {"groups": call.given("num_groups")} if name == "group_norm" else {}
        if not call.alone() or call.x.shape[0] != 1 or len(call.x.shape) < 2:
            return None
        if name == "instance_norm" and call.tensor("running_mean") is not None:
            return None
        return TorchPlan((make(name, affine=affine, **extra),), (call.x,))

    return entry


def layer_norm(call: TorchCall) -> TorchPlan | None:
    """layer_norm over the last axes."""
    over = len(call.given("normalized_shape", []))
    affine, bias = call.tensor("weight") is not None, call.tensor("bias") is not None
    if not call.alone() or over > len(image(call.x.shape)):
        return None
    given = {"affine": True, "bias": bias} if affine else {"affine": False}
    return TorchPlan((make("layer_norm", over=over, **given),), (call.x,))


def prelu(call: TorchCall) -> TorchPlan | None:
    """Prelu with one slope or one per channel."""
    w = call.tensor("weight")
    return None if w is None else TorchPlan((make("prelu", parameters=w.elements),), (call.x,))


def view(call: TorchCall) -> TorchPlan | None:
    """The same elements under another shape."""
    x, out = image(call.x.shape), image(call.out)
    if not call.alone():
        return None
    if x == out:
        return TorchPlan((), (call.x,))
    return TorchPlan((make("flatten") if len(out) == 1 else make("reshape", shape=tuple(out)),), (call.x,))


def order_of(call: TorchCall) -> list[int]:
    """Return which axis each axis of the result is."""
    rank = len(call.x.shape)
    if call.step.kind == "permute":
        return [n % rank for n in call.given("dims")]
    order = list(range(rank))
    if call.step.kind in {"t", "numpy_T"}:
        return order[::-1]
    one, other = call.given("dim0", 0) % rank, call.given("dim1", 1) % rank
    order[one], order[other] = order[other], order[one]
    return order


def permute(call: TorchCall) -> TorchPlan | None:
    """Permute and transpose: extents of 1 may come and go beside it."""
    x = call.x.shape
    order = order_of(call)
    if not call.alone():
        return None
    if [a for a in order if x[a] != 1] == [a for a in range(len(x)) if x[a] != 1]:
        return view(call)
    dropped = 1 if len(x) > 1 and x[0] == 1 else 0
    axes = tuple(a - dropped for a in order if not dropped or a)
    return TorchPlan((make("permute", axes=axes), *call.view(tuple(x[a + dropped] for a in axes))), (call.x,))


def joined(call: TorchCall) -> TorchPlan | None:
    """Cat of tensors that all depend on the inputs."""
    where = place(call.x.shape, call.given("dim", 0))
    moving = call.moving
    if where is None or len(moving) != len(call.tensors) or len({len(image(v.shape)) for v in moving}) != 1:
        return None
    if len(moving) == 1:
        return TorchPlan((), (moving[0],))
    return TorchPlan((make("concat", **along(where)),), tuple(moving))


def parted(call: TorchCall) -> TorchPlan | None:
    """split, chunk, split_with_sizes."""
    axis = call.given("dim", 0) % len(call.x.shape)
    where = place(call.x.shape, axis)
    sizes = [out.shape[axis] for out in call.step.outs]
    if where is None or not call.alone() or (len(call.x.shape) > 1 and call.x.shape[0] != 1 and axis == 0):
        return None
    if len(sizes) == 1:
        return TorchPlan((), (call.x,))
    equal = {"parts": len(sizes)} if len(set(sizes)) == 1 else {"sizes": tuple(sizes)}
    return TorchPlan((make("split", **equal, **along(where)),), (call.x,))


def cut(call: TorchCall) -> TorchPlan | None:
    """slice, narrow and select: part of one axis, which select drops."""
    x = call.x.shape
    axis = call.given("dim", 0) % len(x)
    where, kind = place(x, axis), call.step.kind
    if call.given("step", 1) != 1 or not call.alone():
        return None
    if kind == "select":
        start, size = call.given("index", 0) % x[axis], 1
    else:
        start = call.given("start", 0)
        start = min(max(start + x[axis] if start < 0 else start, 0), x[axis])
        size = call.out[axis]
    part = list(image(x))
    if where is None or size == x[axis]:
        return TorchPlan((), (call.x,)) if size == x[axis] and image(x) == image(call.out) else view(call)
    bounds = (start, start + size)
    op = make("slice", axis=where, range=bounds) if where else make("slice", channels=bounds)
    part[where] = size
    return TorchPlan((op, *call.view(tuple(part))), (call.x,))


def reduced(over_map: str, over_axis: str) -> Entry:
    """Return the entry of a mean or maximum over the whole map, or along one axis."""

    def entry(call: TorchCall) -> TorchPlan | None:
        x = call.x.shape
        given = call.given("dim", list(range(len(x))))
        part = image(x)
        places = sorted({-1 if (p := place(x, axis)) is None else p for axis in (given if isinstance(given, list)
                                                                                 else [given])})  # fmt: skip
        if not call.alone() or len(call.step.outs) != 1 or not places:
            return None
        kept: dict[str, Any] = {"call": "mean"} if over_map == "global_avg_pool" else {}
        if len(part) > 1 and places == list(range(1, len(part))):
            return TorchPlan((make(over_map, **kept), *call.view((part[0], *(1,) * (len(part) - 1)))), (call.x,))
        if len(places) != 1 or places[0] < 0:
            return None
        made = tuple(1 if k == places[0] else n for k, n in enumerate(part))
        return TorchPlan((make(over_axis, **along(places[0])), *call.view(made)), (call.x,))

    return entry


def adaptive(name: str) -> Entry:
    """Return the entry of an adaptive pool; to one position it is a global one."""

    def entry(call: TorchCall) -> TorchPlan | None:
        size = exact(call.given("output_size"))
        if not call.alone() or call.x.shape[0] != 1:
            return None
        return TorchPlan((make(f"global_{name}") if size == 1 else make(f"adaptive_{name}", size=size),), (call.x,))

    return entry


def arithmetic(merge: str) -> Entry:
    """Return the entry of add, sub or mul: a merge, or learned summands or factors."""

    def entry(call: TorchCall) -> TorchPlan | None:
        moving = call.moving
        if call.given("alpha", 1) != 1:
            return None
        if len(moving) == len(call.tensors) == 2:
            left, right = (image(v.shape) for v in moving)
            extra = {"broadcast": True} if merge in {"add", "sub", "max"} and left != right else {}
            return TorchPlan((make(merge, **extra),), tuple(moving))
        if len(call.tensors) != 2 or len(moving) != 1 or call.out != moving[0].shape:
            return None
        x, learned = moving[0], next(v for v in call.tensors if v.ref is None)
        if not learned.origins or (merge == "sub" and x is not call.x):
            return None
        extent = extent_of(x, learned)
        if extent == "channel" and merge == "mul":
            return TorchPlan((make("layer_scale"),), (x,))
        given = {"scale" if merge == "mul" else "offset": extent}
        return TorchPlan((make("affine", **given),), (x,)) if extent else None

    return entry


def extent_of(x: TorchValue, learned: TorchValue) -> str:
    """Return how a stored tensor lies on another: `one`, `channel`, `all`, "" for every other way."""
    part = image(x.shape)
    shape = (*(1,) * (len(x.shape) - len(learned.shape)), *learned.shape)
    shape = shape[1:] if len(x.shape) > 1 and x.shape[0] == 1 else shape
    if learned.elements == part.elements:
        return "all"
    if learned.elements == 1:
        return "one"
    return "channel" if shape[:1] == part[:1] and all(n == 1 for n in shape[1:]) else ""


def product(call: TorchCall) -> TorchPlan | None:
    """Matmul and bmm of two tensors that depend on the inputs."""
    if len(call.moving) != 2 or len(call.tensors) != 2:
        return linear_of_matmul(call)
    left, right = (image(v.shape) for v in call.moving)
    if len(left) != len(right) or len(left) < 2:
        return None
    return TorchPlan((make("matmul", batch=len(left) > 2),), tuple(call.moving))


def linear_of_matmul(call: TorchCall) -> TorchPlan | None:
    """Matmul with a stored matrix on the right."""
    w = call.tensor("other") or call.tensor("mat2")
    if w is None or w.ref is not None or len(w.shape) != 2 or call.x.ref is None:
        return None
    where = {} if len(image(call.x.shape)) == 1 else {"axis": "last"}
    return TorchPlan((make("linear", out=w.shape[1], bias=False, **where),), (call.x,))


def softmax(name: str) -> Entry:
    """Return the entry of a softmax along one axis."""

    def entry(call: TorchCall) -> TorchPlan | None:
        where = place(call.x.shape, call.given("dim", 1))
        return None if where is None or not call.alone() else TorchPlan((make(name, **along(where)),), (call.x,))

    return entry


def pad(call: TorchCall) -> TorchPlan | None:
    """Pad the spatial axes; the last axis comes first in PyTorch's list."""
    amounts = list(call.given("pad", []))
    if not call.alone() or any(n < 0 for n in amounts):
        return None
    if not any(amounts):
        return TorchPlan((), (call.x,))
    axes = [tuple(amounts[k : k + 2]) for k in range(0, len(amounts), 2)]
    rank = len(call.x.shape) - 2
    if call.x.shape[0] != 1 or any(any(axis) for axis in axes[rank:]):
        return None
    axes = [*axes, *[(0, 0)] * rank][:rank]
    mode = {"constant": "zeros"}.get(call.given("mode", "constant"), call.given("mode", "constant"))
    return TorchPlan((make("pad", amount=tuple(n for axis in reversed(axes) for n in axis), mode=mode),), (call.x,))


def resize(call: TorchCall) -> TorchPlan | None:
    """upsample_nearest2d and its like, by whole factors or to a size."""
    x, out = call.x.shape, call.out
    mode = call.step.kind.removeprefix("upsample_").removeprefix("_upsample_").rstrip("123d")
    mode = {"nearest_exact": "nearest_exact", "nearest": "nearest"}.get(mode, mode)
    if not call.alone() or x[0] != 1:
        return None
    whole = all(m % n == 0 for n, m in zip(x[2:], out[2:], strict=True))
    factor = exact([m // n for n, m in zip(x[2:], out[2:], strict=True)])
    size: dict[str, Any] = {"scale": factor} if whole else {"size": exact(list(out[2:]))}
    corners = {"align_corners": True} if call.given("align_corners", False) else {}
    return TorchPlan((make("upsample", mode=mode, **corners, **size),), (call.x,))


def roll(call: TorchCall) -> TorchPlan | None:
    """Roll along spatial axes, or along any one."""
    x = call.x.shape
    dims = [d % len(x) for d in call.given("dims", [])]
    shifts = call.given("shifts", [])
    places = [place(x, d) for d in dims]
    if not call.alone() or not dims or None in places:
        return None
    if len(dims) == 1:
        return TorchPlan((make("roll", shift=shifts[0], axis=places[0]),), (call.x,))
    ops: list[Operator] = [make("roll", shift=s, axis=p) for s, p in zip(shifts, places, strict=True)]
    return TorchPlan(tuple(ops), (call.x,))


def attention(call: TorchCall) -> list[tuple[str, Operator, tuple[Any, ...]]] | None:
    """scaled_dot_product_attention as the plain products: what each layer is called, is, and reads.

    A layer reads tensors, and those before it by their number.
    """
    q, k, v = (call.tensor(name) for name in ("query", "key", "value"))
    if q is None or k is None or v is None or len(call.moving) != 3 or len(call.tensors) != 3:
        return None
    ranks = {len(image(t.shape)) for t in (q, k, v)}
    if len(ranks) != 1 or min(ranks) < 2 or q.shape[:-2] != k.shape[:-2]:
        return None
    batch, last = min(ranks) > 2, min(ranks) - 1
    return [
        ("scores", make("matmul", transpose="right", batch=batch), (q, k)),
        ("softmax", make("softmax", axis=last), (0,)),
        ("mix", make("matmul", batch=batch), (1, v)),
    ]


def lstm(name: str) -> Entry:
    """Return the entry of an LSTM or GRU of one sequence whose states are read by nothing."""

    def entry(call: TorchCall) -> TorchPlan | None:
        x = call.x.shape
        size = len(call.step.given.get("params") or [])
        layers, both = call.given("num_layers", 1), bool(call.given("bidirectional", False))
        biases = call.given("has_biases", True)
        hidden = call.out[-1] // (2 if both else 1)
        if not call.alone() or call.step.used - {0} or len(x) != 3 or 1 not in x[:2] or not biases:
            return None
        if size != layers * (4 if biases else 2) * (2 if both else 1):
            return None  # with a projection
        steps = x[0] * x[1]
        before = () if len(image(x)) == 2 else (make("reshape", shape=(steps, x[2])),)
        middle = (make("permute", axes=(1, 0)), make(name, hidden=hidden, layers=layers, bidirectional=both),
                  make("permute", axes=(1, 0)))  # fmt: skip
        ops = (*before, *middle, *call.view((steps, call.out[-1])))
        return TorchPlan(ops, (call.x,), main=len(before) + 1)

    return entry


def clamp(call: TorchCall) -> TorchPlan | None:
    """Hardtanh and clamp to 0..6 are relu6; from 0 on relu."""
    low, high = (call.given(a, call.given(b)) for a, b in (("min_val", "min"), ("max_val", "max")))
    if not call.alone() or low != 0:
        return named(call)
    name = {6: "relu6", None: "relu"}.get(high)
    return None if name is None else TorchPlan((make(name),), (call.x,))


TABLE: dict[str, Entry] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "convolution", "conv_transpose1d", "conv_transpose2d",
                     "conv_transpose3d"), conv),
    **dict.fromkeys(("linear", "addmm", "mm"), linear),
    **dict.fromkeys(("matmul", "bmm"), product),
    **dict.fromkeys(VIEWS | SAME, view),
    **dict.fromkeys(("permute", "transpose", "t", "numpy_T"), permute),
    **dict.fromkeys(("split", "split_with_sizes", "chunk", "unsafe_split", "unsafe_chunk", "tensor_split"), parted),
    **dict.fromkeys(("slice", "narrow", "select"), cut),
    **dict.fromkeys(("mean",), reduced("global_avg_pool", "channel_mean")),
    **dict.fromkeys(("amax",), reduced("global_max_pool", "channel_max")),
    **{f"adaptive_avg_pool{n}d": adaptive("avg_pool") for n in (1, 2, 3)},
    **{f"adaptive_max_pool{n}d": adaptive("max_pool") for n in (1, 2, 3)},
    **{f"upsample_{mode}": resize for mode in ("nearest1d", "nearest2d", "nearest3d", "linear1d", "bilinear2d",
                                               "trilinear3d", "bicubic2d", "nearest_exact2d")},
    "batch_norm": norm("batch_norm"),
    "_native_batch_norm_legit_no_training": norm("batch_norm"),
    "instance_norm": norm("instance_norm"),
    "group_norm": norm("group_norm"),
    "layer_norm": layer_norm,
    "prelu": prelu,
    "cat": joined,
    "concat": joined,
    "add": arithmetic("add"),
    "sub": arithmetic("sub"),
    "mul": arithmetic("mul"),
    "maximum": arithmetic("max"),
    "softmax": softmax("softmax"),
    "_softmax": softmax("softmax"),
    "log_softmax": softmax("log_softmax"),
    "pad": pad,
    "constant_pad_nd": pad,
    "roll": roll,
    "hardtanh": clamp,
    "clamp": clamp,
    "clamp_min": clamp,
    "lstm": lstm("lstm"),
    "gru": lstm("gru"),
}  # fmt: skip
"""By PyTorch's name of the operation: what says it in the spec language."""
