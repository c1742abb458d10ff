"""What an operator that is not cnncalc's own says of itself, checked before anything is added up."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Any, NoReturn

from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.work import MemoryAccess, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.ops.operator import Operator

OWN = "cnncalc."


def inferred(op: Operator, ins: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """Return the shapes that an operator makes; what a plug-in says is believed only where it can be true.

    Its counts for these shapes are looked at too, so that a wrong one is an error at the layer and not a wrong sum.

    Raises:
        ArgumentError: it cannot act on these shapes; or it breaks, or gives what is no shape or no count.
    """
    module = type(op).__module__
    if module.startswith(OWN):
        return op.infer(ins)
    outs = _asked(op, module, "infer", lambda: op.infer(ins))
    if not isinstance(outs, tuple) or not outs or not all(_is_shape(out) for out in outs):
        _blame(op, module, "infer", f"gives {_shown(outs)}, which is no tuple of shapes with extents of at least 1")
    for name, optional, ask in (
        ("params", True, lambda: op.params(ins)),
        ("biases", False, lambda: op.biases(ins)),
        ("buffers", False, lambda: op.buffers(ins)),
        ("macs", True, lambda: op.macs(ins, outs)),
        ("bias_outputs", False, lambda: op.bias_outputs(outs)),
        ("taps", False, lambda: op.taps(ins)),
    ):
        value = _asked(op, module, name, ask)
        if not _is_count(value) and not (optional and value is None):
            _blame(op, module, name, f"gives {_shown(value)}, which is no count")
    for name, kind, ask_sum in (
        ("work", Work, lambda: op.work(ins, outs)),
        ("memory", MemoryAccess, lambda: op.memory(ins, outs)),
    ):
        found: Any = _asked(op, module, name, ask_sum)
        if found is not None and not (isinstance(found, kind) and all(map(_is_count, astuple(found)))):
            _blame(op, module, name, f"gives {_shown(found)}, which holds no counts")
    return outs


def _asked(op: Operator, module: str, name: str, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except ArgumentError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it does, the error names whose it is
        _blame(op, module, name, f"fails with {type(error).__name__}: {_shown(error)}")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_shape(value: object) -> bool:
    return isinstance(value, Shape) and len(value) > 0 and all(_is_count(extent) and extent > 0 for extent in value)


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, Exception) else repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _blame(op: Operator, module: str, name: str, problem: str) -> NoReturn:
    raise ArgumentError(f"{name}() of operator '{op.name}', from '{module}', {problem}", code="bad-operator",
                        argument=None, hint=f"correct {module}.{type(op).__qualname__}")  # fmt: skip
