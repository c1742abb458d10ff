"""`cnncalc schema`: the JSON Schema of specs, or of reports."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cnncalc.cli.common import write_output
from cnncalc.cli.options import OutputOption

EPILOG = """\
Examples:

  cnncalc schema -o spec.schema.json     and, as first line of a spec beside it:

  # yaml-language-server: $schema=spec.schema.json

  cnncalc schema --report                the form of show --format json
"""


def command(
    report: Annotated[bool, typer.Option("--report", help="The schema of a report instead of a spec.")] = False,
    output: OutputOption = None,
) -> None:
    """Write the JSON Schema (draft-07) of specs, for completion and hover in editors; plug-ins included."""
    if report:
        from cnncalc.render.schema import report_schema

        found = report_schema()
    else:
        from cnncalc.language.schema import schema

        found = schema()
    write_output(json.dumps(found, indent=2, ensure_ascii=False), output)
