"""An analysis' tables read file by file, in constant memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

from fer_edge.analysis.summary.file_summary import summarize_file
from fer_edge.analysis.summary.overview import Overview
from fer_edge.analysis.summary.page import PageBuilder
from fer_edge.analysis.tables import FaceRow, TrackRow, read_faces, read_tracks

AnyRow = TypeVar("AnyRow", FaceRow, TrackRow)


def summary_page(overview: Overview, directory: Path) -> str:
    """Return the page of an analysis.

    Args:
        overview: The analysis; its files are in the order of the tables.
        directory: Its folder, with the tables and thumbnails.
    """
    builder = PageBuilder(overview, directory)
    faces, tracks = _ByFile(read_faces(directory)), _ByFile(read_tracks(directory))
    for facts in overview.files:
        rows = faces.take(facts.file)
        if facts.is_picture:
            builder.add_picture(facts, Counter(row.label for row in rows))
        else:
            builder.add_video(facts, summarize_file(facts.file, tracks.take(facts.file), rows, facts.duration_s))
    return builder.page()


class _ByFile(Generic[AnyRow]):
    """Rows in the order of their files."""

    def __init__(self, rows: Iterator[AnyRow]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def take(self, file: str) -> Iterator[AnyRow]:
        """Yield the next rows if they are the file's."""
        while self._next is not None and self._next.file == file:
            row, self._next = self._next, next(self._rows, None)
            yield row
