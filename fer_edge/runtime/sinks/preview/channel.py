"""From one publisher to many watchers, each of which gets the newest message when it is ready for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Queue = asyncio.Queue[bytes | None]


class ChannelFullError(Exception):
    """As many watch as may."""


class Channel:
    """Holds one message a watcher: who is not ready for it gets the next one instead. One event loop's own."""

    def __init__(self, limit: int, on_drop: Callable[[], None] = lambda: None) -> None:
        """Make a channel that nobody watches.

        Args:
            limit: How many may watch.
            on_drop: Called for each message that a watcher was too slow for.
        """
        self._limit = limit
        self._on_drop = on_drop
        self._queues: set[Queue] = set()
        self._closed = False

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return len(self._queues)

    @contextmanager
    def watch(self) -> Iterator[Queue]:
        """Give a queue of one place, in which `None` is the end.

        Raises:
            ChannelFullError: If as many watch as may, or the channel is closed.
        """
        if self._closed or len(self._queues) >= self._limit:
            raise ChannelFullError
        queue: Queue = asyncio.Queue(maxsize=1)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    def publish(self, message: bytes) -> None:
        """Hand a message to everyone, without waiting for anyone."""
        for queue in self._queues:
            if queue.full():
                self._on_drop()
            _replace(queue, message)

    def close(self) -> None:
        """Tell everyone that this was the end."""
        self._closed = True
        for queue in self._queues:
            _replace(queue, None)


def _replace(queue: Queue, message: bytes | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(message)
