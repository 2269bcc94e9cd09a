"""Access to the preview: a token where other machines could reach it, and headers that keep other sites out."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler

from fer_edge.errors import InputError
from fer_edge.runtime.sinks.preview.address import Address, host_of, is_loopback

_OPEN_PATHS = {"/healthz"}
_BEARER = "Bearer "

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Without it any site in the same browser could embed the picture.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Server": "fer-edge",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Gate:
    """Admits requests that present the token: in the URL, as the cookie set for it, or as a bearer token."""

    def __init__(self, address: Address, token: str | None) -> None:
        """Choose the token.

        Args:
            address: Address to listen on. On loopback no token is required unless one is given.
            token: Token that visitors must present; `None` to generate one where it is required.

        Raises:
            InputError: If the token is empty.
        """
        if token is not None and not token.strip():
            raise InputError("the preview's token is empty; omit it to have one generated")
        self._loopback = address.is_loopback
        self._token = token if token or self._loopback else secrets.token_urlsafe(16)

    def url(self, address: Address) -> str:
        """Return the URL for the browser, with the token."""
        return address.url if self._token is None else f"{address.url}?token={quote(self._token, safe='')}"

    @web.middleware
    async def admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Handle the request, or reject it: 403 for a host name that is not loopback, 401 without the token."""
        if self._loopback and not is_loopback(host_of(request.host) or ""):
            # By DNS rebinding another site's name can point here, and the browser takes it for this page's origin.
            raise web.HTTPForbidden(text="This preview answers to localhost and 127.0.0.1 only.\n")
        if self._token is None or request.path in _OPEN_PATHS:
            return await handler(request)
        if not self.knows(request):
            text = "Open the address that fer-edge printed, with its token.\n"
            raise web.HTTPUnauthorized(text=text, headers={"WWW-Authenticate": "Bearer"})
        response = await handler(request)
        if "token" in request.query and not response.prepared:
            response.set_cookie(_cookie_name(self._token), _cookie_value(self._token), httponly=True, samesite="Strict")
        return response

    def knows(self, request: web.Request) -> bool:
        """Return whether a request presents the token, or none is required."""
        token = self._token
        if token is None:
            return True
        bearer = request.headers.get("Authorization", "")
        presented = (
            (request.query.get("token", ""), token),
            (bearer.removeprefix(_BEARER) if bearer.startswith(_BEARER) else "", token),
            (request.cookies.get(_cookie_name(token), ""), _cookie_value(token)),
        )
        return any(_is_same(got, expected) for got, expected in presented)


async def harden(_request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers by which a browser keeps a response from other sites and from its cache."""
    response.headers.update(_HEADERS)


def _is_same(got: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(got.encode(errors="surrogateescape"), expected.encode())


def _cookie_name(token: str) -> str:
    # Cookies are shared by all ports of a host, and another port may have a preview with another token.
    return f"fer-edge-{_cookie_value(token)[:8]}"


def _cookie_value(token: str) -> str:
    """Return a value that is the same after a restart with the same token, and does not reveal it."""
    return hmac.new(token.encode(), b"fer-edge preview", hashlib.sha256).hexdigest()
