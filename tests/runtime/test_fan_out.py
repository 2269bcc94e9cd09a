from __future__ import annotations

from collections.abc import Callable

import pytest

from fer_edge.errors import FerEdgeError
from fer_edge.runtime.fan_out import FanOut
from fer_edge.runtime.frames import Frame
from fer_edge.runtime.results import FrameResult

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


def test_a_failed_output_is_reported_and_the_others_go_on(make_result: MakeResult) -> None:
    full, whole, watcher = Failing(2, FerEdgeError("a.csv: No space left on device")), Failing(), Failing()
    notes: list[str] = []
    sink = FanOut([full, whole], [watcher], notes.append)
    for _ in range(5):
        sink.write(*make_result())
    assert (full.taken, whole.taken, watcher.taken) == (2, 5, 5)
    assert notes == ["a.csv: No space left on device; the other outputs go on"]
    with pytest.raises(FerEdgeError, match=r"^a\.csv: No space left on device$"):
        sink.require_whole()


def test_the_stream_ends_with_its_last_output(make_result: MakeResult) -> None:
    first, last = Failing(1, FerEdgeError("first")), Failing(2, FerEdgeError("last"))
    sink = FanOut([first, last], [Failing()], lambda _: None)
    sink.write(*make_result())
    with pytest.raises(FerEdgeError, match="first"):
        sink.write(*make_result())


@pytest.mark.parametrize("error", [BrokenPipeError(), KeyboardInterrupt()])
def test_a_reader_that_leaves_ends_the_stream(make_result: MakeResult, error: Exception) -> None:
    with pytest.raises(type(error)):
        FanOut([Failing(1, error), Failing()], [], lambda _: None).write(*make_result())


def test_a_stream_without_outputs_is_no_fault(make_result: MakeResult) -> None:
    sink = FanOut([], [Failing()], lambda _: None)
    sink.write(*make_result())
    sink.require_whole()
