"""Annotated copies of videos that play in a browser, with the numbers of the tracks and the sound."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np

from fer_edge.analysis.rows import FaceRow
from fer_edge.errors import FerEdgeError
from fer_edge.files import atomic_path
from fer_edge.runtime.results import FaceResult, FrameResult
from fer_edge.runtime.sinks.video import VideoSink
from fer_edge.runtime.sinks.video_writers import has_h264
from fer_edge.runtime.sources.recordings import VideoFile
from fer_edge.runtime.sources.source import Frame
from fer_edge.runtime.sources.video_span import is_first_of_interval

_SOUND_ENCODERS = {".mp4": "aac", ".webm": "libopus"}
_INDEX_FIRST = {".mp4": ("-movflags", "+faststart")}
"""Options by which a browser can play a video before it has loaded all of it."""


def video_suffix() -> str:
    """Return the suffix of annotated videos: .mp4 (H.264) where ffmpeg can write that, else .webm (VP8)."""
    return ".mp4" if has_h264() else ".webm"


def video_kind() -> str:
    """Return the format of annotated videos in words."""
    sound = "with sound, through ffmpeg" if shutil.which("ffmpeg") else "without sound, as ffmpeg is not installed"
    return f"{'H.264 .mp4' if has_h264() else 'VP8 .webm'} {sound}"


def write_annotated_video(
    video: Path,
    rows: Iterable[FaceRow],
    labels: tuple[str, ...],
    every_s: float,
    target: Path,
    on_seconds: Callable[[float], object],
) -> str | None:
    """Write an annotated copy of a video; a frame between two that were analyzed shows what the first one did.

    Args:
        video: The video.
        rows: Its rows in the table of faces, in their order.
        labels: Labels of the scores.
        every_s: Seconds between two frames that were analyzed; 0 if all were.
        target: The copy, which ends in `video_suffix()`.
        on_seconds: Takes the position in the video, in seconds, that the copy has reached.

    Returns:
        Reason why it has no sound, though the video may have some; `None` if nothing is missing.

    Raises:
        FerEdgeError: If the video cannot be read, or the copy not be written.
    """
    with atomic_path(target) as path:
        silent = path.parent / "silent" / path.name
        silent.parent.mkdir()
        with VideoFile(video) as source:
            sink = VideoSink(silent, labels, live=False, fps=source.even_fps(), h264=has_h264())
            try:
                for frame, result in _results(source, rows, every_s):
                    sink.write(frame, result)
                    on_seconds(frame.moment)
            finally:
                sink.close()
        if not silent.exists():
            raise FerEdgeError(f"{video}: expected frames that can be read, got none")
        return _add_sound(silent, video, path)


def _results(frames: Iterable[Frame], rows: Iterable[FaceRow], every_s: float) -> Iterator[tuple[Frame, FrameResult]]:
    groups = ((number, tuple(faces)) for number, faces in groupby(rows, attrgetter("frame")))
    number, faces = next(groups, (-1, ()))
    shown: tuple[FaceResult, ...] = ()
    before_s = -1.0
    for frame in frames:
        if is_first_of_interval(frame.moment, before_s, every_s):
            shown = ()
        if number == frame.number:
            shown = tuple(map(_face, faces))
            number, faces = next(groups, (-1, ()))
        before_s = frame.moment
        yield frame, FrameResult(frame.number, frame.time, shown, {})


def _face(row: FaceRow) -> FaceResult:
    scores = np.array(row.scores, np.float32)
    return FaceResult(row.track or 0, row.box_xyxy, row.confidence, scores, row.label, float(scores.max()))


def _add_sound(silent: Path, original: Path, path: Path) -> str | None:
    """Join the pictures of one video with the sound of another, if it has any; return the reason if that failed."""
    program = shutil.which("ffmpeg")
    if program is None:
        silent.replace(path)
        return "its annotated video has no sound, as ffmpeg is not installed"
    reads = ["-i", f"file:{silent}", "-i", f"file:{original.absolute()}", "-map", "0:v:0", "-map", "1:a:0?"]
    writes = ["-c:v", "copy", "-c:a", _SOUND_ENCODERS[path.suffix], *_INDEX_FIRST.get(path.suffix, ())]
    command = [program, "-nostdin", "-y", "-loglevel", "error", *reads, *writes, f"file:{path}"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:  # a damaged sound, or one that this ffmpeg cannot decode
        silent.replace(path)
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        return f"its annotated video has no sound: {lines[-1] if lines else 'ffmpeg gives no reason'}"
    silent.unlink()
    return None
