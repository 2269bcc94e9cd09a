"""The preview's port under clients without the token: real connections to the loopback, with small limits."""

from __future__ import annotations

import asyncio
import errno
import logging
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPResponse
from pathlib import Path

import pytest

pytest.importorskip("aiohttp")

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.sinks.preview import server
from fer_edge.runtime.sinks.preview.port_notes import PortNotes
from fer_edge.runtime.sinks.preview.reception import Limits, Reception, _describe_refusal
from fer_edge.runtime.sinks.preview.sink import PreviewSink

TIMEOUT_S = 20
TOKEN = "given"
FEW = Limits(connections=6, connections_of_address=6, admission_s=60)


@contextmanager
def preview(limits: Limits, lines: list[str] | None = None) -> Iterator[PreviewSink]:
    notes: list[str] = [] if lines is None else lines
    with closing(PreviewSink("0", EXPRESSIONS, "demo", token=TOKEN, limits=limits, on_note=notes.append)) as sink:
        yield sink


def connect(sink: PreviewSink, sent: bytes = b"", source: str = "127.0.0.1") -> socket.socket:
    port = int(re.findall(r":(\d+)/", sink.url)[0])
    connection = socket.create_connection(("127.0.0.1", port), TIMEOUT_S, source_address=(source, 0))
    connection.sendall(sent)
    return connection


def ends(connection: socket.socket) -> bool:
    """Read to the end; return false if the other side keeps the connection open."""
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def is_refused(connection: socket.socket, pieces: list[bytes], pause_s: float = 0) -> bool:
    """Send the pieces one by one; return whether the other side closes the connection before the last."""
    try:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause_s)
    except ConnectionError:
        return True
    return False


def fetch(sink: PreviewSink, path: str, **headers: str) -> HTTPResponse:
    url = sink.url.partition("?")[0] + path
    response: HTTPResponse = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_S)
    return response


def fetch_as_owner(sink: PreviewSink, path: str) -> HTTPResponse:
    return fetch(sink, path, Authorization=f"Bearer {TOKEN}")


def test_idle_strangers_are_replaced_by_the_owner() -> None:
    lines: list[str] = []
    with preview(FEW, lines) as sink, ExitStack() as stack:
        strangers = [stack.enter_context(connect(sink)) for _ in range(20)]
        with fetch_as_owner(sink, "metrics") as response:
            assert b"fer_edge_frames" in response.read()
        assert ends(strangers[0])
        strangers[-1].settimeout(0.2)
        assert not ends(strangers[-1])
        with fetch_as_owner(sink, "metrics") as response:
            assert response.status == 200
        assert lines == ["at the preview's port: 1 x connection without a valid request closed, as too many are open"]
    assert len(lines) == 2
    assert re.search(r": 1\d x connection without a valid request closed", lines[1])


def test_strangers_do_not_close_the_owners_streams() -> None:
    lines: list[str] = []
    with preview(FEW, lines) as sink, ExitStack() as stack:
        streams = [stack.enter_context(fetch_as_owner(sink, "events")) for _ in range(6)]
        assert all(stream.readline().startswith(b"event: hello") for stream in streams)
        for _ in range(3):
            assert ends(stack.enter_context(connect(sink)))
        assert lines == ["at the preview's port: 1 x connection refused, as too many are open"]
        for stream in streams:
            assert stream.readline().startswith(b"data: ")


@pytest.mark.skipif(sys.platform != "linux", reason="needs more than one address of this machine")
def test_one_address_cannot_use_all_connections() -> None:
    with preview(Limits(connections=6, connections_of_address=2)) as sink, ExitStack() as stack:
        for _ in range(2):
            authorized = b"GET /events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer given\r\n\r\n"
            assert stack.enter_context(connect(sink, authorized, "127.0.0.2")).recv(12) == b"HTTP/1.1 200"
        assert ends(stack.enter_context(connect(sink, source="127.0.0.2")))
        with fetch_as_owner(sink, "healthz") as response:
            assert response.status == 200


@pytest.fixture
def lasting_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep aiohttp from closing idle connections by itself."""
    monkeypatch.setattr(server, "_KEPT_ALIVE_S", 3600)


@pytest.mark.usefixtures("lasting_connections")
@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: y\r\n"])
def test_headers_have_a_deadline(sent: bytes) -> None:
    with preview(Limits(admission_s=3)) as sink, fetch_as_owner(sink, "events") as stream:
        with connect(sink, sent) as stranger:
            assert ends(stranger)
        assert stream.readline().startswith(b"event: hello")
        with fetch_as_owner(sink, "metrics") as response:
            assert b'fer_edge_preview_clients{stream="data"} 1.0' in response.read()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs a client without an address")
@pytest.mark.filterwarnings("error")
def test_failed_connection_ends_no_other(tmp_path: Path) -> None:
    """The first client's handler fails, the second has disconnected; none of them has an address."""
    lines: list[str] = []
    made: list[int] = []

    def make_handler() -> asyncio.Protocol:
        made.append(len(made))
        if made == [0]:
            raise ValueError("a fault")
        return Greeting()

    async def accept_three() -> list[bytes]:
        listener = socket.socket(socket.AF_UNIX)
        with listener:
            listener.bind(str(tmp_path / "port"))
            listener.listen()
            listener.setblocking(False)
            reception = Reception(make_handler, PortNotes(lines.append, interval_s=0), Limits())
            accepting = asyncio.create_task(reception.accept_from(listener))
            loop = asyncio.get_running_loop()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(loop, "connect_accepted_socket", vanish)
                answers = [await read_all(listener.getsockname()) for _ in range(2)]
            answers.append(await read_all(listener.getsockname()))
            accepting.cancel()
        return answers

    async def vanish(*_: object) -> None:
        raise OSError(errno.EINVAL, "gone")

    assert asyncio.run(accept_three()) == [b"", b"", b"hello"]
    assert lines == ["at the preview's port: 1 x connection failed (ValueError: a fault)"]


class Greeting(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"hello")
        transport.close()


async def read_all(address: str) -> bytes:
    reader, writer = await asyncio.open_unix_connection(address)
    answer = await asyncio.wait_for(reader.read(), TIMEOUT_S)
    writer.close()
    return answer


@pytest.mark.parametrize(
    ("number", "note"), [(errno.EMFILE, "no file left for a connection"), (errno.ENOBUFS, "connection not accepted (")]
)
def test_connection_that_cannot_be_accepted_is_explained(number: int, note: str) -> None:
    assert _describe_refusal(OSError(number, "text")).startswith(note)


@pytest.mark.usefixtures("lasting_connections")
def test_dripping_headers_have_the_same_deadline() -> None:
    with preview(Limits(admission_s=0.5)) as sink, connect(sink, b"GET / HTTP/1.1\r\nX: ") as stranger:
        assert is_refused(stranger, [b"y"] * 200, pause_s=0.05)  # one header, as aiohttp bounds their number


def test_stranger_gets_one_response() -> None:
    asked = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with preview(Limits(admission_s=60)) as sink, connect(sink, asked + asked) as stranger:
        answers = b""
        while received := stranger.recv(65536):
            answers += received
    assert answers.count(b"HTTP/1.1 401") == 1
    assert b"Connection: close" in answers


@pytest.mark.parametrize("token", [b"", b"Authorization: Bearer given\r\n"])
@pytest.mark.parametrize(
    "endless",
    [
        b"X: " + b"a" * 8000 + b"\r\n",
        b"\r\n" + b"GET / HTTP/1.1\r\nHost: localhost\r\n" * 300,
        b"Content-Length: 1000000000\r\n\r\n" + b"a" * 9000,
        b"Transfer-Encoding: chunked\r\n\r\n2328\r\n" + b"a" * 9000,
        b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n" + b"a" * 9000,
    ],
)
def test_endless_requests_are_cut_off(token: bytes, endless: bytes) -> None:
    with preview(Limits(admission_s=60)) as sink:
        head = b"GET /events HTTP/1.1\r\nHost: localhost\r\n" + token
        with connect(sink, head) as client:
            assert is_refused(client, [endless] * 10_000)
        with fetch_as_owner(sink, "healthz") as response:
            assert response.status == 200


@pytest.mark.parametrize("token", [b"", b"Authorization: Bearer given\r\n"])
@pytest.mark.parametrize("path", [b"/login", b"/api/settings"])
@pytest.mark.parametrize(
    "endless",
    [
        b"Content-Length: 1000000000\r\n\r\n" + b"a" * 9000,
        b"Transfer-Encoding: chunked\r\n\r\n2328\r\n" + b"a" * 9000,
        b"X: y\r\n" * 1000,
    ],
)
def test_posts_without_end_are_cut_off(token: bytes, path: bytes, endless: bytes) -> None:
    head = b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + token
    with preview(Limits(admission_s=60)) as sink:
        with connect(sink, head) as client:
            assert is_refused(client, [endless] * 10_000)
        with fetch_as_owner(sink, "healthz") as response:
            assert response.status == 200


@pytest.mark.usefixtures("lasting_connections")
@pytest.mark.parametrize("path", [b"/login", b"/api/settings"])
def test_slow_posts_have_the_deadline_of_headers(path: bytes) -> None:
    head = b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\n"
    with preview(Limits(admission_s=0.5)) as sink, connect(sink, head) as stranger:
        assert is_refused(stranger, [b"t"] * 200, pause_s=0.05)


OWNERS = b" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer given\r\n"
DRIPPING = {
    "content-length": (b"Content-Length: 4000\r\n\r\n", b"t"),
    "chunked": (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nt\r\n"),
    "expected": (b"Expect: 100-continue\r\nContent-Length: 4000\r\n\r\n", b"t"),
}


@pytest.mark.usefixtures("lasting_connections")
@pytest.mark.parametrize(("head", "piece"), DRIPPING.values(), ids=DRIPPING)
@pytest.mark.parametrize("asked", [b"POST /api/settings", b"POST /login", b"GET /events", b"GET /nothing"])
def test_content_of_the_owners_requests_has_a_deadline(asked: bytes, head: bytes, piece: bytes) -> None:
    lines: list[str] = []
    with preview(Limits(content_s=0.5), lines) as sink, connect(sink, asked + OWNERS + head) as client:
        assert is_refused(client, [piece] * 200, pause_s=0.05)
        assert lines == ["at the preview's port: 1 x content of a request not received in time"]


def test_dripping_headers_of_the_owners_second_request_have_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_KEPT_ALIVE_S", 0.5)
    with preview(Limits()) as sink, connect(sink, b"GET /api/state" + OWNERS + b"\r\n") as client:
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        client.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert is_refused(client, [b"y"] * 200, pause_s=0.05)


@pytest.mark.usefixtures("lasting_connections")
@pytest.mark.parametrize("end", [b"", b"\r\n"])
def test_crowd_without_the_token_at_the_events_leaves_the_owner_theirs(end: bytes) -> None:
    asked = b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n" + end
    with preview(FEW) as sink, ExitStack() as stack, fetch_as_owner(sink, "events") as stream:
        for _ in range(60):
            stack.enter_context(connect(sink, asked))
        assert stream.readline().startswith(b"event: hello")
        with fetch_as_owner(sink, "metrics") as response:
            assert b'fer_edge_preview_clients{stream="data"} 1.0' in response.read()


def test_bad_requests_give_one_note(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    bad = (
        b"\x16\x03\x01\0\0",
        b"GET / FTP/9\r\n\r\n",
        b"GET / HTTP/1.1\r\na b c\r\n\r\n",
        b"\0" * 5000,
        b"\r\n\r\n\r\n x",
    )
    with preview(Limits(), lines) as sink, caplog.at_level(logging.DEBUG):
        for sent in bad * 8:
            with connect(sink, sent) as stranger:
                stranger.shutdown(socket.SHUT_WR)
                assert ends(stranger)
        assert lines == ["at the preview's port: 1 x request that is not HTTP"]
    assert len(lines) == 2
    assert not [record for record in caplog.records if record.name.startswith("aiohttp")]
    assert capfd.readouterr().err == ""


def test_notes_are_limited_in_kinds_and_number() -> None:
    lines: list[str] = []
    notes = PortNotes(lines.append, interval_s=3600)
    for number in range(1000):
        notes.add(f"fault {number}")
    notes.report()
    notes.report()
    assert lines[0] == "at the preview's port: 1 x fault 0"
    assert lines[1].endswith("1 x fault 8, 991 x other faults")
    assert len(lines) == 2


# A process whose free file descriptors run out and come back.
WITHOUT_FILES = """
import os, resource, sys, threading
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.sinks.preview import open_preview

noted = threading.Event()
def on_note(note):
    print(note, file=sys.stderr, flush=True)
    noted.set()
sink = open_preview("0", EXPRESSIONS, "demo", on_note=on_note)
before = resource.getrlimit(resource.RLIMIT_NOFILE)
free = os.dup(0)
os.close(free)
resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
print(sink.url, flush=True)
noted.wait(60)
resource.setrlimit(resource.RLIMIT_NOFILE, before)
sys.stdin.read()
sink.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of a process")
def test_process_without_a_free_file_reports_it_once_and_continues(child_environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WITHOUT_FILES],
        env=child_environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}healthz", timeout=60) as response:
            assert response.read() == b"ok\n"
        _, said = process.communicate("", timeout=60)
    assert said.startswith("at the preview's port: 1 x no file left for a connection")
    assert len(said.splitlines()) <= 2


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of a process")
def test_few_open_files_lower_the_connection_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 4096))
    assert Limits().within_open_files() == Limits(connections=25, connections_of_address=25)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert Limits().within_open_files() == Limits()
