"""The census of timm: which of its architectures are read exactly, which partly, and what is missing.

`python -m tools.census run` reads a sample of every model module and adds what it finds to `tests/data/census.jsonl`,
one line for each architecture; what stands there already is left. It needs torch and timm. `python tools/renew.py
coverage` writes `docs/coverage.md` from it, without them.

The sample is the smallest architecture of every module; then the first, middle and last of each by name, and the
quarters where it has more than 8, none of more than 150 million parameters, as far as a run comes. Exact means:
`cnncalc.from_torch` finds timm's parameters and the multiply-accumulates that PyTorch's own counter finds
(`FlopCounterMode` / 2, attention as its two products).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data" / "census.jsonl"
MANY = 8
LARGEST = 150_000_000
SECONDS = 600
"""Time for one architecture; one that takes longer is not looked at."""
VERDICTS = ("exact", "partly", "missing")
WHAT = {
    "exact": "parameters and multiply-accumulates to the digit",
    "partly": "read, but a number differs or is a lower bound",
    "missing": "not read",
}


def sample() -> list[tuple[str, str]]:
    """Return module and architecture of the sample, the first of every module before the second of any."""
    import timm

    chosen = []
    known: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows():
        known[row["module"]][row["name"]] = row["params"]
    for module in timm.list_modules():
        names = timm.list_models(module=module)
        n = len(names)
        if n:
            places = {0, n // 2, n - 1} | ({n // 4, 3 * n // 4} if n > MANY else set())
            sizes = known[module]
            smallest = min(sizes, key=sizes.__getitem__) if sizes else min(names, key=size_of)
            picked = dict.fromkeys([smallest, *(names[place] for place in sorted(places))])
            chosen.append([(module, name) for name in picked])
    longest = max(map(len, chosen))
    return [row[place] for place in range(longest) for row in chosen if place < len(row)]


def size_of(name: str) -> int:
    """Return the parameters of an architecture."""
    import timm
    import torch

    with torch.device("meta"):
        return sum(p.numel() for p in timm.create_model(name).parameters())


def look(module: str, name: str) -> dict[str, Any]:
    """Return what is found of one architecture."""
    import timm
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    import cnncalc

    row: dict[str, Any] = {"name": name, "module": module, "timm": timm.__version__}
    with torch.device("meta"):
        model = timm.create_model(name).eval().requires_grad_(False)
    row["params"] = sum(p.numel() for p in model.parameters())
    size = (model.default_cfg or {}).get("input_size") or (3, 224, 224)
    row["input"] = list(size)
    try:
        with FlopCounterMode(display=False) as flops, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
            model(torch.empty((1, *size), device="meta"))
        row["macs"] = flops.get_total_flops() // 2
    except Exception as error:  # noqa: BLE001 - a model that does not run without numbers is compared by its parameters
        row["macs"], row["uncounted"] = None, f"{type(error).__name__}: {error}"[:200]
    try:
        report = cnncalc.analyze(cnncalc.from_torch(model, size))
    except Exception as error:  # noqa: BLE001 - every reason is a row of the table
        return row | {"verdict": "missing", "why": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
    totals = report.totals
    row |= {"here": [totals.params, totals.macs], "bounds": list(totals.lower_bounds)}
    reasons = sorted({w.message.splitlines()[0][:120] for w in report.warnings if w.code == "unknown-cost"})
    if totals.params != row["params"]:
        reasons.append(f"{totals.params - row['params']:+,} parameters")
    if row["macs"] is not None and totals.macs != row["macs"]:
        reasons.append(f"{totals.macs - row['macs']:+,} multiply-accumulates")
    return row | ({"verdict": "partly", "why": "; ".join(reasons)} if reasons or totals.lower_bounds else
                  {"verdict": "exact"})  # fmt: skip


def run(part: int, parts: int) -> None:
    """Look at a part of the sample, each architecture in a process of its own."""
    import timm  # noqa: F401 - imported once, before processes are forked
    import torch  # noqa: F401

    import cnncalc  # noqa: F401

    for module, name in sample()[part::parts]:
        if name in {row["name"] for row in rows()} or size_of(name) > LARGEST:
            continue
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            signal.alarm(SECONDS)
            found = look(module, name)
            found["seconds"] = round(time.monotonic() - started, 1)
            with DATA.open("a", encoding="utf-8") as file:
                file.write(json.dumps(found) + "\n")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stderr.write(f"{name}: {'done' if status == 0 else f'stopped, {status}'}\n")


def rows() -> list[dict[str, Any]]:
    """Return what has been found, by module and name."""
    if not DATA.exists():
        return []
    found = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    return sorted(found, key=lambda row: (row["module"], row["name"]))


def counted() -> dict[str, list[dict[str, Any]]]:
    """Return the rows that count, by verdict."""
    found: dict[str, list[dict[str, Any]]] = {verdict: [] for verdict in VERDICTS}
    for row in rows():
        if row["verdict"] in found:
            found[row["verdict"]].append(row)
    return found


def share(part: int, whole: int) -> str:
    """Return a part of a whole in percent, rounded down."""
    return f"{100 * part // whole} %"


def sentence() -> str:
    """Return what the README says of it."""
    found = counted()
    whole = sum(map(len, found.values()))
    modules = len({row["module"] for part in found.values() for row in part})
    exact, partly = len(found["exact"]), len(found["partly"])
    return (
        f"Of {whole} architectures from {modules} model modules of timm, {exact} ({share(exact, whole)}) are read "
        f"exactly, parameters and multiply-accumulates, and {partly} partly ([docs/coverage.md](docs/coverage.md))."
    )


def page() -> str:
    """Return docs/coverage.md."""
    return "\n".join([*_head(), *_reasons(), *_modules()]) + "\n"


def _head() -> Iterator[str]:
    found = counted()
    whole = sum(map(len, found.values()))
    versions = ", ".join(sorted({row["timm"] for row in rows()}))
    yield f"""\
# Coverage

What can be said, measured over timm {versions}: the smallest architecture of the modules of models, and as far as the
run came the first, the middle and the last of a module by name. Each is read by `cnncalc.from_torch` and compared with
timm's parameters and with the multiply-accumulates that PyTorch's own counter finds. Written by
`python tools/renew.py coverage` from what `python -m tools.census run` has found; rows that agreed with an
earlier version of the reader were not repeated.

| | Architectures | |
| --- | ---: | --- |"""
    for verdict, part in found.items():
        yield f"| {verdict} | {len(part)} of {whole}, {share(len(part), whole)} | {WHAT[verdict]} |"
    alone = [f"`{row['name']}`" for part in found.values() for row in part if row["macs"] is None]
    if alone:
        yield f"\nCompared by parameters alone, for PyTorch's counter does not run: {', '.join(alone)}."
    yield ""


def _reasons() -> Iterator[str]:
    found = counted()
    if not found["missing"] + found["partly"]:
        return
    yield "## What is missing\n"
    yield "| Architecture | Module | Verdict | Parameters | Why |"
    yield "| --- | --- | --- | ---: | --- |"
    for row in found["missing"] + found["partly"]:
        why = row.get("why", "").replace("|", "\\|") or "lower bounds"
        yield f"| `{row['name']}` | {row['module']} | {row['verdict']} | {row['params']:,} | {why} |"
    yield ""


def _modules() -> Iterator[str]:
    by_module: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for verdict, part in counted().items():
        for row in part:
            by_module[row["module"]][verdict].append(f"`{row['name']}`")
    yield "## Every module\n"
    yield "| Module | Exact | Partly or missing |"
    yield "| --- | --- | --- |"
    for module, parts in sorted(by_module.items()):
        yield f"| {module} | {', '.join(parts['exact'])} | {', '.join(parts['partly'] + parts['missing'])} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the census."""
    parser = argparse.ArgumentParser(prog="python -m tools.census", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("action", choices=["run"])
    parser.add_argument("--part", default="0/1", help="K/N: every Nth from the Kth, beside other runs")
    part, parts = map(int, parser.parse_args(arguments).part.split("/"))
    run(part, parts)


if __name__ == "__main__":
    main()
