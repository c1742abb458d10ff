"""Exported source at work: its function `build`."""

from __future__ import annotations

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
