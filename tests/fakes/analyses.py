"""Analyses whose tables and manifest are written without a video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fer_edge.analysis.joining import TrackTally
from fer_edge.analysis.manifest import Entry, Manifest, State
from fer_edge.analysis.rows import FaceRow
from fer_edge.analysis.source_files import Kind
from fer_edge.analysis.tables import FACES, TRACKS, face_columns, open_table, track_columns
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import UNCERTAIN

FPS = 10


@dataclass(frozen=True)
class FakeFile:
    """A file of an analysis: for each track, the stretches `(from, to, label)` that show it, in seconds."""

    name: str
    tracks: Sequence[Sequence[tuple[float, float, str]]] = ()
    seconds: float = 10.0
    kind: Kind = Kind.VIDEO
    state: State = State.DONE
    reason: str | None = None
    video: str | None = None
    labels: Sequence[str] = field(default=())
    """Labels of a picture's faces."""


def face_row(
    track: int | None, seconds: float | None, label: str, *, score: float = 0.9, labels: Sequence[str] = EXPRESSIONS
) -> FaceRow:
    """A face whose label has `score` and the others equal shares of the rest."""
    rest = (1 - score) / max(len(labels) - 1, 1)
    scores = tuple(score if each == label else rest for each in labels)
    frame = round((seconds or 0.0) * FPS)
    return FaceRow("v.mp4", frame, seconds, track, 40.0 * (track or 0), 20.0, 30.0, 36.0, 0.9, scores, label)


def rows_of(file: FakeFile, labels: Sequence[str] = EXPRESSIONS) -> Iterator[FaceRow]:
    """The rows of a file's faces, frame by frame."""
    yield from (face_row(None, None, label, labels=labels) for label in file.labels)
    for frame in range(round(file.seconds * FPS)):
        seconds = frame / FPS
        for track, stretches in enumerate(file.tracks, 1):
            for start, end, label in stretches:
                if start <= seconds < end:
                    yield face_row(track, seconds, label, score=0.2 if label == UNCERTAIN else 0.9, labels=labels)


def write_analysis(folder: Path, files: Iterable[FakeFile], labels: Sequence[str] = EXPRESSIONS) -> Path:
    """Write the tables and the manifest of files into a folder, and return it."""
    entries = []
    with (
        open_table(folder, FACES, face_columns(labels)) as faces,
        open_table(folder, TRACKS, track_columns(labels)) as tracks,
    ):
        for number, file in enumerate(files):
            tally, rows = TrackTally(file.name, tuple(labels)), list(rows_of(file, labels))
            for row in rows:
                faces.write(row)
                tally.add(row)
            summaries = list(tally.rows())
            for track in summaries:
                tracks.write(track)
            entries.append(
                Entry(
                    file.name,
                    f"/{file.name}",
                    file.kind,
                    size=1,
                    modified_ns=1,
                    state=file.state,
                    reason=file.reason,
                    key=f"{number:x}",
                    frames=1 if file.kind is Kind.PICTURE else round(file.seconds * FPS),
                    seconds=file.seconds - 1 / FPS,
                    faces=len(rows),
                    tracks=len(summaries),
                    video=file.video,
                )
            )
    model = {"name": "compact", "sha256": "00", "labels": list(labels)}
    settings = {"threshold": 0.4, "prior": None, "every_s": 0.0}
    Manifest(model, settings, {each.key: each for each in entries}, is_joined=True).write(folder)
    return folder
