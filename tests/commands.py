"""Commands that are built once in a process that runs thousands of them."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.cli import CommandEntry


def kept(load: Callable[[str], Any], entries: dict[str, CommandEntry]) -> Callable[[str], Any]:
    """Return `load_command` that builds a command anew only where its function, or completion, is another."""
    known: dict[object, Any] = {}

    def loaded(name: str) -> Any:
        function = import_module(f"cnncalc.cli.{entries[name].module}").command
        key = name, function, "_CNNCALC_COMPLETE" in os.environ
        if key not in known:
            known[key] = load(name)
        return known[key]

    return loaded
