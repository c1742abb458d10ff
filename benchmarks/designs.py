"""Measure formulas, sweeps and fits, as ratios to one run of `analyze` where that says more than seconds.

    python benchmarks/designs.py [--designs N]

Processor time of one process; recording and what is imported on the way are counted in.
"""

from __future__ import annotations

import argparse
import gc
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import cnncalc
from cnncalc.render.sweep import csv_batch
from cnncalc.search.blocks import GridBlocks
from cnncalc.search.fit import FitSearch
from cnncalc.search.sweep import DEFAULT, Sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTHS = "0.25..2.2475:0.0025"


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of one run."""
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def one_by_one(count: int = 12) -> float:
    """Return the seconds of one design by `analyze`."""
    widths = [0.25 + 0.05 * k for k in range(count)]
    return seconds(lambda: [cnncalc.analyze("mobilenet_v2", variables={"width": round(w, 2)}) for w in widths]) / count


def swept(designs: int, of: Sequence[str]) -> float:
    """Return designs a second of MobileNetV2 over width and input, arrays of totals as the result."""
    found = Sweep("mobilenet_v2", {"width": WIDTHS, "input": f"32..{31 + designs // 800}"}, of=of)
    checksum = 0

    def run() -> None:
        nonlocal checksum
        for block in GridBlocks(found.designs):
            checksum ^= int(np.bitwise_xor.reduce(block.column("macs")))

    return len(found) / seconds(run)


def written(designs: int) -> tuple[float, float]:
    """Return rows a second written to a CSV file, and the growth of memory in MB."""
    found = Sweep("mobilenet_v2", {"width": WIDTHS, "input": f"32..{31 + designs // 800}"}, of=("params", "macs"))
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "rows.csv").open("w") as file:
        batches = iter(found.batches())
        file.write(csv_batch(found, next(batches)))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        taken = seconds(lambda: [file.write(csv_batch(found, batch)) for batch in batches])
    return len(found) / taken, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def fitted() -> float:
    """Return the seconds of a fit over 10^9 designs with two limits."""
    vary = {"width": "0.001..1:0.001", "input": "32..1031", "classes": "1..1000"}
    search = FitSearch("mobilenet_v2", vary, most={"params": 3_000_000, "macs": 300_000_000}, least={},
                       maximise="macs + params")  # fmt: skip
    return seconds(search.run)


def main() -> None:
    """Print one line for each measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--designs", type=int, default=1_000_000)
    designs = parser.parse_args().designs
    single = one_by_one()
    two, six = swept(designs, ("params", "macs")), swept(designs, DEFAULT)
    rows, growth = written(designs)
    lines = [
        ("designs a second with params and macs", "1,000,000", f"{two:,.0f}"),
        ("designs a second with six totals", "500,000", f"{six:,.0f}"),
        ("one by one / sweep, per design", "5,000", f"{single * six:,.0f}"),
        ("rows a second as CSV", "", f"{rows:,.0f}"),
        ("growth of memory while they are written", "flat", f"{growth:,.0f} MB"),
        ("fit over 10^9 designs", "10 s", f"{fitted():.1f} s"),
        ("formula of resnet50 in H and W", "1 s", f"{seconds(lambda: cnncalc.formula('resnet50', ('H', 'W'))):.2f} s"),
    ]
    for what, target, found in lines:
        print(f"{what:44} {target:>10} {found:>14}")


if __name__ == "__main__":
    main()
