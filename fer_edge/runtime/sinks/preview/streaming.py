"""Responses that go on: a channel's messages to one client, who may be slow, stuck or gone."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from fer_edge.runtime.sinks.preview.channel import Channel, ChannelFullError, Queue

_WRITE_TIMEOUT_S = 5.0
_HEARTBEAT_S = 5.0
_KEPT_BYTES = 128 * 1024

LONGEST_DELAY_S = _WRITE_TIMEOUT_S + _HEARTBEAT_S
"""Who is further behind is disconnected."""


async def stream(
    request: web.Request,
    response: web.StreamResponse,
    channel: Channel,
    first: bytes,
    on_watching: Callable[[], None],
    heartbeat: bytes | None = None,
) -> web.StreamResponse:
    """Send what a channel gives until it is closed or the client does not read.

    Args:
        request: Of the client.
        response: With its headers, not yet begun.
        channel: Where the messages come from.
        first: What to begin with.
        on_watching: Called when the first message can be published.
        heartbeat: What to send where messages are long in coming, which shows whether the client is still there; the
            last message again if this is `None`.

    Raises:
        HTTPServiceUnavailable: If as many watch as may.
    """
    transport = request.transport  # which the server forgets when it ends
    try:
        with channel.watch() as queue:
            writer = await response.prepare(request)
            assert writer is not None  # as the response begins here
            _limit_backlog(transport)
            await _send(response, writer, first)
            on_watching()
            await _forward(queue, response, writer, heartbeat)
    except ChannelFullError:
        raise web.HTTPServiceUnavailable(text="Too many watch already.\n", headers={"Retry-After": "10"}) from None
    except ConnectionResetError:
        pass  # the client has gone
    except asyncio.TimeoutError:
        _let_go(transport)
    except asyncio.CancelledError:
        _let_go(transport)
        raise
    return response


async def _forward(
    queue: Queue, response: web.StreamResponse, writer: AbstractStreamWriter, heartbeat: bytes | None
) -> None:
    last = heartbeat
    while True:
        try:
            message = await asyncio.wait_for(queue.get(), _HEARTBEAT_S)
        except asyncio.TimeoutError:
            message = last
        else:
            if message is None:
                return
            last = heartbeat or message
        if message is not None:
            await _send(response, writer, message)


async def _send(response: web.StreamResponse, writer: AbstractStreamWriter, message: bytes) -> None:
    """Send, and wait until the system has taken it: what waits here would be old when it leaves."""

    async def write() -> None:
        await response.write(message)
        await writer.drain()

    await asyncio.wait_for(write(), _WRITE_TIMEOUT_S)


def _let_go(transport: asyncio.Transport | None) -> None:
    """Close the connection, with all that the client was sent and did not read."""
    if transport is not None:
        transport.abort()


def _limit_backlog(transport: asyncio.Transport | None) -> None:
    """Keep little on its way to a client, as it would see it late."""
    if transport is None:
        return
    transport.set_write_buffer_limits(high=0)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _KEPT_BYTES)
