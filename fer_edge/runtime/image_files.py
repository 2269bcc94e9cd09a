"""Image files, read one after another."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from fer_edge.errors import InputError
from fer_edge.native_logs import chatter_held_back
from fer_edge.preprocess import Image
from fer_edge.runtime.frames import Frame, Source

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})


class ImageFiles(Source):
    """Image files one after another; one that cannot be read is noted and passed over."""

    def __init__(self, description: str, paths: list[Path]) -> None:
        super().__init__(description, live=False, fps=None, stills=True)
        self._paths = paths

    @staticmethod
    def in_folder(folder: Path) -> ImageFiles:
        """The images right in `folder`, `2.jpg` before `10.jpg`.

        Raises:
            InputError: If there is none.
        """
        paths = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()]
        if not paths:
            suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
            raise InputError(
                f"{folder}: expected images ({suffixes}) in this folder, found none; name the folder they are in"
            )
        return ImageFiles(f"{folder} ({len(paths)} images)", sorted(paths, key=_natural_order))

    def __iter__(self) -> Iterator[Frame]:
        for number, path in enumerate(self._paths):
            image = _read_image(path)
            if image is None:
                self.notes.append(f"{path}: not an image that can be read; passed over")
            else:
                yield Frame(image, number, time.time(), name=path.name)

    def close(self) -> None:
        """Nothing is held open."""


def _natural_order(path: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name.lower()) if part]


def _read_image(path: Path) -> Image | None:
    try:
        # Not cv2.imread, which logs and cannot open names outside the code page on Windows.
        content = np.frombuffer(path.read_bytes(), np.uint8)
        with chatter_held_back():
            image = cv2.imdecode(content, cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        return None
    return None if image is None else np.asarray(image, np.uint8)
