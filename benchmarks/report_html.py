"""How long the HTML of a report takes and how large it is: under 20 ms and 150 kB for ResNet-50.

Run it as `python benchmarks/report_html.py`; it exits with 1 when either is exceeded. Processor time counts, the best
of several runs.
"""

from __future__ import annotations

import sys
from time import process_time

import cnncalc

RUNS, MOST_SECONDS, MOST_BYTES = 20, 0.020, 150_000


def main() -> int:
    failed = False
    for name in ("lenet5", "resnet50", "efficientnet_b7"):
        report = cnncalc.analyze(name)
        report.to_html()
        best = float("inf")
        for _ in range(RUNS):
            start = process_time()
            html = report.to_html()
            best = min(best, process_time() - start)
        size = len(html.encode())
        print(f"{name:<16} {1000 * best:6.1f} ms  {size:>9,} bytes  {len(report):>4} layers")
        failed |= name == "resnet50" and (best > MOST_SECONDS or size > MOST_BYTES)
    return failed


if __name__ == "__main__":
    sys.exit(main())
