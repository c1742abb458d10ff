"""Networks -> one HTML file: everything inside, nothing loaded, nothing run but the page's own script."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc._version import __version__
from cnncalc.drawing.colours import TONES
from cnncalc.drawing.svg import SHARED, rules, written
from cnncalc.explanation.network import explain
from cnncalc.gate.network import check
from cnncalc.lineup import lineup
from cnncalc.page.content import NetworkContent, comparison, section, text
from cnncalc.page.data import MOST_EXPLAINED, embedded, network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.devices import Device
    from cnncalc.gate.outcome import Subject
    from cnncalc.study import Study

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAsked:
    """One network of a page, and how the gate found it, where it was asked already."""

    study: Study
    title: str
    subject: Subject | None = None


def report_page(asked: Sequence[ReportAsked], *, device: str | Device | None = None, said: Sequence[str] = ()) -> str:
    """Return a page about networks.

    Args:
        asked: the networks.
        device: whose roofline to draw.
        said: lines that stand before everything.

    Raises:
        SpecError: a spec is wrong.
        ValueError: a part of a question is not one of the right ones, or there is no such device.
    """
    networks, data = [], []
    for number, one in enumerate(asked):
        report = one.study.report
        picture = report.graph(theme="auto")
        judged = one.subject
        if judged is None and one.study.spec.budgets is not None:
            judged = next(iter(check(one.study).subjects), None)
        networks.append(NetworkContent(
            number=number, report=report, picture=picture,
            judgements=judged.judgements if judged is not None else (),
            doubts=judged.doubts if judged is not None else (),
            source=one.study.expanded.collector.lines or (),
            line=report.roofline(device) if device is not None else None,
        ))  # fmt: skip
        explained = explain(one.study) if 0 < len(report.layers) <= MOST_EXPLAINED else None
        data.append(network(report, picture.scene, explained))
    return page(networks, [one.title for one in asked], data, said)


def page(networks: Sequence[NetworkContent], titles: Sequence[str], data: Sequence[object], said: Sequence[str]) -> str:
    """Return the page of some networks, with what its script knows of them, and lines before everything."""
    script = (HERE / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src 'none'; "
        "base-uri 'none'; form-action 'none'"
    )
    title = ", ".join(titles) or "nothing to show"
    pairs = [(name, one.report) for name, one in zip(titles, networks, strict=True)]
    lines = "".join(f'<p class="state">{text(line)}</p>' for line in said)
    several = f"<h2>Side by side</h2>{comparison(lineup(pairs))}" if len(networks) > 1 else ""
    body = "".join(part for one in networks for part in section(one))
    links = "".join(
        f'<a href="#n{n}">{text(name)}</a>' if len(networks) > 1 else
        f'<a href="#g{n}">Drawing</a><a href="#t{n}">Layers</a><a href="#c{n}">Charts</a><a href="#s{n}">Source</a>'
        for n, name in enumerate(titles)
    )  # fmt: skip
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{text(title)} - cnncalc</title>'
        f"<style>{style()}</style></head>\n<body>"
        f'<header><h1>{text(title)}</h1><nav aria-label="parts">{links}</nav><div id="theme"></div></header>\n'
        f'<main class="nets{" many" if len(networks) > 1 else ""}">{lines}{several}{body}</main>\n'
        f'<footer class="soft">cnncalc {text(__version__)}. Numbers are for one image, forward, unless the heading '
        f"says otherwise.</footer>\n"
        f'<script type="application/json" id="data">{embedded(list(data))}</script>\n<script>{script}</script>\n'
        "</body></html>\n"
    )


def style() -> str:
    """Return the page's style with the colours of drawings in both themes."""
    own = (HERE / "report.css").read_text(encoding="utf-8")
    names = list(TONES)
    light, dark = rules(names, dark=False), rules(names, dark=True)
    return (
        f"{own}{written(SHARED)}{written(light)}"
        f"@media (prefers-color-scheme:dark){{{written(dark, ':root:not([data-theme=light]) .cg')}}}"
        f"{written(dark, ':root[data-theme=dark] .cg')}"
    )
