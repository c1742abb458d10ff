"""Arguments become values without pydantic, which newer typer imports for every option that is no flag.

That import is a third of a short command's work. What is plainly right is taken as it is; everything else, a wrong
value above all, is left to typer, whose words users then read. A typer that does not offer the one attribute that this
leans on works as it does.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any, NamedTuple, get_args, get_origin

ATTRIBUTE = "_runtime_param"
"""Where a parameter of typer 0.29 and newer keeps what makes its value: None until it is first needed."""
WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)


UNSURE = object()
"""Stands for a value that typer is to judge."""


class Plain(NamedTuple):
    """What makes the value of one parameter; offers the one method that typer calls.

    Attributes:
        kind: the type of the value, of each one where there are several.
        low: its lower bound, or None.
        high: its upper bound, or None.
    """

    kind: type
    low: float | None
    high: float | None

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value of what was given on the command line, as typer does."""
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        items = value if several else [value]
        made = [self._one(item) for item in items] if isinstance(items, list | tuple) else [UNSURE]
        if UNSURE in made:
            setattr(param, ATTRIBUTE, None)
            return param.get_runtime_param().coerce(value, param=param, ctx=ctx)
        return made if several else made[0]

    def _one(self, value: Any) -> Any:
        kind = self.kind
        if kind is bool and isinstance(value, bool):
            return value
        if kind is str and isinstance(value, str) and value.isprintable():
            return value
        if issubclass(kind, Enum):
            for member in kind:
                if value is member or (isinstance(value, str) and value == member.value):
                    return member
        if kind is int and (type(value) is int or (isinstance(value, str) and WHOLE.fullmatch(value))):
            number = int(value)
            if (self.low is None or number >= self.low) and (self.high is None or number <= self.high):
                return number
        return UNSURE


class PlainParameters:
    """A command of typer, or a group of them, whose parameters make their values without pydantic where they can."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, the option for help among them, ready to use."""
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for parameter in parameters:
            if getattr(parameter, ATTRIBUTE, ...) is None and (made := plain(parameter)) is not None:
                setattr(parameter, ATTRIBUTE, made)
        return parameters


def plain(parameter: Any) -> Plain | None:
    """Return what makes the value of a parameter, None where that is for typer."""
    descriptor = getattr(parameter, "type_descriptor", None)
    info = getattr(descriptor, "parameter_info", None)
    kind = getattr(descriptor, "annotation", None)
    if info is None or not callable(getattr(parameter, "get_runtime_param", None)):
        return None
    if get_origin(kind) is list:
        (kind,) = get_args(kind)
    if not isinstance(kind, type) or info.parser is not None or info.clamp:
        return None
    return Plain(kind, info.min, info.max) if kind in {bool, int, str} or issubclass(kind, Enum) else None
