"""Where a preview listens, and how it is called from elsewhere."""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from fer_edge.errors import InputError

_LOOPBACK = "127.0.0.1"
_BACKLOG = 128
"""Connections that the system holds for us until they are accepted."""
_ELSEWHERE = ("192.0.2.1", 9)
"""An address for documentation (RFC 5737), to which nothing is sent."""


@dataclass(frozen=True)
class Address:
    """A host, as a name or an address, and a port; 0 is any that is free."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `[HOST:]PORT`, with an IPv6 address in brackets.

        Raises:
            InputError: If it is neither.
        """
        host, colon, port = text.rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            raise InputError(f"--preview {text}: expected an IPv6 address in brackets, such as [::1]:8080")
        if not (port.isascii() and port.isdecimal()) or int(port) > 65535 or (colon and not host):
            raise InputError(f"--preview {text}: expected [HOST:]PORT, such as 8080, or 0.0.0.0:8080 for every network")
        return cls(host or _LOOPBACK, int(port))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine's own programs can reach it."""
        return is_loopback(self.host)

    @property
    def url(self) -> str:
        """How to call it; for every network, by this machine's address in the one that leads outside."""
        host = _own_address() if _is_unspecified(self.host) else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"


def is_loopback(host: str) -> bool:
    """Whether a host's name or address means this machine and is no name that somebody else could give an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def host_of(header: str) -> str | None:
    """The host in a `Host` header, without its port; `None` if there is none to be read."""
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


def listen(address: Address) -> list[socket.socket]:
    """Open non-blocking sockets that listen at a host's addresses, all on one port.

    Raises:
        InputError: If it is not possible to listen there.
    """
    listeners: list[socket.socket] = []
    try:
        for family, host in _resolve(address):
            port = listeners[0].getsockname()[1] if listeners else address.port
            listeners.append(socket.create_server((host, port), family=family, backlog=_BACKLOG))
            listeners[-1].setblocking(False)
    except (OSError, UnicodeError) as error:  # the latter for a host that no name can be
        for listener in listeners:
            listener.close()
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if number and number > 0 else str(error)
        raise InputError(
            f"--preview {address.host}:{address.port}: cannot listen there ({reason}); try another port, or 0 for one "
            "that is free, and as the host one of this machine's own, or 0.0.0.0 for all of them"
        ) from error
    return listeners


def _resolve(address: Address) -> list[tuple[socket.AddressFamily, str]]:
    entries = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, str(where[0])) for family, _, _, _, where in entries))


def _is_unspecified(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:  # no network
            return socket.gethostname()
        return str(probe.getsockname()[0])
