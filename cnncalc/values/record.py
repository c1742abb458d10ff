"""Frozen values with fields, for what every command imports: a class costs its definition alone.

A dataclass writes and compiles its methods for each class, which takes about as long as importing a whole module.
These share theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, dataclass_transform, overload

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

T = TypeVar("T")


@overload
def record(cls: type[T], /) -> type[T]: ...
@overload
def record(*, kw_only: bool) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True)
def record(cls: type[T] | None = None, /, *, kw_only: bool = False) -> type[T] | Callable[[type[T]], type[T]]:  # noqa: ARG001
    """Make a class whose annotated attributes are its fields, as `dataclass(frozen=True)` does.

    Fields are those of the base record and its own; what has a value in the class need not be given. Two are equal when
    they are of one class and all fields are. `kw_only` is for type checkers.
    """
    if cls is None:
        return record
    own = [name for name, form in cls.__annotations__.items() if not str(form).startswith("ClassVar")]
    known: tuple[str, ...] = getattr(cls, "_fields", ())
    methods: dict[str, Any] = {"_fields": (*known, *(name for name in own if name not in known)), "__init__": init,
                               "__repr__": written, "__eq__": equal, "__hash__": hashed, "__setattr__": refused,
                               "__delattr__": refused}  # fmt: skip
    for name, method in methods.items():
        setattr(cls, name, method)
    return cls


def init(self: Any, *values: object, **named: object) -> None:
    """Set the fields, in their order or by name."""
    fields: tuple[str, ...] = self._fields
    given = dict(zip(fields, values, strict=False))
    wrong = [name for name in named if name not in fields or name in given]
    given.update(named)
    missing = [name for name in fields if name not in given and not hasattr(type(self), name)]
    if wrong or missing or len(values) > len(fields):
        raise TypeError(f"{type(self).__name__} has the fields {', '.join(fields)}; "
                        f"wrong or missing: {', '.join([*wrong, *missing]) or 'too many values'}")  # fmt: skip
    self.__dict__.update(given)


def items(self: Any) -> tuple[object, ...]:
    """Return the values of the fields, in order."""
    return tuple(getattr(self, name) for name in self._fields)


def written(self: Any) -> str:
    """Return the value as it is made."""
    return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self._fields)})"


def equal(self: Any, other: object) -> bool:
    """Return whether two values are of one class and equal."""
    return type(self) is type(other) and items(self) == items(other)


def hashed(self: Any) -> int:
    """Return the hash of the fields."""
    return hash((type(self), items(self)))


def refused(self: Any, name: str, *_: object) -> NoReturn:
    """Refuse to change a value."""
    raise AttributeError(f"{type(self).__name__} cannot be changed: {name}")
