"""Command lines at random: every command, on damaged specs and files and on random small networks."""

from __future__ import annotations

import random
from pathlib import Path

from damage import GOOD, mutant

DATA = Path(__file__).parent / "data"
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
              "-f markdown", "-f gitlab", "--all-variants", "--warn-at 90%", "--allow-empty", "--exit-zero", "--strict",
              "--max-increase macs=2%", "--dtype int4", "--in-place"),
    "expand": ("--set width=0.5", "--variant s", "--input 3x33x17"),
    "explain": ("conv1", "*", "relu1 --format json", "nothing"),
    "sizes": ("--around 30", "--around 17x40", "--format json", "--variant s"),
    "formula": ("--in H,W", "--in R", "--in k", "--in width,H", "--of macs,flops,output", "--per layer", "--per block",
                "--format python", "--format numpy", "--format latex", "--format json", "--of receptive_field"),
    "sweep": ("--vary input=8..40:7", "--vary width=1,2", "--vary batch=1,3 --of all", "--where macs<1M", "--sample 3",
              "--pareto macs", "--format csv", "--format jsonl", "--vary dtype=fp32,int8", "--vary input=9,1x9x9",
              "--of rf,peak_activation",
              "--of arena --runtime plain", "--of seconds --vary device=t4,a100"),
    "fit": ("--vary input=8..40:7", "--vary width=1,2", "--max macs=1M", "--min params=9", "--maximise macs/params",
            "--format json", "--vary batch=1..9", "--min rf=3",
            "--frontier macs,+params"),
    "tile": ("--tile 30", "--tile 17x40", "--tile 16 --image 64", "--format json", "--memory 90kB"),
    "rf": ("conv1", "--format json", "max_pool1"),
    "reconcile": ("--claim params=25.6M", "--claim macs=4.1G", "--format json"),
    "diff": ("--format json", "--format markdown", "--format svg"),
    "report": ("--device a100", "--dtype int8", "--flops thop", "--deploy", "--input 3x40x56", "--batch 2"),
    "graph": ("--format svg", "--format dot", "--format mermaid", "--format html", "--depth 1", "--full", "--field",
              "--color-by macs", "--color-by rf", "--direction right", "--theme dark", "--deploy"),
    "plot": ("--kind receptive_field", "--kind memory", "--kind operators", "--by block", "--theme dark"),
    "compare": ("--sort params", "--sort -macs", "--all-variants", "--human", "--format json", "--format csv",
                "--format markdown", "--set width=2", "--batch 2", "resnet18"),
    "export": ("--input 3x40x56", "--variant s", "--set width=2", "--names torchvision"),
    "import": ("--input 3x40x56", "--flat", "--max-layers 7"),
    "calc": ("--flops thop", "--dtype int8", "--format json", "--input 3x", "--input 0x9x9"),
    "ops": ("--format json", "conv", "conv2d", "out=64", "kernel=3", "--input 3x32x32", "lstm"),
    "zoo": ("resnet", "--max macs=300M", "--min rf=9", "--sort params", "--format json", "--human", "nothing",
            "--task video", "--year 2015-"),
    "init": ("--from resnet18", "--from nothing", "--force", "one.yaml", "-"),
    "devices": ("--format json", "a100", "nothing", "--devices one.yaml"),
    "schema": ("--report",),
    "lsp": ("--stdio",),
    "error": ("over-budget", "nothing", "window-does-not-fit"),
    "verify": ("--with onnx", "--field", "--input 3x40x56", "--variant s"),
}  # fmt: skip
SILENT = {"check", "init", "lsp"}
"""Commands without -o, or whose -o is something else."""
WRITES = {"plot": "out.svg", "report": "out.html", "export": "out.tflite"}
RARE = {"zoo": 0.01, "schema": 0.2, "devices": 0.2, "plot": 0.2, "ops": 0.2, "verify": 0.1}
"""How often what takes long, or depends on little, is tried when its turn has come."""
SPECS = {"diff": 2, "compare": 2, "calc": 0, "ops": 0, "zoo": 0, "init": 0, "devices": 0, "schema": 0, "error": 0,
         "lsp": 0}  # fmt: skip
"""How many files a command takes; one where nothing stands here."""
FOREIGN = [*sorted((DATA / "darknet").glob("*.cfg")), *sorted((DATA / "onnx").glob("*.onnx"))[:4]]


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


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Return a file of another format with some bytes changed, doubled, or cut off."""
    changed = bytearray(data)
    for _ in range(rng.randint(0, 4)):
        at = rng.randrange(len(changed) or 1)
        if not changed:
            break
        match rng.randrange(4):
            case 0:
                changed[at] = rng.randrange(256)
            case 1:
                changed[at:at] = changed[at : at + rng.randint(1, 60)]
            case 2:
                del changed[at : at + rng.randint(1, 60)]
            case _:
                del changed[max(at, 1) :]
    return bytes(changed)


def written(rng: random.Random, *, foreign: bool) -> bytes:
    """Return what a file holds."""
    if foreign:
        return damaged(rng.choice(FOREIGN).read_bytes(), rng)
    text = mutant(rng.choice(TEXTS), rng, rng.choice(TEXTS)) if rng.random() < 0.5 else small(rng)
    return text.encode("utf-8", "surrogatepass")


def line(rng: random.Random) -> str:
    """Return a line of layers, as `calc` takes it."""
    words = (*("conv 64 k3 s2 p1", "max_pool 2", "conv 8 k3x5 p half g2", "relu", "global_avg_pool", "conv 4 k1") * 3,
             "conv 64 k3 + batch_norm + relu", "linear 10", "flatten", "conv", "k3", "conv out=9 kernel=[3,1]", "add",
             "\N{SNOWMAN}")  # fmt: skip
    joints = ("; ",) * 9 + (";", " ", " + ", ";;")
    return "".join(rng.choice(words) + rng.choice(joints) for _ in range(rng.randint(1, 5)))


def case(number: int, folder: Path) -> list[str]:
    """Write what case `number` reads and return its command line."""
    rng = random.Random(number)  # noqa: S311
    command = rng.choice(sorted(OPTIONS))
    if rng.random() >= RARE.get(command, 1):
        command = "check"
    foreign = rng.random() < (0.8 if command == "import" else 0.1)
    names = []
    for name in ("one.yaml", "two.yaml"):
        (folder / name).write_bytes(written(rng, foreign=foreign))
        names.append(str(folder / name))
    options = [part for option in rng.sample(OPTIONS[command], min(rng.randint(0, 2), len(OPTIONS[command])))
               for part in option.split()]  # fmt: skip
    if command == "calc":
        shape = [] if "--input" in options else ["--input", rng.choice(("3x32x32", "8x40x56", "6x17", "4"))]
        options = [line(rng), *shape, *options]
    if command == "lsp":
        options += ["--settings"]
    to = WRITES.get(command) or (f"out.{number % 2}" if rng.random() < 0.1 and command not in SILENT else "")
    formats = ["tflite"] if command == "export" else []
    return [command, *formats, *names[: SPECS.get(command, 1)], *options, *(["-o", str(folder / to)] if to else [])]


def mistake(arguments: list[str], code: int, said: str) -> str:
    """Return what is wrong with how a command ended, "" if nothing is; `said` is what it printed."""
    allowed = (0, 1, 2) if arguments[0] in {"check", "fit", "reconcile", "verify"} else (0, 2)
    if code not in allowed:
        return f"exit code {code}"
    if "Traceback" in said:
        return "a traceback"
    if code == 2 and not said:
        return "2 without a word"
    if "-o" in arguments and not code and not Path(arguments[arguments.index("-o") + 1]).stat().st_size:
        return "an empty file"
    return ""
