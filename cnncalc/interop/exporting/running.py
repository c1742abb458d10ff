"""Exported source at work, its function `build`, and functions of one's own."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def loaded(text: str) -> Callable[[], Any]:
    """Return the function `build` of a source, imported as a user would import its file."""
    with TemporaryDirectory() as place:
        file = Path(place) / "net.py"
        file.write_text(text, encoding="utf-8")
        found = spec_from_file_location("cnncalc_exported", file)
        assert found is not None
        assert found.loader is not None
        module = module_from_spec(found)
        found.loader.exec_module(module)
    build: Callable[[], Any] = module.build
    return build


def imported(reference: str) -> Callable[..., Any]:
    """Return a function of the user's, `package.module:factory`, from the folder they stand in; it runs their code.

    Raises:
        ValueError: there is no such module or function.
    """
    module_name, _, factory = reference.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: Callable[..., Any] = getattr(import_module(module_name), factory)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"cannot find '{reference}': {error}") from None
    finally:
        sys.path.pop(0)
    return found
