from __future__ import annotations

import re
import socket
import sys
import time
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.errors import InputError, SourceError
from fer_edge.runtime.sources import devices, opening
from fer_edge.runtime.sources.demo import DemoSource
from fer_edge.runtime.sources.devices import CameraSettings
from fer_edge.runtime.sources.image_files import ImageFiles
from fer_edge.runtime.sources.live import LiveSource
from fer_edge.runtime.sources.opening import open_source
from fer_edge.runtime.sources.recordings import VideoFile
from fer_edge.runtime.sources.v4l2 import VideoDevice
from tests.fakes import picamera2 as fake_picamera2
from tests.fakes.picamera2 import Picamera2
from tests.fakes.web_server import WebServer

JPEGS = [
    cv2.imencode(".jpg", np.full((120, 160, 3), (40, 80, 160 + number), np.uint8))[1].tobytes() for number in range(2)
]


def test_an_mjpeg_stream_over_http(server: WebServer) -> None:
    server.answers["/video"] = lambda request: request.send_motion_jpeg(cycle(JPEGS), 0.01)
    with open_source(f"{server.url}/video") as source:
        frames = list(islice(source, 3))
    assert source.live
    np.testing.assert_allclose(frames[0].image.mean(axis=(0, 1)), (40, 80, 160), atol=4)
    assert frames[0].number < frames[1].number < frames[2].number


def test_a_stream_that_ends_is_reopened(server: WebServer) -> None:
    server.answers["/ends"] = lambda request: request.send_motion_jpeg(JPEGS * 20, 0.01)
    told: list[str] = []
    with open_source(f"{server.url}/ends", on_note=told.append) as source:
        numbers = []
        for frame in source:
            numbers.append(frame.number)
            if len(told) == 2:
                break
    assert numbers == sorted(set(numbers))
    failed, back = told
    assert "stopped giving frames" in failed
    assert re.fullmatch(rf"{server.url}/ends is back after \d+ s", back)


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_silent_server_raises_source_error_in_time(scheme: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        start = time.monotonic()
        with pytest.raises(SourceError, match="no video came"):
            open_source(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/", CameraSettings(timeout_s=1))
    assert time.monotonic() - start < 15  # FFmpeg's own limit is 30


def test_a_password_is_not_shown() -> None:
    with pytest.raises(SourceError) as caught:
        open_source("http://me:hidden@127.0.0.1:9/video", CameraSettings(timeout_s=1))
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
def test_an_unknown_name_raises_input_error(spec: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        open_source(spec)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mistyped_file_name_gets_a_suggestion(tmp_path: Path) -> None:
    (tmp_path / "birthday.mp4").touch()
    with pytest.raises(InputError, match=r"did you mean .*birthday\.mp4\?"):
        open_source(str(tmp_path / "brithday.mp4"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="device files are Linux's")
@pytest.mark.parametrize("spec", ["99", "/dev/video99"])
def test_a_missing_webcam_raises_source_error(spec: str) -> None:
    with pytest.raises(SourceError, match=r"camera 99: there is no /dev/video99; .*camera"):
        open_source(spec)


def test_files_folders_and_demo_open_by_content(tmp_path: Path) -> None:
    picture = tmp_path / "one.png"
    cv2.imwrite(str(picture), np.zeros((20, 30, 3), np.uint8))
    video = tmp_path / "two.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    picture, video = picture.rename(tmp_path / "one.mp4"), video.rename(tmp_path / "two.jpg")
    for spec, kind in ((tmp_path, ImageFiles), (picture, ImageFiles), (video, VideoFile), ("demo", DemoSource)):
        with open_source(str(spec)) as source:
            assert type(source) is kind
            assert not source.live
            assert len(list(islice(source, 1))) == 1


@pytest.fixture
def picamera2(monkeypatch: pytest.MonkeyPatch) -> type[Picamera2]:
    monkeypatch.setitem(sys.modules, "picamera2", fake_picamera2)
    monkeypatch.setattr(Picamera2, "opened", [])
    return Picamera2


@pytest.mark.parametrize("spec", ["picamera", "picamera2"])
def test_picamera_delivers_bgr_and_is_closed(picamera2: type[Picamera2], spec: str) -> None:
    with open_source(spec) as source:
        frame = next(iter(source))
    assert frame.image[0, 0, :2].tolist() == [255, 0]
    assert frame.image.shape == (480, 640, 3)
    assert picamera2.opened[0].calls == ["configure", "start", "stop", "close"]


def test_picamera_is_started_with_the_settings(picamera2: type[Picamera2]) -> None:
    with open_source("picamera", CameraSettings((1280, 720), 15)) as source:
        assert next(iter(source)).image.shape == (720, 1280, 3)
        configuration = picamera2.opened[0].camera_config
    assert configuration is not None
    assert (source.fps, configuration["controls"]["FrameRate"]) == (15, 15)


def test_a_picamera_that_does_not_start_is_closed(picamera2: type[Picamera2], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Picamera2) -> None:
        raise RuntimeError("Failed to start camera: Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Picamera2, "start", fail)
        with pytest.raises(SourceError, match=r"cannot be opened \(Failed to start camera: Input/output error\)"):
            open_source("picamera")
    with open_source("picamera") as source:
        next(iter(source))


def test_a_picamera_in_use_raises_source_error(picamera2: type[Picamera2]) -> None:
    picamera2()
    with pytest.raises(SourceError, match="no other program uses it"):
        open_source("picamera")


@pytest.mark.parametrize("spec", ["demo", "http://127.0.0.1:9/video", "/dev/null"])
def test_settings_for_other_sources_raise_input_error(spec: str) -> None:
    with pytest.raises(InputError, match="resolution and frame rate"):
        open_source(spec, CameraSettings((1280, 720)))


def test_libcamera_without_gstreamer_raises_input_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "    GStreamer:                   NO\n")
    with pytest.raises(InputError, match="libcamera needs an OpenCV with GStreamer"):
        open_source("libcamera")


class TestAuto:
    """Source `auto` with fake cameras."""

    @pytest.fixture(autouse=True)
    def two_webcams(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Webcam:
            def __init__(self, level: int) -> None:
                self.level, self.frames = level, 0

            def read(self) -> np.ndarray:
                time.sleep(0.01)
                self.frames += 1
                return np.full((48, 64, 3), self.level + self.frames % 2 if self.level else 0, np.uint8)

            def close(self) -> None:
                pass

        def open_webcam(name: str, settings: CameraSettings) -> LiveSource:
            return LiveSource(Webcam(100 * int(name)), f"camera {name}", fps=30, advice="look at it")

        found = [
            VideoDevice(Path("/dev/video0"), "HD Webcam", True, captures=True, is_libcameras=False),
            VideoDevice(Path("/dev/video1"), "HD Webcam", True, captures=True, is_libcameras=False),
            VideoDevice(Path("/dev/video2"), "HD Webcam's metadata", True, captures=False, is_libcameras=False),
            VideoDevice(Path("/dev/video14"), "bcm2835-isp-capture0", True, captures=True, is_libcameras=True),
        ]
        monkeypatch.setattr(devices, "_ON_LINUX", True)
        monkeypatch.setattr(devices, "video_devices", lambda: found)
        monkeypatch.setattr(opening, "open_webcam", open_webcam)
        monkeypatch.setitem(sys.modules, "picamera2", None)

    def test_a_camera_with_only_black_frames_is_skipped(self) -> None:
        told: list[str] = []
        with open_source("auto", on_note=told.append) as source:
            assert source.description == "camera 1"
            assert next(iter(source)).image.max() >= 100
        assert told == ["auto chose camera 1 of 0, 1"]

    def test_a_raspberry_pis_own_camera_comes_first(self, picamera2: type[Picamera2]) -> None:
        with open_source("auto") as source:
            assert source.description == "picamera"

    def test_no_camera_raises_source_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(devices, "video_devices", lambda: [])
        with pytest.raises(SourceError, match="found no camera that gives a picture; plug one in"):
            open_source("auto")


def test_picamera_without_a_camera_raises_source_error(
    picamera2: type[Picamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picamera2, "cameras", [])
    with pytest.raises(SourceError, match=r"cannot be opened \(list index out of range\); check its cable"):
        open_source("picamera")


def test_missing_picamera2_raises_input_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(InputError, match=r"apt install python3-picamera2.*--system-site-packages"):
        open_source("picamera")
