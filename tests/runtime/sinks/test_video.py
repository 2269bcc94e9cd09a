from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from fer_edge.errors import FerEdgeError, InputError
from fer_edge.files import lock_file
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import FaceResult, FrameResult
from fer_edge.runtime.sinks import video_writers
from fer_edge.runtime.sinks.video import VideoSink
from fer_edge.runtime.sinks.video_writers import count_frames
from fer_edge.runtime.sources.recordings import VideoFile
from fer_edge.runtime.sources.source import Frame

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]


def frames_of(path: Path) -> list[tuple[int, ...]]:
    with VideoFile(path) as video:
        return [frame.image.shape for frame in video]


@pytest.fixture(params=["ffmpeg", "opencv"])
def encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Select the encoder of .mp4 files: ffmpeg, where it is installed, or OpenCV."""
    if request.param == "opencv":
        monkeypatch.setattr(shutil, "which", lambda _: None)
    elif shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    return str(request.param)


@pytest.mark.parametrize("name", ["out.mp4", "out.avi", "out.mkv", "out.webm", "OUT.MP4"])
@pytest.mark.usefixtures("encoder")
def test_recording_is_written_frame_by_frame(
    make_face: MakeFace, make_result: MakeResult, tmp_path: Path, name: str
) -> None:
    sink = VideoSink(tmp_path / name, EXPRESSIONS, live=False, fps=12)
    for number in range(9):
        sink.write(*make_result(make_face(), number=number, position_s=round(number / 12, 3)))
    sink.close()
    assert frames_of(tmp_path / name) == [(120, 160, 3)] * 9
    with VideoFile(tmp_path / name) as video:
        assert video.fps == pytest.approx(12, abs=0.1)


@pytest.mark.usefixtures("encoder")
def test_file_appears_when_it_is_complete(make_result: MakeResult, tmp_path: Path) -> None:
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


@pytest.mark.usefixtures("encoder")
@pytest.mark.parametrize("fps", [14.987654321, 23.976, 240, 0.3])
def test_video_of_any_rate_is_written(make_result: MakeResult, tmp_path: Path, fps: float) -> None:
    sink = VideoSink(tmp_path / "out.mp4", EXPRESSIONS, live=False, fps=fps)
    for number in range(9):
        sink.write(*make_result(number=number, position_s=number / fps))
    sink.close()
    with VideoFile(tmp_path / "out.mp4") as video:
        assert len(list(video)) == 9
        assert video.fps == pytest.approx(fps, rel=0.01)


@pytest.mark.usefixtures("encoder")
def test_odd_and_changing_sizes_are_fitted(make_face: MakeFace, make_result: MakeResult, tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    sink = VideoSink(path, EXPRESSIONS, live=False, fps=None)
    for size_wh in ((161, 121), (400, 100), (20, 300), (8, 8)):
        sink.write(*make_result(make_face(box=(1, 1, 7, 7)), size_wh=size_wh))
    sink.close()
    assert frames_of(path) == [(122, 162, 3)] * 4


def seconds_of(path: Path) -> float:
    with VideoFile(path) as video:
        assert video.fps is not None
        return len(list(video)) / video.fps


UNEVEN_S = [*(i / 4 for i in range(8)), *(2 + i / 50 for i in range(50))]
"""2 s at 4 frames per second, then 1 s at 50."""


@pytest.mark.parametrize("set_by_s", [0, 3600, -3600])
def test_live_video_runs_in_real_time(make_result: MakeResult, tmp_path: Path, set_by_s: float) -> None:
    """The wall clock is set meanwhile, as on a device without a battery-backed clock."""
    path = tmp_path / "out.mp4"
    sink = VideoSink(path, EXPRESSIONS, live=True, fps=30)
    for number, moment in enumerate(UNEVEN_S):
        wall_time = 1000 + moment + (set_by_s if number > 20 else 0)
        sink.write(*make_result(number=number, time=wall_time, taken_at=50 + moment))
    sink.close()
    assert seconds_of(path) == pytest.approx(3, abs=0.1)


def test_video_of_a_recording_of_variable_rate_runs_in_real_time(make_result: MakeResult, tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    sink = VideoSink(path, EXPRESSIONS, live=False, fps=25)
    for number, position_s in enumerate(UNEVEN_S):
        sink.write(*make_result(number=number, position_s=position_s))
    sink.close()
    assert seconds_of(path) == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize(("known", "seconds"), [("position_s", 33), ("taken_at", 13)])
def test_gap_of_an_hour_is_shortened(make_result: MakeResult, tmp_path: Path, known: str, seconds: float) -> None:
    path = tmp_path / "out.avi"
    sink = VideoSink(path, EXPRESSIONS, live=known == "taken_at", fps=15)
    moments = [*(i / 15 for i in range(15)), *(3600 + i / 15 for i in range(30))]
    for number, moment in enumerate(moments):
        sink.write(*make_result(number=number, **{known: moment}))
    sink.close()
    assert seconds_of(path) == pytest.approx(seconds, abs=0.2)


@pytest.mark.parametrize("name", ["out.gif", "out"])
def test_unknown_suffix_is_rejected(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"expected a video ending in \.mp4"):
        VideoSink(tmp_path / name, EXPRESSIONS, live=False, fps=12)


def test_annotations_are_in_the_video(make_face: MakeFace, make_result: MakeResult, tmp_path: Path) -> None:
    path = tmp_path / "out.avi"
    sink = VideoSink(path, EXPRESSIONS, live=False, fps=12)
    sink.write(*make_result(make_face(box=(40, 30, 100, 100)), size_wh=(320, 240)))
    sink.close()
    with VideoFile(path) as video:
        (frame,) = video
    assert cv2.absdiff(frame.image, make_result(size_wh=(320, 240))[0].image).max() > 80


class FailingWriter:
    """Stands in for an OpenCV without the codec, or for Ctrl-C while the file is being created."""

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
def test_failed_start_leaves_the_existing_file(
    make_result: MakeResult,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    interrupts: bool,
    error: type[BaseException],
) -> None:
    path = tmp_path / "out.avi"
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
def test_video_of_any_name_is_written(
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
def test_first_picture_of_unusual_size_is_followed_by_others(
    make_result: MakeResult, tmp_path: Path, size_wh: tuple[int, int]
) -> None:
    sink = VideoSink(tmp_path / "a.mp4", EXPRESSIONS, live=False, fps=None)
    sink.write(*make_result(size_wh=size_wh))
    sink.write(*make_result())
    sink.close()
    assert len(frames_of(tmp_path / "a.mp4")) == 2


WRITE = """
import os, signal, sys
from pathlib import Path
import numpy as np
from fer_edge.errors import FerEdgeError
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.sources.source import Frame
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.video import VideoSink

path, ending = Path(sys.argv[1]), sys.argv[2]
if ending == "full":
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
sink = VideoSink(path, EXPRESSIONS, live=False, fps=10, on_note=print)
rng = np.random.default_rng(0)
try:
    for number in range(60):
        image = rng.integers(0, 256, (192, 256, 3), np.uint8)
        sink.write(Frame(image, number, 0.0, number / 10), FrameResult(number, 0.0, (), {}))
        if ending == "gone" and number == 30:
            path.parent.rename(path.parent.with_name("elsewhere"))
            sink._checked = 0
    if ending == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
except FerEdgeError as error:
    print(error)
try:
    sink.close()
except FerEdgeError as error:
    print(error)
"""


def write_in_child(path: Path, ending: str, environment: dict[str, str], encoder: str) -> tuple[int, str]:
    """Write 60 frames in a process; "full" limits the file, "gone" moves its folder, "killed" kills the process."""
    if encoder == "opencv":
        environment = {**environment, "PATH": ""}
    command = [sys.executable, "-c", WRITE, str(path), ending]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files by setrlimit")
@pytest.mark.parametrize(
    ("name", "reason"), [("out.mp4", ""), ("out.avi", " of its 60 frames"), ("out.mkv", " of its 60 frames")]
)
def test_video_that_does_not_fit_on_the_disk_is_an_error_and_keeps_its_unfinished_name(
    tmp_path: Path, child_environment: dict[str, str], encoder: str, name: str, reason: str
) -> None:
    code, said = write_in_child(tmp_path / name, "full", child_environment, encoder)
    assert code == 0
    assert said.startswith(f"{tmp_path / name}: ")
    assert len(said.splitlines()) == 1
    assert reason in said
    assert not (tmp_path / name).exists()
    for kept in tmp_path.iterdir():
        assert 0 < len(frames_of(kept)) < 60


@pytest.mark.skipif(sys.platform == "win32", reason="runs a shell script")
def test_full_disk_that_ffmpeg_does_not_report_is_detected(
    make_result: MakeResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("ffmpeg is not installed")
    script = tmp_path / "bin" / "ffmpeg"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\n{program} "$@" | (head -c 2000; cat > /dev/null)\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent), prepend=os.pathsep)
    sink = VideoSink(tmp_path / "out.mp4", EXPRESSIONS, live=False, fps=1)
    for number in range(9):
        sink.write(*make_result(number=number))
    with pytest.raises(FerEdgeError, match="of its 9 frames are in the file; check the disk"):
        sink.close()
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize("name", ["out.mp4", "out.avi"])
def test_only_videos_of_opencv_are_counted_again(
    make_result: MakeResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    counted: list[Path] = []
    monkeypatch.setattr(video_writers, "_require_counted", lambda path, _: counted.append(path))
    sink = VideoSink(tmp_path / name, EXPRESSIONS, live=False, fps=1)
    assert sink.checking_s() == 0
    sink.write(*make_result())
    with (tmp_path / f"out.unfinished{name[3:]}").open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.truncate(50_000_000)
        assert sink.checking_s() == pytest.approx(10)
        file.truncate(size)
    sink.close()
    assert len(counted) == (name == "out.avi")
    assert (tmp_path / name).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="an open file's folder cannot be moved")
@pytest.mark.parametrize("name", ["out.mp4", "out.avi"])
def test_removed_folder_is_reported(tmp_path: Path, child_environment: dict[str, str], encoder: str, name: str) -> None:
    path = tmp_path / "folder" / name
    _, said = write_in_child(path, "gone", child_environment, encoder)
    assert said.startswith(f"{path}: it or its folder was removed while it was written")
    assert len(said.splitlines()) == 1


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")
@pytest.mark.parametrize("name", ["out.mp4", "out.avi", "out.mkv"])
def test_killed_video_is_readable_and_kept(
    tmp_path: Path, child_environment: dict[str, str], encoder: str, name: str
) -> None:
    path = tmp_path / name
    assert write_in_child(path, "killed", child_environment, encoder)[0] == -signal.SIGKILL
    unfinished, kept = (path.with_name(f"out.{state}{path.suffix}") for state in ("unfinished", "killed-1"))
    is_readable = name != "out.mp4" or encoder == "ffmpeg"
    wait_until(lambda: is_unlocked(unfinished))  # until ffmpeg has completed the file by itself
    assert (count_frames(unfinished) > 20) == is_readable
    code, said = write_in_child(path, "", child_environment, encoder)
    note = f"{path}: an earlier run was killed before it was complete; what it had written is in {kept}\n"
    assert (code, said) == (0, note if is_readable else "")
    assert {each.name for each in tmp_path.iterdir()} == ({path.name, kept.name} if is_readable else {path.name})
    assert count_frames(path) == 60


def is_unlocked(path: Path) -> bool:
    with path.open("r+b") as file:
        return lock_file(file.fileno())


def wait_until(is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_video_of_another_process_is_rejected(make_result: MakeResult, tmp_path: Path) -> None:
    first = VideoSink(tmp_path / "out.mp4", EXPRESSIONS, live=False, fps=10)
    with pytest.raises(InputError, match="another process writes to it"):
        VideoSink(tmp_path / "out.mp4", EXPRESSIONS, live=False, fps=10)
    first.write(*make_result())
    first.close()
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
@pytest.mark.usefixtures("encoder")
def test_linked_video_is_written_where_the_link_leads(
    make_face: MakeFace, make_result: MakeResult, tmp_path: Path
) -> None:
    link, target = tmp_path / "seen.mp4", tmp_path / "disk" / "video.mp4"
    link.symlink_to(target)
    sink = VideoSink(link, EXPRESSIONS, live=False, fps=10)
    sink.write(*make_result(make_face()))
    sink.close()
    assert link.is_symlink()
    assert len(frames_of(target)) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("kind", ["a folder", "a pipe"])
def test_video_takes_no_other_things_place(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "seen.mp4"
    path.mkdir() if kind == "a folder" else os.mkfifo(path)
    with pytest.raises(InputError, match=f"expected a file to write, got {kind}"):
        VideoSink(path, EXPRESSIONS, live=False, fps=10)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="links are followed there")
def test_link_in_place_of_the_unfinished_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "seen.unfinished.mp4").symlink_to("notes.txt")
    with pytest.raises(FerEdgeError, match=r"seen\.mp4: Too many levels of symbolic links"):
        VideoSink(tmp_path / "seen.mp4", EXPRESSIONS, live=False, fps=10)
    assert (tmp_path / "notes.txt").read_text() == "mine"
