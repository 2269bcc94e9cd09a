"""Thumbnails of the moments that changed most: small JPEG files in the analysis' folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fer_edge.analysis.rows import FaceRow
from fer_edge.analysis.summary.moments import MomentFinder
from fer_edge.boxes import crop_square
from fer_edge.files import write_atomic
from fer_edge.preprocess import FER2013_CROP, Image, cut_square, encode_jpeg, resize

THUMBNAIL_PX = 96
"""Width and height of a thumbnail."""

THUMBNAILS = "thumbnails"
"""Folder of the thumbnails, below that of the analysis; it has a folder for each file, named by its digest."""

_QUALITY = 80


def thumbnail_folder(part: Path) -> Path:
    """Return the folder of a file's thumbnails, given the path of one of its parts."""
    return part.parents[2] / THUMBNAILS / part.parent.name


def thumbnail_path(folder: Path, row: FaceRow) -> Path:
    """Return the path of a face's thumbnail in its file's folder.

    Its time and place name it: the numbers of frames and tracks are known only when the chunks of a file are joined.
    """
    milliseconds = round(1000 * (row.seconds or 0.0))
    return folder / f"{milliseconds:08d}-{row.x:.0f}-{row.y:.0f}.jpg"


class MomentKeeper:
    """Keeps the faces of the moments that changed most in one file, or in a chunk of it, in bounded memory."""

    def __init__(self, folder: Path) -> None:
        """Start a file or a chunk, whose thumbnails `write` puts into `folder`."""
        self._folder = folder
        self._finder: MomentFinder[Image] = MomentFinder()

    def add(self, image: Image, rows: Iterable[FaceRow]) -> None:
        """Add a frame, uint8 (H, W, 3) BGR, and its faces."""
        for row in rows:
            self._finder.add(row, _thumbnail(image, row))

    def write(self) -> None:
        """Write the thumbnails of the moments so far: two for each, before and after."""
        for kept in self._finder.best():
            for row, pixels in zip((kept.moment.before, kept.moment.after), kept.seen, strict=True):
                write_atomic(thumbnail_path(self._folder, row), encode_jpeg(pixels, _QUALITY))


def _thumbnail(image: Image, row: FaceRow) -> Image:
    square = cut_square(image, crop_square(row.box_xyxy, FER2013_CROP.scale, FER2013_CROP.shift_y))
    return resize(square, (THUMBNAIL_PX, THUMBNAIL_PX))
