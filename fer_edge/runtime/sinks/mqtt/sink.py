"""Results as MQTT messages: state, events and availability of a camera. Needs paho-mqtt."""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from fer_edge.errors import FerEdgeError
from fer_edge.notes import OnNote, ignore_note
from fer_edge.runtime.results import FrameResult, iso_time
from fer_edge.runtime.sinks.background import BackgroundQueue
from fer_edge.runtime.sinks.json_form import event_json, track_json
from fer_edge.runtime.sinks.mqtt.address import MqttAddress
from fer_edge.runtime.sinks.mqtt.camera import MqttCamera
from fer_edge.runtime.sinks.mqtt.home_assistant import NOBODY, STATUS_TOPIC, describe_camera, discovery_topic
from fer_edge.runtime.sources.source import Frame

EVENTS_KEPT = 10_000
"""Most events that wait for a broker, a few megabytes."""

_LONGEST_PACKET_BYTES = 1024
"""Longest packet that is taken from a broker, which sends acknowledgements and Home Assistant's "online" here; MQTT
allows 256 MB, and a broker may send 65,535 messages before it completes the first."""

_INTRODUCTION_PAUSE_S = 1.0
"""Least time between two introductions, as any client can request them, and they are larger than the request."""
_KEEPALIVE_S = 30
_PAUSES_S = (1, 60)
_FIRST_ANSWER_TIMEOUT_S = 3.0
_ACKNOWLEDGEMENT_POLL_S = 1.0
_CLOSE_TIMEOUT_S = 5.0


class MqttSink:
    """Publishes what a camera sees to a broker, for Home Assistant among others; never waits for the network.

    Topics, below the address's prefix and the camera's id::

        state         the faces seen, retained, when they change: {"faces": 2, "expression": "happy", "seen": [{"id": 1,
                      "label": "happy"}, ...], "time": "..."}, the largest face first; without a face the expression
                      is "nobody"
        event         what happens to faces, in order: {"event_type": "face_appeared", "id": 1, "label": "happy",
                      "time": "..."}, and "previous" for "expression_changed"
        availability  "online" or "offline", retained; the broker publishes "offline" if this process is killed

    While the broker is away events wait, and all are sent when it is back; of the states only the newest.
    """

    def __init__(
        self,
        address: MqttAddress,
        name: str,
        labels: tuple[str, ...],
        *,
        states_per_s: float = 2.0,
        on_note: OnNote = ignore_note,
    ) -> None:
        """Connect; a broker that does not answer is tried again, with growing pauses.

        Args:
            address: The broker's address.
            name: The camera's name, from which its id is derived; each camera at a broker needs its own.
            labels: Expressions in the order of the scores.
            states_per_s: Most states sent per second.
            on_note: Takes a note when the broker does not answer, and when it is back.

        Raises:
            InputError: If the name is blank.
            FerEdgeError: If the broker rejects the login.
        """
        self._address = address
        self._on_note = on_note
        self._camera = MqttCamera.named(name, address.prefix)
        self._description = json.dumps(describe_camera(self._camera, labels))
        self._interval_s = 1 / states_per_s
        self._state: dict[str, Any] = {}
        self._state_message = ""
        self._state_time = float("-inf")
        self._introduction_due = float("-inf")
        self._answered = threading.Event()
        self._rejection = ""
        self._outage_noted = False
        self._client = self._make_client()
        self._connect()
        self._events = BackgroundQueue(
            f"events for {address}", EVENTS_KEPT, self._deliver, self._leave, on_note=on_note
        )

    @property
    def dropped(self) -> int:
        """Number of events that were not delivered."""
        return self._events.dropped

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Queue the events, and send the state if it has changed and the last one is not too recent."""
        for event in result.events:
            message = {**event_json(event, "event_type"), "time": iso_time(event.time)}
            self._events.put(json.dumps(message, ensure_ascii=False))
        state, now = _state_json(result), time.monotonic()
        if state != self._state and now - self._state_time >= self._interval_s:
            self._state, self._state_time = state, now
            self._state_message = json.dumps({**state, "time": iso_time(result.time)}, ensure_ascii=False)
            self._send_state()

    def close(self) -> None:
        """Send the events that wait, for a few seconds and only if the broker is connected, and disconnect."""
        self._events.close(_CLOSE_TIMEOUT_S if self._client.is_connected() else 0)

    def _make_client(self) -> Client:
        # With a fixed id a broker recognizes a restarted camera, and does not publish its "offline" late.
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
        """Connect and wait for the first answer: a login rejected now is the user's mistake, later maybe a restart."""
        self._client.connect_async(self._address.host, self._address.port, _KEEPALIVE_S)
        self._client.loop_start()
        if not self._answered.wait(_FIRST_ANSWER_TIMEOUT_S):
            self._note_outage("no answer")
        if self._rejection:
            self._stop()
            raise FerEdgeError(f"{self._address} rejects the login ({self._rejection}); check the user and password")

    def _deliver(self, message: str) -> None:
        """Send one event and wait until the broker has it, so that a broken connection keeps the order."""
        sent = self._client.publish(self._camera.event_topic, message, qos=1)
        sent.rc = MQTTErrorCode.MQTT_ERR_SUCCESS  # an error without a connection, though the client sends it later
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
        """Disconnect in a thread, as the client waits for a broker that hangs."""
        self._client.disconnect()
        stopping = threading.Thread(target=self._client.loop_stop, name=f"end of {self._address}", daemon=True)
        stopping.start()
        stopping.join(_ACKNOWLEDGEMENT_POLL_S)

    def _on_connect(
        self, client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._rejection = str(reason)
            self._note_outage(self._rejection)
        else:
            if self._outage_noted:
                self._outage_noted = False
                self._on_note(f"{self._address} is connected")
            client.subscribe(STATUS_TOPIC)
            self._introduce()
        self._answered.set()

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        self._note_outage(str(sys.exc_info()[1] or "no answer"))  # called where the error is being handled
        self._answered.set()

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._note_outage("the connection broke")

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        now = time.monotonic()
        if message.payload == b"online" and now >= self._introduction_due:  # Home Assistant has just started
            self._introduction_due = now + _INTRODUCTION_PAUSE_S
            self._introduce()

    def _note_outage(self, reason: str) -> None:
        if not self._outage_noted:
            self._outage_noted = True
            self._on_note(f"{self._address}: {reason}; events wait until it answers")


class _BoundedClient(Client):
    """A client that breaks the connection at a packet that is longer than `_LONGEST_PACKET_BYTES`."""

    def _sock_recv(self, bufsize: int) -> bytes:
        """Receive the rest of a packet, or a byte of its header; paho's own asks for as much as the header says."""
        if bufsize > _LONGEST_PACKET_BYTES:
            raise ConnectionAbortedError(f"a packet of {bufsize} bytes")
        return super()._sock_recv(bufsize)


def _state_json(result: FrameResult) -> dict[str, Any]:
    return {
        "faces": len(result.faces),
        "expression": result.faces[0].label if result.faces else NOBODY,
        "seen": [track_json(face) for face in result.faces],
    }
