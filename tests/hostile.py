"""Specs under 1 MiB that are made to cost much: one for each thing that a spec can hold many of, or long, or deep.

    python tests/hostile.py [--commands show,check] [KIND ...]     processor time and memory on each, as a table

`KINDS` has each kind as a function from a number of bytes to a text that is nearly so long. A file is as long as it may
be: 1 MiB, or as many values as a spec may hold. `test_hostile.py` runs the commands on them under limits and holds that
each ends in a verdict or in a located error.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from cnncalc.language.yaml_text import MAX_VALUES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIB = 2**20
HEAD = "cnncalc: 1\ninput: [3, 32, 32]\n"
MARKED = "# cnncalc expand\n" + HEAD


def many(line: str, before: str = "layers:\n", after: str = "", head: str = HEAD) -> Callable[[int], str]:
    """Return a kind: a line again and again, `{n}` its number and `{m}` the one before."""

    def text(size: int) -> str:
        room = size - len(head) - len(before) - len(after)
        lines: list[str] = []
        while room > 0:
            lines.append(line.replace("{n}", str(len(lines) + 1)).replace("{m}", str(len(lines))))
            room -= len(lines[-1])
        return f"{head}{before}{''.join(lines[:-1])}{after}"

    return text


def both(first: str, second: str, between: str, before: str = "layers:\n") -> Callable[[int], str]:
    """Return a kind: half of one line, half of another."""

    def text(size: int) -> str:
        half = size // 2
        return many(first, before)(half) + between + many(second, "", head="")(half - len(between))

    return text


def fixed(text: str) -> Callable[[int], str]:
    """Return a kind that is as long as it is."""
    return lambda _: text


def grown(before: str, unit: str, after: str) -> Callable[[int], str]:
    """Return a kind: one value as long as fits."""
    return lambda size: before + unit * ((size - len(before) - len(after)) // len(unit)) + after


def tower(width: int) -> str:
    """Return blocks that each call the one below several times, as deep as layers may be many."""
    names = [f"  b{n}: {{layers: [{', '.join([f'b{n + 1}'] * width)}]}}\n" for n in range(40)]
    return f"{HEAD}blocks:\n{''.join(names)}  b40: {{layers: [relu]}}\nlayers: [b0]\n"


CONV = "{conv: {out: 3, kernel: 3, padding: half, norm: batch_norm, act: relu}"
RESIDUAL = "{add: {body: [{conv: {out: 3, kernel: 3, padding: half}}], skip: []}"
KINDS: dict[str, Callable[[int], str]] = {
    # layers, written out
    "layers": many("- relu\n"),
    "layers with arguments": many("- conv: {out: 3, kernel: 1}\n"),
    "layers that differ": many("- conv: {out: {n}, kernel: 1, padding: half}\n"),
    "as many layers that differ as are allowed": fixed(
        f"{HEAD}layers:\n" + "".join(f"- conv: {{out: {n}, kernel: 1, padding: half}}\n" for n in range(1, 4000))
    ),
    "layers with everything": many(f"- {CONV}, as: a{{n}}, from: prev}}\n"),
    "labels": many("- {relu: , as: a{n}}\n"),
    "dotted labels": many(f"- {{relu: , as: {'.'.join('a' * 90)}.a{{n}}}}\n"),
    "lists of lists": many("- [relu, [relu, [relu]]]\n"),
    "flow on one line": grown(f"{HEAD}layers: [relu", ", relu", "]\n"),
    "sources": many("- {relu: , from: a{m}, as: a{n}}\n", "layers:\n- {relu: , as: a0}\n"),
    "merges": many("- add: [prev, prev]\n"),
    "residuals": many(f"- {RESIDUAL}}}\n"),
    "skips to the start": many("- add: [prev, start]\n", "layers:\n- {relu: , as: start}\n"),
    "paths of one merge": many("    p{n}: [relu]\n", "layers:\n- concat:\n"),
    "sources of one merge": grown(f"{HEAD}layers:\n- add: [prev", ", prev", "]\n"),
    "outputs of one layer": grown(f"{HEAD}layers:\n- {{split: {{parts: 3}}, as: [a", ", b", "]}\n"),
    "named outputs": many("- a{n}\n", "layers: [{relu: , as: a1}]\noutputs:\n"),
    "shared layers": many("- {linear: 3, share: a}\n", "layers:\n- flatten\n- linear: 3\n- {linear: 3, as: a}\n"),
    "left out": many("- {relu: , when: false}\n"),
    "accepted codes": grown(f"{HEAD}layers:\n- {{relu: , accept: [a", ", misaligned-merge", "]}\n"),
    "upsampled": many("- {avg_pool: {kernel: 2, stride: 1, padding: half}}\n- {upsample: 1}\n"),
    "strided": many("- {max_pool: {kernel: 3, stride: 2, padding: 1}}\n- {upsample: 2}\n"),
    "whole fields": many("- {mul: {body: [global_avg_pool, sigmoid], skip: []}}\n"),
    "recurrent": many("- {lstm: {hidden: 3}}\n", head="cnncalc: 1\ninput: [3, 32]\n"),
    "marked as expanded": many("- relu\n", head=MARKED),
    # layers, repeated
    "repeated": fixed(f"{HEAD}layers:\n" + "- {relu: , repeat: 9999}\n" * 10),
    "repeated with everything": fixed(f"{HEAD}layers:\n" + f"- {CONV}, repeat: 9999}}\n" * 3),
    "repeated residuals": fixed(f"{HEAD}layers:\n" + f"- {RESIDUAL}, repeat: 9999}}\n" * 5),
    "repeated merges": fixed(f"{HEAD}layers:\n" + "- {add: [prev, prev], repeat: 9999}\n" * 10),
    "repeated, each differs": fixed(
        f"{HEAD}layers:\n" + "- {conv: {out: i+1, kernel: 1}, repeat: 9999}\n" * 9
    ),
    "repeated strides": fixed(
        f"{HEAD}blocks: {{b: {{layers: [{{max_pool: {{kernel: 2, stride: 2}}}}, {{upsample: 2}}]}}}}\nlayers:\n"
        + "- {b: , repeat: 9999}\n" * 5
    ),
    "repeated without end": fixed(f"{HEAD}layers:\n" + "- {relu: , repeat: 9999}\n" * 16_000),
    "empty repetitions": fixed(f"{HEAD}layers:\n" + "- {relu: , repeat: 9999, when: false}\n" * 12_000),
    "blocks that double": fixed(tower(2)),
    "blocks that call one": fixed(tower(1)),
    # blocks, names
    "chain of blocks": many("  b{n}: {layers: [b{m}]}\n", "blocks:\n  b0: {layers: [relu]}\n", "layers: [relu]\n"),
    "chain of blocks, called": many(
        "  b{n}: {layers: [b{m}]}\n", "blocks:\n  b0: {layers: [relu]}\n", "layers: [b9999]\n"
    ),
    "blocks": many("  b{n}: {layers: [relu]}\n", "blocks:\n", "layers: [b1]\n"),
    "block calls": many("- b\n", "blocks: {b: {layers: [relu]}}\nlayers:\n"),
    "parameters": many("    p{n}: 1\n", "blocks:\n  b:\n   layers: [relu]\n   params:\n", "layers: [b]\n"),
    "arguments of a call": both(
        "    p{n}: 1\n", "    p{n}: 1\n", "layers:\n- b:\n", "blocks:\n  b:\n   layers: [relu]\n   params:\n"),
    "variables": many("  v{n}: 1\n", "vars:\n", "layers: [relu]\n"),
    "variables of each other": many("  v{n}: v{m} + 1\n", "vars:\n  v0: 1\n", "layers: [relu]\n"),
    "variants": many("  v{n}: {w: {n}}\n", "vars: {w: 1}\nvariants:\n", "layers: [{conv: {out: w, kernel: 1}}]\n"),
    "inputs": many("  i{n}: [3, 2, 2]\n", "inputs:\n", "layers: [relu]\n", head="cnncalc: 1\n"),
    "budgets": many("  macs: 1\n", "budgets:\n", "layers: [relu]\n"),
    "budgets of layers": many("  params@a{n}: 1\n", "budgets:\n", "layers: [relu]\n"),
    # expressions, numbers, texts
    "expressions": many("- conv: {out: v*2+1, kernel: 1}\n", "vars: {v: 1}\nlayers:\n"),
    "expressions that differ": many("- conv: {out: v*2+{n}, kernel: 1}\n", "vars: {v: 1}\nlayers:\n"),
    "long expressions": many(f"- conv: {{out: {'+'.join('v' * 90)}+{{n}}, kernel: 1}}\n", "vars: {v: 1}\nlayers:\n"),
    "nested expressions": many(f"- conv: {{out: {'(' * 30}{{n}}{')' * 30}, kernel: 1}}\n"),
    "one long expression": grown(f"{HEAD}layers:\n- conv: {{kernel: 1, out: 1", "+1", "}\n"),
    "one long number": grown(f"{HEAD}layers:\n- conv: {{kernel: 1, out: 1", "0", "}\n"),
    "one long word": grown(f"{HEAD}layers:\n- a", "a", "\n"),
    "one long name": grown(f"{HEAD}layers: [relu]\nname: a", "a", "\n"),
    "one long text": grown(f"{HEAD}layers: [relu]\nname: |\n", "  a\n", "\n"),
    "one long quoted text": grown(f'{HEAD}layers: [relu]\nname: "', "\\u263a", '"\n'),
    "one long shape": grown("cnncalc: 1\nlayers: [relu]\ninput: [3", ", 3", "]\n"),
    "large products": many("- repeat_channels: 4294967296\n"),
    "comments": grown(f"{HEAD}layers: [relu]\n", "#\n", ""),
    "a comment": grown(f"{HEAD}layers: [relu]\n#", "#", "\n"),
    "empty lines": grown(f"{HEAD}layers: [relu]\n", "\n", ""),
    "brackets": grown(f"{HEAD}layers: ", "[", ""),
    "braces": grown(f"{HEAD}layers: ", "{a: ", ""),
    "dashes": grown(f"{HEAD}layers: ", "- ", ""),
    "unknown keys": many("k{n}: 1\n", "layers: [relu]\n"),
    "equal keys": many("k: 1\n", "layers: [relu]\n"),
    "anchors": many("- &a{n} relu\n"),
    "aliases": many("- *a\n"),
    "tags": many("- !t relu\n"),
    "documents": many("---\n", "layers: [relu]\n"),
    # mistakes
    "unknown operators": many("- rely{n}\n"),
    "unknown arguments": many("- conv: {out: 3, kernal: 1}\n"),
    "unknown labels": many("- {relu: , from: w{n}}\n"),
    "unknown labels among labels": both("- {relu: , as: label_k{n}}\n", "- {relu: , from: label_w{n}}\n", ""),
    "unknown names": many("- conv: {out: w{n}, kernel: 1}\n"),
    "unknown names among names": both(
        "  name_k{n}: 1\n", "- conv: {out: name_w{n}, kernel: 1}\n", "layers:\n", "vars:\n"),
    "bad numbers": many("- conv: {out: 0x{n}, kernel: 1}\n"),
    "bad shapes": many("- conv: {out: 3, kernel: 9999}\n"),
    "warnings": many("- {conv: {out: 4, kernel: 2, stride: 3}}\n- {upsample: 3}\n"),
    "misaligned merges": many("- {add: {a: [{max_pool: {kernel: 2, stride: 1, padding: [0, 1]}}], b: []}}\n"),
}  # fmt: skip
COMMANDS = ("show", "check", "diff", "expand", "rf", "explain")
CPU_SECONDS, MEMORY = 60, 2_000 * MIB
"""What a run may take before it is ended: far above what it is promised to take."""


def arguments(command: str, file: Path) -> list[str]:
    """Return the command line for a file."""
    more = {"check": ["--max", "macs=1P"], "diff": [str(file)], "rf": ["relu1"], "explain": ["relu1"]}
    return [command, str(file), *more.get(command, [])]


def limited() -> None:
    """Bound the process that is started next."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run(command: str, file: Path) -> tuple[subprocess.CompletedProcess[bytes], float, int]:
    """Run a command on a file under limits; return how it ended, its processor time and its peak memory in bytes."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = subprocess.Popen(
            [sys.executable, "-P", "-m", "cnncalc", *arguments(command, file)], stdin=subprocess.DEVNULL,
            stdout=out, stderr=err, preexec_fn=limited, env={**os.environ, "NO_COLOR": "1"},  # noqa: PLW1509
        )  # fmt: skip
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read())
    ended = subprocess.CompletedProcess([], started.returncode, *texts)
    return ended, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def values(text: str) -> int:
    """Return about how many values a text holds, 0 where it is no YAML."""
    try:
        events = [type(event) for event in yaml.parse(text, Loader=getattr(yaml, "CLoader", yaml.Loader))]
    except (yaml.YAMLError, RecursionError):
        return 0
    lists: list[bool] = []
    entries, entry = 0, {yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent}
    for kind in events:
        entries += (kind in entry) * (1 + (lists[-1:] == [True]))
        if kind in {yaml.MappingStartEvent, yaml.SequenceStartEvent}:
            lists.append(kind is yaml.SequenceStartEvent)
        elif kind in {yaml.MappingEndEvent, yaml.SequenceEndEvent}:
            lists.pop()
    return entries


def files(kinds: list[str], folder: Path, part: int = 1) -> Iterator[tuple[str, Path]]:
    """Write and yield the files of some kinds, as long as they may be, or that part of it."""
    most = MAX_VALUES // part
    for number, kind in enumerate(kinds):
        size = MIB // part - 1
        text = KINDS[kind](size)
        assert len(text.encode()) < MIB, kind
        while not text.startswith(MARKED) and (held := values(text)) > most and size > 0:
            size = size * most // held - 10
            assert size > 0 or part > 1, f"'{kind}' holds more than {MAX_VALUES:,} values whatever its size"
            text = KINDS[kind](size)
        file = folder / f"{number}.yaml"
        file.write_text(text, encoding="utf-8")
        yield kind, file


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], metavar="KIND")
    parser.add_argument("--commands", default=",".join(COMMANDS), metavar="A,B")
    given = parser.parse_args()
    commands = given.commands.split(",")
    started = time.process_time()
    for _ in range(10**7):
        pass
    print(f"ten million rounds of an empty loop: {time.process_time() - started:.2f} s")  # noqa: T201
    print(f"{'kind':28}" + "".join(f"{command:>19}" for command in commands))  # noqa: T201
    with tempfile.TemporaryDirectory() as folder:
        for kind, file in files(given.kinds or list(KINDS), Path(folder)):
            cells = []
            for command in commands:
                ended, seconds, memory = run(command, file)
                cells.append(f"{seconds:7.1f} s {memory // MIB:4} MB {ended.returncode:3}")
            print(f"{kind:28}" + "".join(f"{cell:>19}" for cell in cells), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
