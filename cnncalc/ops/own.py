"""Operators of a user's own file, for one run."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_loaded: dict[Path, set[str]] = {}


class OperatorFileError(ValueError):
    """A file of operators that cannot be used; one line that says why."""


def load_operators(file: str) -> None:
    """Run a Python file that registers operators with `cnncalc.ops.register`; one that ran before is left alone.

    Raises:
        OperatorFileError: there is no such file, it fails, or it registers no operator.
    """
    from cnncalc.ops.registry import names

    path = Path(file).resolve()
    if path in _loaded:
        return
    if not path.is_file():
        raise OperatorFileError(f"there is no file '{file}'")
    before = set(names())
    name = f"cnncalc_own_{len(_loaded)}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise OperatorFileError(f"'{file}' is no Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise OperatorFileError(f"'{file}' fails: {type(error).__name__}: {error}") from error
    found = set(names()) - before
    if not found:
        raise OperatorFileError(f"'{file}' registers no operator; decorate a class with @register(\"name\")")
    _loaded[path] = found
