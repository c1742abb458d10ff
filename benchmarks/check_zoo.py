"""All specs of the zoo in one `cnncalc check`, against one start-up plus the sum of their analyses.

Run it as `python benchmarks/check_zoo.py`; it exits with 1 when one call costs more than 1.2 times the sum of the
analyses beyond one start-up. Times are processor seconds, the best of several runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 7
ALLOWED = 1.2
IMPORTS = "import cnncalc.gate.outcome, cnncalc.budget.run, cnncalc.render.check_json, cnncalc.cli.check"
SUM = f"""
import sys, time
import cnncalc
{IMPORTS}
start = time.process_time()
for name in sys.argv[1:]:
    cnncalc.analyze(name)
print(time.process_time() - start)
"""
"""One pass in a new process, as a check makes it: nothing is warm but the imports."""


def cost(command: list[str]) -> tuple[float, str]:
    """Return the processor seconds that a command takes, in which other load counts less, and its output."""
    before = os.times()
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system, done.stdout


def main() -> int:
    """Measure in turns, take the best of each, and compare."""
    specs = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "specs").glob("*.yaml"))
    check = [sys.executable, "-m", "cnncalc", "check", "--max", "macs=1P", "--format", "json"]
    rounds = [
        (
            cost([*check, "specs"])[0],
            cost([*check, "--allow-empty"])[0],
            float(cost([sys.executable, "-c", SUM, *specs])[1]),
        )
        for _ in range(RUNS)
    ]
    whole, start_up, analyses = (min(column) for column in zip(*rounds, strict=True))
    ratio = (whole - start_up) / analyses
    print(f"{len(specs)} specs in one call   {whole:.3f} s")
    print(f"one start-up          {start_up:.3f} s")
    print(f"sum of the analyses   {analyses:.3f} s")
    print(f"ratio                 {ratio:.2f}  (allowed {ALLOWED})")
    return int(ratio > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
