"""The cases of `test_fuzz_commands` in any number, with figures: how each command ended, and what it took.

    python tests/fuzz.py [--first 0] [--count 100000] [--jobs 2] [--output fuzz.json]

Not part of the suite, which tries the first 300 of the same cases. Ends with 1 where a case is a mistake, and
says which.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from command_lines import case, mistake
from commands import kept

from cnncalc import cli

CHUNK = 250
KEPT = kept(cli.load_command, cli.COMMANDS)


def captured(arguments: list[str]) -> tuple[int, str, float]:
    """Run a command line in this process: its exit code, what it printed, and its processor time in seconds."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    started = time.process_time()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run(arguments)
    taken = time.process_time() - started
    said = b"".join(stream.buffer.getvalue() for stream in (out, err))
    return code, said.decode("utf-8", "replace"), taken


def tried(start: int, stop: int) -> list[tuple[int, str, int, float, str]]:
    """Try the cases from `start` to before `stop`: number, command, exit code, seconds and mistake of each."""
    home = Path.cwd()
    vars(cli)["load_command"] = KEPT
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(start, stop):
            os.chdir(folder)
            arguments = case(number, folder)
            code, said, taken = captured(arguments)
            wrong = mistake(arguments, code, said)
            left = [file.name for file in folder.iterdir() if file.name.endswith(".part")]
            found.append((number, arguments[0], code, taken, wrong or (f"left {left}" if left else "")))
        os.chdir(home)
    return found


def main() -> int:
    """Try, count, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--output", type=Path, default=Path("fuzz.json"))
    given = parser.parse_args()
    end = given.first + given.count
    starts = range(given.first, end, CHUNK)
    codes: dict[str, Counter[int]] = defaultdict(Counter)
    slowest: dict[str, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    wrong: list[tuple[int, str]] = []
    with ProcessPoolExecutor(given.jobs) as pool:
        for done in pool.map(tried, starts, [min(start + CHUNK, end) for start in starts]):
            for number, command, code, taken, said in done:
                codes[command][code] += 1
                slowest[command] = max(slowest[command], (round(taken, 2), number))
                if said:
                    wrong.append((number, said))
                    print(f"case {number}: {said}", flush=True)  # noqa: T201
            commands: dict[str, Any] = {
                name: {"codes": dict(sorted(codes[name].items())), "slowest": slowest[name]} for name in sorted(codes)
            }
            told = {"tried": sum(map(Counter.total, codes.values())), "mistakes": wrong, "commands": commands}
            given.output.write_text(json.dumps(told, indent=1), encoding="utf-8")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
