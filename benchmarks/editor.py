"""What a key stroke costs an editor, and whether its memory grows.

    python benchmarks/editor.py [--edits N]

A spec of 300 lines is edited in its middle. After each edit everything that an editor shows is made: the findings, and
the numbers beside the sixty lines that are on the screen. Processor time is taken, of each edit the fastest of three
times. Memory is what the process holds after a tenth of so many edits of a small spec, and after all of them.
"""

from __future__ import annotations

import argparse
import gc
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc.editor.document import Document
from cnncalc.editor.hints import inlay_hints

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES, SCREEN, TIMES = 300, 60, 3
HEAD = ["cnncalc: 1", "name: long", "input: [3, 128, 128]", "vars: {w: 32}"]
SMALL = """\
cnncalc: 1
input: [3, 32, 32]
blocks:
  unit:
    params: {out: }
    layers:
      - {conv: {out: out, kernel: 3, padding: 1}, repeat: 2}
      - relu
layers:
  - {conv: {out: 16, kernel: 3}, as: stem}
  - {unit: 16, repeat: 3}
  - global_avg_pool
  - flatten
  - linear: 10
"""


def one_each() -> str:
    """Return a spec of 300 lines with a layer on each: convolutions, norms, activations, additions."""
    rows = [*HEAD, "layers:"]
    for number in range(LINES - len(rows)):
        if number % 10 == 9:
            rows.append(f"  - {{add: [prev, l{number - 7}], as: l{number}}}")
        elif number % 10 in {0, 3, 6}:
            rows.append(f"  - {{conv: {{out: w, kernel: 3, padding: 1, bias: false}}, as: l{number}}}")
        else:
            rows.append("  - batch_norm" if number % 10 in {1, 4, 7} else f"  - {{relu: , as: l{number}}}")
    return "\n".join(rows) + "\n"


def three_each() -> str:
    """Return a spec of 300 lines of which most are three layers: a convolution with its norm and activation."""
    rows = [*HEAD, "defaults:", "  conv: {kernel: 3, padding: half, norm: batch_norm, act: relu}", "layers:"]
    rows += [
        f"  - {{add: [prev, l{number - 1}], as: l{number}}}" if number % 10 == 9 else f"  - {{conv: w, as: l{number}}}"
        for number in range(LINES - len(rows))
    ]
    return "\n".join(rows) + "\n"


def edits(text: str, count: int) -> Iterator[str]:
    """Yield a text with one line in its middle changed, a key stroke at a time."""
    lines = text.split("\n")
    middle = next(number for number in range(len(lines) // 2, len(lines)) if "conv" in lines[number])
    typed = "  # typed slowly, and then taken back"
    for number in range(count):
        changed = list(lines)
        changed[middle] += typed[: number % len(typed)]
        yield "\n".join(changed)


def costs(text: str, count: int) -> list[float]:
    """Return the milliseconds of processor time of each of so many edits, the cheapest first."""
    document = Document("long.yaml", text)
    document.findings()
    first = LINES // 2 - SCREEN // 2
    found = []
    for changed in edits(text, count):
        tried = []
        for _ in range(TIMES):
            start = time.process_time()
            document.update(changed)
            document.findings()
            inlay_hints(document, first=first, last=first + SCREEN)
            tried.append(time.process_time() - start)
        found.append(1_000 * min(tried))
    return sorted(found)


def resident() -> int:
    """Return the kibibytes that the process holds."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def growth(count: int) -> tuple[int, int]:
    """Return the memory after a tenth of so many edits of a small spec, every fifth of them wrong, and after all."""
    document = Document("small.yaml", SMALL)
    early = 0
    for number in range(1, count + 1):
        kernel = "3}, as" if number % 5 else "3, as"
        text = SMALL.replace("3}, as", kernel).replace("linear: 10", f"linear: {number}")
        document.update(text)
        document.findings()
        inlay_hints(document)
        if number == count // 10:
            early = resident()
    return early, resident()


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--edits", type=int, default=100, help="of long specs; a hundred times as many of the small")
    parser.add_argument("--timed", type=int, default=None, help="of long specs, if others than that")
    asked = parser.parse_args()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    for name, text in (("one layer a line", one_each()), ("three layers a line", three_each())):
        found = costs(text, asked.timed or asked.edits)
        p95 = found[len(found) * 95 // 100]
        print(f"{LINES} lines, {name}: median {found[len(found) // 2]:.1f} ms, p95 {p95:.1f} ms")
    early, late = growth(100 * asked.edits)
    print(f"memory after {10 * asked.edits:,} edits {early:,} KiB, after {100 * asked.edits:,} {late:,} KiB")


if __name__ == "__main__":
    main()
