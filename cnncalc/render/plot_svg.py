"""A plot as SVG that follows the reader's theme: light as it is drawn, dark where the page around it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def adaptive(svg: str, light: Mapping[str, str], dark: Mapping[str, str]) -> str:
    """Return an SVG picture in the light colours with a rule that a dark page paints it in the dark ones.

    What a picture has of its own stands in `style` attributes, so that a rule outranks it with `!important`.
    """
    rules = []
    for name, colour in light.items():
        if dark[name] == colour:
            continue
        rules += [f'[style*="{what}: {colour}"] {{ {what}: {dark[name]} !important }}' for what in ("fill", "stroke")]
    style = "\n".join(f"    {rule}" for rule in rules)
    head, end, rest = svg.partition("<defs>")
    return f"{head}<style>\n  @media (prefers-color-scheme: dark) {{\n{style}\n  }}\n</style>\n {end}{rest}"
