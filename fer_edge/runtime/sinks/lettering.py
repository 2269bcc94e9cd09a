"""Text in pictures, at a height in pixels and with every label legible, whatever OpenCV's fonts hold."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from fer_edge.names import printable
from fer_edge.preprocess import Image
from fer_edge.runtime.sinks.palette import Colour

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_CAPITAL_PX = 21
"""Height of a capital letter at scale 1, in pixels, of OpenCV 4's font; OpenCV 5's has nearly the same."""

_DESCENT = 0.34
"""Depth of a letter such as g below the line, over the height of a capital."""

_PADDING = 0.35
"""Blank space around a text, over the height of a capital."""

_CUT = "..."


class TextSize(NamedTuple):
    """Width and height of a text in pixels, padding included."""

    width: int
    height: int


def text_size(text: str, capital_px: int) -> TextSize:
    """Measure a text whose capitals are `capital_px` high."""
    (width, _), _ = cv2.getTextSize(text, _FONT, _scale(capital_px), _thickness(capital_px))
    padding = 2 * _PADDING * capital_px
    return TextSize(round(width + padding), round(capital_px * (1 + _DESCENT) + padding))


def write_text(canvas: Image, text: str, corner: tuple[int, int], capital_px: int, colour: Colour) -> None:
    """Write a text into `canvas`, uint8 (H, W, 3) BGR, with the area of `text_size` at an upper left `corner`."""
    padding = _PADDING * capital_px
    origin = (round(corner[0] + padding), round(corner[1] + padding + capital_px))
    cv2.putText(canvas, text, origin, _FONT, _scale(capital_px), colour, _thickness(capital_px), cv2.LINE_AA)


def shorten(text: str, characters: int) -> str:
    """Cut a text to a number of characters: its beginning, three dots and its end, by which labels often differ."""
    if len(text) <= characters:
        return text
    kept = max(characters - len(_CUT), 2)
    return text[: kept - kept // 2].rstrip() + _CUT + text[len(text) - kept // 2 :].lstrip()


@lru_cache(maxsize=16)
def drawable_names(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return each label as OpenCV's font can draw it.

    OpenCV 4 has the letters of ASCII only, OpenCV 5 those of many scripts. A label that it lacks loses its accents, or
    becomes "label 3", by its place in the model card.
    """
    return tuple(_drawable(printable(label), number) for number, label in enumerate(labels, 1))


def _drawable(label: str, number: int) -> str:
    decomposed = unicodedata.normalize("NFKD", label)
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    composed = unicodedata.normalize("NFC", label)
    return next((name for name in (composed, plain) if all(map(_has_letter, name))), f"label {number}")


@lru_cache(maxsize=4096)
def _has_letter(char: str) -> bool:
    """Return whether the font has a character; it draws question marks, one a byte or one in all, where it has not."""
    if char.isascii():
        return True
    drawn = _draw(char)
    return not any(np.array_equal(drawn, _draw("?" * count)) for count in range(1, len(char.encode()) + 1))


def _draw(text: str) -> Image:
    canvas = np.zeros((48, 128), np.uint8)
    cv2.putText(canvas, text, (4, 34), _FONT, 1, (255,), 1)
    return canvas


def _scale(capital_px: int) -> float:
    return capital_px / _CAPITAL_PX


def _thickness(capital_px: int) -> int:
    return max(round(capital_px / 8), 1)
