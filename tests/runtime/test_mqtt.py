"""Messages through a real broker, which is killed and started again on the way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("paho.mqtt", "2.0", reason="MQTT needs paho-mqtt")

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from fer_edge.errors import FerEdgeError, InputError
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.frames import Frame
from fer_edge.runtime.mqtt import MqttSink
from fer_edge.runtime.mqtt_address import MqttAddress
from fer_edge.runtime.results import Event, EventKind, FaceResult, FrameResult

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]

BASE = "fer-edge/Front_door"
DISCOVERY = "homeassistant/device/fer_edge_Front_door/config"
ENTITY_KEYS = {"p", "name", "unique_id", "value_template", "icon", "device_class", "options", "state_class"} | {
    "event_types",
    "state_topic",
}

UNTIL_KILLED = """
import sys, time
from fer_edge.runtime.mqtt import MqttSink
from fer_edge.runtime.mqtt_address import MqttAddress
sink = MqttSink(MqttAddress.parse(sys.argv[1]), "Front door", ("sad", "happy"))
print("connected", flush=True)
time.sleep(60)
"""


class Broker:
    """Mosquitto on a port of its own, which remembers sessions and retained messages when it is started again."""

    def __init__(self, binary: str, folder: Path, *settings: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._command = [binary, "-c", str(folder / "mosquitto.conf")]
        lines = [f"listener {self.port} 127.0.0.1", *(settings or ("allow_anonymous true",)), "persistence true"]
        lines += [f"persistence_location {folder}/", "autosave_on_changes true", "autosave_interval 1"]
        lines += ["user root"] * (os.geteuid() == 0)
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def start(self) -> Broker:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers)
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
    """Keeps every message, also those that came while it was not connected."""

    def __init__(self, port: int, client_id: str = "subscriber") -> None:
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
        assert self._subscribed.wait(10)

    def on(self, topic: str) -> list[Any]:
        return [json.loads(text) if text[:1] == "{" else text for each, text, _ in list(self.messages) if each == topic]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(scope="session")
def mosquitto() -> str:
    binary = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    if binary is None:
        pytest.skip("there is no mosquitto: apt-get install mosquitto")
    return binary


@pytest.fixture
def broker(mosquitto: str, tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(mosquitto, tmp_path)
    yield broker.start()
    broker.kill()


@pytest.fixture
def subscriber(broker: Broker) -> Iterator[Subscriber]:
    subscriber = Subscriber(broker.port)
    yield subscriber
    subscriber.close()


def wait_until(condition: Callable[[], object], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def open_sink(url: str, **options: Any) -> MqttSink:
    return MqttSink(MqttAddress.parse(url), "Front door", EXPRESSIONS, **options)


def appeared(track_id: int) -> Event:
    return Event(EventKind.APPEARED, track_id, 1_700_000_000.5, "happy")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mqtt://host", MqttAddress("host", 1883)),
        ("mqtts://host/", MqttAddress("host", 8883, tls=True)),
        ("mqtt://[::1]:18/home/faces/", MqttAddress("::1", 18, "home/faces")),
        ("mqtt://me:p%40s%2Fs@host:1", MqttAddress("host", 1, user="me", password="p@s/s")),
        ("mqtt://me@host", MqttAddress("host", 1883, user="me")),
    ],
)
def test_an_address(text: str, expected: MqttAddress) -> None:
    assert MqttAddress.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "host",
        "http://me:secret@host",
        "mqtt://",
        "mqtt://me:secret@",
        "mqtt://me:secret@host:port",
        "mqtt://me:secret@host:70000",
        "mqtt://me:sec#ret@host",
        "mqtt://me:sec/ret@host",
        "mqtt://me:12/secret@host",
        "mqtt://me:sec?ret@host",
        "mqtt://me:secret@host/a/+",
        "mqtt://me:secret@host/a/#",
        "mqtt://[me:secret@host",
    ],
)
def test_a_malformed_address_is_told_without_the_password(text: str) -> None:
    with pytest.raises(InputError, match="expected mqtt://") as caught:
        MqttAddress.parse(text)
    assert "ret@" not in str(caught.value)
    assert "sec" not in str(caught.value).replace("mqtts", "")


def test_no_text_of_an_address_has_the_password() -> None:
    address = MqttAddress.parse("mqtt://me:secret@host")
    assert "secret" not in f"{address} {address!r}"
    assert str(address) == "mqtt://host:1883"


def test_state_and_events(broker: Broker, subscriber: Subscriber, make_face: MakeFace, make_result: MakeResult) -> None:
    sink = open_sink(broker.url, states_per_s=1000)
    frame, result = make_result(make_face("sad", 0.7, track_id=4), make_face("happy", track_id=2))
    changed = Event(EventKind.CHANGED, 4, 1_700_000_000.5, "sad", "happy")
    sink.write(frame, replace(result, events=(appeared(2), changed)))
    time.sleep(0.01)
    sink.write(*make_result(make_face("sad", 0.9, track_id=4), make_face("happy", track_id=2)))
    sink.write(*make_result())
    sink.close()
    wait_until(lambda: subscriber.on(f"{BASE}/availability")[-1:] == ["offline"])
    assert subscriber.on(f"{BASE}/availability") == ["online", "offline"]
    time_text = "2023-11-14T22:13:20.250+00:00"
    seen = [{"id": 4, "label": "sad"}, {"id": 2, "label": "happy"}]
    assert subscriber.on(f"{BASE}/state") == [
        {"faces": 2, "expression": "sad", "seen": seen, "time": time_text},
        {"faces": 0, "expression": "nobody", "seen": [], "time": time_text},
    ]
    moment = "2023-11-14T22:13:20.500+00:00"
    assert subscriber.on(f"{BASE}/event") == [
        {"event_type": "face_appeared", "id": 2, "label": "happy", "time": moment},
        {"event_type": "expression_changed", "id": 4, "label": "sad", "previous": "happy", "time": moment},
    ]
    late = Subscriber(broker.port, "late")
    wait_until(lambda: len(late.messages) >= 3)
    late.close()
    kept = {f"{BASE}/state", f"{BASE}/availability", DISCOVERY}
    assert {(topic, retained) for topic, _, retained in late.messages} == {(topic, True) for topic in kept}


def test_the_state_is_sent_so_often_and_no_more(
    broker: Broker, subscriber: Subscriber, make_face: MakeFace, make_result: MakeResult
) -> None:
    sink = open_sink(broker.url, states_per_s=10)
    began = time.monotonic()
    for number in range(100):
        sink.write(*make_result(make_face(track_id=number)))
        time.sleep(0.005)
    most = 10 * (time.monotonic() - began) + 1
    sink.close()
    wait_until(lambda: subscriber.on(f"{BASE}/availability")[-1:] == ["offline"])
    assert 3 <= len(subscriber.on(f"{BASE}/state")) <= most


def test_home_assistant_finds_the_camera(
    broker: Broker, subscriber: Subscriber, make_face: MakeFace, make_result: MakeResult
) -> None:
    sink = open_sink(broker.url)
    sink.write(*make_result(make_face()))
    wait_until(lambda: subscriber.on(f"{BASE}/state"))
    (found,) = subscriber.on(DISCOVERY)
    assert found["dev"]["ids"]
    assert found["dev"]["name"] == "Front door"
    assert found["o"]["name"] == "fer-edge"
    assert found["availability_topic"] == f"{BASE}/availability"
    assert found["state_topic"] == f"{BASE}/state"
    parts = found["cmps"]
    assert {key: part["p"] for key, part in parts.items()} == {
        "expression": "sensor",
        "faces": "sensor",
        "presence": "binary_sensor",
        "event": "event",
    }
    assert len({part["unique_id"] for part in parts.values()}) == 4
    assert not {key for part in parts.values() for key in part} - ENTITY_KEYS
    expression = parts["expression"]
    assert expression["device_class"] == "enum"
    assert expression["options"] == [*EXPRESSIONS, "uncertain", "nobody"]
    assert not {"unit_of_measurement", "state_class"} & set(expression)  # which an enum may not have
    assert parts["event"]["event_types"] == ["face_appeared", "expression_changed", "face_left"]
    assert parts["event"]["state_topic"] == f"{BASE}/event"

    states = len(subscriber.on(f"{BASE}/state"))
    subscriber.client.publish("homeassistant/status", "offline")
    subscriber.client.publish("homeassistant/status", "online")
    wait_until(lambda: len(subscriber.on(f"{BASE}/state")) == states + 1)
    assert subscriber.on(DISCOVERY) == [found, found]
    sink.close()


def test_events_during_an_outage_arrive_afterwards_all_and_in_order(
    broker: Broker,
    subscriber: Subscriber,
    make_face: MakeFace,
    make_result: MakeResult,
) -> None:
    told: list[str] = []
    sink = open_sink(broker.url, tell=told.append)
    frame, result = make_result()

    def report(numbers: range) -> None:
        for number in numbers:
            sink.write(frame, replace(result, events=(appeared(number),)))

    def arrived() -> list[int]:
        return [event["id"] for event in subscriber.on(f"{BASE}/event")]

    report(range(20))
    wait_until(lambda: len(arrived()) == 20)
    time.sleep(2.2)  # until the broker has saved the subscriber's session
    broker.kill()
    wait_until(lambda: told)
    report(range(20, 120))
    sink.write(*make_result(make_face("angry")))
    assert arrived() == list(range(20))
    broker.start()
    report(range(120, 140))
    wait_until(lambda: len(arrived()) >= 140)
    wait_until(lambda: subscriber.on(f"{BASE}/state")[-1]["expression"] == "angry")
    assert sink.dropped == 0
    sink.close()
    assert arrived() == list(range(140))
    assert told == [f"{broker.url}: the connection broke; events wait until it answers", f"{broker.url} is there"]


def test_a_broker_that_is_not_there_yet_is_noted_once_and_gets_everything_later(
    mosquitto: str, tmp_path: Path, make_result: MakeResult
) -> None:
    told: list[str] = []
    broker = Broker(mosquitto, tmp_path)
    began = time.monotonic()
    sink = open_sink(broker.url, tell=told.append)
    assert time.monotonic() - began < 2
    frame, result = make_result()
    sink.write(frame, replace(result, events=(appeared(1), appeared(2))))
    time.sleep(1.5)
    (note,) = told
    assert note.startswith(f"{broker.url}: ")
    assert note.endswith("Connection refused; events wait until it answers")
    try:
        subscriber = Subscriber(broker.start().port)
        wait_until(lambda: len(subscriber.on(f"{BASE}/state")) == 1)
        sink.close()
        subscriber.close()
    finally:
        broker.kill()
    assert sink.dropped == 0  # so the broker has acknowledged both


def test_without_a_broker_it_ends_soon_and_says_what_is_lost(
    make_result: MakeResult,
) -> None:
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sink = open_sink(f"mqtt://me:secret@127.0.0.1:{port}", tell=told.append)
    frame, result = make_result()
    for number in range(3):
        sink.write(frame, replace(result, events=(appeared(number),)))
    began = time.monotonic()
    sink.close()
    assert time.monotonic() - began < 4
    assert sink.dropped == 3
    assert told[-1].startswith("events for mqtt://127.0.0.1:")
    assert "3 could not be passed on" in told[-1]
    assert not [text for text in told if "secret" in text]


def test_a_refused_login_is_an_error_without_the_password(mosquitto: str, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text("")
    broker = Broker(mosquitto, tmp_path, "allow_anonymous false", f"password_file {passwords}").start()
    try:
        with pytest.raises(FerEdgeError, match="refuses the login") as caught:
            open_sink(broker.url.replace("//", "//me:secret@"))
    finally:
        broker.kill()
    assert "secret" not in str(caught.value)


def test_a_broker_that_hangs_holds_nothing_up(broker: Broker, make_face: MakeFace, make_result: MakeResult) -> None:
    sink = open_sink(broker.url, states_per_s=1000)
    broker.signal(signal.SIGSTOP)
    began = time.monotonic()
    for number in range(200):
        frame, result = make_result(make_face(track_id=number))
        sink.write(frame, replace(result, events=(appeared(number),)))
    assert time.monotonic() - began < 1
    sink.close()
    assert time.monotonic() - began < 10
    assert sink.dropped == 200


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # paho-mqtt's, after a failed handshake
def test_an_encrypted_connection_checks_the_broker(
    mosquitto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    outputs = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *outputs], check=True, capture_output=True)
    broker = Broker(mosquitto, tmp_path, "allow_anonymous true", f"certfile {certificate}", f"keyfile {key}").start()
    url = broker.url.replace("mqtt", "mqtts")
    stranger: list[str] = []
    trusted: list[str] = []
    try:
        open_sink(url, tell=stranger.append).close()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        open_sink(url, tell=trusted.append).close()
    finally:
        broker.kill()
    assert "certificate verify failed" in stranger[0]
    assert trusted == []


def test_a_killed_camera_is_called_offline(
    broker: Broker, subscriber: Subscriber, child_environment: dict[str, str]
) -> None:
    command = [sys.executable, "-c", UNTIL_KILLED, broker.url]
    with subprocess.Popen(command, env=child_environment, stdout=subprocess.PIPE) as process:
        wait_until(lambda: subscriber.on(f"{BASE}/availability") == ["online"])
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: subscriber.on(f"{BASE}/availability") == ["online", "offline"])
    late = Subscriber(broker.port, "late")
    wait_until(lambda: late.on(f"{BASE}/availability") == ["offline"])
    late.close()


@pytest.mark.parametrize(
    ("name", "topic"),
    [("Küche 1", "fer-edge/Kuche_1"), ("a/b+#c", "fer-edge/a_b_c"), ("pi-4.local", "fer-edge/pi-4_local")],
)
def test_a_name_becomes_topics(broker: Broker, subscriber: Subscriber, name: str, topic: str) -> None:
    MqttSink(MqttAddress.parse(broker.url), name, EXPRESSIONS).close()
    wait_until(lambda: subscriber.on(f"{topic}/availability")[-1:] == ["offline"])


def test_a_name_without_letters() -> None:
    with pytest.raises(InputError, match="expected at least one letter"):
        MqttSink(MqttAddress.parse("mqtt://127.0.0.1"), "+/#", EXPRESSIONS)
