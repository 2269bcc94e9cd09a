"""HTTP client for cameras and web servers: GET with logins, redirects, proxies, certificates, one-line errors."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request as request
from contextlib import suppress
from email.message import Message
from http import HTTPStatus
from typing import IO

from fer_edge.errors import SourceError, first_line
from fer_edge.notes import OnNote, ignore_note
from fer_edge.runtime.sources.addresses import Address, is_local

_HEADERS = {"User-Agent": "fer-edge", "Accept": "*/*", "Cache-Control": "no-cache"}

_PIECES = 2
"""Timeouts within which all headers of an answer must arrive."""
_CHUNK_BYTES = 1 << 16


class HttpError(SourceError):
    """A request failed.

    Attributes:
        reason: Fault and remedy, without the address.
    """

    def __init__(self, address: Address, reason: str) -> None:
        super().__init__(f"{address}: {reason}")
        self.reason = reason


class NotHttpError(HttpError):
    """The answer is not standard HTTP; FFmpeg may understand it."""


class HttpClient:
    """Requests one address, and those that it refers to."""

    def __init__(self, address: Address, timeout_s: float, on_note: OnNote = ignore_note) -> None:
        """Prepare the client; no request is made yet.

        Args:
            address: Address with an http or https scheme.
            timeout_s: Seconds to wait for a connection, and for each piece of an answer.
            on_note: Called with a sentence if the certificate of a local camera is not checked.
        """
        self.address = address
        self._timeout_s = timeout_s
        self._on_note = on_note
        ask_directly(address.host)
        self._opener = self._make_opener(None)

    def get(self, url: str | None = None, *, start: int = 0) -> http.client.HTTPResponse:
        """Request a URL and return the answer, which the caller closes.

        Args:
            url: URL to request, such as one from a playlist; the client's own if left out.
            start: First byte to send; a server without ranges sends all of them, with status 200.

        Raises:
            HttpError: If there is no answer, or its status is not success.
        """
        wanted = request.Request(url or self.address.url_without_login, headers=_HEADERS)
        if start:
            wanted.add_header("Range", f"bytes={start}-")
        try:
            return self._open(wanted)
        except urllib.error.HTTPError as error:
            error.close()
            raise HttpError(self.address, self._explain_status(error.code)) from error
        except http.client.HTTPException as error:
            raise NotHttpError(
                self.address, f"its answer is not HTTP ({first_line(error)}); check the address"
            ) from error
        except (OSError, ValueError) as error:  # a ValueError of urllib for an unknown kind of login
            raise self.failure(error) from error

    def failure(self, error: Exception) -> HttpError:
        """Return the error to raise when a request, or reading its answer, failed with `error`."""
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(cause, TimeoutError):
            what = f"no video came from there in {self._timeout_s:g} s or less; check the camera and the network"
        elif isinstance(cause, ssl.SSLCertVerificationError):
            what = (
                f"its certificate is not trusted ({cause.verify_message}); set SSL_CERT_FILE to a file with the "
                "certificate of its authority"
            )
        elif isinstance(cause, ssl.SSLError):
            what = f"no encrypted connection ({cause.reason or first_line(cause)}); try http:// instead of https://"
        else:
            text = cause if isinstance(cause, str) else getattr(cause, "strerror", None) or first_line(cause)
            what = f"no video came from there ({text}); check the address, the camera and the network"
        return HttpError(self.address, what)

    def _open(self, wanted: request.Request) -> http.client.HTTPResponse:
        try:
            response: http.client.HTTPResponse = self._opener.open(wanted, timeout=self._timeout_s)
        except urllib.error.URLError as error:
            cause = error.reason
            if not isinstance(cause, ssl.SSLCertVerificationError) or not is_local(self.address.host):
                raise
            # Cameras sign their own certificates, and no authority vouches for a device in a home network.
            self._on_note(f"{self.address}: its certificate is not checked ({cause.verify_message})")
            self._opener = self._make_opener(_unchecked_context())
            response = self._opener.open(wanted, timeout=self._timeout_s)
        return response

    def _make_opener(self, context: ssl.SSLContext | None) -> request.OpenerDirector:
        """Make an opener for http and https alone; urllib's own would also follow redirects to ftp.

        Args:
            context: Checks of certificates; `None` for the default ones.
        """
        passwords = request.HTTPPasswordMgrWithDefaultRealm()
        if self.address.login:
            # For this host alone, not for those to which it redirects.
            passwords.add_password(None, self.address.login_urls, *self.address.login)
        opener = request.OpenerDirector()
        for handler in (
            request.ProxyHandler(),
            request.UnknownHandler(),
            _HttpHandler(),
            _HttpsHandler(context),
            request.HTTPDefaultErrorHandler(),
            request.HTTPErrorProcessor(),
            _Refusals(),
            request.HTTPBasicAuthHandler(passwords),
            request.HTTPDigestAuthHandler(passwords),
            _Redirects(),
        ):
            opener.add_handler(handler)
        return opener

    def _explain_status(self, code: int) -> str:
        status = f"{code} {http.client.responses.get(code, '')}".rstrip()
        if code == HTTPStatus.UNAUTHORIZED and self.address.login:
            return f"the login was refused ({status}); check the user and the password in the address"
        if code == HTTPStatus.UNAUTHORIZED:
            return f"it needs a login ({status}): {self.address.example_with_login}"
        if code == HTTPStatus.FORBIDDEN:
            return f"access is forbidden ({status}); check the login, and its rights in the camera's settings"
        if code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return f"there is nothing at this address ({status}); check its path, in a browser or the camera's manual"
        if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return f"its server failed ({status}); try again later, or restart the camera"
        return f"its server answered {status}; check the address in a browser"


class TimedReader:
    """Reads an answer until a deadline: a server that sends a byte now and then never exceeds a socket's timeout.

    Attributes:
        left: Bytes that are still to come; `None` if the answer has no length.
    """

    def __init__(self, response: http.client.HTTPResponse, longest_s: float) -> None:
        """Let all reading take at most `longest_s` seconds from now on."""
        self.left: int | None = response.length
        self._response = response
        self._deadline = time.monotonic() + longest_s

    def read(self, size: int) -> bytes:
        """Return the next bytes, fewer than `size` at the end only; raises TimeoutError at the deadline."""
        size = size if self.left is None else min(size, self.left)
        found = bytearray()
        while len(found) < size:
            if time.monotonic() > self._deadline:
                raise TimeoutError
            piece = self._response.read1(min(size - len(found), _CHUNK_BYTES))
            if not piece:
                break
            found += piece
        if self.left is not None:
            self.left -= len(found)
        return bytes(found)


class _Refusals(request.BaseHandler):
    """Closes an answer that asks for a login, as the login handlers leave it open when they repeat the request."""

    handler_order = 100

    def http_error_401(
        self, _request: request.Request, response: IO[bytes], _code: int, _message: str, _headers: Message
    ) -> None:
        response.close()


class _Redirects(request.HTTPRedirectHandler):
    """Follows status 308 too, which Python 3.10 does not."""

    http_error_308 = request.HTTPRedirectHandler.http_error_302

    def redirect_request(
        self, req: request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> request.Request | None:
        redirected = super().redirect_request(req, fp, 307 if code == 308 else code, msg, headers, newurl)  # type: ignore[arg-type]
        fp.close()  # else the handler reads the whole answer, which may be endless
        return redirected


class _InTime:
    """Connection that closes if the headers of an answer do not arrive in time, however many pieces come."""

    sock: socket.socket

    def getresponse(self) -> http.client.HTTPResponse:
        sock = self.sock  # http.client forgets it
        timer = threading.Timer(_PIECES * (sock.gettimeout() or 0), _shut_down, [sock])
        timer.daemon = True
        timer.start()
        try:
            return super().getresponse()  # type: ignore[misc, no-any-return]
        finally:
            timer.cancel()


class _Connection(_InTime, http.client.HTTPConnection): ...


class _SecureConnection(_InTime, http.client.HTTPSConnection): ...


class _HttpHandler(request.HTTPHandler):
    def http_open(self, req: request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


class _HttpsHandler(request.HTTPSHandler):
    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(context=context)
        self._checks = context

    def https_open(self, req: request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, req, context=self._checks)


def _shut_down(sock: socket.socket) -> None:
    with suppress(OSError):  # already closed
        sock.shutdown(socket.SHUT_RDWR)


def ask_directly(host: str) -> None:
    """Exempt a local host from proxies, here and in FFmpeg, which both obey `no_proxy`."""
    excluded = os.environ.get("no_proxy") or os.environ.get("NO_PROXY", "")
    if request.getproxies_environment() and host not in excluded.split(",") and is_local(host):
        os.environ["no_proxy"] = ",".join(filter(None, (excluded, host)))


def _unchecked_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
