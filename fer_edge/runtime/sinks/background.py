"""Sinks that run in a thread of their own behind a bounded queue, so that they do not slow the stream."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from fer_edge.errors import FerEdgeError
from fer_edge.notes import OnNote, ignore_note
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.sink import Reopenable, Sink
from fer_edge.runtime.sources.source import Frame
from fer_edge.threads import AbandonableThread

DRAIN_TIMEOUT_S = 10.0

_LONGEST_DRAIN_S = 60.0
"""Time for an output that is slow, as on a busy board, and takes one result after another; systemd waits for 90 s."""
_LAST_TIMEOUT_S = 3.0
_ItemT = TypeVar("_ItemT")


class BackgroundQueue(Generic[_ItemT]):
    """Passes items in order to a thread of its own.

    Attributes:
        dropped: Number of items that were never taken.
        has_taken: Whether an item was taken without a failure.
        given_up: Whether the time to take the last items is over; `take` may stop waiting.
    """

    def __init__(
        self,
        name: str,
        capacity: int,
        take: Callable[[_ItemT], None],
        end: Callable[[], None],
        *,
        lossless: bool = False,
        on_note: OnNote = ignore_note,
    ) -> None:
        """Start the thread.

        Args:
            name: Name in messages.
            capacity: Most items that may wait.
            take: Called in the thread with each item.
            end: Called in the thread after the last item, or when `take` has failed.
            lossless: Block `put` while the queue is full, rather than drop the oldest item.
            on_note: Takes a note at the end if items were dropped.
        """
        self.dropped = 0
        self.has_taken = False
        self.given_up = False
        self._name = name
        self._capacity = capacity
        self._take = take
        self._end = end
        self._lossless = lossless
        self._on_note = on_note
        self._items: deque[_ItemT] = deque()
        self._closing = False
        self._steps = 0
        self._failure: Exception | None = None
        self._failure_raised = False
        # Entered in place of the condition, whose own methods are in Python: Ctrl-C within one would leave it locked.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._thread = AbandonableThread(target=self._work, name=name)
        self._thread.start()

    def put(self, item: _ItemT) -> None:
        """Queue an item.

        Raises:
            FerEdgeError: If taking an earlier item failed.
            BrokenPipeError: If the reader of a pipe has closed it.
        """
        with self._lock:
            if self._lossless:
                self._changed.wait_for(lambda: len(self._items) < self._capacity or self._failure)
            if self._failure:
                self._failure_raised = True
                raise self._failure
            if len(self._items) == self._capacity:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            self._changed.notify_all()

    def close(self, timeout_s: float = DRAIN_TIMEOUT_S, longest_s: float = 0.0) -> None:
        """Let what waits be taken, and report how many were dropped.

        Args:
            timeout_s: Seconds to wait for the end, and again whenever something was taken in that time.
            longest_s: Seconds after which no further wait begins.

        Raises:
            FerEdgeError: If the thread hangs, or taking an item failed and `put` has not raised that.
            BrokenPipeError: As for `put`.
        """
        with self._lock:
            self._closing = True
            self._changed.notify_all()
        self._drain(timeout_s, time.monotonic() + longest_s)
        if self._thread.is_alive():
            self._give_up()
        if self.dropped:
            self._on_note(f"{self._name}: {self.dropped} could not be passed on in time and were dropped")
        if self._thread.is_alive():
            raise FerEdgeError(
                f"{self._name} still hangs after {timeout_s:g} s, and its end may be missing; check the disk or network"
            )
        if self._failure and not self._failure_raised:
            self._failure_raised = True
            raise self._failure

    def _drain(self, timeout_s: float, deadline: float) -> None:
        while True:
            steps = self._steps
            self._thread.join(timeout_s)
            if not self._thread.is_alive() or self._steps == steps or time.monotonic() >= deadline:
                return

    def _give_up(self) -> None:
        with self._lock:
            self.given_up = True
            self.dropped += len(self._items)
            self._items.clear()
        self._thread.join(_LAST_TIMEOUT_S)

    def _work(self) -> None:
        try:
            try:
                while item := self._next():
                    self._take(item[0])
                    self.has_taken = True
                    self._steps += 1
            finally:
                self._steps += 1
                self._end()
        except Exception as error:  # whatever a disk, an encoder or a network raises; raised again by `put` and `close`
            with self._lock:
                self._failure = _named_failure(self._name, error)
                self._changed.notify_all()

    def _next(self) -> tuple[_ItemT] | None:
        with self._lock:
            self._changed.wait_for(lambda: self._items or self._closing)
            if not self._items:
                return None
            item = self._items.popleft()
            self._changed.notify_all()
            return (item,)


class BackgroundSink:
    """Writes to another sink in a thread of its own, so that a slow sink does not slow the stream.

    Frames wait without being copied: every source gives each frame its own memory, and nobody draws into it.

    Attributes:
        name: Name in messages.
    """

    def __init__(
        self,
        sink: Sink,
        name: str,
        capacity: int = 16,
        *,
        lossless: bool = False,
        pictures: bool = True,
        drain_s: float = DRAIN_TIMEOUT_S,
        checking_s: Callable[[], float] = lambda: 0.0,
        on_note: OnNote = ignore_note,
    ) -> None:
        """Start the thread.

        Args:
            sink: Used, and in the end closed, by the thread alone.
            name: Name in messages, such as its file.
            capacity: Most results that may wait.
            lossless: Block the stream while the queue is full, as for a recording; otherwise the oldest is dropped.
            pictures: Whether the sink uses the pictures; if not, waiting results hold none in memory.
            drain_s: Seconds that `close` waits for queued results.
            checking_s: Returns the seconds that `close` waits longer, while the sink verifies what it has written.
            on_note: Takes a note at the end if results were dropped.
        """
        self.name = name
        self._sink = sink
        self._pictures = pictures
        self._drain_s = drain_s
        self._checking_s = checking_s
        self._begin_queue: Callable[[], BackgroundQueue[tuple[Frame, FrameResult]]] = lambda: BackgroundQueue(
            name, capacity, self._pass_on, sink.close, lossless=lossless, on_note=on_note
        )
        self._queue = self._begin_queue()

    @property
    def dropped(self) -> int:
        """Number of results that the sink did not get."""
        return self._queue.dropped

    @property
    def has_taken(self) -> bool:
        """True if the sink took a result since it was opened or reopened."""
        return self._queue.has_taken

    def reopen(self) -> bool:
        """Reopen a failed sink; return False if it cannot be reopened. Results that waited are lost.

        Raises:
            FerEdgeError: If that fails.
            OSError: If that fails.
        """
        if not (isinstance(self._sink, Reopenable) and self._sink.reopen()):
            return False
        self._queue.close(0)
        self._queue = self._begin_queue()
        return True

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Queue one result; raises the sink's earlier failure, as `BackgroundQueue.put` does."""
        self._queue.put((frame if self._pictures else frame.without_image(), result))

    def close(self) -> None:
        """Wait for what is queued, as `BackgroundQueue.close` does."""
        self._queue.close(self._drain_s + self._checking_s(), _LONGEST_DRAIN_S)

    def _pass_on(self, item: tuple[Frame, FrameResult]) -> None:
        self._sink.write(*item)


def _named_failure(name: str, error: Exception) -> Exception:
    """Return the error as a line that begins with `name`; a closed pipe's as it is, since that is how `| head` ends."""
    if isinstance(error, (FerEdgeError, BrokenPipeError)):
        return error
    reason = error.strerror if isinstance(error, OSError) else str(error)
    failure = FerEdgeError(f"{name}: {reason or type(error).__name__}")
    failure.__cause__ = error
    return failure
