"""The summary of an analysis, `summary.html`: a page made from its tables, thumbnails and manifest."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

from fer_edge.analysis.manifest import Manifest
from fer_edge.analysis.summary.file_summary import summarize_file
from fer_edge.analysis.summary.page import PageBuilder, is_still
from fer_edge.analysis.tables import read_faces, read_tracks
from fer_edge.errors import InputError
from fer_edge.files import write_atomic

SUMMARY = "summary.html"


def write_summary(directory: Path, *, privacy: bool = False) -> Path:
    """Write the summary of an analysis into its folder; its tables are read in constant memory.

    Args:
        directory: Folder of the analysis.
        privacy: Show drawings in place of faces.

    Returns:
        The page.

    Raises:
        InputError: If the folder holds no finished analysis, or its manifest is damaged.
    """
    manifest = Manifest.read(directory)
    if manifest is None or not manifest.is_joined:
        raise InputError(f"{directory}: expected a folder with tables of an analysis, got none; analyze into it first")
    builder = PageBuilder(manifest, directory, privacy=privacy)
    labels: tuple[str, ...] = tuple(manifest.model["labels"])
    faces, tracks = read_faces(directory), read_tracks(directory)
    for entry in manifest.entries.values():
        if not entry.is_finished:
            continue
        rows = islice(faces, entry.faces)
        if is_still(entry):
            builder.add_stills(entry, Counter(row.label for row in rows))
        else:
            step_s = max(manifest.settings["every_s"], entry.seconds / max(entry.frames - 1, 1))
            shown = summarize_file(islice(tracks, entry.tracks), rows, labels, last_s=entry.seconds, step_s=step_s)
            builder.add_video(entry, shown)
    path = directory / SUMMARY
    write_atomic(path, builder.page())
    return path
