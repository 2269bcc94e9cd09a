"""Thumbnails of the moments that changed most: small JPEG files in the analysis' folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from fer_edge.analysis.summary.moments import MomentFinder
from fer_edge.analysis.tables import FaceRow
from fer_edge.boxes import crop_square
from fer_edge.files import write_atomic
from fer_edge.preprocess import FER2013_CROP, Image, cut_square, resize

THUMBNAIL_PX = 96
"""Width and height of a thumbnail."""

_FOLDER = "thumbnails"
_QUALITY = 80


def thumbnail_path(directory: Path, row: FaceRow) -> Path:
    """Return the thumbnail's path: its name is made of the file's digest, the track and the frame."""
    digest = hashlib.sha256(row.file.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return directory / _FOLDER / f"{digest}-{row.track}-{row.frame}.jpg"


class MomentKeeper:
    """Keeps the faces of the moments that changed most in one file, or in a part of it, in bounded memory."""

    def __init__(self, directory: Path) -> None:
        """Start a file.

        Args:
            directory: Folder of the analysis.
        """
        self._directory = directory
        self._finder: MomentFinder[Image] = MomentFinder()

    def add(self, image: Image, rows: Iterable[FaceRow]) -> None:
        """Add a frame, uint8 (H, W, 3) BGR, and its faces."""
        for row in rows:
            self._finder.add(row, _thumbnail(image, row))

    def write(self) -> None:
        """Write the thumbnails of the moments so far: two for each, before and after."""
        for kept in self._finder.best():
            for row, pixels in zip((kept.moment.before, kept.moment.after), kept.seen, strict=True):
                _, content = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
                write_atomic(thumbnail_path(self._directory, row), content.tobytes())


def _thumbnail(image: Image, row: FaceRow) -> Image:
    box = np.array([row.x, row.y, row.x + row.width, row.y + row.height], np.float32)
    square = cut_square(image, crop_square(box, FER2013_CROP.scale, FER2013_CROP.shift_y))
    return resize(square, (THUMBNAIL_PX, THUMBNAIL_PX))
