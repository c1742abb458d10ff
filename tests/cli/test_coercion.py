"""Arguments become the values that typer makes of them, without the import that typer needs for it."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from cnncalc.cli import COMMANDS, coercion, load_command

own_of: Any = getattr(typer.core, "build_runtime_param", None)
NEWER = hasattr(typer.core.TyperOption, "get_runtime_param")
newer = pytest.mark.skipif(not NEWER, reason="this typer makes values without pydantic")
VALUES: tuple[object, ...] = (
    None, "", "a", "3", "-1", "0", "+5", " 5 ", "1_0", "5.0", "1e3", "\u0663", "9" * 30, "\ud800", "a\nb",
    "block", "BLOCK", 3, 0, True, False, "true", b"x", ["a", "b"], ("a",), [], [3], (None,),
)  # fmt: skip


def outcome(make: Any, value: object, parameter: Any) -> tuple[str, object]:
    context = typer.Context(typer.main.get_command(typer.Typer(callback=lambda: None)))
    try:
        made = make.coerce(value, param=parameter, ctx=context)
    except Exception as error:  # noqa: BLE001 - whatever it is, it has to be the same
        return type(error).__name__, str(error)
    return type(made).__name__, made


@pytest.mark.few
@newer
@pytest.mark.parametrize("command", COMMANDS)
def test_values_are_those_of_typer(command: str) -> None:
    kinds = set()
    for parameter in load_command(command).params:
        descriptor = parameter.type_descriptor
        plain = coercion.plain(parameter)
        key = plain, str(descriptor.annotation), parameter.multiple, parameter.nargs
        if plain is None or key in kinds:
            continue
        kinds.add(key)
        own = own_of(descriptor)
        for value in VALUES:
            assert outcome(plain, value, parameter) == outcome(own, value, parameter), (parameter.name, value)
    assert kinds


@pytest.mark.process
@pytest.mark.parametrize(
    "arguments", ["show lenet5 --depth 1 --batch 2", "check lenet5 --max macs=1G", "show --help", "--help", "--version"]
)
def test_a_command_imports_no_pydantic(arguments: str) -> None:
    code = "import sys; from cnncalc.cli import run; run(sys.argv[1:]); sys.exit('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, *arguments.split()], check=False, capture_output=True)
    assert done.returncode == 0


@newer
def test_what_is_not_plain_is_left_to_typer() -> None:
    def command(
        path: typer.FileText, number: float, clamped: int = typer.Option(1, min=0, max=3, clamp=True),
        parsed: str = typer.Option("", parser=str.upper), pair: tuple[int, int] = (1, 2),
    ) -> None:  # fmt: skip
        """Have parameters of other kinds."""

    app = typer.Typer()
    app.command()(command)
    assert [p.name for p in typer.main.get_command(app).params if coercion.plain(p) is not None] == [
        p.name for p in typer.main.get_command(app).params if p.name.endswith("completion")
    ]


def test_another_typer_is_left_as_it_is() -> None:
    """Parameters without the attribute, or without what it needs, stay as they are."""
    bare = SimpleNamespace(name="x")
    odd = SimpleNamespace(_runtime_param=None)

    class Base:
        def get_params(self, _: object) -> list[object]:
            return [bare, odd]

    class Made(coercion.PlainParameters, Base):
        pass

    assert Made().get_params(None) == [SimpleNamespace(name="x"), SimpleNamespace(_runtime_param=None)]
