"""Renew the generated files: `python tools/renew.py [NAME ...]`; without names all of them, `--check` only looks.

The command prints what changed. What the goldens say is printed entry by entry; a commit that renews them says why.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDENS = "goldens"


class Generated(NamedTuple):
    """A file, from the root of the repository, and what its text is made by."""

    file: str
    text: Callable[[], str]


def operators() -> str:
    """Return the page of the operators."""
    from cnncalc.ops.catalogue import entries, markdown

    return markdown(entries(plugins=False))


def spec_schema() -> str:
    """Return the JSON Schema of specs."""
    from cnncalc.language.schema import schema

    return as_json(schema(plugins=False))


def report_schema() -> str:
    """Return the JSON Schema of reports."""
    from cnncalc.render.schema import report_schema as schema

    return as_json(schema())


def builder() -> str:
    """Return the stub of the builder's operators."""
    from cnncalc.builder_stub import stub

    return stub()


def totals() -> str:
    """Return what each network of the zoo comes to, which its list is made of."""
    from cnncalc.api import analyze
    from cnncalc.gate.metrics import lows
    from cnncalc.zoo import entries
    from cnncalc.zoo.totals import as_text, totals_of

    reports = ((entry, analyze(entry.file, variant=entry.variant)) for entry in entries())
    return as_text((entry, totals_of(report, lows(report))) for entry, report in reports)


def zoo() -> str:
    """Return the page of the zoo."""
    return str(import_module("make_zoo_page").page())


def commands() -> str:
    """Return the page of the commands."""
    from tools.commands_page import page

    return page()


def counting() -> str:
    """Return the page about counting, with the tables of measures and rules."""
    from cnncalc.render.rules import numbers, rules

    text = (ROOT / "docs" / "counting.md").read_text(encoding="utf-8")
    for name, body in (("measures", numbers()), ("rules", rules())):
        start, end = f"<!-- {name}: from cnncalc.render.rules -->\n\n", f"\n<!-- end of {name} -->"
        before, _, rest = text.partition(start)
        text = f"{before}{start}{body}{end}{rest.partition(end)[2]}"
    return text


def architecture() -> str:
    """Return the page about the architecture, with its picture."""
    from tools.architecture_picture import page

    return page()


def coverage() -> str:
    """Return the page about what of timm is read."""
    from tools.census import page

    return page()


def crosscheck() -> str:
    """Return the page about the zoo and programs that are not this one."""
    from tools.crosscheck import page

    return page()


def as_json(data: object) -> str:
    """Return data as the schema command writes it."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


GENERATED = {
    "operators": Generated("docs/operators.md", operators),
    "schema": Generated("docs/spec.schema.json", spec_schema),
    "report-schema": Generated("docs/report.schema.json", report_schema),
    "builder": Generated("cnncalc/builder_ops.pyi", builder),
    "totals": Generated("specs/totals.json", totals),
    "zoo": Generated("docs/zoo.md", zoo),
    "counting": Generated("docs/counting.md", counting),
    "commands": Generated("docs/commands.md", commands),
    "coverage": Generated("docs/coverage.md", coverage),
    "crosscheck": Generated("docs/cross-examined.md", crosscheck),
    "architecture": Generated("docs/architecture.md", architecture),
}


def main(arguments: list[str] | None = None) -> int:
    """Renew the named files, or all; return 1 if one of them was not up to date and is only to be checked."""
    parser = argparse.ArgumentParser(prog="python tools/renew.py", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *GENERATED, GOLDENS], metavar="NAME",
                        help=", ".join([*GENERATED, GOLDENS]))  # fmt: skip
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is out of date")
    asked = parser.parse_args(arguments)
    wanted = asked.names or [*GENERATED, GOLDENS]
    stale = False
    for name in [name for name in wanted if name in GENERATED]:
        file, text = ROOT / GENERATED[name].file, GENERATED[name].text()
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        stale = True
        sys.stdout.write(f"{GENERATED[name].file} {'is out of date' if asked.check else 'is renewed'}\n")
        if not asked.check:
            file.write_text(text, encoding="utf-8")
    if GOLDENS in wanted:
        stale |= bool(import_module("tests.goldens.record").main(["--dry-run"] if asked.check else []))
    return int(stale and asked.check)


if __name__ == "__main__":
    sys.exit(main())
