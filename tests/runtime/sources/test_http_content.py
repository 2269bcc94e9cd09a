from __future__ import annotations

import time
import tracemalloc

import cv2
import numpy as np
import pytest

from fer_edge.runtime.sources.addresses import Address
from fer_edge.runtime.sources.http_client import HttpClient, HttpError
from fer_edge.runtime.sources.http_content import Kind, look_up
from tests.fakes.web_server import Request, WebServer

JPEG = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
PNG = cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
WEBP = cv2.imencode(".webp", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
MP4 = b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(64)
AVIF = b"\0\0\0\x20ftypavif" + bytes(64)
AVI = b"RIFF\x10\0\0\0AVI LIST" + bytes(64)
MATROSKA = b"\x1a\x45\xdf\xa3" + bytes(64)
TRANSPORT = b"\x47\x40\x11\x10" + b"\xff" * 60
BMP = cv2.imencode(".bmp", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
MULTIPART = b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + JPEG
VOD = b"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na.ts\n#EXT-X-ENDLIST\n"
LIVE = b"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na.ts\n"
MASTER = b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1280000\nlow/index.m3u8\n"


def kind_at(server: WebServer, path: str = "/x", timeout_s: float = 30) -> Kind:
    return look_up(HttpClient(Address.parse(server.url + path), timeout_s)).kind


@pytest.mark.parametrize(
    ("content", "media_type", "kind"),
    [
        (JPEG, "image/jpeg", Kind.SNAPSHOT),
        (PNG, "image/png", Kind.SNAPSHOT),
        (WEBP, "image/webp", Kind.SNAPSHOT),
        (AVIF, "image/avif", Kind.SNAPSHOT),
        (JPEG, "application/octet-stream", Kind.SNAPSHOT),
        (BMP, "application/octet-stream", Kind.SNAPSHOT),
        (JPEG, "text/html", Kind.SNAPSHOT),
        (JPEG, None, Kind.SNAPSHOT),
        (MP4, "video/mp4", Kind.RECORDING),
        (MP4, "application/octet-stream", Kind.RECORDING),
        (MP4, "text/plain", Kind.RECORDING),
        (MP4, None, Kind.RECORDING),
        (AVI, "video/x-msvideo", Kind.RECORDING),
        (MATROSKA, "video/webm", Kind.RECORDING),
        (TRANSPORT, "video/mp2t", Kind.RECORDING),
        (TRANSPORT, "text/vnd.trolltech.linguist", Kind.RECORDING),
        (JPEG * 3, "video/x-motion-jpeg", Kind.RECORDING),
        (MULTIPART, "multipart/x-mixed-replace; boundary=frame", Kind.STREAM),
        (MULTIPART, "text/plain", Kind.STREAM),
        (VOD, "application/vnd.apple.mpegurl", Kind.RECORDING),
        (VOD, "text/plain", Kind.RECORDING),
        (LIVE, "application/x-mpegurl", Kind.STREAM),
    ],
)
def test_kind_is_detected_by_the_first_bytes(
    server: WebServer, content: bytes, media_type: str | None, kind: Kind
) -> None:
    server.answers["/x"] = lambda request: request.reply(content, media_type)
    assert kind_at(server) is kind


@pytest.mark.parametrize(("variant", "kind"), [(VOD, Kind.RECORDING), (LIVE, Kind.STREAM)])
def test_a_master_playlist_has_the_kind_of_its_variants(server: WebServer, variant: bytes, kind: Kind) -> None:
    server.answers["/a/index.m3u8"] = lambda request: request.reply(MASTER)
    server.answers["/a/low/index.m3u8"] = lambda request: request.reply(variant)
    assert kind_at(server, "/a/index.m3u8") is kind


def box(name: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content


FTYP = box(b"ftyp", b"isom" + bytes(20))
INDEX_FIRST = FTYP + box(b"free", bytes(100)) + box(b"moov", box(b"mvhd", bytes(900))) + b"\0\0\0\1mdat"
INDEX_LAST = FTYP + b"\0\0\0\1mdat" + bytes(100)
FRAGMENTS = FTYP + box(b"moov", box(b"mvhd", bytes(900)) + box(b"mvex", bytes(20))) + box(b"moof")
DAMAGED = FTYP + bytes(100)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (INDEX_FIRST, Kind.RECORDING),
        (INDEX_LAST, Kind.RECORDING),
        (FRAGMENTS, Kind.STREAM),
        (DAMAGED, Kind.STREAM),
        (FTYP, Kind.STREAM),
        (TRANSPORT, Kind.STREAM),
        (MATROSKA, Kind.STREAM),
    ],
)
def test_video_without_a_length_is_a_stream_unless_its_format_has_an_end(
    server: WebServer, content: bytes, kind: Kind
) -> None:
    def answer(request: Request) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(content)

    server.answers["/x"] = answer
    assert kind_at(server) is kind


def test_nonstandard_http_is_left_to_ffmpeg(server: WebServer) -> None:
    def answer(request: Request) -> None:
        request.wfile.write(b"ICY 200 OK\r\n\r\n")

    server.answers["/x"] = answer
    assert kind_at(server) is Kind.STREAM


@pytest.mark.parametrize(
    ("content", "media_type", "message"),
    [
        (b"<!DOCTYPE html><title>IP camera</title>", "text/html; charset=utf-8", r"a text or page \(text/html\)"),
        (b'{"error": "busy"}', "application/json", r"a text or page \(application/json\)"),
        (b"not yet", "video/mp4", "a text or page"),
        (b"<svg/>", "image/svg+xml", "a text or page"),
        (b"", "video/mp4", "its answer is empty"),
    ],
)
def test_content_that_is_neither_picture_nor_video_raises_http_error(
    server: WebServer, content: bytes, media_type: str, message: str
) -> None:
    server.answers["/x"] = lambda request: request.reply(content, media_type)
    with pytest.raises(HttpError, match=message):
        kind_at(server)


def test_a_server_that_stops_within_its_answer_raises_http_error(server: WebServer) -> None:
    def answer(request: Request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100000")
        request.end_headers()
        request.connection.settimeout(20)
        request.rfile.read(1)  # until the client has gone

    server.answers["/x"] = answer
    with pytest.raises(HttpError, match="no video came"):
        kind_at(server, timeout_s=1)


@pytest.mark.parametrize("size", [8, 8 << 20])
def test_boxes_without_end_are_a_stream_and_take_no_memory(server: WebServer, size: int) -> None:
    def answer(request: Request) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(FTYP)
        while True:
            request.wfile.write(box(b"free", bytes(size - 8)))

    server.answers["/x"] = answer
    tracemalloc.start()
    try:
        assert kind_at(server) is Kind.STREAM
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("beginning", [b"", b"#EXTM3U\n", FTYP])
def test_answer_that_drips_is_given_up(server: WebServer, beginning: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: Request) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(beginning)
        while True:
            request.wfile.write(b"\0")
            time.sleep(0.1)

    monkeypatch.setattr("fer_edge.runtime.sources.http_content._LONGEST_S", 0.5)
    server.answers["/x"] = answer
    with pytest.raises(HttpError, match="no video came from there"):
        kind_at(server)


def test_playlist_with_an_impossible_address_raises_http_error(server: WebServer) -> None:
    server.answers["/x"] = lambda request: request.reply(b"#EXTM3U\n#EXT-X-STREAM-INF:A=1\nhttp://[\n")
    with pytest.raises(HttpError, match="its playlist names no address"):
        kind_at(server)
