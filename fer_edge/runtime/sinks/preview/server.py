"""Web server of the preview: the page, its streams of results and pictures, metrics and health."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from fer_edge.board import temperature_c
from fer_edge.notes import OnNote
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.preview import describe, messages
from fer_edge.runtime.sinks.preview.access import LOGIN_PATH, Gate, harden
from fer_edge.runtime.sinks.preview.address import Address, listen
from fer_edge.runtime.sinks.preview.api import PRIVACY_TEXT, Api
from fer_edge.runtime.sinks.preview.channel import Channel
from fer_edge.runtime.sinks.preview.condition import StreamState
from fer_edge.runtime.sinks.preview.describe import About, Json
from fer_edge.runtime.sinks.preview.links import StreamLinks
from fer_edge.runtime.sinks.preview.metrics import CONTENT_TYPE
from fer_edge.runtime.sinks.preview.port_notes import PortNotes
from fer_edge.runtime.sinks.preview.reception import Limits, Reception
from fer_edge.runtime.sinks.preview.record import Newest, Record
from fer_edge.runtime.sinks.preview.streaming import LONGEST_DELAY_S, stream
from fer_edge.runtime.sinks.preview.timeline import HISTORY_S
from fer_edge.runtime.sources.source import Frame

_PAGE = Path(__file__).parent / "page"
_PAGE_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

_INTERVAL_S = 1 / 15
_MOST_CLIENTS = 64
_MOST_CONTENT_BYTES = 4096
_UNAUTHORIZED = 401
_HEALTHY_S = 30.0
_KEPT_ALIVE_S = 15.0
"""Time after which aiohttp closes a connection without a request."""
_TEMPERATURE_S = 2.0


class Server:
    """Sends browsers the newest result, and the newest picture if one of them subscribes to it.

    For use in one event loop, except `take` and `finish`.

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
        links: StreamLinks,
        limits: Limits,
        on_note: OnNote,
    ) -> None:
        """Prepare to serve; for the arguments see `open_preview`."""
        self._gate = gate
        self._limits = limits
        self._notes = PortNotes(on_note)
        self._privacy = privacy
        self._record = record = Record(labels, links, privacy=privacy)
        self._about = About(
            title, labels, record.changes.run, links.camera or title, links.source, links.model, meaning, privacy
        )
        self._started = time.monotonic()
        self._asked = False
        self._temperature = _Thermometer()
        self._api = Api(
            self._about,
            record,
            links,
            temperature=self._temperature.read,
            on_settings=self._ask,
            most_clients=_MOST_CLIENTS,
        )
        self._events = Channel(_MOST_CLIENTS)
        self._pictures = Channel(_MOST_CLIENTS, record.metrics.count_dropped_picture)
        record.metrics.watch_clients("data", lambda: self._events.subscribers)
        record.metrics.watch_clients("picture", lambda: self._pictures.subscribers)

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
            self._publish_end()
            for listener in listeners:
                listener.close()
            await runner.cleanup()
            self._notes.report()

    def take(self, frame: Frame, result: FrameResult) -> None:
        """Take the newest result, from any thread."""
        self._record.take(frame, result)

    def finish(self) -> None:
        """Take note, from any thread, that the stream has ended by itself."""
        self._record.finish()

    async def _publish(self, encoder: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _INTERVAL_S
            if self._is_news() and self._record.newest is not None:
                await self._publish_one(self._record.newest, encoder)
            await asyncio.sleep(due - loop.time())

    def _is_news(self) -> bool:
        """Look for a new frame, state or subscriber; return whether there is one."""
        changes = self._record.changes.newest
        is_new_frame = self._record.absorb()
        is_new_state = self._record.observe()
        if is_new_state or self._record.changes.newest != changes:
            self._api.signal()
        asked, self._asked = self._asked, False
        return is_new_frame or is_new_state or asked

    def _ask(self) -> None:
        """Have the newest result published again, for a new subscriber or new settings."""
        self._asked = True

    async def _publish_one(self, newest: Newest, encoder: ThreadPoolExecutor) -> None:
        if self._events.subscribers:
            self._events.publish(messages.sent_event(self._message(newest)))
        if self._pictures.subscribers:
            loop = asyncio.get_running_loop()
            part = await loop.run_in_executor(encoder, messages.picture_part, newest.frame.image, newest.result.number)
            self._pictures.publish(part)

    def _publish_end(self) -> None:
        """Let the clients know a stream's last state before the connections end."""
        if self._is_news() and self._record.newest is not None:
            self._events.publish(messages.sent_event(self._message(self._record.newest)))

    def _hello(self) -> Json:
        """Describe what does not change, and all that is kept."""
        record = self._record
        return {
            "title": self._about.title,
            **self._api.about_json(),
            "history_s": HISTORY_S,
            "spans": describe.spans_json(record.timeline.since(time.monotonic() - HISTORY_S)),
            "clock_offset": describe.clock_offset(),
            "stream": describe.stream_json(record.condition),
            "settings": self._api.settings.to_json(),
            "summary": describe.totals_json(record.totals),
            "changes": [describe.change_json(change) for change in record.changes.after(0)],
        }

    def _message(self, newest: Newest) -> Json:
        """Describe the newest result, and what a client may lack that has missed some messages."""
        frame, result, record = newest.frame, newest.result, self._record
        # A client that is further behind has been disconnected, and gets everything when it is back.
        since = time.monotonic() - LONGEST_DELAY_S
        members = {
            "frame": result.number,
            "time": round(result.time, 3),
            "moment": round(frame.taken_at, 3),
            "clock_offset": round(result.time - frame.taken_at, 3),
            "size": list(frame.image.shape[1::-1]),
            "faces": describe.faces_json(result, self._about.labels),
            "stages_ms": {stage: round(value, 3) for stage, value in record.pace.stages_ms.items()},
            **describe.speed_json(record.pace, self._temperature.read()),
            "spans": describe.spans_json(record.timeline.since(min(since, frame.taken_at))),
            "stream": describe.stream_json(record.condition),
            "settings": self._api.settings.to_json(),
            "changes": [describe.change_json(change) for change in record.changes.since(since)],
        }
        if record.condition.state is StreamState.FINISHED:
            members["summary"] = describe.totals_json(record.totals)
        return members

    def _application(self) -> web.Application:
        application = web.Application(
            middlewares=[self._receive, self._gate.admit], client_max_size=_MOST_CONTENT_BYTES
        )
        application.on_response_prepare.append(harden)
        application.on_shutdown.append(self._close_channels)
        application.add_routes([_serve_file(path) for path in sorted(_PAGE.iterdir())])
        application.add_routes(
            [
                web.get("/events", self._serve_events, allow_head=False),
                web.get("/picture.mjpg", self._serve_pictures, allow_head=False),
                web.get("/metrics", self._serve_metrics),
                web.get("/healthz", self._serve_health),
                web.post(LOGIN_PATH, self._log_in),
                *self._api.routes(),
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

    async def _log_in(self, request: web.Request) -> web.Response:
        response = await self._gate.log_in(request)
        if response.status == _UNAUTHORIZED:
            self._notes.add("wrong token")
        return response

    async def _close_channels(self, _application: web.Application) -> None:
        self._events.close()
        self._pictures.close()
        self._api.close()

    async def _serve_events(self, request: web.Request) -> web.StreamResponse:
        first = messages.sent_event(self._hello(), "hello")
        response = web.StreamResponse(headers={"Content-Type": messages.EVENTS_TYPE})
        return await stream(request, response, self._events, first, self._ask, messages.HEARTBEAT)

    async def _serve_pictures(self, request: web.Request) -> web.StreamResponse:
        if self._privacy:
            raise web.HTTPForbidden(text=PRIVACY_TEXT)
        response = web.StreamResponse(headers={"Content-Type": messages.PICTURES_TYPE})
        return await stream(request, response, self._pictures, messages.PICTURES_START, self._ask)

    async def _serve_metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._record.metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    async def _serve_health(self, _request: web.Request) -> web.Response:
        idle_s = min(self._record.pace.idle_s, time.monotonic() - self._started)
        if idle_s < _HEALTHY_S or self._record.condition.state is StreamState.FINISHED:
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
