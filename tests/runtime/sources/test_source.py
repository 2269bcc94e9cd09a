from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from fer_edge.runtime.sources.source import Frame, at_most, first_seconds

IMAGE = np.zeros((2, 2, 3), np.uint8)


def recording(seconds: float, fps: float, jitter_s: float = 0.0) -> list[Frame]:
    jitter = np.random.default_rng(0).uniform(-jitter_s, jitter_s, round(seconds * fps))
    return [Frame(IMAGE, n, 0.0, max(n / fps + float(each), 0)) for n, each in enumerate(jitter)]


def test_a_recordings_clock_is_its_position_and_a_cameras_is_monotonic() -> None:
    recorded = Frame(IMAGE, 0, 1e9, position_s=2.5)
    assert (recorded.moment, recorded.age_s) == (2.5, 0)
    before = time.monotonic()
    live = Frame(IMAGE, 0, 1e9)
    assert before <= live.moment <= time.monotonic()
    assert Frame(IMAGE, 0, 1e9, taken_at=time.monotonic() - 5).age_s >= 5


@pytest.mark.parametrize(("fps", "most"), [(30, 4), (30, 1), (25, 10), (30, 7.5), (24, 23)])
def test_frames_of_a_recording_beyond_the_rate_are_dropped(fps: float, most: float) -> None:
    kept = list(at_most(recording(8, fps), most, recorded=True))
    assert len(kept) == pytest.approx(8 * most, abs=1)
    assert np.diff([frame.moment for frame in kept]).max() <= 1 / most + 1 / fps


@pytest.mark.parametrize(("fps", "jitter_s"), [(30, 0.0), (29.97, 0.0005), (30, 0.001), (5, 0.0)])
def test_a_recording_at_the_given_rate_is_kept_whole(fps: float, jitter_s: float) -> None:
    frames = recording(10, fps, jitter_s)
    assert list(at_most(frames, 30, recorded=True)) == frames


def test_no_extra_frames_follow_a_hole() -> None:
    frames = [Frame(IMAGE, n, 0.0, position_s) for n, position_s in enumerate([0, 0.1, 60, 60.1, 60.2, 61])]
    assert [frame.number for frame in at_most(frames, 1, recorded=True)] == [0, 2, 5]


def test_other_sources_are_read_more_slowly() -> None:
    def images() -> Iterator[Frame]:
        for number in range(4):
            asked.append(time.monotonic())
            yield Frame(IMAGE, number, 0.0)

    asked: list[float] = []
    assert len(list(at_most(images(), 20, recorded=False))) == 4
    assert asked[-1] - asked[0] >= 0.149


def test_without_a_rate_all_frames_are_kept() -> None:
    frames = recording(1, 30)
    assert list(at_most(frames, None, recorded=True)) == frames


@pytest.mark.parametrize(("seconds", "count"), [(None, 150), (3, 90), (0.01, 1), (2.99, 90), (60, 150)])
def test_first_seconds_are_those_of_the_recording(seconds: float | None, count: int) -> None:
    assert len(list(first_seconds(recording(5, 30), seconds))) == count
