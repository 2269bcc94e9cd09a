from __future__ import annotations

from dataclasses import replace

import pytest

from fer_edge.analysis.joining import TrackTally
from fer_edge.analysis.summary.file_summary import MOST_PERSONS, FileSummary, summarize_file
from fer_edge.analysis.summary.time_bins import BINS
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import UNCERTAIN
from tests.fakes.analyses import FPS, FakeFile, rows_of

Stretches = list[tuple[float, float, str]]


def summary_of(*tracks: Stretches, seconds: float = 10.0, every: int = 1) -> FileSummary:
    rows = [row for row in rows_of(FakeFile("v.mp4", tracks, seconds)) if row.frame % every == 0]
    tally = TrackTally("v.mp4", EXPRESSIONS)
    for row in rows:
        tally.add(row)
    return summarize_file(tally.rows(), rows, EXPRESSIONS, last_s=seconds - 1 / FPS, step_s=every / FPS)


def spans_s(summary: FileSummary, person: int = 0) -> list[tuple[float, float, str]]:
    scale = summary.duration_s / BINS
    return [(round(s.start * scale, 1), round(s.end * scale, 1), s.label) for s in summary.persons[person].bins.spans()]


def test_file_without_a_face_has_no_person() -> None:
    summary = summary_of()
    assert (summary.faces, summary.persons_seen, summary.persons, summary.shares) == (0, 0, (), {})
    assert summary.duration_s == pytest.approx(10.0)


def test_times_labels_and_gaps_are_those_of_the_rows() -> None:
    summary = summary_of([(1, 3, "happy"), (3, 4, UNCERTAIN), (7, 9, "sad")])
    assert spans_s(summary) == [(1.0, 3.0, "happy"), (3.0, 4.0, UNCERTAIN), (7.0, 9.0, "sad")]
    assert summary.shares == {"happy": pytest.approx(0.4), "sad": pytest.approx(0.4)}


def test_short_misses_of_the_detector_are_no_gaps() -> None:
    assert spans_s(summary_of([(1, 3, "happy"), (3.8, 6, "happy")])) == [(1.0, 6.0, "happy")]


@pytest.mark.parametrize("every", [5, 20])
def test_sampled_frames_stand_for_the_time_to_the_next(every: int) -> None:
    summary = summary_of([(0, 8, "happy"), (8, 20, "sad")], seconds=20.0, every=every)
    assert spans_s(summary) == [(0.0, 8.0, "happy"), (8.0, 20.0, "sad")]


def test_short_tracks_are_folded_beside_longer_ones() -> None:
    summary = summary_of([(1, 3, "happy")], [(2, 2.5, "sad")], [(4, 4.2, "sad")])
    assert [person.track.track for person in summary.persons] == [1]
    assert (summary.tracks, summary.short_tracks, summary.persons_seen) == (3, 2, 1)
    assert spans_s(summary) == [(1.0, 3.0, "happy")]
    assert sum(len(cell) for cell in summary.everyone.faces().values()) > 0


def test_short_tracks_are_shown_if_there_is_no_other() -> None:
    summary = summary_of([(2, 2.5, "sad")], [(4, 4.2, "sad")])
    assert [person.track.track for person in summary.persons] == [1, 2]
    assert summary.persons_seen == 2


def test_longest_tracks_of_many_are_shown_in_order() -> None:
    tracks: list[Stretches] = [[(i % 7, i % 7 + 1.2 + (i % 5) / 10, "happy")] for i in range(3 * MOST_PERSONS)]
    summary = summary_of(*tracks, seconds=9.0)
    numbers = [person.track.track for person in summary.persons]
    assert len(numbers) == MOST_PERSONS
    assert numbers == sorted(numbers)
    assert min(person.track.frames for person in summary.persons) >= 15
    assert summary.persons_seen == 3 * MOST_PERSONS


def test_number_of_spans_does_not_grow_with_the_duration() -> None:
    stretches = [(i / 2, (i + 1) / 2, ("happy", "sad")[i % 2]) for i in range(4000)]
    summary = summary_of(stretches, seconds=2000.0)
    assert summary.faces == 2000 * FPS
    assert len(summary.persons[0].bins.spans()) <= BINS


def test_score_is_that_of_a_label_which_is_held() -> None:
    rows = [replace(row, label="sad") for row in rows_of(FakeFile("v.mp4", [[(0, 2, "happy")]]))]
    tally = TrackTally("v.mp4", EXPRESSIONS)
    for row in rows:
        tally.add(row)
    (span,) = summarize_file(tally.rows(), rows, EXPRESSIONS, last_s=2.0, step_s=0.1).persons[0].bins.spans()
    assert (span.label, round(span.score, 3)) == ("sad", round(0.1 / 6, 3))
