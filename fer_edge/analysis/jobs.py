"""Jobs: each analyzes one chunk of a file, in any process of any machine, with the same rows as result."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fer_edge.analysis.logs import OnRow, json_row, read_log
from fer_edge.analysis.parts import PartFacts, write_part
from fer_edge.analysis.recognizer import Recognizer
from fer_edge.analysis.settings import WARM_UP_S, Settings
from fer_edge.analysis.source_files import Kind, SourceFile
from fer_edge.analysis.summary.thumbnails import MomentKeeper, thumbnail_folder
from fer_edge.errors import FerEdgeError
from fer_edge.runtime.sinks.json_form import expression_json, face_json
from fer_edge.runtime.sources.recordings import Intervals
from fer_edge.runtime.sources.video_span import WHOLE, Span, VideoSpan

OnShare = Callable[[float], None]
"""Takes the share of a job that is done, 0..1."""

_SECONDS_PLACES = 6

_OWN = threading.local()
"""The model that a thread has loaded, and its settings."""


@dataclass(frozen=True)
class Job:
    """One chunk of a file.

    Attributes:
        source: The file.
        part: Path of its part file.
        labels: Columns of the scores.
        settings: Settings of the analysis.
        span: The chunk, of a video.
        share: Share of the file that the chunk is, 0..1.
        length_s: Approximate length of the span in seconds; infinite if unknown.
    """

    source: SourceFile
    part: Path
    labels: tuple[str, ...]
    settings: Settings
    span: Span = WHOLE
    share: float = 1.0
    length_s: float = math.inf


@dataclass(frozen=True)
class JobResult:
    """End of a job.

    Attributes:
        job: The job.
        facts: Facts on what was read; `None` if it failed.
        error: Reason why it failed.
    """

    job: Job
    facts: PartFacts | None
    error: str | None = None


def plan_jobs(
    source: SourceFile, part: Callable[[int], Path], labels: tuple[str, ...], settings: Settings
) -> list[Job]:
    """Return the jobs of a file, in order; `part` returns the path of each one's part.

    A video is cut into chunks if its frames can be sought by time.

    Raises:
        InputError: If a video cannot be opened.
    """
    spans, length_s = [WHOLE], math.inf
    if source.kind is Kind.VIDEO:
        length_s = _length_s(source.path)
        spans = _spans(source.path, length_s, settings.chunk_s)
    each_s = min(settings.chunk_s, length_s) if len(spans) > 1 else length_s
    return [
        Job(source, part(number), labels, settings, span, 1 / len(spans), each_s) for number, span in enumerate(spans)
    ]


def do_job(job: Job, on_share: OnShare = lambda _: None) -> JobResult:
    """Analyze a chunk and write its part file; an expected fault ends this job only."""
    try:
        return JobResult(job, _write_part(job, on_share))
    except FerEdgeError as error:
        return JobResult(job, None, str(error).removeprefix(f"{job.source.path}: "))


def _write_part(job: Job, on_share: OnShare) -> PartFacts:
    with write_part(job.part) as part:
        if job.source.kind is Kind.VIDEO:
            part.facts = _analyze_video(job, part.write, on_share)
        elif job.source.kind is Kind.PICTURE:
            part.facts = _analyze_picture(job, part.write)
        else:
            part.facts = read_log(job.source.path, job.labels, job.settings.every_s, part.write)
        return part.facts


def _analyze_video(job: Job, write: OnRow, on_share: OnShare) -> PartFacts:
    settings = job.settings
    with VideoSpan(job.source.path, job.span, settings.every_s) as video:
        followed = _recognizer(settings).follow(
            video, detect_every=settings.detect_every, smoothing_s=settings.smoothing_s
        )
        keeper = MomentKeeper(thumbnail_folder(job.part)) if settings.thumbnails else None
        for frame, result in followed:
            seconds = round(frame.moment, _SECONDS_PLACES)
            rows = [
                json_row(face_json(face, job.labels), frame.number, seconds, face.track_id) for face in result.faces
            ]
            if keeper is not None:
                keeper.add(frame.image, rows)
            for row in rows:
                write(row)
            on_share(min(max((seconds - job.span.start_s) / job.length_s, 0.0), 1.0))
        if keeper is not None:
            keeper.write()
    return PartFacts(video.intervals)


def _analyze_picture(job: Job, write: OnRow) -> PartFacts:
    for face in _recognizer(job.settings)(job.source.path):
        write(json_row(expression_json(face.box, face.confidence, face.label, face.score, face.scores), 0, None, None))
    return PartFacts(Intervals(None, frames=1))


def _recognizer(settings: Settings) -> Recognizer:
    """Return this thread's own recognizer, as threads cannot share an interpreter."""
    if getattr(_OWN, "settings", None) != settings:
        _OWN.recognizer, _OWN.settings = settings.open_recognizer(), settings
    recognizer: Recognizer = _OWN.recognizer
    return recognizer


def _length_s(path: Path) -> float:
    """Return the approximate length of a video in seconds; infinite if it is not stated."""
    with VideoSpan(path) as video:
        frames, fps = video.expected_frames, video.fps
    return frames / fps if frames and fps else math.inf


def _spans(path: Path, length_s: float, chunk_s: float) -> list[Span]:
    """Return the chunks of a video; one, if its last frames cannot be sought, as in a file that is cut off."""
    count = math.ceil(length_s / chunk_s) if math.isfinite(length_s) else 1
    starts_s = [chunk_s * number for number in range(count)]
    spans = [Span(*ends, WARM_UP_S) for ends in zip(starts_s, [*starts_s[1:], math.inf], strict=True)]
    with VideoSpan(path, spans[-1]) as video:
        return spans if count > 1 and video.can_seek() else [WHOLE]
