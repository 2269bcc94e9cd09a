"""Endpoints of the preview for programs, as docs/preview-api.yaml describes them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

from aiohttp import ETag, web

from fer_edge.errors import InputError
from fer_edge.runtime.sinks.preview import describe, messages
from fer_edge.runtime.sinks.preview.access import require_same_origin
from fer_edge.runtime.sinks.preview.channel import Channel
from fer_edge.runtime.sinks.preview.condition import StreamState
from fer_edge.runtime.sinks.preview.describe import About, Json
from fer_edge.runtime.sinks.preview.history import LONGEST_SPAN_S, SHORTEST_SPAN_S
from fer_edge.runtime.sinks.preview.links import StreamLinks
from fer_edge.runtime.sinks.preview.logs import LogForm, written_file
from fer_edge.runtime.sinks.preview.record import Record
from fer_edge.runtime.sinks.preview.settings import Settings
from fer_edge.runtime.sinks.preview.snapshots import Snapshots
from fer_edge.runtime.sinks.preview.streaming import stream, stream_file

PRIVACY_TEXT = "Privacy: no picture leaves the device.\n"

_DEFAULT_SPAN_S = 600
_LOG_TYPES = {LogForm.JSONL: "application/x-ndjson", LogForm.CSV: "text/csv"}
_UNSAFE_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


class Api:
    """Answers requests from what is known of a stream. For use in the server's event loop."""

    def __init__(
        self,
        about: About,
        record: Record,
        links: StreamLinks,
        *,
        temperature: Callable[[], float | None],
        on_settings: Callable[[], None],
        most_clients: int,
    ) -> None:
        """Join the parts.

        Args:
            about: What does not change.
            record: What has been seen.
            links: Ways to the stream's parts.
            temperature: Returns the processor's temperature in degrees Celsius, if it is known.
            on_settings: Called when a visitor has changed the settings.
            most_clients: Most clients that follow the changes.
        """
        self.settings = Settings(links.pipeline)
        self._about = about
        self._record = record
        self._links = links
        self._temperature = temperature
        self._on_settings = on_settings
        self._signals = Channel(most_clients)
        self._snapshots = {suffix: Snapshots(suffix, about.labels) for suffix in (".jpg", ".png")}

    def routes(self) -> list[web.RouteDef]:
        """Return the endpoints."""
        return [
            web.get("/api/state", self._serve_state),
            web.get("/api/events", self._serve_events, allow_head=False),
            web.get("/api/changes", self._serve_changes),
            web.get(r"/api/changes/{number:\d{1,15}}.jpg", self._serve_change_picture),
            web.get("/api/history", self._serve_history),
            web.get("/api/log.{form:jsonl|csv}", self._serve_log),
            web.post("/api/settings", self._change_settings),
            web.get("/snapshot{suffix:.jpg|.png}", self._serve_snapshot),
        ]

    def about_json(self) -> Json:
        """Describe what hardly changes."""
        kinds = {form.value: "memory" if written_file(self._links.logs, form) is None else "file" for form in LogForm}
        return {**describe.about_json(self._about), "log": kinds}

    def signal(self) -> None:
        """Let the clients that follow the changes look for new ones."""
        self._signals.publish(b"look")

    def close(self) -> None:
        """End all streams."""
        self._signals.close()

    async def _serve_state(self, request: web.Request) -> web.Response:
        newest, condition = self._record.newest, self._record.condition
        settings = self.settings.to_json()
        tag = ETag(f"{self._about.run}-{newest.serial if newest else 0}-{condition.state.value}-{_digest(settings)}")
        if _is_known(request, tag):
            return _not_modified(tag)
        return _json({**self._state(), "settings": settings}, tag)

    def _state(self) -> Json:
        newest, condition = self._record.newest, self._record.condition
        is_live = condition.state is StreamState.LIVE
        return {
            **self.about_json(),
            **describe.speed_json(self._record.pace, self._temperature()),
            "stream": describe.stream_json(condition),
            "frame": newest and newest.result.number,
            "time": newest and round(newest.result.time, 3),
            "size": newest and list(newest.frame.image.shape[1::-1]),
            "faces": describe.faces_json(newest.result, self._about.labels) if newest and is_live else [],
            "summary": describe.totals_json(self._record.totals),
        }

    async def _serve_events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": messages.EVENTS_TYPE})
        follower = _Follower(self._record, self._about.run, request.headers.get("Last-Event-ID", ""))
        first = follower.render(b"")
        return await stream(request, response, self._signals, first, lambda: None, messages.HEARTBEAT, follower.render)

    async def _serve_changes(self, request: web.Request) -> web.Response:
        after = _whole_number(request, "after", 0, (0, 10**15))
        changes = [describe.change_json(change) for change in self._record.changes.after(after)]
        return _json({"run": self._about.run, "changes": changes})

    async def _serve_change_picture(self, request: web.Request) -> web.Response:
        self._require_pictures()
        picture = self._record.changes.picture(int(request.match_info["number"]))
        if picture is None:
            raise web.HTTPNotFound(text="No picture of that change is kept.\n")
        return web.Response(body=picture, content_type="image/jpeg")

    async def _serve_history(self, request: web.Request) -> web.Response:
        span_s = _whole_number(request, "span", _DEFAULT_SPAN_S, (SHORTEST_SPAN_S, LONGEST_SPAN_S))
        now = time.monotonic()
        return _json(describe.stretch_json(self._record.history.until(now, span_s), now, span_s))

    async def _serve_log(self, request: web.Request) -> web.StreamResponse:
        form = LogForm(request.match_info["form"])
        name = _UNSAFE_IN_NAMES.sub("-", self._about.camera).strip("-.") or "fer-edge"
        headers = {
            "Content-Type": f"{_LOG_TYPES[form]}; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}.{form.value}"',
        }
        path = written_file(self._links.logs, form)
        if path is not None:
            with path.open("rb") as file:
                return await stream_file(request, file, {**headers, "X-Log": "file"})
        text = await asyncio.to_thread(self._record.log.renderer(form))
        return web.Response(body=text.encode(), headers={**headers, "X-Log": "memory"})

    async def _change_settings(self, request: web.Request) -> web.Response:
        require_same_origin(request)
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="Expected content of the type application/json.\n")
        if not self.settings.are_adjustable:
            raise web.HTTPConflict(text="This stream has no settings that can be changed.\n")
        try:
            self.settings.change(await request.read())
        except InputError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        self._on_settings()
        return _json(self.settings.to_json())

    async def _serve_snapshot(self, request: web.Request) -> web.Response:
        self._require_pictures()
        suffix = request.match_info["suffix"]
        if self._record.newest is None:
            raise web.HTTPServiceUnavailable(text="No frame yet.\n", headers={"Retry-After": "1"})
        picture = await self._snapshots[suffix].get(self._record.newest)
        tag = ETag(f"{self._about.run}-{picture.serial}")
        if _is_known(request, tag):
            return _not_modified(tag)
        response = web.Response(body=picture.content, content_type="image/png" if suffix == ".png" else "image/jpeg")
        response.etag = tag
        return response

    def _require_pictures(self) -> None:
        if self._about.privacy:
            raise web.HTTPForbidden(text=PRIVACY_TEXT)


class _Follower:
    """What one client has of the changes and of the stream's state."""

    def __init__(self, record: Record, run: str, last_event_id: str) -> None:
        """Continue after the last event's id; without one, only what is new is sent."""
        self._record = record
        self._run = run
        its_run, _, number = last_event_id.partition("-")
        is_known = its_run == run and number.isascii() and number.isdecimal() and len(number) < 16
        self._number = int(number) if is_known else 0 if last_event_id else record.changes.newest
        self._state: StreamState | None = None

    def render(self, _message: bytes) -> bytes:
        """Return the events that the client lacks."""
        condition, changes = self._record.condition, self._record.changes.after(self._number)
        self._number = self._record.changes.newest
        is_new_state, self._state = condition.state is not self._state, condition.state
        events = [messages.sent_event(describe.stream_json(condition), "state")] if is_new_state else []
        for change in changes:
            members = describe.change_json(change)
            events.append(messages.sent_event(members, change.event.kind.value, f"{self._run}-{change.number}"))
        return b"".join(events)


def _json(members: dict[str, Any], tag: ETag | None = None) -> web.Response:
    response = web.Response(text=messages.to_json(members), content_type="application/json")
    response.etag = tag
    return response


def _is_known(request: web.Request, tag: ETag) -> bool:
    """Return whether a request says that it has the content with this tag."""
    return any(known.value in (tag.value, "*") for known in request.if_none_match or ())


def _not_modified(tag: ETag) -> web.Response:
    response = web.Response(status=304)
    response.etag = tag
    return response


def _digest(members: Json) -> str:
    return f"{members['threshold']:g}-{members['smoothing_s']:g}"


def _whole_number(request: web.Request, name: str, default: int, limits: tuple[int, int]) -> int:
    text = request.query.get(name, str(default))
    least, most = limits
    if not (text.isascii() and text.isdecimal() and len(text) < 16 and least <= int(text) <= most):
        raise web.HTTPBadRequest(text=f"{name}: expected a whole number in {least}..{most}.\n")
    return int(text)
