"""Work that must not hold up the stream: a bounded queue, and a thread that takes from it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

import numpy as np

from fer_edge.errors import FerEdgeError
from fer_edge.runtime.frames import Frame
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks import Reopenable, Sink
from fer_edge.threads import AbandonableThread

DRAIN_TIMEOUT_S = 10.0

_LONGEST_DRAIN_S = 60.0
"""Time for an output that is slow, as on a busy board, and takes one result after another; systemd waits for 90 s."""
_LAST_TIMEOUT_S = 3.0
_NO_IMAGE = np.zeros((0, 0, 3), np.uint8)
_ItemT = TypeVar("_ItemT")


class BackgroundQueue(Generic[_ItemT]):
    """Hands things over to a thread of its own, in order.

    Attributes:
        dropped: How many were given and never taken.
        has_taken: Whether one was taken without a failure.
        given_up: Whether it is being closed and the time for what was left is over; whoever waits may stop.
    """

    def __init__(
        self,
        name: str,
        capacity: int,
        take: Callable[[_ItemT], None],
        end: Callable[[], None],
        *,
        lossless: bool = False,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Start the thread.

        Args:
            name: What to call it before people.
            capacity: How many may wait.
            take: Called with each thing in the thread.
            end: Called in the thread when all is done, or when `take` has failed.
            lossless: Let whoever gives wait while it is full, rather than drop what has waited longest: the newest
                counts where more will come.
            tell: Is told, in a sentence, when it is closed and something was dropped.
        """
        self.dropped = 0
        self.has_taken = False
        self.given_up = False
        self._name = name
        self._capacity = capacity
        self._take = take
        self._end = end
        self._lossless = lossless
        self._tell = tell
        self._items: deque[_ItemT] = deque()
        self._closing = False
        self._steps = 0
        self._failure: Exception | None = None
        self._failure_told = False
        self._changed = threading.Condition()
        self._thread = AbandonableThread(target=self._work, name=name)
        self._thread.start()

    def put(self, item: _ItemT) -> None:
        """Give one thing.

        Raises:
            FerEdgeError: If taking an earlier one has failed.
            BrokenPipeError: If the reader of a pipe has gone.
        """
        with self._changed:
            if self._lossless:
                self._changed.wait_for(lambda: len(self._items) < self._capacity or self._failure)
            if self._failure:
                self._failure_told = True
                raise self._failure
            if len(self._items) == self._capacity:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            self._changed.notify_all()

    def close(self, timeout_s: float = DRAIN_TIMEOUT_S, longest_s: float = 0.0) -> None:
        """Let what waits be taken, and report how many were dropped.

        Args:
            timeout_s: How long to wait for the end, and again while something was taken in that time.
            longest_s: When to wait no more for what is slow.

        Raises:
            FerEdgeError: If it did not end, or failed and `put` has not told.
            BrokenPipeError: As for `put`.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._drain(timeout_s, time.monotonic() + longest_s)
        if self._thread.is_alive():
            self._give_up()
        if self.dropped:
            self._tell(f"{self._name}: {self.dropped} could not be passed on in time and were dropped")
        if self._thread.is_alive():
            raise FerEdgeError(f"{self._name} still hangs after {timeout_s:g} s; what it wrote last may be incomplete")
        if self._failure and not self._failure_told:
            self._failure_told = True
            raise self._failure

    def _drain(self, timeout_s: float, deadline: float) -> None:
        while True:
            steps = self._steps
            self._thread.join(timeout_s)
            if not self._thread.is_alive() or self._steps == steps or time.monotonic() >= deadline:
                return

    def _give_up(self) -> None:
        with self._changed:
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
        except Exception as error:  # whatever a disk, an encoder or a network raises; told where results are given
            with self._changed:
                self._failure = _telling(self._name, error)
                self._changed.notify_all()

    def _next(self) -> tuple[_ItemT] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closing)
            if not self._items:
                return None
            item = self._items.popleft()
            self._changed.notify_all()
            return (item,)


class BackgroundSink:
    """Gives results to another sink in a thread of its own, so that a slow one does not slow the stream.

    Frames are kept without being copied: every source gives each frame memory of its own, and nobody draws into it.

    Attributes:
        name: What to call it before people.
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
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Start the thread.

        Args:
            sink: Used, and in the end closed, by the thread alone.
            name: What to call it before people, such as its file.
            capacity: How many results may wait.
            lossless: Let the stream wait while that many do, as for a recording; otherwise the oldest is dropped.
            pictures: Whether the sink looks at the pictures; if not, those of waiting results take no memory.
            drain_s: How long the end waits for what is queued.
            checking_s: Returns how much longer it waits for the sink to check what it has written.
            tell: Is told, in a sentence, how many results the sink did not get.
        """
        self.name = name
        self._sink = sink
        self._pictures = pictures
        self._drain_s = drain_s
        self._checking_s = checking_s
        self._begin_queue: Callable[[], BackgroundQueue[tuple[Frame, FrameResult]]] = lambda: BackgroundQueue(
            name, capacity, self._pass_on, sink.close, lossless=lossless, tell=tell
        )
        self._queue = self._begin_queue()

    @property
    def dropped(self) -> int:
        """How many results the sink did not get."""
        return self._queue.dropped

    @property
    def has_taken(self) -> bool:
        """Whether the sink took a result since it was opened, or opened again."""
        return self._queue.has_taken

    def reopen(self) -> bool:
        """Open the sink again after it has failed, if it can be; results that waited are lost.

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
        """Queue one result; raises what the sink has raised, as `BackgroundQueue.put` does."""
        self._queue.put((frame if self._pictures else replace(frame, image=_NO_IMAGE), result))

    def close(self) -> None:
        """Wait for what is queued, as `BackgroundQueue.close` does."""
        self._queue.close(self._drain_s + self._checking_s(), _LONGEST_DRAIN_S)

    def _pass_on(self, item: tuple[Frame, FrameResult]) -> None:
        self._sink.write(*item)


def _telling(name: str, error: Exception) -> Exception:
    """The error as one line for people; of a closed pipe as it is, as that is how `| head` ends."""
    if isinstance(error, (FerEdgeError, BrokenPipeError)):
        return error
    reason = error.strerror if isinstance(error, OSError) else str(error)
    told = FerEdgeError(f"{name}: {reason or type(error).__name__}")
    told.__cause__ = error
    return told
