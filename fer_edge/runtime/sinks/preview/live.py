"""Streams of the page: the newest result as server-sent events, and the newest picture as motion JPEG."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from fer_edge.runtime.sinks.preview import messages
from fer_edge.runtime.sinks.preview.access import require_pictures
from fer_edge.runtime.sinks.preview.answers import whole_number
from fer_edge.runtime.sinks.preview.channel import Channel
from fer_edge.runtime.sinks.preview.description import Description
from fer_edge.runtime.sinks.preview.record import Record
from fer_edge.runtime.sinks.preview.streaming import stream

_LEAST_WIDTH, _USUAL_WIDTH, _MOST_WIDTH = 160, 960, 1920
"""Pixels of a picture's longer side that clients can ask for: twice the width is four times the work."""


class LiveStreams:
    """Sends browsers the newest result, and the newest picture if one of them subscribes to it."""

    def __init__(self, record: Record, description: Description, most_clients: int) -> None:
        """Start without clients.

        Args:
            record: Record of the stream.
            description: Describes it.
            most_clients: Most clients of each stream.
        """
        self._record = record
        self._description = description
        self._asked = False
        self._widths: Counter[int] = Counter()
        self._events = Channel(most_clients)
        self._pictures = Channel(most_clients, record.metrics.count_dropped_picture)
        record.metrics.watch_clients("data", lambda: self._events.subscribers)
        record.metrics.watch_clients("picture", lambda: self._pictures.subscribers)

    def routes(self) -> list[web.RouteDef]:
        """Return the streams' endpoints."""
        return [
            web.get("/events", self._serve_events, allow_head=False),
            web.get("/picture.mjpg", self._serve_pictures, allow_head=False),
        ]

    def ask(self) -> None:
        """Have the newest result published again, for a new subscriber or new settings."""
        self._asked = True

    def take_request(self) -> bool:
        """Return whether somebody has asked since the last call."""
        asked, self._asked = self._asked, False
        return asked

    def publish_result(self) -> None:
        """Send the newest result to all who follow it."""
        if self._record.newest is not None and self._events.subscribers:
            self._events.publish(messages.sent_event(self._description.message(self._record.newest)))

    async def publish_picture(self, encoder: ThreadPoolExecutor) -> None:
        """Encode the newest picture in another thread, and send it to all who follow the pictures."""
        newest = self._record.newest
        if newest is not None and self._pictures.subscribers:
            loop = asyncio.get_running_loop()
            image, number, width = newest.frame.image, newest.result.number, max(+self._widths, default=_USUAL_WIDTH)
            part = await loop.run_in_executor(encoder, messages.picture_part, image, number, width)
            self._pictures.publish(part)

    def close(self) -> None:
        """End all streams."""
        self._events.close()
        self._pictures.close()

    async def _serve_events(self, request: web.Request) -> web.StreamResponse:
        first = messages.sent_event(self._description.hello(), "hello")
        response = web.StreamResponse(headers={"Content-Type": messages.EVENTS_TYPE})
        return await stream(request, response, self._events, first, self.ask, messages.HEARTBEAT)

    async def _serve_pictures(self, request: web.Request) -> web.StreamResponse:
        require_pictures(privacy=self._description.about.privacy)
        width = whole_number(request, "width", _USUAL_WIDTH, (_LEAST_WIDTH, _MOST_WIDTH))
        response = web.StreamResponse(headers={"Content-Type": messages.PICTURES_TYPE})
        self._widths[width] += 1  # one encoding serves all, as wide as the largest screen wants it
        try:
            return await stream(request, response, self._pictures, messages.PICTURES_START, self.ask)
        finally:
            self._widths[width] -= 1
