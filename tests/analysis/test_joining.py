from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from fer_edge.analysis.joining import TrackTally, join_parts
from fer_edge.analysis.parts import PartFacts, read_facts, write_part
from fer_edge.analysis.rows import FaceRow
from fer_edge.errors import InputError
from fer_edge.runtime.sources.recordings import Intervals

LABELS = ("angry", "happy")


def row(frame: int, seconds: float, track: int, x: float = 0.0, label: str = "happy") -> FaceRow:
    return FaceRow("", frame, seconds, track, x, 10.0, 50.0, 60.0, 0.9, (0.25, 0.75), label)


def part(path: Path, frames: int, *rows: FaceRow) -> Path:
    with write_part(path) as writer:
        for each in rows:
            writer.write(each)
        writer.facts = PartFacts(Intervals(10.0, frames, 1.0, frames))
    return path


def joined(*parts: Path) -> list[tuple[int, float | None, int | None]]:
    return [(each.frame, each.seconds, each.track) for each in join_parts("film.mp4", parts, LABELS)]


def test_track_keeps_its_number_across_a_border(tmp_path: Path) -> None:
    first = part(tmp_path / "0.gz", 10, row(8, 0.8, 1), row(8, 0.8, 2, x=300), row(9, 0.9, 1), row(9, 0.9, 2, x=300))
    second = part(
        tmp_path / "1.gz",
        10,
        *(row(-1, 0.8, 2, x=2), row(-1, 0.8, 1, x=301), row(-1, 0.9, 2), row(-1, 0.9, 1, x=301)),
        *(row(0, 1.0, 1, x=302), row(0, 1.0, 2), row(1, 1.1, 3, x=600)),
    )
    assert joined(first, second)[4:] == [(10, 1.0, 2), (10, 1.0, 1), (11, 1.1, 3)]


def test_frames_without_faces_are_counted(tmp_path: Path) -> None:
    parts = [part(tmp_path / "0.gz", 7), part(tmp_path / "1.gz", 5, row(2, 1.0, 4))]
    assert joined(*parts) == [(9, 1.0, 1)]


def test_face_elsewhere_gets_a_new_number(tmp_path: Path) -> None:
    first = part(tmp_path / "0.gz", 10, row(9, 0.9, 1))
    second = part(tmp_path / "1.gz", 10, row(-1, 0.9, 1, x=200), row(0, 1.0, 1, x=200))
    assert joined(first, second) == [(9, 0.9, 1), (10, 1.0, 2)]


def test_two_tracks_are_never_joined_to_one(tmp_path: Path) -> None:
    first = part(tmp_path / "0.gz", 10, row(9, 0.9, 1))
    second = part(tmp_path / "1.gz", 10, row(-1, 0.9, 1), row(-1, 0.9, 2, x=8), row(0, 1.0, 1), row(0, 1.0, 2, x=8))
    assert joined(first, second)[1:] == [(10, 1.0, 1), (10, 1.0, 2)]


def test_file_of_a_row_stays(tmp_path: Path) -> None:
    picture = FaceRow("a.jpg", 0, None, None, 0, 0, 9, 9, 0.9, (0.25, 0.75), "happy")
    (found,) = join_parts("run.jsonl", [part(tmp_path / "0.gz", 1, picture)], LABELS)
    assert (found.file, found.seconds, found.track) == ("a.jpg", None, None)


@pytest.mark.parametrize(
    ("labels", "shares", "changes"),
    [
        (["happy"], (0.0, 1.0), 0),
        (["happy", "angry", "angry", "happy"], (0.5, 0.5), 2),
        (["happy", "uncertain", "happy", "uncertain"], (0.0, 0.5), 0),
        (["uncertain", "angry", "uncertain", "happy"], (0.25, 0.25), 1),
        (["uncertain"], (0.0, 0.0), 0),
    ],
)
def test_track_is_summed_up(labels: list[str], shares: tuple[float, ...], changes: int) -> None:
    tally = TrackTally("film.mp4", LABELS)
    for frame, label in enumerate(labels):
        tally.add(row(frame, frame / 10, 1, label=label))
    (summary,) = tally.rows()
    assert (summary.shares, summary.changes, summary.frames) == (shares, changes, len(labels))
    assert (summary.from_s, summary.to_s) == (0, (len(labels) - 1) / 10)


def test_pictures_have_no_track() -> None:
    tally = TrackTally("a.jpg", LABELS)
    tally.add(FaceRow("a.jpg", 0, None, None, 0, 0, 9, 9, 0.9, (0.25, 0.75), "happy"))
    assert list(tally.rows()) == []


@pytest.mark.parametrize("kept", [0, 5, -1, -8])
def test_facts_of_a_damaged_part_are_not_read(tmp_path: Path, kept: int) -> None:
    path = part(tmp_path / "0.gz", 10, row(9, 0.9, 1))
    assert read_facts(path, LABELS) == PartFacts(Intervals(10.0, 10, 1.0, 10))
    path.write_bytes(path.read_bytes()[:kept])
    assert read_facts(path, LABELS) is None
    assert read_facts(tmp_path / "none.gz", LABELS) is None


@pytest.mark.parametrize(
    ("was", "other"),
    [
        (b"happy", b"other"),
        (b"0.25,", b""),
        (b"0.25", b"inf"),
        (b"9,0.9,1", b"9,1e300,1"),
        (b"9,0.9,1", b"9,0.9,x"),
        (b"happy", b"\xff\xff"),
        (b'""frames"": 10', b'""frames"": -1'),
        (b'""reason"": null', b'""reason"": 1'),
        (b'""frames"": 10', b'""more"": 10'),
    ],
)
def test_part_with_other_content_and_its_check_sum_is_refused(tmp_path: Path, was: bytes, other: bytes) -> None:
    path = part(tmp_path / "0.gz", 10, row(9, 0.9, 1))
    content = gzip.decompress(path.read_bytes())
    assert was in content
    path.write_bytes(gzip.compress(content.replace(was, other, 1)))
    assert read_facts(path, LABELS) is None
    with pytest.raises(InputError, match=r"0\.gz: expected a part of an analysis, got a damaged one .*; remove "):
        joined(path)


def test_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (part(tmp_path / name, 10, row(9, 0.9, 1)) for name in ("a.gz", "b.gz"))
    assert first.read_bytes() == second.read_bytes()
