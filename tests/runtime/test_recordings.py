from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.errors import InputError
from fer_edge.runtime.recordings import ImageFiles, VideoFile

COUNT = 25


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """25 frames of 320x240 at 10 frames a second, whose brightness tells their number."""
    path = tmp_path / "video.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    noise = np.random.default_rng(0).integers(0, 8, (240, 320, 3), np.uint8)  # so that frames outweigh the header
    for number in range(COUNT):
        writer.write(noise + np.uint8(number * 10))
    writer.release()
    return path


def test_a_video_gives_every_frame_in_order(video: Path) -> None:
    with VideoFile(video) as source:
        frames = list(source)
    assert (source.live, source.fps, source.notes) == (False, 10, [])
    assert [frame.number for frame in frames] == list(range(COUNT))
    assert [frame.position_s for frame in frames[:3]] == [0, 0.1, 0.2]
    np.testing.assert_allclose([frame.image.mean() for frame in frames], np.arange(COUNT) * 10 + 3.5, atol=3)


def test_a_broken_video_gives_what_it_has_and_says_so(video: Path) -> None:
    content = video.read_bytes()
    video.write_bytes(content[: len(content) // 3])
    with VideoFile(video) as source:
        frames = list(source)
    assert 0 < len(frames) < COUNT / 2
    assert "damaged" in source.notes[0]


@pytest.mark.parametrize("content", [b"", b"text", b"\0" * 5000])
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match="expected a video"):
        VideoFile(path)


def test_images_come_in_natural_order_and_bad_ones_are_noted(tmp_path: Path) -> None:
    for name in ("face10.png", "face2.PNG", "Face1.jpg"):
        cv2.imwrite(str(tmp_path / name), np.zeros((20, 30, 3), np.uint8))
    (tmp_path / "face3.jpg").write_bytes(b"no image")
    (tmp_path / "face4.jpg").touch()
    (tmp_path / "notes.txt").write_text("not looked at")
    source = ImageFiles.in_folder(tmp_path)
    frames = list(source)
    assert [frame.name for frame in frames] == ["Face1.jpg", "face2.PNG", "face10.png"]
    assert [frame.number for frame in frames] == [0, 1, 4]
    assert [Path(note.split(":")[0]).name for note in source.notes] == ["face3.jpg", "face4.jpg"]


def test_gray_images_become_three_channels(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "gray.png"), np.zeros((20, 30), np.uint8))
    (frame,) = ImageFiles.in_folder(tmp_path)
    assert frame.image.shape == (20, 30, 3)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    with pytest.raises(InputError, match="found none"):
        ImageFiles.in_folder(tmp_path)
