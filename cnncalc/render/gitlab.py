"""A check as a GitLab code quality report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cnncalc.gate.judge import Status
from cnncalc.render.check_shared import Fingerprints, file_of, from_top, safe, sentence

if TYPE_CHECKING:
    from cnncalc.gate.outcome import Run

SEVERITIES = {Status.WITHIN: "info", Status.NEAR: "minor", Status.OVER: "major", Status.DOUBT: "critical"}


def render(run: Run) -> str:
    """Return the findings as a JSON array; one about the run itself is put on line 1 of what it is about."""
    prints = Fingerprints()
    rows = [
        {
            "description": sentence(subject, finding),
            "check_name": f"cnncalc/{finding.code}",
            "fingerprint": prints.of(subject, finding),
            "severity": SEVERITIES[finding.status],
            "location": {
                "path": safe(from_top(file_of(subject, finding) or ".")),
                "lines": {"begin": finding.line},
            },
        }
        for subject, finding in run.findings()
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)
