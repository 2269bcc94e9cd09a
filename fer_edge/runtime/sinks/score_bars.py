"""Panel of scores, drawn into a picture: a row for each, with its label and a bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from fer_edge.preprocess import Image
from fer_edge.runtime.sinks.lettering import TextSize, shorten, text_size, write_text
from fer_edge.runtime.sinks.palette import Colour
from fer_edge.runtime.sinks.placement import Area

_TEXT: Colour = (255, 255, 255)
_FRAME: Colour = (150, 150, 150)
_GROUND: Colour = (24, 24, 24)
_OPACITY = 0.65

_LONGEST_NAME = 18
"""Characters of a label."""


class ScoreBar(NamedTuple):
    """Label, score (0..1) and colour of a bar."""

    name: str
    score: float
    colour: Colour


class BarPanel:
    """Rows of labels and bars.

    Attributes:
        size: Width and height in pixels.
    """

    def __init__(self, bars: Sequence[ScoreBar], capital_px: int) -> None:
        """Set the rows, at least one, and the height of a capital letter in pixels."""
        self._bars = bars
        self._capital_px = capital_px
        self._names = [shorten(bar.name, _LONGEST_NAME) for bar in bars]
        sizes = [text_size(name, capital_px) for name in self._names]
        self._text_height = sizes[0].height
        self._row_height = round(1.75 * capital_px)
        self._names_width = max(size.width for size in sizes)
        self._longest_bar = 6 * capital_px
        self._margin = capital_px // 2
        width = self._names_width + self._longest_bar + 2 * self._margin
        self.size = TextSize(width, self._row_height * len(bars) + 2 * self._margin)

    def draw(self, canvas: Image, area: Area) -> None:
        """Draw into uint8 (H, W, 3) BGR, which shows through, at an area of `size`."""
        part = canvas[area.top : area.bottom, area.left : area.right]
        part[:] = (part * (1 - _OPACITY) + np.array(_GROUND) * _OPACITY).astype(np.uint8)
        for row, (name, bar) in enumerate(zip(self._names, self._bars, strict=True)):
            top = area.top + self._margin + row * self._row_height
            corner = (area.left, top + (self._row_height - self._text_height) // 2)
            write_text(canvas, name, corner, self._capital_px, _TEXT)
            self._draw_bar(canvas, area.left + self._names_width + self._margin, top + self._row_height // 2, bar)

    def _draw_bar(self, canvas: Image, left: int, middle: int, bar: ScoreBar) -> None:
        half, line = max(self._capital_px // 3, 2), max(self._capital_px // 12, 1)
        end = left + round(bar.score * self._longest_bar)
        cv2.rectangle(canvas, (left, middle - half), (left + self._longest_bar, middle + half), _FRAME, line)
        cv2.rectangle(canvas, (left, middle - half), (end, middle + half), bar.colour, cv2.FILLED)
