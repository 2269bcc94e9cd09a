"""Motion JPEG as cameras send it, and malformed streams."""

from __future__ import annotations

import threading
import time

import cv2
import numpy as np
import pytest

from fer_edge.errors import SourceError
from fer_edge.runtime.sources.addresses import Address
from fer_edge.runtime.sources.http_client import HttpClient
from fer_edge.runtime.sources.motion_jpeg import MotionJpegCapture
from tests.fakes.web_server import Request, WebServer

LEVELS = (60, 120, 180)
JPEGS = [cv2.imencode(".jpg", np.full((48, 64, 3), level, np.uint8))[1].tobytes() for level in LEVELS]
TIMEOUT_S = 30.0


def capture(server: WebServer, *pieces: bytes, endless: bytes = b"", timeout_s: float = TIMEOUT_S) -> MotionJpegCapture:
    """Open a stream of `pieces`, the last of which is followed by `endless` again and again."""

    def answer(request: Request) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=named")
        request.end_headers()
        for piece in pieces:
            request.wfile.write(piece)
        while endless:
            request.wfile.write(endless)

    server.answers["/x"] = answer
    return MotionJpegCapture(HttpClient(Address.parse(f"{server.url}/x"), TIMEOUT_S), timeout_s)


def with_length(jpeg: bytes) -> bytes:
    return b"--named\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(jpeg), jpeg)


def without_length(jpeg: bytes) -> bytes:
    return b"--named\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg + b"\r\n"


FORMS = {
    "with length": [with_length(jpeg) for jpeg in JPEGS],
    "without length": [*[without_length(jpeg) for jpeg in JPEGS], b"--named--\r\n"],
    "another boundary than in the header": [with_length(jpeg).replace(b"--named", b"----other") for jpeg in JPEGS],
    "bare line feeds": [with_length(jpeg).replace(b"\r\n", b"\n", 4) for jpeg in JPEGS],
    "no line break before a boundary": [with_length(jpeg)[:-2] + b"\r\n\r\n\r\n" for jpeg in JPEGS],
    "a preamble": [b"\r\nhello\r\n", *[with_length(jpeg) for jpeg in JPEGS]],
    "without the marker of the end": [with_length(jpeg[:-2]) for jpeg in JPEGS],
    "headers in capitals": [with_length(jpeg).replace(b"Content-Length: ", b"CONTENT-LENGTH :") for jpeg in JPEGS],
}


@pytest.mark.parametrize("pieces", FORMS.values(), ids=FORMS.keys())
def test_each_part_is_a_picture(server: WebServer, pieces: list[bytes]) -> None:
    stream = capture(server, *pieces)
    images = [stream.read() for _ in JPEGS]
    for image, level in zip(images, LEVELS, strict=True):
        assert image is not None
        assert image.shape == (48, 64, 3)
        assert abs(float(image.mean()) - level) < 2
    with pytest.raises(SourceError, match="the connection has ended"):
        stream.read()
    stream.close()


def test_an_undecodable_picture_is_a_miss(server: WebServer) -> None:
    stream = capture(server, with_length(JPEGS[0]), with_length(b"no picture"), with_length(JPEGS[2]), b"--named\r\n")
    assert [image is None for image in (stream.read(), stream.read(), stream.read())] == [False, True, False]
    stream.close()


@pytest.mark.parametrize(
    ("beginning", "endless", "message"),
    [
        (b"", b"x" * 5000, "no boundary"),
        (b"", b"x\n" * 5000, "no boundary"),
        (b"--named\r\n", b"X: y\r\n" * 1000, "more than 100 headers"),
        (b"--named\r\n", b"x" * 50_000, "more than 100 headers"),
        (b"--named\r\n\r\n\xff\xd8", b"\0" * 100_000, "larger than 32 MiB"),
        (b"--named\r\n\r\n\xff\xd8", (b"\0" * 1000 + b"\n") * 100, "larger than 32 MiB"),
        (b"--named\r\nContent-Length: 2000000000\r\n\r\n\xff\xd8", b"\0" * 100_000, "larger than 32 MiB"),
        (b"--named\r\nContent-Length: 3\r\n\r\nabc", b"\0" * 100_000, "no boundary"),
    ],
)
def test_endless_parts_raise_source_error(server: WebServer, beginning: bytes, endless: bytes, message: str) -> None:
    stream = capture(server, beginning, endless=endless)
    with pytest.raises(SourceError, match=message):
        [stream.read() for _ in range(2)]
    stream.close()


def test_a_picture_is_returned_before_the_next_boundary_is_sent(server: WebServer) -> None:
    is_read = threading.Event()

    def answer(request: Request) -> None:
        request.send_response(200)
        request.end_headers()
        for jpeg in JPEGS:
            request.wfile.write(with_length(jpeg)[:-2])
            assert is_read.wait(TIMEOUT_S)
            is_read.clear()
            request.wfile.write(b"\r\n")

    server.answers["/x"] = answer
    stream = MotionJpegCapture(HttpClient(Address.parse(f"{server.url}/x"), TIMEOUT_S), TIMEOUT_S)
    for _ in JPEGS:
        assert stream.read() is not None
        is_read.set()
    stream.close()


@pytest.mark.parametrize(
    ("beginning", "drop"),
    [
        (b"", b"x"),
        (b"--named\r\nX: ", b"y"),
        (b"--named\r\n\r\n", b"\n"),
        (b"--named\r\n\r\n", b"\0"),
        (b"--named\r\nContent-Length: 100000\r\n\r\n", b"\0"),
    ],
)
def test_a_picture_that_arrives_too_slowly_raises_source_error(
    server: WebServer, beginning: bytes, drop: bytes
) -> None:
    def answer(request: Request) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(beginning)
        while True:
            request.wfile.write(drop)
            time.sleep(0.02)

    server.answers["/x"] = answer
    stream = MotionJpegCapture(HttpClient(Address.parse(f"{server.url}/x"), TIMEOUT_S), timeout_s=0.3)
    with pytest.raises(SourceError, match=r"no whole picture came in 0\.3 s"):
        stream.read()
    stream.close()
