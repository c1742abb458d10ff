"""The extents of a model's inputs: those of the file, with what it leaves open set by the caller, as `[C, *S]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class KerasFail(Protocol):
    """What gives a model up."""

    def __call__(self, message: str, *, layer: str = ..., code: str = ..., hint: str | None = ...) -> NoReturn:
        """Raise the error."""


@dataclass(frozen=True, slots=True)
class KerasBound:
    """The extents of each input, how many images the file or the caller wants, and whether the caller changed any."""

    shapes: dict[str, Shape]
    batch: int
    changed: bool


def stated(
    name: str, config: Mapping[str, Any], fail: KerasFail, *, first: bool
) -> tuple[int | None, list[int | None]] | None:
    """Return the batch and the extents `[C, *S]` that the file states of an input; None where it states none."""
    found = config.get("batch_shape") or config.get("batch_input_shape")
    if not isinstance(found, list) or not found:
        return None
    if any(n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 1) for n in found):
        fail(f"the input '{name}' has the extents {str(found)[:60]}", layer=name)
    batch, *rest = found
    rest = rest or [1]
    return batch, rest if first else [rest[-1], *rest[:-1]]


def bind(
    inputs: Sequence[tuple[str, Mapping[str, Any]]],
    given: Mapping[str, tuple[int, ...]] | None,
    fail: KerasFail,
    *,
    first: bool,
) -> KerasBound:
    """Return the extents of every input.

    Args:
        inputs: the model's inputs with their settings.
        given: the caller's, by name; under the empty name for the first input. With or without the batch.
        fail: gives the model up.
        first: the file holds channels before the spatial axes.

    Raises:
        ValueError: there is no input of that name.
    """
    wanted = dict(given or {})
    names = [name for name, _ in inputs]
    if "" in wanted:
        wanted[names[0]] = wanted.pop("")
    missing = [name for name in wanted if name not in names]
    if missing:
        raise ValueError(f"there is no input '{missing[0]}'; the inputs are {', '.join(names)}")
    shapes: dict[str, Shape] = {}
    batch, changed = 1, False
    for number, (name, config) in enumerate(inputs):
        said = stated(name, config, fail, first=first)
        images, extents = said or (None, [])
        if name in wanted:
            shape = wanted[name]
            if any(n < 1 for n in shape):
                fail(f"the input '{name}' must have extents of at least 1, got {'x'.join(map(str, shape))}",
                     code="bad-argument", hint="give other numbers")  # fmt: skip
            if said and len(shape) == len(extents) + 1:
                images, shape = shape[0], shape[1:]
            if said and len(shape) != len(extents):
                fail(f"the input '{name}' has {len(extents)} axes without the batch, got {len(shape)} extents",
                     code="wrong-rank", hint=f"give {len(extents)}, channels first")  # fmt: skip
            if extents and extents[0] not in (None, shape[0]):
                turned = "x".join(map(str, (shape[-1], *shape[:-1])))
                fail(f"the input '{name}' has {extents[0]} channels, got {'x'.join(map(str, shape))}",
                     code="shape-mismatch",
                     hint=f"channels come first here: --input {turned}" if shape[-1] == extents[0] else
                     f"give {extents[0]} channels, and channels first")  # fmt: skip
            changed |= any(n is not None and n != m for n, m in zip(extents, shape, strict=False))
            extents = list(shape)
        elif said is None:
            fail(f"the file does not say the extents of the input '{name}'", code="open-input",
                 hint="say them with --input 3x224x224, channels first")  # fmt: skip
        if number == 0 and images:
            batch = images
        if None in extents:
            sizes = "x".join(str(n) if n is not None else "3" if not at else "224" for at, n in enumerate(extents))
            label = "" if len(names) == 1 else f"{name}="
            fail(f"the input '{name}' leaves extents open", code="open-input",
                 hint=f"say them, channels first: --input {label}{sizes}")  # fmt: skip
        shapes[name] = Shape(n for n in extents if n is not None)
    return KerasBound(shapes, batch, changed)
