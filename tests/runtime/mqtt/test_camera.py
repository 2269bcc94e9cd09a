from __future__ import annotations

import pytest

from fer_edge.errors import InputError
from fer_edge.runtime.mqtt_camera import MqttCamera


@pytest.mark.parametrize(
    ("name", "camera_id"),
    [("Front door", "Front_door"), ("Küche 1", "Kuche_1"), ("a/b+#c", "a_b_c"), ("pi-4.local", "pi-4_local")],
)
def test_a_name_becomes_topics(name: str, camera_id: str) -> None:
    camera = MqttCamera.named(name, "home/faces")
    assert (camera.name, camera.camera_id) == (name, camera_id)
    assert camera.state_topic == f"home/faces/{camera_id}/state"
    assert camera.event_topic == f"home/faces/{camera_id}/event"
    assert camera.availability_topic == f"home/faces/{camera_id}/availability"


@pytest.mark.parametrize("name", ["", "+/#", "日本"])
def test_a_name_without_letters(name: str) -> None:
    with pytest.raises(InputError, match=f"--name .*{name[-1:]}: expected at least one letter"):
        MqttCamera.named(name, "fer-edge")
