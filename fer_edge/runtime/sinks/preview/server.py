"""Web server of the preview: the page, its streams of results and pictures, metrics and health."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from fer_edge.board import temperature_c
from fer_edge.notes import OnNote
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.pace import Pace
from fer_edge.runtime.sinks.preview import messages
from fer_edge.runtime.sinks.preview.access import Gate, harden
from fer_edge.runtime.sinks.preview.address import Address, listen
from fer_edge.runtime.sinks.preview.channel import Channel
from fer_edge.runtime.sinks.preview.metrics import CONTENT_TYPE, Metrics
from fer_edge.runtime.sinks.preview.port_notes import PortNotes
from fer_edge.runtime.sinks.preview.reception import Limits, Reception
from fer_edge.runtime.sinks.preview.streaming import LONGEST_DELAY_S, stream
from fer_edge.runtime.sinks.preview.timeline import HISTORY_S, Timeline
from fer_edge.runtime.sources.source import Frame

_PAGE = Path(__file__).parent / "page"
_PAGE_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

_INTERVAL_S = 1 / 15
_MOST_CLIENTS = 64
_HEALTHY_S = 30.0
_KEPT_ALIVE_S = 15.0
"""Time after which aiohttp closes a connection without a request."""
_TEMPERATURE_S = 2.0


class Server:
    """Sends browsers the newest result, and the newest picture if one of them subscribes to it.

    For use in one event loop, except `take`.

    Results are sent as server-sent events, which are plain HTTP responses: the same checks apply to them as to the
    page, and `curl` can read them.
    """

    def __init__(
        self,
        gate: Gate,
        labels: tuple[str, ...],
        title: str,
        *,
        privacy: bool,
        meaning: str = "",
        limits: Limits,
        on_note: OnNote,
    ) -> None:
        """Prepare to serve; for the arguments see `open_preview`."""
        self._gate = gate
        self._limits = limits
        self._notes = PortNotes(on_note)
        self._labels = labels
        self._title = title
        self._privacy = privacy
        self._meaning = meaning
        self._metrics = Metrics(labels)
        self._timeline = Timeline()
        self._pace = Pace()
        self._started = time.monotonic()
        self._newest: tuple[Frame, FrameResult] | None = None
        self._arrived: deque[tuple[float, float, FrameResult]] = deque()
        self._asked = False
        self._temperature = _Thermometer()
        self._events = Channel(_MOST_CLIENTS)
        self._pictures = Channel(_MOST_CLIENTS, self._metrics.count_dropped_picture)
        self._metrics.watch_clients("data", lambda: self._events.subscribers)
        self._metrics.watch_clients("picture", lambda: self._pictures.subscribers)

    async def run(self, address: Address, on_listening: Callable[[Address], None]) -> None:
        """Serve until cancelled.

        Args:
            address: Address to listen on.
            on_listening: Called with the address and its actual port when browsers can connect.

        Raises:
            InputError: If the system refuses to listen there.
        """
        listeners = listen(address)
        asyncio.get_running_loop().set_exception_handler(self._notes.on_loop_error)
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            handler_cancellation=True,
            keepalive_timeout=_KEPT_ALIVE_S,
            shutdown_timeout=1,
            logger=self._notes.logger(),
            auto_decompress=False,  # no request's content is read, and a small one can become a large one
        )
        await runner.setup()
        assert runner.server is not None
        self._reception = Reception(runner.server, self._notes, self._limits.within_open_files())
        accepting = [asyncio.ensure_future(self._reception.accept_from(listener)) for listener in listeners]
        try:
            on_listening(Address(address.host, int(listeners[0].getsockname()[1])))
            with ThreadPoolExecutor(1, "preview's encoder") as encoder:
                await self._publish(encoder)
        finally:
            for task in accepting:
                task.cancel()
            await asyncio.gather(*accepting, return_exceptions=True)
            for listener in listeners:
                listener.close()
            await runner.cleanup()
            self._notes.report()

    def take(self, frame: Frame, result: FrameResult) -> None:
        """Take the newest result, from any thread.

        The event loop is not woken, as the caller would then wait while it runs.
        """
        self._newest = frame, result
        self._arrived.append((time.monotonic(), frame.taken_at, result))

    async def _publish(self, encoder: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _INTERVAL_S
            if (self._count_arrived() or self._asked) and self._newest is not None:
                self._asked = False
                await self._publish_one(*self._newest, encoder)
            await asyncio.sleep(due - loop.time())

    def _count_arrived(self) -> bool:
        any_arrived = bool(self._arrived)
        while self._arrived:
            arrived, taken_at, result = self._arrived.popleft()
            self._metrics.add(result)
            self._timeline.add(taken_at, result)
            self._pace.add(arrived, result)
        return any_arrived

    def _ask(self) -> None:
        """Have the newest result published again, for a new subscriber."""
        self._asked = True

    async def _publish_one(self, frame: Frame, result: FrameResult, encoder: ThreadPoolExecutor) -> None:
        if self._events.subscribers:
            # A client that is further behind has been disconnected, and gets all spans when it is back.
            spans = self._timeline.since(frame.taken_at - LONGEST_DELAY_S)
            temperature = self._temperature.read()
            self._events.publish(messages.frame_event(frame, result, self._labels, self._pace, temperature, spans))
        if self._pictures.subscribers:
            loop = asyncio.get_running_loop()
            part = await loop.run_in_executor(encoder, messages.picture_part, frame.image, result.number)
            self._pictures.publish(part)

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self._receive, self._gate.admit])
        application.on_response_prepare.append(harden)
        application.on_shutdown.append(self._close_channels)
        application.add_routes([_serve_file(path) for path in sorted(_PAGE.iterdir())])
        application.add_routes(
            [
                web.get("/events", self._serve_events, allow_head=False),
                web.get("/picture.mjpg", self._serve_pictures, allow_head=False),
                web.get("/metrics", self._serve_metrics),
                web.get("/healthz", self._serve_health),
            ]
        )
        return application

    @web.middleware
    async def _receive(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let the connection stay if the request presents the token; without it there is one answer."""
        if self._gate.knows(request):
            self._reception.admit(request.protocol)
            return await handler(request)
        try:
            response = await handler(request)
        except web.HTTPException as refusal:
            refusal.force_close()
            raise
        response.force_close()
        return response

    async def _close_channels(self, _application: web.Application) -> None:
        self._events.close()
        self._pictures.close()

    async def _serve_events(self, request: web.Request) -> web.StreamResponse:
        spans = self._timeline.since(time.monotonic() - HISTORY_S)
        offset = time.time() - time.monotonic()
        first = messages.hello(self._title, self._labels, self._privacy, self._meaning, spans, offset)
        response = web.StreamResponse(headers={"Content-Type": messages.EVENTS_TYPE})
        return await stream(request, response, self._events, first, self._ask, messages.HEARTBEAT)

    async def _serve_pictures(self, request: web.Request) -> web.StreamResponse:
        if self._privacy:
            raise web.HTTPForbidden(text="Privacy: no picture leaves the device.\n")
        response = web.StreamResponse(headers={"Content-Type": messages.PICTURES_TYPE})
        return await stream(request, response, self._pictures, messages.PICTURES_START, self._ask)

    async def _serve_metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    async def _serve_health(self, _request: web.Request) -> web.Response:
        idle_s = min(self._pace.idle_s, time.monotonic() - self._started)
        if idle_s < _HEALTHY_S:
            return web.Response(text="ok\n")
        return web.Response(status=503, text=f"no frame for {idle_s:.0f} s\n")


class _Thermometer:
    """Reads the temperature, every `_TEMPERATURE_S` seconds at most."""

    def __init__(self) -> None:
        self._celsius: float | None = None
        self._read = float("-inf")

    def read(self) -> float | None:
        now = time.monotonic()
        if now - self._read > _TEMPERATURE_S:
            self._celsius, self._read = temperature_c(), now
        return self._celsius


def _serve_file(path: Path) -> web.RouteDef:
    body, kind = path.read_bytes(), _PAGE_TYPES[path.suffix]

    async def serve(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=kind, charset="utf-8")

    return web.get("/" if path.name == "index.html" else f"/{path.name}", serve)
