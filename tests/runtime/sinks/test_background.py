from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import pytest

from fer_edge.errors import FerEdgeError, InputError
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.background import BackgroundQueue, BackgroundSink
from fer_edge.runtime.sources.source import Frame

MakeResult = Callable[..., tuple[Frame, FrameResult]]
WaitUntil = Callable[..., None]


class Recorder:
    """Keeps the results it gets; waits for `leave` before each, having set `asked`, and fails at number `fails_at`."""

    def __init__(self, fails_at: int | None = None, error: Exception | None = None) -> None:
        self.numbers: list[int] = []
        self.shapes: list[tuple[int, ...]] = []
        self.threads: set[str] = set()
        self.asked = threading.Event()
        self.leave = threading.Event()
        self.leave.set()
        self.closed = False
        self._fails_at = fails_at
        self._error = error or OSError(28, "No space left on device")

    def write(self, frame: Frame, result: FrameResult) -> None:
        self.asked.set()
        self.leave.wait(60)
        if result.number == self._fails_at:
            raise self._error
        self.threads.add(threading.current_thread().name)
        self.numbers.append(result.number)
        self.shapes.append(frame.image.shape)

    def close(self) -> None:
        self.closed = True


def test_results_arrive_in_order_in_a_thread(make_result: MakeResult) -> None:
    recorder = Recorder()
    sink = BackgroundSink(recorder, "log", capacity=100)
    for number in range(50):
        sink.write(*make_result(number=number))
    sink.close()
    assert recorder.numbers == list(range(50))
    assert recorder.threads == {"log"}
    assert recorder.closed
    assert sink.dropped == 0
    assert recorder.shapes[0] == (120, 160, 3)


def test_slow_sink_does_not_slow_the_stream_and_drops_are_counted(
    make_result: MakeResult,
) -> None:
    recorder = Recorder()
    recorder.leave.clear()
    notes: list[str] = []
    sink = BackgroundSink(recorder, "log", capacity=4, pictures=False, on_note=notes.append)
    began = time.monotonic()
    for number in range(100):
        sink.write(*make_result(number=number))
        assert recorder.asked.wait(30)  # so that the thread takes the first
    assert time.monotonic() - began < 50  # the sink waits for 60
    recorder.leave.set()
    sink.close()
    assert recorder.numbers == [0, 96, 97, 98, 99]
    assert sink.dropped == 95
    assert notes == ["log: 95 could not be passed on in time and were dropped"]
    assert set(recorder.shapes) == {(0, 0, 3)}


def test_lossless_sink_blocks_the_stream(make_result: MakeResult) -> None:
    recorder = Recorder()
    sink = BackgroundSink(recorder, "video", capacity=2, lossless=True)
    recorder.leave.clear()
    began = time.monotonic()
    threading.Timer(0.3, recorder.leave.set).start()
    for number in range(20):
        sink.write(*make_result(number=number))
    assert time.monotonic() - began > 0.2
    sink.close()
    assert recorder.numbers == list(range(20))
    assert sink.dropped == 0


@pytest.mark.parametrize("lossless", [False, True])
def test_failure_is_raised_by_later_writes_and_not_again_by_close(
    make_result: MakeResult, lossless: bool, wait_until: WaitUntil
) -> None:
    recorder = Recorder(fails_at=1)
    sink = BackgroundSink(recorder, "a.jsonl", capacity=2, lossless=lossless)
    sink.write(*make_result(number=0))
    sink.write(*make_result(number=1))
    wait_until(lambda: "a.jsonl" not in {thread.name for thread in threading.enumerate()})
    for _ in range(2):
        with pytest.raises(FerEdgeError, match=r"^a\.jsonl: No space left on device$"):
            sink.write(*make_result(number=2))
    sink.close()
    assert recorder.numbers == [0]


@pytest.mark.parametrize("error", [InputError("wrong"), BrokenPipeError(32, "Broken pipe")])
def test_failure_after_the_last_write_is_raised_by_close_unchanged(make_result: MakeResult, error: Exception) -> None:
    sink = BackgroundSink(Recorder(fails_at=0, error=error), "log")
    sink.write(*make_result())
    with pytest.raises(type(error)) as caught:
        sink.close()
    assert caught.value is error
    sink.close()


def test_close_ends_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.runtime.sinks.background._LAST_TIMEOUT_S", 0.1)
    hangs, leave = threading.Event(), threading.Event()

    def hang(_: int) -> None:
        hangs.set()
        leave.wait(60)

    notes: list[str] = []
    queue: BackgroundQueue[int] = BackgroundQueue("disk", 10, hang, leave.clear, on_note=notes.append)
    for number in range(5):
        queue.put(number)
    assert hangs.wait(30)
    began = time.monotonic()
    with pytest.raises(FerEdgeError, match=r"disk still hangs after 0\.1 s"):
        queue.close(timeout_s=0.1)
    assert time.monotonic() - began < 50  # the sink waits for 60
    assert queue.given_up
    assert queue.dropped == 4
    assert notes == [f"disk: {queue.dropped} could not be passed on in time and were dropped"]
    leave.set()


def test_interrupted_put_leaves_the_queue_unlocked() -> None:
    taken: list[int] = []
    queue: BackgroundQueue[int] = BackgroundQueue("log", 10, taken.append, lambda: None)
    is_locked = threading.Event()

    def interrupt_while_put_waits() -> None:
        with queue._lock:
            is_locked.set()
            time.sleep(0.1)
            signal.raise_signal(signal.SIGINT)

    def put_while_it_is_locked() -> None:
        other.start()
        assert is_locked.wait(10)
        queue.put(1)

    other = threading.Thread(target=interrupt_while_put_waits)
    with pytest.raises(KeyboardInterrupt):
        put_while_it_is_locked()
    other.join()
    queue.put(2)
    queue.close()
    assert taken[-1] == 2


def test_close_waits_while_the_sink_verifies_its_output(make_result: MakeResult) -> None:
    recorder = Recorder()
    recorder.leave.clear()
    sink = BackgroundSink(recorder, "video", drain_s=0, checking_s=lambda: 60)
    sink.write(*make_result())
    threading.Timer(0.2, recorder.leave.set).start()
    sink.close()
    assert recorder.closed
    assert recorder.numbers == [0]


class Slow(Recorder):
    """Takes its time for each."""

    def write(self, frame: Frame, result: FrameResult) -> None:
        time.sleep(0.6)
        super().write(frame, result)


def test_the_end_waits_for_a_slow_sink_while_it_makes_progress(make_result: MakeResult) -> None:
    recorder = Slow()
    sink = BackgroundSink(recorder, "video", drain_s=4)
    for number in range(8):
        sink.write(*make_result(number=number))
    sink.close()
    assert recorder.numbers == list(range(8))
    assert recorder.closed
