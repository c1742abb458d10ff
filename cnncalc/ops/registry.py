"""The registry of operators: names and aliases, plug-ins, and names in other systems. It only grows, under a lock."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

from cnncalc.ops.foreign import SYSTEMS, Foreign
from cnncalc.ops.operator import Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_lock = threading.Lock()
_plugin_lock = threading.Lock()
_broken: dict[str, str] = {}
_by_name: dict[str, type[Operator]] = {}
_plugins_loaded = False
OperatorClass = TypeVar("OperatorClass", bound=type[Operator])


def register(name: str, *, aliases: tuple[str, ...] = ()) -> Callable[[OperatorClass], OperatorClass]:
    """Make an operator class known under a name and its aliases.

    Raises:
        ValueError: a name is taken by another class, or is not a spec name.
    """

    def decorate(cls: OperatorClass) -> OperatorClass:
        with _lock:
            for word in (name, *aliases):
                if not word.isidentifier():
                    raise ValueError(f"operator name {word!r} is not of the form [A-Za-z_][A-Za-z0-9_]*")
                taken = _by_name.get(word)
                if taken is not None:
                    raise ValueError(f"operator name {word!r} is taken by {taken.__module__}.{taken.__qualname__}")
            cls.name = name
            cls.aliases = aliases
            cls.elsewhere = vars(cls).get("elsewhere", {})
            for word in (name, *aliases):
                _by_name[word] = cls
        return cls

    return decorate


def load_plugins() -> None:
    """Load the operators that installed packages announce under the entry-point group `cnncalc.operators`, once.

    A package that cannot be loaded, or wants the name of another operator, is left out; `broken_plugins` says why.
    """
    global _plugins_loaded  # noqa: PLW0603 - part of the registry
    with _plugin_lock:
        if _plugins_loaded:
            return
        from importlib.metadata import entry_points

        for entry in entry_points(group="cnncalc.operators"):
            try:
                loaded = entry.load()
                if isinstance(loaded, type) and issubclass(loaded, Operator) and not loaded.name:
                    register(entry.name)(loaded)
            except Exception as error:  # noqa: BLE001 - whatever a package does, the built-in operators still work
                _broken[entry.name] = f"{type(error).__name__}: {error}"
        _plugins_loaded = True


def broken_plugins() -> dict[str, str]:
    """Return the announced operators that could not be loaded, each with the reason."""
    load_plugins()
    return dict(_broken)


def find(name: str) -> type[Operator] | None:
    """Return the operator class of a name or alias, looking at installed plug-ins for an unknown one."""
    found = _by_name.get(name)
    if found is None and not _plugins_loaded:
        load_plugins()
        found = _by_name.get(name)
    return found


def built_in(name: str) -> type[Operator] | None:
    """Return the operator class of a name or alias that comes with cnncalc; no plug-in is looked at."""
    found = _by_name.get(name)
    return found if found is not None and found.__module__.startswith("cnncalc.ops.") else None


def operators() -> Iterator[type[Operator]]:
    """Yield every operator class once, built-in ones first, in the order of their families."""
    load_plugins()
    yield from dict.fromkeys(_by_name.values())


def names() -> list[str]:
    """Return every name and alias that a spec may use."""
    load_plugins()
    return list(_by_name)


def by_foreign_name(system: str, name: str) -> tuple[tuple[type[Operator], Foreign], ...]:
    """Return the operators that a name of another system may stand for, built-in ones first.

    There are several where constants tell them apart: ONNX's Clip is relu6 or hardtanh. An unknown name has none.

    Raises:
        ValueError: there is no such system.
    """
    if system not in SYSTEMS:
        raise ValueError(f"there is no system {system!r} (one of {', '.join(SYSTEMS)})")
    return tuple((cls, said) for cls in operators() for said in cls.elsewhere.get(system, ()) if name in said.names())
