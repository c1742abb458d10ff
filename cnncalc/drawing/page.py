"""A drawing -> a page of its own: nothing from elsewhere, no script; it scrolls, and fits the window when printed."""

from __future__ import annotations

from html import escape

from cnncalc.values.diagnostics import one_line

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = (
    "html{color-scheme:light dark}body{margin:0;font:14px system-ui,sans-serif;background:#fff;color:#1b222c}"
    "main{overflow:auto;padding:12px}svg{display:block;margin:auto}"
    "@media (prefers-color-scheme:dark){body{background:#0f1318;color:#e8edf3}}"
    "@media print{svg{max-width:100%;height:auto}}"
)


def to_html(name: str, svg: str) -> str:
    """Return a page with a drawing."""
    title = escape(one_line(name))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>\n'
        f"<body><main>{svg}</main></body></html>\n"
    )
