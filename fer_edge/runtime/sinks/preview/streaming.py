"""Streaming responses: a channel's messages to one client, which may be slow, stuck or gone."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from typing import BinaryIO

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
    render: Callable[[bytes], bytes] = lambda message: message,
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
        render: Returns what this client gets for a message; nothing is sent if that is empty.

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
            await _forward(queue, response, writer, heartbeat, render)
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
    queue: Queue,
    response: web.StreamResponse,
    writer: AbstractStreamWriter,
    heartbeat: bytes | None,
    render: Callable[[bytes], bytes],
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
            message = render(message)
            last = heartbeat or message
        if message:
            await _send(response, writer, message)


async def stream_file(request: web.Request, file: BinaryIO, headers: Mapping[str, str]) -> web.StreamResponse:
    """Send an open file as it is now, also while it grows, until the client stops reading.

    aiohttp's own response for files would send one with the ending .gz beside it instead.
    """
    left = os.fstat(file.fileno()).st_size
    response = web.StreamResponse(headers={**headers, "Content-Length": str(left)})
    transport = request.transport
    try:
        writer = await response.prepare(request)
        while writer is not None and left > 0:
            chunk = await asyncio.to_thread(file.read, min(left, _KEPT_BYTES))
            if not chunk:  # cut off meanwhile, so the promised length cannot be kept
                _abort(transport)
                break
            await _send(response, writer, chunk)
            left -= len(chunk)
    except ConnectionResetError:
        pass  # the client has gone
    except asyncio.TimeoutError:
        _abort(transport)
    return response


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
