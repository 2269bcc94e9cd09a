from __future__ import annotations

import errno
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.errors import InputError, SourceError
from fer_edge.runtime.sources import http_recording
from fer_edge.runtime.sources.addresses import Address
from fer_edge.runtime.sources.http_client import HttpClient
from fer_edge.runtime.sources.http_recording import fetch_recording
from tests.fakes.web_server import Request, WebServer

FRAMES = 20


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An .mp4 with its index at the end, as OpenCV writes it, which cannot be read in place without ranges."""
    path = tmp_path_factory.mktemp("video") / "a.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (320, 240))
    rng = np.random.default_rng(0)
    for _ in range(FRAMES):
        writer.write(rng.integers(0, 255, (240, 320, 3), np.uint8))
    writer.release()
    return path.read_bytes()


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folder for temporary files, which must be empty at the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    assert list(folder.iterdir()) == []


def fetch(server: WebServer, told: list[str] | None = None) -> list[int]:
    client = HttpClient(Address.parse(f"{server.url}/party.mp4"), 30)
    with fetch_recording(client, ([] if told is None else told).append) as source:
        assert not source.live
        assert source.description == f"{server.url}/party.mp4"
        return [frame.number for frame in source]


def send_part(request: Request, content: bytes, most: int, *, has_ranges: bool) -> None:
    """Answer as a server whose connections break after `most` bytes."""
    wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range") or "")
    start = int(wanted[1]) if wanted and has_ranges else 0
    request.send_response(206 if start else 200)
    request.send_header("Content-Length", str(len(content) - start))
    request.end_headers()
    request.wfile.write(content[start : start + most])


def test_a_recording_is_fetched_once_and_whole(server: WebServer, video: bytes) -> None:
    told: list[str] = []
    server.answers["/party.mp4"] = lambda request: request.reply(video, "video/mp4")
    assert fetch(server, told) == list(range(FRAMES))
    assert server.asked == ["/party.mp4"]
    assert len(told) == 1
    assert re.fullmatch(rf"{server.url}/party\.mp4: fetching the recording \(\d\.\d MB\) before it is read", told[0])


def test_a_broken_connection_is_resumed_where_it_broke(server: WebServer, video: bytes) -> None:
    third = len(video) // 3 + 1
    server.answers["/party.mp4"] = lambda request: send_part(request, video, third, has_ranges=True)
    assert fetch(server) == list(range(FRAMES))
    assert len(server.asked) == 3


def test_a_connection_may_break_often_while_more_arrives(server: WebServer, video: bytes) -> None:
    part = len(video) // 12 + 1
    server.answers["/party.mp4"] = lambda request: send_part(request, video, part, has_ranges=True)
    assert fetch(server) == list(range(FRAMES))


def test_a_full_disk_is_not_retried(server: WebServer, video: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(http_recording, "_copy", fail)
    server.answers["/party.mp4"] = lambda request: request.reply(video, "video/mp4")
    with pytest.raises(OSError, match="No space left"):
        fetch(server)
    assert len(server.asked) == 1


def test_a_server_without_ranges_is_asked_for_the_whole_file_again(server: WebServer, video: bytes) -> None:
    limits = iter([len(video) // 2, len(video)])
    server.answers["/party.mp4"] = lambda request: send_part(request, video, next(limits), has_ranges=False)
    assert fetch(server) == list(range(FRAMES))


def test_a_recording_that_never_arrives_whole_raises_source_error(server: WebServer, video: bytes) -> None:
    server.answers["/party.mp4"] = lambda request: send_part(request, video, 1000, has_ranges=False)
    with pytest.raises(SourceError, match=rf"only 1000 of its {len(video)} bytes came"):
        fetch(server)


def test_a_recording_without_a_length_is_read_to_its_end(server: WebServer, video: bytes) -> None:
    def answer(request: Request) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(video)

    server.answers["/party.mp4"] = answer
    assert fetch(server) == list(range(FRAMES))


def test_a_recording_too_large_for_the_disk_raises_source_error(
    server: WebServer, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_recording, "_KEPT_FREE_BYTES", 1 << 60)
    server.answers["/party.mp4"] = lambda request: request.reply(video)
    with pytest.raises(SourceError, match=r"MB are to be fetched, and .* has 0 MB; set TMPDIR"):
        fetch(server)


def test_a_file_that_is_not_a_video_raises_input_error(server: WebServer) -> None:
    server.answers["/party.mp4"] = lambda request: request.reply(bytes(range(256)) * 10, "video/mp4")
    with pytest.raises(InputError, match=rf"{server.url}/party\.mp4: expected a video that OpenCV can read"):
        fetch(server)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no leftovers")
def test_a_recording_left_by_a_killed_process_is_removed_by_the_next(
    server: WebServer, video: bytes, temporary: Path
) -> None:
    server.answers["/party.mp4"] = lambda request: request.reply(video, "video/mp4")
    client = HttpClient(Address.parse(f"{server.url}/party.mp4"), 30)
    with fetch_recording(client, lambda _: None):
        (held,) = temporary.iterdir()
        left = held.with_name(held.name.replace("recording-", "recording-killed-"))
        left.mkdir()
        (left / "recording").write_bytes(video)
        fetch(server)
        assert list(temporary.iterdir()) == [held]
