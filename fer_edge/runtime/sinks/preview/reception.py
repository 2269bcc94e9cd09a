"""Limits of the preview's connections: their number, the time without the token, and the bytes each may send."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from fer_edge.errors import first_line
from fer_edge.runtime.sinks.preview.port_notes import PortNotes

if sys.platform != "win32":
    import resource

_FILES_SHARE = 4
"""Connections may take 1 / `_FILES_SHARE` of the files that the process may open."""
_PAUSE_S = 0.005
"""Pause between two connections, so that a flood of them leaves time for the frames."""
_PAUSE_WITHOUT_FILES_S = 1.0


@dataclass(frozen=True)
class Limits:
    """Limits of what clients can use.

    Attributes:
        connections: Most connections at once.
        connections_of_address: Most connections at once from one IPv4 address or one IPv6 /64 network. Browsers behind
            a proxy or a router share one.
        admission_s: Most seconds from connecting to a request with the token, if one is required.
        content_s: Most seconds for the content of a request after its headers.
        request_bytes: Most bytes received from a client before its next request is admitted. Browsers send 1 kB, or
            10 kB where other programs on the same host set cookies.
    """

    connections: int = 256
    connections_of_address: int = 160
    admission_s: float = 10.0
    content_s: float = 10.0
    request_bytes: int = 32 << 10

    def within_open_files(self) -> Limits:
        """Return the same limits, lowered where the process may open few files."""
        if sys.platform == "win32":
            return self
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if files == resource.RLIM_INFINITY:
            return self
        most = max(min(self.connections, files // _FILES_SHARE), 1)
        return replace(self, connections=most, connections_of_address=min(self.connections_of_address, most))


class Reception:
    """Accepts connections within the limits.

    At a limit, a new connection replaces the oldest that has not been admitted, so that idle strangers cannot lock out
    visitors with the token.
    """

    def __init__(self, make_handler: Callable[[], asyncio.Protocol], notes: PortNotes, limits: Limits) -> None:
        """Prepare to accept connections.

        Args:
            make_handler: Creates the HTTP protocol of one connection.
            notes: Counts rejected connections.
            limits: Limits of what clients can use.
        """
        self._make_handler = make_handler
        self._notes = notes
        self._limits = limits
        self._guests: dict[asyncio.BaseProtocol, _Guest] = {}

    async def accept_from(self, listener: socket.socket) -> None:
        """Accept connections until cancelled.

        asyncio's own server has no limit, and logs a traceback per second when the process has no free file left.
        """
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(listener)
            except ConnectionAbortedError:
                continue
            except OSError as error:
                self._notes.add(_describe_refusal(error))
                await asyncio.sleep(_PAUSE_WITHOUT_FILES_S)
                continue
            try:
                # Some systems give no address for a client that has already disconnected.
                await self._receive(connection, _network_of(peer[0] if peer else ""))
            except Exception as error:  # of any kind, as it must not end the preview for others
                connection.close()
                self._notes.add(f"connection failed ({type(error).__name__}: {first_line(error)})")
            await asyncio.sleep(_PAUSE_S)

    def admit(self, handler: asyncio.BaseProtocol) -> None:
        """Let a connection stay and send further requests."""
        if handler in self._guests:
            self._guests[handler].admit()

    async def _receive(self, connection: socket.socket, network: str) -> None:
        if not (self._has_room(network) and self._has_room(None)):
            self._notes.add("connection refused, as too many are open")
            connection.close()
            return
        guest = _Guest(self._make_handler(), network, self._limits, self._notes, self._forget)
        self._guests[guest.handler] = guest
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: guest, connection)
        except OSError:  # already disconnected
            self._forget(guest)
            connection.close()
        except Exception:
            self._forget(guest)
            raise

    def _has_room(self, network: str | None) -> bool:
        """Return whether a network (`None` for all) may open one more connection; close a stranger's to allow it."""
        limit = self._limits.connections if network is None else self._limits.connections_of_address
        guests = [guest for guest in self._guests.values() if network in (None, guest.network)]
        if len(guests) < limit:
            return True
        stranger = next((guest for guest in guests if not guest.admitted), None)
        if stranger is None:
            return False
        self._notes.add("connection without a valid request closed, as too many are open")
        self._forget(stranger)
        stranger.abort()
        return True

    def _forget(self, guest: _Guest) -> None:
        self._guests.pop(guest.handler, None)


class _Guest(asyncio.Protocol):
    """A connection that is closed if it is not admitted in time or sends too much."""

    def __init__(
        self,
        handler: asyncio.Protocol,
        network: str,
        limits: Limits,
        notes: PortNotes,
        on_gone: Callable[[_Guest], None],
    ) -> None:
        self.handler = handler
        self.network = network
        self.admitted = False
        self._limits = limits
        self._notes = notes
        self._on_gone = on_gone
        self._received = 0
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def admit(self) -> None:
        self.admitted = True
        self._received = 0
        self._stop_deadline()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._deadline = asyncio.get_running_loop().call_later(self._limits.admission_s, self.abort)
        self.handler.connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._stop_deadline()
        self._on_gone(self)
        self.handler.connection_lost(error)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > self._limits.request_bytes:
            self._notes.add(f"request larger than {self._limits.request_bytes >> 10} KiB")
            self.abort()
        else:
            self.handler.data_received(data)

    def eof_received(self) -> bool | None:
        return self.handler.eof_received()

    def pause_writing(self) -> None:
        self.handler.pause_writing()

    def resume_writing(self) -> None:
        self.handler.resume_writing()

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _describe_refusal(error: OSError) -> str:
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "no file left for a connection (see ulimit -n)"
    return f"connection not accepted ({os.strerror(error.errno) if error.errno else first_line(error)})"


def _network_of(address: str) -> str:
    """Return an IPv4 address as it is, and an IPv6 address's /64 network, as an internet customer has all of it."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))
