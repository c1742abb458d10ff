"""A check as SARIF 2.1.0, for code scanning: results on lines, what hindered the run as notifications."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cnncalc.gate.judge import Status
from cnncalc.render.check_shared import LEVELS, Fingerprints, file_of, from_top, safe, sentence

if TYPE_CHECKING:
    from cnncalc.gate.judge import Finding
    from cnncalc.gate.outcome import Run, Subject

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RULES = {
    "over-budget": "A number of the network leaves its budget.",
    "near-budget": "A number of the network comes close to its budget.",
    "unknown-number": "A number is known only in part, so its budget cannot be judged.",
    "no-such-layer": "A budget's pattern matches no layer.",
    "nothing-to-check": "A spec has no budget.",
    "nothing-to-compare": "A budget on changes has nothing to compare with.",
}


def render(run: Run) -> str:
    """Return the run as one SARIF log."""
    findings = run.findings()
    located = [(subject, finding) for subject, finding in findings if file_of(subject, finding) is not None]
    codes = sorted({finding.code for _, finding in located})
    mild = {code for code in codes if all(f.status is Status.NEAR for _, f in located if f.code == code)}
    prints = Fingerprints()
    driver = {"name": "cnncalc", "version": run.version, "rules": [_rule(code, mild=code in mild) for code in codes]}
    log = {
        "$schema": SCHEMA_URI,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "where cnncalc was run"}}},
                "invocations": [
                    {
                        "executionSuccessful": run.exit_code != 2,
                        "exitCode": run.exit_code,
                        "toolExecutionNotifications": [
                            {"level": "error", "message": {"text": sentence(subject, finding)},
                             "descriptor": {"id": finding.code}}
                            for subject, finding in findings
                            if file_of(subject, finding) is None
                        ] + [
                            {"level": "note", "message": {"text": f"{safe(subject.title)}: {safe(note)}"}}
                            for subject in run.subjects
                            for note in subject.notes
                        ],
                    }
                ],
                "results": [_result(subject, finding, codes, prints) for subject, finding in located],
            }
        ],
    }  # fmt: skip
    return json.dumps(log, indent=2, ensure_ascii=False, allow_nan=False)


def _rule(code: str, *, mild: bool) -> dict[str, Any]:
    said = "The spec is hardly what is meant" if mild else "The spec or its budget cannot be judged"
    words = RULES.get(code, f"{said}: {code.replace('-', ' ')}.")
    return {
        "id": code,
        "shortDescription": {"text": words},
        "fullDescription": {"text": words},
        "help": {"text": f"`cnncalc error {code}` explains it; docs/check.md has the codes of the gate."},
        "defaultConfiguration": {"level": "warning" if mild else "error"},
    }


def _result(subject: Subject | None, finding: Finding, codes: list[str], prints: Fingerprints) -> dict[str, Any]:
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": LEVELS[finding.status].replace("notice", "note"),
        "message": {"text": sentence(subject, finding)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _artifact(file_of(subject, finding) or ""),
                    "region": {"startLine": finding.line, "startColumn": finding.column,
                               "endLine": finding.line, "endColumn": finding.column + 1},
                },
                **({"logicalLocations": [{"fullyQualifiedName": safe(finding.path)}]} if finding.path else {}),
            }
        ],
        "partialFingerprints": {"cnncalcFinding/v1": prints.of(subject, finding)},
    }


def _artifact(file: str) -> dict[str, str]:
    """Return where a file is: from the root of the sources, or as a `file:` address for one outside."""
    path = from_top(file)
    encoded = quote(path.encode("utf-8", "surrogateescape"))
    if path.startswith("/"):
        return {"uri": f"file://{encoded}"}
    return {"uri": encoded, "uriBaseId": "%SRCROOT%"}
