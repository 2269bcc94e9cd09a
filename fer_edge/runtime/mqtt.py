"""Results as MQTT messages: what a camera sees now, what happens, and whether it is there. Needs paho-mqtt."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from fer_edge.errors import FerEdgeError
from fer_edge.runtime.background import BackgroundQueue
from fer_edge.runtime.frames import Frame
from fer_edge.runtime.home_assistant import NOBODY, STATUS_TOPIC, describe_camera, discovery_topic
from fer_edge.runtime.mqtt_address import MqttAddress
from fer_edge.runtime.mqtt_camera import MqttCamera
from fer_edge.runtime.results import Event, FrameResult, iso_time

EVENTS_KEPT = 10_000
"""Events that wait for a broker: a few megabytes."""

_LONGEST_PACKET_BYTES = 1024
"""Longest packet that is taken from a broker, which sends acknowledgements and Home Assistant's "online" here; MQTT
allows 256 MB, and a broker may send 65,535 messages before it completes the first."""

_INTRODUCTION_PAUSE_S = 1.0
"""Least time between two answers to Home Assistant's start, as anyone at the broker can ask, and answers are larger."""
_KEEPALIVE_S = 30
_PAUSES_S = (1, 60)
_FIRST_ANSWER_TIMEOUT_S = 3.0
_ACKNOWLEDGEMENT_POLL_S = 1.0
_CLOSE_TIMEOUT_S = 5.0


class MqttSink:
    """Tells a broker what a camera sees, and Home Assistant through it; never waits for the network.

    Topics, below the address's prefix and the camera's id::

        state         what is seen, retained, when it changes: {"faces": 2, "expression": "happy", "seen": [{"id": 1,
                      "label": "happy"}, ...], "time": "..."}, the largest face first; without one the expression is
                      "nobody"
        event         what happens to a face, in order: {"event_type": "face_appeared", "id": 1, "label": "happy",
                      "time": "..."}, and "previous" for "expression_changed"
        availability  "online" or "offline", retained; "offline" comes from the broker if this process is gone

    Events wait while there is no broker, and each is sent when it is back; of the states only the newest is.
    """

    def __init__(
        self,
        address: MqttAddress,
        name: str,
        labels: tuple[str, ...],
        *,
        states_per_s: float = 2.0,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Connect; a broker that is not there is tried again and again, with growing pauses.

        Args:
            address: The broker's.
            name: The camera's, for people; its id is made of it. Each camera at a broker needs a name of its own.
            labels: The expressions in the order of the scores.
            states_per_s: How often the state is sent at most.
            tell: Is told, in a sentence, when the broker is not there and when it is back.

        Raises:
            InputError: If the name is empty or blank.
            FerEdgeError: If the broker refuses the login.
        """
        self._address = address
        self._tell = tell
        self._camera = MqttCamera.named(name, address.prefix)
        self._description = json.dumps(describe_camera(self._camera, labels))
        self._interval_s = 1 / states_per_s
        self._state: dict[str, Any] = {}
        self._state_message = ""
        self._state_time = float("-inf")
        self._introduction_due = float("-inf")
        self._answered = threading.Event()
        self._refusal = ""
        self._outage_told = False
        self._client = self._make_client()
        self._connect()
        self._events = BackgroundQueue(f"events for {address}", EVENTS_KEPT, self._deliver, self._leave, tell=tell)

    @property
    def dropped(self) -> int:
        """How many events were not delivered for want of room."""
        return self._events.dropped

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Queue the events, and send the state if it is another one and the last one was sent a while ago."""
        for event in result.events:
            self._events.put(json.dumps(_describe_event(event), ensure_ascii=False))
        state, now = _describe_state(result), time.monotonic()
        if state != self._state and now - self._state_time >= self._interval_s:
            self._state, self._state_time = state, now
            self._state_message = json.dumps({**state, "time": iso_time(result.time)}, ensure_ascii=False)
            self._send_state()

    def close(self) -> None:
        """Send the events that wait, for seconds at most and only to a broker that is there, and say good-bye."""
        self._events.close(_CLOSE_TIMEOUT_S if self._client.is_connected() else 0)

    def _make_client(self) -> Client:
        # With a fixed id a broker takes a restarted camera for the same, and does not call it offline late.
        client = _BoundedClient(CallbackAPIVersion.VERSION2, self._camera.client_id)
        client.username_pw_set(self._address.user, self._address.password)
        if self._address.tls:
            client.tls_set()
        client.will_set(self._camera.availability_topic, "offline", qos=1, retain=True)
        client.reconnect_delay_set(*_PAUSES_S)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _connect(self) -> None:
        """Wait for the first answer, as a refused login then is the user's mistake, and later on may be a restart."""
        self._client.connect_async(self._address.host, self._address.port, _KEEPALIVE_S)
        self._client.loop_start()
        if not self._answered.wait(_FIRST_ANSWER_TIMEOUT_S):
            self._tell_outage("no answer")
        if self._refusal:
            self._stop()
            raise FerEdgeError(f"{self._address} refuses the login ({self._refusal}); check the user and the password")

    def _deliver(self, message: str) -> None:
        """Send one event and wait until the broker has it: only so does the order survive a broken connection."""
        sent = self._client.publish(self._camera.event_topic, message, qos=1)
        sent.rc = MQTTErrorCode.MQTT_ERR_SUCCESS  # without a connection it is not, and the client sends it later on
        while not sent.is_published():
            if self._events.given_up:
                self._events.dropped += 1
                return
            sent.wait_for_publish(_ACKNOWLEDGEMENT_POLL_S)

    def _send_state(self) -> None:
        if self._state_message:
            self._client.publish(self._camera.state_topic, self._state_message, retain=True)

    def _introduce(self) -> None:
        self._client.publish(discovery_topic(self._camera), self._description, retain=True)
        self._client.publish(self._camera.availability_topic, "online", retain=True)
        self._send_state()

    def _leave(self) -> None:
        self._client.publish(self._camera.availability_topic, "offline", retain=True)
        self._stop()

    def _stop(self) -> None:
        """In a thread, as the client waits for a broker that hangs."""
        self._client.disconnect()
        stopping = threading.Thread(target=self._client.loop_stop, name=f"end of {self._address}", daemon=True)
        stopping.start()
        stopping.join(_ACKNOWLEDGEMENT_POLL_S)

    def _on_connect(
        self, client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._refusal = str(reason)
            self._tell_outage(self._refusal)
        else:
            if self._outage_told:
                self._outage_told = False
                self._tell(f"{self._address} is there")
            client.subscribe(STATUS_TOPIC)
            self._introduce()
        self._answered.set()

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        self._tell_outage(str(sys.exc_info()[1] or "no answer"))  # called where the error is being handled
        self._answered.set()

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._tell_outage("the connection broke")

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        now = time.monotonic()
        if message.payload == b"online" and now >= self._introduction_due:  # Home Assistant has started, knows nothing
            self._introduction_due = now + _INTRODUCTION_PAUSE_S
            self._introduce()

    def _tell_outage(self, reason: str) -> None:
        if not self._outage_told:
            self._outage_told = True
            self._tell(f"{self._address}: {reason}; events wait until it answers")


class _BoundedClient(Client):
    """A client that breaks the connection at a packet that is longer than `_LONGEST_PACKET_BYTES`."""

    def _sock_recv(self, bufsize: int) -> bytes:
        """Receive the rest of a packet, or a byte of its header; paho's own asks for as much as the header says."""
        if bufsize > _LONGEST_PACKET_BYTES:
            raise ConnectionAbortedError(f"a packet of {bufsize} bytes")
        return super()._sock_recv(bufsize)


def _describe_state(result: FrameResult) -> dict[str, Any]:
    return {
        "faces": len(result.faces),
        "expression": result.faces[0].label if result.faces else NOBODY,
        "seen": [{"id": face.track_id, "label": face.label} for face in result.faces],
    }


def _describe_event(event: Event) -> dict[str, Any]:
    facts: dict[str, Any] = {"event_type": event.kind.value, "id": event.track_id, "label": event.label}
    if event.previous is not None:
        facts["previous"] = event.previous
    return {**facts, "time": iso_time(event.time)}
