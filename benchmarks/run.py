"""Measure what matters to someone who waits, as ratios, which depend less on the machine than seconds do.

    python benchmarks/run.py [--runs N]

Whole processes are compared with `bare.py`, run in turns with it. Processor time is taken, and the fastest run counts:
nothing here waits, and everything else that a machine does only adds.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BARE = ROOT / "benchmarks" / "bare.py"

REPEATED = """\
cnncalc: 1
input: [16, 64, 64]
defaults: {conv: {padding: half, norm: batch_norm, act: relu}}
blocks:
  unit:
    params: {mid: 16}
    layers:
      - add:
          body:
            - conv: {out: mid, kernel: 3}
            - conv: {out: mid, kernel: 1}
            - conv: {out: mid, kernel: 3, act: none}
          skip: []
      - relu
layers:
"""
LAYERS_OF_A_UNIT = 10


def repeated(layers: int) -> str:
    """Return a spec that reaches its layers by `repeat`: residual units with norm and act."""
    units, text = layers // LAYERS_OF_A_UNIT, REPEATED
    while units:
        count = min(units, 10_000)
        text += f"  - {{unit: , repeat: {count}}}\n"
        units -= count
    return text


def written(layers: int) -> str:
    """Return a spec that writes every layer out."""
    pair = "  - conv: {out: 16, kernel: 3, padding: 1}\n  - relu\n"
    return "cnncalc: 1\ninput: [16, 64, 64]\nlayers:\n" + pair * (layers // 2)


def seconds(command: list[str], cache: str) -> float:
    """Return the processor time of one process that finds its modules compiled, as an installed program does."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = cache
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratio_of_processes(command: list[str], runs: int) -> float:
    """Return how much longer a process takes than the bare program, run in turns with it, each at its fastest."""
    with tempfile.TemporaryDirectory() as folder:
        one_key = Path(folder) / "one.yaml"
        one_key.write_text("key: value\n", encoding="utf-8")
        bare = [sys.executable, str(BARE), "show", str(one_key)]
        cache = str(Path(folder) / "compiled")
        for warm in (bare, command):
            seconds(warm, cache)
        times = [(seconds(command, cache), seconds(bare, cache)) for _ in range(runs)]
        return min(ours for ours, _ in times) / min(theirs for _, theirs in times)


def per_layer(text: str, runs: int) -> float:
    """Return the least seconds per layer of parse, expand and analyse together."""
    from cnncalc import analyze, parse

    best = float("inf")
    for _ in range(runs):
        gc.collect()
        start = time.process_time()
        report = analyze(parse(text))
        elapsed = time.process_time() - start
        best = min(best, elapsed / len(report.layers))
        del report
    return best


def explained(name: str, runs: int) -> float:
    """Return how much longer it takes to explain every layer of a network than to analyse it, each at its fastest."""
    from cnncalc import analyze, explain

    times: dict[object, list[float]] = {analyze: [], explain: []}
    for _ in range(runs):
        for run in (analyze, explain):
            gc.collect()
            start = time.process_time()
            run(name)
            times[run].append(time.process_time() - start)
    return min(times[explain]) / min(times[analyze])


def peak_megabytes(text: str) -> float:
    """Return the largest resident size of a process that analyses a text."""
    program = (
        "import resource, sys, cnncalc\n"
        "report = cnncalc.analyze(cnncalc.parse(sys.stdin.read()))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT)
    return int(done.stdout) / (1024 if sys.platform != "darwin" else 1024**2)


def line(what: str, value: float, target: float, unit: str = "") -> None:
    verdict = "ok" if value <= target else "MISSED"
    print(f"{what:<62}{value:8.2f}{unit:<4} target {target:g}{unit}  {verdict}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15, help="processes of each kind (default 15)")
    runs = parser.parse_args().runs
    show = [sys.executable, "-m", "cnncalc", "show", "specs/resnet50.yaml"]
    line("show resnet50, whole process / bare program", ratio_of_processes(show, runs), 1.8)
    line("show resnet50 --format json / bare program", ratio_of_processes([*show, "--format", "json"], runs), 1.2)
    line("zoo, all networks, whole process / bare program", ratio_of_processes([*show[:3], "zoo"], runs), 2)
    line("explain resnet50, every layer / analyze", explained("resnet50", 5), 3)
    few, many = per_layer(repeated(2_000), 9), per_layer(repeated(20_000), 5)
    line("time per layer by repeat, 20,000 layers / 2,000 layers", many / few, 1.5)
    line("time per layer by repeat, 20,000 layers", many * 1e6, 50, " us")
    line("time per layer, 20,000 layers written out / by repeat", per_layer(written(20_000), 5) / many, 3)
    line("peak memory, 100,000 layers by repeat", peak_megabytes(repeated(100_000)), 500, " MB")


if __name__ == "__main__":
    main()
