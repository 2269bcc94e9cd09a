from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.analysis.rows import FaceRow, TrackRow
from fer_edge.analysis.tables import (
    FACES,
    TRACKS,
    face_columns,
    open_table,
    read_faces,
    read_tracks,
    track_columns,
)
from fer_edge.errors import InputError

LABELS = ("no", "yes")
FACE_ROWS = [
    FaceRow('a "b",\nc.mp4', 3, 0.1, 1, 1.5, 2.0, 30.0, 40.0, 0.91, (0.25, 0.75), "yes"),
    FaceRow("ö.jpg", 0, None, None, 0.0, 0.0, 30.0, 40.0, 0.91, (0.5, 0.5), "uncertain"),
]
TRACK_ROWS = [TrackRow("ö.mp4", 1, 0.0, 1.25, 30, (0.4, 0.5), 2)]


def write(folder: Path) -> None:
    with (
        open_table(folder, FACES, face_columns(LABELS)) as faces,
        open_table(folder, TRACKS, track_columns(LABELS)) as to,
    ):
        for row in FACE_ROWS:
            faces.write(row)
        for track in TRACK_ROWS:
            to.write(track)


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    write(tmp_path)
    assert list(read_faces(tmp_path)) == FACE_ROWS
    assert list(read_tracks(tmp_path)) == TRACK_ROWS
    header = (tmp_path / "faces.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "file,frame,seconds,track,x,y,width,height,confidence,no,yes,label"


def test_parquet_has_the_same_values_with_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write(tmp_path)
    faces = parquet.read_table(tmp_path / "faces.parquet")
    assert [list(row.values()) for row in faces.to_pylist()] == [row.cells() for row in FACE_ROWS]
    assert {str(field.type) for field in faces.schema} == {"string", "int64", "double"}
    tracks = parquet.read_table(tmp_path / "tracks.parquet")
    assert tracks.column_names == ["file", "track", "from", "to", "frames", "no", "yes", "changes"]


def test_table_of_a_failed_block_does_not_appear(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):  # noqa: SIM117
        with open_table(tmp_path, FACES, face_columns(LABELS)) as table:
            table.write(None)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("was", "other"),
    [
        *((b",3,", value) for value in (b",x,", b",9223372036854775808,", b",\xff,", b",3,3,", b",\0,")),
        *((b"0.91", value) for value in (b"nan", b"1e999", b"")),
        *((b"yes\n", value) for value in (b"maybe\n", b"", b'"yes\n')),
        (b"no,yes,label", b"no,label"),
    ],
)
def test_damaged_table_is_refused_in_one_line(tmp_path: Path, was: bytes, other: bytes) -> None:
    write(tmp_path)
    table = tmp_path / "faces.csv"
    table.write_bytes(table.read_bytes().replace(was, other, 1))
    with pytest.raises(
        InputError, match=r"faces\.csv: expected the table of an analysis, got a damaged file .*; remove"
    ):
        list(read_faces(tmp_path))


def test_folder_with_a_colon_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    write(Path("rtsp:"))  # an address, to pyarrow
    assert len(list(Path("rtsp:").glob("*.parquet"))) == 2
