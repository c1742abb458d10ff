"""The pages that are made: one for each operator, diagnostic and network, with examples that are run and drawn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import cnncalc
from cnncalc import zoo
from cnncalc.ops.catalogue import GROUPS, entries
from cnncalc.render import format as fmt
from cnncalc.render.ops import example, full
from cnncalc.source import Text
from cnncalc.study import Study
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cnncalc.results.report import Report

SECTION = re.compile(r"^### `([^`]+)`\n(.*?)(?=^#{2,3} |\Z)", re.MULTILINE | re.DOTALL)
PART = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"```yaml\n(.*?)```\n\n```\n(.*?)\n```", re.DOTALL)
SPEC = "spec.yaml"


def svg(report: Report, depth: int | None = None) -> str:
    """Return a drawing for a page, in colours for a light ground."""
    return report.graph(depth=depth, theme="light").to_svg()


HIDDEN = "---\nhide: [navigation]\n---\n\n"
"""Before pages that are not in the navigation: what they have to say gets its room."""
WRITTEN = re.compile(r",\s+written from its class by\s+`python[^`]*`|\s+Written by\s+`python[^`]*`\.")
"""How a page of `docs/` is renewed, which is nothing for readers of the site."""
TALL = 3
"""A drawing is cut in the gallery where it is so many times higher than wide."""


def cell(text: str) -> str:
    """Return text as it stands in a cell of a table."""
    return text.replace("|", r"\|")


def picture(name: str, words: str) -> str:
    """Return a drawing on a page."""
    return f"![{words}](={name}){{ .drawing }}\n"


# Operators.


def operators(page: str) -> Iterator[tuple[str, str]]:
    """Yield the pages of operators, from the page of all of them, and their drawings."""
    sections = dict(SECTION.findall(page))
    found = entries(plugins=False)
    rows = ["# Operators\n", WRITTEN.sub("", page.partition("\n")[2].partition("\n## ")[0]).strip() + "\n"]
    for group in GROUPS:
        members = [entry for entry in found if entry.group == group]
        if members:
            rows += [f"## {group.capitalize()}\n", "| operator | |", "| --- | --- |"]
            rows += [f"| [`{e.name}`](={e.name}.md) | {cell(e.summary)} |" for e in members] + [""]
    yield "operators/index.md", "\n".join(rows)
    for entry in found:
        body = [f"{HIDDEN}# `{entry.name}`\n", f"[Operators](=index.md#{entry.group}), {entry.group}\n"]
        body.append(sections[entry.name])
        text = example(entry.name)
        if text is not None:
            name = f"img/{entry.name}.svg"
            yield f"operators/{name}", svg(cnncalc.analyze(cnncalc.parse(text, SPEC)))
            lines = [line.text.rstrip() for line in full(entry)]
            worked = "\n".join(lines[lines.index("example") + 1 :])
            shown = worked.partition("\n\n")[2].strip("\n")
            body += ["## An example, run\n", f"```yaml\n{text}```\n", picture(name, f"{entry.name} drawn"),
                     f"```text\n{shown}\n```\n"]  # fmt: skip
        yield f"operators/{entry.name}.md", "\n".join(body)


# Diagnostics.


def diagnostics(page: str) -> Iterator[tuple[str, str]]:
    """Yield the pages of diagnostics, from the page of all of them, and drawings of what stands before a mistake.

    Raises:
        ValueError: an example does not say what the page says.
    """
    head, _, rest = page.partition("\n## ")
    rows = [head.strip() + "\n"]
    pages = []
    for title, part in PART.findall(f"## {rest}"):
        rows += [f"## {title}\n", "| code | |", "| --- | --- |"]
        for code, section in SECTION.findall(part):
            text = section.strip().partition("\n\n")[0].replace("\n", " ")
            rows.append(f"| [`{code}`](={code}.md) | {cell(text)} |")
            pages.append((code, title, section))
        rows.append("")
    yield "diagnostics/index.md", "\n".join(rows)
    for code, title, section in pages:
        body = [f"{HIDDEN}# `{code}`\n", f"[Diagnostics](=index.md), {title[0].lower()}{title[1:]}\n", section]
        for text, said in EXAMPLE.findall(section):
            before = judged(code, text, said)
            if before is not None and before.layers:
                yield f"diagnostics/img/{code}.svg", svg(before)
                words = "What stands before the mistake" if "error:" in said else "The network"
                body.append(f"{words}:\n\n{picture(f'img/{code}.svg', words)}")
        yield f"diagnostics/{code}.md", "\n".join(body)


def judged(code: str, text: str, said: str) -> Report | None:
    """Run an example, and return its network as far as there is one.

    Raises:
        ValueError: it does not say what it should.
    """
    report: Report | None
    try:
        report = Study.of(Text(text, SPEC)).report
        found = report.warnings
    except SpecError as error:
        found, report = error.diagnostics, error.partial
    if said not in {one.render() for one in found}:
        raise ValueError(f"the example of '{code}' does not say what its page says")
    return report


# The zoo.


def networks(page: str) -> Iterator[tuple[str, str]]:
    """Yield the gallery, from the page of the zoo, and a page for each file of it, with drawings."""
    sections = dict(PART.findall(page))
    head = page.partition("\n## ")[0]
    intro = "\n\n".join(part for part in head.split("\n\n") if not part.startswith("- classification"))
    rows = ["---\nhide: [navigation, toc]\n---\n", WRITTEN.sub("", intro).strip() + "\n"]
    for task in zoo.TASKS:
        rows += [f"## {task.capitalize()}\n", '<div class="gallery">']
        for file in (file for file in zoo.files() if zoo.task(file) == task):
            report = cnncalc.analyze(file.stem)
            yield f"zoo/img/{file.stem}.svg", svg(report)
            small = report.graph(depth=1, theme="light")
            yield f"zoo/img/{file.stem}_small.svg", small.to_svg()
            yield f"zoo/{file.stem}.md", network(file, report, sections[file.stem])
            said = f"{fmt.human(report.totals.params)} parameters, {fmt.human(report.totals.macs)} MACs"
            tall = ' class="tall"' if small.layout.height > TALL * small.layout.width else ""
            rows.append(f'<a href="{file.stem}.html"><img{tall} loading="lazy" src="img/{file.stem}_small.svg" '
                        f'alt="{file.stem} drawn"><b>{file.stem}</b><span>{said}</span></a>')  # fmt: skip
        rows.append("</div>\n")
    rows += [f"## {title}\n{part}" for title, part in sections.items() if title not in {f.stem for f in zoo.files()}]
    yield "zoo/index.md", "\n".join(rows)


def network(file: Path, report: Report, section: str) -> str:
    """Return the page of one file of the zoo: figures, drawing, table, spec."""
    table = report.to_markdown(depth=1, human=True)
    spec = "".join(line for line in file.read_text(encoding="utf-8").splitlines(keepends=True)
                   if not line.startswith("# yaml-language-server"))  # fmt: skip
    return "\n".join((
        f"{HIDDEN}# {file.stem}\n",
        f"[The zoo](=index.md), {zoo.task(file)}\n",
        section.strip() + "\n",
        f"`cnncalc show {file.stem}`, `cnncalc report {file.stem} -o {file.stem}.html`{{{{play}}}}\n",
        "## Drawing\n", picture(f"img/{file.stem}.svg", f"{file.stem} drawn, with each layer's share of the work"),
        "## Layers\n", table[table.index("| Layer") :],
        "\n## Spec\n", f"```yaml\n{spec}```\n",
    ))  # fmt: skip
