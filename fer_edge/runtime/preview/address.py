"""Where a preview listens, and how it is called from elsewhere."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from fer_edge.errors import InputError

_LOOPBACK = "127.0.0.1"
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
