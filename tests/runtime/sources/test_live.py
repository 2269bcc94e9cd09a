from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from fer_edge.errors import SourceError
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.live import LiveSource

BLACK = np.zeros((4, 4, 3), np.uint8)


class ScriptedCamera:
    """Delivers `count` frames, one every `interval_s`, then what `after` says: nothing, silence or an exception."""

    def __init__(self, count: int, interval_s: float = 0.0, after: str = "nothing") -> None:
        self.closed = False
        self._given = 0
        self._count = count
        self._interval_s = interval_s
        self._after = after
        self._released = threading.Event()

    def read(self) -> Image | None:
        if self._given == self._count:
            if self._after == "error":
                raise RuntimeError("the sensor is gone")
            if self._after == "silence":
                self._released.wait(10)
            return None
        time.sleep(self._interval_s)
        self._given += 1
        return np.full_like(BLACK, self._given - 1)

    def close(self) -> None:
        self.closed = True


def watch(camera: ScriptedCamera, timeout_s: float = 2.0) -> LiveSource:
    return LiveSource(camera, "camera", fps=30, advice="look at it", timeout_s=timeout_s)


def test_a_slow_reader_gets_the_newest_frame() -> None:
    camera = ScriptedCamera(100, interval_s=0.01)
    numbers = []
    with watch(camera) as source:
        for frame in source:
            numbers.append(frame.number)
            assert frame.image[0, 0, 0] == frame.number
            time.sleep(0.1)
            if len(numbers) == 5:
                break
    assert numbers == sorted(set(numbers))
    assert numbers[-1] >= 15  # some 40; a reader of every frame gets to 4
    assert camera.closed


def test_a_fast_reader_gets_each_frame_once() -> None:
    with watch(ScriptedCamera(5, interval_s=0.05)) as source:
        frames = iter(source)
        assert [next(frames).number for _ in range(5)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("count", "after", "message"),
    [
        (0, "nothing", "camera opened but gave no frame; look at it"),
        (1, "nothing", "camera stopped giving frames; look at it"),
        (1, "silence", "camera stopped giving frames for 0.3 s; look at it"),
        (1, "error", "camera stopped giving frames (the sensor is gone); look at it"),
        (0, "error", "camera opened but gave no frame (the sensor is gone); look at it"),
    ],
)
def test_a_camera_that_stops_raises_source_error(count: int, after: str, message: str) -> None:
    timeout_s = 0.3 if after == "silence" else 3.0
    source = watch(ScriptedCamera(count, after=after, interval_s=0.02), timeout_s)
    with pytest.raises(SourceError) as caught:
        list(source)
    assert str(caught.value) == message


def test_close_does_not_wait_for_a_camera_that_hangs() -> None:
    camera = ScriptedCamera(0, after="silence")
    source = watch(camera)
    start = time.monotonic()
    source.close()
    assert time.monotonic() - start < 3
    assert not camera.closed  # closing it during a read that hangs crashes some drivers
    camera._released.set()
