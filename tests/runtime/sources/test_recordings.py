from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.errors import InputError
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.recordings import VideoFile
from tests.fakes.matroska import write_matroska

COUNT = 25
FFMPEG = shutil.which("ffmpeg")


def pictures(count: int) -> list[Image]:
    """Return pictures of 320x240 whose brightness is their number."""
    noise = np.random.default_rng(0).integers(0, 8, (240, 320, 3), np.uint8)  # so that frames outweigh the header
    return [noise + np.uint8(number * 10 % 250) for number in range(count)]


def write_avi(path: Path, count: int) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for picture in pictures(count):
        writer.write(picture)
    writer.release()
    return path


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A video of 25 frames at 10 fps."""
    return write_avi(tmp_path / "video.avi", COUNT)


def damage(path: Path, first: int, count: int) -> None:
    """Make some of an AVI file's pictures unreadable."""
    content = bytearray(path.read_bytes())
    start = content.index(b"movi")
    for number in range(first + count):
        start = content.index(b"00dc", start) + 8
        length = int.from_bytes(content[start - 4 : start], "little")
        if number >= first:
            content[start : start + length] = bytes(length)
        start += length
    path.write_bytes(content)


def test_every_frame_is_read_in_order(video: Path) -> None:
    with VideoFile(video) as source:
        frames = list(source)
    assert (source.live, source.fps, source.notes) == (False, 10, [])
    assert [frame.number for frame in frames] == list(range(COUNT))
    assert [frame.position_s for frame in frames] == pytest.approx(np.arange(COUNT) / 10)
    np.testing.assert_allclose([frame.image.mean() for frame in frames], np.arange(COUNT) * 10 + 3.5, atol=3)


def test_share_done_grows_to_nearly_all(video: Path) -> None:
    with VideoFile(video) as source:
        shares = [source.share_done(frame) for frame in source]
    assert shares[0] == 0
    assert all(share is not None for share in shares)
    assert shares == sorted(shares, key=lambda share: share or 0)
    assert 0.9 < (shares[-1] or 0) <= 1


def test_a_truncated_video_is_read_and_noted(video: Path) -> None:
    content = video.read_bytes()
    video.write_bytes(content[: len(content) // 3])
    with VideoFile(video) as source:
        frames = list(source)
    assert 0 < len(frames) < COUNT / 2
    (note,) = source.notes
    assert f"{COUNT - len(frames)} of its 25 frames could not be read; it is damaged" in note


@pytest.mark.parametrize(("lost", "notes"), [(1, 0), (2, 0), (3, 1), (9, 1)])
def test_unreadable_frames_are_noted_if_more_than_a_few(video: Path, lost: int, notes: int) -> None:
    damage(video, 8, lost)
    with VideoFile(video) as source:
        frames = list(source)
    assert len(frames) == COUNT - lost
    assert [frames[7].position_s, frames[-1].position_s] == pytest.approx([0.7, 2.4])
    assert [f"{lost} of its 25 frames" in note for note in source.notes] == [True] * notes


def test_frames_after_a_long_damaged_stretch_are_read(tmp_path: Path) -> None:
    """A failed read is not the end."""
    path = write_avi(tmp_path / "video.avi", 200)
    damage(path, 20, 150)
    with VideoFile(path) as source:
        assert len(list(source)) == 50
    assert "150 of its 200 frames" in source.notes[0]


TIMES_MS = {
    "rate-that-drops": [*range(0, 1000, 40), *range(1000, 9000, 1000)],
    "a-browsers": [0, 31, 62, 99, 133, 199, 232, 263],
    "begins-late": [1400, 1440, 1480, 1520],
    "hole": [0, 40, 80, 20_000, 20_040],
}


@pytest.mark.parametrize("times_ms", TIMES_MS.values(), ids=TIMES_MS)
@pytest.mark.parametrize("name", ["video.mkv", "video.webm"])
def test_positions_are_presentation_times(tmp_path: Path, name: str, times_ms: list[int]) -> None:
    write_matroska(tmp_path / name, pictures(len(times_ms)), times_ms)
    with VideoFile(tmp_path / name) as source:
        positions_s = [frame.position_s for frame in source]
    assert positions_s == pytest.approx([(each - times_ms[0]) / 1000 for each in times_ms])
    assert source.notes == []


def test_positions_increase_where_a_joined_recording_begins(tmp_path: Path) -> None:
    times_ms = [*range(0, 4000, 100), *range(0, 2000, 100)]
    write_matroska(tmp_path / "joined.mkv", pictures(60), times_ms)
    with VideoFile(tmp_path / "joined.mkv") as source:
        positions_s = [frame.moment for frame in source]
    assert len(positions_s) == 60
    assert (np.diff(positions_s) > 0).all()
    assert positions_s[-1] == pytest.approx(5.9, abs=0.2)


@pytest.mark.parametrize(
    ("times_ms", "notes"),
    [
        ([*range(0, 3000, 40), *range(3400, 6000, 40)], 1),
        (range(0, 3000, 40), 1),
        (range(0, 6000, 40), 0),
        (range(0, 5400, 40), 0),
        ([*range(0, 1000, 40), *range(1000, 6000, 500)], 0),
    ],
    ids=["lost-within", "lost-at-the-end", "whole", "longer-sound", "variable-rate"],
)
def test_without_a_frame_count_the_duration_shows_missing_frames(
    tmp_path: Path, times_ms: list[int], notes: int
) -> None:
    write_matroska(tmp_path / "video.mkv", pictures(len(times_ms)), times_ms, duration_ms=6000)
    with VideoFile(tmp_path / "video.mkv") as source:
        assert len(list(source)) == len(times_ms)
    assert len(source.notes) == notes


@pytest.mark.skipif(FFMPEG is None, reason="making this video needs ffmpeg")
def test_fragmented_mp4_of_variable_rate_is_whole(tmp_path: Path) -> None:
    """Its frame count is an estimate too, which OpenCV 4.8 makes from the highest rate."""
    times_ms = [*range(0, 1000, 40), *range(1000, 9000, 1000)]
    write_matroska(tmp_path / "video.mkv", pictures(len(times_ms)), times_ms)
    copy = ("-c", "copy", "-movflags", "frag_keyframe+empty_moov", str(tmp_path / "video.mp4"))
    subprocess.run([str(FFMPEG), "-v", "error", "-i", str(tmp_path / "video.mkv"), *copy], check=True)
    with VideoFile(tmp_path / "video.mp4") as source:
        positions_s = [frame.moment for frame in source]
    assert positions_s == pytest.approx([each / 1000 for each in times_ms], abs=0.001)
    assert source.notes == []


@pytest.mark.parametrize(
    ("times_ms", "fps"), [(range(0, 4000, 40), 25), ([*range(0, 1000, 40), *range(1000, 20_000, 1000)], 25)]
)
def test_even_fps_is_read_from_the_first_frames(tmp_path: Path, times_ms: list[int], fps: float) -> None:
    write_matroska(tmp_path / "video.mkv", pictures(len(times_ms)), times_ms)
    with VideoFile(tmp_path / "video.mkv") as source:
        assert source.even_fps() == pytest.approx(fps)
        assert len(list(source)) == len(times_ms)


@pytest.mark.parametrize("content", [b"", b"text", b"\0" * 5000])
def test_a_file_that_is_not_a_video_raises_input_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match="expected a video"):
        VideoFile(path)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names of any bytes are Linux's")
@pytest.mark.parametrize(
    "name", [b"22:57:44.avi", b"http:x.avi", b"x%03d.avi", b"50%.avi", b"a?*b .avi", b"\377\351.avi", b"d\377/a:b.avi"]
)
def test_a_video_with_any_name_is_read(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(os.fsdecode(name))
    path.parent.mkdir(exist_ok=True)
    video.rename(path)
    with VideoFile(path) as source:
        assert len(list(source)) == COUNT
        assert source.description.isprintable()
