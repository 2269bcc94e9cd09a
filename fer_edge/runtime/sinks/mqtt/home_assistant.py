"""Home Assistant's MQTT device discovery, by which a camera appears there by itself."""

from __future__ import annotations

from typing import Any

import fer_edge
from fer_edge.runtime.results import UNCERTAIN, EventKind
from fer_edge.runtime.sinks.mqtt.camera import MqttCamera

STATUS_TOPIC = "homeassistant/status"
"""Topic on which Home Assistant publishes `online` when it has started."""

NOBODY = "nobody"
"""Expression while no face is seen, as an enum sensor must have one of its options."""


def discovery_topic(camera: MqttCamera) -> str:
    """Return the topic of a camera's description; an empty retained message there removes the device."""
    return f"homeassistant/device/{_unique_id(camera)}/config"


def describe_camera(camera: MqttCamera, labels: tuple[str, ...]) -> dict[str, Any]:
    """Describe a camera with the expressions `labels` as a device with four entities, fed by `MqttSink`'s messages."""
    unique = _unique_id(camera)
    return {
        "dev": {"ids": [unique], "name": camera.name, "mf": "fer-edge", "mdl": "camera", "sw": fer_edge.__version__},
        "o": {"name": "fer-edge", "sw": fer_edge.__version__},
        "cmps": {
            key: {**component, "unique_id": f"{unique}_{key}"} for key, component in _components(camera, labels).items()
        },
        "availability_topic": camera.availability_topic,
        "state_topic": camera.state_topic,
    }


def _components(camera: MqttCamera, labels: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    return {
        "expression": {
            "p": "sensor",
            "name": "Expression",
            "icon": "mdi:emoticon-outline",
            "device_class": "enum",
            "options": list(dict.fromkeys((*labels, UNCERTAIN, NOBODY))),
            "value_template": "{{ value_json.expression }}",
        },
        "faces": {
            "p": "sensor",
            "name": "Faces",
            "icon": "mdi:account-multiple",
            "state_class": "measurement",
            "value_template": "{{ value_json.faces }}",
        },
        "presence": {
            "p": "binary_sensor",
            "name": "Presence",
            "device_class": "occupancy",
            "value_template": "{{ 'ON' if value_json.faces else 'OFF' }}",
        },
        "event": {
            "p": "event",
            "name": "Event",
            "icon": "mdi:face-recognition",
            "event_types": [kind.value for kind in EventKind],
            "state_topic": camera.event_topic,
        },
    }


def _unique_id(camera: MqttCamera) -> str:
    return f"fer_edge_{camera.camera_id}"
