from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from fer_edge.errors import SourceError
from fer_edge.runtime.sources.addresses import Address
from fer_edge.runtime.sources.http_client import HttpClient
from fer_edge.runtime.sources.snapshots import SnapshotCapture
from tests.fakes.web_server import Request, WebServer

JPEG = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()


def capture_at(server: WebServer, interval_s: float = 0.01, patience_s: float = 60.0) -> SnapshotCapture:
    return SnapshotCapture(HttpClient(Address.parse(f"{server.url}/now.jpg"), 30), interval_s, patience_s)


def test_each_read_is_one_request_at_the_interval(server: WebServer) -> None:
    server.answers["/now.jpg"] = lambda request: request.reply(JPEG, "image/jpeg")
    capture = capture_at(server, interval_s=0.3)
    began = time.monotonic()
    images = [capture.read() for _ in range(3)]
    assert time.monotonic() - began >= 0.6
    assert len(server.asked) == 3
    for image in images:
        assert image is not None
        assert image.shape == (48, 64, 3)


def test_a_server_gets_a_pause_after_each_answer(server: WebServer) -> None:
    server.answers["/now.jpg"] = lambda request: request.reply(JPEG, "image/jpeg")
    capture = capture_at(server, interval_s=0.001)
    began = time.monotonic()
    for _ in range(4):
        capture.read()
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("failure", ["status", "truncated", "no picture", "empty"])
def test_a_failed_request_is_a_miss(server: WebServer, failure: str) -> None:
    server.answers["/now.jpg"] = lambda request: {
        "status": lambda: request.reply(b"busy", status=503),
        "truncated": lambda: request.reply(JPEG[:-20], Content_Length=str(len(JPEG))),
        "no picture": lambda: request.reply(b"busy", "image/jpeg"),
        "empty": lambda: request.reply(b"", "image/jpeg"),
    }[failure]()
    capture = capture_at(server)
    assert capture.read() is None
    server.answers["/now.jpg"] = lambda request: request.reply(JPEG, "image/jpeg")
    assert capture.read() is not None


def test_an_undecodable_picture_raises_an_error_with_its_kind(server: WebServer) -> None:
    server.answers["/now.jpg"] = lambda request: request.reply(JPEG[:-20], "image/jpeg")
    capture = capture_at(server, patience_s=0.0)
    with pytest.raises(SourceError, match=r"\Aexpected a picture, got JPEG, but it ends too early"):
        capture.read()


def test_lasting_failures_raise_an_error_with_the_reason(server: WebServer) -> None:
    server.answers["/now.jpg"] = lambda request: request.reply(b"", status=404)
    capture = capture_at(server, patience_s=0.0)
    with pytest.raises(SourceError, match=r"\Athere is nothing at this address \(404 Not Found\)"):
        capture.read()


def test_a_picture_that_drips_is_a_miss(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: Request) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"\xff")
            time.sleep(0.1)

    monkeypatch.setattr("fer_edge.runtime.sources.snapshots._LONGEST_S", 0.5)
    server.answers["/now.jpg"] = answer
    began = time.monotonic()
    assert capture_at(server).read() is None
    assert time.monotonic() - began < 10
