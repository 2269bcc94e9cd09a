from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest

from fer_edge.errors import InputError, SourceError
from fer_edge.runtime.camera import open_source
from fer_edge.runtime.demo import DemoSource
from fer_edge.runtime.recordings import ImageFiles, VideoFile


class MjpegHandler(BaseHTTPRequestHandler):
    """What a network camera sends: one JPEG after another, until whoever watches goes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        picture = np.full((120, 160, 3), (40, 80, 160), np.uint8)
        jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
        head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
        frames = 40 if self.path == "/ends" else 10_000
        try:
            for _ in range(frames):
                self.wfile.write(head + jpeg + b"\r\n")
                time.sleep(0.01)
        except OSError:
            pass

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def mjpeg_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), MjpegHandler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_mjpeg_stream_over_http(mjpeg_url: str) -> None:
    with open_source(f"{mjpeg_url}/video") as source:
        frames = list(islice(source, 3))
    assert source.live
    np.testing.assert_allclose(frames[0].image.mean(axis=(0, 1)), (40, 80, 160), atol=4)
    assert frames[0].number < frames[1].number < frames[2].number


def test_a_stream_that_ends_is_an_error(mjpeg_url: str) -> None:
    with open_source(f"{mjpeg_url}/ends", timeout_s=3) as source, pytest.raises(SourceError, match="stopped giving"):
        list(source)


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_server_that_says_nothing_is_given_up_in_time(scheme: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        start = time.monotonic()
        with pytest.raises(SourceError, match="no video came"):
            open_source(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/", timeout_s=1)
    assert time.monotonic() - start < 5


def test_a_password_is_not_shown() -> None:
    with pytest.raises(SourceError) as caught:
        open_source("http://me:hidden@127.0.0.1:9/video", timeout_s=1)
    assert "http://me:***@127.0.0.1:9/video" in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "no such camera or file"),
        ("dmeo", "did you mean demo?"),
        ("picamra", "did you mean picamera?"),
        ("-1", "no such camera or file"),
        ("ftp://host/video", "expected an address with http, https, rtsp, rtsps, got ftp"),
        ("http://", "names no host"),
        ("http://host:port/", "not an address"),
        ("http://[::1/", "not an address"),
        ("/nowhere/video.mp4", "no such camera or file"),
    ],
)
def test_what_is_no_source_is_the_users_mistake(spec: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        open_source(spec)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mistyped_file_name_gets_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "birthday.mp4").touch()
    with pytest.raises(InputError, match=r"did you mean .*birthday\.mp4\?"):
        open_source(str(tmp_path / "brithday.mp4"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="device files are Linux's")
@pytest.mark.parametrize("spec", ["99", "/dev/video99"])
def test_a_webcam_that_is_not_there(spec: str) -> None:
    with pytest.raises(SourceError, match=r"camera 99: there is no /dev/video99; .*--camera"):
        open_source(spec)


def test_kinds_of_recordings(tmp_path: Path) -> None:
    picture = tmp_path / "one.png"
    cv2.imwrite(str(picture), np.zeros((20, 30, 3), np.uint8))
    video = tmp_path / "two.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    for spec, kind in ((tmp_path, ImageFiles), (picture, ImageFiles), (video, VideoFile), ("demo", DemoSource)):
        with open_source(str(spec)) as source:
            assert type(source) is kind
            assert not source.live
            assert len(list(islice(source, 1))) == 1


class FakePicamera2:
    """As much of picamera2.Picamera2 as is used; `RGB888` lies in memory as blue, green, red."""

    opened: list[FakePicamera2]

    def __init__(self) -> None:
        if not self.opened_allowed:
            raise IndexError("list index out of range")
        self.opened.append(self)
        self.calls: list[str] = []

    opened_allowed = True

    def create_video_configuration(self, main: dict[str, Any], controls: dict[str, Any]) -> dict[str, Any]:
        return {"main": main, "controls": controls}

    def configure(self, configuration: dict[str, Any]) -> None:
        assert configuration["main"] == {"size": (640, 480), "format": "RGB888"}
        self.calls.append("configure")

    def start(self) -> None:
        self.calls.append("start")

    def capture_array(self, name: str) -> np.ndarray:
        assert name == "main"
        time.sleep(0.01)
        return np.full((480, 640, 3), (255, 0, 0), np.uint8)

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def picamera2(monkeypatch: pytest.MonkeyPatch) -> type[FakePicamera2]:
    module = ModuleType("picamera2")
    FakePicamera2.opened = []
    monkeypatch.setattr(module, "Picamera2", FakePicamera2, raising=False)
    monkeypatch.setitem(sys.modules, "picamera2", module)
    return FakePicamera2


@pytest.mark.parametrize("spec", ["picamera", "picamera2"])
def test_picamera_gives_blue_green_red_and_is_let_go(picamera2: type[FakePicamera2], spec: str) -> None:
    with open_source(spec) as source:
        frame = next(iter(source))
    assert frame.image[0, 0].tolist() == [255, 0, 0]
    assert picamera2.opened[0].calls == ["configure", "start", "stop", "close"]


def test_picamera_without_a_camera(picamera2: type[FakePicamera2], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picamera2, "opened_allowed", False)
    with pytest.raises(SourceError, match=r"cannot be opened \(list index out of range\); check its cable"):
        open_source("picamera")


def test_picamera_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(InputError, match=r"apt install python3-picamera2.*--system-site-packages"):
        open_source("picamera")
