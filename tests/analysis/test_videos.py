from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fer_edge.analysis.annotated_video import video_suffix
from fer_edge.analysis.manifest import Manifest
from fer_edge.analysis.videos import missing_videos, write_videos
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.recordings import VideoFile
from tests.analysis.conftest import FPS, SECONDS, draw_film

FFMPEG = shutil.which("ffmpeg")

Analyze = Callable[..., Manifest]


def images(path: Path) -> list[Image]:
    with VideoFile(path) as video:
        return [frame.image for frame in video]


def streams(path: Path) -> list[tuple[str, str]]:
    """Kind and codec of each stream."""
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type,codec_name", "-of", "json", str(path)]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["streams"]
    return [(stream["codec_type"], stream["codec_name"]) for stream in listed]


@pytest.mark.skipif(FFMPEG is None, reason="sound needs ffmpeg")
@pytest.mark.parametrize("name", ["loud", "silent"])
def test_copy_keeps_the_sound(analyze_files: Analyze, film: Path, tmp_path: Path, name: str) -> None:
    loud = tmp_path / f"{name}.mp4"
    sound = f"-f lavfi -i sine=duration={SECONDS} -c:v copy -c:a aac"
    subprocess.run(["ffmpeg", "-v", "error", "-i", film, *sound.split(), loud], check=True)
    analyze_files(loud, every_s=1.0)
    ((entry, note, is_there),) = write_videos(tmp_path / "out")
    assert (note, is_there, entry.video) == (None, True, f"videos/{name}{video_suffix()}")
    expected = (
        [("video", "h264"), ("audio", "aac")] if video_suffix() == ".mp4" else [("video", "vp8"), ("audio", "opus")]
    )
    assert streams(tmp_path / "out" / str(entry.video)) == expected


def test_copy_without_ffmpeg_is_vp8_and_says_that_it_is_silent(
    analyze_files: Analyze, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyze_files(film, every_s=1.0)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    ((entry, note, is_there),) = write_videos(tmp_path / "out")
    assert (entry.video, is_there) == ("videos/film.webm", True)
    assert note == "its annotated video has no sound, as ffmpeg is not installed"
    path = tmp_path / "out" / "videos" / "film.webm"
    assert path.read_bytes()[:4] == b"\x1aE\xdf\xa3"
    assert len(images(path)) == SECONDS * FPS


def test_each_frame_shows_the_boxes_of_its_interval(analyze_files: Analyze, film: Path, tmp_path: Path) -> None:
    analyze_files(film, every_s=1.0)
    ((entry, _, _),) = write_videos(tmp_path / "out")
    changed = [
        np.abs(seen.astype(int) - draw_film(number)).mean(axis=2) > 60
        for number, seen in enumerate(images(tmp_path / "out" / str(entry.video)))
    ]
    left, right = ([float(each[:, half].mean()) for each in changed] for half in (slice(0, 320), slice(320, 640)))
    assert len(left) == SECONDS * FPS
    assert min(left) > 0.002  # somebody is on the left all the time
    assert max(right[: 2 * FPS]) < min(right[5 * FPS : 8 * FPS])  # and on the right from 3 s to 9 s


def test_copies_that_are_there_are_not_written_again(analyze_files: Analyze, film: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "film.mp4"
    other.parent.mkdir()
    shutil.copy(film, other)
    analyze_files(film, other, every_s=1.0)
    videos = [entry.video for entry, _, _ in write_videos(tmp_path / "out")]
    assert len(set(videos)) == 2
    assert missing_videos(tmp_path / "out") == []
    assert list(write_videos(tmp_path / "out")) == []
    (tmp_path / "out" / str(videos[0])).unlink()
    assert [entry.file for entry in missing_videos(tmp_path / "out")] == [str(film)]


def test_video_that_is_gone_does_not_end_the_others(analyze_files: Analyze, film: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone.mp4"
    shutil.copy(film, gone)
    analyze_files(gone, film, every_s=1.0)
    gone.unlink()
    first, second = write_videos(tmp_path / "out")
    assert (first[2], second[2]) == (False, True)
    assert "gone.mp4: expected a video" in str(first[1])
