"""How the address of an MQTT broker is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from fer_edge.errors import InputError
from fer_edge.names import without_password

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_PREFIX = "fer-edge"
_EXPECTED = (
    "mqtt://[USER:PASSWORD@]HOST[:PORT][/PREFIX] or mqtts://..., with %40 for @, %2F for / and so on in a password"
)


@dataclass(frozen=True)
class MqttAddress:
    """Where a broker is, and how to log in there. As text it is without the login."""

    host: str
    port: int
    prefix: str = _PREFIX
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @staticmethod
    def parse(text: str) -> MqttAddress:
        """Read an address such as `mqtt://user:password@192.168.1.5:1883/home`.

        Raises:
            InputError: If it is none; what may be a password is not repeated.
        """
        try:
            parts = urlsplit(text)
            host, port, prefix = parts.hostname, parts.port, parts.path.strip("/")
        except ValueError:  # its message may hold a piece of the password
            host, prefix = None, ""
        if not host or parts.scheme not in _PORTS or set("#?") & set(text) or set("@+") & set(prefix):
            raise InputError(f"--mqtt {without_password(text)}: expected {_EXPECTED}")
        user, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
        return MqttAddress(
            host, port or _PORTS[parts.scheme], prefix or _PREFIX, parts.scheme == "mqtts", user, password
        )

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"
