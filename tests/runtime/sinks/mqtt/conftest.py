"""A real broker that can be killed and restarted, a subscriber, and a camera's sink."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import Event, EventKind, FaceResult, FrameResult
from fer_edge.runtime.sinks.mqtt.address import MqttAddress
from fer_edge.runtime.sources.source import Frame

if TYPE_CHECKING:
    from fer_edge.runtime.sinks.mqtt.sink import MqttSink

WaitUntil = Callable[..., None]


class Broker:
    """Mosquitto on a port of its own, which keeps sessions and retained messages over a restart."""

    def __init__(self, binary: str, folder: Path, wait_until: WaitUntil, *settings: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._wait_until = wait_until
        self._process: subprocess.Popen[bytes] | None = None
        self._command = [binary, "-c", str(folder / "mosquitto.conf")]
        lines = [f"listener {self.port} 127.0.0.1", *(settings or ("allow_anonymous true",)), "persistence true"]
        lines += [f"persistence_location {folder}/", "autosave_on_changes true", "autosave_interval 1"]
        lines += ["user root"] * (os.geteuid() == 0)
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def start(self) -> Broker:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait_until(self._answers)
        return self

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(number)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


class Subscriber:
    """Keeps every message, also those published while it was not connected."""

    def __init__(self, port: int, client_id: str) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.messages: list[tuple[str, str, bool]] = []
        self._subscribed = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2, client_id, clean_session=False)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_message = lambda _client, _data, message: self.messages.append(
            (message.topic, message.payload.decode(), message.retain)
        )
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self._subscribed.wait(60)

    def on(self, topic: str) -> list[Any]:
        return [json.loads(text) if text[:1] == "{" else text for each, text, _ in list(self.messages) if each == topic]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def make_broker(tmp_path: Path, wait_until: WaitUntil) -> Iterator[Callable[..., Broker]]:
    """Return a function that creates a broker with given settings, which is not yet started, and killed in the end."""
    pytest.importorskip("paho.mqtt", "2.0", reason="MQTT needs paho-mqtt")
    binary = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    if binary is None:
        pytest.skip("there is no mosquitto: apt-get install mosquitto")
    with ExitStack() as stack:

        def make(*settings: str) -> Broker:
            broker = Broker(binary, tmp_path, wait_until, *settings)
            stack.callback(broker.kill)
            return broker

        yield make


@pytest.fixture
def broker(make_broker: Callable[..., Broker]) -> Broker:
    """Return a running broker."""
    return make_broker().start()


@pytest.fixture
def subscribe() -> Iterator[Callable[..., Subscriber]]:
    """Return a function that subscribes to all topics of a broker."""
    with ExitStack() as stack:

        def make(broker: Broker, client_id: str = "subscriber") -> Subscriber:
            return stack.enter_context(closing(Subscriber(broker.port, client_id)))

        yield make


@pytest.fixture
def subscriber(broker: Broker, subscribe: Callable[..., Subscriber]) -> Subscriber:
    """Return a subscriber to all topics of the broker."""
    return subscribe(broker)


@pytest.fixture
def open_sink(monkeypatch: pytest.MonkeyPatch) -> Callable[..., MqttSink]:
    """Return a function that opens a sink, whose camera is "Front door" by default, however long an answer takes."""
    pytest.importorskip("paho.mqtt", "2.0", reason="MQTT needs paho-mqtt")
    from fer_edge.runtime.sinks.mqtt import sink as sink_module

    monkeypatch.setattr(sink_module, "_FIRST_ANSWER_TIMEOUT_S", 60)

    def make(url: str, name: str = "Front door", **options: Any) -> MqttSink:
        return sink_module.MqttSink(MqttAddress.parse(url), name, EXPRESSIONS, **options)

    return make


@pytest.fixture
def report(make_result: Callable[..., tuple[Frame, FrameResult]]) -> Callable[..., None]:
    """Return a function that writes a result with given faces, and events of faces that have appeared."""

    def write(sink: MqttSink, appeared: Iterable[int], *faces: FaceResult) -> None:
        frame, result = make_result(*faces)
        events = tuple(Event(EventKind.APPEARED, track_id, 1_700_000_000.5, "happy") for track_id in appeared)
        sink.write(frame, replace(result, events=events))

    return write
