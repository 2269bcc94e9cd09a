"""Requests to a real server: logins, redirects, proxies, certificates, and the message of each failure."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_edge.runtime.sources.addresses import Address
from fer_edge.runtime.sources.http_client import HttpClient, HttpError, ask_directly
from tests.fakes.web_server import Request, WebServer, web_server


def fetch(url: str, **options: float) -> bytes:
    with HttpClient(Address.parse(url), options.get("timeout_s", 30.0)).get() as response:
        content: bytes = response.read()
    return content


def with_login(server: WebServer, path: str) -> str:
    return f"http://us%40er:pass%23word@127.0.0.1:{server.server_port}{path}"


def hello(request: Request) -> None:
    request.reply(b"hello", "text/plain")


def basic(request: Request) -> None:
    expected = "Basic " + base64.b64encode(b"us@er:pass#word").decode()
    if request.headers.get("Authorization") == expected:
        hello(request)
    else:
        request.reply(b"", status=401, WWW_Authenticate='Basic realm="camera"')


def digest(request: Request) -> None:
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', request.headers.get("Authorization") or ""))
    secret = hashlib.md5(b"us@er:camera:pass#word").hexdigest()
    what = hashlib.md5(f"GET:{request.path}".encode()).hexdigest()
    parts = (secret, "n0nce", given.get("nc", ""), given.get("cnonce", ""), "auth", what)
    if given.get("response") == hashlib.md5(":".join(parts).encode()).hexdigest():
        hello(request)
    else:
        request.reply(b"", status=401, WWW_Authenticate='Digest realm="camera", nonce="n0nce", qop="auth"')


@pytest.mark.parametrize("kind", [basic, digest])
def test_basic_and_digest_logins(server: WebServer, kind: object) -> None:
    server.answers["/a"] = basic if kind is basic else digest
    assert fetch(with_login(server, "/a")) == b"hello"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_with_the_login(server: WebServer, status: int) -> None:
    server.answers["/old"] = lambda request: request.reply(b"", status=status, Location="/new/")
    server.answers["/new/"] = basic
    assert fetch(with_login(server, "/old")) == b"hello"


def test_the_login_does_not_go_to_another_server(server: WebServer) -> None:
    seen: list[str | None] = []

    def ask_for_login(request: Request) -> None:
        seen.append(request.headers.get("Authorization"))
        request.reply(b"", status=401, WWW_Authenticate='Basic realm="camera"')

    with web_server() as other:
        other.answers["/"] = ask_for_login
        server.answers["/"] = lambda request: request.reply(b"", status=302, Location=f"{other.url}/")
        with pytest.raises(HttpError):
            fetch(with_login(server, "/"))
    assert seen == [None]


def test_redirects_to_files_are_refused(server: WebServer) -> None:
    server.answers["/"] = lambda request: request.reply(b"", status=302, Location="file:///etc/hostname")
    with pytest.raises(HttpError):
        fetch(f"{server.url}/")


@pytest.mark.parametrize(
    ("status", "login", "message"),
    [
        (401, "", r"it needs a login \(401 Unauthorized\): http://USER:PASSWORD@127\.0\.0\.1/\.\.\."),
        (401, "me:hidden@", r"the login was refused \(401 Unauthorized\)"),
        (403, "", r"access is forbidden \(403 Forbidden\)"),
        (404, "", r"there is nothing at this address \(404 Not Found\)"),
        (410, "", r"there is nothing at this address \(410 Gone\)"),
        (400, "", r"its server answered 400 Bad Request"),
        (503, "", r"its server failed \(503 Service Unavailable\)"),
        (599, "", r"its server failed \(599\)"),
    ],
)
def test_an_error_status_is_reported_with_advice(server: WebServer, status: int, login: str, message: str) -> None:
    headers = {"WWW_Authenticate": 'Basic realm="camera"'} if status == 401 else {}
    server.answers["/x"] = lambda request: request.reply(b"no", "text/plain", status, **headers)
    with pytest.raises(HttpError, match=message) as caught:
        fetch(f"http://{login}127.0.0.1:{server.server_port}/x")
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_login_scheme_raises_http_error(server: WebServer) -> None:
    server.answers["/"] = lambda request: request.reply(b"", status=401, WWW_Authenticate="Bearer")
    with pytest.raises(HttpError, match="no video came from there"):
        fetch(with_login(server, "/"))


def test_closed_port_raises_http_error() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(HttpError, match=r"no video came from there \(Connection refused\)"):
            fetch(f"http://127.0.0.1:{closed.getsockname()[1]}/")


def test_a_redirect_with_an_endless_body_is_followed(server: WebServer) -> None:
    def redirect(request: Request) -> None:
        request.send_response(302)
        request.send_header("Location", "/hello")
        request.end_headers()
        for _ in range(10_000):
            request.wfile.write(b"\0" * 100_000)
        request.server.asked.append("all of it")

    server.answers.update({"/": redirect, "/hello": hello})
    assert fetch(f"{server.url}/") == b"hello"
    assert server.asked == ["/", "/hello"]


@pytest.mark.parametrize("endless", [b"HTTP/1.1 100 Continue\r\n\r\n", b"H"])
def test_endless_headers_raise_http_error(server: WebServer, endless: bytes) -> None:
    def answer(request: Request) -> None:
        while True:
            request.wfile.write(endless)
            time.sleep(0.02)

    server.answers["/"] = answer
    with pytest.raises(HttpError):
        fetch(f"{server.url}/", timeout_s=0.3)


def test_a_silent_server_raises_http_error_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(HttpError, match=r"in 0\.3 s or less"):
        fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout_s=0.3)


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_local_camera_is_requested_without_a_proxy(
    server: WebServer, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("no_proxy", "example.com")
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    server.answers["/"] = hello
    assert fetch(f"{server.url}/") == b"hello"


@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
def test_no_proxy_hosts_are_kept(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv("no_proxy", "")  # restored after the test
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv(variable, "example.com")
    ask_directly("127.0.0.1")
    assert os.environ["no_proxy"] == "example.com,127.0.0.1"


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Address of a server with a self-signed certificate, and that certificate."""
    if not shutil.which("openssl"):
        pytest.skip("making a certificate needs openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=camera"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with web_server(context) as server:
        server.answers["/"] = hello
        yield server.url.replace("http://", "https://") + "/", certificate


def test_a_local_cameras_self_signed_certificate_is_accepted_with_one_note(encrypted: tuple[str, Path]) -> None:
    told: list[str] = []
    client = HttpClient(Address.parse(encrypted[0]), 30, told.append)
    for _ in range(2):
        with client.get() as response:
            assert response.read() == b"hello"
    assert len(told) == 1
    assert "its certificate is not checked (self" in told[0]


def test_another_hosts_certificate_must_be_trusted(
    encrypted: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_edge.runtime.sources.http_client.is_local", lambda _: False)
    with pytest.raises(HttpError, match=r"its certificate is not trusted \(self.*set SSL_CERT_FILE"):
        fetch(encrypted[0])
    monkeypatch.setenv("SSL_CERT_FILE", str(encrypted[1]))
    assert fetch(encrypted[0]) == b"hello"


def test_https_at_an_http_port_raises_http_error(server: WebServer) -> None:
    with pytest.raises(HttpError, match=r"no encrypted connection .*; try http://"):
        fetch(server.url.replace("http://", "https://"))
