"""What was meant by an option that a command does not have: somewhere true, or nowhere."""

from __future__ import annotations

from typing import Any

from cnncalc.values.words import fold, misspelt

SHORT = 3
"""A word with fewer letters is no beginning of an option."""
OTHER = {
    "--size": "--input", "--shape": "--input", "--image-size": "--input", "--img-size": "--input", "--res": "--input",
    "--resolution": "--input", "--input-size": "--input", "--input-shape": "--input", "--imgsz": "--input",
    "--var": "--set", "--variable": "--set", "--limit": "--max", "--base": "--against", "--ref": "--against",
    "--compare": "--against", "--quantize": "--dtype", "--precision": "--dtype", "--bits": "--dtype",
    "--rule": "--flops", "--convention": "--flops", "--board": "--device", "--chip": "--device", "--level": "--depth",
    "--out": "--output", "--overwrite": "--force", "--yes": "--force", "--plugin": "--ops", "--operators": "--ops",
}  # fmt: skip
"""Options of other tools, and ours that asks for the same."""


def option_hint(error: Any) -> str:
    """Return what to write instead of an option that there is not, from what the command has; "" where nothing is near.

    Compared are names: similar ones by slips of the hand, ours that it begins with or that begin so; what is asked of
    `--format` is said so.
    """
    name, ctx = str(error.option_name), error.ctx
    parameters = [] if ctx is None else ctx.command.get_params(ctx)
    known = [option for parameter in parameters for option in parameter.opts + parameter.secondary_opts
             if option.startswith("--")]  # fmt: skip
    if OTHER.get(name) in known:
        return f"did you mean {OTHER[name]}?"
    near = misspelt(name, known)
    word = fold(name)
    if not near and len(word) >= SHORT:
        near = [option for option in known if fold(option).startswith(word) or
                (len(fold(option)) > SHORT and word.startswith(fold(option)))]  # fmt: skip
    if near:
        return f"did you mean {' or '.join(sorted(near))}?"
    forms = next((parameter.help or "" for parameter in parameters if "--format" in parameter.opts), "")
    if word and word in forms.replace(",", " ").replace(".", " ").replace(";", " ").split():
        return f"write --format {word}"
    return ""
