"""Draws results into frames: a box, the expression and a bar for each score."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from fer_edge.preprocess import Image
from fer_edge.runtime.results import FaceResult, FrameResult
from fer_edge.runtime.sinks.palette import GRAY, Colour, label_colours

_Point = tuple[int, int]

_WHITE: Colour = (255, 255, 255)
_DARK: Colour = (24, 24, 24)

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_PX = 22
"""Height of a capital letter at scale 1, in pixels."""


class _Layout(NamedTuple):
    """Sizes in pixels for one resolution."""

    text_scale: float
    line: int
    bar: int
    thickness: int


def annotate(image: Image, result: FrameResult, labels: tuple[str, ...]) -> Image:
    """Return a copy of a frame with its faces marked.

    Args:
        image: uint8 (H, W, 3) BGR.
        result: The frame's result.
        labels: Expressions in the order of the scores.
    """
    canvas: Image = image.copy()
    layout = _layout(canvas)
    colours = label_colours(labels)
    for face in reversed(result.faces):  # the largest last, on top
        colour = colours[face.label]
        x1, y1, x2, y2 = (int(value) for value in np.rint(face.box_xyxy))
        cv2.rectangle(canvas, (x1, y1), (x2 - 1, y2 - 1), colour, layout.thickness, cv2.LINE_AA)
        _draw_title(canvas, face, colour, layout)
        _draw_bars(canvas, face, labels, colours, layout)
    return canvas


def _layout(image: Image) -> _Layout:
    line = max(round(min(image.shape[:2]) / 30), 10)
    return _Layout(text_scale=0.62 * line / _FONT_PX, line=line, bar=4 * line, thickness=max(line // 8, 1))


def _draw_title(canvas: Image, face: FaceResult, colour: Colour, layout: _Layout) -> None:
    text = f"{face.label} {face.score:.0%}"
    scale = layout.text_scale * 1.35
    (width, _), _ = cv2.getTextSize(text, _FONT, scale, layout.thickness)
    height = round(layout.line * 1.35)
    x1, y1 = int(face.box_xyxy[0]), int(face.box_xyxy[1])
    left = int(np.clip(x1, 0, max(canvas.shape[1] - width - height // 2, 0)))
    top = max(y1 - height, 0)
    cv2.rectangle(canvas, (left, top), (left + width + height // 2, top + height), colour, cv2.FILLED)
    _write(canvas, text, (left + height // 4, top + round(height * 0.72)), scale, _contrast(colour), layout.thickness)


def _draw_bars(
    canvas: Image, face: FaceResult, labels: tuple[str, ...], colours: dict[str, Colour], layout: _Layout
) -> None:
    """Draw a panel of score bars: right of the box, else left of it, else over it."""
    names_width = max(cv2.getTextSize(name, _FONT, layout.text_scale, 1)[0][0] for name in labels)
    gap = layout.line // 3
    width, height = names_width + layout.bar + 3 * gap, layout.line * len(labels) + gap
    left, top = _panel_corner(canvas, face, (width, height), gap)
    _darken(canvas, (left, top), (left + width, top + height))
    for i, name in enumerate(labels):
        middle = top + layout.line * i + (layout.line + gap) // 2
        _write(canvas, name, (left + gap, middle + layout.line // 4), layout.text_scale, _WHITE, 1)
        start = left + names_width + 2 * gap
        half = max(layout.line // 4, 2)
        cv2.rectangle(canvas, (start, middle - half), (start + layout.bar, middle + half), GRAY, 1)
        end = start + round(float(face.scores[i]) * layout.bar)
        cv2.rectangle(canvas, (start, middle - half), (end, middle + half), colours[name], cv2.FILLED)


def _panel_corner(canvas: Image, face: FaceResult, size_wh: tuple[int, int], gap: int) -> _Point:
    height, width = canvas.shape[:2]
    x1, y1, x2, _ = (int(value) for value in np.rint(face.box_xyxy))
    if x2 + gap + size_wh[0] <= width:
        left = x2 + gap
    elif x1 - gap - size_wh[0] >= 0:
        left = x1 - gap - size_wh[0]
    else:
        left = max(width - size_wh[0], 0)
    return left, int(np.clip(y1, 0, max(height - size_wh[1], 0)))


def _darken(canvas: Image, corner: _Point, opposite: _Point) -> None:
    area = canvas[corner[1] : opposite[1], corner[0] : opposite[0]]
    area[:] = (area * 0.35 + np.array(_DARK) * 0.65).astype(np.uint8)


def _write(canvas: Image, text: str, origin: _Point, scale: float, colour: Colour, thickness: int) -> None:
    cv2.putText(canvas, text, origin, _FONT, scale, colour, thickness, cv2.LINE_AA)


def _contrast(colour: Colour) -> Colour:
    blue, green, red = colour
    return _DARK if 0.114 * blue + 0.587 * green + 0.299 * red > 110 else _WHITE
