"""Part files: the rows of one chunk of a file, written whole or not at all, and facts on what was read."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fer_edge.analysis.rows import FaceRow, require_sound
from fer_edge.analysis.tables import DAMAGED_TABLE_ERRORS
from fer_edge.bounded_json import parse_json
from fer_edge.errors import InputError, first_line
from fer_edge.files import atomic_path
from fer_edge.runtime.sources.recordings import Intervals

WARM_UP_FRAME = -1
"""Frame number of rows from before the chunk, by which its tracks are matched with those of the chunk before."""

PARTS = "parts"
"""Folder of the parts, below that of the analysis, by which a later call skips finished chunks."""

_DAMAGED = (*DAMAGED_TABLE_ERRORS, OSError, EOFError, KeyError, IndexError, zlib.error)
"""Exceptions of reading a part that is damaged or missing."""

_LEVEL = 3
"""Level of compression at which zlib is fast."""


@dataclass(frozen=True)
class PartFacts:
    """Facts on the frames that were read of a chunk.

    Attributes:
        intervals: The frames, whether they were sampled or not.
        reason: Reason why the chunk is incomplete; `None` if it is complete.
    """

    intervals: Intervals
    reason: str | None = None


def part_path(output: Path, key: str, number: int) -> Path:
    """Return the path of a part of the file with `key`, in the analysis in the folder `output`."""
    return output / PARTS / key / f"{number:06d}.csv.gz"


def part_paths(output: Path, key: str, count: int) -> list[Path]:
    """Return the paths of all parts of a file, in order."""
    return [part_path(output, key, number) for number in range(count)]


class PartWriter:
    """Writes the rows of a chunk in their order; those of the warm-up come first."""

    def __init__(self, lines: Any) -> None:
        """Take over a CSV writer."""
        self._lines = lines
        self.facts: PartFacts | None = None

    def write(self, row: FaceRow) -> None:
        """Add a row."""
        self._lines.writerow(row.cells())


@contextmanager
def write_part(path: Path) -> Iterator[PartWriter]:
    """Yield a writer of a part file; set its `facts` in the block. The same rows give the same bytes."""
    with atomic_path(path) as temporary:
        with (
            temporary.open("wb") as file,
            gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
        ):
            writer = PartWriter(csv.writer(text, lineterminator="\n"))
            yield writer
            assert writer.facts is not None
            csv.writer(text, lineterminator="\n").writerow([json.dumps(asdict(writer.facts))])
        with temporary.open("rb") as written:  # or a power cut might leave its name without its content
            os.fsync(written.fileno())


class PartReader:
    """Reads the rows of a part file, then its facts.

    Attributes:
        facts: Set after the last row.
    """

    def __init__(self, path: Path, labels: tuple[str, ...]) -> None:
        """Prepare to read `path`, whose scores are those of `labels`."""
        self._path = path
        self._labels = labels
        self.facts: PartFacts | None = None

    def __iter__(self) -> Iterator[FaceRow]:
        """Yield the rows.

        Raises:
            InputError: If the file is missing or damaged.
        """
        try:
            yield from self._rows()
        except _DAMAGED as error:
            raise self._damage(first_line(error)) from error
        if self.facts is None:
            raise self._damage("it has no end")

    def _rows(self) -> Iterator[FaceRow]:
        with gzip.open(self._path, "rt", encoding="utf-8", newline="") as text:
            for cells in csv.reader(text):
                if len(cells) > 1:
                    row = FaceRow.of_cells(cells)
                    row.require_sound(self._labels)
                    yield row
                else:  # the end: what follows is gzip's check sum, which is read as well
                    self.facts = _facts(cells[0])

    def _damage(self, reason: str) -> InputError:
        advice = f"remove {self._path.parent}, and call the same command again to analyze it anew"
        return InputError(f"{self._path}: expected a part of an analysis, got a damaged one ({reason}); {advice}")


def _facts(text: str) -> PartFacts:
    facts = parse_json(text)
    intervals, reason = Intervals(**facts["intervals"]), facts["reason"]
    require_sound((intervals.frames, intervals.regular), (intervals.last_s,), (intervals.fps or 0.0,))
    if min(intervals.frames, intervals.regular) < 0 or not isinstance(reason, (str, type(None))):
        raise ValueError("expected facts of a part, got other ones")
    return PartFacts(intervals, reason)


def read_facts(path: Path, labels: tuple[str, ...]) -> PartFacts | None:
    """Return the facts of a part file; `None` if it is missing or damaged."""
    reader = PartReader(path, labels)
    try:
        for _ in reader:
            pass
    except InputError:
        return None
    return reader.facts
