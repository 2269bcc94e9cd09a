"""A broker that is killed, hangs, is absent or rejects the login; and a camera that is killed."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fer_edge.errors import FerEdgeError
from fer_edge.runtime.results import FaceResult

if TYPE_CHECKING:
    from fer_edge.runtime.sinks.mqtt.sink import MqttSink
    from tests.runtime.sinks.mqtt.conftest import Broker, Subscriber

MakeFace = Callable[..., FaceResult]
OpenSink = Callable[..., "MqttSink"]
WaitUntil = Callable[..., None]
Report = Callable[..., None]

BASE = "fer-edge/Front_door"

UNTIL_KILLED = """
import sys, time
from fer_edge.runtime.sinks.mqtt.sink import MqttSink
from fer_edge.runtime.sinks.mqtt.address import MqttAddress
sink = MqttSink(MqttAddress.parse(sys.argv[1]), "Front door", ("sad", "happy"))
print("connected", flush=True)
time.sleep(60)
"""


def test_events_during_an_outage_arrive_afterwards_in_order(
    broker: Broker,
    subscriber: Subscriber,
    open_sink: OpenSink,
    report: Report,
    make_face: MakeFace,
    wait_until: WaitUntil,
) -> None:
    notes: list[str] = []
    sink = open_sink(broker.url, on_note=notes.append)

    def arrived() -> list[int]:
        return [event["id"] for event in subscriber.on(f"{BASE}/event")]

    for number in range(20):
        report(sink, [number])
    wait_until(lambda: len(arrived()) == 20)
    time.sleep(2.2)  # until the broker has saved the subscriber's session
    broker.kill()
    wait_until(lambda: notes)
    for number in range(20, 120):
        report(sink, [number])
    report(sink, [], make_face("angry"))
    assert arrived() == list(range(20))
    broker.start()
    for number in range(120, 140):
        report(sink, [number])
    wait_until(lambda: len(arrived()) >= 140)
    wait_until(lambda: subscriber.on(f"{BASE}/state")[-1]["expression"] == "angry")
    assert sink.dropped == 0
    sink.close()
    assert arrived() == list(range(140))
    assert notes == [f"{broker.url}: the connection broke; events wait until it answers", f"{broker.url} is connected"]


def test_absent_broker_is_reported_once_and_gets_everything_later(
    make_broker: Callable[..., Broker],
    subscribe: Callable[..., Subscriber],
    open_sink: OpenSink,
    report: Report,
    wait_until: WaitUntil,
) -> None:
    notes: list[str] = []
    broker = make_broker()
    began = time.monotonic()
    sink = open_sink(broker.url, on_note=notes.append)
    assert time.monotonic() - began < 30
    report(sink, [1, 2])
    time.sleep(1.5)  # in which it tries again
    (note,) = notes
    assert note.startswith(f"{broker.url}: ")
    assert note.endswith("Connection refused; events wait until it answers")
    late = subscribe(broker.start())
    wait_until(lambda: len(late.on(f"{BASE}/state")) == 1)
    sink.close()
    assert sink.dropped == 0  # so the broker has acknowledged both


def test_close_without_a_broker_is_quick_and_reports_the_loss(
    open_sink: OpenSink, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_edge.runtime.sinks.mqtt.sink._CLOSE_TIMEOUT_S", 60)
    monkeypatch.setattr("fer_edge.runtime.sinks.background._LAST_TIMEOUT_S", 60)
    notes: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sink = open_sink(f"mqtt://me:secret@127.0.0.1:{port}", on_note=notes.append)
    for number in range(3):
        report(sink, [number])
    began = time.monotonic()
    sink.close()
    assert time.monotonic() - began < 30
    assert sink.dropped == 3
    assert notes[-1].startswith("events for mqtt://127.0.0.1:")
    assert "3 could not be passed on" in notes[-1]
    assert not [text for text in notes if "secret" in text]


def test_rejected_login_is_an_error_without_the_password(
    make_broker: Callable[..., Broker], open_sink: OpenSink, tmp_path: Path
) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text("")
    broker = make_broker("allow_anonymous false", f"password_file {passwords}").start()
    with pytest.raises(FerEdgeError, match="rejects the login") as caught:
        open_sink(broker.url.replace("//", "//me:secret@"))
    assert "secret" not in str(caught.value)


@pytest.mark.slow
def test_hanging_broker_does_not_slow_the_stream(
    broker: Broker, open_sink: OpenSink, report: Report, make_face: MakeFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_edge.runtime.sinks.background._LAST_TIMEOUT_S", 60)
    sink = open_sink(broker.url, states_per_s=1000)
    broker.signal(signal.SIGSTOP)
    began = time.monotonic()
    for number in range(200):
        report(sink, [number], make_face(track_id=number))
    assert time.monotonic() - began < 5
    sink.close()
    assert time.monotonic() - began < 40
    assert sink.dropped == 200


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # paho-mqtt's, after a failed handshake
def test_encrypted_connection_verifies_the_certificate(
    make_broker: Callable[..., Broker], open_sink: OpenSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    outputs = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *outputs], check=True, capture_output=True)
    broker = make_broker("allow_anonymous true", f"certfile {certificate}", f"keyfile {key}").start()
    url = broker.url.replace("mqtt", "mqtts")
    untrusted: list[str] = []
    trusted: list[str] = []
    open_sink(url, on_note=untrusted.append).close()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    open_sink(url, on_note=trusted.append).close()
    assert "certificate verify failed" in untrusted[0]
    assert trusted == []


def test_killed_camera_becomes_offline(
    broker: Broker,
    subscriber: Subscriber,
    subscribe: Callable[..., Subscriber],
    wait_until: WaitUntil,
    child_environment: dict[str, str],
) -> None:
    command = [sys.executable, "-c", UNTIL_KILLED, broker.url]
    with subprocess.Popen(command, env=child_environment, stdout=subprocess.PIPE) as process:
        wait_until(lambda: subscriber.on(f"{BASE}/availability") == ["online"])
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: subscriber.on(f"{BASE}/availability") == ["online", "offline"])
    late = subscribe(broker, "late")
    wait_until(lambda: late.on(f"{BASE}/availability") == ["offline"])


def test_command_continues_while_its_broker_is_away(
    broker: Broker,
    subscribe: Callable[..., Subscriber],
    wait_until: WaitUntil,
    child_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    results, said = tmp_path / "a.jsonl", tmp_path / "said"
    options = ["--camera", "demo", "--max-fps", "30", "--name", "Front door", "--jsonl", str(results), "--quiet"]
    command = [sys.executable, "-m", "fer_edge", "run", "--mqtt", broker.url, *options]

    def lines() -> int:
        return results.read_text().count("\n") if results.exists() else 0

    with said.open("w") as errors, subprocess.Popen(command, env=child_environment, stderr=errors) as process:
        try:
            wait_until(lambda: lines() > 10)
            broker.kill()
            wait_until(lambda: "the connection broke" in said.read_text())
            before = lines()
            wait_until(lambda: lines() > before + 20)
            broker.start()
            wait_until(lambda: f"{broker.url} is connected" in said.read_text())
            late = subscribe(broker)
            wait_until(lambda: late.on(f"{BASE}/availability")[-1:] == ["online"])
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 143
        finally:
            process.kill()
    wait_until(lambda: late.on(f"{BASE}/availability")[-1:] == ["offline"])
    assert late.on(f"{BASE}/state")[-1]["faces"] == 1
    assert len(said.read_text().splitlines()) == 2


def test_a_packet_of_256_mb_breaks_the_connection(open_sink: OpenSink, wait_until: WaitUntil) -> None:
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as broker:
        port = broker.getsockname()[1]
        threading.Thread(target=announce_long_packet, args=(broker,), daemon=True).start()
        sink = open_sink(f"mqtt://127.0.0.1:{port}", on_note=told.append)
        wait_until(lambda: any("the connection broke" in text for text in told))
    sink.close()


def announce_long_packet(broker: socket.socket) -> None:
    """Accept one client, and announce a message as long as MQTT allows, of which little comes."""
    connection, _ = broker.accept()
    connection.recv(1000)
    connection.sendall(b"\x20\x02\0\0\x30\xff\xff\xff\x7f\0\x01a")
    with connection, suppress(ConnectionResetError):
        while connection.recv(1000):  # until the client leaves
            pass
