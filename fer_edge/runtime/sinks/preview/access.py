"""Access to the preview: a token where other machines could reach it, and checks that keep other sites out."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, quote

from aiohttp import web
from aiohttp.typedefs import Handler

from fer_edge.errors import InputError
from fer_edge.names import is_utf8
from fer_edge.runtime.sinks.preview.address import Address, host_of, is_loopback

LOGIN_PATH = "/login"
_OPEN_PATHS = {"/healthz", LOGIN_PATH, "/login.css", "/icon.svg"}
_BEARER = "Bearer "

_FORM = Path(__file__).parent / "page" / "login.html"
_FORM_PATHS = {"/", LOGIN_PATH}
_FAULT = "<!-- fault -->"
"""Place in the form of what is wrong."""
_WRONG_TOKEN = "That is not the token of this preview."

_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_SERVER = "fer-edge"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    # Without it any site in the same browser could embed the picture.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
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
            InputError: If the token is empty, or holds bytes that are no UTF-8.
        """
        if token is not None and not token.strip():
            raise InputError("the preview's token is empty; omit it to have one generated")
        if token is not None and not is_utf8(token):
            raise InputError("the preview's token is no UTF-8; expected text, or omit it to have one generated")
        self._loopback = address.is_loopback
        self._token = token if token or self._loopback else secrets.token_urlsafe(16)

    def url(self, address: Address) -> str:
        """Return the URL for the browser, with the token."""
        return address.url if self._token is None else f"{address.url}?token={quote(self._token, safe='')}"

    @web.middleware
    async def admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Handle the request, or reject it: 403 for a host name that is not loopback, 401 without the token.

        For the page, a browser gets a form for the token.
        """
        if self._loopback and not is_loopback(host_of(request.host) or ""):
            # By DNS rebinding another site's name can point here, and the browser takes it for this page's origin.
            raise web.HTTPForbidden(text="This preview answers to localhost and 127.0.0.1 only.\n")
        if self._token is None or request.path in _OPEN_PATHS:
            return await handler(request)
        if not self.knows(request):
            return _refusal(request)
        response = await handler(request)
        if "token" in request.query and not response.prepared:
            _set_cookie(response, self._token)
        return response

    async def log_in(self, request: web.Request) -> web.Response:
        """Take the token from a form: set the cookie and lead to the page, or show the form again."""
        response = web.Response(status=303, headers={"Location": "./"})
        if self._token is None or request.method == "GET":  # as after a reload
            return response
        form = parse_qs((await request.read()).decode(errors="replace"))
        presented = form.get("token", [""])[0]
        if not (_is_same(presented, self._token) or _is_same(presented.strip(), self._token)):
            return _form_response(_WRONG_TOKEN)
        _set_cookie(response, self._token)
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


def require_same_origin(request: web.Request) -> None:
    """Reject a request that a browser sent for another site's page.

    Browsers send `Sec-Fetch-Site` where the connection is safe from others, as on localhost, and `Origin` elsewhere.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    is_own = origin is None or origin.partition("://")[2] == request.host
    if site != "same-origin" if site else not is_own:
        raise web.HTTPForbidden(text="This may be done from the preview's own page only.\n")


def require_pictures(*, privacy: bool) -> None:
    """Reject a request for a picture where none may leave the device."""
    if privacy:
        raise web.HTTPForbidden(text="Privacy: no picture leaves the device.\n")


async def harden(_request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers by which a browser keeps a response from other sites and from its cache."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = _SERVER


def _refusal(request: web.Request) -> web.Response:
    """Return the answer to a request without the token."""
    if request.path in _FORM_PATHS and "text/html" in request.headers.get("Accept", ""):
        return _form_response(_WRONG_TOKEN if "token" in request.query else "")
    text = "Open the address that fer-edge printed, with its token.\n"
    return web.Response(status=401, text=text, headers=_CHALLENGE)


def _form_response(fault: str) -> web.Response:
    text = _form().replace(_FAULT, f'<p role="alert">{fault}</p>' if fault else "")
    headers = {**_CHALLENGE, "Content-Security-Policy": _POLICY.replace("form-action 'none'", "form-action 'self'")}
    return web.Response(status=401, text=text, content_type="text/html", headers=headers)


@cache
def _form() -> str:
    return _FORM.read_text(encoding="utf-8")


def _set_cookie(response: web.StreamResponse, token: str) -> None:
    response.set_cookie(_cookie_name(token), _cookie_value(token), httponly=True, samesite="Strict")


def _is_same(got: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(got.encode(errors="surrogateescape"), expected.encode())


def _cookie_name(token: str) -> str:
    # Cookies are shared by all ports of a host, and another port may have a preview with another token.
    return f"fer-edge-{_cookie_value(token)[:8]}"


def _cookie_value(token: str) -> str:
    """Return a value that is the same after a restart with the same token, and does not reveal it."""
    return hmac.new(token.encode(), b"fer-edge preview", hashlib.sha256).hexdigest()
