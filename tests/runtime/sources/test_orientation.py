from __future__ import annotations

import os
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.pictures.upright import EXIF_TURNS, UNTURNED, Turn, upright
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.orientation import Flip, oriented, take_over_turn
from fer_edge.runtime.sources.recordings import VideoFile
from fer_edge.runtime.sources.source import Frame

CORNERS = np.array([[[1], [2]], [[3], [4]], [[5], [6]]], np.uint8).repeat(3, axis=2)
"""Two pixels wide, three high."""


@pytest.mark.parametrize(
    ("rotate", "flip", "expected"),
    [
        (0, Flip.NONE, [[1, 2], [3, 4], [5, 6]]),
        (90, Flip.NONE, [[5, 3, 1], [6, 4, 2]]),
        (180, Flip.NONE, [[6, 5], [4, 3], [2, 1]]),
        (270, Flip.NONE, [[2, 4, 6], [1, 3, 5]]),
        (0, Flip.HORIZONTAL, [[2, 1], [4, 3], [6, 5]]),
        (0, Flip.VERTICAL, [[5, 6], [3, 4], [1, 2]]),
        (90, Flip.HORIZONTAL, [[1, 3, 5], [2, 4, 6]]),
    ],
)
def test_frames_are_turned_clockwise_and_then_mirrored(rotate: int, flip: Flip, expected: list[list[int]]) -> None:
    (frame,) = oriented([Frame(CORNERS, 7, 1.5, name="a.png")], rotate, flip)
    assert frame.image[..., 0].tolist() == expected
    assert (frame.number, frame.time, frame.name) == (7, 1.5, "a.png")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MP4 of 64x32 whose quarters differ."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 32))
    image = np.full((32, 64, 3), 10, np.uint8)
    image[:16, :32], image[:16, 32:], image[16:, :32] = 250, 170, 90
    for _ in range(3):
        writer.write(image)
    writer.release()
    return path


def stored_as(film: Path, turn: Turn, path: Path) -> Path:
    """A copy with another matrix in its track's header, where MP4 and QuickTime keep a film's turn."""
    content = film.read_bytes()
    place = content.index(b"tkhd") + 44
    a, b, c, d = (int(value * 65536) for value in turn)
    path.write_bytes(content[:place] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + content[place + 36 :])
    return path


def first_image(path: Path) -> tuple[Image, list[str]]:
    with VideoFile(path) as source:
        return next(iter(source)).image, source.notes


@pytest.mark.parametrize("turn", EXIF_TURNS.values())
def test_videos_are_turned_as_stored(film: Path, tmp_path: Path, turn: Turn) -> None:
    """OpenCV alone would turn a mirrored film upside down."""
    stored, _ = first_image(film)
    shown, notes = first_image(stored_as(film, turn, tmp_path / "turned.mp4"))
    np.testing.assert_array_equal(shown, upright(stored, turn))
    assert notes == []


def test_another_stored_angle_is_noted(film: Path, tmp_path: Path) -> None:
    stored, _ = first_image(film)
    shown, notes = first_image(stored_as(film, Turn(0.7, 0.7, -0.7, 0.7), tmp_path / "angle.mp4"))
    np.testing.assert_array_equal(shown, stored)
    (note,) = notes
    assert "angle.mp4 is stored at an angle that is no multiple of 90 degrees" in note


def test_the_users_turn_follows_the_stored_one(film: Path, tmp_path: Path) -> None:
    shown, _ = first_image(stored_as(film, EXIF_TURNS[6], tmp_path / "turned.mp4"))
    with VideoFile(tmp_path / "turned.mp4") as source:
        frame = next(iter(oriented(source, 180, Flip.HORIZONTAL)))
    np.testing.assert_array_equal(frame.image, shown[::-1])


def test_an_address_is_left_to_opencv(film: Path) -> None:
    capture = cv2.VideoCapture(str(film))
    assert take_over_turn(capture, "http://127.0.0.1:9/film.mp4") == (UNTURNED, None)
    assert capture.get(cv2.CAP_PROP_ORIENTATION_AUTO) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are Unix's")
def test_no_bytes_are_taken_from_a_pipe(film: Path, tmp_path: Path) -> None:
    pipe, content = tmp_path / "pipe", film.read_bytes()[:64]
    os.mkfifo(pipe)
    descriptor = os.open(pipe, os.O_RDWR)
    os.write(descriptor, content)
    assert take_over_turn(cv2.VideoCapture(str(film)), pipe) == (UNTURNED, None)
    assert os.read(descriptor, len(content)) == content
    os.close(descriptor)
