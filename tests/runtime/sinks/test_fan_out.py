from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from fer_edge.errors import FerEdgeError
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.background import BackgroundSink
from fer_edge.runtime.sinks.fan_out import FanOut
from fer_edge.runtime.sources.source import Frame

MakeResult = Callable[..., tuple[Frame, FrameResult]]


class Failing:
    """A sink that raises `error` from its `at`-th result on."""

    def __init__(self, at: float = float("inf"), error: Exception | None = None) -> None:
        self.taken = 0
        self._at, self._error = at, error

    def write(self, frame: Frame, result: FrameResult) -> None:
        self.taken += 1
        if self.taken >= self._at and self._error is not None:
            raise self._error

    def close(self) -> None:
        """Nothing is open."""


def test_failed_output_is_reported_and_the_others_continue(make_result: MakeResult) -> None:
    full, whole, watcher = Failing(2, FerEdgeError("a.csv: No space left on device")), Failing(), Failing()
    notes: list[str] = []
    sink = FanOut([full, whole], [watcher], notes.append)
    for _ in range(5):
        sink.write(*make_result())
    assert (full.taken, whole.taken, watcher.taken) == (2, 5, 5)
    assert notes == ["a.csv: No space left on device; the other outputs go on"]
    with pytest.raises(FerEdgeError, match=r"^a\.csv: No space left on device$"):
        sink.require_whole()


def test_failure_of_the_last_output_ends_the_stream(make_result: MakeResult) -> None:
    first, last = Failing(1, FerEdgeError("first")), Failing(2, FerEdgeError("last"))
    sink = FanOut([first, last], [Failing()], lambda _: None)
    sink.write(*make_result())
    with pytest.raises(FerEdgeError, match=r"^first; last$"):
        sink.write(*make_result())


@pytest.mark.parametrize("error", [BrokenPipeError(), KeyboardInterrupt()])
def test_closed_pipe_or_interrupt_ends_the_stream(make_result: MakeResult, error: Exception) -> None:
    with pytest.raises(type(error)):
        FanOut([Failing(1, error), Failing()], [], lambda _: None).write(*make_result())


class FullForAWhile(Failing):
    """A log file on a disk that is full from the second result on, until `is_full` is false."""

    def __init__(self) -> None:
        super().__init__()
        self.is_full = True
        self.reopened = 0
        self.kept = 0

    def write(self, frame: Frame, result: FrameResult) -> None:
        if self.is_full and self.kept:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.kept += 1

    def reopen(self) -> bool:
        self.reopened += 1
        return True


def test_failed_log_is_reopened_and_reported_once(make_result: MakeResult) -> None:
    disk = FullForAWhile()
    notes: list[str] = []
    with closing(BackgroundSink(disk, "a.jsonl")) as log:
        sink = FanOut([log, Failing()], [], notes.append, retry_s=0)
        write_until(sink, make_result, lambda: disk.reopened >= 3)
        assert notes == [f"a.jsonl: {os.strerror(errno.ENOSPC)}; the other outputs go on"]
        disk.is_full = False
        write_until(sink, make_result, lambda: len(notes) > 1)
    assert notes[1:] == ["a.jsonl: works again; it lacks the results since it failed"]
    assert disk.kept > 1
    assert sink.failed == ["a.jsonl"]
    with pytest.raises(FerEdgeError, match=r"^a\.jsonl: "):
        sink.require_whole()


def test_output_that_cannot_be_reopened_is_left_out(make_result: MakeResult) -> None:
    notes: list[str] = []
    with closing(BackgroundSink(Failing(1, OSError(errno.EIO, "broken")), "a.mp4")) as video:
        sink = FanOut([video, Failing()], [], notes.append, retry_s=0)
        write_until(sink, make_result, lambda: notes)
        for _ in range(5):
            sink.write(*make_result())
    assert notes == ["a.mp4: broken; the other outputs go on"]


def write_until(sink: FanOut, make_result: MakeResult, is_done: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not is_done():
        assert time.monotonic() < deadline
        sink.write(*make_result())
        time.sleep(0.005)


def test_stream_without_outputs_is_valid(make_result: MakeResult) -> None:
    sink = FanOut([], [Failing()], lambda _: None)
    sink.write(*make_result())
    sink.require_whole()
