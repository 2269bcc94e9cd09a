from __future__ import annotations

import numpy as np
import pytest

from benchmarks.detector.frames import faceless_frames, mixed_frames, padded
from benchmarks.detector.scenes import Found, look_for, scenes
from benchmarks.stream.scenes import Placement
from fer_edge.runtime.faces.detector import FaceDetector

FACES = np.random.default_rng(0).integers(0, 256, (4, 48, 48)).astype(np.uint8)


def box(x: float, y: float) -> np.ndarray:
    """Return a box of 10 pixels around a point."""
    return np.array([x - 5, y - 5, x + 5, y + 5], np.float32)


def test_a_face_is_found_by_a_box_at_its_centre() -> None:
    found = Found()
    found.add([box(100, 100), box(300, 300)], [Placement((110, 95), 60), Placement((200, 95), 60)])
    found.add([], [Placement((10, 10), 60)])
    assert found == Found(faces=3, found=1, alarmed=1)


@pytest.mark.parametrize("name", ["portraits turned up to 35°", "a crowd of 150 heads, 600x400", "the demo"])
def test_known_faces_are_where_the_scene_says(name: str) -> None:
    scene = next(each for each in scenes(FACES, 2) if each.name == name)
    frames = [each for number, each in zip(range(12), scene.frames(), strict=False)]
    (found,) = look_for([FaceDetector(scene.width, stills=scene.stills)], iter(frames))
    assert found.found >= 0.8 * found.faces


def test_frames_are_the_same_each_time() -> None:
    for first, again in zip(mixed_frames(FACES, 9, seed=3), mixed_frames(FACES, 9, seed=3), strict=True):
        np.testing.assert_array_equal(first, again)
    assert all(frame.shape == (480, 640, 3) for frame in faceless_frames(3, seed=0))


def test_a_padded_frame_has_sides_that_are_multiples_of_32() -> None:
    frame = padded(np.full((480, 640, 3), 200, np.uint8), 320)
    assert frame.shape == (256, 320, 3)
    assert not frame[240:].any()
    assert (frame[:240] == 200).all()
