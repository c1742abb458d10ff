"""`cnncalc init`: a spec to start from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cnncalc.cli.common import fail, save, write_error, write_output
from cnncalc.cli.session import CURRENT
from cnncalc.values.diagnostics import one_line

EPILOG = """\
Examples:

  cnncalc init net.yaml                        a small network, with comments

  cnncalc init mine.yaml --from mobilenet_v2   a copy of one of the zoo

  cnncalc init - | cnncalc show -              look before you write
"""

STARTER = """\
# What this network is:             cnncalc show {file}
# Another width, another input:     cnncalc show {file} --set width=48 --input 3x64x64
# What an operator takes:           cnncalc ops conv
# Findings and numbers as one types: an editor that starts cnncalc lsp (docs/editor.md)
# Completion alone, without it:     cnncalc schema -o spec.schema.json, and as the first line of this file
#   yaml-language-server: $schema=spec.schema.json
cnncalc: 1                          # the number of the spec format
name: {name}
input: [3, 32, 32]                  # channels, height, width; never the batch
vars: {{width: 32, classes: 10}}      # named numbers; expressions below use them
variants:
  wide: {{width: 64}}                 # cnncalc show {file} --variant wide
defaults:                           # hold wherever a layer does not say otherwise
  conv: {{kernel: 3, padding: half, norm: batch_norm, act: relu}}
blocks:
  residual:                         # called below like an operator
    params: {{out: , stride: 1}}      # out must be given, stride need not
    layers:
      - add:                        # two paths from the block's input
          body:
            - conv: {{out: out, stride: stride}}
            - conv: {{out: out, act: none}}
          skip:                     # the identity where nothing is left in it
            - conv: {{out: out, kernel: 1, stride: stride, act: none}}
              when: stride != 1 or c_in != out
      - relu
layers:                             # each reads the one before it
  - conv: width
  - {{residual: width, repeat: 2, as: stage1}}
  - {{residual: 2*width, repeat: 2, first: {{stride: 2}}, as: stage2}}
  - {{residual: 4*width, repeat: 2, first: {{stride: 2}}, as: stage3}}
  - global_avg_pool
  - flatten
  - linear: classes
budgets: {{macs: 150M, params: 1M}}   # cnncalc check {file} fails when the network leaves them
"""


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The file to write, - to print it.")] = "net.yaml",
    source: Annotated[
        str | None, typer.Option("--from", metavar="NETWORK", help="Copy this network of the zoo instead.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if there is one.")] = False,
) -> None:
    """Write a commented spec that runs, as a start for your own."""
    file = "net.yaml" if name == "-" else name if Path(name).suffix in (".yaml", ".yml") else f"{name}.yaml"
    if one_line(file) != file:
        fail(f"a spec's name is one line of text, got '{one_line(file)}'")
    text, beside = (_starter(file), {}) if source is None else _copy(source, file)
    if name == "-":
        if beside:
            fail(f"{source} uses {' and '.join(beside)}", "name a file to write, and it will stand beside that")
        write_output(text, None)
        return
    written = {file: text} | {str(Path(file).with_name(used)): its for used, its in beside.items()}
    for path, wanted in written.items():
        if os.path.lexists(path) and not force and (path == file or not _holds(path, wanted)):
            fail(f"'{path}' exists", "choose another name, or overwrite it with --force")
    CURRENT.get().force |= force
    for path, wanted in reversed(written.items()):
        if path == file or not _holds(path, wanted):
            save(path, wanted)
    write_error(f"wrote {' and '.join(written)}; look at it with: cnncalc show {file}")


def _holds(path: str, text: str) -> bool:
    """Whether a file has this text."""
    try:
        return Path(path).read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def _starter(file: str) -> str:
    from cnncalc.language.write import text_of

    return STARTER.format(file=Path(file).name, name=text_of(Path(file).stem, flow=False))


def _copy(source: str, file: str) -> tuple[str, dict[str, str]]:
    """Return the text of a network of the zoo under another name, and those that it uses; of a variant, the variant."""
    import re

    from cnncalc.api import load
    from cnncalc.language.write import text_of
    from cnncalc.zoo import find, nearest

    entry = find(source)
    if entry is None:
        near = nearest(source)
        hint = f"did you mean '{near}'?" if near else "cnncalc zoo lists them"
        fail(f"there is no network '{source}' in the zoo", hint)
    spec = load(source)
    text = _without_schema(entry.file) if entry.variant is None else spec.to_yaml()
    beside = {Path(used).name: _without_schema(Path(used)) for used in spec.collector().used}
    title = text_of(Path(file).stem, flow=False).replace("\\", r"\\")
    text = re.sub(r"(?m)^name:.*$", f"name: {title}", text, count=1)
    return f"# Copied from {source} of the cnncalc zoo.\n{text}", beside


def _without_schema(file: Path) -> str:
    """Return the text of a spec of the zoo without its first line for editors."""
    import re

    return re.sub(r"\A# yaml-language-server:.*\n", "", file.read_text(encoding="utf-8"))
