"""Pictures and a video with known faces, as files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.detector.frames import mixed_frames
from benchmarks.stream.scenes import SIZE_WH, Placement, anywhere, photographs, place
from fer_edge.preprocess import Image

FPS = 30
_SECONDS_PER_PERSON = 5
_SWAY_PIXELS, _SWAY_S = 40, 4


def write_pictures(folder: Path, faces: npt.NDArray[np.uint8], count: int) -> None:
    """Write `count` JPEG files of 640x480 with up to twelve of the faces, uint8 (N, H, H), one in eight with none."""
    folder.mkdir()
    for number, frame in enumerate(mixed_frames(faces, count, seed=3)):
        _write(folder / f"{number:05}.jpg", frame)


def write_face_sizes(folder: Path, faces: npt.NDArray[np.uint8], sides: tuple[int, ...], each: int) -> None:
    """Write `each` JPEG files a size with one upright face, named `SIDE_X_Y.jpg` by its side and centre in pixels."""
    folder.mkdir()
    rng, backgrounds = np.random.default_rng(5), photographs()
    for side in sides:
        for number in range(each):
            face, background = faces[number % len(faces)], backgrounds[number % len(backgrounds)]
            where = anywhere(side, 0, rng)
            x, y = map(round, where.centre)
            _write(folder / f"{side}_{x}_{y}.jpg", place(face, background, where))


def write_video(path: Path, faces: npt.NDArray[np.uint8], seconds: float) -> None:
    """Write an MPEG-4 video of 30 frames a second with one swaying face of 150 pixels, another every five seconds."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), FPS, SIZE_WH)  # type: ignore[attr-defined]
    background = photographs()[0]
    for number in range(round(seconds * FPS)):
        face = faces[number // (FPS * _SECONDS_PER_PERSON) % len(faces)]
        sway = _SWAY_PIXELS * np.sin(2 * np.pi * number / (FPS * _SWAY_S))
        writer.write(place(face, background, Placement((SIZE_WH[0] / 2 + sway, SIZE_WH[1] / 2), 150)))
    writer.release()


def _write(path: Path, frame: Image) -> None:
    path.write_bytes(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())
