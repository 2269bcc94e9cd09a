"""Notifications as they arrive at a socket like systemd's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from fer_edge.errors import InputError
from fer_edge.runtime.results import FaceResult, FrameResult
from fer_edge.runtime.sinks.sd_notify import NotifySink
from fer_edge.runtime.sources.source import Frame

WATCHDOG_S = 0.3

FACE = FaceResult(1, np.zeros(4, np.float32), 0.9, np.ones(1, np.float32), "happy", 1.0)


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """Return a socket like systemd's, and its address as in NOTIFY_SOCKET."""
    if request.param == "abstract" and sys.platform != "linux":
        pytest.skip("only Linux has abstract sockets")
    address = f"{tmp_path}/notify" if request.param == "path" else f"@fer-edge-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(address.replace("@", "\0"))
        receiver.setblocking(False)
        yield receiver, address


def received(receiver: socket.socket) -> list[str]:
    messages: list[str] = []
    try:
        while True:
            messages.append(receiver.recv(4096).decode())
    except BlockingIOError:
        return messages


def write(sink: NotifySink, *faces: FaceResult) -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    sink.write(Frame(image, 0, 0.0), FrameResult(0, 0.0, faces, {}))


def test_first_result_sends_ready_and_close_sends_stopping(listener: tuple[socket.socket, str]) -> None:
    receiver, address = listener
    sink = NotifySink(environment={"NOTIFY_SOCKET": address})
    assert received(receiver) == []
    write(sink)
    assert received(receiver) == ["READY=1"]
    write(sink)
    assert received(receiver) == []
    sink.close()
    sink.close()
    assert received(receiver) == ["STOPPING=1"]


def test_watchdog_is_fed_only_while_frames_come(
    listener: tuple[socket.socket, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, address = listener
    usec = str(int(WATCHDOG_S * 1e6))
    sink = NotifySink(environment={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": usec, "WATCHDOG_PID": str(os.getpid())})

    def write_at(moment: float) -> None:
        monkeypatch.setattr(time, "monotonic", lambda: moment)
        write(sink)

    for i in range(450):
        write_at(100 + WATCHDOG_S * i / 150)
    messages = received(receiver)
    assert messages[0] == "READY=1\nWATCHDOG=1"
    assert set(messages[1:]) == {"WATCHDOG=1"}
    assert 8 <= len(messages) <= 9  # no more than one a third of the limit
    time.sleep(2 * WATCHDOG_S)
    assert received(receiver) == []
    write_at(100 + 5 * WATCHDOG_S)
    assert received(receiver) == ["WATCHDOG=1"]
    sink.close()


def test_watchdog_of_another_process_is_not_fed(listener: tuple[socket.socket, str]) -> None:
    receiver, address = listener
    another = str(os.getpid() + 1)  # not 1, which the tests themselves can be in a container
    sink = NotifySink(environment={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": another})
    write(sink)
    assert received(receiver) == ["READY=1"]
    sink.close()


@pytest.mark.parametrize(
    ("pause_s", "extension"),
    [(0.0, []), (10.0, []), (11.0, ["WATCHDOG_USEC=41000000"]), (100.0, ["WATCHDOG_USEC=130000000"])],
)
def test_long_pause_between_frames_extends_the_watchdog(
    listener: tuple[socket.socket, str], pause_s: float, extension: list[str]
) -> None:
    receiver, address = listener
    sink = NotifySink(pause_s, {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000"})
    write(sink)
    assert received(receiver) == ["\n".join(["READY=1", *extension, "WATCHDOG=1"])]
    sink.close()


@pytest.mark.parametrize(("faces", "words"), [((), "no face"), ((FACE,), "1 face"), ((FACE, FACE), "2 faces")])
def test_status_contains_rate_and_faces(
    listener: tuple[socket.socket, str], monkeypatch: pytest.MonkeyPatch, faces: tuple[FaceResult, ...], words: str
) -> None:
    receiver, address = listener
    sink = NotifySink(environment={"NOTIFY_SOCKET": address})
    for moment in (100.0, 102.0, 104.0, 106.0, 108.0):
        monkeypatch.setattr(time, "monotonic", lambda moment=moment: moment)
        write(sink, *faces)
    # Three more frames in the six seconds after the first.
    assert received(receiver) == ["READY=1", f"STATUS=0.5 frames/s, {words}"]
    sink.close()


def test_nothing_is_sent_without_systemd() -> None:
    sink = NotifySink(environment={})
    write(sink)
    sink.close()


def test_socket_of_another_kind_is_rejected() -> None:
    with pytest.raises(InputError, match="NOTIFY_SOCKET: expected a path or @name"):
        NotifySink(environment={"NOTIFY_SOCKET": "vsock:2:1234"})


_RUN = """
from itertools import islice
from fer_edge.runtime.sinks.sd_notify import NotifySink
from fer_edge.inference.classifier import Classifier
from fer_edge.runtime.sources.demo import DemoSource
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.pipeline import Pipeline
sink = NotifySink()
for frame, result in Pipeline(FaceDetector(), Classifier.load()).process_all(islice(DemoSource(), 3)):
    sink.write(frame, result)
sink.close()
"""


def test_real_stream_notifies_systemd(
    listener: tuple[socket.socket, str], child_environment: dict[str, str], model_file: Callable[..., Path]
) -> None:
    receiver, address = listener
    environment = child_environment | {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "60000000"}
    subprocess.run([sys.executable, "-c", _RUN], env=environment, check=True, timeout=180)
    assert received(receiver) == ["READY=1\nWATCHDOG=1", "STOPPING=1"]
