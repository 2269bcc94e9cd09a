from __future__ import annotations

import re
import unicodedata

import pytest

from fer_edge.errors import InputError
from fer_edge.runtime.sinks.mqtt.camera import MqttCamera
from fer_edge.runtime.sinks.mqtt.home_assistant import discovery_topic

NAMES = (
    *("Кухня 2", "Спальня 2", "2", "笑顔", "猫", "😀", "+/#", "+#/", "\udcff"),
    *("Küche", "Kuche", "Kûche", "Front door", "Front_door", "Front  door", " Front door", "Front-door", "front door"),
    *("a/b", "a.b", "a b", "pi.local", "pi-local", "x" * 40, "x" * 41, "é" * 300),
)


@pytest.mark.parametrize("name", ["Front door", "raspberrypi", "pi-4", "Camera 2 left"])
def test_id_of_a_plain_name_has_underscores_for_blanks(name: str) -> None:
    camera, camera_id = MqttCamera.named(name, "home/faces"), name.replace(" ", "_")
    assert (camera.name, camera.camera_id) == (name, camera_id)
    assert camera.state_topic == f"home/faces/{camera_id}/state"
    assert camera.event_topic == f"home/faces/{camera_id}/event"
    assert camera.availability_topic == f"home/faces/{camera_id}/availability"


@pytest.mark.parametrize(
    ("name", "beginning"),
    [("Küche 1", "Kuche_1"), ("a/b+#c", "a_b_c"), ("pi-4.local", "pi-4_local"), ("Кухня 2", "2"), ("笑顔", "camera")],
)
def test_id_of_a_name_that_loses_characters_has_a_hash(name: str, beginning: str) -> None:
    assert re.fullmatch(f"{beginning}_[0-9a-f]{{8}}", MqttCamera.named(name, "fer-edge").camera_id)


def test_different_names_have_different_ids() -> None:
    cameras = [MqttCamera.named(name, "fer-edge") for name in NAMES]
    for ids in ([each.camera_id for each in cameras], [each.client_id for each in cameras]):
        assert len(set(ids)) == len(NAMES)
    assert len(set(map(discovery_topic, cameras))) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_ids_have_characters_and_lengths_that_every_broker_accepts(name: str) -> None:
    camera = MqttCamera.named(name, "fer-edge")
    assert re.fullmatch("[A-Za-z0-9_-]+", camera.camera_id)
    assert re.fullmatch("fer-edge-[A-Za-z0-9_-]{1,14}", camera.client_id)


def test_id_depends_on_neither_the_encoding_of_accents_nor_the_process() -> None:
    composed, decomposed = (unicodedata.normalize(form, "Küche") for form in ("NFC", "NFD"))
    assert MqttCamera.named(composed, "a").camera_id == MqttCamera.named(decomposed, "a").camera_id == "Kuche_a9ec872e"


@pytest.mark.parametrize("name", ["", "  ", "\t"])
def test_blank_name_is_rejected(name: str) -> None:
    with pytest.raises(InputError, match=r"camera name .*: expected a name, got only blanks"):
        MqttCamera.named(name, "fer-edge")
