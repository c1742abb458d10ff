"""Room for nested specs: reading and expansion recurse as deep as a spec nests, whatever the caller's own depth."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


def with_room(function: Callable[[], Result]) -> Result:
    """Return what a function returns, called again on a stack of its own where the caller has left it too little.

    The limits on nesting keep every spec well below the depth that a fresh stack has. The function must be one that
    can be started again.
    """
    try:
        return function()
    except RecursionError:
        pass
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    thread = threading.Thread(target=run, name="cnncalc-expand")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
