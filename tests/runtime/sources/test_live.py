from __future__ import annotations

import threading
import time
from collections.abc import Callable

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
        self.given = 0
        self._count = count
        self._interval_s = interval_s
        self._after = after
        self._released = threading.Event()

    def read(self) -> Image | None:
        if self.given == self._count:
            if self._after == "error":
                raise RuntimeError("the sensor is gone")
            if self._after == "silence":
                self._released.wait(10)
            return None
        time.sleep(self._interval_s)
        self.given += 1
        return np.full_like(BLACK, self.given - 1)

    def close(self) -> None:
        self.closed = True


class AwaitedCamera(ScriptedCamera):
    """Delivers a frame each time that `due` is released."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.due = threading.Semaphore(0)

    def read(self) -> Image | None:
        self.due.acquire()
        return super().read()


def watch(camera: ScriptedCamera, timeout_s: float = 2.0) -> LiveSource:
    return LiveSource(camera, "camera", fps=30, advice="look at it", timeout_s=timeout_s)


def test_a_slow_reader_gets_the_newest_frame(wait_until: Callable[..., None]) -> None:
    camera = AwaitedCamera(50)
    with watch(camera, timeout_s=60) as source:
        frames = iter(source)
        for given in (10, 20, 30):
            camera.due.release(10)
            wait_until(lambda given=given: camera.given == given)
            frame = next(frames)
            assert frame.number >= given - 2  # the last may still be on its way
            assert frame.image[0, 0, 0] == frame.number
        camera.due.release(1000)
    assert camera.closed


def test_a_fast_reader_gets_each_frame_once() -> None:
    camera = AwaitedCamera(5)
    with watch(camera, timeout_s=60) as source:
        frames = iter(source)
        for number in range(5):
            camera.due.release()
            assert next(frames).number == number
        camera.due.release(1000)


@pytest.mark.parametrize(
    ("count", "after", "message"),
    [
        (0, "nothing", "camera opened but gave no frame; look at it"),
        (1, "nothing", "camera stopped giving frames; look at it"),
        (1, "silence", "camera stopped giving frames for 1 s; look at it"),
        (1, "error", "camera stopped giving frames (the sensor is gone); look at it"),
        (0, "error", "camera opened but gave no frame (the sensor is gone); look at it"),
    ],
)
def test_a_camera_that_stops_raises_source_error(count: int, after: str, message: str) -> None:
    timeout_s = 1.0 if after == "silence" else 60.0
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
