from __future__ import annotations

import time
from itertools import islice

import numpy as np
import pytest

from fer_edge import Recognizer
from fer_edge.files import sha256_file
from fer_edge.models import PORTRAIT_FILE
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.sources.demo import FPS, PERIOD_S, SCENES, DemoSource


def test_the_portrait_is_small_and_matches_its_notice() -> None:
    assert sha256_file(PORTRAIT_FILE) in (PORTRAIT_FILE.parent / "NOTICES.md").read_text(encoding="utf-8")
    assert PORTRAIT_FILE.stat().st_size < 80_000


def test_frames_are_numbered_and_reproducible() -> None:
    first, second = (list(islice(DemoSource(), 4)) for _ in range(2))
    assert [frame.number for frame in first] == [0, 1, 2, 3]
    assert [frame.position_s for frame in first] == [0, 1 / FPS, 2 / FPS, 3 / FPS]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
    assert first[0].image.shape == (480, 640, 3)
    assert (first[0].image != first[3].image).any()


def test_the_face_is_detected_in_every_frame() -> None:
    source, detector = DemoSource(), FaceDetector()
    assert all(len(detector.detect(source.draw(number))) == 1 for number in range(0, round(FPS * PERIOD_S), 16))


@pytest.mark.parametrize("network", ["compact", "compact-s"])
def test_shipped_networks_give_each_expression_of_the_demo(network: str) -> None:
    """Frames before the change to the next expression, one by one: neither smoothing nor tracking helps."""
    source, recognizer, begin = DemoSource(), Recognizer(network, detector_width=320), 0.0
    for expression, _, length_s in SCENES:
        for share in (0.3, 0.5, 0.75):
            (face,) = recognizer(source.draw(round(FPS * (begin + share * length_s))))
            assert face.label == expression, (expression, share, face.scores)
        begin += length_s
    assert begin == PERIOD_S


def test_frames_repeat_after_the_period() -> None:
    source = DemoSource()
    np.testing.assert_array_equal(source.draw(7), source.draw(7 + round(FPS * PERIOD_S)))


def test_paced_frames_come_at_30_fps() -> None:
    start = time.monotonic()
    list(islice(DemoSource(paced=True), 7))
    assert time.monotonic() - start >= 6 / FPS
