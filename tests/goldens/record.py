"""Renew what is recorded, and print which entries change: `python -m tests.goldens.record [--only PART] [--collect]`.

`--only warnings` (or `views`, or `reports`) renews that alone. `--collect` first takes the specs of the manual and the
README anew, and makes the random ones anew. `--dry-run` prints only. The exit code is 1 where something changes.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import cnncalc

from . import GROUPS, HERE, MOST, differences, digest, dumps, entries, recorded, report_of, shown, views_of, warnings_of
from . import write as write_file
from .generate import specs

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = HERE.parents[1]
BLOCK = re.compile(r"^```ya?ml\n(.*?)^```", re.MULTILINE | re.DOTALL)
PARTS = ("reports", "warnings", "views")


def documented() -> dict[str, str]:
    """Return the whole and valid specs of the manual, by page and number."""
    found = {}
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for number, match in enumerate(BLOCK.finditer(page.read_text(encoding="utf-8"))):
            text = match[1]
            if re.search(r"^layers:", text, re.MULTILINE) and re.search(r"^inputs?:", text, re.MULTILINE):
                try:
                    cnncalc.analyze(cnncalc.parse(text))
                except cnncalc.SpecError:
                    continue
                found[f"{page.stem}{number:02}"] = text
    return found


def collect() -> None:
    """Take the specs of the manual and the random ones anew."""
    for group, found in (("docs", documented()), ("random", specs(100))):
        text = "".join(f"#### {name}\n{text}" for name, text in found.items())
        (HERE / f"{group}.txt").write_text(text, encoding="utf-8")
    entries.cache_clear()


def observed() -> dict[str, dict[str, str]]:
    """Return what all files would hold now, by name."""
    files: dict[str, dict[str, str]] = {f"reports.{group}": {} for group in GROUPS}
    files |= {"warnings": {}, "views": {}, "texts": {}}
    for group in GROUPS:
        for entry in entries(group):
            report = entry.analyze()
            files[f"reports.{group}"][entry.name] = report_of(report)
            files["warnings"][entry.name] = warnings_of(report)
            files["texts"][entry.name] = dumps(digest(entry.text))
            if (views := views_of(entry, report)) is not None:
                files["views"][entry.name] = views
    with TemporaryDirectory() as folder:
        files["views"]["show"] = dumps(shown(Path(folder)))
    return files


def changes(file: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return a line for each entry that is new, gone or different, with its first differences below it."""
    lines = [f"{file}: {name} is gone" for name in old if name not in new]
    for name, text in new.items():
        if name not in old:
            lines.append(f"{file}: {name} is new")
        elif text != old[name]:
            found = differences(name, old[name], text)
            lines.append(f"{file}: {name} changes" + ("" if found else ", by what is added only"))
            lines += [f"    {line}" for line in found[:MOST]]
    return lines


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.goldens.record", description=__doc__)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--collect", action="store_true")
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args(arguments)
    if options.collect:
        collect()
    changed = False
    for file, new in observed().items():
        part = file.partition(".")[0]
        if options.only and part != options.only:
            continue
        if (old := recorded(file)) == new:
            continue
        changed = True
        sys.stdout.write("".join(f"{line}\n" for line in changes(file, old, new)))
        if not options.dry_run:
            write_file(file, new)
    return int(changed)


if __name__ == "__main__":
    sys.exit(main())
