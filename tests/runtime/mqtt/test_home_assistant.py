"""What Home Assistant is told, as a broker gets it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.frames import Frame
from fer_edge.runtime.results import FaceResult, FrameResult

if TYPE_CHECKING:
    from fer_edge.runtime.mqtt import MqttSink
    from tests.runtime.mqtt.conftest import Broker, Subscriber

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]
OpenSink = Callable[..., "MqttSink"]
WaitUntil = Callable[..., None]

BASE = "fer-edge/Front_door"
DISCOVERY = "homeassistant/device/fer_edge_Front_door/config"
ENTITY_KEYS = {"p", "name", "unique_id", "value_template", "icon", "device_class", "options", "state_class"} | {
    "event_types",
    "state_topic",
}


def test_home_assistant_finds_the_camera(
    broker: Broker,
    subscriber: Subscriber,
    open_sink: OpenSink,
    make_face: MakeFace,
    make_result: MakeResult,
    wait_until: WaitUntil,
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


def test_a_flood_of_messages_is_not_answered_one_by_one(
    broker: Broker, subscriber: Subscriber, open_sink: OpenSink, wait_until: WaitUntil
) -> None:
    began = time.monotonic()
    sink = open_sink(broker.url, "Front door")
    for _ in range(500):
        subscriber.client.publish("homeassistant/status", "online")
    sink.close()  # after which nothing more comes
    wait_until(lambda: subscriber.on(f"{BASE}/availability")[-1:] == ["offline"])
    answers = len(subscriber.on(DISCOVERY))
    assert 1 <= answers <= 3 + (time.monotonic() - began)


@pytest.mark.parametrize(("one", "other"), [("Кухня 2", "Спальня 2"), ("笑顔", "猫")])
def test_two_cameras_at_one_broker_stay_connected_and_are_two_devices(
    broker: Broker, subscriber: Subscriber, open_sink: OpenSink, wait_until: WaitUntil, one: str, other: str
) -> None:
    told: list[str] = []
    sinks = [open_sink(broker.url, name, tell=told.append) for name in (one, other)]
    wait_until(lambda: len({topic for topic, _, _ in subscriber.messages if topic.endswith("/config")}) == 2)
    for sink in sinks:
        sink.close()
    assert told == []
