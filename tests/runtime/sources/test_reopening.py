from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from fer_edge.errors import SourceError
from fer_edge.preprocess import Image
from fer_edge.runtime.sources import reopening
from fer_edge.runtime.sources.live import LiveSource
from fer_edge.runtime.sources.reopening import ReopeningSource
from fer_edge.runtime.sources.source import Frame, Outage

GOOD, BLACK, FROZEN, SILENT, SMALL = "good", "black", "frozen", "silent", "small"
STALL_S = 1.0


class Camera:
    """Delivers pictures as in its script, one every 5 ms; the last, which a test may change, again and again."""

    def __init__(self, script: list[str]) -> None:
        self._script = iter(script[:-1])
        self.last = script[-1]
        self._rng = np.random.default_rng(0)
        self.closed = False

    def read(self) -> Image | None:
        time.sleep(0.005)
        kind = next(self._script, self.last)
        size = (24, 32, 3) if kind == SMALL else (48, 64, 3)
        if kind == SILENT:
            return None
        if kind == BLACK:
            return self._rng.integers(0, 4, size, np.uint8)
        if kind == FROZEN:
            return np.full(size, 90, np.uint8)
        return self._rng.integers(60, 200, size, np.uint8)

    def close(self) -> None:
        self.closed = True


class Cameras:
    """Opens one camera after another; an exception in place of a script is raised."""

    def __init__(self, *scripts: list[str] | SourceError) -> None:
        self._scripts = iter(scripts)
        self.opened: list[Camera] = []

    def open(self) -> LiveSource:
        script = next(self._scripts)
        if isinstance(script, SourceError):
            raise script
        self.opened.append(Camera(script))
        return LiveSource(self.opened[-1], "camera 0", fps=30, advice="look at it", timeout_s=2)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes of the source; the first pause is a hundredth of the real one."""
    monkeypatch.setattr(reopening, "_FIRST_PAUSE_S", 0.01)
    return []


def watch(cameras: Cameras, told: list[str]) -> ReopeningSource:
    return ReopeningSource(cameras.open, told.append, stall_s=STALL_S)


def give(source: ReopeningSource, count: int, camera: Camera, kind: str) -> Iterator[Frame]:
    """Yield frames of the source, and have the camera deliver another kind of picture after ten."""
    for number, frame in enumerate(islice(source, count), 1):
        if number == 10:
            camera.last = kind
        yield frame


@pytest.mark.parametrize(("failure", "frozen"), [(SILENT, False), (BLACK, True), (FROZEN, True)])
def test_outage_lasts_until_the_next_good_frame(told: list[str], failure: str, frozen: bool) -> None:
    cameras = Cameras([GOOD], [GOOD])
    with watch(cameras, told) as source:
        outages: list[Outage | None] = []
        source._on_note = lambda _: outages.append(source.outage)
        for _ in give(source, 40, cameras.opened[0], failure):
            assert source.outage is None
    failed, back = outages
    assert failed is not None
    assert (failed.frozen, "camera 0" in failed.reason) == (frozen, True)
    assert back is None


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (SILENT, "camera 0 stopped giving frames"),
        (BLACK, "camera 0 gives only black frames"),
        (FROZEN, "camera 0 gives the same frame again and again"),
    ],
)
def test_a_failed_camera_is_reported_once_and_reopened(told: list[str], failure: str, words: str) -> None:
    cameras = Cameras([GOOD], SourceError("no camera"), [BLACK], [GOOD])
    with watch(cameras, told) as source:
        frames = list(give(source, 40, cameras.opened[0], failure))
        assert [camera.closed for camera in cameras.opened] == [True, True, False]
    assert all(camera.closed for camera in cameras.opened)
    numbers = [frame.number for frame in frames]
    assert numbers == sorted(set(numbers))
    failed, back = told
    assert failed.startswith(words)
    assert failed.endswith("it is opened again until it is back")
    assert back.startswith("camera 0 is back after ")
    # No placeholder: a frozen picture is new when it comes first.
    assert sum(frame.image.std() < 5 for frame in frames) <= 1


def test_a_few_bad_frames_are_skipped_without_a_note(told: list[str]) -> None:
    cameras = Cameras(([GOOD] * 5 + [BLACK] * 3 + [GOOD] * 5 + [FROZEN] * 4) * 20 + [GOOD])
    with watch(cameras, told) as source:
        frames = list(islice(source, 100))
    assert told == []
    assert all(frame.image.max() > 60 for frame in frames)


def test_a_slow_reader_does_not_reopen_the_camera(told: list[str]) -> None:
    cameras = Cameras([GOOD])
    with watch(cameras, told) as source:
        for _ in islice(source, 3):
            time.sleep(1.2 * STALL_S)
    assert told == []


def test_a_camera_without_any_picture_raises_source_error(told: list[str]) -> None:
    with watch(Cameras([BLACK]), told) as source, pytest.raises(SourceError, match="gives only black frames"):
        next(iter(source))
    assert told == []


def test_a_new_size_is_noted(told: list[str]) -> None:
    cameras = Cameras([GOOD])
    with watch(cameras, told) as source:
        shapes = [frame.image.shape for frame in give(source, 40, cameras.opened[0], SMALL)]
    assert shapes[0] == (48, 64, 3)
    assert shapes[-1] == (24, 32, 3)
    assert told == ["camera 0 now gives 32x24 pixels, not 64x48"]


def test_reopening_stops_at_ends_at(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reopening, "_FIRST_PAUSE_S", 60)
    with watch(Cameras([GOOD] * 20 + [SILENT], SourceError("no camera")), told) as source:
        source.ends_at = time.monotonic() + 2 * STALL_S
        frames = list(source)
    assert len(frames) > 0
    assert 0 < time.monotonic() - source.ends_at < 20
    assert len(told) == 1


def test_pauses_double_up_to_a_minute(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(reopening, "_FIRST_PAUSE_S", 1.0)
    monkeypatch.setattr(time, "sleep", pauses.append)
    failures = [SourceError("no camera")] * 8
    with watch(Cameras([GOOD] * 5 + [SILENT], *failures, [GOOD]), told) as source:
        list(islice(source, 10))
    assert [pause for pause in pauses if pause >= 1] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
