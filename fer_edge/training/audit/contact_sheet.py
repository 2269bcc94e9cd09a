"""Contact sheets: pages of captioned faces. No TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.files import atomic_path
from fer_edge.training.plain_text import plain_text

COLUMNS = 8
"""Faces per row."""
ROWS = 6
"""Rows per page."""

_FACE, _GAP, _CAPTION, _LINE, _HEADING = 144, 14, 46, 17, 40
"""Pixels: side of a face, gap between faces, height of a caption and of a line of it, height of the page's heading."""
_DPI = 100
_INK, _MARK = "#202020", "#c62828"


@dataclass(frozen=True)
class Tile:
    """A face with a caption.

    Attributes:
        image: Pixels, uint8 (H, W) gray or (H, W, 3) RGB.
        caption: Two lines of some 20 characters.
        marked: Whether the first line is red.
    """

    image: npt.NDArray[np.uint8]
    caption: tuple[str, str]
    marked: bool = False


Row = Sequence[Tile | None]
"""Up to `COLUMNS` tiles, with None for a gap."""


def arrange(tiles: Sequence[Tile]) -> list[Row]:
    """Arrange tiles in full rows."""
    return [tiles[start : start + COLUMNS] for start in range(0, len(tiles), COLUMNS)]


def arrange_groups(groups: Sequence[Sequence[Tile]]) -> list[Row]:
    """Arrange groups of tiles in rows, with a gap between groups; a group is split only if it is wider than a row."""
    rows: list[list[Tile | None]] = []
    for part in (part for group in groups for part in arrange(group)):
        if rows and len(rows[-1]) + 1 + len(part) <= COLUMNS:
            rows[-1] += [None, *part]
        else:
            rows.append([*part])
    return list(rows)


def draw_sheets(rows: Sequence[Row], path: Path, *, title: str) -> list[Path]:
    """Draw rows of faces into PNGs, `ROWS` rows per page, and remove those of an earlier call.

    Args:
        rows: Faces; nothing is drawn without any.
        path: File of the first page; that of the second is `<stem>-2.png`, and so on.
        title: Title of each page.

    Returns:
        Files of the pages.
    """
    for old in (path, *path.parent.glob(f"{path.stem}-*{path.suffix}")):
        old.unlink(missing_ok=True)
    starts = range(0, len(rows), ROWS)
    pages = [path, *(path.with_stem(f"{path.stem}-{number}") for number in range(2, len(starts) + 1))]
    for number, start in enumerate(starts, start=1):
        heading = f"{title}  -  page {number} of {len(starts)}" if len(starts) > 1 else title
        with plain_text():
            _draw_page(rows[start : start + ROWS], pages[number - 1], heading)
    return pages[: len(starts)]


def _draw_page(rows: Sequence[Row], path: Path, heading: str) -> None:
    from matplotlib.figure import Figure  # here, as commands that draw nothing work without it

    width, height = COLUMNS * (_FACE + _GAP) + _GAP, _HEADING + len(rows) * (_FACE + _CAPTION)
    channels = next(tile.image.shape[2:] for row in rows for tile in row if tile is not None)
    pixels = np.full((height, width, *channels), 255, np.uint8)
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.text(_GAP, _HEADING / 2, heading, fontsize=11, fontweight="bold", va="center", color=_INK)
    for y, row in enumerate(rows):
        for x, tile in enumerate(row):
            if tile is None:
                continue
            left, top = _GAP + x * (_FACE + _GAP), _HEADING + y * (_FACE + _CAPTION)
            how = cv2.INTER_CUBIC if tile.image.shape[0] < _FACE else cv2.INTER_AREA
            pixels[top : top + _FACE, left : left + _FACE] = cv2.resize(tile.image, (_FACE, _FACE), interpolation=how)
            for line, text in enumerate(tile.caption):
                colour = _MARK if tile.marked and line == 0 else _INK
                weight = "bold" if line == 0 else "normal"
                axes.text(
                    left, top + _FACE + 4 + line * _LINE, text, fontsize=9, va="top", color=colour, fontweight=weight
                )
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest", aspect="auto")
    axes.axis("off")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=_DPI)
