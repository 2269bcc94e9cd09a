"""Channel from one publisher to many subscribers, each of which gets the newest message when it is ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Queue = asyncio.Queue[bytes | None]


class ChannelFullError(Exception):
    """The channel has its maximum number of subscribers, or is closed."""


class Channel:
    """Holds one message per subscriber, replaced by the next if the subscriber is slow. For use in one event loop."""

    def __init__(self, limit: int, on_drop: Callable[[], None] = lambda: None) -> None:
        """Create a channel without subscribers.

        Args:
            limit: Most subscribers.
            on_drop: Called for each message that a subscriber missed.
        """
        self._limit = limit
        self._on_drop = on_drop
        self._queues: set[Queue] = set()
        self._closed = False

    @property
    def subscribers(self) -> int:
        """Number of subscribers."""
        return len(self._queues)

    @contextmanager
    def subscribe(self) -> Iterator[Queue]:
        """Return a queue that holds one message, and `None` after it as the end.

        Raises:
            ChannelFullError: If the channel has its maximum number of subscribers, or is closed.
        """
        if self._closed or len(self._queues) >= self._limit:
            raise ChannelFullError
        queue: Queue = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    def publish(self, message: bytes) -> None:
        """Pass a message to all subscribers, without waiting."""
        for queue in self._queues:
            if not queue.empty():
                self._on_drop()
                queue.get_nowait()
            queue.put_nowait(message)

    def close(self) -> None:
        """End all subscriptions, each after the message that waits."""
        self._closed = True
        for queue in self._queues:
            queue.put_nowait(None)
