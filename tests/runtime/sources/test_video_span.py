from __future__ import annotations

import math
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.runtime.sources.recordings import VideoFile
from fer_edge.runtime.sources.video_span import WHOLE, Span, VideoSpan, is_first_of_interval

FFMPEG = shutil.which("ffmpeg")
FRAMES, FPS = 300, 10

Found = list[tuple[int, float | None, float]]


def found(path: Path, span: Span = WHOLE, every_s: float = 0.0) -> Found:
    """Number, position and mean of each frame."""
    with VideoSpan(path, span, every_s) as video:
        return [(frame.number, frame.position_s, float(frame.image.mean())) for frame in video]


@pytest.fixture(scope="module", params=["even.mp4", "even.avi", "even.mkv", "b-frames.mp4", "uneven.mp4", "even.webm"])
def video(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 s that grow brighter from frame to frame."""
    folder = tmp_path_factory.mktemp("spans")
    path = folder / "even.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (64, 48))
    for number in range(FRAMES):
        writer.write(np.full((48, 64, 3), number * 200 // FRAMES + 20, np.uint8))
    writer.release()
    if request.param == "even.avi":
        return path
    if FFMPEG is None:
        pytest.skip("making this video needs ffmpeg")
    options = {
        "b-frames.mp4": "-c:v libx264 -bf 3 -g 100",
        "uneven.mp4": "-vf select='not(mod(n,7))+gt(n,200)' -fps_mode vfr -c:v libx264 -g 100",
        "even.webm": "-c:v libvpx -deadline realtime",
    }.get(request.param, "-c:v mpeg4 -q:v 2")
    target = folder / str(request.param)
    done = subprocess.run([FFMPEG, "-v", "error", "-i", path, *options.split(), target], check=False)
    if done.returncode:
        pytest.skip("this ffmpeg lacks the encoder")
    return target


@pytest.mark.parametrize("every_s", [0.0, 0.5])
def test_spans_together_give_the_frames_of_the_whole(video: Path, every_s: float) -> None:
    whole = found(video, every_s=every_s)
    joined: Found = []
    first = 0
    for start_s in range(0, 30, 10):
        span = Span(start_s, start_s + 10 if start_s < 20 else math.inf, 3.0)
        with VideoSpan(video, span, every_s) as part:
            frames = [(each.number, each.position_s, float(each.image.mean())) for each in part]
            own = [frame for frame in frames if frame[0] >= 0]
            joined += [(first + number, position_s, mean) for number, position_s, mean in own]
            first += part.intervals.frames
        warm_up = [position_s for number, position_s, _ in frames if number < 0]
        assert warm_up == [each for _, each, _ in whole if each is not None and span.read_from_s <= each < start_s]
    assert [each[:2] for each in joined] == [each[:2] for each in whole]
    assert [each[2] for each in joined] == pytest.approx([each[2] for each in whole], abs=1)


def test_whole_span_is_the_video(video: Path) -> None:
    with VideoFile(video) as whole:
        expected = [(frame.number, frame.position_s) for frame in whole]
    assert [each[:2] for each in found(video)] == expected


def test_spans_beyond_the_end_of_a_cut_file_are_empty(tmp_path: Path, video: Path) -> None:
    if video.suffix != ".mkv":
        pytest.skip("needs a container that can be cut and stays readable")
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    whole = [each[:2] for each in found(cut)]
    first = [each[:2] for each in found(cut, Span(0.0, 10.0))]
    assert whole[: len(first)] == first
    assert found(cut, Span(25.0, math.inf, 3.0)) == []


@pytest.mark.parametrize(("start_s", "expected"), [(20.0, True), (2.0, False)])
def test_reports_whether_a_beginning_can_be_sought(tmp_path: Path, start_s: float, expected: bool, video: Path) -> None:
    with VideoSpan(video, Span(start_s, math.inf, 3.0)) as part:
        assert part.can_seek() is (expected and video.suffix != ".avi")


@pytest.mark.parametrize(
    ("position_s", "before_s", "every_s", "expected"),
    [
        (0.0, -1.0, 0.2, True),
        (0.1, 0.0, 0.2, False),
        (0.1999, 0.1, 0.2, True),  # times are rounded
        (0.2333, 0.1999, 0.2, False),
        (5.0, 0.2, 0.2, True),
        (0.1, 0.0, 0.0, True),
    ],
)
def test_one_frame_of_each_interval_is_wanted(
    position_s: float, before_s: float, every_s: float, expected: bool
) -> None:
    assert is_first_of_interval(position_s, before_s, every_s) is expected
