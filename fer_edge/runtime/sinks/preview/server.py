"""Web server of the preview: the page with its streams, the endpoints for programs, metrics and health."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from fer_edge.notes import OnNote
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.preview.access import LOGIN_PATH, Gate, harden
from fer_edge.runtime.sinks.preview.address import Address, listen
from fer_edge.runtime.sinks.preview.api import Api
from fer_edge.runtime.sinks.preview.condition import StreamState
from fer_edge.runtime.sinks.preview.describe import About
from fer_edge.runtime.sinks.preview.description import Description
from fer_edge.runtime.sinks.preview.links import StreamLinks
from fer_edge.runtime.sinks.preview.live import LiveStreams
from fer_edge.runtime.sinks.preview.metrics import CONTENT_TYPE
from fer_edge.runtime.sinks.preview.port_notes import PortNotes
from fer_edge.runtime.sinks.preview.reception import Limits, Reception
from fer_edge.runtime.sinks.preview.record import Record
from fer_edge.runtime.sources.source import Frame

_PAGE = Path(__file__).parent / "page"
_PAGE_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

_INTERVAL_S = 1 / 15
_MOST_CLIENTS = 100
_MOST_CONTENT_BYTES = 4096
_UNAUTHORIZED = 401
_HEALTHY_S = 30.0
_KEPT_ALIVE_S = 15.0
"""Time after which aiohttp closes a connection without a request."""


class Server:
    """Shows a stream to browsers and programs.

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
        self._record = record = Record(labels, links, privacy=privacy)
        run, camera = record.changes.run, links.camera or title
        about = About(title, labels, run, camera, links.source, links.model, meaning, privacy)
        description = Description(about, record, links)
        self._live = LiveStreams(record, description, _MOST_CLIENTS)
        self._api = Api(record, description, links, on_settings=self._live.ask, most_clients=_MOST_CLIENTS)
        self._started = time.monotonic()

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
            lingering_time=self._limits.content_s,  # for content after a refusal
            shutdown_timeout=1,
            logger=self._notes.logger(),
            auto_decompress=False,  # no content that is read needs it, and a small one can become a large one
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
            if self._is_news():  # such as the stream's end
                self._live.publish_result()
            for listener in listeners:
                listener.close()
            await runner.cleanup()
            self._notes.report()

    def take(self, frame: Frame, result: FrameResult) -> None:
        """Take the newest result, from any thread."""
        self._record.take(frame, result)

    def finish(self) -> None:
        """Record, from any thread, that the stream has ended by itself."""
        self._record.finish()

    async def _publish(self, encoder: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _INTERVAL_S
            if self._is_news():
                self._live.publish_result()
                await self._live.publish_picture(encoder)
            await asyncio.sleep(due - loop.time())

    def _is_news(self) -> bool:
        """Look for a new frame, state or subscriber; return whether there is one."""
        changes = self._record.changes.newest
        is_new_frame, is_new_state = self._record.absorb(), self._record.observe()
        if is_new_state or self._record.changes.newest != changes:
            self._api.signal()
        return self._live.take_request() or is_new_frame or is_new_state

    def _application(self) -> web.Application:
        application = web.Application(
            middlewares=[self._receive, self._gate.admit], client_max_size=_MOST_CONTENT_BYTES
        )
        application.on_response_prepare.append(harden)
        application.on_shutdown.append(self._close_channels)
        application.add_routes([_serve_file(path) for path in sorted(_PAGE.iterdir())])
        application.add_routes(
            [
                *self._live.routes(),
                *self._api.routes(),
                web.get("/metrics", self._serve_metrics),
                web.get("/healthz", self._serve_health),
                web.get(LOGIN_PATH, self._log_in, allow_head=False),
                web.post(LOGIN_PATH, self._log_in),
            ]
        )
        return application

    @web.middleware
    async def _receive(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let the connection stay if the request presents the token; without it there is one answer."""
        if self._gate.knows(request):
            self._reception.admit(request.protocol)
            await self._read_content(request)
            return await handler(request)
        try:
            response = await handler(request)
        except web.HTTPException as refusal:
            refusal.force_close()
            raise
        response.force_close()
        return response

    async def _read_content(self, request: web.Request) -> None:
        """Read a request's content, which stays with it, or reject the request if that takes too long."""
        try:
            await asyncio.wait_for(request.read(), self._limits.content_s)
        except asyncio.TimeoutError:
            self._notes.add("content of a request not received in time")
            refusal = web.HTTPRequestTimeout(text="The content did not come in time.\n")
            refusal.force_close()
            raise refusal from None

    async def _log_in(self, request: web.Request) -> web.Response:
        response = await self._gate.log_in(request)
        if response.status == _UNAUTHORIZED:
            self._notes.add("wrong token")
        return response

    async def _close_channels(self, _application: web.Application) -> None:
        self._live.close()
        self._api.close()

    async def _serve_metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._record.metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    async def _serve_health(self, _request: web.Request) -> web.Response:
        idle_s = min(self._record.pace.idle_s, time.monotonic() - self._started)
        if idle_s < _HEALTHY_S or self._record.condition.state is StreamState.FINISHED:
            return web.Response(text="ok\n")
        return web.Response(status=503, text=f"no frame for {idle_s:.0f} s\n")


def _serve_file(path: Path) -> web.RouteDef:
    body, kind = path.read_bytes(), _PAGE_TYPES[path.suffix]

    async def serve(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=kind, charset="utf-8")

    return web.get("/" if path.name == "index.html" else f"/{path.name}", serve)
