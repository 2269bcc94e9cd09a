"""Address of an MQTT broker."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from fer_edge.errors import InputError
from fer_edge.names import is_utf8, without_password

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_PREFIX = "fer-edge"
_LONGEST_PREFIX = 1000
"""Characters; a topic has at most 65,535 bytes (MQTT 3.1.1, section 1.5.3)."""
_EXPECTED = (
    "mqtt://[USER:PASSWORD@]HOST[:PORT][/PREFIX] or mqtts://..., with %40 for @, %2F for / and so on in a password"
)


@dataclass(frozen=True)
class MqttAddress:
    """Host, port, topic prefix and login of a broker; as text it is without the login."""

    host: str
    port: int
    prefix: str = _PREFIX
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @staticmethod
    def parse(text: str) -> MqttAddress:
        """Parse an address such as `mqtt://user:password@192.168.1.5:1883/home`.

        Raises:
            InputError: If it is malformed; the message repeats nothing that may be a password.
        """
        try:
            parts = urlsplit(text)
            host, port, prefix = parts.hostname, parts.port, parts.path.strip("/")
            (host or "").encode("idna")
        except ValueError:  # whose message may hold a part of the password
            host, prefix = None, ""
        is_usual = is_utf8(text) and len(prefix) <= _LONGEST_PREFIX
        if not host or not is_usual or parts.scheme not in _PORTS or set("#?") & set(text) or set("@+") & set(prefix):
            raise InputError(f"MQTT address {without_password(text)}: expected {_EXPECTED}")
        user, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
        return MqttAddress(
            host, port or _PORTS[parts.scheme], prefix or _PREFIX, parts.scheme == "mqtts", user, password
        )

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"
