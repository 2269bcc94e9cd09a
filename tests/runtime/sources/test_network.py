"""`open_source` with addresses, whose content decides how they are read."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from itertools import islice, pairwise, repeat
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.errors import InputError, SourceError
from fer_edge.runtime.sources import reopening
from fer_edge.runtime.sources.devices import CameraSettings
from fer_edge.runtime.sources.http_recording import FetchedVideo
from fer_edge.runtime.sources.opening import open_source
from fer_edge.runtime.sources.recordings import VideoFile
from tests.fakes.web_server import Request, WebServer

TIMEOUT_S = 2.0
"""Short, so that a still scene outlasts it."""

JPEGS = [cv2.imencode(".jpg", np.full((48, 64, 3), level, np.uint8))[1].tobytes() for level in (90, 160)]
BLACK = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()


def send_encoded(request: Request, codec: str) -> None:
    """Send a still scene, encoded at a camera's pace."""
    request.send_response(200)
    request.send_header("Content-Type", "video/mp2t")
    request.end_headers()
    source = ["-re", "-f", "lavfi", "-i", "color=gray:size=160x120:rate=15"]
    command = ["ffmpeg", "-v", "quiet", *source, "-c:v", codec, "-preset", "ultrafast", "-g", "15", "-f", "mpegts", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as encoder:
        assert encoder.stdout is not None
        try:
            while piece := os.read(encoder.stdout.fileno(), 65536):
                request.wfile.write(piece)
        finally:
            encoder.kill()


def watch(url: str, seconds: float) -> tuple[list[np.ndarray], list[str]]:
    """Return the pictures that came within `seconds`, and the notes."""
    told: list[str] = []
    images: list[np.ndarray] = []
    with open_source(url, CameraSettings(timeout_s=TIMEOUT_S), on_note=told.append) as source:
        source.ends_at = time.monotonic() + seconds
        for frame in source:
            images.append(frame.image)
            if time.monotonic() > source.ends_at:
                break
    return images, told


@pytest.mark.parametrize("jpeg", [JPEGS[0], BLACK], ids=["empty room", "dark room"])
def test_a_still_scene_is_not_a_failure(server: WebServer, jpeg: bytes) -> None:
    server.answers["/video"] = lambda request: request.send_motion_jpeg(repeat(jpeg), 0.02)
    images, told = watch(f"{server.url}/video", 1.5 * TIMEOUT_S)
    assert told == []
    assert len(images) > 10
    assert all(np.array_equal(images[0], image) for image in images)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="encoding needs ffmpeg")
@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_a_still_scene_in_h264_and_h265_is_not_a_failure(server: WebServer, codec: str) -> None:
    encoders = subprocess.run(["ffmpeg", "-hide_banner", "-encoders"], capture_output=True, text=True).stdout
    if codec not in encoders:
        pytest.skip(f"this ffmpeg has no {codec}")
    server.answers["/video"] = lambda request: send_encoded(request, codec)
    told: list[str] = []
    with open_source(f"{server.url}/video", CameraSettings(timeout_s=5), on_note=told.append) as source:
        source.ends_at = time.monotonic() + 30  # so that a fault does not make this test wait forever
        images = [frame.image for frame in islice(source, 60)]  # 4 s
    assert told == []
    assert sum(np.array_equal(one, other) for one, other in pairwise(images)) > 30


def test_a_camera_with_a_single_client_is_opened_after_a_pause(server: WebServer) -> None:
    def answer(request: Request) -> None:
        if len(server.asked) == 2:
            request.reply(b"busy", status=503)
        else:
            request.send_motion_jpeg(repeat(JPEGS[0]), 0.02)

    server.answers["/video"] = answer
    with open_source(f"{server.url}/video") as source:
        assert len(list(islice(source, 3))) == 3
    assert len(server.asked) == 3


def test_a_stream_without_packets_has_failed(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reopening, "_FIRST_PAUSE_S", 0.01)

    def stall(request: Request) -> None:
        request.send_motion_jpeg([BLACK] * 5, 0.0)
        request.connection.settimeout(20)
        request.rfile.read(1)  # until the client has gone

    server.answers["/video"] = stall
    told: list[str] = []
    with open_source(f"{server.url}/video", CameraSettings(timeout_s=TIMEOUT_S), on_note=told.append) as source:
        source.ends_at = time.monotonic() + 4 * TIMEOUT_S
        for _ in source:
            if told:
                break
    assert re.match(rf"{server.url}/video stopped giving frames.* it is opened again until it is back", told[0])


def test_a_snapshot_address_is_polled_at_the_given_rate(server: WebServer) -> None:
    def answer(request: Request) -> None:
        request.reply(JPEGS[len(server.asked) % 2], "image/jpeg")

    server.answers["/now.jpg"] = answer
    with open_source(f"{server.url}/now.jpg", CameraSettings(fps=5)) as source:
        assert (source.live, source.fps) == (True, 5)
        frames = list(islice(source, 4))
    levels = [int(frame.image.mean()) for frame in frames]
    assert set(levels) == {90, 160}
    assert [frame.number for frame in frames] == sorted({frame.number for frame in frames})


def test_closing_ends_the_wait_for_the_next_snapshot(server: WebServer, wait_until: Callable[..., None]) -> None:
    server.answers["/now.jpg"] = lambda request: request.reply(JPEGS[0], "image/jpeg")
    with open_source(f"{server.url}/now.jpg", CameraSettings(fps=0.001)) as source:
        next(iter(source))
    wait_until(lambda: f"frames of {server.url}/now.jpg" not in {thread.name for thread in threading.enumerate()})


def test_a_snapshot_address_that_fails_is_reopened(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reopening, "_FIRST_PAUSE_S", 0.01)
    server.answers["/now.jpg"] = lambda request: request.reply(JPEGS[0], "image/jpeg")
    told: list[str] = []
    with open_source(f"{server.url}/now.jpg", CameraSettings(fps=10, timeout_s=2), on_note=told.append) as source:
        frames = iter(source)
        for _ in range(3):
            next(frames)
        server.answers["/now.jpg"] = lambda request: request.reply(b"", status=503)

        def come_back(sentence: str) -> None:
            server.answers["/now.jpg"] = lambda request: request.reply(JPEGS[0], "image/jpeg")
            told.append(sentence)

        source._on_note = come_back  # type: ignore[attr-defined]
        while len(told) < 2:
            next(frames)
    assert "stopped giving frames (its server failed (503 Service Unavailable)" in told[0]
    assert told[1].startswith(f"{server.url}/now.jpg is back after")


def test_a_recording_at_an_address_is_read_whole(server: WebServer, tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(7):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    server.answers["/a"] = lambda request: request.reply(path.read_bytes(), "video/x-msvideo")
    with open_source(f"{server.url}/a?token=abc") as source:
        assert type(source) is FetchedVideo
        assert source.description == f"{server.url}/a?token=***"
        assert [frame.number for frame in source] == list(range(7))


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="making a playlist needs ffmpeg")
def test_a_playlist_with_an_end_is_a_recording(server: WebServer, tmp_path: Path) -> None:
    source = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10", "-t", "4", "-c:v", "mpeg2video"]
    command = ["ffmpeg", "-v", "error", *source, "-hls_time", "1", "-hls_list_size", "0", str(tmp_path / "a.m3u8")]
    subprocess.run(command, check=True)
    for path in tmp_path.iterdir():
        server.answers[f"/{path.name}"] = lambda request: request.reply((tmp_path / request.path[1:]).read_bytes())
    with open_source(f"{server.url}/a.m3u8") as opened:
        assert type(opened) is VideoFile
        assert len(list(opened)) == 40


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        (CameraSettings((640, 480)), "/now.jpg"),
        (CameraSettings((640, 480)), "/video"),
        (CameraSettings(fps=5), "/video"),
    ],
)
def test_settings_for_a_network_camera_raise_input_error(
    server: WebServer, settings: CameraSettings, path: str
) -> None:
    server.answers["/now.jpg"] = lambda request: request.reply(JPEGS[0], "image/jpeg")
    server.answers["/video"] = lambda request: request.send_motion_jpeg(repeat(JPEGS[0]), 0.02)
    with pytest.raises(InputError, match="resolution and frame rate of a network camera are set at the camera itself"):
        open_source(server.url + path, settings)


def test_a_wrong_login_is_reported_without_the_password(server: WebServer) -> None:
    server.answers["/"] = lambda request: request.reply(b"", status=401, WWW_Authenticate='Basic realm="camera"')
    with pytest.raises(SourceError) as caught:
        open_source(f"http://me:hidden@127.0.0.1:{server.server_port}/")
    assert str(caught.value).startswith(f"http://me:***@127.0.0.1:{server.server_port}/: the login was refused")
