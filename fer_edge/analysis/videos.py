"""Annotated copies of the videos of an analysis."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from fer_edge.analysis.annotated_video import video_suffix, write_annotated_video
from fer_edge.analysis.joining import join_parts
from fer_edge.analysis.manifest import Entry, Manifest
from fer_edge.analysis.parts import part_paths
from fer_edge.analysis.source_files import Kind
from fer_edge.errors import FerEdgeError
from fer_edge.files import sole_user

VIDEOS = "videos"
"""Folder of the annotated videos, below that of the analysis."""


def missing_videos(directory: Path) -> list[Entry]:
    """Return the files of an analysis that have no annotated copy yet."""
    manifest = Manifest.read(directory)
    return [] if manifest is None else [entry for entry in manifest.entries.values() if _lacks_video(directory, entry)]


def write_videos(
    directory: Path, on_seconds: Callable[[Entry, float], object] = lambda _entry, _seconds: None
) -> Iterator[tuple[Entry, str | None, bool]]:
    """Write the annotated copies that are missing; one that fails does not end the others.

    Args:
        directory: Folder of an analysis.
        on_seconds: Takes a file and the position in it, in seconds, that its copy has reached.

    Yields:
        Each file when its copy is done, a note on it if there is one, and whether there is a copy.

    Raises:
        InputError: If another process writes to the folder.
    """
    with sole_user(directory):
        manifest = Manifest.read(directory)
        if manifest is None:
            return
        for key, entry in manifest.entries.items():
            if not _lacks_video(directory, entry):
                continue
            place = _place(entry, {other.video for other in manifest.entries.values()})
            try:
                note = _write(directory, manifest, entry, place, partial(on_seconds, entry))
            except FerEdgeError as error:
                yield entry, str(error), False
                continue
            manifest.entries[key] = replace(entry, video=place)
            manifest.write(directory)
            yield manifest.entries[key], note, True


def _lacks_video(directory: Path, entry: Entry) -> bool:
    is_there = entry.video is not None and (directory / entry.video).exists()
    return entry.kind is Kind.VIDEO and entry.is_finished and not is_there


def _write(
    directory: Path, manifest: Manifest, entry: Entry, place: str, on_seconds: Callable[[float], object]
) -> str | None:
    labels, every_s = tuple(manifest.model["labels"]), manifest.settings["every_s"]
    rows = join_parts(entry.file, part_paths(directory, entry.key, entry.parts), labels)
    return write_annotated_video(Path(entry.path), rows, labels, every_s, directory / place, on_seconds)


def _place(entry: Entry, taken: Collection[str | None]) -> str:
    """Return the path of an annotated copy below the folder, which no other file's has."""
    stem, suffix = Path(entry.path).stem, video_suffix()
    place = f"{VIDEOS}/{stem}{suffix}"
    return place if place not in taken else f"{VIDEOS}/{stem}-{entry.key[:8]}{suffix}"
