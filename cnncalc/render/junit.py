"""A check as JUnit XML: one suite a spec, one case a limit; a doubt is an error, a limit that is over a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from cnncalc.gate.judge import Status
from cnncalc.gate.outcome import doubt_finding
from cnncalc.gate.words import limit_name, limit_words, measured_words
from cnncalc.render.check_shared import file_of, from_top, safe, sentence

if TYPE_CHECKING:
    from cnncalc.gate.judge import Finding, Judgement
    from cnncalc.gate.outcome import Run, Subject

ELEMENTS = {Status.OVER: "failure", Status.DOUBT: "error"}


def render(run: Run) -> str:
    """Return the run as an XML document."""
    root = Element("testsuites", name="cnncalc check")
    if run.doubts:
        suite = SubElement(root, "testsuite", name="the run")
        for doubt in run.doubts:
            _doubt(suite, None, doubt_finding(doubt), "the run")
    for subject in run.subjects:
        _suite(root, subject)
    for suite in (*root.findall("testsuite"), root):
        cases = suite.findall(".//testcase")
        suite.set("tests", str(len(cases)))
        suite.set("failures", str(len(suite.findall(".//failure"))))
        suite.set("errors", str(len(suite.findall(".//error"))))
        suite.set("skipped", str(len(suite.findall(".//skipped"))))
        suite.set("time", "0")
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode")


def _suite(root: Element, subject: Subject) -> None:
    suite = SubElement(root, "testsuite", name=safe(subject.title))
    for doubt in subject.doubts:
        _doubt(suite, subject, doubt_finding(doubt), subject.title)
    for judgement in subject.judgements:
        _case(suite, subject, judgement)
    for warning in subject.warnings:
        finding = doubt_finding(warning, Status.NEAR)
        case = SubElement(suite, "testcase", classname=safe(subject.title), name=safe(finding.code), time="0")
        _place(case, subject, finding)
        SubElement(case, "system-out").text = f"warning: {_located(subject, finding)}"
    if not len(suite):
        case = SubElement(suite, "testcase", classname=safe(subject.title), name="budgets", time="0")
        SubElement(case, "skipped", message="there is nothing to check")
    if subject.meant:
        said = [f"{_located(subject, finding)} [{finding.code}]" for finding in subject.meant]
        SubElement(suite, "system-out").text = "\n".join(said)
    if subject.notes:
        properties = Element("properties")
        for note in subject.notes:
            SubElement(properties, "property", name="note", value=safe(note))
        suite.insert(0, properties)


def _doubt(suite: Element, subject: Subject | None, finding: Finding, name: str) -> None:
    case = SubElement(suite, "testcase", classname=safe(name), name=safe(finding.code), time="0")
    _place(case, subject, finding)
    error = SubElement(case, "error", message=sentence(subject, finding), type=finding.code)
    error.text = _located(subject, finding)


def _case(suite: Element, subject: Subject, judgement: Judgement) -> None:
    limit = judgement.limit
    since = f" since {judgement.reference}" if judgement.reference else ""
    name = safe(f"{limit_name(limit)} {limit_words(limit)}{since}")
    case = SubElement(suite, "testcase", classname=safe(subject.title), name=name, time="0")
    said = [_located(subject, finding) for finding in judgement.findings]
    if judgement.findings:
        _place(case, subject, judgement.findings[0])
    kind = ELEMENTS.get(judgement.status)
    if kind is not None and judgement.findings:
        worst = max(judgement.findings, key=lambda finding: finding.status)
        SubElement(case, kind, message=sentence(subject, worst), type=worst.code).text = "\n".join(said)
    out = SubElement(case, "system-out")
    out.text = "\n".join((safe(f"{limit.metric} is {measured_words(limit, judgement.measured)}"), *said))


def _place(case: Element, subject: Subject | None, finding: Finding) -> None:
    file = file_of(subject, finding)
    if file is not None:
        case.set("file", safe(from_top(file)))
        case.set("line", str(finding.line))


def _located(subject: Subject | None, finding: Finding) -> str:
    file = file_of(subject, finding)
    where = f"{safe(file)}:{finding.line}:{finding.column}: " if file is not None else ""
    return where + sentence(subject, finding)
