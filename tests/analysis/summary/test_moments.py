from __future__ import annotations

from collections.abc import Iterable

import pytest

from fer_edge.analysis.rows import FaceRow
from fer_edge.analysis.summary.moments import MomentFinder
from fer_edge.runtime.results import UNCERTAIN
from tests.fakes.analyses import FakeFile, face_row, rows_of


def changes(rows: Iterable[FaceRow], keep: int = 10) -> list[tuple[int | None, str, str]]:
    finder: MomentFinder[None] = MomentFinder(keep)
    for row in rows:
        finder.add(row, None)
    return [(kept.moment.after.track, kept.moment.before.label, kept.moment.after.label) for kept in finder.best()]


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        ([], []),
        ([[(0, 9, "happy")]], []),
        ([[(0, 4, "happy"), (4, 9, "sad")]], [(1, "happy", "sad")]),
        ([[(0, 4, "happy"), (4, 9, UNCERTAIN)]], []),
        ([[(0, 4, "happy"), (4, 4.5, UNCERTAIN), (4.5, 9, "sad")]], [(1, "happy", "sad")]),
        ([[(0, 2, "happy")], [(2, 9, "sad")]], []),
        ([[(0, 0.5, "happy"), (0.5, 9, "sad")]], [(1, "happy", "sad")]),
        (
            [[(0, 4, "happy"), (4, 9, "sad")], [(0, 5, "fear"), (5, 9, "angry")]],
            [(1, "happy", "sad"), (2, "fear", "angry")],
        ),
    ],
)
def test_changes_of_certain_labels_of_a_track_are_found(
    tracks: list[list[tuple[float, float, str]]], expected: list[tuple[int, str, str]]
) -> None:
    assert changes(rows_of(FakeFile("v.mp4", tracks))) == expected


def test_flicker_is_one_moment_and_the_strongest() -> None:
    rows = [face_row(1, i / 10, "happy") for i in range(15)]
    rows += [face_row(1, 1.5 + i / 10, ("sad", "angry")[i % 2], score=0.5 + 0.04 * (i == 7)) for i in range(10)]
    finder: MomentFinder[None] = MomentFinder()
    for row in rows:
        finder.add(row, None)
    (kept,) = finder.best()
    assert kept.moment.after.seconds == 2.2
    assert kept.moment.before.label == "happy"
    assert 0.4 < kept.moment.strength < 0.9


def test_strongest_are_kept_in_order() -> None:
    rows = []
    for track, score in enumerate((0.5, 0.9, 0.7), 1):
        rows += [face_row(track, i / 10, "happy") for i in range(20)]
        rows += [face_row(track, 2 + i / 10, "sad", score=score) for i in range(20)]
    rows.sort(key=lambda row: row.seconds or 0.0)
    assert [track for track, *_ in changes(rows)] == [2, 3, 1]
    assert [track for track, *_ in changes(rows, keep=2)] == [2, 3]


def test_rows_of_pictures_have_no_moments() -> None:
    assert changes([face_row(None, None, "happy"), face_row(None, None, "sad")]) == []


def test_number_of_tracks_remembered_is_limited() -> None:
    finder: MomentFinder[None] = MomentFinder()
    for i in range(1000):
        finder.add(face_row(i + 1, i / 10, "happy"), None)
    assert len(finder._tracks) <= 64


def test_chunk_finds_the_same_faces_as_the_whole() -> None:
    rows = list(rows_of(FakeFile("v.mp4", [[(0, 3.14, "happy"), (3.14, 6.3, "sad"), (6.3, 10, "fear")]])))
    times = []
    for part in (rows, rows[12:]):
        finder: MomentFinder[None] = MomentFinder()
        for row in part:
            finder.add(row, None)
        times.append([(kept.moment.before.seconds, kept.moment.after.seconds) for kept in finder.best()])
    assert times[1] == times[0] != []
