"""The form for the token, over real connections to 127.0.0.1."""

from __future__ import annotations

from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import quote, urlsplit

import pytest

from fer_edge.runtime.sinks.preview.sink import PreviewSink
from tests.runtime.sinks.preview.visitor import TIMEOUT_S, fetch, preview, read, refused

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FORM = "application/x-www-form-urlencoded"
TOKEN = "a b&ü"


def log_in(sink: PreviewSink, body: bytes | None) -> tuple[HTTPResponse, str]:
    """Send the form, or reload it, without following the redirect."""
    with closing(HTTPConnection(urlsplit(sink.url).netloc, timeout=TIMEOUT_S)) as connection:
        connection.request("GET" if body is None else "POST", "/login", body, {"Content-Type": FORM})
        response = connection.getresponse()
        return response, response.read().decode()


def test_browser_without_the_token_gets_a_form_that_leads_to_the_page() -> None:
    with preview(token=TOKEN) as sink:
        base = sink.url.partition("?")[0]
        status, page = refused(base, None, **BROWSER)
        assert (status, "<form" in page, 'role="alert"' in page) == (401, True, False)
        assert "login.css" in page
        assert read(f"{base}login.css")
        assert read(f"{base}icon.svg").startswith("<svg")
        response, text = log_in(sink, f"token={quote(TOKEN)}".encode())
        assert (response.status, response.headers["Location"], text) == (303, "./", "")
        cookie = response.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
        assert 'id="status"' in read(base, Cookie=cookie.split(";")[0])


def test_form_may_send_only_to_the_preview() -> None:
    with preview(token=TOKEN) as sink:
        response, _ = log_in(sink, b"")
        assert "form-action 'self'" in response.headers["Content-Security-Policy"]
        with fetch(sink.url) as page:
            assert "form-action 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "body", [b"", b"token=", b"token=wrong", b"token", b"\xff\xfe=\xff", b"token=wrong&token=a+b%26%C3%BC", b"{}"]
)
def test_wrong_token_shows_the_form_again(body: bytes) -> None:
    notes: list[str] = []
    with preview(token=TOKEN, on_note=notes.append) as sink:
        response, page = log_in(sink, body)
        assert response.status == 401
        assert response.headers["Connection"] == "close"
        assert "Set-Cookie" not in response.headers
        assert '<p role="alert">That is not the token of this preview.</p>' in page
    assert notes == ["at the preview's port: 1 x wrong token"]


def test_pasted_token_may_have_spaces_around_it() -> None:
    with preview(token=TOKEN) as sink:
        assert log_in(sink, f"token=%20{quote(TOKEN)}%0A".encode())[0].status == 303


def test_wrong_token_in_the_address_shows_the_form_with_the_fault() -> None:
    with preview(token=TOKEN) as sink:
        base = sink.url.partition("?")[0]
        assert 'role="alert"' in refused(f"{base}?token=wrong", None, **BROWSER)[1]
        assert refused(f"{base}?token=wrong")[1] == "Open the address that fer-edge printed, with its token.\n"


def test_reload_of_the_form_leads_to_the_page_without_a_cookie() -> None:
    with preview(token=TOKEN) as sink:
        response, _ = log_in(sink, None)
        assert (response.status, response.headers["Location"]) == (303, "./")
        assert "Set-Cookie" not in response.headers


def test_token_with_spaces_around_it_is_accepted_as_it_is() -> None:
    with preview(token=" spaced ") as sink:
        assert log_in(sink, b"token=+spaced+")[0].status == 303


def test_large_form_is_refused() -> None:
    with preview(token=TOKEN) as sink:
        assert log_in(sink, b"token=" + b"a" * 5000)[0].status == 413


def test_form_of_a_preview_without_a_token_leads_to_the_page() -> None:
    with preview() as sink:
        response, _ = log_in(sink, b"token=anything")
        assert (response.status, response.headers.get("Set-Cookie")) == (303, None)
