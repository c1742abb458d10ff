"""The extents of a model's inputs: those of the file, with what it leaves open set by the caller. The batch is 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx

    from cnncalc.interop.onnx.tensors import Extents

Open = int | str | None
"""An extent of the file: a number, a name for an open one, or open without a name."""


class Fail(Protocol):
    """What gives a model up, at one of its nodes."""

    def __call__(
        self, message: str, *, node: onnx.NodeProto | None = ..., code: str = ..., hint: str | None = ...
    ) -> NoReturn:
        """Raise the error."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The extents of each input, with a batch of 1 where they have one, and how many images the caller wants."""

    extents: dict[str, Extents]
    batch: int


def declared(info: onnx.ValueInfoProto) -> list[Open] | None:
    """Return the extents that the file states of an input; None where it does not even state how many."""
    tensor = info.type.tensor_type
    if not info.type.HasField("tensor_type") or not tensor.HasField("shape"):
        return None
    return [d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else d.dim_param or None
            for d in tensor.shape.dim]  # fmt: skip


def bind(inputs: Sequence[onnx.ValueInfoProto], given: Mapping[str, tuple[int, ...]] | None, fail: Fail, *,
         whole: bool = False) -> Bound:  # fmt: skip
    """Return the extents of every input.

    Args:
        inputs: the model's inputs.
        given: the caller's, by name; under the empty name for the first input. With or without the batch.
        fail: gives the model up.
        whole: a batch that the file or the caller fixes stays in the shapes.

    Raises:
        ValueError: there is no input of that name.
    """
    wanted = dict(given or {})
    names = [info.name for info in inputs]
    if "" in wanted and names:
        wanted[names[0]] = wanted.pop("")
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise ValueError(f"there is no input '{unknown[0]}'; the inputs are {', '.join(names)}")
    stated = {info.name: declared(info) for info in inputs}
    symbols: dict[str, int] = {}
    fixed: dict[str, list[int | None]] = {}
    batch = 1
    for number, name in enumerate(names):
        dims = stated[name]
        if name in wanted:
            shape = wanted[name]
            if dims is None:
                dims = [None] * (len(shape) + 1)
            if len(shape) not in (len(dims), len(dims) - 1):
                fail(f"the input '{name}' has {len(dims)} axes with the batch, got {len(shape)} extents",
                     code="wrong-rank", hint=f"give {max(len(dims) - 1, 1)} without the batch")  # fmt: skip
            if any(n < 1 for n in shape):
                fail(f"the input '{name}' must have extents of at least 1, got {'x'.join(map(str, shape))}",
                     code="bad-argument", hint="give other numbers")  # fmt: skip
            if len(shape) == len(dims) > 1 and number == 0 and not whole:
                batch = shape[0]
                shape = (1, *shape[1:])
            elif len(shape) < len(dims):
                shape = (1, *shape)
            symbols.update((d, n) for d, n in zip(dims, shape, strict=True) if isinstance(d, str))
            fixed[name] = list(shape)
        elif dims is None:
            fail(f"the file does not say the extents of the input '{name}'", code="open-input",
                 hint="say them with --input 3x224x224")  # fmt: skip
        else:
            if number == 0 and len(dims) > 1:
                if isinstance(dims[0], int) and not whole:
                    batch = dims[0]
                    dims = [1, *dims[1:]]
                elif isinstance(dims[0], str):
                    symbols.setdefault(dims[0], 1)
            fixed[name] = [d if isinstance(d, int) else None for d in dims]
    if names and batch > 1:
        follow(names, stated, fixed, wanted, batch)
    extents: dict[str, Extents] = {}
    for name in names:
        dims = stated[name] or [None] * len(fixed[name])
        values = [n if n is not None else symbols.get(d) if isinstance(d, str) else None
                  for n, d in zip(fixed[name], dims, strict=True)]  # fmt: skip
        if values and values[0] is None and len(values) > 1:
            values[0] = 1
        if None in values:
            open_axes = [f"{dims[k]}" if isinstance(dims[k], str) else f"axis {k}" for k, n in enumerate(values)
                         if n is None]  # fmt: skip
            example = "x".join(str(n) if n is not None else "224" for n in values[1:] or values)
            label = "" if len(names) == 1 else f"{name}="
            fail(f"the input '{name}' leaves {', '.join(open_axes)} open", code="open-input",
                 hint=f"say its extents without the batch: --input {label}{example}")  # fmt: skip
        extents[name] = tuple(n for n in values if n is not None)
    return Bound(extents, batch)


def follow(names: Sequence[str], stated: Mapping[str, list[Open] | None], fixed: dict[str, list[int | None]],
           wanted: Mapping[str, tuple[int, ...]], batch: int) -> None:  # fmt: skip
    """Take the batch of the first input out of the others whose first extent is the same number."""
    for name in names[1:]:
        dims = stated[name]
        if dims and len(dims) > 1 and name not in wanted and dims[0] == batch:
            fixed[name][0] = 1
