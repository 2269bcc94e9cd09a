"""Analysis of files to tables; finished files are skipped, interrupted ones resumed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from fer_edge.analysis.jobs import Job, JobResult, do_job
from fer_edge.analysis.joining import TrackTally, join_parts
from fer_edge.analysis.logs import log_labels
from fer_edge.analysis.manifest import NAME, Entry, Manifest
from fer_edge.analysis.parts import PARTS, part_paths
from fer_edge.analysis.progress import AnalysisObserver, FilesProgress, Unobserved
from fer_edge.analysis.settings import Settings
from fer_edge.analysis.source_files import Kind, SourceFile
from fer_edge.analysis.summary import SUMMARY
from fer_edge.analysis.summary.thumbnails import THUMBNAILS
from fer_edge.analysis.tables import (
    FACES,
    TRACKS,
    face_columns,
    has_parquet,
    open_table,
    track_columns,
)
from fer_edge.analysis.videos import VIDEOS
from fer_edge.errors import InputError
from fer_edge.files import sole_user
from fer_edge.labels import require_free

_KEY_LENGTH = 20

_CSV, _PARQUET = ([f"{name}{suffix}" for name in (FACES, TRACKS)] for suffix in (".csv", ".parquet"))

Executor = Callable[[Iterable[Job], Callable[[Job, float], None]], Iterator[JobResult]]
"""Does jobs in any order and yields their outcomes; calls the function with a job and the share of it that is done."""


def do_here(jobs: Iterable[Job], on_share: Callable[[Job, float], None]) -> Iterator[JobResult]:
    """Do jobs one after another in this process."""
    for job in jobs:
        yield do_job(job, partial(on_share, job))


def analyze(
    sources: Sequence[SourceFile],
    output: Path,
    settings: Settings,
    observer: AnalysisObserver | None = None,
    *,
    executor: Executor = do_here,
    overwrite: bool = False,
) -> Manifest:
    """Analyze files, and write the tables of all files of the folder's analysis, earlier ones too.

    Args:
        sources: The files.
        output: The folder, which belongs to this analysis alone.
        settings: Settings of the analysis.
        observer: Takes reports; `None` for no reports.
        executor: Does the jobs.
        overwrite: Replace an earlier analysis in the folder.

    Returns:
        The manifest, with the state of each file.

    Raises:
        InputError: If the folder holds another analysis or other tables, or another process writes to it.
        ModelError: If the model cannot be used.
    """
    settings, output = settings.settled(), output.absolute()  # for workers elsewhere
    with sole_user(output):
        _require_own(output)
        earlier = None if overwrite else Manifest.read(output)
        manifest = _begin(sources, settings, earlier, output)
        if overwrite:
            _remove(output)
        if not settings.thumbnails:
            _remove_stale(output / THUMBNAILS, ())
        manifest.write(output)
        progress = FilesProgress(manifest, output, observer or Unobserved())
        try:
            _do_jobs(sources, settings, progress, manifest, executor)
        finally:
            manifest.write(output)
        if not _is_joined(output, manifest, earlier):
            _write_tables(output, manifest)
        manifest = replace(manifest, is_joined=True)
        manifest.write(output)
        for folder in (PARTS, THUMBNAILS):
            _remove_stale(output / folder, manifest.entries)
    return manifest


def _require_own(output: Path) -> None:
    """Check that tables in the folder are those of an analysis.

    Raises:
        InputError: If they are not, as they would be replaced.
    """
    if (output / NAME).exists():
        return
    for name in (*_CSV, *_PARQUET):
        if (output / name).exists():
            raise InputError(f"{output / name}: expected no table here but an analysis' own; choose another folder")


def _begin(sources: Sequence[SourceFile], settings: Settings, earlier: Manifest | None, output: Path) -> Manifest:
    """Return a manifest with the earlier files that are not named again, then the named ones."""
    model = _model(sources, settings, earlier)
    require_free(model["labels"], model["name"] or "the log")
    manifest = Manifest(model, settings.to_json())
    if earlier is not None:
        manifest.require_same(earlier, output)
    kept = {} if earlier is None else earlier.entries
    named = {str(source.path) for source in sources}
    manifest.entries.update({key: entry for key, entry in kept.items() if entry.path not in named})
    for source in sources:
        key = _key(source, manifest)
        entry = kept.get(key, Entry.of_source(source, key))
        manifest.entries[key] = replace(entry, file=source.name)
    return manifest


def _model(sources: Sequence[SourceFile], settings: Settings, earlier: Manifest | None) -> dict[str, Any]:
    """Return the name, digest and labels of the model; for logs alone, with the logs' own labels."""
    if all(source.kind is Kind.LOG for source in sources):
        if earlier is not None:
            return dict(earlier.model)
        labels = next(filter(None, (log_labels(source.path) for source in sources)), None)
        if labels is not None:
            return {"name": None, "sha256": None, "labels": list(labels)}
    card = settings.open_recognizer().card
    return {"name": card.name, "sha256": settings.model_sha256, "labels": list(card.labels)}


def _key(source: SourceFile, manifest: Manifest) -> str:
    """Return the name of the folder of a file's parts, which differs if the file, model or settings have changed."""
    facts = [str(source.path), source.size, source.modified_ns, manifest.model, manifest.settings]
    return hashlib.sha256(json.dumps(facts).encode(errors="surrogateescape")).hexdigest()[:_KEY_LENGTH]


def _do_jobs(
    sources: Sequence[SourceFile], settings: Settings, progress: FilesProgress, manifest: Manifest, executor: Executor
) -> None:
    def jobs() -> Iterator[Job]:
        for source in sources:
            yield from progress.jobs(source, manifest.entries[_key(source, manifest)], settings)

    for outcome in executor(jobs(), progress.report):
        progress.take(outcome)


def _is_joined(output: Path, manifest: Manifest, earlier: Manifest | None) -> bool:
    """Return whether the tables of an earlier call are complete, so that nothing needs joining."""
    is_same = earlier is not None and list(manifest.entries.items()) == list(earlier.entries.items())
    names = [*_CSV, *_PARQUET] if has_parquet() else _CSV
    return is_same and earlier is not None and earlier.is_joined and all((output / name).exists() for name in names)


def _write_tables(output: Path, manifest: Manifest) -> None:
    """Join the parts of all files that are finished; without pyarrow, an older Parquet table is removed."""
    labels = tuple(manifest.model["labels"])
    with (
        open_table(output, FACES, face_columns(labels)) as faces,
        open_table(output, TRACKS, track_columns(labels)) as tracks,
    ):
        for key, entry in manifest.entries.items():
            if not entry.is_finished:
                continue
            tally, rows = TrackTally(entry.file, labels), 0
            for row in join_parts(entry.file, part_paths(output, entry.key, entry.parts), labels):
                faces.write(row)
                tally.add(row)
                rows += 1
            summaries = list(tally.rows())
            for summary in summaries:
                tracks.write(summary)
            manifest.entries[key] = replace(entry, faces=rows, tracks=len(summaries))
    if not has_parquet():
        for name in _PARQUET:
            (output / name).unlink(missing_ok=True)


def _remove(output: Path) -> None:
    """Remove an analysis; the manifest, which marks the other files as its own, goes last."""
    for folder in (PARTS, THUMBNAILS):
        _remove_stale(output / folder, ())
    shutil.rmtree(output / VIDEOS, ignore_errors=True)
    for name in (*_CSV, *_PARQUET, SUMMARY, NAME):
        (output / name).unlink(missing_ok=True)


def _remove_stale(folders: Path, keys: Collection[str]) -> None:
    """Remove the parts or thumbnails of files that have changed since, or are replaced."""
    with suppress(FileNotFoundError):
        for folder in list(folders.iterdir()):
            if folder.name not in keys:
                shutil.rmtree(folder)
