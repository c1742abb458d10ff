"""The yardstick: the least that a typer program with two commands does to load YAML and print a rich table."""

from __future__ import annotations

import typer
import yaml
from rich.console import Console
from rich.table import Table

app = typer.Typer()


@app.command()
def show(file: str) -> None:
    with open(file, encoding="utf-8") as stream:  # noqa: PTH123 - no more than it takes
        data = yaml.safe_load(stream)
    table = Table("key", "value")
    for key, value in data.items():
        table.add_row(key, str(value))
    Console().print(table)


@app.command()
def version() -> None:
    print(1)


if __name__ == "__main__":
    app()
