"""Tables of an analysis: a row a face a frame, and a row a track; as CSV, and as Parquet where pyarrow is installed."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeVar

from fer_edge.analysis.rows import FaceRow, TrackRow
from fer_edge.errors import InputError, first_line
from fer_edge.files import atomic_path

if TYPE_CHECKING:
    import pyarrow

FACES, TRACKS = "faces", "tracks"
"""Names of the tables' files, without their suffixes."""

FACE_COLUMNS = {
    "file": str,
    "frame": int,
    "seconds": float,
    "track": int,
    "x": float,
    "y": float,
    "width": float,
    "height": float,
    "confidence": float,
}
"""Columns of the table of faces and their types; a column for each label and `label` follow."""

TRACK_COLUMNS = {"file": str, "track": int, "from": float, "to": float, "frames": int}
"""Columns of the table of tracks and their types; a column for each label and `changes` follow."""

DAMAGED_TABLE_ERRORS = (ValueError, TypeError, OverflowError, StopIteration, csv.Error)
"""Exceptions of reading a row of a damaged table."""

_ROWS_OF_A_GROUP = 10_000
"""Rows that are held in memory until they are written to a Parquet file; also those of its row groups."""


class Row(Protocol):
    """A row of either table."""

    def cells(self) -> list[Any]:
        """Return the values of the columns, in their order."""


_RowT = TypeVar("_RowT", FaceRow, TrackRow)


def face_columns(labels: Sequence[str]) -> dict[str, type]:
    """Return the columns of the table of faces and their types, for the labels of a model's card."""
    return {**FACE_COLUMNS, **dict.fromkeys(labels, float), "label": str}


def track_columns(labels: Sequence[str]) -> dict[str, type]:
    """Return the columns of the table of tracks and their types, for the labels of a model's card."""
    return {**TRACK_COLUMNS, **dict.fromkeys(labels, float), "changes": int}


def has_parquet() -> bool:
    """Return whether pyarrow is installed, so that Parquet can be written."""
    return importlib.util.find_spec("pyarrow") is not None


def read_faces(directory: Path) -> Iterator[FaceRow]:
    """Yield the rows of an analysis' table of faces, in constant memory.

    Raises:
        InputError: If the table is damaged.
    """
    return _rows(directory / f"{FACES}.csv", FACE_COLUMNS, FaceRow.of_cells)


def read_tracks(directory: Path) -> Iterator[TrackRow]:
    """Yield the rows of an analysis' table of tracks, in constant memory; raises as `read_faces` does."""
    return _rows(directory / f"{TRACKS}.csv", TRACK_COLUMNS, TrackRow.of_cells)


@contextmanager
def open_table(directory: Path, name: str, columns: dict[str, type]) -> Iterator[TableWriter]:
    """Yield a writer of a table, as CSV and, with pyarrow, as Parquet; the files appear if the block succeeds."""
    with ExitStack() as stack:
        path = stack.enter_context(atomic_path(directory / f"{name}.csv"))
        file = stack.enter_context(path.open("w", newline="", encoding="utf-8"))
        parquet = None
        if has_parquet():
            at = stack.enter_context(atomic_path(directory / f"{name}.parquet"))
            # Opened here, as pyarrow takes a name with a colon for an address.
            parquet = stack.enter_context(_ParquetWriter(stack.enter_context(at.open("wb")), columns))
        writer = TableWriter(csv.writer(file, lineterminator="\n"), parquet)
        writer.write_header(list(columns))
        yield writer


class TableWriter:
    """Writes rows to a table's files."""

    def __init__(self, lines: Any, parquet: _ParquetWriter | None) -> None:
        """Join a CSV writer and, if there is one, a Parquet writer."""
        self._lines = lines
        self._parquet = parquet

    def write_header(self, names: list[str]) -> None:
        """Write the columns' names; Parquet has them in its schema."""
        self._lines.writerow(names)

    def write(self, row: Row) -> None:
        """Add a row."""
        cells = row.cells()
        self._lines.writerow(cells)
        if self._parquet is not None:
            self._parquet.write(cells)


class _ParquetWriter:
    """Writes rows to a Parquet file, a group of them at a time."""

    def __init__(self, file: BinaryIO, columns: dict[str, type]) -> None:
        import pyarrow.parquet

        types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
        self._schema: pyarrow.Schema = pyarrow.schema([(name, types[kind]) for name, kind in columns.items()])
        self._writer = pyarrow.parquet.ParquetWriter(file, self._schema, compression="zstd")
        self._rows: list[list[Any]] = []

    def write(self, cells: list[Any]) -> None:
        self._rows.append(cells)
        if len(self._rows) == _ROWS_OF_A_GROUP:
            self._flush()

    def __enter__(self) -> _ParquetWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow

        if self._rows:
            columns = zip(*self._rows, strict=True)
            arrays = [pyarrow.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
            self._writer.write_table(pyarrow.Table.from_arrays(arrays, schema=self._schema))
            self._rows = []


def _rows(path: Path, columns: Collection[str], of_cells: Callable[[Sequence[str]], _RowT]) -> Iterator[_RowT]:
    """Yield a table's rows; before the labels' columns and after them come `columns` and one more."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = csv.reader(file)
        try:
            labels = next(lines)[len(columns) : -1]
            for cells in lines:
                row = of_cells(cells)
                row.require_sound(labels)
                yield row
        except DAMAGED_TABLE_ERRORS as error:
            raise InputError(
                f"{path}: expected the table of an analysis, got a damaged file ({first_line(error)}); remove it, and "
                "analyze once more"
            ) from error
