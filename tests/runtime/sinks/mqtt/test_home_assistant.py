"""Home Assistant discovery, as a broker gets it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("paho.mqtt", "2.0", reason="MQTT needs paho-mqtt")

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import FaceResult, FrameResult
from fer_edge.runtime.sinks.mqtt import sink as sink_module
from fer_edge.runtime.sinks.mqtt.address import MqttAddress
from fer_edge.runtime.sources.source import Frame

if TYPE_CHECKING:
    from fer_edge.runtime.sinks.mqtt.sink import MqttSink
    from tests.runtime.sinks.mqtt.conftest import Broker, Subscriber

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


def test_home_assistant_discovers_the_camera(
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


def test_any_class_name_is_an_option(
    broker: Broker, subscriber: Subscriber, make_face: MakeFace, make_result: MakeResult, wait_until: WaitUntil
) -> None:
    labels = ("a/b +#$", "Müde 😴", 'so "so" {{ x }}')
    with closing(sink_module.MqttSink(MqttAddress.parse(broker.url), "Front door", labels)) as sink:
        sink.write(*make_result(replace(make_face(), label=labels[0])))
        wait_until(lambda: subscriber.on(f"{BASE}/state"))
    (found,) = subscriber.on(DISCOVERY)
    assert found["cmps"]["expression"]["options"] == [*labels, "uncertain", "nobody"]
    assert subscriber.on(f"{BASE}/state")[0]["expression"] == labels[0]
    assert all(topic.startswith((f"{BASE}/", DISCOVERY)) for topic, _, _ in subscriber.messages)


@pytest.mark.parametrize(("pause_s", "answers"), [(3600, 1), (0, 100)])
def test_flood_of_requests_is_answered_once_per_pause(
    broker: Broker,
    subscriber: Subscriber,
    open_sink: OpenSink,
    wait_until: WaitUntil,
    monkeypatch: pytest.MonkeyPatch,
    pause_s: float,
    answers: int,
) -> None:
    monkeypatch.setattr(sink_module, "_INTRODUCTION_PAUSE_S", pause_s)
    handled: list[None] = []
    with closing(open_sink(broker.url, "Front door")) as sink:
        on_message = sink._on_message
        sink._client.on_message = lambda *message: handled.append(on_message(*message))
        wait_until(lambda: len(subscriber.on(DISCOVERY)) == 1)  # so that the sink's subscription has reached the broker
        for _ in range(100):
            subscriber.client.publish("homeassistant/status", "online")
        wait_until(lambda: len(handled) == 100)
    wait_until(lambda: subscriber.on(f"{BASE}/availability")[-1:] == ["offline"])  # which is sent after all answers
    assert len(subscriber.on(DISCOVERY)) == 1 + answers


@pytest.mark.parametrize(("one", "other"), [("Кухня 2", "Спальня 2"), ("笑顔", "猫")])
def test_two_cameras_at_one_broker_stay_connected_and_are_two_devices(
    broker: Broker, subscriber: Subscriber, open_sink: OpenSink, wait_until: WaitUntil, one: str, other: str
) -> None:
    notes: list[str] = []
    sinks = [open_sink(broker.url, name, on_note=notes.append) for name in (one, other)]
    wait_until(lambda: len({topic for topic, _, _ in subscriber.messages if topic.endswith("/config")}) == 2)
    for sink in sinks:
        sink.close()
    assert notes == []
