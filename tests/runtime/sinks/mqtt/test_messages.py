"""Messages that a broker gets: states, events and availability."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from fer_edge.runtime.results import Event, EventKind, FaceResult, FrameResult
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


def test_broker_gets_states_events_and_availability(
    broker: Broker,
    subscriber: Subscriber,
    subscribe: Callable[..., Subscriber],
    open_sink: OpenSink,
    make_face: MakeFace,
    make_result: MakeResult,
    wait_until: WaitUntil,
) -> None:
    sink = open_sink(broker.url, states_per_s=1000)
    frame, result = make_result(make_face("sad", 0.7, track_id=4), make_face("happy", track_id=2))
    appeared = Event(EventKind.APPEARED, 2, 1_700_000_000.5, "happy")
    changed = Event(EventKind.CHANGED, 4, 1_700_000_000.5, "sad", "happy")
    sink.write(frame, replace(result, events=(appeared, changed)))
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
    late = subscribe(broker, "late")
    wait_until(lambda: len(late.messages) >= 3)
    kept = {f"{BASE}/state", f"{BASE}/availability", DISCOVERY}
    assert {(topic, retained) for topic, _, retained in late.messages} == {(topic, True) for topic in kept}


def test_rate_of_states_is_limited(
    broker: Broker,
    subscriber: Subscriber,
    open_sink: OpenSink,
    make_face: MakeFace,
    make_result: MakeResult,
    wait_until: WaitUntil,
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
