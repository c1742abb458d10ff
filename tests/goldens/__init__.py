"""What the program said of some two hundred networks, recorded, so that no move of code changes a number unseen.

Four groups of networks, each in a file of its own:

- `zoo`: every spec of `specs/` with every variant, read from there;
- `cases`: the specs in `cases/`;
- `docs`: the specs that the manual and the README showed when it was recorded, kept in `docs.txt`;
- `random`: a hundred specs that `generate` made, kept in `random.txt`.

`reports.GROUP.xz` holds a line for each network: its name and `Report.to_dict()` as JSON, without the version of the
program, the file's name, and the warnings. `warnings.xz` holds the warnings, all groups together, so that one that is
worded anew changes that file alone. `views.xz` holds `Report.to_csv()` and `Report.to_markdown()` of every network but
the variants of the zoo, and what `cnncalc show --format csv` and `--format markdown` print of several specs at once.
`texts.xz` holds a digest of each spec.

What is compared, and what is not:

- Within a schema keys are only added: a key (or a column of CSV) that was not there when it was recorded is let pass,
  also in `attributes`, where an operator may get an argument. One that is gone or has another value is a difference. In
  mappings whose keys are names of the network (`input`, `outputs`, `variables`, `receptive_fields`) a name more is a
  difference, too. Lists are compared whole: a layer more, less, or elsewhere is a difference.
- Numbers are compared with their kind: 1, 1.0 and true are three things.
- Where a spec of the zoo has another text than when it was recorded, the lines and columns in it are not compared.

These are no oracles: a number is right because something else says so, here it is only the same as before. To renew,
`python -m tests.goldens.record` prints what changes; a commit that renews says why.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import json
import lzma
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import cnncalc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).parent
SPECS = HERE.parents[1] / "specs"
GROUPS = ("zoo", "cases", "docs", "random")
UNRECORDED = ("cnncalc", "file", "warnings")
"""Keys of a report that are no part of what is compared as its report."""
NAMED = frozenset({"input", "outputs", "variables", "receptive_fields"})
"""Mappings whose keys are names of the network."""
POSITIONS = frozenset({"line", "column"})
SEPARATOR = re.compile(r"^#### (.+)\n", re.MULTILINE)
MOST = 8
"""Differences of one network that are told."""


class Entry(NamedTuple):
    """One network: its name here, where its spec is, and the variant; a text stands in `text`, else `file` is read."""

    name: str
    variant: str | None
    text: str
    file: Path | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is a spec as it stands, and no variant."""
        return self.variant is None

    def analyze(self) -> cnncalc.Report:
        """Return the report of the network."""
        return cnncalc.analyze(self.file or cnncalc.parse(self.text), variant=self.variant)


def texts(group: str) -> dict[str, str]:
    """Return the recorded specs of a group that has its specs in one file, by name."""
    parts = SEPARATOR.split((HERE / f"{group}.txt").read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def sources(group: str) -> Iterator[tuple[str, str, Path | None]]:
    """Yield name, text and file of each spec of a group."""
    if group in {"zoo", "cases"}:
        for file in sorted((SPECS if group == "zoo" else HERE / "cases").glob("*.yaml")):
            yield file.stem, file.read_text(encoding="utf-8"), file
    else:
        for name, text in texts(group).items():
            yield name, text, None


@cache
def entries(group: str) -> tuple[Entry, ...]:
    """Return every network of a group."""
    found = []
    for name, text, file in sources(group):
        found.append(Entry(f"{group}/{name}", None, text, file))
        spec = cnncalc.load(file) if file else cnncalc.parse(text)
        found += [Entry(f"{group}/{name}@{v}", v, text, file) for v in spec.variants]
    return tuple(found)


def dumps(data: object) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def report_of(report: cnncalc.Report) -> str:
    """Return what is recorded of a report, as JSON."""
    return dumps({key: value for key, value in report.to_dict().items() if key not in UNRECORDED})


def warnings_of(report: cnncalc.Report) -> str:
    """Return what is recorded of a report's warnings, as JSON. Nothing else here knows what a warning is made of."""
    return dumps(report.to_dict()["warnings"])


def views_of(entry: Entry, report: cnncalc.Report) -> str | None:
    """Return a report's tables as JSON; None for a variant of the zoo, whose tables say nothing new."""
    if entry.name.startswith("zoo/") and not entry.is_plain:
        return None
    return dumps({"csv": report.to_csv(), "markdown": report.to_markdown()})


def shown(folder: Path) -> dict[str, str]:
    """Return what `show` prints of several specs at once, written into an empty folder first, by its form."""
    names = []
    for group in ("cases", "docs", "random"):
        for entry in [entry for entry in entries(group) if entry.is_plain][::3]:
            names.append(entry.name.replace("/", "-") + ".yaml")
            (folder / names[-1]).write_text(entry.text, encoding="utf-8")
    return {form: printed(folder, names, form) for form in ("csv", "markdown")}


def printed(folder: Path, names: Sequence[str], form: str) -> str:
    """Return what `show` prints of specs in a form; its findings, on standard error, are not looked at."""
    line = [sys.executable, "-X", "utf8", "-m", "cnncalc", "show", *names, "--format", form]
    done = subprocess.run(line, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def recorded(name: str) -> dict[str, str]:
    """Return a recorded file: the JSON of each network, by its name; empty where there is none."""
    file = HERE / f"{name}.xz"
    if not file.exists():
        return {}
    lines = lzma.decompress(file.read_bytes()).decode().split("\n")[:-1]
    return {name: text for name, _, text in (line.partition("\t") for line in lines)}


def write(name: str, lines: Mapping[str, str]) -> None:
    """Write a recorded file; the same lines are the same bytes."""
    data = "".join(f"{key}\t{value}\n" for key, value in lines.items()).encode()
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]
    (HERE / f"{name}.xz").write_bytes(lzma.compress(data, filters=filters))
    recorded.cache_clear()


def moved(entry: Entry) -> bool:
    """Say whether a spec has another text than when it was recorded."""
    return recorded("texts").get(entry.name) != dumps(digest(entry.text))


def differences(name: str, old: str, new: str, *, positions: bool = True) -> list[str]:
    """Return how JSON that is found differs from what is recorded, the first things first."""
    if old == new:
        return []
    ignored: frozenset[str] = frozenset() if positions else POSITIONS
    return [f"{name}: {line}" for line in compared(json.loads(old), json.loads(new), "", ignored)]


def compared(old: Any, new: Any, place: str, ignored: frozenset[str]) -> Iterator[str]:
    """Yield each difference with its place; keys that are new pass, see the module."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            if key in ignored:
                continue
            where = f"{place}.{key}" if place else key
            if key not in new:
                yield f"{where} is gone, was {brief(value)}"
            elif key in {"csv", "markdown"} and isinstance(value, str):
                yield from (f"{where}: {line}" for line in lines_compared(key, value, new[key], ignored))
            else:
                yield from compared(value, new[key], where, ignored)
        if place.rpartition(".")[2] in NAMED:
            yield from (f"{place}.{key} is new, {brief(new[key])}" for key in new if key not in old)
    elif isinstance(old, list) and isinstance(new, list):
        if (was := paths(old)) != (now := paths(new)) and was is not None and now is not None:
            gone, more = [p for p in was if p not in now], [p for p in now if p not in was]
            yield f"{place}: gone {gone[:MOST]}, new {more[:MOST]}" if gone or more else f"{place}: another order"
        elif len(old) != len(new):
            yield f"{place}: {len(old)} became {len(new)}: {brief(old)} -> {brief(new)}"
        else:
            for number, (a, b) in enumerate(zip(old, new, strict=True)):
                if was is not None and dumps(a) == dumps({key: b[key] for key in a if key in b}):
                    continue  # a layer that only has more keys: the common case, told without a walk
                yield from compared(a, b, f"{place}[{number if was is None else was[number]}]", ignored)
    elif type(old) is not type(new) or old != new:
        yield f"{place}: {brief(old)} -> {brief(new)}"


def paths(rows: Sequence[Any]) -> list[str] | None:
    """Return the paths of layers, or None for another list."""
    if rows and all(isinstance(row, dict) and "path" in row and "op" in row for row in rows):
        return [row["path"] for row in rows]
    return None


def brief(value: object) -> str:
    text = dumps(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def lines_compared(form: str, old: str, new: str, ignored: frozenset[str]) -> list[str]:
    """Return how a table differs from what is recorded, as lines of a diff."""
    if form == "csv" and old != new:
        old, new = projected(old, old, ignored), projected(new, old, ignored)
    if old == new:
        return []
    rows = difflib.unified_diff(old.splitlines(), new.splitlines(), "recorded", "found", n=0, lineterm="")
    return list(rows)[2:] or ["its lines end otherwise"]


def projected(text: str, like: str, ignored: frozenset[str]) -> str:
    """Return CSV with the columns that another has, in their order; one that is missing is empty."""
    wanted = [name for name in next(csv.reader(io.StringIO(like)), []) if name not in ignored]
    out = io.StringIO()
    writer = csv.DictWriter(out, wanted, restval="", extrasaction="ignore", lineterminator="\n")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    out.write(",".join(name for name in reader.fieldnames or () if name in wanted) + "\n")
    writer.writerows(reader)
    return out.getvalue()
