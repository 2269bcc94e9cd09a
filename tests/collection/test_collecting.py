from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.collection.collecting import LARGEST_SIDE, Collected, Skipped, collect
from fer_edge.errors import InputError
from fer_edge.preprocess import FER2013_CROP, Image
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.sources.demo import DemoSource
from fer_edge.runtime.sources.source import Frame


def frames(images: list[Image], step_s: float = 1.0) -> Iterator[Frame]:
    """Frames of a recording, `step_s` apart."""
    for number, image in enumerate(images):
        yield Frame(image, number, time=0.0, position_s=number * step_s)


def run(images: list[Image], folder: Path, detector: FaceDetector, step_s: float = 1.0, count: int = 10) -> Collected:
    collecting = collect(
        frames(images, step_s), detector.detect, folder, person="anna", crop=FER2013_CROP, count=count, every_s=0.9
    )
    return list(collecting)[-1]


def test_pictures_are_square_in_colour_and_framed(detector: FaceDetector, tmp_path: Path) -> None:
    found = run([DemoSource().draw(number) for number in (0, 40, 80, 120)], tmp_path, detector, count=3)
    assert len(found.files) == 3
    for path in found.files:
        assert path.name.startswith("anna_")
        image = cv2.imread(str(path))
        assert image is not None
        assert image.shape[0] == image.shape[1] <= LARGEST_SIDE
        assert len(detector.detect(cv2.copyMakeBorder(image, *(60,) * 4, cv2.BORDER_REPLICATE))) == 1  # type: ignore[arg-type]


def test_frames_without_a_picture_are_counted_by_reason(detector: FaceDetector, tmp_path: Path) -> None:
    frame = DemoSource().draw(0)
    two = np.hstack([frame, frame])
    small = cv2.copyMakeBorder(cv2.resize(frame, None, fx=0.25, fy=0.25), 100, 100, 100, 100, cv2.BORDER_CONSTANT)
    images = [np.zeros_like(frame), two, np.asarray(small, np.uint8), frame, frame]
    found = run(images, tmp_path, detector)
    assert found.skipped == dict.fromkeys(Skipped, 1)
    assert (len(found.files), found.last) == (1, Skipped.SAME)


def test_pace_is_kept(detector: FaceDetector, tmp_path: Path) -> None:
    images = [DemoSource().draw(number) for number in range(0, 160, 20)]
    assert len(run(images, tmp_path, detector, step_s=0.5).files) == 4


def test_name_that_no_file_can_have_is_rejected(detector: FaceDetector, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="letters, digits and hyphens"):
        next(collect([], detector.detect, tmp_path, person="a/b", crop=FER2013_CROP, count=1, every_s=0), None)
