"""Draws results into frames: a box, a title and, for one or two faces, a bar for each score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from fer_edge.preprocess import Image
from fer_edge.runtime.results import UNCERTAIN, FaceResult, FrameResult
from fer_edge.runtime.sinks.lettering import drawable_names, shorten, text_size, write_text
from fer_edge.runtime.sinks.palette import Colour, label_colours
from fer_edge.runtime.sinks.placement import Area, FreeSpace
from fer_edge.runtime.sinks.score_bars import BarPanel, ScoreBar

_WHITE: Colour = (255, 255, 255)
_DARK: Colour = (24, 24, 24)
_MOST_WITH_BARS = 2
"""Faces in a frame up to which each has bars."""

_ROWS = (10, 5, 3)
"""Numbers of bars to try: all labels if they are no more than the first, else those with the highest scores."""

_TITLE_LENGTHS = (30, 16, 8)
"""Characters of a label in a title, to be tried one after the other."""
_TITLES = len(_TITLE_LENGTHS) + 2
"""Number of titles to try: after these one without the share, then the track's number alone."""


class _Title(NamedTuple):
    """A title and its place."""

    text: str
    area: Area


@dataclass(frozen=True)
class _Style:
    """Sizes for one frame, in pixels: heights of a capital letter, and the thickness of a box."""

    smallest: int
    largest: int
    thickness: int

    @classmethod
    def of(cls, image: Image, *, crowded: bool) -> _Style:
        """Return the sizes for a frame, legible where the whole frame is shown on a phone."""
        side = min(image.shape[:2])
        smallest = max(round(side / 53), 8)
        return cls(smallest, smallest if crowded else max(round(side / 38), 9), max(round(side / 240), 1))

    def capital_px(self, box: Area) -> int:
        """Return the height of a title's letters at a face: less for a smaller one."""
        return int(np.clip(box.height / 7, self.smallest, self.largest))


def annotate(image: Image, result: FrameResult, labels: tuple[str, ...]) -> Image:
    """Return a copy of a frame with its faces marked; titles and bars cover no face, unless one fills the frame.

    Args:
        image: uint8 (H, W, 3) BGR.
        result: The frame's result.
        labels: Expressions in the order of the scores.
    """
    canvas: Image = image.copy()
    size_wh = (canvas.shape[1], canvas.shape[0])
    crowded = len(result.faces) > _MOST_WITH_BARS
    style = _Style.of(canvas, crowded=crowded)
    marks = [_Mark(face, _box(face, size_wh), labels, style) for face in result.faces]
    space, titles = _place_titles(marks, FreeSpace(size_wh, [mark.box for mark in marks]))
    for mark in reversed(marks):  # the largest last, on top
        mark.draw_box(canvas)
    for mark, title in zip(marks, titles, strict=True):
        mark.draw_title(canvas, title)
    for mark in () if crowded else marks:
        mark.draw_bars(canvas, space)
    return canvas


def _box(face: FaceResult, size_wh: tuple[int, int]) -> Area:
    x1, y1, x2, y2 = (int(value) for value in np.rint(face.box_xyxy))
    width, height = size_wh
    return Area(max(x1, 0), max(y1, 0), min(x2, width), min(y2, height))


class _Mark:
    """Box, title and bars of one face."""

    def __init__(self, face: FaceResult, box: Area, labels: tuple[str, ...], style: _Style) -> None:
        """Set the face, its box in whole pixels, the expressions in the order of the scores, and the sizes."""
        self.box = box
        self._style = style
        self._capital_px = style.capital_px(box)
        self._face = face
        self._labels = labels
        self._colours = label_colours(labels)
        self._colour = self._colours[face.label]

    def place_title(self, space: FreeSpace, longest: int) -> _Title | None:
        """Return the longest title that has a place beside the face, from number `longest` of `_titles` on."""
        for text in self._titles()[longest:]:
            area = space.take_over_or_under(text_size(text, self._capital_px), self.box)
            if area is not None:
                return _Title(text, area)
        return None

    def draw_box(self, canvas: Image) -> None:
        """Draw the face's box."""
        corner = (self.box.right - 1, self.box.bottom - 1)
        cv2.rectangle(canvas, self.box[:2], corner, self._colour, self._style.thickness, cv2.LINE_AA)

    def draw_title(self, canvas: Image, title: _Title | None) -> None:
        """Write a title; without one, the longest that fits into the box, as of a face that fills the frame."""
        shown = title or self._title_within()
        if shown is not None:
            corner = (shown.area.right - 1, shown.area.bottom - 1)
            cv2.rectangle(canvas, shown.area[:2], corner, self._colour, cv2.FILLED)
            write_text(canvas, shown.text, shown.area[:2], self._capital_px, _contrast(self._colour))

    def draw_bars(self, canvas: Image, space: FreeSpace) -> None:
        """Draw a panel of score bars: fewer of them where little space is free, else none."""
        for rows in _ROWS:
            panel = BarPanel(self._bars(rows), self._style.smallest)
            area = space.take_at_side(panel.size, self.box, gap=self._style.smallest // 2)
            if area is not None:
                panel.draw(canvas, area)
                return

    def _titles(self) -> list[str]:
        """Return `_TITLES` titles, the longest first: the track's number, the label and its share of the scores."""
        name, share = UNCERTAIN, ""  # the highest score is that of another label
        if self._face.label != UNCERTAIN:
            name = drawable_names(self._labels)[self._labels.index(self._face.label)]
            share = f" {self._face.score:.0%}"
        number = str(self._face.track_id)
        whole = [f"{number} {shorten(name, characters)}{share}" for characters in _TITLE_LENGTHS]
        return [*whole, f"{number} {shorten(name, _TITLE_LENGTHS[-1])}", number]

    def _title_within(self) -> _Title | None:
        for text in self._titles():
            width, height = text_size(text, self._capital_px)
            if width <= self.box.width and height <= self.box.height:
                left, top = self.box[:2]
                return _Title(text, Area(left, top, left + width, top + height))
        return None

    def _bars(self, count: int) -> list[ScoreBar]:
        """Return the highest scores, in the model's order."""
        names, scores = drawable_names(self._labels), self._face.scores
        chosen = sorted(np.argsort(-scores, kind="stable")[:count].tolist())
        return [ScoreBar(names[index], float(scores[index]), self._colours[self._labels[index]]) for index in chosen]


def _place_titles(marks: list[_Mark], free: FreeSpace) -> tuple[FreeSpace, list[_Title | None]]:
    """Place the titles, and return what is free then; in a crowd all are shortened until each face has one."""
    best: tuple[FreeSpace, list[_Title | None]] | None = None
    for longest in range(_TITLES):
        space = free.copy()
        titles = [mark.place_title(space, longest) for mark in marks]
        if best is None or titles.count(None) < best[1].count(None):
            best = (space, titles)
        if None not in titles:
            break
    assert best is not None
    return best


def _contrast(colour: Colour) -> Colour:
    blue, green, red = colour
    return _DARK if 0.114 * blue + 0.587 * green + 0.299 * red > 110 else _WHITE
