"""Streaming responses: a channel's messages to one client, which may be slow, stuck or gone."""

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
"""A client that is further behind is disconnected."""


async def stream(
    request: web.Request,
    response: web.StreamResponse,
    channel: Channel,
    first: bytes,
    on_subscribed: Callable[[], None],
    heartbeat: bytes | None = None,
) -> web.StreamResponse:
    """Send a channel's messages to a client until the channel is closed or the client stops reading.

    Args:
        request: The client's request.
        response: Response with its headers, not yet started.
        channel: Channel to subscribe to.
        first: First message.
        on_subscribed: Called when the client is ready for the channel's messages.
        heartbeat: Sent when no message has come for a while, to notice a client that is gone; `None` to send the last
            message again.

    Raises:
        HTTPServiceUnavailable: If the channel has its maximum number of subscribers.
    """
    transport = request.transport  # None after the connection has ended
    try:
        with channel.subscribe() as queue:
            writer = await response.prepare(request)
            assert writer is not None  # as the response starts here
            _limit_backlog(transport)
            await _send(response, writer, first)
            on_subscribed()
            await _forward(queue, response, writer, heartbeat)
    except ChannelFullError:
        raise web.HTTPServiceUnavailable(text="Too many viewers.\n", headers={"Retry-After": "10"}) from None
    except ConnectionResetError:
        pass  # the client has gone
    except asyncio.TimeoutError:
        _abort(transport)
    except asyncio.CancelledError:
        _abort(transport)
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
    """Send a message and wait until the system has taken it, as a message that waits here would be sent late."""

    async def write() -> None:
        await response.write(message)
        await writer.drain()

    await asyncio.wait_for(write(), _WRITE_TIMEOUT_S)


def _abort(transport: asyncio.Transport | None) -> None:
    """Close the connection and discard what the client has not read."""
    if transport is not None:
        transport.abort()


def _limit_backlog(transport: asyncio.Transport | None) -> None:
    """Buffer little for a client, as it would see what is buffered late."""
    if transport is None:
        return
    transport.set_write_buffer_limits(high=0)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _KEPT_BYTES)
