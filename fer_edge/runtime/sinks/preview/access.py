"""Who may look: a token where others could reach the page, and nothing that another site could make use of."""

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
    # Else any page in the same browser could show the picture as an image of its own.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Server": "fer-edge",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Gate:
    """Lets those in who bring the token: in the address, as a cookie that the page got for it, or as a bearer."""

    def __init__(self, address: Address, token: str | None) -> None:
        """Settle the token.

        Args:
            address: As asked for. On loopback only a given token is wanted.
            token: As given.

        Raises:
            InputError: If it is empty.
        """
        if token is not None and not token.strip():
            raise InputError("the preview's token is empty; leave it out to have one made")
        self._loopback = address.is_loopback
        self._token = token if token or self._loopback else secrets.token_urlsafe(16)

    def url(self, address: Address) -> str:
        """The address for the browser, with the token."""
        return address.url if self._token is None else f"{address.url}?token={quote(self._token, safe='')}"

    @web.middleware
    async def admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer, or refuse: 403 for a name that is not this machine's, 401 without the token."""
        if self._loopback and not is_loopback(host_of(request.host) or ""):
            # A site elsewhere can have its own name point here, and would then count as this page's origin.
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
        """Return whether a request shows the token, or none is wanted."""
        token = self._token
        if token is None:
            return True
        bearer = request.headers.get("Authorization", "")
        brought = (
            (request.query.get("token", ""), token),
            (bearer.removeprefix(_BEARER) if bearer.startswith(_BEARER) else "", token),
            (request.cookies.get(_cookie_name(token), ""), _cookie_value(token)),
        )
        return any(_is_same(got, wanted) for got, wanted in brought)


async def harden(_request: web.Request, response: web.StreamResponse) -> None:
    """Put the headers on a response that tell a browser to keep to itself what it gets."""
    response.headers.update(_HEADERS)


def _is_same(got: str, wanted: str) -> bool:
    """Compare in a time that tells nothing of what was wanted."""
    return hmac.compare_digest(got.encode(errors="surrogateescape"), wanted.encode())


def _cookie_name(token: str) -> str:
    # Cookies do not tell ports apart, and another port may have a preview with another token.
    return f"fer-edge-{_cookie_value(token)[:8]}"


def _cookie_value(token: str) -> str:
    """The same after a restart with the same token, and no token itself."""
    return hmac.new(token.encode(), b"fer-edge preview", hashlib.sha256).hexdigest()
