from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from fer_edge.errors import FerEdgeError, InputError
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.frames import Frame
from fer_edge.runtime.recordings import VideoFile
from fer_edge.runtime.results import FaceResult, FrameResult
from fer_edge.runtime.video import VideoSink

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]


def frames_of(path: Path) -> list[tuple[int, ...]]:
    with VideoFile(path) as video:
        return [frame.image.shape for frame in video]


@pytest.mark.parametrize("name", ["out.mp4", "out.avi", "out.mkv", "OUT.MP4"])
def test_a_recording_is_written_frame_by_frame(
    make_face: MakeFace, make_result: MakeResult, tmp_path: Path, name: str
) -> None:
    sink = VideoSink(tmp_path / name, EXPRESSIONS, live=False, fps=12)
    for number in range(9):
        sink.write(*make_result(make_face(), number=number))
    sink.close()
    assert frames_of(tmp_path / name) == [(120, 160, 3)] * 9
    with VideoFile(tmp_path / name) as video:
        assert video.fps == pytest.approx(12, abs=0.1)


def test_the_file_appears_when_it_is_complete(make_result: MakeResult, tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.write_text("what was there before")
    sink = VideoSink(path, EXPRESSIONS, live=False, fps=12)
    sink.write(*make_result())
    assert path.read_text() == "what was there before"
    sink.close()
    assert frames_of(path) == [(120, 160, 3)]
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_frame_there_is_no_file(tmp_path: Path) -> None:
    VideoSink(tmp_path / "out.mp4", EXPRESSIONS, live=False, fps=12).close()
    assert list(tmp_path.iterdir()) == []


def test_odd_sizes_and_changing_sizes(make_face: MakeFace, make_result: MakeResult, tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    sink = VideoSink(path, EXPRESSIONS, live=False, fps=None)
    for size_wh in ((161, 121), (400, 100), (20, 300), (8, 8)):
        sink.write(*make_result(make_face(box=(1, 1, 7, 7)), size_wh=size_wh))
    sink.close()
    assert frames_of(path) == [(122, 162, 3)] * 4


def test_a_live_video_runs_in_real_time(make_result: MakeResult, tmp_path: Path) -> None:
    """2 s of a camera at 4 frames a second, then 1 s at 50, are 3 s of video."""
    path = tmp_path / "out.mp4"
    sink = VideoSink(path, EXPRESSIONS, live=True, fps=30)
    moments = [*(i / 4 for i in range(8)), *(2 + i / 50 for i in range(50))]
    for number, moment in enumerate(moments):
        sink.write(*make_result(number=number, time=1000 + moment))
    sink.close()
    with VideoFile(path) as video:
        assert video.fps is not None
        assert len(list(video)) / video.fps == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("name", ["out.gif", "out"])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"expected a video ending in \.mp4"):
        VideoSink(tmp_path / name, EXPRESSIONS, live=False, fps=12)


def test_what_is_drawn_is_in_the_video(make_face: MakeFace, make_result: MakeResult, tmp_path: Path) -> None:
    path = tmp_path / "out.avi"
    sink = VideoSink(path, EXPRESSIONS, live=False, fps=12)
    sink.write(*make_result(make_face(box=(40, 30, 100, 100)), size_wh=(320, 240)))
    sink.close()
    with VideoFile(path) as video:
        (frame,) = video
    assert cv2.absdiff(frame.image, make_result(size_wh=(320, 240))[0].image).max() > 80


class FailingWriter:
    """Stands in for an OpenCV without the codec, or for Ctrl-C while the file is being made."""

    interrupts = False

    def __init__(self, *_: object) -> None:
        if self.interrupts:
            raise KeyboardInterrupt

    @staticmethod
    def fourcc(*_: str) -> int:
        return 0

    def isOpened(self) -> bool:  # noqa: N802
        return False


@pytest.mark.parametrize(("interrupts", "error"), [(False, FerEdgeError), (True, KeyboardInterrupt)])
def test_a_video_that_never_began_leaves_what_was_there(
    make_result: MakeResult,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    interrupts: bool,
    error: type[BaseException],
) -> None:
    path = tmp_path / "out.mp4"
    path.write_text("what was there before")
    monkeypatch.setattr(FailingWriter, "interrupts", interrupts)
    monkeypatch.setattr(cv2, "VideoWriter", FailingWriter)
    sink = VideoSink(path, EXPRESSIONS, live=False, fps=12)
    with pytest.raises(error):
        sink.write(*make_result())
    sink.close()
    assert path.read_text() == "what was there before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names of any bytes are Linux's")
@pytest.mark.parametrize("name", [b"a:b.mp4", b"50%.mp4", b"x%03d.avi", b"a?* .mkv", b"\377.mp4", b"d\377/a:b.avi"])
def test_a_video_of_any_name_is_written(
    make_result: MakeResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(os.fsdecode(name))
    sink = VideoSink(path, EXPRESSIONS, live=False, fps=12)
    sink.write(*make_result())
    sink.close()
    assert frames_of(path) == [(120, 160, 3)]
    assert [each for each in Path().rglob("*") if each.is_file()] == [path]


@pytest.mark.parametrize("size_wh", [(1, 1), (9001, 20), (20, 9001)])
def test_a_picture_of_an_unusual_size_does_not_keep_the_next_out(
    make_result: MakeResult, tmp_path: Path, size_wh: tuple[int, int]
) -> None:
    sink = VideoSink(tmp_path / "a.mp4", EXPRESSIONS, live=False, fps=None)
    sink.write(*make_result(size_wh=size_wh))
    sink.write(*make_result())
    sink.close()
    assert len(frames_of(tmp_path / "a.mp4")) == 2
