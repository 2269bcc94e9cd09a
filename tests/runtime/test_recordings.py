from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.errors import InputError
from fer_edge.runtime.recordings import VideoFile

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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names of any bytes are Linux's")
@pytest.mark.parametrize(
    "name", [b"22:57:44.avi", b"http:x.avi", b"x%03d.avi", b"50%.avi", b"a?*b .avi", b"\377\351.avi", b"d\377/a:b.avi"]
)
def test_a_video_of_any_name_is_read(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(os.fsdecode(name))
    path.parent.mkdir(exist_ok=True)
    video.rename(path)
    with VideoFile(path) as source:
        assert len(list(source)) == COUNT
        assert source.description.isprintable()
