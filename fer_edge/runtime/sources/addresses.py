"""Addresses of network cameras and of recordings on web servers."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urlsplit

from fer_edge.errors import InputError
from fer_edge.names import without_password

_SCHEMES = ("http", "https", "rtsp", "rtsps")
_EXAMPLE = "one such as http://192.168.1.20:8080/video"
_KEPT = "!#$%&'()*+,/:;=?@[]~"
"""Characters that are not percent-encoded, as they may have a meaning in an address."""


@dataclass(frozen=True)
class Address:
    """Address of a camera or recording; its text form hides the password.

    Attributes:
        url: URL with the login, in ASCII.
        scheme: Scheme in lower case.
        host: Name or IP address.
        login: User and password; `None` if the address has none.
    """

    url: str = field(repr=False)
    scheme: str
    host: str
    login: tuple[str, str] | None = field(default=None, repr=False)

    @staticmethod
    def parse(text: str) -> Address:
        """Parse an address such as `rtsp://user:password@192.168.1.20/stream`.

        Raises:
            InputError: If `text` is not an address; the message hides the password.
        """
        shown = without_password(text)
        advice = ""
        if "@" in text:
            advice = "; write %23 for #, %40 for @, %2F for / and %3F for ? in the user or password"
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname, parts.port
        except ValueError:  # its message may contain a part of the password
            raise InputError(f"{shown}: not an address; expected {_EXAMPLE}{advice}") from None
        if parts.scheme.lower() not in _SCHEMES:
            raise InputError(f"{shown}: expected an address with {', '.join(_SCHEMES)}, got {parts.scheme}")
        if not host or _is_in_login(host, parts):
            raise InputError(f"{shown}: the address names no host; expected {_EXAMPLE}{advice}")
        login = None if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))
        url = quote(text, safe=_KEPT, errors="surrogateescape")
        return Address(url, parts.scheme.lower(), host, login)

    def __str__(self) -> str:
        return without_password(self.url)

    @property
    def url_without_login(self) -> str:
        """URL for clients that take the login as a separate value."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()

    @property
    def login_urls(self) -> list[str]:
        """URLs to which the login is sent: the host at its port, and at https, to which cameras redirect."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return [f"{self.scheme}://{urlsplit(self.url_without_login).netloc}/", f"https://{host}/"]

    @property
    def example_with_login(self) -> str:
        """Example of an address with a login, for messages."""
        return f"{self.scheme}://USER:PASSWORD@{self.host}/..."


def _is_in_login(host: str, parts: SplitResult) -> bool:
    """Return whether the parsed host is in truth the beginning of a login that contains /, ? or #."""
    behind = f"{parts.path}?{parts.query}"
    return "@" in parts.fragment or (
        "@" in behind and "@" not in parts.netloc and not re.search(r"[.:]|^localhost$", host)
    )


def is_address(text: str) -> bool:
    """Return whether `text` begins like an address rather than a file name."""
    return re.match(r"[a-z][a-z0-9+.-]*://", text, re.IGNORECASE) is not None


def is_local(host: str) -> bool:
    """Return whether a host is this machine or in a private network, such as a home network."""
    try:
        found = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in socket.getaddrinfo(host, None)]
    except (OSError, UnicodeError):
        return False
    return all(address.is_private for address in found)
