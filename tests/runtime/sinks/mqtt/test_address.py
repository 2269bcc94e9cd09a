from __future__ import annotations

import pytest

from fer_edge.errors import InputError
from fer_edge.runtime.sinks.mqtt.address import MqttAddress


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
def test_address_is_parsed(text: str, expected: MqttAddress) -> None:
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
        f"mqtt://me:secret@{'a' * 300}.org",
        "mqtt://me:secret@a..org",
        f"mqtt://me:secret@host/{'a' * 70_000}",
        "mqtt://me:secret@host/\udcff",
        "mqtt://me:\udcffsecret@host",
    ],
)
def test_malformed_address_is_rejected_without_repeating_the_password(text: str) -> None:
    with pytest.raises(InputError, match="expected mqtt://") as caught:
        MqttAddress.parse(text)
    assert "ret@" not in str(caught.value)
    assert "sec" not in str(caught.value).replace("mqtts", "")


def test_str_and_repr_hide_the_password() -> None:
    address = MqttAddress.parse("mqtt://me:secret@host")
    assert "secret" not in f"{address} {address!r}"
    assert str(address) == "mqtt://host:1883"
