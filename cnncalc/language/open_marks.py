"""A question mark that stands alone, as in `[3, ?, ?]`, is text.

YAML takes it for the start of a complex key, which a spec cannot have; who writes one means an extent that is unknown.
Such marks are shielded by a character of the same length before the parser sees them and come back in what it returns,
so that lines and columns stay as they are. Marks in quotes and comments may be shielded too: they come back as well.
"""

from __future__ import annotations

MARK = "?"
SHIELD = "\ue03f"
"""A character for private use: what a shielded mark is called on its way through the parser."""
_ALONE = r"(?<=[\s,\[{])\?(?=\s*[,\]}])|(?<=[-:] )\?(?=[ \t]*(?:[\r\n]|\Z| #))"
"""Between the brackets and commas of a list, or as the only value of a key or an item."""


def shielded(text: str) -> str:
    """Return text whose lone question marks a YAML parser reads as text; unchanged if it holds the shield itself."""
    if MARK not in text or SHIELD in text:
        return text
    import re

    return re.sub(_ALONE, SHIELD, text)
