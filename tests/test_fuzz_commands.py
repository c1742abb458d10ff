"""Every command on damaged specs and random small networks, with random options: no traceback, no foreign exit code.

Cases are numbered, and case n is the same everywhere. `CNNCALC_FUZZ_COMMANDS` sets how many are tried, 300 by default.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from test_fuzz import GOOD, mutant

from cnncalc.cli import run

if TYPE_CHECKING:
    from pathlib import Path

CASES = int(os.environ.get("CNNCALC_FUZZ_COMMANDS", "300"))
BATCH = 25
TEXTS = [file.read_text(encoding="utf-8") for file in GOOD if file.stat().st_size < 6_000]
ITEMS = (
    "{{conv: {{out: {a}, kernel: {b}, padding: {p}}}}}", "{{depthwise: {{kernel: {b}, stride: {c}, padding: half}}}}",
    "{{max_pool: {b}}}", "relu", "batch_norm", "{{upsample: {c}}}", "{{add: {{body: [relu], skip: []}}}}",
    "{{concat: {{one: [{{conv: {{out: {a}, kernel: 1}}}}], two: []}}}}", "global_avg_pool", "flatten",
    "{{linear: {a}}}",
    "{{conv_transpose: {{out: {a}, kernel: {b}, stride: {c}}}}}", "{{group_norm: {c}}}", "softmax",
    "{{mul: {{body: [global_avg_pool, sigmoid], skip: []}}}}", "{{relu: , repeat: {c}}}",
)  # fmt: skip
OPTIONS = {
    "show": ("--format json", "--format csv", "--depth 1", "--human", "--flops thop", "--dtype int8", "--batch 3",
             "--columns path,params", "--patches 2x2",
             "--input 3x40x56", "--set width=2", "--variant s", "--memory", "--sort macs"),
    "check": ("--max macs=1M", "--min rf=9", "--max params=1%", "-f json", "-f github", "-f junit", "-f sarif",
              "-f markdown", "-f gitlab", "--all-variants", "--warn-at 90%", "--allow-empty", "--exit-zero",
              "--max-increase macs=2%", "--dtype int4", "--in-place"),
    "expand": ("--set width=0.5", "--variant s", "--input 3x33x17"),
    "explain": ("conv1", "*", "relu1 --format json", "nothing"),
    "sizes": ("--around 30", "--around 17x40", "--format json", "--variant s"),
    "tile": ("--tile 30", "--tile 17x40", "--tile 16 --image 64", "--format json", "--memory 90kB"),
    "rf": ("conv1", "--format json", "max_pool1"),
    "reconcile": ("--params 25.6M", "--macs 4.1G", "--format json"),
    "diff": ("--format json", "--format markdown"),
    "plot": ("--format svg", "--kind work"),
}  # fmt: skip


def small(rng: random.Random) -> str:
    """Return a random network, most of which have a shape all the way."""
    items = [
        rng.choice(ITEMS).format(a=rng.choice((1, 4, 6, 64)), b=rng.choice((1, 2, 3, 5)), c=rng.choice((1, 2, 3)),
                                 p=rng.choice(("half", "same", "0", "1", "valid")))
        for _ in range(rng.randint(1, 7))
    ]  # fmt: skip
    shape = rng.choice(("[3, 32, 32]", "[6, 17, 23]", "[4, 64]", "[4, 8, 8, 8]", "[12]"))
    budgets = rng.choice(("", "budgets: {macs: 1M, params: {max: 1k, min: 3}}\n"))
    return f"cnncalc: 1\ninput: {shape}\nlayers:\n" + "".join(f"  - {item}\n" for item in items) + budgets


def case(number: int, folder: Path) -> list[str]:
    """Write what case `number` reads and return its command line."""
    rng = random.Random(number)  # noqa: S311
    names = []
    for name in ("one.yaml", "two.yaml"):
        text = mutant(rng.choice(TEXTS), rng, rng.choice(TEXTS)) if rng.random() < 0.5 else small(rng)
        (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        names.append(str(folder / name))
    command = rng.choice(sorted(OPTIONS))
    options = [part for option in rng.sample(OPTIONS[command], rng.randint(0, 2)) for part in option.split()]
    return [command, *names[: 2 if command == "diff" else 1], *options]


@pytest.mark.parametrize("start", range(0, CASES, BATCH))
def test_no_command_makes_a_mistake_of_its_own(
    start: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(start, min(start + BATCH, CASES)):
        arguments = case(number, tmp_path)
        code = run(arguments)
        said = capsys.readouterr()
        assert code in ((0, 1, 2) if arguments[0] == "check" else (0, 2)), (number, arguments, code, said.err)
        assert "Traceback" not in said.err, (number, arguments)
        assert code != 2 or said.err or said.out, (number, arguments)
