"""QR code of an address for a terminal, so that a phone opens it without typing."""

from __future__ import annotations

from itertools import zip_longest

import segno

_HALVES = {(0, 0): " ", (1, 0): "\u2580", (0, 1): "\u2584", (1, 1): "\u2588"}
"""Characters for the upper and the lower module of a cell, 1 if dark."""
BLOCKS = "".join(_HALVES.values())
"""Characters that a code in half blocks needs."""

_BORDER = 2
"""Light modules around the code; phones need no more, though the standard has four."""
_DARK, _LIGHT, _DARK_ON_LIGHT, _PLAIN = "\x1b[40m", "\x1b[107m", "\x1b[30;107m", "\x1b[0m"


def qr_lines(text: str, *, blocks: bool) -> list[str]:
    """Return the lines of a QR code, dark on light whatever the terminal's colours are.

    Args:
        text: Content of the code.
        blocks: Use half blocks; else spaces in colours, which every encoding has, in four times the area.
    """
    rows = list(segno.make(text, error="l", micro=False).matrix_iter(border=_BORDER))
    if not blocks:
        return ["".join((_DARK if dark else _LIGHT) + "  " for dark in row) + _PLAIN for row in rows]
    pairs = zip_longest(rows[::2], rows[1::2], fillvalue=[0] * len(rows))
    return [_DARK_ON_LIGHT + "".join(_HALVES[cell] for cell in zip(*pair, strict=True)) + _PLAIN for pair in pairs]


def qr_size(text: str, *, blocks: bool) -> tuple[int, int]:
    """Return columns and lines that `qr_lines` takes."""
    side = int(segno.make(text, error="l", micro=False).symbol_size(border=_BORDER)[0])
    return (side, (side + 1) // 2) if blocks else (2 * side, side)
