"""The notice as an HTML page to print, with a QR code."""

from __future__ import annotations

from html import escape

import segno
from segno.encoder import DataOverflowError

from fer_edge.errors import InputError
from fer_edge.notice.text import TITLE, Notice

_MODULE_PX = 4
_CSS = """
@page { size: A4; margin: 18mm; }
body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; color: #16191d; background: #fff;
  font: 1.15rem/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 2.3rem; line-height: 1.15; margin: 0 0 1.5rem; }
h2 { font-size: 1.15rem; margin: 1.3rem 0 0.2rem; }
p { margin: 0; }
figure { display: flex; align-items: center; gap: 1.2rem; margin: 2rem 0 0; break-inside: avoid; }
figure svg { flex: none; width: 50mm; height: 50mm; }
figcaption { font-size: 0.95rem; overflow-wrap: anywhere; }
@media print { body { margin: 0; padding: 0; max-width: none; font-size: 13pt; } }
""".strip()


def as_html(notice: Notice, url: str | None = None) -> str:
    """Return the page.

    Args:
        notice: The notice.
        url: Address that the QR code leads to; without one, the code holds the notice in short, which needs no network.

    Raises:
        InputError: If a QR code cannot hold that much.
    """
    parts = "\n".join(f"<h2>{escape(heading)}</h2>\n<p>{escape(text)}</p>" for heading, text in notice.paragraphs())
    caption = f"More: {url}" if url else "Scan to read or hear this in short on your phone. It needs no network."
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(TITLE)}</title>\n<style>\n{_CSS}\n</style>\n</head>\n<body>\n<main>\n<h1>{escape(TITLE)}</h1>\n"
        f"{parts}\n<figure>\n{_code(url or notice.in_short())}\n<figcaption>{escape(caption)}</figcaption>\n</figure>\n"
        "</main>\n</body>\n</html>\n"
    )


def _code(content: str) -> str:
    try:
        code = segno.make(content, error="l", micro=False)
    except DataOverflowError as error:
        raise InputError(
            f"expected at most some 2,900 letters in a QR code, got {len(content):,}; shorten it, or give an address"
        ) from error
    return str(code.svg_inline(scale=_MODULE_PX, title="QR code", omitsize=True))
