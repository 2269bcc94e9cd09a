"""Address on which a preview listens, and its URL."""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from fer_edge.errors import InputError

_LOOPBACK = "127.0.0.1"
_BACKLOG = 128
"""Most connections that the system queues until they are accepted."""
_ELSEWHERE = ("192.0.2.1", 9)
"""Address for documentation (RFC 5737), to which nothing is sent."""


@dataclass(frozen=True)
class Address:
    """Host, as a name or IP address, and port; 0 is any free port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Parse `[HOST:]PORT`, with an IPv6 address in brackets.

        Raises:
            InputError: If the text is malformed.
        """
        host, colon, port = text.rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            raise InputError(f"preview address {text}: expected an IPv6 address in brackets, such as [::1]:8080")
        if not (port.isascii() and port.isdecimal()) or int(port) > 65535 or (colon and not host):
            raise InputError(
                f"preview address {text}: expected [HOST:]PORT, such as 8080, or 0.0.0.0:8080 for every network"
            )
        return cls(host or _LOOPBACK, int(port))

    @property
    def is_loopback(self) -> bool:
        """True if only programs on this machine can reach it."""
        return is_loopback(self.host)

    @property
    def url(self) -> str:
        """URL for a browser; for 0.0.0.0, with this machine's address in the network of its default route."""
        host = _own_address() if _is_unspecified(self.host) else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"


def is_loopback(host: str) -> bool:
    """Return whether a host is a loopback address or `localhost`, whose address nobody else can define."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def host_of(header: str) -> str | None:
    """Return the host of a `Host` header without its port; `None` if it is malformed."""
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


def listen(address: Address) -> list[socket.socket]:
    """Open non-blocking sockets that listen at all addresses of a host on one port.

    Raises:
        InputError: If the system refuses to listen there.
    """
    listeners: list[socket.socket] = []
    try:
        for family, host in _resolve(address):
            port = listeners[0].getsockname()[1] if listeners else address.port
            listeners.append(socket.create_server((host, port), family=family, backlog=_BACKLOG))
            listeners[-1].setblocking(False)
    except (OSError, UnicodeError) as error:  # the latter for a host that is no valid name
        for listener in listeners:
            listener.close()
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if number and number > 0 else str(error)
        raise InputError(
            f"preview address {address.host}:{address.port}: cannot listen there ({reason}); choose another port, or "
            "0 for any free one, and as the host an address of this machine, or 0.0.0.0 for all of them"
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
