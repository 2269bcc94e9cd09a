"""Endpoints of the preview for programs, as docs/preview-api.yaml describes them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable

from aiohttp import web

from fer_edge.errors import InputError
from fer_edge.runtime.sinks.preview import describe, messages
from fer_edge.runtime.sinks.preview.access import require_pictures, require_same_origin
from fer_edge.runtime.sinks.preview.answers import json_answer, tagged, whole_number
from fer_edge.runtime.sinks.preview.channel import Channel
from fer_edge.runtime.sinks.preview.description import Description
from fer_edge.runtime.sinks.preview.follower import Follower
from fer_edge.runtime.sinks.preview.history import LONGEST_SPAN_S, SHORTEST_SPAN_S
from fer_edge.runtime.sinks.preview.links import StreamLinks
from fer_edge.runtime.sinks.preview.logs import LogForm, written_file
from fer_edge.runtime.sinks.preview.record import Record
from fer_edge.runtime.sinks.preview.snapshots import Snapshots
from fer_edge.runtime.sinks.preview.streaming import stream, stream_file

_DEFAULT_SPAN_S = 600
_MOST_CHANGES = 10**12
_LOG_TYPES = {LogForm.JSONL: "application/x-ndjson", LogForm.CSV: "text/csv"}
_UNSAFE_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


class Api:
    """Answers requests from what is known of a stream. For use in the server's event loop."""

    def __init__(
        self,
        record: Record,
        description: Description,
        links: StreamLinks,
        *,
        on_settings: Callable[[], None],
        most_clients: int,
    ) -> None:
        """Join the parts.

        Args:
            record: Record of the stream.
            description: Describes it.
            links: Ways to the stream's parts.
            on_settings: Called when a visitor has changed the settings.
            most_clients: Most clients that follow the changes.
        """
        self._record = record
        self._description = description
        self._about = description.about
        self._logs = links.logs
        self._on_settings = on_settings
        self._signals = Channel(most_clients)
        self._snapshots = {suffix: Snapshots(suffix, self._about.labels) for suffix in (".jpg", ".png")}

    def routes(self) -> list[web.RouteDef]:
        """Return the endpoints."""
        return [
            web.get("/api/state", self._serve_state),
            web.get("/api/events", self._serve_events, allow_head=False),
            web.get("/api/changes", self._serve_changes),
            web.get(r"/api/changes/{number:\d{1,12}}.jpg", self._serve_change_picture),
            web.get("/api/history", self._serve_history),
            web.get("/api/log.{form:jsonl|csv}", self._serve_log, allow_head=False),
            web.post("/api/settings", self._change_settings),
            web.get(r"/snapshot{suffix:\.jpg|\.png}", self._serve_snapshot),
        ]

    def signal(self) -> None:
        """Let the clients that follow the changes look for new ones."""
        self._signals.publish(b"look")

    def close(self) -> None:
        """End all streams."""
        self._signals.close()

    async def _serve_state(self, request: web.Request) -> web.Response:
        newest, state = self._record.newest, self._description.state()
        settings = state["settings"]
        parts = (
            *(self._about.run, newest.serial if newest else 0, state["stream"]["state"]),
            *(settings["threshold"], settings["smoothing_s"]),
        )
        return tagged(request, "-".join(map(str, parts)), json_answer(state))

    async def _serve_events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": messages.EVENTS_TYPE})
        follower = Follower(self._record, request.headers.get("Last-Event-ID", ""))
        return await stream(
            request,
            response,
            self._signals,
            follower.lacking(),
            on_subscribed=lambda: None,
            heartbeat=messages.HEARTBEAT,
            render=lambda _: follower.lacking(),
        )

    async def _serve_changes(self, request: web.Request) -> web.Response:
        after = whole_number(request, "after", 0, (0, _MOST_CHANGES))
        changes = [describe.change_json(change) for change in self._record.changes.after(after)]
        return json_answer({"run": self._about.run, "changes": changes})

    async def _serve_change_picture(self, request: web.Request) -> web.Response:
        require_pictures(privacy=self._about.privacy)
        picture = self._record.changes.picture(int(request.match_info["number"]))
        if picture is None:
            raise web.HTTPNotFound(text="No picture of that change is kept.\n")
        return web.Response(body=picture, content_type="image/jpeg")

    async def _serve_history(self, request: web.Request) -> web.Response:
        span_s = whole_number(request, "span", _DEFAULT_SPAN_S, (SHORTEST_SPAN_S, LONGEST_SPAN_S))
        now = time.monotonic()
        return json_answer(describe.stretch_json(self._record.history.until(now, span_s), now, span_s))

    async def _serve_log(self, request: web.Request) -> web.StreamResponse:
        form = LogForm(request.match_info["form"])
        name = _UNSAFE_IN_NAMES.sub("-", self._about.camera).strip("-.") or "fer-edge"
        headers = {
            "Content-Type": f"{_LOG_TYPES[form]}; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}.{form.value}"',
        }
        path = written_file(self._logs, form)
        if path is not None:
            with path.open("rb") as file:
                return await stream_file(request, file, {**headers, "X-Log": "file"})
        text = await asyncio.to_thread(self._record.log.renderer(form))
        return web.Response(body=text.encode(), headers={**headers, "X-Log": "memory"})

    async def _change_settings(self, request: web.Request) -> web.Response:
        require_same_origin(request)
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="Expected content of the type application/json.\n")
        settings = self._description.settings
        if not settings.are_adjustable:
            raise web.HTTPConflict(text="This stream has no settings that can be changed.\n")
        try:
            settings.change(await request.read())
        except InputError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        self._on_settings()
        return json_answer(settings.to_json())

    async def _serve_snapshot(self, request: web.Request) -> web.Response:
        require_pictures(privacy=self._about.privacy)
        suffix = request.match_info["suffix"]
        if self._record.newest is None:
            raise web.HTTPServiceUnavailable(text="No frame yet.\n", headers={"Retry-After": "1"})
        picture = await self._snapshots[suffix].get(self._record.newest)
        kind = "image/png" if suffix == ".png" else "image/jpeg"
        response = web.Response(body=picture.content, content_type=kind)
        return tagged(request, f"{self._about.run}-{picture.serial}", response)
