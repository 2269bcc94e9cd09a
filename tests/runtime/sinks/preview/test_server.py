"""The preview's server over real connections to 127.0.0.1."""

from __future__ import annotations

import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from threading import Event, Thread

import cv2
import numpy as np
import pytest

from fer_edge.errors import InputError, MissingExtraError
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import Event as FaceEvent
from fer_edge.runtime.results import EventKind, FaceResult, FrameResult
from fer_edge.runtime.sinks.preview import open_preview
from fer_edge.runtime.sinks.preview.address import Address
from fer_edge.runtime.sinks.preview.sink import PreviewSink
from fer_edge.runtime.sinks.preview.timeline import Timeline
from fer_edge.runtime.sources.source import Frame
from tests.runtime.sinks.preview.visitor import fetch, next_event, preview, read, refusal

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]
WaitUntil = Callable[..., None]
STREAMS = ("events", "picture.mjpg")
MOST_REPEATS = 200


def next_picture(response: HTTPResponse) -> tuple[int, bytes]:
    headers: dict[str, str] = {}
    while line := response.readline():
        if line == b"\r\n" and "X-Frame" in headers:
            return int(headers["X-Frame"]), response.read(int(headers["Content-Length"]))
        name, _, value = line.decode().strip().partition(": ")
        headers[name] = value
    raise AssertionError("the stream has ended")


def metric(url: str, line: str) -> float:
    found = re.search(rf"^{re.escape(line)} (\S+)$", read(f"{url}metrics"), re.MULTILINE)
    return float(found[1]) if found else 0.0


@contextmanager
def frames_going(sink: PreviewSink, frame: Frame, result: FrameResult) -> Iterator[None]:
    """Write frames with increasing numbers in the background."""
    done = Event()

    def write() -> None:
        number = 0
        while not done.wait(0.02):
            number += 1
            numbered = FrameResult(number, time.time(), result.faces, result.timings_ms)
            sink.write(Frame(frame.image, number, numbered.time), numbered)

    thread = Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_newest_result_is_sent_to_a_new_client(make_face: MakeFace, make_result: MakeResult) -> None:
    with preview() as sink:
        sink.write(*make_result(make_face("sad", 0.6), number=6))
        sink.write(*make_result(make_face("happy", 0.88), make_face("sad", 0.6, track_id=2), number=7))
        with fetch(f"{sink.url}events") as response:
            hello, newest = next_event(response), next_event(response)
    assert (hello["title"], tuple(hello["labels"]), hello["privacy"]) == ("demo, tiny", EXPRESSIONS, False)
    assert hello["meaning"] == ""
    assert set(hello["colours"]) == {*EXPRESSIONS, "uncertain"}
    assert (newest["frame"], newest["size"]) == (7, [160, 120])
    assert [(face["id"], face["label"], face["box"]) for face in newest["faces"]] == [
        (1, "happy", [10, 20, 60, 80]),
        (2, "sad", [10, 20, 60, 80]),
    ]
    assert newest["faces"][0]["scores"]["happy"] == 0.88
    assert newest["stages_ms"]["detect"] == 10.0


def test_picture_is_the_frame_with_its_number(make_result: MakeResult) -> None:
    frame, result = make_result(number=3, size_wh=(64, 48))
    frame.image[:, :, 0] = np.linspace(0, 255, 64).astype(np.uint8)
    with preview() as sink:
        sink.write(frame, result)
        with fetch(f"{sink.url}picture.mjpg") as response:
            number, jpeg = next_picture(response)
    assert number == 3
    shown = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert np.abs(shown.astype(int) - frame.image.astype(int)).mean() < 8


@pytest.mark.parametrize(
    ("asked", "size_wh", "shape"),
    [
        ([""], (1920, 1080), (540, 960, 3)),
        (["?width=1440"], (1920, 1080), (810, 1440, 3)),
        (["?width=1920"], (3840, 2160), (1080, 1920, 3)),
        (["?width=1920"], (640, 480), (480, 640, 3)),
        (["", "?width=320"], (1920, 1080), (540, 960, 3)),
        (["?width=1440", ""], (1920, 1080), (810, 1440, 3)),
    ],
)
def test_picture_is_as_wide_as_the_widest_follower_asks(
    make_result: MakeResult, asked: list[str], size_wh: tuple[int, int], shape: tuple[int, int, int]
) -> None:
    with preview() as sink, ExitStack() as followers:
        responses = [followers.enter_context(fetch(f"{sink.url}picture.mjpg{query}")) for query in asked]
        sink.write(*make_result(size_wh=size_wh))
        pictures = [cv2.imdecode(np.frombuffer(next_picture(one)[1], np.uint8), cv2.IMREAD_COLOR) for one in responses]
    assert [picture is not None and picture.shape for picture in pictures] == [shape] * len(asked)


def test_width_counts_no_longer_when_its_follower_has_gone(make_result: MakeResult) -> None:
    with preview() as sink:
        with fetch(f"{sink.url}picture.mjpg?width=1920") as wide:
            sink.write(*make_result(size_wh=(1920, 1080)))
            next_picture(wide)
        with fetch(f"{sink.url}picture.mjpg?width=320") as narrow:
            for number in range(1, 100):
                sink.write(*make_result(number=number, size_wh=(1920, 1080)))
                shown = cv2.imdecode(np.frombuffer(next_picture(narrow)[1], np.uint8), cv2.IMREAD_COLOR)
                if shown is not None and shown.shape == (180, 320, 3):
                    return
    pytest.fail("the pictures stay wide")


@pytest.mark.parametrize("width", ["", "0", "159", "1921", "-1", "wide", "1e3"])
def test_width_out_of_range_is_refused(width: str) -> None:
    with preview() as sink:
        assert refusal(f"{sink.url}picture.mjpg?width={width}") == 400


def test_with_privacy_no_picture_is_sent(make_face: MakeFace, make_result: MakeResult) -> None:
    with preview(privacy=True) as sink:
        sink.write(*make_result(make_face()))
        assert refusal(f"{sink.url}picture.mjpg") == 403
        with fetch(f"{sink.url}events") as response:
            assert next_event(response)["privacy"] is True
            assert len(next_event(response)["faces"]) == 1


def rises(numbers: Iterator[int]) -> bool:
    """Return whether the next different number is larger; numbers repeat, as a new client has one sent again to all."""
    first = next(numbers)
    return next((number for number in numbers if number != first), first) > first


def test_twenty_clients_at_once_all_get_new_frames(make_face: MakeFace, make_result: MakeResult) -> None:
    with preview() as sink, frames_going(sink, *make_result(make_face())), ExitStack() as stack:
        clients = [[stack.enter_context(fetch(f"{sink.url}{path}")) for path in STREAMS] for _ in range(20)]
        for events, pictures in clients:
            next_event(events)
            assert rises(next_event(events)["frame"] for _ in range(MOST_REPEATS))
            assert rises(next_picture(pictures)[0] for _ in range(MOST_REPEATS))
        assert metric(sink.url, 'fer_edge_preview_clients{stream="picture"}') == 20


def test_too_many_clients_are_rejected_until_others_leave(wait_until: WaitUntil) -> None:
    with preview() as sink:
        with ExitStack() as stack:
            for _ in range(100):
                stack.enter_context(fetch(f"{sink.url}events"))
            assert refusal(f"{sink.url}events") == 503
        wait_until(lambda: metric(sink.url, 'fer_edge_preview_clients{stream="data"}') == 0)
        with fetch(f"{sink.url}events") as response:
            assert next_event(response)["title"] == "demo, tiny"


@pytest.mark.slow
def test_client_that_never_reads_is_disconnected_and_slows_nobody(
    make_result: MakeResult, wait_until: WaitUntil
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    _, result = make_result()
    with preview() as sink, socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect(("127.0.0.1", int(sink.url.rstrip("/").rpartition(":")[2])))
        stuck.sendall(b"GET /picture.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with frames_going(sink, Frame(noise, 0, 0.0), result), fetch(f"{sink.url}picture.mjpg") as reader:

            def metric_after_picture(name: str) -> float:
                next_picture(reader)  # else it would be disconnected, too
                return metric(sink.url, name)

            wait_until(lambda: metric_after_picture("fer_edge_preview_dropped_pictures_total") > 5)
            assert rises(next_picture(reader)[0] for _ in range(MOST_REPEATS))
            wait_until(lambda: metric_after_picture('fer_edge_preview_clients{stream="picture"}') == 1)


def test_metrics_count_faces_and_events(make_face: MakeFace, make_result: MakeResult, wait_until: WaitUntil) -> None:
    frame, result = make_result(make_face("happy"), make_face("sad", 0.6, track_id=2))
    left = FaceEvent(EventKind.LEFT, 3, result.time, "angry")
    with preview() as sink:
        sink.write(frame, result)
        sink.write(frame, FrameResult(1, result.time, result.faces[:1], result.timings_ms, (left,)))
        wait_until(lambda: metric(sink.url, "fer_edge_frames_total") == 2)
        assert metric(sink.url, 'fer_edge_faces_total{label="happy"}') == 2
        assert metric(sink.url, 'fer_edge_faces_total{label="sad"}') == 1
        assert metric(sink.url, 'fer_edge_events_total{kind="face_left"}') == 1
        assert metric(sink.url, 'fer_edge_stage_seconds_sum{stage="detect"}') == pytest.approx(0.02)
        assert metric(sink.url, "fer_edge_faces_in_view") == 1
        assert read(f"{sink.url}healthz") == "ok\n"


def test_loopback_rejects_other_host_names_and_hardens_every_response() -> None:
    with preview() as sink:
        assert refusal(sink.url, Host="rebound.example") == 403
        assert "fer-edge" in read(sink.url, Host="localhost:9999")
        with fetch(sink.url) as response:
            headers = response.headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY")
    assert (headers["Referrer-Policy"], headers["Cross-Origin-Resource-Policy"]) == ("no-referrer", "same-origin")


def test_other_addresses_require_a_generated_token(caplog: pytest.LogCaptureFixture) -> None:
    with preview("0.0.0.0:0") as sink:
        address, _, token = sink.url.partition("?token=")
        base = f"http://127.0.0.1:{address.rstrip('/').rpartition(':')[2]}/"
        assert len(token) >= 16
        paths = ("", "events", "picture.mjpg", "metrics", "page.js", "nothing")
        assert {refusal(f"{base}{path}") for path in paths} == {401}
        assert refusal(f"{base}?token={token}x") == 401
        assert refusal(base, Cookie=f"fer-edge={token}", Authorization="Bearer \u00e9") == 401
        assert read(f"{base}healthz") == "ok\n"
        assert "fer_edge_frames" in read(f"{base}metrics", Authorization=f"Bearer {token}")
        with fetch(f"{base}?token={token}") as response:
            cookie = response.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
        assert token not in cookie
        assert "fer_edge_frames" in read(f"{base}metrics", Cookie=cookie.split(";")[0])
    assert token not in caplog.text


def test_given_token_is_required_on_loopback_and_its_cookie_outlives_the_server() -> None:
    with preview(token="a b&ü") as sink, fetch(sink.url) as response:
        cookie = response.headers["Set-Cookie"].split(";")[0]
    with preview(token="a b&ü") as sink:
        base = sink.url.partition("?")[0]
        assert refusal(base) == 401
        assert "fer-edge" in read(base, Cookie=cookie)


def test_port_in_use_is_an_error() -> None:
    with (
        preview() as sink,
        pytest.raises(InputError, match=r"preview address 127\.0\.0\.1:\d+: cannot listen .*in use"),
    ):
        open_preview(sink.url.rstrip("/").rpartition(":")[2], EXPRESSIONS, "")


def test_closing_ends_the_streams_and_frees_the_port() -> None:
    with ExitStack() as stack:
        with preview() as sink:
            responses = [stack.enter_context(fetch(f"{sink.url}{path}")) for path in STREAMS]
        for response in responses:
            response.read()
        sink.close()
        with preview(sink.url.rstrip("/").rpartition(":")[2]) as again:
            assert again.url == sink.url


def test_missing_extra_is_an_error_with_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("fer_edge.runtime.sinks.preview.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(MissingExtraError, match=r"the preview needs more packages .*\.\[preview\]"):
        open_preview("0", EXPRESSIONS, "")


@pytest.mark.parametrize(
    ("text", "host", "port", "url"),
    [
        ("0", "127.0.0.1", 0, "http://127.0.0.1:0/"),
        ("8080", "127.0.0.1", 8080, "http://127.0.0.1:8080/"),
        ("pi.local:80", "pi.local", 80, "http://pi.local:80/"),
        ("[::1]:8080", "::1", 8080, "http://[::1]:8080/"),
    ],
)
def test_address_is_parsed(text: str, host: str, port: int, url: str) -> None:
    address = Address.parse(text)
    assert (address.host, address.port, address.url) == (host, port, url)
    assert address.is_loopback == (host != "pi.local")


@pytest.mark.parametrize("text", ["", "pi.local", ":8080", "::1:8080", "8080x", "65536", "-1", "192.168.1.5"])
def test_malformed_address_is_rejected(text: str) -> None:
    with pytest.raises(InputError, match=r"^preview address .*expected"):
        Address.parse(text)


def test_empty_token_is_rejected() -> None:
    with pytest.raises(InputError, match="token is empty"):
        open_preview("0", EXPRESSIONS, "", token=" ")


def test_timeline_bridges_short_misses_and_forgets(make_face: MakeFace, make_result: MakeResult) -> None:
    timeline = Timeline()

    def see(moment: float, *faces: FaceResult) -> list[tuple[int, str, float, float]]:
        # The time of day is set again and again.
        timeline.add(moment, make_result(*faces, time=1000 - 3600 * moment)[1])
        return [(span.track_id, span.label, span.start, span.end) for span in timeline.since(0)]

    happy, sad = make_face("happy"), make_face("sad")
    see(0.0, happy)
    see(0.5)
    assert see(1.0, happy) == [(1, "happy", 0.0, 1.0)]
    assert see(9.0, happy) == [(1, "happy", 0.0, 9.0)]
    assert see(10.0, sad) == [(1, "happy", 0.0, 9.0), (1, "sad", 10.0, 10.0)]
    see(12.0)
    assert see(12.5, sad)[-1] == (1, "sad", 12.5, 12.5)
    assert see(612.0) == [(1, "sad", 12.5, 12.5)]
    assert see(613.0) == []
